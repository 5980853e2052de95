"""What a training writes beside its file, and how its samples are known again: they are nothing to learn from."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from lib_bootcamp.core.datasets.pictures import read_picture
from lib_bootcamp.core.files.folders import is_file
from lib_bootcamp.core.files.inside import Inside
from lib_bootcamp.core.images.codec import open_image
from lib_bootcamp.core.networks.file_names import ENDING
from lib_bootcamp.errors import ImageError, TooLargeError

MARK = "bootcamp.sample"
"""The text chunk of a sample's PNG file; in it stands the training's name."""
_FOLDER = "-samples"
_AFTER = re.compile(r"(.+)-([0-9]{6,7})")
_FILE = re.compile(r"[0-9]{6,7}-[0-9]{1,2}\.png")


def samples_of(name: str) -> str:
    """The folder of a training's samples, beside its file."""
    return f"{name}{_FOLDER}"


def sample_file(step: int, number: int) -> str:
    """A sample in it.

    Args:
        step: after which it was drawn.
        number: of its prompt, from 1.
    """
    return f"{step:06}-{number}.png"


def file_after(name: str, step: int) -> str:
    """A training's file after a step that is not its last."""
    return f"{name}-{step:06}{ENDING}"


def is_file_of(name: str, file: str) -> bool:
    """Whether a file is called as a training's of this name, after its last step or another."""
    stem, dot, ending = file.rpartition(".")
    kept = _AFTER.fullmatch(stem)
    return f"{dot}{ending}" == ENDING and (stem == name or (kept is not None and kept[1] == name))


def step_of_file(file: str) -> int:
    """The step in the name of a file of `file_after`; 0 where there is none."""
    kept = _AFTER.fullmatch(file.removesuffix(ENDING))
    return int(kept[2]) if kept else 0


def sample_with(file: Path, inside: Inside) -> Path | None:
    """The newest sample, of the first prompt, that was drawn with a training's file or before it; None: there is none.

    Args:
        file: the training's own, or one of `file_after`.
        inside: the folder that it has to lie in.
    """
    kept = _AFTER.fullmatch(file.stem)
    for name, last in ([(kept[1], int(kept[2]))] if kept else []) + [(file.stem, None)]:
        folder = file.with_name(samples_of(name))
        firsts = [each for each in inside.names(folder) if _FILE.fullmatch(each) and each.endswith("-1.png")]
        steps = {int(each.partition("-")[0]): each for each in firsts}
        known = [step for step in steps if last is None or step <= last]
        if known:
            return folder / steps[max(known)]
    return None


def samples_with(file: Path, inside: Inside) -> list[tuple[int, Path]]:
    """As `sample_with`, of every prompt: the number of each, from 1, and its sample of that step."""
    first = sample_with(file, inside)
    if first is None:
        return []
    step = first.name.partition("-")[0]
    names = [each for each in inside.names(first.parent) if _FILE.fullmatch(each) and each.startswith(f"{step}-")]
    return sorted((int(each.partition("-")[2].removesuffix(".png")), first.with_name(each)) for each in names)


def samples_among(pictures: Iterable[Path], own: Path | None = None, inside: Inside | None = None) -> set[Path]:
    """The pictures that a training drew as samples.

    They are called as samples are, in a folder that is called so, and besides that folder is the training's own, or
    its LoRA lies beside it, or the picture has the mark. A person's own pictures are none, whatever they are called.

    Args:
        pictures: of a data set.
        own: the folder of this training's samples.
        inside: the folder that files have to lie in when they are read.
    """
    folders: dict[Path, bool] = {}
    own = None if own is None else own.resolve()
    found = set()
    for path in pictures:
        folder = path.parent
        if not (folder.name.endswith(_FOLDER) and _FILE.fullmatch(path.name)):
            continue
        if folder not in folders:
            folders[folder] = folder.resolve() == own or _has_lora(folder)
        if folders[folder] or _is_marked(path, inside):
            found.add(path)
    return found


def _has_lora(folder: Path) -> bool:
    return is_file(folder.with_name(folder.name.removesuffix(_FOLDER) + ENDING))


def _is_marked(path: Path, inside: Inside | None) -> bool:
    try:
        return MARK in open_image(read_picture(path, inside)).info
    except (ImageError, TooLargeError):
        return False
