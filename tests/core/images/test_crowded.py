"""Files with very many blocks beside their pixels are refused before any reader walks them; real files are read."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pil

from lib_bootcamp.core.images.codec import decode_image, read_png_text
from lib_bootcamp.core.images.crowded import MAX_BESIDE, refuse_crowded
from lib_bootcamp.core.images.png import SIGNATURE, encode_png, png_chunk
from lib_bootcamp.core.png_info.extract import extract
from lib_bootcamp.errors import ImageError

MANY = 200_000
PLAIN = encode_png(np.zeros((8, 8, 3), np.uint8))


def png(beside: bytes, after: bytes = b"") -> bytes:
    return PLAIN[:33] + beside + PLAIN[33:-12] + after + PLAIN[-12:]


def saved(kind: str, mode: str = "RGB") -> bytes:
    out = io.BytesIO()
    Pil.new(mode, (8, 8)).save(out, kind)
    return out.getvalue()


def jpeg(segments: bytes) -> bytes:
    whole = saved("JPEG")
    return whole[:2] + segments + whole[2:]


def gif(blocks: bytes) -> bytes:
    whole = saved("GIF", "P")
    head = 13 + (3 * 2 << (whole[10] & 7))
    return whole[:head] + blocks + whole[head:]


def webp(chunks: bytes) -> bytes:
    body = saved("WEBP")[12:] + chunks
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


def directory(tags: int) -> bytes:
    entries = b"".join(struct.pack(">HHII", each, 2, 4, 0) for each in range(tags))
    return b"MM\0*\0\0\0\x08" + struct.pack(">H", tags) + entries + bytes(4)


CROWDED: dict[str, Callable[[], bytes]] = {
    "tEXt": lambda: png(png_chunk(b"tEXt", b"Comment\0hello") * MANY),
    "tEXt that differ": lambda: png(b"".join(png_chunk(b"tEXt", b"Comment\0%d" % each) for each in range(MANY))),
    "tEXt after the pixels": lambda: png(b"", png_chunk(b"tEXt", b"Comment\0hello") * MANY),
    "empty tEXt": lambda: png(png_chunk(b"tEXt", b"") * MANY),
    "zTXt": lambda: png(png_chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(1000))) * MANY),
    "iTXt": lambda: png(png_chunk(b"iTXt", b"Comment\0\0\0\0\0hello") * MANY),
    "packed iTXt": lambda: png(png_chunk(b"iTXt", b"Comment\0\1\0\0\0" + zlib.compress(bytes(1000))) * MANY),
    "XMP": lambda: png(png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0<x/>") * MANY),
    "eXIf": lambda: png(png_chunk(b"eXIf", directory(5)) * MANY),
    "profiles": lambda: png(png_chunk(b"iCCP", b"x\0\0" + zlib.compress(bytes(900_000))) * 900),
    "chunks of no kind": lambda: png(png_chunk(b"prVt", b"") * MANY),
    "empty IDAT": lambda: png(png_chunk(b"IDAT", b"") * MANY),
    "PNG whose EXIF has 65,535 tags": lambda: png(png_chunk(b"eXIf", directory(65_535))),
    "JPEG comments": lambda: jpeg(b"\xff\xfe\x00\x02" * MANY),
    "JPEG padding": lambda: jpeg(b"\xff" * (1 << 22)),
    "JPEG EXIF": lambda: jpeg((b"\xff\xe1" + struct.pack(">H", 1214 + 8) + b"Exif\0\0" + directory(100)) * 900),
    "JPEG Photoshop": lambda: jpeg((b"\xff\xed" + struct.pack(">H", 28) + b"Photoshop 3.0\0" + bytes(12)) * 900),
    "GIF comments": lambda: gif(b"\x21\xfe\x05hello\x00" * MANY),
    "WebP chunks": lambda: webp(b"JUNK\0\0\0\0" * MANY),
    "TIFF tags": lambda: directory(65_535),
    "PPM comment": lambda: b"P6\n#" + b"x" * (1 << 22) + b"\n8 8\n255\n" + bytes(192),
    "PPM comments": lambda: b"P6\n" + b"#\n" * MANY + b"8 8\n255\n" + bytes(192),
}


@pytest.mark.parametrize("name", CROWDED)
def test_no_reader_sees_a_file_with_very_many_blocks(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = CROWDED[name]()
    monkeypatch.setattr(Pil, "open", lambda *_, **__: pytest.fail("a reader walked it"))
    with pytest.raises(ImageError, match="texts or other blocks"):
        decode_image(data)
    if data[:4] in (SIGNATURE[:4], b"RIFF") or data[:2] == b"\xff\xd8":
        with pytest.raises(ImageError, match="texts or other blocks"):
            extract(data)


def test_a_crowded_map_gives_no_parameters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.png").write_bytes(CROWDED["tEXt"]())
    monkeypatch.setattr(Pil, "open", lambda *_, **__: pytest.fail("a reader walked it"))
    assert read_png_text(tmp_path / "a.png") == {}


def test_as_many_texts_as_a_real_file_may_have_are_read() -> None:
    data = png(b"".join(png_chunk(b"tEXt", b"%d\0hello" % each) for each in range(200)))
    assert decode_image(data).shape == (8, 8, 3)
    assert len(extract(data).texts) == 200


def test_pixels_in_blocks_of_8_kib_are_no_crowd() -> None:
    refuse_crowded(png(png_chunk(b"IDAT", bytes(8192)) * 8192))


def test_an_animation_of_thousands_of_frames_is_no_crowd() -> None:
    refuse_crowded(png(png_chunk(b"fcTL", bytes(26)) * 20_000))


def test_a_profile_cut_into_many_segments_is_no_crowd() -> None:
    refuse_crowded(jpeg((b"\xff\xe2" + struct.pack(">H", 65_535) + bytes(65_533)) * 255))
    assert MAX_BESIDE > 255


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP", "TIFF", "PPM", "BMP"])
def test_a_plain_picture_is_no_crowd(kind: str) -> None:
    refuse_crowded(saved(kind, "P" if kind == "GIF" else "RGB"))


STARTS = (SIGNATURE, b"\xff\xd8\xff", b"GIF89a", b"RIFF1234WEBP", b"II*\0", b"MM\0*", b"P6\n")


@pytest.mark.parametrize("starts", STARTS)
def test_a_file_that_ends_anywhere_is_walked_to_its_end(starts: bytes) -> None:
    whole = starts + bytes(range(200))
    for end in range(len(whole)):
        refuse_crowded(whole[:end])


def test_an_exif_tag_that_stands_a_thousand_times_is_read_once() -> None:
    entry = struct.pack(">HHII", 0x010E, 2, 1000, 8)
    block = b"MM\0*\0\0\0\x08" + struct.pack(">H", 512) + entry * 512 + bytes(1004)
    assert list(extract(png(png_chunk(b"eXIf", block) * 3)).texts) == ["ImageDescription"]
