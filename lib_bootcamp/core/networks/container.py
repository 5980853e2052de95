"""The bytes of a safetensors file: their parts, their hashes, and other metadata in their header.

Source: the safetensors format (8 bytes little-endian length, JSON, the tensors); kohya-ss/sd-scripts `train_util.py`
(`addnet_hash_safetensors`, `addnet_hash_legacy`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

_LEGACY = slice(0x100000, 0x100000 + 0x10000)
_ALIGNED = 8


def tensors_begin(data: bytes) -> int:
    """Where the header of a file ends and its tensors begin, in bytes."""
    return 8 + int.from_bytes(data[:8], "little")


def model_hash(data: bytes) -> str:
    """The SHA-256 of a file's tensors alone, which metadata does not change: `sshs_model_hash`, 64 hex digits."""
    return hashlib.sha256(memoryview(data)[tensors_begin(data) :]).hexdigest()


def legacy_hash(data: bytes) -> str:
    """The SHA-256 of 64 KiB from the second MiB on, 8 hex digits: `sshs_legacy_hash`.

    sd-scripts takes it of the file as it is before the hashes themselves are in its header.
    """
    return hashlib.sha256(data[_LEGACY]).hexdigest()[:8]


def head_of(data: bytes) -> bytes:
    """What of a file `legacy_hash` looks at, whatever its metadata become: its header and a little of its tensors."""
    return data[: tensors_begin(data) + _LEGACY.stop]


def with_metadata(data: bytes, metadata: Mapping[str, str]) -> bytes:
    """A file with other metadata; the same metadata always give the same bytes, and no tensor changes.

    Args:
        data: a whole safetensors file.
        metadata: all of what its header shall state; in the file they are sorted by name. What is no text in them (a
            byte of a folder's name) becomes a question mark.
    """
    begin = tensors_begin(data)
    header = json.loads(data[8:begin])
    header.pop("__metadata__", None)
    text = _padded({"__metadata__": dict(sorted(metadata.items())), **header})
    return b"".join((len(text).to_bytes(8, "little"), text, memoryview(data)[begin:]))


def with_names(data: bytes, names: Mapping[str, str]) -> bytes:
    """A file whose tensors have other names; none of them changes.

    Args:
        data: a whole safetensors file.
        names: old to new; the others stay.
    """
    begin = tensors_begin(data)
    header = json.loads(data[8:begin])
    text = _padded({names.get(name, name): value for name, value in header.items()})
    return len(text).to_bytes(8, "little") + text + data[begin:]


def _padded(header: Mapping[str, object]) -> bytes:
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    return text + b" " * (-len(text) % _ALIGNED)
