"""Files of settings in TOML 1.0: read within bounds, and written as flat as the settings are.

They are written by a few lines of our own: the standard library has a reader alone, and a WebUI has no writer.
"""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lib_bootcamp.errors import BootcampError, InvalidParamError, MissingPackageError, TooLargeError

from .regular import read_regular

MOST_BYTES = 256 * 1024
MOST_DOTS = 100
"""In a line: the reader's time grows with the square of the parts of a dotted key."""


def read_toml(path: Path, name: str) -> dict[str, Any]:
    """A file's tables and values.

    Args:
        path: the file.
        name: the parameter that names it.
    Raises:
        BootcampError: it cannot be read, or is no regular file.
        InvalidParamError: it is too large, or no TOML; the sentence says which.
        MissingPackageError: Python is older than 3.11 and tomli is not installed.
    """
    try:
        text = read_regular(path, MOST_BYTES).decode("utf-8-sig")
    except TooLargeError:
        raise InvalidParamError(name, f"has more than {MOST_BYTES // 1024} KiB") from None
    except OSError as error:
        raise BootcampError(f"{name} cannot be read: {error.strerror or error}.") from None
    except UnicodeDecodeError:
        raise InvalidParamError(name, "is no text in UTF-8") from None
    return parse_toml(text, name)


def parse_toml(text: str, name: str) -> dict[str, Any]:
    """As `read_toml`, of a text."""
    if any(line.count(".") > MOST_DOTS for line in text.splitlines()):
        raise InvalidParamError(name, f"has a line with more than {MOST_DOTS} dots")
    loads = _reader()
    try:
        found: dict[str, Any] = loads(text)
    except RecursionError:
        raise InvalidParamError(name, "is nested too deeply") from None
    except ValueError as error:
        if type(error) is ValueError:  # not TOMLDecodeError: Python's bound for integers
            raise InvalidParamError(name, "has a number of too many digits") from None
        raise InvalidParamError(name, f"is no TOML: {str(error)[:200]}") from None
    return found


def _reader() -> Any:
    """The standard library's reader; with Python 3.10 its original."""
    for name in ("tomllib", "tomli"):
        with contextlib.suppress(ImportError):
            return importlib.import_module(name).loads
    raise MissingPackageError("tomli", "Reading TOML with Python 3.10")


def to_toml(values: Mapping[str, Any]) -> str:
    """Values as TOML: texts, numbers, booleans, lists of them, and lists of objects of them; None is left out.

    Raises:
        TypeError: a value is something else.
    """
    lines = _lines({name: value for name, value in values.items() if not _is_tables(value)})
    for name, value in values.items():
        if _is_tables(value):
            for table in value:
                lines += ["", f"[[{name}]]", *_lines(table)]
    return "\n".join(lines) + "\n"


def _is_tables(value: object) -> bool:
    return isinstance(value, (list, tuple)) and bool(value) and all(isinstance(each, Mapping) for each in value)


def _lines(values: Mapping[str, Any]) -> list[str]:
    return [f"{name} = {_value(value)}" for name, value in values.items() if value is not None]


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, str):
        return f'"{"".join(map(_letter, value))}"'
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_value, value))}]"
    raise TypeError(f"{type(value).__name__} has no place in a file of settings")


def _letter(letter: str) -> str:
    if letter in {'"', "\\"}:
        return f"\\{letter}"
    if letter.isprintable():
        return letter
    return f"\\u{ord(letter):04x}" if ord(letter) < 0x10000 else f"\\U{ord(letter):08x}"
