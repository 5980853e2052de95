"""Pictures as a model wants them: as open_clip prepares them, from arrays and from hostile files."""

from __future__ import annotations

import io
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pil

from tests.ml.needs import skip_without_models

skip_without_models()

import torch  # noqa: E402, TID253

from lib_bootcamp.errors import ImageError, ModelError, TooLargeError  # noqa: E402
from lib_bootcamp.ml.clip.pictures import Preprocessing  # noqa: E402
from lib_bootcamp.ml.runtime.torchvision_guard import import_torchvision  # noqa: E402
from tests.ml.clip.clips import photograph  # noqa: E402

import_torchvision()

SIZES = {"landscape": (331, 217), "portrait": (150, 400), "square": (300, 300), "small": (40, 30), "exact": (64, 64)}
PLAIN = Preprocessing(size=(64, 64))


def theirs(picture: Pil.Image, size: object = 64, **how: object) -> torch.Tensor:
    """open_clip's own preprocessing, in 0 to 255."""
    import inspect

    from open_clip.transform import image_transform

    if not set(how) <= set(inspect.signature(image_transform).parameters):
        pytest.skip("this open_clip has no such preprocessing")
    return image_transform(size, False, (0.0,) * 3, (1.0,) * 3, **how)(picture) * 255


def encoded(picture: Pil.Image, kind: str = "JPEG", **how: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **how)
    return out.getvalue()


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
@pytest.mark.parametrize("mode", ["shortest", "longest", "squash"])
@pytest.mark.parametrize("interpolation", ["bicubic", "bilinear"])
def test_a_picture_is_prepared_as_open_clip_does_it(size: tuple[int, int], mode: str, interpolation: str) -> None:
    picture = photograph(*size)
    how = (
        {}
        if (mode, interpolation) == ("shortest", "bicubic")
        else {"resize_mode": mode, "interpolation": interpolation}
    )
    mine = Preprocessing(size=(64, 64), resize_mode=mode, interpolation=interpolation).prepare(picture)
    assert (mine - theirs(Pil.fromarray(picture), **how)).abs().max() <= 1.01


@pytest.mark.parametrize("mode", ["shortest", "longest", "squash"])
def test_a_model_need_not_be_square(mode: str) -> None:
    picture = photograph(331, 217)
    mine = Preprocessing(size=(48, 80), resize_mode=mode).prepare(picture)
    wanted = theirs(Pil.fromarray(picture), (48, 80), resize_mode=mode)
    assert mine.shape == wanted.shape
    assert (mine - wanted).abs().float().mean() < 1


@given(width=st.integers(1, 200), height=st.integers(1, 200), mode=st.sampled_from(["shortest", "longest", "squash"]))
@settings(max_examples=40)
def test_every_picture_becomes_the_models_size(width: int, height: int, mode: str) -> None:
    made = Preprocessing(size=(32, 48), resize_mode=mode).prepare(np.zeros((height, width, 3), np.uint8))
    assert (made.shape, made.dtype) == ((3, 32, 48), torch.uint8)


def test_the_border_has_the_models_color() -> None:
    made = Preprocessing(size=(64, 64), resize_mode="longest", fill_color=7).prepare(np.zeros((10, 20, 3), np.uint8))
    assert (int(made[0, 0, 0]), int(made[0, 32, 32])) == (7, 0)


def test_values_are_normalized_by_channel() -> None:
    how = Preprocessing(size=(1, 1), mean=(0.5, 0.0, 1.0), std=(0.5, 2.0, 0.25))
    values = how.normalize(torch.tensor([[[[255]], [[255]], [[0]]]], dtype=torch.uint8), "cpu", torch.float32)
    assert values.flatten().tolist() == [1.0, 0.5, -4.0]


def test_a_gray_map_is_a_picture() -> None:
    assert PLAIN.prepare(np.full((70, 70), 9, np.uint8)).unique().tolist() == [9]


def test_the_caller_keeps_its_picture() -> None:
    picture = photograph(64, 64)
    before = picture.copy()
    PLAIN.normalize(PLAIN.prepare(picture)[None], "cpu", torch.float32)
    assert np.array_equal(picture, before)


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_is_the_picture_that_pillow_reads(mode: str, *, progressive: bool) -> None:
    data = encoded(Pil.fromarray(photograph(200, 120)).convert(mode), progressive=progressive)
    assert torch.equal(PLAIN.prepare(data), PLAIN.prepare(np.asarray(Pil.open(io.BytesIO(data)).convert("RGB"))))


def test_without_simplejpeg_the_result_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    data = encoded(Pil.fromarray(photograph(200, 120)))
    fast = PLAIN.prepare(data)
    monkeypatch.setitem(sys.modules, "simplejpeg", None)
    assert torch.equal(PLAIN.prepare(data), fast)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_turned_photograph_is_upright(orientation: int, kind: str) -> None:
    from PIL import ImageOps

    exif = Pil.Exif()
    exif[0x0112] = orientation
    data = encoded(Pil.fromarray(photograph(96, 64)), kind, exif=exif)
    upright = ImageOps.exif_transpose(Pil.open(io.BytesIO(data))).convert("RGB")
    assert torch.equal(PLAIN.prepare(data), PLAIN.prepare(np.asarray(upright)))


def test_transparency_is_laid_on_white() -> None:
    data = encoded(Pil.new("RGBA", (64, 64), (255, 0, 0, 0)), "PNG")
    assert PLAIN.prepare(data).unique().tolist() == [255]


@pytest.mark.parametrize("part", [0.0, 0.1, 0.9])
def test_a_cut_off_file_is_one_sentence(part: float) -> None:
    data = encoded(Pil.fromarray(photograph(200, 120)))
    with pytest.raises(ImageError, match=r"^The picture .+\.$"):
        PLAIN.prepare(data[: int(len(data) * part)])


def test_a_file_that_is_too_large_is_refused_before_it_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    simplejpeg = pytest.importorskip("simplejpeg")
    monkeypatch.setattr(simplejpeg, "decode_jpeg", lambda *_: pytest.fail("it was decoded"))
    data = bytearray(encoded(Pil.new("RGB", (8, 8))))
    at = data.index(b"\xff\xc0") + 5  # the frame header's height and width
    data[at : at + 4] = (20000).to_bytes(2, "big") * 2
    with pytest.raises(TooLargeError, match="megapixels"):
        PLAIN.prepare(bytes(data))


@given(st.binary(max_size=200))
def test_any_bytes_are_a_picture_or_one_sentence(data: bytes) -> None:
    for each in (data, b"\xff\xd8\xff" + data):
        with pytest.raises((ImageError, TooLargeError), match=r"^The picture .+\.$"):
            PLAIN.prepare(each)


def test_what_a_configuration_leaves_out_is_open_clips_default() -> None:
    assert Preprocessing.from_config({"mean": None}, 64) == PLAIN


def test_a_configuration_is_read() -> None:
    read = Preprocessing.from_config({"mean": 0.5, "std": [1, 2, 3], "resize_mode": "squash", "mode": "RGB"}, (32, 48))
    assert read == Preprocessing(size=(32, 48), mean=(0.5,) * 3, std=(1.0, 2.0, 3.0), resize_mode="squash")


@pytest.mark.parametrize("wrong", [{"interpolation": "nearest"}, {"resize_mode": "tile"}])
def test_an_unknown_preprocessing_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ModelError, match=next(iter(wrong.values()))):
        Preprocessing.from_config(wrong, 64)
