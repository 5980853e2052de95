"""Compare control: which rows and columns, with what scores, and what is said of a map that cannot be drawn."""

from __future__ import annotations

import inspect
import json
import re
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageFont

from lib_bootcamp.surfaces.webui.plan import driven_of
from lib_bootcamp.surfaces.webui.scripts import outcome
from tests.surfaces.webui.generations import MONSTER, Refusal
from tests.surfaces.webui.scripts.pipeline import CLEAR, COMPARE, SIDE, Pipeline, asked_of_webui, run

CANNY = "control_v11p_sd15_canny"
MODELS = (MONSTER, "control_v1p_sd15_brightness", CANNY, "control_v1p_sd15_illumination")
RAMP = np.repeat(np.linspace(0, 255, SIDE).astype(np.uint8)[None, :, None], SIDE, 0).repeat(3, 2)
PAGE: dict[str, Any] = {"controls": ["qr"], "strengths": [1.0]}
ASKED: dict[str, Any] = {"controls": ["qr", "edges"], "content": "HELLO", "image": RAMP, "strengths": [0.5, 1.0]}


def clear(p: Any, at: int) -> float:
    return CLEAR


def compare(asked: dict[str, Any], pipeline: Pipeline | None = None, **values: Any) -> Any:
    return run(
        COMPARE, pipeline or Pipeline(clear), asked_of_webui(width=464, height=464, **values), asked, models=MODELS
    )


def titles(made: Any) -> Any:
    return made.images[0].info["titles"]


def test_each_map_is_a_row_with_the_map_in_front_and_each_strength_a_column() -> None:
    made = compare(ASKED)
    assert titles(made) == (["control map", "strength 0.5", "strength 1"], ["QR control map", "Edge map"])
    assert len(made.images) == 5


def test_seeds_are_rows_of_their_own() -> None:
    made = compare({**ASKED, "controls": ["qr"], "seeds": 2})
    assert titles(made)[1] == ["QR control map, seed 7", "QR control map, seed 8"]


def test_the_strength_multiplies_the_weight_of_each_maps_own_unit() -> None:
    pipeline = Pipeline(clear)
    compare({**ASKED, "weight": 1.0}, pipeline)
    units = [p.units()[0] for p in pipeline.drawn]
    assert [each["weight"] for each in units] == [0.5, 1.0, 0.5, 1.0]
    assert [each["model"].split(" ")[0] for each in units] == [MONSTER, MONSTER, CANNY, CANNY]


def test_a_map_is_made_once_for_all_strengths() -> None:
    pipeline = Pipeline(clear)
    compare({**ASKED, "controls": ["edges"]}, pipeline)
    first, second = (driven_of(p).first for p in pipeline.drawn)  # type: ignore[union-attr]
    assert first is second


def test_each_picture_has_the_sections_infotext_and_the_grid_the_scripts() -> None:
    made = compare({**ASKED, "controls": ["qr"]})
    assert f"Script: {COMPARE}" in made.infotexts[0]
    assert "Bootcamp: " not in made.infotexts[0]
    assert all("Bootcamp: control=qr" in text and "Script: " not in text for text in made.infotexts[1:])
    assert "weight=0.75" in made.infotexts[1]  # half of the preset's


def test_a_code_is_scanned_and_another_map_is_held_against_the_one_of_the_picture() -> None:
    pipeline = Pipeline(clear)
    made = compare(ASKED, pipeline)
    scan = r"Bootcamp scan: [01]\.\d\d of all readings \(zxing-cpp\), \d+ of 16 conditions"
    assert all(re.search(scan, text) for text in made.infotexts[1:3])
    assert not any("Bootcamp scan" in text for text in made.infotexts[3:])


def test_settings_of_single_maps_are_rows_of_their_own() -> None:
    settings = "control=edges&method=scharr\nBootcamp: control=qr&content=OTHER"
    made = compare({**ASKED, "controls": ["qr"], "settings": settings, "strengths": [1.0]})
    assert titles(made)[1] == ["QR control map", "Edge map, method=scharr", "QR control map, content=OTHER"]


def test_a_line_of_the_settings_that_cannot_be_read_is_named() -> None:
    with pytest.raises(Refusal, match=r"^settings cannot be read in line 1: methd is not a param.*did you mean method"):
        compare({**ASKED, "settings": "control=edges&methd=x"})


@pytest.mark.parametrize("line", ["garbage", "method=dog", "%%%", "Bootcamp: x"])
def test_a_line_of_the_settings_that_names_no_map_says_how_it_begins(line: str) -> None:
    made = from_page({**PAGE, "settings": f"control=qr\n\n{line}"}, Pipeline(clear))
    assert re.match(
        r"Settings of single maps cannot be read in line 3: it names no control map; begin it with control= and one of "
        r"qr, .*lighting",
        made.comments,
    )


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("control=qrr", "it is for qrr, which is no control map here"),
        ("control=qr&grid_px=x", "grid_px is 'x'; that is not a whole number"),
        ("control=qr&grid_px=999", "grid_px must be a whole number"),
        ("control=qr&content=a&content=b", "content appears twice; write it once"),
    ],
)
def test_a_mistake_in_a_line_of_the_settings_names_the_line(line: str, words: str) -> None:
    made = from_page({**PAGE, "settings": line}, Pipeline(clear))
    assert made.comments.startswith(f"Settings of single maps cannot be read in line 1: {words}")


LONG = {"content": f"https://example.com/a/long/path?x={'1' * 150}"}


@pytest.mark.parametrize("content", [LONG, {"content": ""}], ids=["does not fit", "is missing"])
@pytest.mark.parametrize("by_api", [True, False])
def test_a_map_with_a_mistake_is_left_out_and_the_others_are_drawn(content: Any, *, by_api: bool) -> None:
    asked = {"controls": ["qr", "lighting"], "strengths": [1.0], **content}
    made = compare(asked) if by_api else from_page(asked, Pipeline(clear))
    assert titles(made)[1] == ["Lighting map"]
    assert re.search(r"^QR control map was left out: [Cc]ontent (does not fit|is missing)", made.comments, re.MULTILINE)


def test_what_only_a_line_of_the_settings_can_set_is_advised_by_that_field() -> None:
    asked = {"controls": ["qr", "lighting"], "strengths": [1.0], **LONG}
    assert "or set grid_px in Settings of single maps to 1." in from_page(asked, Pipeline(clear)).comments
    assert "or set grid_px in settings to 1." in compare(asked).comments


def test_where_no_map_can_be_drawn_each_ones_mistake_is_told() -> None:
    made = from_page({"controls": ["qr", "edges"], "content": "", "strengths": [1.0]}, Pipeline(clear))
    assert made.images == []
    assert re.match(r"No map can be drawn. QR control map: Content is missing; .* Edge map: Picture is", made.comments)


def test_a_picture_that_skip_left_is_named_and_the_next_one_is_drawn() -> None:
    pipeline = Pipeline(clear, skip_at=(1,))
    made = compare({**ASKED, "seeds": 2}, pipeline)
    assert len(pipeline.drawn) == 8
    assert "Skipped: QR control map, seed 7, strength 0.5." in made.comments


def test_in_img2img_without_a_picture_nothing_is_drawn() -> None:
    pipeline = Pipeline(clear)
    with pytest.raises(Refusal, match="init_images holds no picture"):
        compare({}, pipeline, init_images=[None])
    assert pipeline.drawn == []


def test_a_map_that_cannot_be_drawn_is_left_out_and_told_of() -> None:
    made = run(COMPARE, Pipeline(clear), asked_of_webui(width=464, height=464), ASKED, models=(MONSTER,))
    assert titles(made)[1] == ["QR control map"]
    assert "Edge map was left out: No ControlNet model that fits is installed." in made.comments


def test_where_no_map_can_be_drawn_it_fails_with_the_first_ones_sentence() -> None:
    with pytest.raises(Refusal, match="No ControlNet model that fits is installed"):
        run(COMPARE, Pipeline(clear), asked_of_webui(), {**ASKED, "controls": ["edges"]}, models=(MONSTER,))


def test_a_map_without_its_picture_says_so_before_anything_is_drawn() -> None:
    with pytest.raises(Refusal, match="image is missing"):
        compare({**ASKED, "image": None, "controls": ["edges"]})


def test_in_img2img_the_picture_drawn_over_is_what_maps_are_made_from() -> None:
    from PIL import Image

    pipeline = Pipeline(clear)
    picture = Image.fromarray(RAMP).resize((464, 464))
    compare({"controls": ["brightness"], "strengths": [1.0]}, pipeline, init_images=[picture])
    assert driven_of(pipeline.drawn[0]).first.image.std() > 50  # type: ignore[union-attr]


def test_interrupt_keeps_what_is_drawn() -> None:
    pipeline = Pipeline(clear, stop_after=1)
    made = compare(ASKED, pipeline)
    assert len(pipeline.drawn) == 1
    assert len(made.all_seeds) == 1


def test_seeds_are_drawn_in_batches() -> None:
    pipeline = Pipeline(clear)
    compare({**ASKED, "controls": ["qr"], "strengths": [1.0], "seeds": 3}, pipeline, batch_size=2)
    assert [p.batch_size for p in pipeline.drawn] == [2, 1]


def test_with_nothing_to_compare_it_says_so() -> None:
    with pytest.raises(Refusal, match="controls is empty"):
        compare({"controls": []})


def captions(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The lines and the font of each cell of the next grid."""
    seen: list[Any] = []
    own = outcome.captioned
    monkeypatch.setattr(outcome, "captioned", lambda *given: (seen.append(given[1:]), own(*given))[1])
    return seen


def test_the_line_below_a_picture_of_the_grid_is_its_infotexts_scan(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = captions(monkeypatch)
    made = compare({**ASKED, "controls": ["qr"]})
    for (lines, _), text in zip(seen[1:], made.infotexts[1:], strict=True):
        line = " ".join(each for each in lines if each)
        assert line.startswith(("0.", "1.", "read by "))
        assert f"Bootcamp scan: {line}" in text


def test_below_the_grid_stands_its_own_text() -> None:
    made = compare({**ASKED, "controls": ["qr"]})
    assert made.info == made.infotexts[0]
    assert f"Script: {COMPARE}" in made.info
    assert "Bootcamp scan" not in made.info


@pytest.mark.skipif(not inspect.signature(ImageFont.load_default).parameters, reason="an older Pillow has one size")
def test_captions_are_as_large_as_the_titles_where_they_fit_and_smaller_where_they_do_not() -> None:
    sizes: list[int] = []

    class Sized(Pipeline):
        def font(self, px: int) -> Any:
            sizes.append(px)
            return ImageFont.load_default(px)

    def shown(line: str) -> Any:
        return outcome.Shown(Image.new("RGB", (500, 500)), "", 0, "", (line,))

    outcome.grid_of(Sized(clear), [[shown("short")]], ["a"], ["b"])
    assert sizes == [40]
    outcome.grid_of(Sized(clear), [[shown("a line that is as long as a line of a scan may be")]], ["a"], ["b"])
    assert 20 < sizes[-1] < 40


def test_nothing_given_is_something_that_can_be_drawn() -> None:
    made = compare({})
    assert titles(made)[1] == ["QR control map", "Lighting map"]
    assert len(made.images) == 7


def from_page(asked: dict[str, Any], pipeline: Pipeline) -> Any:
    p = asked_of_webui(width=464, height=464)
    return run(COMPARE, pipeline, p, json.dumps(asked), "", models=MODELS)


def test_on_the_page_a_mistake_is_a_comment_in_the_words_of_the_form_and_nothing_is_raised() -> None:
    made = from_page({"controls": ["edges"]}, Pipeline(clear))
    assert made.images == []
    assert made.comments == "Picture is missing; Edge map is made from a picture.\n"


def test_on_the_page_a_map_that_is_left_out_is_told_of_in_the_words_of_the_form() -> None:
    made = from_page({"controls": ["qr", "edges"], "strengths": [1]}, Pipeline(clear))
    assert "Edge map was left out: Picture is missing" in made.comments


def test_on_the_page_an_error_of_the_program_is_raised() -> None:
    def broken(p: Any, at: int) -> float:
        raise RuntimeError("out of memory")

    with pytest.raises(RuntimeError, match="out of memory"):
        from_page({"controls": ["qr"]}, Pipeline(broken))


def test_what_cannot_be_read_as_numbers_is_refused_in_the_words_of_the_form() -> None:
    made = from_page({"strengths": "abc"}, Pipeline(clear))
    assert made.comments == "Strengths must be a list of numbers, not 'abc'.\n"


def test_after_interrupt_it_says_how_many_were_drawn() -> None:
    made = compare({**ASKED, "controls": ["qr"], "strengths": [0.5, 1, 1.5]}, Pipeline(clear, stop_after=2))
    assert "2 of 3 pictures were drawn." in made.comments


def test_over_the_api_comments_stand_in_the_generation_parameters() -> None:
    made = compare({**ASKED, "controls": ["qr"], "strengths": [0.5, 1, 1.5]}, Pipeline(clear, stop_after=2))
    assert "2 of 3 pictures were drawn." in made.extra_generation_params["Bootcamp comments"]
