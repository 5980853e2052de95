"""Single files of a data set: facts, and bad ones reported in one sentence."""

from __future__ import annotations

import base64
import io
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pil

from lib_bootcamp.core.datasets.duplicates import distance
from lib_bootcamp.core.datasets.pictures import Examined, examine, small_jpeg, thumbnail
from tests.bad_files.bad_pictures import ACCEPTED, REFUSED, animated, rotated


def soft(width: int = 200, height: int = 120, seed: int = 0) -> Pil.Image:
    grid = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return Pil.fromarray(grid).resize((width, height), Pil.Resampling.BICUBIC)


def kept(tmp_path: Path, data: bytes, name: str = "a.png") -> Path:
    path = tmp_path / name
    path.write_bytes(data)
    return path


def saved(picture: Pil.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


@pytest.mark.parametrize("name", REFUSED)
def test_a_bad_file_is_reported_in_one_sentence(tmp_path: Path, name: str) -> None:
    data = REFUSED[name][0]()
    made = examine(kept(tmp_path, data))
    assert made.problem.endswith(".")
    assert "\n" not in made.problem
    assert made.bytes == len(data)
    assert made.hash is None
    assert thumbnail(tmp_path / "a.png") is None


@pytest.mark.parametrize("name", ACCEPTED)
def test_every_kind_that_is_read_elsewhere_is_examined(tmp_path: Path, name: str) -> None:
    make, (height, width), _ = ACCEPTED[name]
    made = examine(kept(tmp_path, make()))
    assert made.problem == ""
    assert (made.width, made.height) == (width, height)
    assert (thumbnail(tmp_path / "a.png") or "").startswith("data:image/jpeg;base64,")


def test_a_large_jpeg_that_is_cut_off_is_found_though_it_is_decoded_small(tmp_path: Path) -> None:
    data = saved(soft(2400, 1600), "JPEG", quality=90)
    assert examine(kept(tmp_path, data)).problem == ""
    assert "damaged or cut off" in examine(kept(tmp_path, data[: len(data) * 2 // 3])).problem


def test_facts_of_a_jpeg(tmp_path: Path) -> None:
    data = saved(soft(300, 200), "JPEG")
    made = examine(kept(tmp_path, data))
    reported = (
        made.format,
        made.mode,
        made.width,
        made.height,
        made.bytes,
        made.has_alpha,
        made.orientation,
        made.frames,
    )
    assert reported == ("JPEG", "RGB", 300, 200, len(data), False, 1, 1)


def test_exif_orientation_turns_size_and_hash(tmp_path: Path) -> None:
    upright = examine(kept(tmp_path, saved(soft(640, 400), "PNG")))
    exif = Pil.Exif()
    exif[0x0112] = 6  # shown turned a quarter to the right, so it is stored turned to the left
    turned = soft(640, 400).transpose(Pil.Transpose.ROTATE_90)
    made = examine(kept(tmp_path, saved(turned, "JPEG", exif=exif, quality=95)))
    assert (made.width, made.height, made.orientation) == (640, 400, 6)
    assert upright.hash is not None
    assert made.hash is not None
    assert distance(upright.hash.upright, made.hash.upright) <= 3
    assert examine(kept(tmp_path, rotated())).orientation == 6


def test_alpha_that_hides_nothing_is_told_apart_from_transparency(tmp_path: Path) -> None:
    opaque = examine(kept(tmp_path, saved(soft().convert("RGBA"), "PNG")))
    assert (opaque.has_alpha, opaque.is_transparent) == (True, False)
    clear = soft().convert("RGBA")
    clear.putpixel((0, 0), (0, 0, 0, 254))
    made = examine(kept(tmp_path, saved(clear, "PNG")))
    assert (made.has_alpha, made.is_transparent) == (True, True)


def test_an_animation_has_its_frames(tmp_path: Path) -> None:
    assert [examine(kept(tmp_path, animated(kind))).frames for kind in ("GIF", "WEBP", "PNG")] == [2, 2, 2]


def test_the_same_pixels_have_one_identity_in_every_lossless_file(tmp_path: Path) -> None:
    made = [
        examine(kept(tmp_path, saved(soft(), kind, **options)))
        for kind, options in (
            ("PNG", {"compress_level": 1}),
            ("PNG", {"compress_level": 9}),
            ("BMP", {}),
            ("WEBP", {"lossless": True}),
        )
    ]
    assert len({each.identity for each in made}) == 1
    assert examine(kept(tmp_path, saved(soft(seed=1), "PNG"))).identity != made[0].identity
    tall = Pil.fromarray(np.asarray(soft(200, 100)).reshape(200, 100, 3))
    assert (
        examine(kept(tmp_path, saved(tall, "PNG"))).identity
        != examine(kept(tmp_path, saved(soft(200, 100), "PNG"))).identity
    )


def test_a_file_that_is_gone_is_reported(tmp_path: Path) -> None:
    assert examine(tmp_path / "none.png") == Examined(problem="The file cannot be read: No such file or directory.")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_reported(tmp_path: Path) -> None:
    path = kept(tmp_path, saved(soft(), "PNG"))
    path.chmod(0)
    assert "Permission denied" in examine(path).problem


def test_a_file_that_the_system_refuses_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = kept(tmp_path, saved(soft(), "PNG"))

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("lib_bootcamp.core.datasets.pictures.read_regular", refuse)
    assert examine(path).problem == "The file cannot be read: Permission denied."


def test_a_thumbnail_is_small_upright_and_opaque(tmp_path: Path) -> None:
    uri = thumbnail(kept(tmp_path, rotated()), side_px=32)
    assert uri is not None
    small = Pil.open(io.BytesIO(base64.b64decode(uri.partition(",")[2])))
    assert (small.format, small.size) == ("JPEG", (24, 32))
    clear = thumbnail(kept(tmp_path, saved(Pil.new("RGBA", (40, 40), (0, 0, 0, 0)), "PNG")))
    assert clear is not None
    assert min(Pil.open(io.BytesIO(base64.b64decode(clear.partition(",")[2]))).getpixel((20, 20))) > 250


@pytest.mark.parametrize("compression", [None, "tiff_lzw"])
def test_a_tiff_that_is_turned_is_turned_once(tmp_path: Path, compression: str | None) -> None:
    exif = Pil.Exif()
    exif[0x0112] = 6
    pixels = np.zeros((40, 60), np.uint8)
    pixels[:20] = 200  # above; when it is turned, on the right
    Pil.fromarray(pixels).save(tmp_path / "a.tif", exif=exif, compression=compression)
    Pil.fromarray(np.ascontiguousarray(np.rot90(pixels, -1))).save(tmp_path / "b.tif")
    turned, upright = (examine(tmp_path / name) for name in ("a.tif", "b.tif"))
    assert (turned.width, turned.height, turned.orientation) == (40, 60, 6)
    assert turned.hash == upright.hash
    assert small_jpeg(tmp_path / "a.tif", 60) == small_jpeg(tmp_path / "b.tif", 60)


def test_numbers_on_no_known_scale_are_reported(tmp_path: Path) -> None:
    Pil.fromarray(np.array([[0.5, 9.8]], np.float32)).save(tmp_path / "a.tif")
    assert "holds numbers from 0.5 to 9.8" in examine(tmp_path / "a.tif").problem
