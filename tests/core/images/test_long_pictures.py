"""JPEGs of very many scans are refused before they are decoded; frames of a GIF are counted up to a bound."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pil

from lib_bootcamp.core.datasets.pictures import examine, small_jpeg
from lib_bootcamp.core.images.codec import decode_image, decode_quickly
from lib_bootcamp.core.images.depth import decode_depth
from lib_bootcamp.core.images.long_pictures import MAX_FRAMES, MAX_SCANS, gif_frames, refuse_many_scans
from lib_bootcamp.errors import ImageError

NOISE = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
DC_SCAN = b"\xff\xda\x00\x08\x01\x01\x00\x00\x00\x00" + b"\x00" * 4


def jpeg(**options: object) -> bytes:
    out = io.BytesIO()
    Pil.fromarray(NOISE).save(out, "JPEG", **options)
    return out.getvalue()


def many_scans(more: int) -> bytes:
    return jpeg(progressive=True)[:-2] + DC_SCAN * more + b"\xff\xd9"


READERS: dict[str, Callable[[bytes], object]] = {
    "a picture": decode_image,
    "a picture, quickly": decode_quickly,
    "a depth map": decode_depth,
}


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_a_jpeg_of_very_many_scans_is_refused_before_it_is_decoded(read: Callable[[bytes], object]) -> None:
    with pytest.raises(ImageError, match=f"over {MAX_SCANS} scans; save it again"):
        read(many_scans(5000))


def test_a_data_set_with_such_a_jpeg_names_it(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(many_scans(5000))
    assert "scans" in examine(tmp_path / "a.jpg").problem
    assert small_jpeg(tmp_path / "a.jpg", 64) is None


@pytest.mark.parametrize(
    "between", [b"\xff\xc4\x00\x03\x00", b"\xff\xdd\x00\x04\x00\x00", b"\xff\xff\xff", b"\xff\xd0"]
)
def test_what_stands_between_scans_hides_none(between: bytes) -> None:
    data = jpeg(progressive=True)[:-2] + (between + DC_SCAN) * 200 + b"\xff\xd9"
    with pytest.raises(ImageError, match="scans"):
        refuse_many_scans(data)


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"progressive": True, "quality": 100}])
def test_a_jpeg_as_programs_write_it_is_read(options: dict[str, object]) -> None:
    assert decode_image(jpeg(**options)).shape == NOISE.shape


def test_what_stands_in_a_profile_or_after_the_end_is_no_scan() -> None:
    profile = b"\xff\xe2\xff\xff" + DC_SCAN * 4680
    whole = jpeg()
    refuse_many_scans(whole[:2] + profile.ljust(65_537, b"\0") + whole[2:])
    refuse_many_scans(whole + DC_SCAN * 1000)


def test_a_run_of_fill_bytes_is_walked_once() -> None:
    refuse_many_scans(jpeg()[:-2] + b"\xff" * (1 << 24) + b"\0")


def gif(frames: int) -> bytes:
    out = io.BytesIO()
    shown = [Pil.fromarray(np.full((8, 8), 10 * each, np.uint8)) for each in range(min(frames, 20))]
    shown[0].save(out, "GIF", save_all=True, append_images=shown[1:], duration=50)
    return out.getvalue()


@pytest.mark.parametrize("frames", [1, 2, 20])
def test_frames_of_a_gif_are_counted_as_pillow_does(frames: int) -> None:
    assert gif_frames(gif(frames)) == frames == getattr(Pil.open(io.BytesIO(gif(frames))), "n_frames", 1)


def test_frames_of_a_gif_are_counted_up_to_a_bound_and_pillow_is_not_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from PIL.GifImagePlugin import GifImageFile

    one = b"," + bytes(4) + b"\x08\0\x08\0\0" + b"\x08\x01\0\0"
    (tmp_path / "a.gif").write_bytes(gif(2)[:-1] + one * 20_000 + b";")
    monkeypatch.setattr(GifImageFile, "n_frames", property(lambda _: pytest.fail("all frames were walked")))
    assert examine(tmp_path / "a.gif").frames == MAX_FRAMES


def test_a_gif_that_ends_anywhere_is_counted_to_its_end() -> None:
    whole = gif(3)
    for end in range(len(whole)):
        assert 1 <= gif_frames(whole[:end]) <= 3
