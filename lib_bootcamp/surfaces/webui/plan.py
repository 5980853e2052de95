"""What one generation with the section on will do, decided from what was asked and from what is installed.

Nothing here asks the WebUI, makes a picture or changes anything: `section_run` carries the plan out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from lib_bootcamp.core.controlnet.fitting import Fitting
from lib_bootcamp.core.controlnet.unit_presets import UnitPreset, advice, find_preset, how_to_install, usable
from lib_bootcamp.core.images.arrays import Floats
from lib_bootcamp.core.models.files import BASE_TITLES, Base
from lib_bootcamp.errors import BootcampError, InvalidParamError
from lib_bootcamp.operation import Operation
from lib_bootcamp.results import ControlMap

from .effect import unit_with_effect
from .ports import UnitSettings
from .section import AUTOMATIC, BOTH, CONTROLNET, CUSTOM, GUIDANCE, ApplyBy, SectionParams, map_fields
from .section_values import PanelRequest, rounded

DRIVEN = "bootcamp_driven"
MAX_WEIGHT, MAX_LUMA = 2.0, 0.5


class NoControlNetError(BootcampError):
    """The section is on and there is nothing to apply its map with."""

    status = 422

    def __init__(self, *, guidable: bool) -> None:
        otherwise = "Or choose a QR code, or a map of brightness: guidance draws it."
        raise NoModelError(installed.fit.note if asked.operation.luminance else f"{installed.fit.note} {otherwise}")

    lines = advice(
        section.control, around.base, installed.files, installed.folder, img2img=around.img2img, given=values
    )
    raise NoModelError(f"No ControlNet model that fits is installed. {lines}".strip())


def _check_preset(preset: UnitPreset, asked: PanelRequest, around: Surroundings, installed: InstalledModels) -> None:
    """Say why a preset that was asked for cannot be taken; one whose model the section names can."""
    section = asked.section
    if around.base is not None and preset.base != around.base:
        raise NoModelError(
            f"preset {preset.title} is for {BASE_TITLES[preset.base]}, and the checkpoint is "
            f"{BASE_TITLES[around.base]}."
        )
    missing = () if section.model else preset.missing(installed.files)
    if missing:
        files = "; ".join(how_to_install(each, installed.folder) for each in missing)
        raise NoModelError(f"preset {preset.title} needs a model that is not installed: {files}.")
    if not section.model:
        for each in preset.units:
            _check_fit(each.family.find(installed.files) or "", installed)
    if section.control not in preset.controls:
        raise InvalidParamError("preset", f"{preset.title} is not for {asked.operation.title}")
    if preset.img2img_only and not around.img2img:
        raise InvalidParamError("preset", f"{preset.title} works in img2img only")


def _check_fit(model: str, installed: InstalledModels) -> None:
    reason = installed.fit.unfit.get(model) if installed.fit is not None else None
    if reason:
        raise NoModelError(f"{reason}: choose another checkpoint or ControlNet model.")


def _find_model(wanted: str, models: Mapping[str, Path | None]) -> str:
    """An installed model by its whole name, or by the part before its hash."""
    for name in models:
        if wanted in {name, name.split(" [")[0]}:
            return name
    raise InvalidParamError("model", f"{wanted[:80]} is not among the installed ControlNet models")


def _recorded(
    asked: PanelRequest, apply_by: ApplyBy, preset: UnitPreset | None, units: tuple[UnitSettings, ...]
) -> SectionParams:
    """The section's parameters with which the same picture comes out on a WebUI with other models."""
    if apply_by == GUIDANCE:
        return replace(asked.section, apply_by=GUIDANCE)
    if preset is None or asked.from_ui:
        return asked.section
    first = units[0]
    return replace(
        asked.section,
        preset=preset.name,
        weight=first.weight,
        guidance_start=first.start,
        guidance_end=first.end,
    )


@dataclass
class Driven:
    """Put on the generation object under `DRIVEN`; the section's own values are left aside then.

    Args:
        request: what is drawn, checked.
        strength: how strongly: it multiplies the control weight, and how far guidance goes.
        modules: float32 [N, N], the weight of each module of a code; None: that of its pattern.
        plan: as it was resolved first, so that a later try of the same picture is drawn by the same means.
        first: the map as it was made first, whose place a later try keeps at any size.
        graded: whether a picture that scans gets its full score.
        names: what a mistake calls parameters; empty: by their names.
    """

    request: PanelRequest
    strength: float = 1.0
    modules: Floats | None = None
    plan: Plan | None = None
    first: ControlMap | None = None
    graded: bool = False
    names: Mapping[str, str] = field(default_factory=dict)


def driven_of(p: Any) -> Driven | None:
    """What a script put on a generation object."""
    found = getattr(p, DRIVEN, None)
    return found if isinstance(found, Driven) else None


def at_strength(plan: Plan, strength: float) -> Plan:
    """The plan with a stronger or weaker effect; 1 is as it was.

    ControlNet's weights and the margin of a code grow with it; how far from a map the brightness may lie shrinks.
    """
    if strength == 1:
        return plan
    units = tuple(replace(each, weight=rounded(min(MAX_WEIGHT, each.weight * strength))) for each in plan.units)
    section = plan.section
    numbers: dict[str, Any] = {
        "margin": rounded(min(MAX_LUMA, section.margin * strength)),
        "dead_zone": rounded(min(MAX_LUMA, section.dead_zone * strength)),
        "tolerance": rounded(min(MAX_LUMA, section.tolerance / strength)),
    }
    written = numbers | ({"weight": units[0].weight} if units else {})
    return replace(plan, section=replace(section, **numbers), units=units, recorded=replace(plan.recorded, **written))
