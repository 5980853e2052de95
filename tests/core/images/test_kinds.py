"""Files that are pictures, and not read everywhere."""

from __future__ import annotations

import base64
from pathlib import Path

import numpy as np
import pytest

from lib_bootcamp.app import main
from lib_bootcamp.core.images import kinds as picture_kinds
from lib_bootcamp.core.images.codec import decode_image, is_picture, read_image
from lib_bootcamp.core.images.kinds import kind_of_bytes, left_out, reads_avif, reads_heic
from lib_bootcamp.errors import ImageError

# 48 x 32, the left half (200, 30, 40), the right one (20, 60, 190)
HEIC = base64.b64decode(
    "AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAX1tZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAAACJpbG9j"
    "AAAAAERAAAEAAQAAAAABoQABAAAAAAAAAFQAAAAjaWluZgAAAAAAAQAAABVpbmZlAgAAAAABAABodmMxAAAAAA5waXRtAAAAAAABAAAA/Wlw"
    "cnAAAADdaXBjbwAAAHZodmNDAQNwAAAAkAAAAAAAHvAA/P34+AAADwNgAAEAGEABDAH//wNwAAADAJAAAAMAAAMAHroCQGEAAQAqQgEBA3AA"
    "AAMAkAAAAwAAAwAeoCCBBZbq5Ka5uAhoMCAAAAMDIAAAAwAhYgABAAZEAcFzwIkAAAATY29scm5jbHgAAQANAAaAAAAAFGlzcGUAAAAAAAAA"
    "QAAAAEAAAAAoY2xhcAAAADAAAAABAAAAIAAAAAH////wAAAAAv///+AAAAACAAAAEHBpeGkAAAAAAwgICAAAABhpcG1hAAAAAAAAAAEAAQWB"
    "AgMFhAAAAFxtZGF0AAAAUCgBrwng4kc4qf/zC9/+1J2XtEcSqBH/DbHeIy//GkoN8p+f0qIIAc4t9AFYDmbEcRey88L7D3W8WnDJKmzjwFEA"
    "V9dvmvj3oMlm4Efz1WJA"
)


@pytest.fixture
def without_heic(monkeypatch):
    """A machine without pi-heif."""
    monkeypatch.setattr(picture_kinds, "reads_heic", lambda: False)


def test_a_heic_picture_is_read_where_pi_heif_is():
    pytest.importorskip("pi_heif")
    image = decode_image(HEIC)
    assert image.shape == (32, 48, 3)
    assert np.abs(image[2, 2].astype(int) - (200, 30, 40)).max() <= 3
    assert np.abs(image[-3, -3].astype(int) - (20, 60, 190)).max() <= 3


def test_a_heic_picture_that_is_cut_off_is_refused():
    pytest.importorskip("pi_heif")
    for length in (40, 300, len(HEIC) - 20):
        with pytest.raises(ImageError, match="damaged or cut off"):
            decode_image(HEIC[:length])


@pytest.mark.parametrize("name", ["a.HEIC", "a.heif", "a.hif"])
def test_a_heic_file_counts_as_a_picture_where_it_is_read(name):
    pytest.importorskip("pi_heif")
    assert is_picture(Path(name))
    assert not left_out(Path(name))


@pytest.mark.usefixtures("without_heic")
@pytest.mark.parametrize("name", ["a.HEIC", "a.heif", "a.hif"])
def test_a_heic_file_is_left_out_and_named_where_it_is_not_read(name):
    assert not is_picture(Path(name))
    assert left_out(Path(name)) == "is a HEIC file, which is not read here; save it as PNG, JPEG or WebP"


@pytest.mark.usefixtures("without_heic")
def test_a_heic_picture_under_any_name_is_reported(tmp_path):
    (tmp_path / "a.jpg").write_bytes(HEIC)
    with pytest.raises(ImageError, match=r"a\.jpg: The picture is a HEIC file, which is not read here"):
        read_image(tmp_path / "a.jpg")


@pytest.mark.usefixtures("without_heic")
def test_the_command_line_names_a_heic_picture(tmp_path, capsys):
    (tmp_path / "IMG_0001.HEIC").write_bytes(HEIC)
    assert main(["brightness", str(tmp_path / "IMG_0001.HEIC"), "--out", str(tmp_path / "o.png")]) == 3
    assert "IMG_0001.HEIC: The picture is a HEIC file" in capsys.readouterr().err


def test_nothing_is_imported_for_other_files(monkeypatch):
    monkeypatch.setattr(picture_kinds, "reads_heic", lambda: pytest.fail("asked for"))
    assert is_picture(Path("a.png"))
    assert not is_picture(Path("a.jxl"))
    assert not left_out(Path("a.txt"))


def test_avif_counts_as_a_picture_where_pillow_reads_it():
    assert is_picture(Path("a.avif")) is reads_avif()
    assert bool(left_out(Path("a.avif"))) is not reads_avif()


@pytest.mark.parametrize(
    ("name", "words"),
    [("a.jxl", "a JPEG XL"), ("a.exr", "an OpenEXR"), ("a.NEF", "a camera raw"), ("a.hdr", "a Radiance HDR")],
)
def test_pictures_of_kinds_that_nobody_reads_are_reported(name, words):
    assert left_out(Path(name)) == f"is {words} file, which is not read here; save it as PNG, JPEG or WebP"


def brands(major, *others):
    body = b"ftyp" + major + b"\0\0\0\0" + b"".join(others)
    return (len(body) + 4).to_bytes(4, "big") + body + bytes(64)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (brands(b"heic"), "HEIC"),
        (brands(b"mif1", b"mif1", b"heic"), "HEIC"),
        (brands(b"mif1", b"avif", b"mif1"), "AVIF"),
        (brands(b"avif"), "AVIF"),
        (brands(b"avis", b"avif"), "AVIF"),
        (brands(b"isom", b"mp42"), "video"),
        (brands(b"crx "), "camera raw"),
        (b"\xff\x0a", "JPEG XL"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
        (b"\x89PNG\r\n\x1a\n", ""),
        (b"", ""),
        (b"\xff\xff\xff\xffftyp", "video"),
    ],
)
def test_first_bytes_give_the_kind(data, kind):
    assert kind_of_bytes(data) == kind


def test_a_reader_that_another_extension_brought_is_used(monkeypatch):
    monkeypatch.setattr(picture_kinds, "_add_heic", lambda: False)
    monkeypatch.setitem(picture_kinds.Pil.OPEN, "HEIF", (None, None))
    assert reads_heic()


@pytest.mark.parametrize("start", [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"GIF89a"])
def test_a_file_that_ends_after_its_kind_is_reported_as_damaged(start):
    with pytest.raises(ImageError, match="damaged or cut off"):
        decode_image(start + b"\0\0")
