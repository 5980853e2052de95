"""Bad files through the decoder and through the API: one clear error each, and the server lives on."""

from __future__ import annotations

import base64
import tracemalloc
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib_bootcamp.core.images.codec import MAX_BYTES, decode_image, read_image
from lib_bootcamp.errors import ImageError, TooLargeError
from tests.bad_files.bad_pictures import ACCEPTED, NOISE, REFUSED, flipped, profile_bomb, rotated, saved, text_bomb
from tests.contract.http_client import GOOD, Client, fake_app

KINDS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "TGA", "JPEG2000", "PCX", "DDS", "SGI", "DIB")


@pytest.fixture(scope="module")
def client() -> Client:
    return Client(fake_app())


@pytest.mark.parametrize("name", REFUSED)
def test_the_decoder_refuses_it_with_one_sentence(name):
    make, status = REFUSED[name]
    with pytest.raises((ImageError, TooLargeError)) as caught:
        decode_image(make())
    assert caught.value.status == status
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", REFUSED)
def test_the_api_refuses_it_as_an_upload_and_lives_on(client, name):
    make, status = REFUSED[name]
    answer = client.post(data={"note": "n"}, files={"image": ("picture.png", make(), "image/png")})
    assert answer.status_code == status
    assert answer.json()["detail"].startswith("image: ")
    assert client.post(json=GOOD).status_code == 200


@pytest.mark.parametrize("name", REFUSED)
def test_the_api_refuses_it_as_base64(client, name):
    make, status = REFUSED[name]
    answer = client.post(json={"note": "n", "image": base64.b64encode(make()).decode()})
    assert answer.status_code == status


@pytest.mark.parametrize("name", ACCEPTED)
def test_an_unusual_picture_is_read_right(name):
    make, size, first = ACCEPTED[name]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        image = decode_image(make())
    assert image.dtype == np.uint8
    assert image.shape == (*size, 3)
    assert tuple(image[0, 0]) == first


@pytest.mark.parametrize("name", ACCEPTED)
def test_the_api_takes_an_unusual_picture(client, name):
    answer = client.post(data={"note": "n"}, files={"image": ("picture", ACCEPTED[name][0]())})
    assert answer.status_code == 200


def test_sixteen_bits_of_gray_are_scaled_to_eight():
    image = decode_image(ACCEPTED["16 bits of gray"][0]())
    assert image[0, :, 0].tolist() == [0, 128, 255]


def test_the_orientation_of_a_photograph_is_applied():
    image = decode_image(rotated())
    assert image.shape == (64, 48, 3)
    assert image[4, 24, 0] > 240
    assert image[60, 24, 0] < 16


def test_transparency_is_laid_on_the_background_that_is_asked_for():
    image = decode_image(ACCEPTED["palette with transparency"][0](), background=(1, 2, 3))
    assert image[0].tolist() == [[1, 2, 3], [0, 255, 0]]


@pytest.mark.parametrize("bomb", [text_bomb, profile_bomb])
def test_a_bomb_beside_the_pixels_is_never_unpacked(bomb):
    data = bomb()
    tracemalloc.start()
    try:
        decode_image(data)
    except ImageError:
        pass
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 16 * 2**20


def test_more_bytes_than_allowed_are_refused_unread():
    with pytest.raises(TooLargeError):
        decode_image(bytes(MAX_BYTES + 1))


def test_a_bad_file_is_named_in_the_error(tmp_path):
    path = tmp_path / "named.png"
    path.write_bytes(REFUSED["SVG"][0]())
    with pytest.raises(ImageError, match=r"named\.png: .*SVG"):
        read_image(path)


def _decoded_or_refused(data: bytes) -> None:
    try:
        image = decode_image(data)
    except (ImageError, TooLargeError):
        return
    assert image.dtype == np.uint8
    assert image.ndim == 3


@pytest.mark.thorough
@settings(deadline=None, max_examples=150)
@given(st.sampled_from(KINDS), st.data())
def test_a_picture_cut_anywhere_is_read_or_refused(kind, data):
    whole = saved(kind)
    _decoded_or_refused(whole[: data.draw(st.integers(0, len(whole)))])


@pytest.mark.thorough
@settings(deadline=None, max_examples=250)
@given(st.sampled_from(KINDS), st.data())
def test_a_picture_with_flipped_bytes_is_read_or_refused(kind, data):
    damaged = saved(kind)
    head = st.integers(0, min(120, len(damaged) - 1))
    for offset in data.draw(st.lists(head | st.integers(0, len(damaged) - 1), min_size=1, max_size=4)):
        damaged = flipped(damaged, offset)
    _decoded_or_refused(damaged)


@settings(deadline=None, max_examples=100)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data):
    _decoded_or_refused(data)


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "PPM", "TGA"])
def test_lossless_formats_are_read_pixel_for_pixel(kind):
    assert np.array_equal(decode_image(saved(kind)), NOISE)
