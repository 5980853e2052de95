from __future__ import annotations

import cv2
import numpy as np
import pytest

from lib_bootcamp.core.images.arrays import Image
from lib_bootcamp.core.qr.encode import qr_matrix
from lib_bootcamp.core.scan.bare import bare_codes
from lib_bootcamp.core.scan.decoders import installed
from lib_bootcamp.core.scan.search import every_text, search
from lib_bootcamp.core.scan.views import Sizes, luma_of
from tests.core.scan.scan_pictures import TEXT, code, draw

ZXING = installed(["zxing-cpp"])
POLARITIES = pytest.mark.parametrize("inverted", [False, True])


def bare(text: str = TEXT, module_px: int = 5, level: str = "M") -> Image:
    """A code without a margin."""
    return draw(np.array(qr_matrix(text, level).modules), module_px, 0)


def black(height: int = 480, width: int = 640) -> Image:
    return np.zeros((height, width), np.uint8)


def turned(picture: Image, degrees: float, sheet: Image) -> Image:
    """A picture in the middle of a sheet, turned."""
    half = [each / 2 - 0.5 for each in picture.shape[::-1]]
    turn = cv2.getRotationMatrix2D(half, degrees, 1)
    turn[:, 2] += np.array(sheet.shape[::-1]) / 2 - 0.5 - half
    return np.asarray(cv2.warpAffine(picture, turn, sheet.shape[::-1], flags=cv2.INTER_LINEAR), np.uint8)


def seen(picture: Image, *, inverted: bool = False) -> set[str]:
    """The texts that a fast scan with zxing-cpp alone lists."""
    picture = 255 - picture if inverted else picture
    found = search(picture, ZXING, None)
    return set(every_text(picture, ZXING, None, found.tallies)) | ({found.text} if found.text else set())


@POLARITIES
@pytest.mark.parametrize("degrees", [10, 45, 70, 200])
@pytest.mark.parametrize("text", [TEXT, "HELLO 12345", "x" * 90])
def test_a_turned_code_without_a_margin_is_read(text: str, degrees: float, *, inverted: bool) -> None:
    assert seen(turned(bare(text), degrees, black()), inverted=inverted) == {text}


@POLARITIES
@pytest.mark.parametrize(("top", "left"), [(0, 0), (0, -1), (-1, 0), (-1, -1), (0, 77), (60, -1)])
def test_a_code_without_a_margin_at_the_edge_is_read(top: int, left: int, *, inverted: bool) -> None:
    picture, small = black(), bare()
    top, left = (place if place >= 0 else side - len(small) for place, side in ((top, 480), (left, 640)))
    picture[top : top + len(small), left : left + len(small)] = small
    assert seen(picture, inverted=inverted) == {TEXT}


@POLARITIES
@pytest.mark.parametrize("beside", ["speck", "line", "caption", "square"])
def test_what_else_is_there_does_not_hide_a_code_without_a_margin(beside: str, *, inverted: bool) -> None:
    picture, small = black(), bare(module_px=7)
    picture[100 : 100 + len(small), 130 : 130 + len(small)] = small
    if beside == "speck":
        picture[470:473, 600:603] = 255
    elif beside == "line":
        picture[450] = 255
    elif beside == "caption":
        cv2.putText(picture, "Scan me!", (150, 420), cv2.FONT_HERSHEY_SIMPLEX, 1, 230, 2)
    else:
        picture[20:90, 500:570] = 220
    assert seen(picture, inverted=inverted) == {TEXT}


@POLARITIES
def test_several_codes_without_a_margin_are_all_listed(*, inverted: bool) -> None:
    picture = black(500, 900)
    for number in range(3):
        small = bare(f"number {number}", 6)
        picture[60 + 40 * number :, 30 + 280 * number :][: len(small), : len(small)] = small
    assert seen(picture, inverted=inverted) == {"number 0", "number 1", "number 2"}


def test_a_code_without_a_margin_beside_one_that_has_it_is_listed_on_black() -> None:
    picture, first, second = black(500, 900), bare("bare"), code("with margin", module_px=6)
    picture[60 : 60 + len(first), 60 : 60 + len(first)] = first
    picture[60 : 60 + len(second), 450 : 450 + len(second)] = second
    assert seen(picture) == {"bare", "with margin"}


def test_a_code_without_a_margin_in_a_large_picture_is_read() -> None:
    picture = black(1500, 2000)
    picture[900:1400, 1300:1800] = turned(bare(), 33, black(500, 500))
    assert seen(picture) == {TEXT}


@POLARITIES
@pytest.mark.parametrize("blur", [0, 1.5])
def test_a_code_with_a_margin_is_not_cut_out(blur: float, *, inverted: bool) -> None:
    picture = np.pad(code(), 40, constant_values=255)
    picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), blur), np.uint8) if blur else picture
    picture = 255 - picture if inverted else picture
    assert list(bare_codes(picture, Sizes(picture))) == []


def test_nothing_is_cut_out_of_a_page_of_text() -> None:
    page = np.full((800, 800), 240, np.uint8)
    for line in range(40, 800, 24):
        cv2.putText(page, "quick brown fox jumps " * 3, (20, line), cv2.FONT_HERSHEY_SIMPLEX, 0.5, 40, 1)
    assert list(bare_codes(page, Sizes(page))) == []


@pytest.mark.parametrize("kind", ["erased", "checkers", "noise"])
def test_where_no_code_is_whole_none_is_made_up(kind: str) -> None:
    picture = black()
    small = bare(level="L", module_px=6)
    small[:, len(small) // 2 :] = 0
    picture[90 : 90 + len(small), 90 : 90 + len(small)] = small
    if kind == "checkers":
        picture = np.kron(np.indices((40, 40)).sum(0) % 2 * 255, np.ones((8, 8))).astype(np.uint8)
    elif kind == "noise":
        picture[100:300, 200:400] = np.kron(np.random.default_rng(1).integers(0, 2, (40, 40)) * 255, np.ones((5, 5)))
    assert seen(luma_of(picture)) == set()
