"""The pictures that a training began with, kept beside its state: it goes on with these, whatever comes.

Each step chooses its pictures by their places in the list, so that one more or one less would make it another training.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from lib_bootcamp.core.datasets.buckets import Placed
from lib_bootcamp.core.datasets.pictures import identity_of, read_picture
from lib_bootcamp.core.images.arrays import Image, to_rgb
from lib_bootcamp.core.images.codec import decode_image
from lib_bootcamp.core.text.valid_text import valid_text
from lib_bootcamp.errors import ImageError, TooLargeError

from .examples import Example, Folder, Found

_VERSION = 1
_NAMED = 3
"""Pictures that a sentence names; of the others it gives the number."""


def to_bytes(found: Found) -> bytes:
    """The list as JSON; paths are below their folders."""
    kept = [
        {**dataclasses.asdict(each), "path": each.path.relative_to(found.folder_of(each).root).as_posix()}
        for each in found.examples
    ]
    return json.dumps({"version": _VERSION, "examples": kept}).encode()


def from_bytes(data: bytes, folders: Sequence[Folder]) -> Found | None:
    """What `to_bytes` wrote; None where it is nothing of the kind.

    Args:
        data: of the file.
        folders: of the pictures, as they were when it was written.
    """
    try:
        held = json.loads(data)
        if held["version"] != _VERSION:
            return None
        examples = tuple(_example(each, folders) for each in held["examples"])
    except (ValueError, KeyError, TypeError, IndexError, RecursionError):
        return None
    return Found(folders=tuple(folders), examples=examples, left_out={}) if examples else None


def _example(kept: dict[str, Any], folders: Sequence[Folder]) -> Example:
    placed = kept.pop("placed")
    sizes = {name: tuple(placed.pop(name)) for name in ("bucket", "scaled")}
    root = folders[kept.get("folder", 0)].root
    return Example(**{**kept, "path": root / kept["path"], "placed": Placed(**{**placed, **sizes})})


def refuse_changed(kept: Found, now: Found | None) -> None:
    """Find out whether the pictures are there still, and the same.

    Args:
        kept: what it began with.
        now: what the folder holds; None: nothing that can be learned from.
    Raises:
        ImageError: one is not; the sentence names it.
    """
    here = {_key(each): each.identity for each in (now.examples if now else ())}
    gone = [each for each in kept.examples if _key(each) not in here]
    if gone:
        why = now.left_out.get(gone[0].path, "") if now else ""
        what = f"which cannot be learned from any more: {why}" if why else "which is not there any more"
        what = what if len(gone) == 1 or why else "which are not there any more"
        raise ImageError(
            f"The training began with {_names(gone, kept)}, {valid_text(what)}",
            hint=f"put {_them(gone)} back and resume",
        )
    other = [each for each in kept.examples if here[_key(each)] != each.identity]
    if other:
        were = "was another picture" if len(other) == 1 else "were other pictures"
        raise ImageError(
            f"{_names(other, kept)} {were} when the training began", hint=f"put {_them(other)} back and resume"
        )


def changes(kept: Found, now: Found) -> list[str]:
    """A sentence about each kind of change of the folders that the training does not follow; as `refuse_changed`."""
    began = {_key(each): each.caption for each in kept.examples}
    added = [each for each in now.examples if _key(each) not in began]
    reworded = [each for each in now.examples if began.get(_key(each), each.caption) != each.caption]
    made = []
    if added:
        verb = "was" if len(added) == 1 else "were"
        made.append(f"{_names(added, now)} {verb} added since the training began: not learned from.")
    if reworded:
        what = "has another caption" if len(reworded) == 1 else "have other captions"
        made.append(f"{_names(reworded, now)} {what} since the training began: it goes on with those of then.")
    return made


def _key(example: Example) -> tuple[int, Path]:
    return example.folder, example.path


def picture_of(example: Example, found: Found) -> Image:
    """The picture of an example, uint8 [H, W, 3] RGB; its latents are kept by what it was when the training began.

    Args:
        example: one of those it began with.
        found: all of them.
    Raises:
        ImageError, TooLargeError: it cannot be read, or is another picture by now; the sentence names it.
    """
    try:
        data = read_picture(example.path, found.folder_of(example).inside)
        _refuse_other(data, example)
        return to_rgb(decode_image(data))
    except (ImageError, TooLargeError) as error:
        sentence = f"{_names([example], found)} cannot be learned from any more: {error.message}"
        raise type(error)(sentence, hint=error.hint or "put it back and resume") from None


def _refuse_other(data: bytes, example: Example) -> None:
    if identity_of(data) != example.identity:
        raise ImageError("It is another picture than when the training began.")


def _names(examples: Iterable[Example], found: Found) -> str:
    names = [valid_text(found.name_of(each)) for each in examples]
    more = len(names) - _NAMED
    if more > 0:
        return f"{', '.join(names[:_NAMED])} and {more:,} more"
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _them(examples: list[Example]) -> str:
    return "it" if len(examples) == 1 else "them"
