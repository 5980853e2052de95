"""Multipart forms, found by python-multipart, which comes with every Gradio; the limits are this file's own.

The frameworks around that package differ from version to version in what they limit.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from lib_bootcamp.errors import TooLargeError

from .errors import MalformedBodyError

MAX_PARTS = 256
MAX_PART_HEAD = 8 * 1024


@dataclass(frozen=True)
class Part:
    """One part of a form; `filename` is None for a plain field."""

    name: str
    filename: str | None
    data: bytes


def parse_form(data: bytes, boundary: str) -> list[Part]:
    """Read the parts of a multipart form.

    Raises:
        MalformedBodyError: no boundary, a part without a name or with a head over 8 KiB, or the end is missing.
        TooLargeError: more than 256 parts.
    Source: RFC 7578; RFC 2046, 5.1.1.
    """
    if not 1 <= len(boundary) <= 200:
        raise MalformedBodyError("The form's Content-Type has no usable boundary.")
    delimiter = boundary.encode("latin-1", "replace")
    package = _package()
    found = _Found(package)
    events = ("part_begin", "part_data", "part_end", "header_field", "header_value", "header_end", "end")
    parser = package.MultipartParser(delimiter, {f"on_{each}": getattr(found, each) for each in events})
    try:
        parser.write(_plain(data, b"--" + delimiter))
    except package.multipart.MultipartParseError:
        found.whole = False
    if not found.whole:
        raise MalformedBodyError("The form is malformed or cut off: a boundary is missing.")
    return found.parts


def _plain(data: bytes, delimiter: bytes) -> bytes:
    """Without what the package does not pass over: a preamble, and blanks behind a boundary."""
    whole = b"\r\n" + data
    start = max(0, whole.find(b"\r\n" + delimiter))
    padded = re.compile(re.escape(b"\r\n" + delimiter) + rb"[ \t]{1,200}(?=\r\n)")
    return padded.sub(b"\r\n" + delimiter, whole[start:])[2:]


def _package() -> Any:
    try:
        return import_module("python_multipart")
    except ImportError:  # before 0.0.13 it was called as the form is
        return import_module("multipart")


class _Found:
    """The parts, from the parser's events."""

    def __init__(self, package: Any) -> None:
        self.parts: list[Part] = []
        self.whole = False
        self._options = package.multipart.parse_options_header

    def part_begin(self) -> None:
        if len(self.parts) == MAX_PARTS:
            raise TooLargeError(f"The form has more than {MAX_PARTS} parts.")
        self._head_bytes, self._field, self._value = 0, b"", b""
        self._disposition: bytes = b""
        self._data: list[bytes] = []

    def header_field(self, data: bytes, start: int, end: int) -> None:
        self._field += self._bounded(data, start, end)

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += self._bounded(data, start, end)

    def header_end(self) -> None:
        if self._field.strip().lower() == b"content-disposition":
            self._disposition = self._value
        self._field = self._value = b""

    def part_data(self, data: bytes, start: int, end: int) -> None:
        self._data.append(data[start:end])

    def part_end(self) -> None:
        options = self._options(self._disposition)[1]
        if b"name" not in options:
            raise MalformedBodyError("A part of the form has no name.")
        filename = options.get(b"filename", options.get(b"filename*"))
        info = None if filename is None else filename.decode("utf-8", "replace")
        name = options[b"name"].decode("utf-8", "replace").replace("%22", '"')
        self.parts.append(Part(name, info, b"".join(self._data)))

    def end(self) -> None:
        self.whole = True

    def _bounded(self, data: bytes, start: int, end: int) -> bytes:
        self._head_bytes += end - start
        if self._head_bytes > MAX_PART_HEAD:
            raise MalformedBodyError("The form is malformed: the head of a part is too long.")
        return data[start:end]
