"""The files of one result."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lib_bootcamp.core.files.folders import is_there
from lib_bootcamp.core.images.codec import encode_image
from lib_bootcamp.errors import OutputError
from lib_bootcamp.operation import Operation
from lib_bootcamp.params import Params
from lib_bootcamp.results import Result

from .items import ANOTHER, Item


def write_files(
    item: Item, operation: Operation[Any, Any], params: Params, result: Result, inputs: Sequence[Path]
) -> dict[str, str]:
    """Write a result's files and pictures; returns their paths by field, the first one's by `out`.

    Args:
        item: where they go; nothing is written where it says none.
        operation: what made the result.
        params: of what.
        result: it.
        inputs: files that it was made from, which are not written over.
    Raises:
        OutputError: one cannot be written.
    """
    written: dict[str, str] = {}
    if item.out is None:
        return written
    for name, data in result.files().items():
        path = _checked(item.out if item.is_named else item.out.with_suffix(result.suffix()), result.suffix(), inputs)
        item.write(path, data)
        written["out" if not written else name] = str(path)
    pictures = result.pictures()
    text = operation.made_text(params, result) if pictures else {}
    for index, (name, picture) in enumerate(pictures.items()):
        path = item.out if not index else item.out.with_name(f"{item.out.stem}-{name.replace('_', '-')}.png")
        item.write(path, encode_image(picture, path.suffix, text))
        written["out" if not index else name] = str(path)
    return written


def _checked(out: Path, suffix: str, inputs: Sequence[Path]) -> Path:
    """Where a result's file goes: never over a file it was made from, nor under another format's ending."""
    same = {".jpeg": ".jpg", ".jfif": ".jpg"}.get(out.suffix.lower(), out.suffix.lower())
    if same != suffix:
        raise OutputError(f"--out {out} must end in {suffix}, as the file it is made from.")
    if is_there(out) and any(out.samefile(each) for each in inputs):
        raise OutputError(f"--out {out} is the input itself", hint=ANOTHER)
    return out
