"""What the section decides from values, installed models and the checkpoint; no WebUI, no picture."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lib_bootcamp.core.controlnet.fitting import Fitting
from lib_bootcamp.errors import InvalidParamError
from lib_bootcamp.surfaces.webui import infotext
from lib_bootcamp.surfaces.webui.effect import guidance_with_effect
from lib_bootcamp.surfaces.webui.plan import (
    InstalledModels,
    NoControlNetError,
    NoModelError,
    Plan,
    Surroundings,
    at_strength,
    resolve,
)
from lib_bootcamp.surfaces.webui.ports import UnitSettings
from lib_bootcamp.surfaces.webui.section_values import parse
from tests.surfaces.webui.generations import from_page

MONSTER, BRIGHTNESS, TILE, CANNY = (
    "control_v1p_sd15_qrcode_monster_v2 [a]",
    "control_v1p_sd15_brightness [b]",
    "control_v11f1e_sd15_tile [c]",
    "control_v11p_sd15_canny [d]",
)
QR = {"control": "qr", "content": "HELLO"}
EDGES = {"control": "edges", "image": np.zeros((8, 8, 3), np.uint8)}


def around(*models: str, base: Any = "sd15", img2img: bool = False) -> Surroundings:
    files = {each: Path(f"/models/{each.split(' [')[0]}.pth") for each in models}
    return Surroundings(base=base, installed=InstalledModels(files=files, folder=Path("/models")), img2img=img2img)


WITHOUT_CONTROLNET = Surroundings(base="sd15", installed=None)


def plan(given: Any, where: Surroundings) -> Plan:
    asked = parse([given] if isinstance(given, dict) else given)
    assert asked is not None
    return resolve(asked, where)


def test_automatic_takes_the_first_preset_whose_model_is_installed() -> None:
    made = plan(QR, around(MONSTER, BRIGHTNESS))
    assert made.units == (UnitSettings(MONSTER, 1.5, 0.0, 1.0),)
    assert (made.apply_by, made.recorded.preset) == ("controlnet", "monster")


def test_the_presets_values_are_laid_under_the_maps() -> None:
    made = plan({**QR, "surround": "black"}, around(MONSTER))
    assert made.values == {"content": "HELLO", "grid_px": 0, "surround": "black"}


def test_a_preset_of_two_units_gives_the_sections_numbers_to_the_first() -> None:
    made = plan({**QR, "preset": "monster-brightness", "weight": 0.5}, around(MONSTER, BRIGHTNESS))
    assert made.units == (UnitSettings(MONSTER, 0.5, 0.0, 1.0), UnitSettings(BRIGHTNESS, 0.15, 0.1, 1.0))


def test_every_unit_has_the_sections_control_mode() -> None:
    mode = "ControlNet is more important"
    made = plan({**QR, "preset": "monster-brightness", "control_mode": mode}, around(MONSTER, BRIGHTNESS))
    assert {each.control_mode for each in made.units} == {mode}


def test_a_named_model_wins_over_the_presets() -> None:
    assert plan({**QR, "model": BRIGHTNESS.split(" [")[0]}, around(MONSTER, BRIGHTNESS)).units[0].model == BRIGHTNESS


def test_a_named_model_is_taken_where_no_preset_fits() -> None:
    made = plan({**QR, "model": CANNY}, around(CANNY))
    assert made.units == (UnitSettings(CANNY, 1.0, 0.0, 1.0),)
    assert made.recorded.preset == "automatic"


def test_preset_custom_sets_nothing_but_what_is_given() -> None:
    made = plan({**QR, "preset": "custom", "model": CANNY, "weight": 0.4}, around(CANNY))
    assert made.units == (UnitSettings(CANNY, 0.4, 0.0, 1.0),)
    assert made.values == {"content": "HELLO"}


@pytest.mark.parametrize("where", [WITHOUT_CONTROLNET, around(CANNY)], ids=["no ControlNet", "no model that fits"])
def test_a_map_of_brightness_is_applied_by_guidance_where_nothing_else_can(where: Surroundings) -> None:
    made = plan(QR, where)
    assert (made.apply_by, made.units, made.is_guided) == ("guidance", (), True)
    assert made.recorded.apply_by == "guidance"


def odd_around(*unfit: str) -> Surroundings:
    """Models beside a checkpoint whose text is as wide as no base's."""
    where = around(MONSTER, CANNY, base=None)
    assert where.installed is not None
    kept = {name: path for name, path in where.installed.files.items() if name not in unfit}
    fit = Fitting(models=kept, unfit={each: f"{each} is for others" for each in unfit}, note="No ControlNet is known.")
    return replace(where, installed=replace(where.installed, fit=fit))


def test_a_model_that_the_checkpoint_cannot_use_is_left_for_guidance() -> None:
    assert plan(QR, odd_around(MONSTER)).apply_by == "guidance"
    assert plan(QR, odd_around(CANNY)).units[0].model == MONSTER


@pytest.mark.parametrize(
    "asked", [{"preset": "monster"}, {"model": MONSTER}, {"preset": "custom", "model": MONSTER}], ids=str
)
def test_a_model_that_the_checkpoint_cannot_use_is_refused_where_it_is_asked_for(asked: dict[str, str]) -> None:
    with pytest.raises(NoModelError, match="is for others: choose another checkpoint or ControlNet model"):
        plan({**QR, **asked}, odd_around(MONSTER))


def test_a_map_without_brightness_says_that_no_controlnet_is_known_for_the_checkpoint() -> None:
    with pytest.raises(NoModelError, match="No ControlNet is known"):
        plan(EDGES | {"apply_by": "controlnet"}, odd_around(MONSTER, CANNY))


def test_both_has_units_and_is_guided() -> None:
    made = plan({**QR, "apply_by": "both"}, around(MONSTER))
    assert (len(made.units), made.is_guided) == (1, True)


def test_guidance_that_is_asked_for_fills_no_unit() -> None:
    made = plan({**QR, "apply_by": "guidance"}, around(MONSTER))
    assert (made.units, made.values) == ((), {"content": "HELLO"})


def test_what_is_recorded_draws_the_same_where_more_models_are_installed() -> None:
    first = plan({**QR, "guidance_end": 0.6}, around(BRIGHTNESS, TILE))
    again = {**QR, **{name: getattr(first.recorded, name) for name in ("preset", "weight", "guidance_end")}}
    assert plan(again, around(MONSTER, BRIGHTNESS, TILE)).units == first.units


def test_the_page_and_an_object_come_to_the_same() -> None:
    page = plan(from_page(**{"qr.content": "HELLO", "weight": 0.2}), around(MONSTER))
    told = plan({**QR, "weight": 0.2}, around(MONSTER))
    assert (page.units, page.values, page.apply_by) == (told.units, told.values, told.apply_by)


def test_the_page_writes_down_what_was_set_and_not_what_was_chosen_for_it() -> None:
    made = plan(from_page(**{"qr.content": "HELLO"}), around(MONSTER))
    assert (made.recorded.preset, made.recorded.weight) == ("automatic", None)
    assert made.recorded_values == {"content": "HELLO"}


@pytest.mark.parametrize("preset", ["monster", "illumination", "brightness-tile"])
def test_in_the_middle_the_effect_leaves_every_preset_as_it_is(preset: str) -> None:
    where = around(MONSTER, BRIGHTNESS, TILE, "control_v1p_sd15_illumination")
    given = {**QR, "preset": preset}
    assert plan({**given, "effect": 0.5}, where).units == plan(given, where).units


def test_the_effect_moves_weight_and_end_together() -> None:
    where = around("control_v1p_sd15_illumination")
    given = {**QR, "preset": "illumination"}
    less, as_it_is, more = (plan({**given, "effect": each}, where).units[0] for each in (0.0, 0.5, 1.0))
    assert less.weight < as_it_is.weight < more.weight <= 2
    assert less.end < as_it_is.end < more.end == 1
    assert less.start == as_it_is.start == more.start


def test_numbers_set_by_hand_win_over_the_effect() -> None:
    made = plan({**QR, "preset": "monster", "weight": 0.7, "guidance_end": 0.6, "effect": 1}, around(MONSTER))
    assert made.units[0] == UnitSettings(MONSTER, 0.7, 0.0, 0.6)


def test_the_effect_moves_what_guidance_aims_at() -> None:
    less, as_it_is, more = (
        guidance_with_effect(plan({**QR, "apply_by": "guidance", "effect": each}, around()).section)
        for each in (0.0, 0.5, 1.0)
    )
    assert less.margin < as_it_is.margin == 0.06 < more.margin
    assert less.tolerance > as_it_is.tolerance > more.tolerance > 0
    assert (less.guidance_end, as_it_is.guidance_end, more.guidance_end) == (0.5, None, None)


@pytest.mark.parametrize(
    ("given", "where", "error", "words"),
    [
        ({**EDGES, "apply_by": "guidance"}, around(CANNY), InvalidParamError, "apply_by cannot be luminance guidance"),
        (EDGES, WITHOUT_CONTROLNET, NoControlNetError, "install and enable sd-webui-controlnet"),
        (EDGES, around(MONSTER), NoModelError, "put control_v11p_sd15_canny.* into /models"),
        ({**QR, "preset": "monster"}, around(MONSTER, base="sdxl"), NoModelError, "and the checkpoint is SDXL"),
        ({**QR, "preset": "monster"}, around(CANNY), NoModelError, "put control_v1p_sd15_qrcode_monster_v2"),
        ({**QR, "preset": "canny"}, around(CANNY), InvalidParamError, "Canny .SD1.5. is not for QR control map"),
        ({**QR, "preset": "tile-img2img"}, around(TILE), InvalidParamError, "works in img2img only"),
        ({**QR, "model": "x"}, around(MONSTER), InvalidParamError, "model x is not among the installed"),
        ({**QR, "guidance_start": 1.0}, around(MONSTER), InvalidParamError, "must be below guidance_end"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(given: Any, where: Surroundings, error: Any, words: str) -> None:
    with pytest.raises(error, match=words):
        plan(given, where)


def test_img2img_takes_the_preset_that_draws_over_a_picture() -> None:
    made = plan({**QR, "preset": "tile-img2img"}, around(TILE, img2img=True))
    assert made.units == (UnitSettings(TILE, 0.5, 0.35, 0.7),)


@pytest.mark.parametrize("strength", [0.7, 0.85, 1.1, 1.3])
def test_what_a_strength_makes_is_drawn_and_written_with_six_decimals(strength: float) -> None:
    made = at_strength(plan({**QR, "apply_by": "both", "preset": "monster"}, around(MONSTER)), strength)
    written = infotext.write(made.recorded, made.operation, made.recorded_values)
    assert not re.search(r"\.\d{7}", written)
    again = plan(infotext.parse(written)[0] | {"control": "qr", "content": "HELLO"}, around(MONSTER))
    assert (again.units, again.section.margin, again.section.dead_zone, again.section.tolerance) == (
        made.units, made.section.margin, made.section.dead_zone, made.section.tolerance,
    )  # fmt: skip


def test_a_number_of_an_axis_is_drawn_and_written_with_six_decimals() -> None:
    asked = parse([QR], {"margin": 0.1 + 0.2})
    assert asked is not None
    assert asked.section.margin == 0.3
