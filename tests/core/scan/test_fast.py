from __future__ import annotations

import cv2
import numpy as np
import pytest

from lib_bootcamp.core.images.arrays import Image, to_rgb
from lib_bootcamp.core.scan import decoders as scan_decoders
from lib_bootcamp.core.scan import fast as scan_fast
from lib_bootcamp.core.scan.budget import (
    DAMAGED_TIMES,
    DEBLURRING,
    LEAST_PIXELS,
    MOST_PIXELS,
    PIXELS_PER_PIXEL,
    SMALL_DAMAGED_PIXELS,
    Budget,
)
from lib_bootcamp.core.scan.decoders import installed
from lib_bootcamp.core.scan.fast import FULL_SIZE, fast_tries
from lib_bootcamp.core.scan.reading import look
from lib_bootcamp.core.scan.search import every_text, search
from lib_bootcamp.core.scan.views import luma_of
from tests.core.scan.scan_pictures import TEXT, FakeDecoder, code

NAMES = ("zxing-cpp", "wechat", "opencv", "pyzbar", "quirc")
SIZES = [(240, 240), (750, 500), (1920, 1080), (2480, 3508), (4032, 3024)]
PRICES = {"zxing-cpp": 1, "quirc": 2, "pyzbar": 9, "wechat": 25}


def noise(width: int, height: int) -> Image:
    """A colored picture with detail everywhere and no code."""
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


def spent(picture: Image, *, damaged: bool) -> int:
    budget = Budget.of(luma_of(picture).size, NAMES, damaged=damaged)
    tries = fast_tries(picture, luma_of(picture), NAMES, budget)
    times = {True: DEBLURRING, False: 1}
    return sum(each.shown.size * PRICES[each.decoder] * times["deblurred" in each.label] for each in tries)


@pytest.mark.thorough
@pytest.mark.parametrize("size", SIZES)
def test_what_follows_the_whole_picture_has_a_bound_in_its_pixels(size: tuple[int, int]) -> None:
    pixels = size[0] * size[1]
    bound = max(LEAST_PIXELS, min(PIXELS_PER_PIXEL * pixels, MOST_PIXELS), pixels)
    assert spent(noise(*size), damaged=False) <= bound


@pytest.mark.thorough
@pytest.mark.parametrize("size", SIZES[1:])
def test_a_code_that_is_seen_but_not_read_is_worth_a_tenth_more(size: tuple[int, int]) -> None:
    pixels = size[0] * size[1]
    bound = max(DAMAGED_TIMES * min(PIXELS_PER_PIXEL * pixels, MOST_PIXELS), pixels)
    assert spent(noise(*size), damaged=True) <= bound


def test_the_least_work_is_within_the_bound_from_512_px_on() -> None:
    assert LEAST_PIXELS <= PIXELS_PER_PIXEL * 512 * 512


def test_a_small_picture_with_a_damaged_code_is_worth_asking_wechat() -> None:
    assert Budget.of(240 * 240, NAMES, damaged=True).pixels == SMALL_DAMAGED_PIXELS


@pytest.mark.parametrize("side", [200, 300, 700, 1600])
def test_no_reader_is_shown_the_same_view_twice(side: int) -> None:
    picture = noise(side, side)
    views = [(each.decoder, each.shown.tobytes()) for each in fast_tries(picture, luma_of(picture), NAMES, Budget())]
    assert len(views) == len(set(views))


def test_details_are_not_looked_for_where_none_can_be_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(_gray: Image, most: int) -> None:
        raise AssertionError(most)

    monkeypatch.setattr(scan_fast, "details", never)
    picture = noise(600, 600)
    assert list(fast_tries(picture, luma_of(picture), NAMES, Budget(100_000)))


@pytest.mark.parametrize("side", [300, 700, 1024])
def test_the_whole_picture_is_shown_first(side: int) -> None:
    reader = FakeDecoder(largest_side=32768)
    search(np.full((side, side - 50), 255, np.uint8), [reader], None)
    assert reader.shapes[0] == (side, side - 50)


@pytest.mark.parametrize("side", [260, 700, 1024, 1600])
def test_the_whole_picture_is_not_shown_to_zxing_again(side: int) -> None:
    picture = luma_of(noise(side, side))
    tries = fast_tries(picture, picture, NAMES, Budget())
    assert not any(each.decoder == "zxing-cpp" and np.array_equal(each.shown, picture) for each in tries)


def test_a_code_that_is_read_at_full_size_is_looked_at_once() -> None:
    reader = FakeDecoder(texts=(TEXT,))
    picture = np.full((600, 600), 255, np.uint8)
    found = search(picture, [reader], None)
    assert (every_text(picture, [reader], None, found.tallies), reader.shapes) == ((TEXT,), [(600, 600)])


def test_texts_beside_the_expected_one_are_listed_without_another_look() -> None:
    reader = FakeDecoder(texts=("other", TEXT))
    found = search(np.full((600, 600), 255, np.uint8), [reader], TEXT)
    assert found.tallies["zxing-cpp"].readings == {FULL_SIZE: ("other", TEXT)}


def test_wechat_is_not_asked_where_nothing_looks_like_a_code() -> None:
    picture = noise(240, 240)
    tries = fast_tries(picture, luma_of(picture), NAMES, Budget.of(240 * 240, NAMES, damaged=False))
    assert "wechat" not in {each.decoder for each in tries}


def test_wechat_is_asked_where_zxing_sees_a_code_that_it_cannot_read() -> None:
    picture = noise(240, 240)
    tries = fast_tries(picture, luma_of(picture), NAMES, Budget.of(240 * 240, NAMES, damaged=True))
    assert "wechat" in {each.decoder for each in tries}


def test_a_damaged_code_is_seen() -> None:
    picture = code(level="L")
    picture[100:190, 100:190] = 255
    assert look(installed(["zxing-cpp"])[0], picture) == ((), True)


@pytest.mark.parametrize("picture", [code(), np.full((300, 300), 255, np.uint8)], ids=["whole", "blank"])
def test_no_damaged_code_is_seen_where_none_is(picture: Image) -> None:
    assert look(installed(["zxing-cpp"])[0], picture)[1] is False


def test_a_zxing_that_does_not_mark_damaged_codes_still_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    import zxingcpp

    reads = zxingcpp.read_barcodes

    def older(image: Image, *, formats: object, text_mode: object) -> object:
        return reads(image, formats=formats, text_mode=text_mode)

    monkeypatch.setattr(zxingcpp, "read_barcodes", older)
    assert look(scan_decoders.ZxingDecoder(), code()) == ((TEXT,), False)


def test_without_zxing_every_reader_sees_all_it_can() -> None:
    assert Budget.of(240 * 240, ["quirc"], damaged=False).pixels == float("inf")


@pytest.mark.parametrize(
    ("color", "colored"), [((200, 200, 200), False), ((255, 0, 0), True), ((0, 0, 255), True), ((0, 255, 0), True)]
)
def test_a_colored_picture_is_known(color: tuple[int, int, int], *, colored: bool) -> None:
    picture = to_rgb(np.full((200, 300), 128, np.uint8))
    cv2.rectangle(picture, (50, 50), (90, 90), color, -1)
    assert scan_fast._is_colored(picture) is colored
