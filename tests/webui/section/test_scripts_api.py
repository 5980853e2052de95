"""The scripts of the Script dropdown over the real WebUI's API, by guidance on the small checkpoint."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from lib_bootcamp.surfaces.webui.scripts.declared import UNTIL_IT_SCANS
from tests.webui.conftest import LOGIN, Drawn, Webui, encoded, pixels, with_mini
from tests.webui.guided import PROMPT, SIDE, draw, read, wrong

UNTIL, COMPARE = "QR art until it scans", "Compare control"
CODE = {"content": "HELLO", "grid_px": 8, "apply_by": "guidance", "margin": 0.4, "dead_zone": 0.3}
PLAIN = {**CODE, "touch_up": 0}
WEAK = {**CODE, "margin": 0.05, "dead_zone": 0.02, "touch_up": 0}


@pytest.fixture(scope="module")
def mini(webui: Webui) -> Iterator[Webui]:
    with with_mini(webui) as loaded:
        yield loaded


def script(webui: Webui, name: str, args: Any, kind: str = "txt2img", **more: Any) -> Drawn:
    asked = args if isinstance(args, list) else [args]
    return webui.draw(kind, script_name=name, script_args=asked, **{**PROMPT, **more})


def saved(webui: Webui) -> int:
    return len(list((webui.data / "outputs" / "txt2img-images").rglob("*.png")))


@pytest.fixture(scope="module")
def all_drawn(mini: Webui) -> Drawn:
    asked = {**PLAIN, "seeds": 2, "strengths": [0.5, 1.0], "max_tries": 1, "stop_after": 0}
    drawn = script(mini, UNTIL, asked)
    assert drawn.status == 200, drawn.answer
    return drawn


def test_the_dropdown_has_both_scripts_in_both_tabs(webui: Webui) -> None:
    names = webui.call("/sdapi/v1/scripts")[1]
    assert {UNTIL.lower(), COMPARE.lower()} <= set(names["txt2img"]) & set(names["img2img"])


def test_the_first_picture_that_scans_ends_it(mini: Webui) -> None:
    drawn = script(mini, UNTIL, {**CODE, "seeds": 4})
    assert drawn.status == 200, drawn.answer
    assert read(drawn.pictures[0]) == ["HELLO"]
    assert len(drawn.pictures) == 1
    assert re.search(r"Bootcamp scan: \"?\d\.\d\d of all readings \(.*zxing", drawn.texts[0])


def test_the_grid_stands_before_the_best_picture_and_the_others(all_drawn: Drawn) -> None:
    grid, best, *others = all_drawn.pictures
    assert all_drawn.info["index_of_first_image"] == 1
    assert grid.shape[0] > 2 * SIDE
    assert grid.shape[1] > 2 * SIDE
    assert len(others) == 3
    assert wrong(best) <= min(map(wrong, others))
    assert len(all_drawn.texts) == 5


def test_a_first_try_at_strength_1_is_the_picture_that_the_section_draws(mini: Webui, all_drawn: Drawn) -> None:
    by_section = draw(mini, {"control": "qr", **PLAIN}, seed=1).pictures[0]
    shown = zip(all_drawn.pictures[1:], all_drawn.texts[1:], strict=True)
    full = next(each for each, text in shown if "strengths=[1.0]" in text and "Seed: 1," in text)
    assert np.array_equal(by_section, full)


def test_its_infotext_alone_draws_the_best_picture_again(mini: Webui, all_drawn: Drawn) -> None:
    status, answer = mini.call("/sdapi/v1/txt2img", {"script_name": UNTIL, "infotext": all_drawn.texts[1]})
    assert status == 200, answer
    assert np.array_equal(pixels(answer["images"][0]), all_drawn.pictures[1])


def test_weak_modules_are_weighed_more_and_then_inpainted_alone(mini: Webui) -> None:
    asked = {**WEAK, "seeds": 1, "strengths": [1.0], "save": "all"}
    before, pictures = saved(mini), []
    for tries in (1, 3):
        drawn = script(mini, UNTIL, {**asked, "max_tries": tries}, save_images=True)
        assert drawn.status == 200, drawn.answer
        pictures.append(drawn)
    assert saved(mini) - before == 4
    first, third = pictures
    assert wrong(third.pictures[0]) < wrong(first.pictures[0])


def test_with_hires_fix_a_repair_has_the_large_pictures_size(mini: Webui) -> None:
    more = {"enable_hr": True, "hr_scale": 2, "hr_upscaler": "Latent", "denoising_strength": 0.6}
    drawn = script(mini, UNTIL, {**WEAK, "seeds": 1, "strengths": [1.0], "max_tries": 3}, **more)
    assert drawn.status == 200, drawn.answer
    assert drawn.pictures[0].shape == (2 * SIDE, 2 * SIDE, 3)


def test_a_batch_gives_a_picture_for_each_seed(mini: Webui) -> None:
    asked = {**CODE, "seeds": 3, "strengths": [1.0], "max_tries": 1, "stop_after": 0}
    drawn = script(mini, UNTIL, asked, batch_size=2)
    assert drawn.status == 200, drawn.answer
    assert sorted(drawn.info["all_seeds"]) == [1, 2, 3]


def test_only_the_best_is_saved_and_the_grid(mini: Webui) -> None:
    before = saved(mini)
    grids = mini.data / "outputs" / "txt2img-grids"
    had = len(list(grids.rglob("*.png")))
    asked = {**CODE, "seeds": 2, "strengths": [1.0], "max_tries": 1, "stop_after": 0}
    assert script(mini, UNTIL, asked, save_images=True).status == 200
    assert saved(mini) - before == 1
    assert len(list(grids.rglob("*.png"))) - had == 1


def test_in_img2img_it_draws_over_the_picture(mini: Webui) -> None:
    start = encoded(np.full((SIDE, SIDE, 3), 128, np.uint8))
    asked = {**CODE, "seeds": 1, "strengths": [1.0], "max_tries": 3}
    drawn = script(mini, UNTIL, asked, "img2img", init_images=[start], denoising_strength=0.9)
    assert drawn.status == 200, drawn.answer
    assert wrong(drawn.pictures[0]) < 0.1


def test_values_by_position_are_those_of_the_object(mini: Webui) -> None:
    asked = {**CODE, "seeds": 1, "strengths": [1.0], "max_tries": 1}
    by_position = [asked.get(each.name) for each in UNTIL_IT_SCANS.fields]
    drawn, by_name = script(mini, UNTIL, by_position), script(mini, UNTIL, asked)
    assert drawn.status == 200, drawn.answer
    assert drawn.texts == by_name.texts


@pytest.mark.parametrize(
    ("name", "args", "words"),
    [
        (UNTIL, [{"conten": "x"}], "did you mean content"),
        (UNTIL, [{}], "content is missing"),
        (UNTIL, [{"content": "x", "seeds": 0}], "seeds must be a whole number from 1 to 100"),
        (UNTIL, [{"content": "x" * 3000, "apply_by": "guidance"}], "content"),
        (COMPARE, [{"controls": ["qrr"]}], "did you mean qr"),
        (COMPARE, [{"controls": ["edges"]}, {}], "more than one object"),
    ],
)
def test_a_mistake_is_one_sentence(webui: Webui, name: str, args: Any, words: str) -> None:
    drawn = script(webui, name, args)
    assert drawn.status == 422, drawn.answer
    assert words in drawn.answer["detail"]


def test_maps_are_compared_in_one_grid(mini: Webui) -> None:
    asked = {"controls": ["qr", "lighting"], "content": "HELLO", "apply_by": "guidance", "strengths": [0.5, 1.5]}
    drawn = script(mini, COMPARE, asked)
    assert drawn.status == 200, drawn.answer
    assert len(drawn.pictures) == 5
    assert drawn.pictures[0].shape[1] > 3 * SIDE
    assert "Script: Compare control" in drawn.texts[0]
    assert "Bootcamp: control=qr" in drawn.texts[1]
    assert "Bootcamp: control=lighting" in drawn.texts[3]


@pytest.mark.parametrize("content", ["", "https://example.com/a/path/too/long/for/this/size"])
def test_a_map_that_cannot_be_drawn_is_left_out_of_a_comparison(mini: Webui, content: str) -> None:
    asked = {"controls": ["qr", "lighting"], "content": content, "apply_by": "guidance", "strengths": [1.0]}
    drawn = script(mini, COMPARE, asked)
    assert drawn.status == 200, drawn.answer
    assert len(drawn.pictures) == 2
    assert drawn.info["extra_generation_params"]["Bootcamp comments"].startswith(
        "QR control map was left out: content "
    )


@pytest.mark.parametrize("name", [UNTIL, COMPARE])
def test_in_img2img_without_a_picture_it_is_one_sentence(mini: Webui, name: str) -> None:
    drawn = script(mini, name, {"content": "HELLO"}, "img2img", init_images=[])
    assert drawn.status == 422, drawn.answer
    assert drawn.answer["detail"] == "init_images holds no picture; put one there, or use txt2img."


def test_after_a_script_the_section_and_no_script_draw_as_before(mini: Webui, all_drawn: Drawn) -> None:
    first = mini.draw(**PROMPT).pictures[0]
    script(mini, UNTIL, {**CODE, "seeds": 1})
    assert np.array_equal(mini.draw(**PROMPT).pictures[0], first)


def test_where_the_section_is_on_too_the_script_is_drawn(mini: Webui) -> None:
    section = {"control": "lighting", "map_preset": "left", "apply_by": "guidance"}
    drawn = script(mini, UNTIL, {**CODE, "seeds": 1}, section=[section])
    assert drawn.status == 200, drawn.answer
    assert read(drawn.pictures[0]) == ["HELLO"]


def test_scripts_work_without_a_page(guarded: Webui) -> None:
    body = {"steps": 1, "width": SIDE, "height": SIDE, "script_name": UNTIL, "script_args": [{"conten": "x"}]}
    status, answer = guarded.call("/sdapi/v1/txt2img", body, login=LOGIN)
    assert (status, "did you mean content" in answer["detail"]) == (422, True)


MANY = {**PLAIN, "seeds": 100, "strengths": [1.0], "max_tries": 1, "stop_after": 0}


@contextmanager
def running(webui: Webui, asked: dict[str, Any]) -> Iterator[Callable[[], Drawn]]:
    """A script that draws meanwhile; gives a function that waits for its end."""
    with ThreadPoolExecutor(1) as pool:
        drawn = pool.submit(script, webui, UNTIL, asked)
        end = time.monotonic() + 120
        while "seed 2" not in webui.call("/sdapi/v1/progress?skip_current_image=true")[1]["state"]["job"]:
            assert time.monotonic() < end, "nothing is drawn"
            time.sleep(0.05)
        yield lambda: drawn.result(240)


def test_the_bar_shows_how_far_it_is_and_interrupt_keeps_what_is_drawn(mini: Webui) -> None:
    with running(mini, MANY) as ended:
        progress = mini.call("/sdapi/v1/progress?skip_current_image=true")[1]
        assert 0 < progress["progress"] < 0.5
        mini.call("/sdapi/v1/interrupt", {})
        drawn = ended()
    assert drawn.status == 200, drawn.answer
    assert 2 <= len(drawn.pictures) < 100
    assert drawn.info["index_of_first_image"] == 1


def test_skip_leaves_a_picture_as_it_is_and_goes_on(mini: Webui) -> None:
    with running(mini, {**MANY, "seeds": 8, "max_tries": 3, "margin": 0.02, "dead_zone": 0.01}) as ended:
        mini.call("/sdapi/v1/skip", {})
        drawn = ended()
    assert drawn.status == 200, drawn.answer
    assert sorted(drawn.info["all_seeds"]) == list(range(1, 9))
