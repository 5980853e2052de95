"""What a script's form says before anything is drawn: what fits, what is missing, how large the picture should be."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from lib_bootcamp.errors import InvalidParamError
from lib_bootcamp.surfaces.webui.panel.preview import PanelPreview, PreviewParams
from lib_bootcamp.surfaces.webui.scripts.preview import preview_script
from tests.surfaces.webui.generations import MONSTER, runner

CODE = {"content": "https://example.com"}


def asked(values: dict[str, Any], script: str = "until_it_scans", *, side: int = 512, **more: Any) -> PanelPreview:
    params = PreviewParams(values=json.dumps(values), width=side, height=side, script=script, **more)
    return preview_script(runner(MONSTER), params)


def test_a_picture_that_is_too_small_is_told_of_with_the_side_to_set() -> None:
    made = asked({**CODE, "grid_px": 16})
    assert (made.fits, made.side) == (False, 592)
    assert "make width and height at least 592" in made.notes[0]
    assert "grid_px" not in made.summary()


def test_a_code_that_fits_is_shown() -> None:
    made = asked({**CODE, "grid_px": 8, "preset": "automatic"})
    assert made.fits
    assert made.image is not None
    assert made.image.shape[:2] == (512, 512)


def test_what_is_missing_is_named_by_its_label() -> None:
    assert asked({}).notes[0].startswith("Content is missing")


def test_what_cannot_be_read_is_named_by_its_label() -> None:
    assert asked({**CODE, "strengths": "abc"}).notes == ("Strengths must be a list of numbers, not 'abc'.",)


def test_a_comparison_names_each_map_for_which_something_is_missing() -> None:
    made = asked({"controls": ["qr", "brightness", "edges"]}, "compare_control")
    assert not made.fits
    assert [each.split(":")[0] for each in made.notes] == ["QR control map", "Brightness map", "Edge map"]
    assert all("grid_px" not in each and "image" not in each for each in made.notes)


def test_a_comparison_says_which_side_a_code_needs() -> None:
    made = asked({"controls": ["qr"], "content": "https://example.com"}, "compare_control")
    assert made.side == 592


def test_a_comparison_advises_what_its_form_has() -> None:
    made = asked({"controls": ["qr"], "content": f"https://example.com/{'a' * 150}"}, "compare_control")
    assert "set grid_px in Settings of single maps to 1" in made.notes[0]


def test_the_comparison_that_a_form_begins_with_misses_nothing() -> None:
    assert asked({}, "compare_control").fits


def test_a_comparison_shows_the_codes_map_and_how_it_fits() -> None:
    made, alone = (asked({**CODE, "apply_by": "guidance"}, script) for script in ("compare_control", "until_it_scans"))
    assert made.image is not None
    assert np.array_equal(made.image, alone.image)
    assert made.side == alone.side == 592
    lighting = "Lighting map: Applied by luminance guidance."
    assert made.notes == (f"QR control map: {' '.join(alone.notes)}", lighting)
    assert "fills 45% of the width" in made.notes[0]


def test_a_comparison_shows_the_code_of_settings_of_their_own() -> None:
    line = "control=qr&content=HELLO&grid_px=8&foreground=%23000080"
    made = asked({"controls": ["lighting"], "settings": line, "apply_by": "guidance"}, "compare_control")
    assert made.image is not None
    assert (0, 0, 128) in {tuple(each) for each in made.image.reshape(-1, 3)[::7].tolist()}


def test_a_comparison_without_a_code_shows_no_map() -> None:
    assert asked({"controls": ["lighting"]}, "compare_control").image is None


def test_a_comparison_says_what_is_missing_beside_how_the_code_fits() -> None:
    made = asked({"controls": ["qr", "brightness"], **CODE, "apply_by": "guidance"}, "compare_control")
    assert made.image is not None
    assert [each.split(":")[0] for each in made.notes] == ["QR control map", "Brightness map"]
    assert made.notes[1] == "Brightness map: Picture is missing; give a picture."
    assert not made.fits


def test_in_img2img_the_picture_is_the_one_that_is_drawn_over() -> None:
    made = asked({"controls": ["brightness"], "apply_by": "guidance"}, "compare_control", img2img=True)
    assert made.fits


def test_a_script_that_is_not_ours_is_refused() -> None:
    with pytest.raises(InvalidParamError, match="script is none of ours"):
        asked({}, "other")
