"""QR art until it scans: which pictures are drawn, mended, kept, saved and shown."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pytest

from lib_bootcamp.operations.draw import qr_art_tries
from lib_bootcamp.surfaces.webui.plan import driven_of
from tests.surfaces.webui.generations import Refusal
from tests.surfaces.webui.scripts.pipeline import CLEAR, HIDDEN, SIDE, UNTIL, Pipeline, asked_of_webui, run

CODE = {"content": "HELLO", "grid_px": 8, "touch_up": 0}


def never(p: Any, at: int) -> float:
    return HIDDEN


def always(p: Any, at: int) -> float:
    return CLEAR


def from_seed(seed: int) -> Any:
    return lambda p, at: CLEAR if p.seed + at == seed else HIDDEN


def strengths_of(pipeline: Pipeline) -> list[float]:
    return [driven_of(p).strength for p in pipeline.drawn]  # type: ignore[union-attr]


def test_it_stops_at_the_first_picture_that_scans() -> None:
    pipeline = Pipeline(from_seed(9))
    made = run(UNTIL, pipeline, asked_of_webui(), {**CODE, "seeds": 5, "strengths": [1.0], "max_tries": 1})
    assert [p.seed for p in pipeline.drawn] == [7, 8, 9]
    assert made.seed == 9


def test_with_stop_after_0_all_pictures_are_drawn() -> None:
    pipeline = Pipeline(always)
    run(UNTIL, pipeline, asked_of_webui(), {**CODE, "seeds": 2, "strengths": [0.8, 1.2], "stop_after": 0})
    assert [(p.seed, round(each, 3)) for p, each in zip(pipeline.drawn, strengths_of(pipeline), strict=True)] == [
        (7, 0.8), (7, 1.2), (8, 0.8), (8, 1.2),
    ]  # fmt: skip


def test_the_strength_multiplies_the_control_weight() -> None:
    pipeline = Pipeline(always)
    run(
        UNTIL, pipeline, asked_of_webui(), {**CODE, "strengths": [0.5, 1.2], "stop_after": 0, "seeds": 1, "weight": 1.2}
    )
    assert [round(p.units()[0]["weight"], 3) for p in pipeline.drawn] == [0.6, 1.44]


def test_the_best_picture_is_first_after_the_grid_and_the_only_one_saved() -> None:
    pipeline = Pipeline(from_seed(8))
    made = run(
        UNTIL, pipeline, asked_of_webui(), {**CODE, "seeds": 3, "strengths": [1.0], "max_tries": 1, "stop_after": 0}
    )
    assert made.index_of_first_image == 1
    assert len(made.images) == len(made.infotexts) == 4
    assert [text for _, text in pipeline.saved] == [made.infotexts[1]]
    assert "Seed: 8" in made.infotexts[1]
    assert made.all_seeds == [8, 7, 9]


@pytest.mark.parametrize(("save", "seeds"), [("all", [7, 8, 9]), ("scanning", [8])])
def test_other_pictures_are_saved_where_that_is_asked_for(save: str, seeds: list[int]) -> None:
    pipeline = Pipeline(from_seed(8))
    asked = {**CODE, "seeds": 3, "strengths": [1.0], "max_tries": 1, "stop_after": 0, "save": save}
    run(UNTIL, pipeline, asked_of_webui(), asked)
    assert [f"Seed: {seed}" in text for seed, (_, text) in zip(seeds, pipeline.saved, strict=True)] == [True] * len(
        seeds
    )


def test_a_caller_who_wants_no_files_gets_none() -> None:
    pipeline = Pipeline(always)
    run(UNTIL, pipeline, asked_of_webui(do_not_save_samples=True), CODE)
    assert pipeline.saved == []


def test_a_second_try_weighs_weak_modules_more_and_a_third_inpaints_them_alone() -> None:
    pipeline = Pipeline(never)
    asked = {**CODE, "seeds": 1, "strengths": [1.0], "max_tries": 3, "apply_by": "guidance"}
    run(UNTIL, pipeline, asked_of_webui(), asked)
    first, second, third = pipeline.drawn
    assert driven_of(first).modules is None  # type: ignore[union-attr]
    assert driven_of(second).modules.max() > 1.5  # type: ignore[union-attr]
    assert not getattr(second, "init_images", None)
    mask = np.asarray(third.image_mask)
    assert 0 < mask.mean() < 255
    assert third.denoising_strength == 0.6
    assert [p.seed for p in pipeline.drawn] == [7, 7, 7]


def test_with_controlnet_alone_a_later_try_raises_the_units_weight() -> None:
    pipeline = Pipeline(never)
    run(UNTIL, pipeline, asked_of_webui(), {**CODE, "seeds": 1, "strengths": [1.0], "max_tries": 2, "weight": 1.0})
    first, second = (p.units()[0]["weight"] for p in pipeline.drawn)
    assert second > first * 1.1


def test_the_code_keeps_its_place_where_a_picture_of_hires_fix_is_inpainted() -> None:
    pipeline = Pipeline(never)
    asked = {**CODE, "seeds": 1, "strengths": [1.0], "max_tries": 3, "weight": 1.0}
    run(UNTIL, pipeline, asked_of_webui(enable_hr=True, hr_scale=2.0), asked)
    assert (pipeline.drawn[2].width, pipeline.drawn[2].height) == (2 * SIDE, 2 * SIDE)
    small, large = pipeline.drawn[0].units()[0]["image"], pipeline.drawn[2].units()[0]["image"]
    np.testing.assert_array_equal(large, small.repeat(2, 0).repeat(2, 1))


def test_a_repaired_picture_keeps_the_infotext_of_the_one_it_was_made_from() -> None:
    pipeline = Pipeline(lambda p, at: CLEAR if getattr(p, "init_images", None) else HIDDEN)
    made = run(UNTIL, pipeline, asked_of_webui(), {**CODE, "seeds": 1, "strengths": [1.0], "max_tries": 3})
    assert "Bootcamp try: 3, repaired" in made.infotexts[0]
    assert "max_tries" not in made.infotexts[0]  # 3 is the default
    assert "seeds=1&strengths=[1.0]" in made.infotexts[0]


def test_pictures_say_which_script_drew_them_and_not_the_section() -> None:
    made = run(
        UNTIL, Pipeline(always), asked_of_webui(), {**CODE, "seeds": 2, "stop_after": 0, "strengths": [0.8, 1.0]}
    )
    for text in made.infotexts:
        assert f"Script: {UNTIL}" in text
        assert "Bootcamp: " not in text
    assert "strengths=[0.8%2C1.0]" in made.infotexts[0]
    assert "strengths=[0.8]" in made.infotexts[1]


def test_seeds_are_drawn_in_batches_of_the_batch_size() -> None:
    pipeline = Pipeline(never)
    made = run(UNTIL, pipeline, asked_of_webui(batch_size=2), {**CODE, "seeds": 3, "strengths": [1.0], "max_tries": 1})
    assert [(p.seed, p.batch_size) for p in pipeline.drawn] == [(7, 2), (9, 1)]
    assert sorted(made.all_seeds) == [7, 8, 9]


def test_of_a_batch_in_which_one_scans_the_others_are_shown_and_not_mended() -> None:
    pipeline = Pipeline(from_seed(7))
    made = run(UNTIL, pipeline, asked_of_webui(batch_size=3), {**CODE, "seeds": 3, "strengths": [1.0]})
    assert len(pipeline.drawn) == 1
    assert made.all_seeds == [7, 8, 9]


def test_after_interrupt_no_more_is_drawn_and_what_is_there_is_shown() -> None:
    pipeline = Pipeline(never, stop_after=2)
    made = run(UNTIL, pipeline, asked_of_webui(), {**CODE, "seeds": 4, "strengths": [1.0], "max_tries": 1})
    assert len(pipeline.drawn) == 2
    assert sorted(made.all_seeds) == [7, 8]


def test_skip_goes_on_to_the_next_strength_and_seed_without_more_tries() -> None:
    pipeline = Pipeline(never, skip_at=(1,))
    run(UNTIL, pipeline, asked_of_webui(), {**CODE, "seeds": 2, "strengths": [0.8, 1.2], "max_tries": 2})
    assert [p.seed for p in pipeline.drawn] == [7, 7, 7, 8, 8, 8, 8]
    assert strengths_of(pipeline)[:2] == [0.8, 1.2]


ONE_TRY = {**CODE, "strengths": [1.0], "max_tries": 1}


def test_a_picture_that_scans_is_better_than_a_whole_one_that_does_not_though_it_was_cut_short() -> None:
    pipeline = Pipeline(from_seed(8), stop_after=2)
    made = run(UNTIL, pipeline, asked_of_webui(), {**ONE_TRY, "seeds": 4})
    assert made.seed == 8
    assert "1 of 2 scans after 2 pictures. Best: seed 8" in made.comments
    assert [text for _, text in pipeline.saved] == [made.infotexts[1]]


@pytest.mark.parametrize("shown", [always, never], ids=["that scan", "that do not"])
def test_of_pictures_that_are_read_equally_well_one_that_was_cut_short_is_the_best_only_where_there_is_no_other(
    shown: Any,
) -> None:
    pipeline = Pipeline(shown, skip_at=(1,))
    made = run(UNTIL, pipeline, asked_of_webui(), {**ONE_TRY, "seeds": 2, "stop_after": 0})
    assert made.seed == 8


def test_pictures_that_skip_left_are_named_below_the_gallery() -> None:
    asked = {**CODE, "seeds": 2, "strengths": [0.8, 1.2], "max_tries": 1}
    made = run(UNTIL, Pipeline(never, skip_at=(2, 3)), asked_of_webui(), asked)
    assert "Skipped: seed 7, strength 1.2; seed 8, strength 0.8." in made.comments
    without = run(UNTIL, Pipeline(never), asked_of_webui(), asked)
    assert "Skipped" not in without.comments


def test_a_skip_after_the_last_step_of_a_picture_that_scans_left_nothing() -> None:
    pipeline = Pipeline(from_seed(7), skip_at=(1,), late=True)
    made = run(UNTIL, pipeline, asked_of_webui(), {**ONE_TRY, "seeds": 2, "stop_after": 0})
    assert made.seed == 7
    assert "Skipped" not in made.comments


def test_in_img2img_without_a_picture_nothing_is_drawn() -> None:
    for pictures in ([None], []):
        pipeline = Pipeline(always)
        with pytest.raises(Refusal, match=r"^init_images holds no picture; put one there, or use txt2img\.$"):
            run(UNTIL, pipeline, asked_of_webui(init_images=pictures), CODE)
        assert pipeline.drawn == []
    made = run(UNTIL, Pipeline(always), asked_of_webui(init_images=[None]), json.dumps(CODE), "")
    assert made.comments == "img2img holds no picture; put one there, or use txt2img.\n"


@pytest.mark.parametrize(("at", "words"), [(0, "first"), (1, "second")])
def test_a_strength_that_is_wrong_is_named_in_words_on_the_page(at: int, words: str) -> None:
    strengths = [1.0, 1.0]
    strengths[at] = -1.0
    made = run(UNTIL, Pipeline(always), asked_of_webui(), json.dumps({**CODE, "strengths": strengths}), "")
    assert made.comments == f"The {words} of Strengths must be a number from over 0 to 4, not -1.0.\n"


def test_with_a_variation_strength_the_variation_changes_and_the_seed_stays() -> None:
    pipeline = Pipeline(never)
    p = asked_of_webui(subseed_strength=0.3, subseed=50)
    run(UNTIL, pipeline, p, {**CODE, "seeds": 2, "strengths": [1.0], "max_tries": 1})
    assert [(each.seed, each.subseed) for each in pipeline.drawn] == [(7, 50), (7, 51)]


def test_a_random_seed_is_decided_once() -> None:
    pipeline = Pipeline(never)
    run(UNTIL, pipeline, asked_of_webui(seed=-1), {**CODE, "seeds": 2, "strengths": [1.0], "max_tries": 2})
    assert [each.seed for each in pipeline.drawn] == [1234, 1234, 1235, 1235]


def test_the_bar_counts_generations_and_passes_over_tries_that_were_not_needed() -> None:
    pipeline = Pipeline(always)
    run(UNTIL, pipeline, asked_of_webui(), {**CODE, "seeds": 2, "strengths": [1.0], "max_tries": 3, "stop_after": 0})
    assert [each[:2] for each in pipeline.bar] == [(0, 6), (3, 6)]


def test_what_fails_after_a_picture_does_not_cost_it() -> None:
    def fails(p: Any, at: int) -> float:
        if p.seed == 8:
            raise RuntimeError("out of memory")
        return HIDDEN

    made = run(UNTIL, Pipeline(fails), asked_of_webui(), {**CODE, "seeds": 3, "strengths": [1.0], "max_tries": 1})
    assert made.all_seeds == [7]
    assert "Ended early: out of memory" in made.comments


def test_the_grid_has_a_row_for_each_seed_and_a_column_for_each_strength() -> None:
    asked = {**CODE, "seeds": 2, "strengths": [0.8, 1.2], "stop_after": 0}
    made = run(UNTIL, Pipeline(always), asked_of_webui(), asked)
    assert made.images[0].info["titles"] == (["strength 0.8", "strength 1.2"], ["seed 7", "seed 8"])


def test_one_picture_has_no_grid() -> None:
    made = run(UNTIL, Pipeline(always), asked_of_webui(), CODE)
    assert (len(made.images), made.index_of_first_image) == (1, 0)


def test_a_nearly_readable_picture_is_touched_up_and_says_so() -> None:
    made = run(
        UNTIL, Pipeline(lambda p, at: 0.16), asked_of_webui(), {**CODE, "touch_up": 192, "seeds": 1, "max_tries": 1}
    )
    assert re.search(r"touched up by \d+ gray levels", made.infotexts[0])
    assert re.search(r"Bootcamp scan: [01]\.\d\d of all readings \(zxing-cpp", made.infotexts[0])


def test_a_code_that_does_not_fit_is_one_sentence() -> None:
    with pytest.raises(Refusal, match="content"):
        run(UNTIL, Pipeline(always), asked_of_webui(), {**CODE, "content": "x" * 2000})


def test_without_content_it_says_what_to_enter() -> None:
    with pytest.raises(Refusal, match="content is missing; enter a text or URL"):
        run(UNTIL, Pipeline(always), asked_of_webui(), {})


def test_an_inpainting_mask_is_refused() -> None:
    with pytest.raises(Refusal, match="draws the whole picture"):
        run(UNTIL, Pipeline(always), asked_of_webui(image_mask=object(), init_images=[object()]), CODE)


def test_the_upscale_button_of_the_gallery_draws_one_picture() -> None:
    pipeline = Pipeline(never)
    made = run(UNTIL, pipeline, asked_of_webui(txt2img_upscale=True), {**CODE, "seeds": 4})
    assert (len(pipeline.drawn), len(made.images)) == (1, 1)


def test_where_the_section_is_on_too_it_is_left_aside_and_that_is_said() -> None:
    from types import SimpleNamespace

    section = SimpleNamespace(args_from=0, args_to=1, title=lambda: "Bootcamp")
    p = asked_of_webui()
    p.scripts.alwayson_scripts.append(section)
    p.script_args = ({"control": "lighting"}, *p.script_args[1:])
    made = run(UNTIL, Pipeline(always), p, CODE)
    assert "The Bootcamp section is on too" in made.comments
    assert "lighting" not in made.infotexts[0]


def test_one_picture_is_in_the_singular() -> None:
    made = run(UNTIL, Pipeline(always), asked_of_webui(), CODE)
    assert "1 of 1 scans after 1 picture. " in made.comments


def test_what_some_readers_read_where_all_were_asked_for_has_one_wording(monkeypatch: pytest.MonkeyPatch) -> None:
    both = {"bootcamp_scan_decoders": ["zxing-cpp", "opencv"]}
    monkeypatch.setattr(qr_art_tries, "readers_of", lambda *_: ("opencv",))
    asked = {**CODE, "seeds": 1, "strengths": [1.0], "max_tries": 1}
    made = run(UNTIL, Pipeline(always), asked_of_webui(), asked, **both)
    words = "opencv only; all readers were asked for"
    assert f"0 of 1 scan after 1 picture. Best: seed 7, strength 1, try 1 (drawn), read by {words}." in made.comments
    assert re.search(rf"Bootcamp scan: \d\.\d\d of all readings \({words}\)", made.infotexts[0])


def test_the_infotext_names_the_readers_that_the_comment_names(monkeypatch: pytest.MonkeyPatch) -> None:
    both = {"bootcamp_scan_decoders": ["zxing-cpp", "opencv"]}
    monkeypatch.setattr(qr_art_tries, "readers_of", lambda *_: ("opencv",))
    asked = {**CODE, "seeds": 1, "strengths": [1.0], "max_tries": 1, "must_read": "any"}
    made = run(UNTIL, Pipeline(always), asked_of_webui(), asked, **both)
    assert "1 of 1 scan" in made.comments
    assert "read by opencv." in made.comments
    assert re.search(r"Bootcamp scan: \d\.\d\d of all readings \(opencv\)", made.infotexts[0])


def test_what_no_reader_reads_as_it_is_has_no_reader_in_its_infotext(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(qr_art_tries, "readers_of", lambda *_: ())
    made = run(UNTIL, Pipeline(always), asked_of_webui(), {**CODE, "seeds": 1, "strengths": [1.0], "max_tries": 1})
    assert "read by no reader." in made.comments
    assert "Bootcamp scan: read by no reader" in made.infotexts[0]


def test_on_the_page_a_mistake_names_fields_by_their_labels() -> None:
    made = run(UNTIL, Pipeline(always), asked_of_webui(), json.dumps({**CODE, "grid_px": 64}), "")
    assert made.images == []
    assert "grid_px" not in made.comments
    assert made.comments.count("\n") == 1


def test_the_grids_infotext_says_which_of_the_pictures_behind_it_scan() -> None:
    asked = {**CODE, "seeds": 3, "strengths": [1.0], "max_tries": 1, "stop_after": 0}
    made = run(UNTIL, Pipeline(from_seed(8)), asked_of_webui(), asked)
    assert "Bootcamp scan: 1 of 3 scans (picture 1)" in made.info
    assert made.images[0].info["titles"] == (["seed 7", "seed 8", "seed 9"], ["strength 1"])
