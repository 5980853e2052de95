from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib_bootcamp.core.images.arrays import Image
from lib_bootcamp.core.scan import decoders as scan_decoders
from lib_bootcamp.core.scan.decoders import DECODERS, Decoder, installed
from lib_bootcamp.core.scan.reading import read
from tests.core.scan.scan_pictures import TEXT, FakeDecoder, code

INSTALLED = installed()
each_reader = pytest.mark.parametrize("decoder", INSTALLED, ids=lambda each: each.name)
VCARD = "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Zoë Ångström\r\nNOTE:a\\;b\tc\r\nEND:VCARD\r\n"


def odd(kind: str, height: int, width: int) -> Image:
    rng = np.random.default_rng(height * 10_000 + width)
    if kind == "white":
        return np.full((height, width), 255, np.uint8)
    if kind == "chessboard":
        return (np.indices((height, width)).sum(0) % 2 * 255).astype(np.uint8)
    return rng.integers(0, 256, (height, width), dtype=np.uint8)


def test_zxing_is_installed() -> None:
    assert "zxing-cpp" in {each.name for each in INSTALLED}


@each_reader
@pytest.mark.parametrize("text", [TEXT, "0123456789", "ABC-1/2", "WIFI:T:WPA;S:a\\;b;P:p\\\\w;;"])
def test_each_reader_gives_the_exact_text_of_a_clean_code(decoder: Decoder, text: str) -> None:
    assert read(decoder, code(text)) == (text,)


@pytest.mark.parametrize("decoder", [each for each in INSTALLED if each.name != "opencv"], ids=lambda each: each.name)
@pytest.mark.parametrize("text", [VCARD, "日本語", "Привет", "é", "😀", " x\n"])
def test_control_characters_and_scripts_come_back_unchanged(decoder: Decoder, text: str) -> None:
    assert read(decoder, code(text, "L")) == (text,)


@settings(max_examples=25, deadline=None)
@given(st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), min_size=1, max_size=40))
def test_zxing_gives_back_any_text(text: str) -> None:
    assert read(DECODERS[0], code(text, "L", module_px=4)) == (text,)


@pytest.mark.parametrize(
    ("guessed", "meant"), [("na簿ve caf矇", "naïve café"), ("譌･", "日"), ("plain", "plain"), ("日本", "日本")]
)
def test_zbar_guess_of_the_character_set_is_undone(guessed: str, meant: str) -> None:
    assert scan_decoders._zbar_text(guessed.encode()) == meant


@each_reader
@pytest.mark.parametrize("kind", ["white", "chessboard", "noise"])
@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1), (3, 1000), (21, 21), (31, 307)])
def test_odd_pictures_give_nothing(decoder: Decoder, kind: str, size: tuple[int, int]) -> None:
    assert read(decoder, odd(kind, *size)) == ()


@each_reader
def test_every_second_pixel_of_a_larger_picture_is_readable(decoder: Decoder) -> None:
    gray = code()
    view = np.repeat(np.repeat(gray, 2, 0), 2, 1)[::2, ::2]
    assert not view.flags.c_contiguous
    assert read(decoder, view) == (TEXT,)


@pytest.mark.parametrize("error", [ValueError("x"), RuntimeError("x"), SystemError("x"), MemoryError("x")])
def test_a_reader_that_raises_found_nothing(error: Exception) -> None:
    assert read(FakeDecoder(error=error), code()) == ()


def test_an_error_of_opencv_counts_as_nothing_found() -> None:
    import cv2

    assert read(FakeDecoder(error=cv2.error("bad picture")), code()) == ()


def test_a_bug_of_ours_is_not_hidden() -> None:
    with pytest.raises(AssertionError):
        read(FakeDecoder(error=AssertionError()), code())


def test_a_reader_never_sees_less_than_32_px_a_side() -> None:
    decoder = FakeDecoder()
    read(decoder, odd("white", 1, 5))
    assert decoder.shapes == [(32, 32)]


def test_a_sliver_is_padded_to_half_its_length() -> None:
    decoder = FakeDecoder()
    read(decoder, odd("white", 10, 400))
    assert decoder.shapes == [(200, 400)]


def test_an_inverted_code_is_padded_with_its_own_dark_ground() -> None:
    seen = []
    decoder = FakeDecoder()
    decoder.decode = lambda gray: seen.append(int(gray[0, 0])) or []  # type: ignore[method-assign]
    read(decoder, odd("white", 8, 8) - 255)
    assert seen == [0]


def test_zxing_sees_a_tiny_picture_as_it_is() -> None:
    assert DECODERS[0].smallest_side == 1


def test_zxing_is_asked_for_every_kind_of_qr_code_in_old_versions_too() -> None:
    class Old:
        QRCode, MicroQRCode, RMQRCode = 1, 2, 4

    assert scan_decoders._zxing_formats(Old) == 7


def test_a_reader_never_sees_more_than_its_largest_side() -> None:
    decoder = FakeDecoder(largest_side=512)
    read(decoder, odd("white", 1000, 2000))
    assert decoder.shapes == [(256, 512)]


def test_the_same_text_twice_is_reported_once() -> None:
    assert read(FakeDecoder(texts=("a", "b", "a", "")), code()) == ("a", "b")


def test_only_the_readers_asked_for_are_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan_decoders, "DECODERS", (FakeDecoder(), FakeDecoder(name="quirc")))
    assert [each.name for each in installed(["quirc"])] == ["quirc"]


def test_a_reader_that_is_missing_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan_decoders, "DECODERS", (FakeDecoder(), FakeDecoder(name="quirc", here=False)))
    assert [each.name for each in installed()] == ["zxing-cpp"]


def test_an_opencv_without_wechat_has_no_wechat_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    import cv2

    monkeypatch.delattr(cv2, "wechat_qrcode_WeChatQRCode", raising=False)
    assert not scan_decoders.WechatDecoder().available()


def test_a_wechat_that_wants_models_is_not_available(monkeypatch: pytest.MonkeyPatch) -> None:
    import cv2

    def wants_models() -> None:
        raise cv2.error("detect.prototxt is missing")

    monkeypatch.setattr(cv2, "wechat_qrcode_WeChatQRCode", wants_models, raising=False)
    assert not scan_decoders.WechatDecoder().available()


@pytest.mark.parametrize("decoder", DECODERS, ids=lambda each: each.name)
def test_a_reader_whose_package_does_not_import_is_not_available(
    decoder: Decoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan_decoders, "_import", lambda name: None)
    assert not decoder.available()


def test_a_code_that_is_not_in_utf8_keeps_the_text_zxing_reads() -> None:
    class Barcode:
        bytes = b"\xe9t\xe9"
        text = "été"
        symbology_identifier = "]Q1"

    assert scan_decoders._zxing_text(Barcode()) == "été"
