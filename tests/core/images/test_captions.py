"""Lines of text below a picture."""

from __future__ import annotations

from PIL import ImageFont

from lib_bootcamp.core.images.contact_sheet import wrapped

FONT = ImageFont.load_default()
LINE = "0.50 (zxing-cpp, wechat, opencv), 15 of 16 conditions"


def test_a_line_that_fits_stays_one() -> None:
    assert wrapped([LINE, "try 1"], 2000, FONT) == [LINE, "try 1"]


def test_a_line_that_is_too_wide_goes_on_after_the_comma_that_makes_both_shortest() -> None:
    wide = int(FONT.getlength(LINE)) if hasattr(FONT, "getlength") else 320
    assert wrapped([LINE, "try 1"], wide * 2 // 3, FONT) == [
        "0.50 (zxing-cpp, wechat,",
        "opencv), 15 of 16 conditions",
        "try 1",
    ]


def test_without_a_comma_there_is_nowhere_to_go_on() -> None:
    assert wrapped(["x" * 200], 64, FONT) == ["x" * 200]
