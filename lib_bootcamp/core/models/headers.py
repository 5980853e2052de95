"""The header of a model file, and whether the file is whole; no weight is read and no pickle is opened."""

from __future__ import annotations

import io
import itertools
import json
import math
import os
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

from lib_bootcamp.core.files.regular import open_regular
from lib_bootcamp.params import has_too_many_values

MAX_HEADER_BYTES = 64 * 1024 * 1024
MAX_HEADER_VALUES = 250_000
"""A tensor has about ten: of the largest models a tenth."""
MOST_LICENSE = 500
SAFETENSORS = frozenset({".safetensors", ".sft"})
# Source: safetensors, `Dtype`; those of other names are not checked.
_BITS: dict[str, int] = {
    **dict.fromkeys(("BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ"), 8),
    **dict.fromkeys(("I16", "U16", "F16", "BF16"), 16),
    **dict.fromkeys(("I32", "U32", "F32"), 32),
    **dict.fromkeys(("I64", "U64", "F64", "C64"), 64),
    "F4": 4,
    "F6_E2M3": 6,
    "F6_E3M2": 6,
}
_POINTER = "is the pointer that git LFS keeps in its place; fetch the model itself with `git lfs pull`"
_WEB_PAGE = "is a web page or an error message that was saved in its place; download it again"
_CUT = "is cut off ({there:,} of {whole:,} bytes are there); download it again"
_LONG = "has {more:,} bytes more than its header states; download it again"
_WRONG = "has a header that contradicts itself ({why}); download it again"
_ZIP = b"PK\x03\x04"
_HALF = re.compile(r"\\u[dD][89a-fA-F]")
_PICKLE = "a pickle (.pth, .ckpt), which can hold programs, that"
_RENAMED = (
    (_ZIP, _PICKLE),
    (b"\x80\2", _PICKLE),
    (b"\x80\3", _PICKLE),
    (b"\x80\4", _PICKLE),
    (b"GGUF", "a GGUF file that"),
)


def examine(path: Path) -> tuple[dict[str, Any], str]:
    """A safetensors file's header, and what is wrong with a model file of any kind.

    Returns:
        tensor name to dtype, shape and offsets, empty for other files and damaged ones; what is wrong, in words that
        follow the file's name, empty where nothing is.
    Source: safetensors format: 8 bytes little-endian length, JSON, then the tensors without a gap.
    """
    try:
        if path.is_dir():
            return {}, "is a folder and no file"
        with open_regular(path) as opened, io.BufferedReader(opened) as file:
            return _examined(path, file, os.fstat(file.fileno()).st_size)
    except OSError as error:
        return {}, f"cannot be read ({error.strerror or error})"


def stated_license(path: Path) -> str:
    """The license that a safetensors file states (`modelspec.license`); empty where it states none."""
    return license_in(examine(path)[0].get("__metadata__"))


def license_in(metadata: object) -> str:
    """The license in a file's metadata, which may be anything; empty where there is none."""
    found = metadata.get("modelspec.license") if isinstance(metadata, dict) else None
    return " ".join(found[:MOST_LICENSE].split()) if isinstance(found, str) else ""


def why_unreadable(path: Path) -> str:
    """Why a safetensors file that a library did not take cannot be read, in words that follow its name."""
    return examine(path)[1] or "holds numbers of a type that the installed safetensors does not know"


def examine_bytes(data: bytes, path: Path) -> tuple[dict[str, Any], str]:
    """As `examine`, of a file's bytes.

    Args:
        data: all of them.
        path: the file's name, whose ending says what it should be; nothing is opened.
    """
    return _examined(path, io.BytesIO(data), len(data))


def _examined(path: Path, file: BinaryIO, size: int) -> tuple[dict[str, Any], str]:
    head = file.read(1024)
    if not head:
        return {}, "is empty; download it again"
    if head.startswith(b"version https://git-lfs"):
        return {}, _POINTER
    if b"\0" not in head[:8] and head.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] in {b"<", b"{"}:
        return {}, _WEB_PAGE
    if path.suffix.lower() in SAFETENSORS:
        return _safetensors(file, head, size)
    if head.startswith(_ZIP) and not zipfile.is_zipfile(file):
        return {}, "is cut off (the end of its archive is missing); download it again"
    return {}, ""


def _safetensors(file: BinaryIO, head: bytes, size: int) -> tuple[dict[str, Any], str]:
    length = int.from_bytes(head[:8], "little")
    if size < 8 or head[8:9] not in {b"{", b""} or not 2 <= length <= MAX_HEADER_BYTES:
        kind = next((kind for magic, kind in _RENAMED if head.startswith(magic)), "")
        if kind:
            return {}, f"is {kind} was renamed; get the safetensors file"
        return {}, "is not a safetensors file: it has no header; download it again"
    if 8 + length > size:
        return {}, "is cut off within its header; download it again"
    file.seek(8)
    try:
        text = file.read(length).decode("utf-8")
        if has_too_many_values(text, MAX_HEADER_VALUES):
            return {}, _WRONG.format(why=f"it has more than {MAX_HEADER_VALUES:,} values")
        header = json.loads(text)
        if _HALF.search(text):  # half a pair of UTF-16, by itself, is what other readers refuse
            json.dumps(header, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        return {}, _WRONG.format(why="its text is not Unicode")
    except (ValueError, RecursionError):
        return {}, _WRONG.format(why="it is not JSON")
    if not isinstance(header, dict):
        return {}, _WRONG.format(why="it is not an object")
    problem = _contradiction(header, size - 8 - length)
    return ({}, problem) if problem else (header, "")


def _contradiction(header: Mapping[str, Any], there: int) -> str:
    """What a header says that cannot be, or what the file lacks of it."""
    tensors = {name: each for name, each in header.items() if name != "__metadata__"}
    places: list[tuple[int, int, str]] = []
    for name, tensor in tensors.items():
        if not isinstance(tensor, dict) or not _are_counts(tensor.get("shape")):
            return _WRONG.format(why=f"{_short(name)} has no shape")
        offsets: Any = tensor.get("data_offsets")
        if not _are_counts(offsets) or len(offsets) != 2 or offsets[0] > offsets[1]:
            return _WRONG.format(why=f"{_short(name)} has no place")
        places.append((*offsets, name))
    whole = max((end for _, end, _ in places), default=0)
    if whole == 0 and there == 0:
        return ""  # a header alone, which describes no data
    for (_, end, name), (begin, _, after) in itertools.pairwise([(0, 0, ""), *sorted(places)]):
        if begin != end:
            return _WRONG.format(
                why=f"{_short(after)} {'overlaps' if begin < end else 'leaves a gap after'} {_short(name)}"
            )
    for begin, end, name in places:
        bits = _BITS.get(str(tensors[name].get("dtype")))
        if bits is not None and (end - begin) * 8 != math.prod(tensors[name]["shape"]) * bits:
            return _WRONG.format(why=f"{_short(name)} has a place of another size than its shape")
    if there < whole:
        return _CUT.format(there=there, whole=whole)
    return _LONG.format(more=there - whole) if there > whole else ""


def _are_counts(value: Any) -> bool:
    return isinstance(value, list) and all(type(each) is int and 0 <= each < 2**63 for each in value)


def _short(name: str) -> str:
    return name[:60] or "its first tensor"
