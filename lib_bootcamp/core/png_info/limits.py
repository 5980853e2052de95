"""How much is read of a file that nobody has checked, and texts and JSON within these bounds."""

from __future__ import annotations

import json
import math
import zlib
from dataclasses import dataclass, field
from typing import Any

from lib_bootcamp.params import MAX_DIGITS, has_too_many_values

MAX_TEXT = 4 * 2**20
MAX_TOTAL = 4 * MAX_TEXT
MAX_TEXTS = 256
MAX_CHUNKS = 100_000
MAX_PROBLEMS = 20


@dataclass
class Texts:
    """Texts by name as they are found, and what is wrong with the file in sentences for a person."""

    found: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    _kept: int = 0
    _unpacked: int = 0
    orientation: int | None = None

    def add(self, name: str, text: str) -> None:
        """Keep a text; a second one of a name is kept beside the first."""
        name = clean(name.strip())[:200] or "text"
        number = 2
        free = name
        while free in self.found and self.found[free] != text and number <= MAX_TEXTS:
            free, number = f"{name} ({number})", number + 1
        if len(self.found) >= MAX_TEXTS and free not in self.found:
            self.problem(f"The file has more than {MAX_TEXTS} texts; the rest is left out.")
            return
        if len(text) > MAX_TEXT:
            self.too_long(name)
            return
        self._kept += len(text)
        if self._kept > MAX_TOTAL:
            self.problem(f"The file's texts have more than {MAX_TOTAL // 2**20} MiB together; the rest is left out.")
            return
        self.found[free] = clean(text)

    def problem(self, sentence: str) -> None:
        """Note what is wrong, once."""
        if sentence not in self.problems and len(self.problems) < MAX_PROBLEMS:
            self.problems.append(sentence)

    def unpacked(self, name: str, packed: bytes, *, wbits: int = zlib.MAX_WBITS) -> bytes | None:
        """Unpack a text, never more than its bound.

        Returns:
            the bytes; of one that is cut off what there is. None where it unpacks to more, or is damaged.
        """
        if self._unpacked > MAX_TOTAL:
            self.problem(f"The file's packed texts have more than {MAX_TOTAL // 2**20} MiB; the rest is left out.")
            return None
        unpacker = zlib.decompressobj(wbits)
        try:
            data = unpacker.decompress(packed, MAX_TEXT + 1)
        except zlib.error:
            self.problem(f"The text {name!r} is packed, and damaged.")
            return None
        self._unpacked += len(data)
        if len(data) > MAX_TEXT:
            self.too_long(name)
            return None
        if not unpacker.eof:
            self.problem(f"The text {name!r} is packed, and cut off.")
        return data

    def too_long(self, name: str) -> None:
        """Note a text over its bound."""
        self.problem(f"The text {name!r} has more than {MAX_TEXT // 2**20} MiB and is left out.")


def clean(text: str) -> str:
    """The text without what is no valid Unicode, and without the zeros at its end."""
    return text.rstrip("\0").encode("utf-8", "replace").decode("utf-8")


def decoded(data: bytes) -> str:
    """UTF-8 where it is, else Latin-1: tools write UTF-8 where the format says Latin-1."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def read_object(text: str | None, most: int | None = None) -> dict[str, Any]:
    """A JSON object within bounds; empty where there is none.

    Args:
        text: what a file holds.
        most: how many values it may have; None for as many as a request.

    NaN and numbers beyond floats, which tools do write, become texts, so that what comes of it is JSON again.
    """
    if not text or len(text) > MAX_TEXT or text.lstrip()[:1] != "{" or has_too_many_values(text, most):
        return {}
    try:
        value = json.loads(text, parse_constant=str, parse_int=_whole, parse_float=_number)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _whole(digits: str) -> int | str:
    return int(digits) if len(digits) <= MAX_DIGITS else digits


def _number(digits: str) -> float | str:
    number = float(digits) if len(digits) <= MAX_DIGITS else math.inf
    return number if math.isfinite(number) else digits
