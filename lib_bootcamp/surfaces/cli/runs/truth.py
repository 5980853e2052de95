"""Folders whose names are the true labels of the pictures in them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from lib_bootcamp.core.files.sorting import folder_names
from lib_bootcamp.core.text.zero_shot import confusion
from lib_bootcamp.errors import InvalidParamError
from lib_bootcamp.results import FileResult

_ARTICLE = re.compile(r"^(a|an|the) ")


class Truth:
    """The true labels of pictures.

    Args:
        paths: the pictures.
        all_labels: those that there are.
    Raises:
        InvalidParamError: no folder is named as a label.
    """

    def __init__(self, paths: Iterable[Path], all_labels: Sequence[str]) -> None:
        self._all = all_labels
        known = {_key(folder): label for label, folder in folder_names(all_labels).items()}
        known |= {_key(label): label for label in all_labels}
        named = ((path, _key(path.resolve().parent.name)) for path in paths)
        self.labels = {path: known[name] for path, name in named if name in known}
        if not self.labels:
            raise InvalidParamError("--truth", "folders needs folders that are named as labels, and none is")

    def lines(self, results: Sequence[tuple[Path, FileResult]]) -> list[str]:
        """How often the answers are true, and which label is taken for which."""
        known = [(self.labels[path], result.answer()) for path, result in results if path in self.labels]
        held = confusion(self._all, [truth for truth, _ in known], [answer for _, answer in known])
        aside = len(results) - len(known)
        one, many = "1 picture is in a folder of another name.", f"{aside} pictures are in folders of other names."
        return ["", *held.lines(), *([one if aside == 1 else many] if aside else [])]


def labels_of_folders(paths: Iterable[Path]) -> list[str]:
    """The names of the pictures' folders, as labels."""
    return sorted({_spaced(path.resolve().parent.name) for path in paths})


def _spaced(name: str) -> str:
    return " ".join(re.split(r"[\s_-]+", name.strip("_- "))) or name


def _key(name: str) -> str:
    """What folders and labels are compared by: `Red_circle` is `a red circle`."""
    return _ARTICLE.sub("", _spaced(name).casefold())
