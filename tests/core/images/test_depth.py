"""Depth maps keep the bits that their files have."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image as Pil

from lib_bootcamp.core.images.depth import decode_depth, read_depth
from lib_bootcamp.core.images.opencv import opencv
from lib_bootcamp.errors import ImageError, TooLargeError

LEVELS = np.array([[0, 257, 300], [301, 40000, 65535]], np.uint16)
SHARES = LEVELS.astype(np.float32) / 65535


def saved(kind: str, array: np.ndarray) -> bytes:
    out = io.BytesIO()
    Pil.fromarray(array).save(out, kind)
    return out.getvalue()


def written(suffix: str, array: np.ndarray) -> bytes:
    """By OpenCV, which writes several channels of 16 bits."""
    done, data = opencv().imencode(suffix, array)
    assert done
    return data.tobytes()


def npy(array: np.ndarray) -> bytes:
    out = io.BytesIO()
    np.save(out, array, allow_pickle=array.dtype.kind == "O")
    return out.getvalue()


def big_endian_tiff() -> bytes:
    head = [(256, 3, 1, 3), (257, 3, 1, 2), (258, 3, 1, 16), (259, 3, 1, 1), (262, 3, 1, 1), (273, 4, 1, 110)]
    tags = [*head, (277, 3, 1, 1), (279, 4, 1, 12)]
    entries = b"".join(
        struct.pack(">HHIHH" if kind == 3 else ">HHII", tag, kind, count, value, *([0] if kind == 3 else []))
        for tag, kind, count, value in tags
    )
    start = b"MM\0*\0\0\0\x08" + struct.pack(">H", len(tags)) + entries + b"\0\0\0\0"
    return start.ljust(110, b"\0") + LEVELS.astype(">u2").tobytes()


FILES = {
    "PNG": lambda: saved("PNG", LEVELS),
    "TIFF": lambda: saved("TIFF", LEVELS),
    "big-endian TIFF": big_endian_tiff,
    "PNG of three channels": lambda: written(".png", np.dstack([LEVELS] * 3)),
    "PNG with alpha": lambda: written(".png", np.dstack([LEVELS] * 3 + [np.full_like(LEVELS, 9)])),
    "TIFF of three channels": lambda: written(".tif", np.dstack([LEVELS] * 3)),
    "decimals": lambda: saved("TIFF", SHARES),
    "decimals from 0 to 255": lambda: saved("TIFF", SHARES * 255),
    "decimals from 0 to 65535": lambda: saved("TIFF", SHARES * 65535),
    "NumPy": lambda: npy(LEVELS),
    "NumPy, a batch of one": lambda: npy(SHARES[None, None]),
    "NumPy, one channel": lambda: npy(SHARES[:, :, None].astype(np.float64)),
    "meters": lambda: npy(LEVELS.astype(np.float32) / 65535 * 9 - 3),
}


@pytest.mark.parametrize("name", FILES)
def test_a_depth_map_of_more_than_8_bits_keeps_them(name):
    depth = decode_depth(FILES[name]())
    assert depth.dtype == np.float32
    assert np.allclose(depth, SHARES, atol=2e-6)


def test_a_depth_map_of_8_bits_is_a_picture():
    depth = decode_depth(saved("PNG", np.array([[7, 8]], np.uint8)))
    assert depth.tolist() == [[[7, 7, 7], [8, 8, 8]]]
    assert depth.dtype == np.uint8


def test_what_is_no_number_is_black():
    depth = decode_depth(npy(np.array([[0.25, np.nan, np.inf, 0.5]], np.float32)))
    assert depth.tolist() == [[0.25, 0.0, 1.0, 0.5]]


def test_a_depth_map_is_turned_as_its_file_says():
    out, exif = io.BytesIO(), Pil.Exif()
    exif[0x0112] = 6
    Pil.fromarray(LEVELS).save(out, "PNG", exif=exif)
    assert np.allclose(decode_depth(out.getvalue()), np.rot90(SHARES, -1))


def pickled() -> bytes:
    return npy(np.array([[{}]], object))


BAD = {
    "pickled": pickled,
    "cut off": lambda: npy(LEVELS)[:-1],
    "head alone": lambda: npy(LEVELS)[:40],
    "a head that does not end": lambda: npy(LEVELS).replace(b"(2, 3), }", b"(2, 3       "),
    "no head": lambda: b"\x93NUMPY",
    "three channels": lambda: npy(np.zeros((2, 2, 3))),
    "no pixel": lambda: npy(np.zeros((0, 3))),
    "texts": lambda: npy(np.array([["a"]])),
    "no numbers": lambda: npy(np.full((2, 2), np.nan)),
    "PNG whose pixels are damaged": lambda: damaged_png(),
}


def damaged_png() -> bytes:
    data = zlib.compress(b"\0" * 5)
    parts = [(b"IHDR", struct.pack(">IIBBBBB", 4, 4, 16, 2, 0, 0, 0)), (b"IDAT", data), (b"IEND", b"")]
    chunks = (struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in parts)
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@pytest.mark.parametrize("name", BAD)
def test_a_file_that_is_no_depth_map_is_refused(name):
    with pytest.raises(ImageError):
        decode_depth(BAD[name]())


def test_a_depth_map_that_claims_to_be_huge_is_refused_unread():
    head = b"{'descr': '<f4', 'fortran_order': False, 'shape': (100000, 100000), }"
    with pytest.raises(TooLargeError):
        decode_depth(b"\x93NUMPY\x01\0" + struct.pack("<H", len(head) + 1) + head + b"\n")


def test_a_depth_map_with_too_long_a_side_names_that_limit():
    out = io.BytesIO()
    np.save(out, np.zeros((1, 40_000), np.float32))
    with pytest.raises(TooLargeError, match="40000 x 1 pixels; at most 32768 pixels on each side"):
        decode_depth(out.getvalue())


def test_a_depth_file_that_cannot_be_read_is_named(tmp_path):
    (tmp_path / "a.png").write_bytes(b"\xff\x0a" + bytes(50))
    with pytest.raises(ImageError, match=r"a\.png: The picture is a JPEG XL file, which is not read here"):
        read_depth(tmp_path / "a.png")


@pytest.mark.parametrize("kind", [">u2", "<u2", "|b1", ">f4", "<f8", "<f2"])
def test_an_array_of_any_numbers_is_read_on_its_scale(kind):
    depth = decode_depth(npy(np.array([[0, 1]]).astype(kind)))
    assert depth[0, 1] == np.float32(1 / 65535 if kind.endswith("u2") else 1)


def test_an_array_of_numbers_beyond_all_scales_is_read(recwarn):
    assert decode_depth(npy(np.array([[0.0, 1e300, 1e9, 5e8]]))).tolist() == [[0.0, 1.0, 1.0, 0.5]]
    assert not recwarn.list
