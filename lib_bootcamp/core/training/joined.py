"""Several folders as one training: each keeps its place, its name and its weight."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path

from lib_bootcamp.core.text.valid_text import valid_text
from lib_bootcamp.errors import InvalidParamError

from .examples import Example, Folder, Found


def joined(parts: Sequence[Found], folders: Sequence[Folder]) -> Found:
    """The examples of several folders as those of one training.

    Args:
        parts: of each folder.
        folders: of each part, as the training knows it.
    """
    examples: list[Example] = []
    left_out: dict[Path, str] = {}
    for at, part in enumerate(parts):
        examples += [dataclasses.replace(each, folder=at) for each in part.examples]
        left_out |= part.left_out
    return Found(folders=tuple(folders), examples=tuple(examples), left_out=left_out)


def names_of(roots: Sequence[Path]) -> list[str]:
    """What stands before the paths of each folder's pictures: its own name, with a number where others have it too.

    Of a single folder it is empty.
    """
    if len(roots) < 2:
        return [""] * len(roots)
    names: list[str] = []
    for root in roots:
        name = valid_text(root.absolute().name) or "folder"
        number = next(n for n in range(1, len(roots) + 1) if _numbered(name, n) not in names)
        names.append(_numbered(name, number))
    return names


def _numbered(name: str, number: int) -> str:
    return name if number == 1 else f"{name} ({number})"


def refuse_overlap(folders: Mapping[str, Path]) -> None:
    """Refuse folders of which one lies in another: its pictures would be learned in both.

    Args:
        folders: by the parameter that names each; links are followed.
    Raises:
        InvalidParamError: one does, or two are the same.
    """
    real = {name: Path(os.path.realpath(path)) for name, path in folders.items()}
    for (first, one), (second, other) in combinations(real.items(), 2):
        if one == other:
            raise InvalidParamError(second, f"is the folder of {first} too", hint="name each folder once")
        if one.is_relative_to(other) or other.is_relative_to(one):
            inner, outer = (first, second) if one.is_relative_to(other) else (second, first)
            raise InvalidParamError(
                inner, f"lies in {outer}, and its pictures would be in both", hint="name folders that lie apart"
            )


def in_several(found: Found) -> list[Example]:
    """The pictures that lie in more than one of the folders: of each the first example."""
    seen: dict[str, Example] = {}
    twice: dict[str, Example] = {}
    for each in found.examples:
        first = seen.setdefault(each.identity, each)
        both_of_class = found.folder_of(first).is_class and found.folder_of(each).is_class
        if first.folder != each.folder and not both_of_class:
            twice.setdefault(each.identity, first)
    return list(twice.values())
