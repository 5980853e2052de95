from __future__ import annotations

import cv2
import numpy as np
import pytest

from lib_bootcamp.core.images.arrays import Bits, Image, to_rgb
from lib_bootcamp.core.qr.encode import qr_matrix
from lib_bootcamp.core.scan import search as scan_search
from lib_bootcamp.core.scan import worker as scan_worker
from lib_bootcamp.core.scan.decoders import DECODERS, installed
from lib_bootcamp.core.scan.details import places
from lib_bootcamp.core.scan.ladder import texts_of
from lib_bootcamp.core.scan.search import LARGE_SIDE, closest, every_text, search
from tests.core.scan.scan_pictures import TEXT, FakeDecoder, code, draw

ZXING = installed(["zxing-cpp"])
SCREENS = [(1920, 1080), (3840, 2160), (5120, 2880)]


def on_screen(small: Image, width: int, height: int) -> Image:
    """A picture of that size in which a small one lies off the middle, on gray with lines of text."""
    picture = np.full((height, width), 240, np.uint8)
    for top in range(40, height - 40, 90):
        cv2.putText(picture, "The quick brown fox " * (width // 200), (20, top), cv2.FONT_HERSHEY_SIMPLEX, 0.5, 40, 1)
    top, left = height * 3 // 5, width // 3
    picture[top : top + len(small), left : left + small.shape[1]] = small
    return picture


def resized(gray: Image, module_px: float) -> Image:
    """A code of 16 px a module at a size that is no whole number of pixels a module."""
    return np.asarray(cv2.resize(gray, None, fx=module_px / 16, fy=module_px / 16, interpolation=cv2.INTER_AREA))


def reads(picture: Image, text: str = TEXT) -> bool:
    return search(picture, ZXING, text).hit is not None


def kinds() -> dict[str, Bits]:
    """One symbol of each kind of QR code, by zxing-cpp's own writer."""
    import zxingcpp

    made = {}
    for name in ("QRCode", "MicroQRCode", "RMQRCode"):
        try:
            image = zxingcpp.create_barcode("12345", getattr(zxingcpp.BarcodeFormat, name)).to_image(
                add_quiet_zones=False
            )
        except (AttributeError, ValueError, TypeError):  # an older zxing-cpp writes fewer kinds
            continue
        made[name] = np.asarray(image) < 128
    return made


KINDS = kinds()


@pytest.mark.parametrize("size", SCREENS)
@pytest.mark.parametrize("module_px", [1, 2, 3])
def test_a_small_code_on_a_large_screen_is_read(size: tuple[int, int], module_px: int) -> None:
    assert reads(on_screen(code(module_px=module_px), *size))


@pytest.mark.parametrize("size", SCREENS[:2])
@pytest.mark.parametrize("module_px", [1.25, 1.5, 1.8])
def test_a_small_code_of_broken_pixel_sizes_is_read(size: tuple[int, int], module_px: float) -> None:
    assert reads(on_screen(resized(code(module_px=16), module_px), *size))


def test_a_small_inverted_code_on_a_large_screen_is_read() -> None:
    assert reads(on_screen(255 - code(module_px=2), 1920, 1080))


@pytest.mark.thorough
@pytest.mark.parametrize("dots_an_inch", [150, 300, 600])
def test_a_code_of_12_mm_on_a_scanned_page_is_read(dots_an_inch: int) -> None:
    width, height = (round(side / 25.4 * dots_an_inch) for side in (210, 297))
    small = cv2.resize(code(module_px=16), (round(12 / 25.4 * dots_an_inch),) * 2, interpolation=cv2.INTER_AREA)
    noise = np.random.default_rng(0).integers(-12, 13, (height, width), dtype=np.int16)
    assert reads(np.clip(on_screen(np.asarray(small), width, height) + noise, 0, 255).astype(np.uint8))


@pytest.mark.parametrize(("width", "height"), [(4032, 3024), (8064, 6048)])
def test_a_code_in_a_photograph_of_12_and_48_megapixels_is_read(width: int, height: int) -> None:
    ground = np.random.default_rng(0).integers(60, 200, (height // 48, width // 48), dtype=np.uint8)
    photo = np.asarray(cv2.resize(ground, (width, height), interpolation=cv2.INTER_CUBIC))
    small = cv2.GaussianBlur(code(module_px=4), (0, 0), 1)
    photo[2000 : 2000 + len(small), 1000 : 1000 + len(small)] = np.asarray(small) // 2 + 50
    assert reads(photo)


@pytest.mark.parametrize("inverted", [False, True])
@pytest.mark.parametrize("module_px", [2, 4])
@pytest.mark.parametrize("quiet", [0, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_read(kind: str, quiet: int, module_px: int, *, inverted: bool) -> None:
    picture = draw(KINDS[kind], module_px, quiet)
    assert reads(255 - picture if inverted else picture, "12345")


@pytest.mark.parametrize("turn", [0, 1, 2, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_read_when_turned(kind: str, turn: int) -> None:
    assert reads(np.rot90(draw(KINDS[kind]), turn), "12345")


def test_a_mirrored_code_is_read() -> None:
    assert reads(code()[:, ::-1])


@pytest.mark.parametrize("kind", KINDS)
def test_several_kinds_in_one_picture_are_all_listed(kind: str) -> None:
    parts = [code(), draw(KINDS[kind])]
    height = max(len(each) for each in parts)
    padded = [np.pad(each, ((0, height - len(each)), (0, 0)), constant_values=255) for each in parts]
    assert set(every_text(np.hstack(padded), ZXING)) == {TEXT, "12345"}


@pytest.mark.parametrize(
    ("dark", "light"),
    [
        ((255, 0, 0), (76, 76, 76)),  # equally light
        ((255, 255, 0), (255, 255, 255)),
        ((0, 0, 255), (29, 29, 29)),
        ((0, 110, 190), (190, 60, 0)),
    ],
)
def test_a_code_of_two_colors_of_nearly_one_brightness_is_read(dark: tuple[int, ...], light: tuple[int, ...]) -> None:
    picture = np.where(code()[..., None] == 0, np.array(dark), np.array(light)).astype(np.uint8)
    assert reads(picture)


@pytest.mark.parametrize("module_px", [2, 4])
def test_a_small_code_of_one_brightness_on_a_large_page_is_read(module_px: int) -> None:
    small = code(module_px=module_px)
    picture = np.full((2160, 3840, 3), 255, np.uint8)
    picture[900 : 900 + len(small), 2000 : 2000 + len(small)] = np.where(small[..., None] == 0, (255, 255, 0), 255)
    assert reads(picture)


@pytest.mark.parametrize("module_px", [1.3, 1.5])
def test_a_tiny_picture_of_a_code_is_read(module_px: float) -> None:
    assert reads(resized(code(module_px=16), module_px))


@pytest.mark.parametrize("levels", [8, 12, 20])
def test_a_code_of_little_contrast_beside_black_and_white_is_read(levels: int) -> None:
    faint = (code().astype(np.int16) * levels // 255 + 120).astype(np.uint8)
    picture = np.full((faint.shape[0] + 100, faint.shape[1]), 255, np.uint8)
    picture[:50], picture[100:] = 0, faint
    assert reads(picture)


@pytest.mark.parametrize("turn", [0, 1])
@pytest.mark.parametrize("blur_modules", [0.6, 0.7])
@pytest.mark.parametrize("module_px", [4, 6, 9.5])
def test_a_plain_code_out_of_focus_is_read(module_px: float, blur_modules: float, turn: int) -> None:
    blurred = cv2.GaussianBlur(resized(code(module_px=16), module_px), (0, 0), blur_modules * module_px)
    assert reads(np.rot90(np.asarray(blurred), turn))


def test_of_two_codes_of_different_size_both_are_listed() -> None:
    picture = on_screen(code("small", module_px=2), 1920, 1080)
    large = code("large", module_px=12)
    picture[: len(large), -len(large) :] = large
    assert set(every_text(picture, ZXING)) == {"small", "large"}


def test_three_hundred_codes_are_all_listed() -> None:
    row = [np.hstack([code(f"LABEL-{20 * y + x:04}", "L", module_px=3) for x in range(20)]) for y in range(15)]
    assert len(every_text(np.vstack(row), ZXING)) == 300


def test_the_part_that_is_closest_still_has_the_code() -> None:
    picture = on_screen(code(module_px=2), 3840, 2160)
    part = closest(picture, ZXING[0], TEXT)
    assert (max(part.shape) < LARGE_SIDE, TEXT in DECODERS[0].decode(part)) == (True, True)


def test_details_are_looked_for_where_pixels_change_most() -> None:
    picture = np.full((1080, 1920), 255, np.uint8)
    small = code(module_px=1)
    picture[500 : 500 + len(small), 900 : 900 + len(small)] = small
    ((x, y),) = places(picture, 5)
    assert (abs(x - 900 - len(small) // 2) < 32, abs(y - 500 - len(small) // 2) < 32) == (True, True)


@pytest.mark.parametrize("shape", [(1, 1), (1, 5000), (5000, 1), (33, 33), (40, 2000)])
def test_a_picture_of_any_shape_is_searched(shape: tuple[int, int]) -> None:
    assert search(np.full(shape, 255, np.uint8), ZXING, None).hit is None


def test_a_search_that_is_stopped_asks_no_reader() -> None:
    reader = FakeDecoder()
    search(np.zeros((300, 300), np.uint8), [reader], None, lambda: True)
    assert reader.shapes == []


@pytest.mark.thorough
def test_a_picture_full_of_finder_patterns_ends_with_the_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    finder = np.pad(np.array(qr_matrix("x", "L").modules)[:7, :7], 1)
    picture = np.tile(draw(finder, 1, 0), (342, 342))
    asked: list[int] = []

    def stopped() -> bool:
        asked.append(1)
        return len(asked) > 8

    monkeypatch.setattr(scan_worker, "_LOOK_S", 0.01)
    assert scan_search.search(to_rgb(picture), ZXING, TEXT, stopped).hit is None


@pytest.mark.parametrize("module_px", [7, 9])
@pytest.mark.parametrize("ground", ["black", "noise"])
def test_a_code_without_a_margin_on_dark_ground_is_read_fast(ground: str, module_px: int) -> None:
    bare = draw(np.array(qr_matrix(TEXT, "M").modules), module_px, 0)
    sides = [each + 100 for each in bare.shape]
    noise = cv2.resize(np.random.default_rng(3).integers(0, 90, (8, 8)).astype(np.uint8), sides[::-1])
    picture = np.asarray(noise if ground == "noise" else np.full(sides, 25), np.uint8)
    picture[40 : 40 + len(bare), 50 : 50 + len(bare)] = bare
    readers = installed()
    if "pyzbar" not in {each.name for each in readers}:
        pytest.skip("of the readers only WeChat, which is slow, and pyzbar see these")
    assert search(picture, readers, TEXT).hit is not None


@pytest.mark.parametrize("module_px", [5, 7])
def test_a_code_without_a_margin_in_a_dark_photograph_is_read_by_zxing_alone(module_px: int) -> None:
    bare = draw(np.array(qr_matrix(TEXT, "M").modules), module_px, 0)
    noise = np.random.default_rng(2).integers(50, 140, (9, 12)).astype(np.uint8)
    picture = np.asarray(cv2.resize(noise, (1200, 900), interpolation=cv2.INTER_CUBIC), np.uint8)
    picture[300 : 300 + len(bare), 420 : 420 + len(bare)] = bare
    assert reads(picture)


def sheet(rows: int, columns: int, module_px: int, quiet: int) -> tuple[Image, list[str]]:
    """A page of codes beside each other, and their texts."""
    texts = [f"https://example.com/a?b={row}&k={column}" for row in range(rows) for column in range(columns)]
    codes = [draw(np.array(qr_matrix(each, "L", version=3).modules), module_px, quiet) for each in texts]
    return np.block([codes[row * columns : (row + 1) * columns] for row in range(rows)]), texts  # type: ignore[list-item]


@pytest.mark.parametrize(("rows", "columns", "module_px"), [(10, 14, 3), (12, 20, 3), (9, 9, 2)])
def test_every_code_of_a_sheet_is_listed_and_no_other(rows: int, columns: int, module_px: int) -> None:
    picture, texts = sheet(rows, columns, module_px, 4)
    found = search(picture, ZXING, None)
    assert sorted({*texts_of(found.tallies.values()), *every_text(picture, ZXING, None, found.tallies)}) == sorted(
        texts
    )


def test_a_corner_of_a_large_code_is_no_micro_code() -> None:
    picture, texts = sheet(10, 14, 3, 4)
    small = np.asarray(cv2.resize(picture, None, fx=0.66, fy=0.66, interpolation=cv2.INTER_AREA), np.uint8)
    assert {*ZXING[0].decode(small)} <= {*texts}


@pytest.mark.parametrize("module_px", [2, 5, 11])
@pytest.mark.parametrize("inverted", [False, True])
def test_a_code_without_a_margin_on_a_ground_of_its_modules_color_is_read(module_px: int, *, inverted: bool) -> None:
    bare = draw(np.array(qr_matrix(TEXT, "M").modules), module_px, 0)
    picture = np.zeros([each + 60 for each in bare.shape], np.uint8)
    picture[30 : 30 + len(bare), 25 : 25 + len(bare)] = bare
    assert reads(255 - picture if inverted else picture)


def test_a_sheet_of_hundreds_that_a_reader_gives_up_as_a_whole_is_read_in_its_parts() -> None:
    class Overwhelmed(FakeDecoder):
        def decode(self, gray: Image) -> list[str]:
            return [TEXT] if gray.shape == (500, 700) else []

    picture = np.full((1000, 1400), 255, np.uint8)
    picture[::8] = 0
    found = search(picture, [Overwhelmed()], None)
    assert found.hit is not None
    assert found.hit.part


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_picture_of_one_level_is_looked_at_once(level: int) -> None:
    seen: list[tuple[int, ...]] = []

    class Counting(FakeDecoder):
        def decode(self, gray: Image) -> list[str]:
            seen.append(gray.shape)
            return []

    search(np.full((600, 800, 3), level, np.uint8), [Counting()], None)
    assert seen == [(600, 800)]
