"""Files that people and attackers give as pictures, made by code so that nothing dangerous lies in the repository."""

from __future__ import annotations

import functools
import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image as Pil
from PIL import PngImagePlugin

SIGNATURE = b"\x89PNG\r\n\x1a\n"
NOISE = np.random.default_rng(7).integers(0, 256, (48, 64, 3), dtype=np.uint8)


def chunk(kind: bytes, data: bytes, crc: int | None = None) -> bytes:
    """One PNG chunk; `crc` replaces the right checksum."""
    return (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data) if crc is None else crc)
    )


def png(width: int, height: int, data: bytes, *, bits: int = 8, color: int = 0, extra: bytes = b"") -> bytes:
    """A PNG from its parts: `data` are the filtered rows before compression."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, color, 0, 0, 0))
    return SIGNATURE + head + extra + chunk(b"IDAT", zlib.compress(data, 9)) + chunk(b"IEND", b"")


def saved(kind: str, picture: Pil.Image | None = None, **options: Any) -> bytes:
    """A picture as Pillow writes it."""
    out = io.BytesIO()
    (picture or Pil.fromarray(NOISE)).save(out, kind, **options)
    return out.getvalue()


def rows(width: int, height: int, pixel: bytes) -> bytes:
    """Unfiltered PNG rows of one color."""
    return (b"\0" + pixel * width) * height


def claimed_size(width: int, height: int) -> bytes:
    """A PNG of a few bytes that claims to be this large."""
    return png(width, height, rows(4, 4, b"\0"))


@functools.cache
def decompression_bomb() -> bytes:
    """20000 x 20000 gray pixels, all of them there, in less than half a megabyte."""
    writer = zlib.compressobj(9)
    head = writer.compress(b"") + writer.flush(zlib.Z_FULL_FLUSH)
    zeros, checksum = bytes(20_001 * 400), 1
    block = writer.compress(zeros) + writer.flush(zlib.Z_FULL_FLUSH)
    for _ in range(50):
        checksum = zlib.adler32(zeros, checksum)
    data = head + block * 50 + writer.flush()[:-4] + struct.pack(">I", checksum)
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 20_000, 20_000, 8, 0, 0, 0, 0))
    return SIGNATURE + header + chunk(b"IDAT", data) + chunk(b"IEND", b"")


@functools.cache
def text_bomb() -> bytes:
    """A PNG with one compressed text that unpacks to 64 MiB."""
    text = b"Comment\0\0" + zlib.compress(b"a" * (64 * 2**20), 9)
    return png(4, 4, rows(4, 4, b"\x80"), extra=chunk(b"zTXt", text))


@functools.cache
def profile_bomb() -> bytes:
    """A PNG with a color profile that unpacks to 64 MiB."""
    return png(4, 4, rows(4, 4, b"\x80"), extra=chunk(b"iCCP", b"p\0\0" + zlib.compress(b"a" * (64 * 2**20), 9)))


def flipped(data: bytes, offset: int) -> bytes:
    """The same bytes with one of them turned over."""
    return data[:offset] + bytes([data[offset] ^ 0xFF]) + data[offset + 1 :]


def wrong_crc() -> bytes:
    """A PNG whose header's checksum is wrong."""
    return flipped(saved("PNG"), 30)


def zip_file() -> bytes:
    """A zip archive with a PNG in it."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.png", saved("PNG"))
    return out.getvalue()


def half(kind: str) -> bytes:
    """The first half of a picture file."""
    data = saved(kind)
    return data[: len(data) // 2]


def gif_outside() -> bytes:
    """A GIF of 1 x 1 whose frame lies far outside of it, which widens the picture."""
    return b"GIF89a\x01\x00\x01\x00\x00\x00\x00,\xff\xff\xff\xff\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"


# name: how it is made, and the status of the answer
REFUSED: dict[str, tuple[Callable[[], bytes], int]] = {
    "decompression bomb": (decompression_bomb, 413),
    "100 megapixels": (lambda: claimed_size(10_000, 10_000), 413),
    "65535 wide": (lambda: png(65_535, 1, rows(65_535, 1, b"\0")), 413),
    "2 ** 31 wide": (lambda: claimed_size(2**31 - 1, 2**31 - 1), 413),
    "GIF outside of its canvas": (gif_outside, 413),
    "text bomb": (text_bomb, 422),
    "truncated PNG": (lambda: half("PNG"), 422),
    "truncated JPEG": (lambda: half("JPEG"), 422),
    "truncated WebP": (lambda: half("WEBP"), 422),
    "truncated GIF": (lambda: half("GIF"), 422),
    "truncated TIFF": (lambda: half("TIFF"), 422),
    "only a PNG signature": (lambda: SIGNATURE, 422),
    "no rows": (lambda: png(64, 64, b""), 422),
    "zero wide": (lambda: png(0, 8, b""), 422),
    "wrong CRC": (wrong_crc, 422),
    "SVG": (lambda: b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>', 422),
    "SVG after a declaration": (lambda: b'\xef\xbb\xbf<?xml version="1.0"?><!DOCTYPE svg><svg/>', 422),
    "PDF": (lambda: b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF", 422),
    "PostScript": (lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", 422),
    "empty": (lambda: b"", 422),
    "one byte": (lambda: b"\0", 422),
    "text file": (lambda: b"Just a text that somebody named picture.png\n" * 20, 422),
    "HTML": (lambda: b"<!doctype html><html></html>", 422),
    "zip": (zip_file, 422),
    "zeros": (lambda: bytes(4096), 422),
    "floats that are no numbers": (lambda: numbers([[np.nan, np.inf]]), 422),
    "floats on no known scale": (lambda: numbers([[0.5, 2.5, 9.8]]), 422),
    "floats around 0": (lambda: numbers([[-1.0, 0.3, 1.0]]), 422),
    "floats below 0": (lambda: numbers([[-3.0, -1.0]]), 422),
    "indices of 32 bits": (lambda: numbers([[0, 3, 9]], np.int32), 422),
    "HEIC that is damaged": (lambda: b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(200), 422),
    "JPEG XL": (lambda: b"\xff\x0a" + bytes(200), 422),
    "OpenEXR": (lambda: b"\x76\x2f\x31\x01" + bytes(200), 422),
    "video": (lambda: b"\0\0\0\x18ftypisom\0\0\2\0isomiso2" + bytes(200), 422),
    "git LFS pointer": (lambda: b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n", 422),
}


def rotated() -> bytes:
    """A JPEG of 64 x 48 that a viewer shows as 48 x 64, its red half above."""
    exif = Pil.Exif()
    exif[0x0112] = 6
    pixels = np.zeros((48, 64, 3), np.uint8)
    pixels[:, :32] = (255, 0, 0)
    return saved("JPEG", Pil.fromarray(pixels), exif=exif, quality=95)


def animated(kind: str) -> bytes:
    """Two frames, the first red, the second blue."""
    first, second = (Pil.new("RGB", (8, 8), color) for color in ("#ff0000", "#0000ff"))
    options = {"lossless": True} if kind == "WEBP" else {}
    return saved(kind, first, save_all=True, append_images=[second], duration=50, **options)


def palette_with_transparency() -> bytes:
    """A palette PNG of one row: transparent red, then opaque green."""
    picture = Pil.new("P", (2, 1))
    picture.putpalette([255, 0, 0, 0, 255, 0])
    picture.putpixel((1, 0), 1)
    return saved("PNG", picture, transparency=0)


def gray_16() -> bytes:
    """Three gray pixels of 16 bits: 0, 32768, 65535."""
    return png(3, 1, b"\0" + struct.pack(">3H", 0, 32_768, 65_535), bits=16)


def qoi() -> bytes:
    """Three pixels of one color. Source: qoiformat.org, QOI_OP_RGB, QOI_OP_RUN, end marker."""
    head = b"qoif" + struct.pack(">IIBB", 3, 1, 3, 0)
    return head + b"\xfe\x01\x02\x03" + b"\xc1" + bytes(7) + b"\x01"


def psd() -> bytes:
    """Two pixels of one color, uncompressed. Source: Adobe's Photoshop file format, header and image data."""
    head = b"8BPS" + struct.pack(">H6xHIIHH", 1, 3, 1, 2, 8, 3) + struct.pack(">III", 0, 0, 0)
    return head + struct.pack(">H", 0) + b"\x01\x01\x02\x02\x03\x03"


def with_texts() -> bytes:
    """A PNG with the WebUI's infotext."""
    texts = PngImagePlugin.PngInfo()
    texts.add_text("parameters", "a cat\nSteps: 20")
    return saved("PNG", pnginfo=texts)


FIRST = tuple(int(each) for each in NOISE[0, 0])


def numbers(values: list[list[float]], kind: Any = np.float32) -> bytes:
    """A TIFF of numbers."""
    return saved("TIFF", Pil.fromarray(np.array(values, kind)))


def tiff_of_numbers(*, data: bytes, bits: int = 16, zero_is_white: bool = False) -> bytes:
    """A TIFF of two pixels of one channel. Source: TIFF 6.0, sections 2 and 3."""
    tags = [(256, 2), (257, 1), (258, bits), (259, 1), (262, 0 if zero_is_white else 1), (273, 8), (277, 1), (278, 1)]
    tags.append((279, len(data)))
    entries = b"".join(struct.pack("<HHIHH", tag, 3, 1, value, 0) for tag, value in tags)
    return b"II*\0" + struct.pack("<I", 12) + data.ljust(4, b"\0") + struct.pack("<H", len(tags)) + entries + bytes(4)


def turned(kind: str, mode: str = "RGB", **options: Any) -> bytes:
    """6 x 4 pixels that are shown as 4 x 6, the last row's first pixel at the top left."""
    exif = Pil.Exif()
    exif[0x0112] = 6
    pixels = np.full((4, 6), 200, np.uint8)
    pixels[3, 0] = 10
    return saved(kind, Pil.fromarray(pixels).convert(mode), exif=exif, **options)


def on_transparent(level: int) -> Pil.Image:
    """One opaque pixel at the bottom right."""
    pixels = np.zeros((4, 4, 4), np.uint8)
    pixels[3, 3] = (level, level, level, 255)
    return Pil.fromarray(pixels)


# name: how it is made, the size [height, width] and the pixel at the top left
ACCEPTED: dict[str, tuple[Callable[[], bytes], tuple[int, int], tuple[int, int, int]]] = {
    "1 x 1": (lambda: saved("PNG", Pil.new("RGB", (1, 1), (1, 2, 3))), (1, 1), (1, 2, 3)),
    "1 bit": (lambda: saved("PNG", Pil.new("1", (9, 7), 1)), (7, 9), (255, 255, 255)),
    "gray": (lambda: saved("PNG", Pil.new("L", (9, 7), 77)), (7, 9), (77, 77, 77)),
    "16 bits of gray": (gray_16, (1, 3), (0, 0, 0)),
    "16 bits of color": (
        lambda: png(2, 1, b"\0" + b"\xff\xff\x80\x00\x00\x00" * 2, bits=16, color=2),
        (1, 2),
        (255, 128, 0),
    ),
    "transparent": (lambda: saved("PNG", Pil.new("RGBA", (4, 4), (9, 9, 9, 0))), (4, 4), (255, 255, 255)),
    "half transparent": (lambda: saved("PNG", Pil.new("RGBA", (4, 4), (0, 0, 0, 128))), (4, 4), (127, 127, 127)),
    "gray with alpha": (lambda: saved("PNG", Pil.new("LA", (4, 4), (50, 255))), (4, 4), (50, 50, 50)),
    "palette with transparency": (palette_with_transparency, (1, 2), (255, 255, 255)),
    "CMYK": (lambda: saved("TIFF", Pil.new("CMYK", (4, 4), (0, 0, 0, 0))), (4, 4), (255, 255, 255)),
    "animated GIF": (lambda: animated("GIF"), (8, 8), (255, 0, 0)),
    "animated WebP": (lambda: animated("WEBP"), (8, 8), (255, 0, 0)),
    "animated PNG": (lambda: animated("PNG"), (8, 8), (255, 0, 0)),
    "BMP": (lambda: saved("BMP", Pil.new("RGB", (5, 4), (1, 2, 3))), (4, 5), (1, 2, 3)),
    "PPM": (lambda: saved("PPM", Pil.new("RGB", (5, 4), (1, 2, 3))), (4, 5), (1, 2, 3)),
    "JPEG 2000": (lambda: saved("JPEG2000", Pil.new("RGB", (5, 4), (9, 9, 9))), (4, 5), (9, 9, 9)),
    "PCX": (lambda: saved("PCX", Pil.new("RGB", (5, 4), (1, 2, 3))), (4, 5), (1, 2, 3)),
    "DDS": (lambda: saved("DDS", Pil.new("RGB", (5, 4), (1, 2, 3))), (4, 5), (1, 2, 3)),
    "SGI": (lambda: saved("SGI", Pil.new("RGB", (5, 4), (1, 2, 3))), (4, 5), (1, 2, 3)),
    "QOI": (qoi, (1, 3), (1, 2, 3)),
    "PSD": (psd, (1, 2), (1, 2, 3)),
    "floats": (lambda: saved("TIFF", Pil.new("F", (4, 4), 1.0)), (4, 4), (255, 255, 255)),
    "floats from 0 to 255": (lambda: numbers([[0.5, 100.0, 255.0]]), (1, 3), (1, 1, 1)),
    "floats a little over 1": (lambda: numbers([[0.5, 0.7, 1.0001]]), (1, 3), (128, 128, 128)),
    "floats with highlights": (lambda: numbers([[0.5, 0.7, 0.2, 3.0]]), (1, 4), (128, 128, 128)),
    "floats that overshoot": (lambda: numbers([[-0.02, 0.7, 1.1]]), (1, 3), (0, 0, 0)),
    "floats with gaps": (lambda: numbers([[0.5, np.nan, np.inf, -np.inf]]), (1, 4), (128, 128, 128)),
    "32 bits from 0 to 255": (lambda: numbers([[51, 255]], np.int32), (1, 2), (51, 51, 51)),
    "32 bits from 0 to 65535": (lambda: numbers([[13107, 65535]], np.int32), (1, 2), (51, 51, 51)),
    "32 bits, all of them": (lambda: numbers([[0x33333333, 0x7FFFFFFF]], np.int32), (1, 2), (102, 102, 102)),
    "12 bits": (lambda: tiff_of_numbers(bits=12, data=bytes([0xFF, 0xF8, 0x00])), (1, 2), (255, 255, 255)),
    "16 bits where 0 is white": (lambda: tiff_of_numbers(zero_is_white=True, data=bytes(4)), (1, 2), (255, 255, 255)),
    "black floats": (lambda: numbers([[0.0, 0.0]]), (1, 2), (0, 0, 0)),
    "several pages": (lambda: saved("TIFF", save_all=True, append_images=[Pil.new("L", (9, 9))]), (48, 64), FIRST),
    "a TIFF that is turned": (lambda: turned("TIFF"), (6, 4), (10, 10, 10)),
    "a compressed TIFF that is turned": (lambda: turned("TIFF", compression="tiff_lzw"), (6, 4), (10, 10, 10)),
    "floats that are turned": (lambda: turned("TIFF", mode="F"), (6, 4), (10, 10, 10)),
    "a PNG that is turned": (lambda: turned("PNG"), (6, 4), (10, 10, 10)),
    "white on transparent": (lambda: saved("PNG", on_transparent(255)), (4, 4), (0, 0, 0)),
    "black on transparent": (lambda: saved("PNG", on_transparent(0)), (4, 4), (255, 255, 255)),
    "texts in it": (with_texts, (48, 64), FIRST),
}
