"""PNG files: every pixel and text comes back, from any reader, whichever deflate there is."""

from __future__ import annotations

import io
import sys
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image as Pil

from lib_bootcamp.core.images.png import COLOR_TYPES, encode_png

GRADIENT = np.repeat(np.arange(0, 240, 10, dtype=np.uint8)[None, :, None].repeat(16, 0), 3, axis=2)
SHAPES = st.tuples(st.integers(1, 40), st.integers(1, 40)).flatmap(
    lambda side: st.sampled_from([side, *((*side, channels) for channels in COLOR_TYPES)])
)
PICTURES = SHAPES.flatmap(lambda shape: hnp.arrays(np.uint8, shape))


@pytest.fixture(params=["isal", "zlib"])
def deflate(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """With Intel's deflate, and as if it were not installed."""
    if request.param == "isal":
        pytest.importorskip("isal")
    else:
        monkeypatch.setitem(sys.modules, "isal", None)
    return str(request.param)


def read(data: bytes) -> Pil.Image:
    """The picture, all of its checksums looked at."""
    with Pil.open(io.BytesIO(data)) as whole:
        whole.verify()
    picture = Pil.open(io.BytesIO(data))
    picture.load()
    return picture


def both_ways(image: Any) -> list[bytes]:
    """As written with each deflate that there is."""
    written = [encode_png(image)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "isal", None)
        return [*written, encode_png(image)]


@pytest.mark.thorough
@settings(deadline=None, max_examples=150)
@given(PICTURES)
def test_every_pixel_is_kept(image: Any) -> None:
    for data in both_ways(image):
        picture = read(data)
        assert picture.mode == {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}[image.shape[2] if image.ndim == 3 else 1]
        assert np.array_equal(np.asarray(picture).reshape(image.shape), image)


@pytest.mark.usefixtures("deflate")
def test_other_readers_see_the_same() -> None:
    image = np.random.default_rng(0).integers(0, 256, (70, 130, 3), dtype=np.uint8)
    assert np.array_equal(cv2.imdecode(np.frombuffer(encode_png(image), np.uint8), cv2.IMREAD_COLOR)[..., ::-1], image)


@pytest.mark.usefixtures("deflate")
def test_texts_stand_before_the_pixels_in_any_writing() -> None:
    texts = {"bootcamp": '{"a": "\u00fc \u6f22 \U0001f600"}', "parameters": "a\nb" * 5000}
    data = encode_png(GRADIENT, texts)
    assert read(data).text == texts
    assert data.index(b"iTXt") < data.index(b"IDAT")


@pytest.mark.usefixtures("deflate")
def test_maps_are_not_much_larger_than_by_libpng() -> None:
    soft = np.add.outer(np.arange(300), np.arange(300)).astype(np.uint8)
    modules = np.kron(np.random.default_rng(0).integers(0, 2, (33, 33)), np.ones((16, 16))).astype(np.uint8) * 255
    for image in (soft, modules, np.dstack([modules] * 3)):
        out = io.BytesIO()
        Pil.fromarray(image).save(out, "PNG", compress_level=1)
        assert len(encode_png(image)) < 1.2 * len(out.getvalue())


def test_a_view_with_strides_is_written_as_it_looks() -> None:
    for data in both_ways(GRADIENT[::2, ::-3]):
        assert np.array_equal(np.asarray(read(data)), GRADIENT[::2, ::-3])


def test_encoding_leaves_the_picture_alone() -> None:
    image = GRADIENT.copy()
    encode_png(image, {"a": "b"})
    assert np.array_equal(image, GRADIENT)


@pytest.mark.parametrize(
    "image",
    [np.zeros((0, 4), np.uint8), np.zeros((4, 4, 5), np.uint8), np.zeros(4, np.uint8), np.zeros((4, 4), np.uint16)],
)
def test_what_is_no_picture_is_not_written(image: Any) -> None:
    with pytest.raises(ValueError, match="is not a picture"):
        encode_png(image)


@pytest.mark.parametrize("key", ["", "k" * 80])
def test_a_key_that_is_no_keyword_is_not_written(key: str) -> None:
    with pytest.raises(ValueError, match="1 to 79"):
        encode_png(GRADIENT, {key: "x"})
