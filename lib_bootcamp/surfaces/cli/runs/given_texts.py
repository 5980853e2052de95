"""Texts in files that the command line names: batches of JSON lines, and parameters from a JSON file or a map."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lib_bootcamp.core.files.regular import MAX_TEXT_BYTES, read_regular
from lib_bootcamp.core.images.codec import read_file, read_png_text
from lib_bootcamp.errors import InvalidParamError, TooLargeError
from lib_bootcamp.operation import CHUNK
from lib_bootcamp.params import Param
from lib_bootcamp.surfaces.shared.given_pictures import picture_of


def _from_input() -> str:
    text = sys.stdin.read(MAX_TEXT_BYTES + 1)
    if len(text) > MAX_TEXT_BYTES:
        raise TooLargeError(f"standard input has more than {MAX_TEXT_BYTES // 2**20} MiB.")
    return text


def batch_rows(name: str) -> Iterator[dict[str, Any]]:
    """The objects of a file of JSON lines; `-` is standard input.

    Raises:
        InvalidParamError: it cannot be read, is too long, or holds something else.
    """
    try:
        text = _from_input() if name == "-" else read_regular(Path(name), MAX_TEXT_BYTES).decode("utf-8-sig")
    except OSError as error:
        raise InvalidParamError("--batch", f"cannot be read: {error.strerror or error}") from None
    except ValueError as error:
        raise InvalidParamError("--batch", f"cannot be read: {str(error).rstrip('.')}") from None
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        row = None
        with contextlib.suppress(ValueError, RecursionError):
            row = json.loads(line)
        if not isinstance(row, dict):
            raise InvalidParamError("--batch", f"line {number} is not a JSON object")
        yield row


def value_of(param: Param, text: str) -> Any:
    """The raw value that a text on the command line is: a picture's or file's name, `@FILE`, or the value itself.

    Raises:
        BootcampError: a file cannot be read, or the text is none of the parameter.
    """
    if param.kind == "image":
        return picture_of(param, Path(text))
    if param.kind == "file":
        return read_file(Path(text))
    if param.kind in {"list", "object", "mapping"} and text.startswith("@"):
        return from_file(param, Path(text[1:]))
    return param.parse_text(text)


def from_file(param: Param, path: Path) -> Any:
    """Read a list or object from a JSON file, or from the parameters that a map's PNG file holds."""
    try:
        if path.suffix.lower() == ".png":
            text = read_png_text(path).get(CHUNK, "")
        else:
            text = read_regular(path, MAX_TEXT_BYTES).decode("utf-8-sig")
        data = json.loads(text)
    except (OSError, ValueError, RecursionError):
        raise InvalidParamError(
            param.name, f"cannot be read from {path}", hint="give a JSON file or a map made here"
        ) from None
    for holder in (data.get("result"), data) if isinstance(data, dict) else ():
        if isinstance(holder, dict) and param.name in holder:
            return holder[param.name]
    return data
