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
        otherwise = ", or apply the map by luminance guidance" if guidable else ""
        super().__init__(
            f"The Bootcamp section needs ControlNet for this: install and enable sd-webui-controlnet{otherwise}."
        )


class NoModelError(BootcampError):
    """No installed ControlNet model fits."""

    status = 422


@dataclass(frozen=True, kw_only=True)
class InstalledModels:
    """The ControlNet models of this WebUI.

    Args:
        files: name to file.
        folder: where another model's file goes.
        fit: those of them that the checkpoint can use; None: it is not known, all may.
    """

    files: Mapping[str, Path | None]
    folder: Path
    fit: Fitting | None = None

    @property
    def fitting(self) -> Mapping[str, Path | None]:
        """Those that the checkpoint can use, as far as is known."""
        return self.files if self.fit is None else self.fit.models


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What a plan depends on beside the request.

    Args:
        base: of the checkpoint that draws; None where it is not known.
        installed: the ControlNet models; None where there is no ControlNet.
        img2img: whether a picture is drawn over.
    """

    base: Base | None
    installed: InstalledModels | None
    img2img: bool = False


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a generation will do.

    Args:
        section: the section's parameters as they were asked for.
        operation: what makes the map.
        values: its raw values, with the unit preset's laid under them.
        apply_by: how the map is applied; never automatic.
        units: the ControlNet units to fill; none where only guidance is used.
        recorded: the section's parameters for the infotext, with what was chosen for the person.
        recorded_values: the map's for the infotext.
    """

    section: SectionParams
    operation: Operation[Any, Any]
    values: Mapping[str, Any]
    apply_by: ApplyBy
    units: tuple[UnitSettings, ...]
    recorded: SectionParams
    recorded_values: Mapping[str, Any]

    @property
    def is_guided(self) -> bool:
        """Whether luminance guidance steers the steps."""
        return self.apply_by != CONTROLNET


def resolve(asked: PanelRequest, around: Surroundings) -> Plan:
    """Decide what a generation does.

    Raises:
        InvalidParamError: the values do not go together, or not with what is installed.
        NoControlNetError, NoModelError: the map cannot be applied with what is installed.
    """
    apply_by = _apply_by(asked, around)
    preset, units = (None, ()) if apply_by == GUIDANCE else _units(asked, around)
    values = asked.map_values(preset.values.get(asked.operation.name, {}) if preset else {})
    as_shown = asked.from_ui and asked.section.preset == AUTOMATIC
    return Plan(
        section=asked.section,
        operation=asked.operation,
        values=values,
        apply_by=apply_by,
        units=units,
        recorded=_recorded(asked, apply_by, preset, units),
        recorded_values=asked.values if as_shown else values,
    )


def _apply_by(asked: PanelRequest, around: Surroundings) -> ApplyBy:
    """How the map is applied: as asked, else by guidance where nothing else can."""
    section, operation = asked.section, asked.operation
    if section.apply_by in {GUIDANCE, BOTH} and not operation.luminance:
        raise InvalidParamError(
            "apply_by",
            f"cannot be luminance guidance: that follows brightness, and {operation.title} has none",
            hint="choose ControlNet",
        )
    if section.apply_by != AUTOMATIC:
        return section.apply_by
    if not operation.luminance or section.preset != AUTOMATIC or section.model:
        return CONTROLNET
    if around.installed is None:
        return GUIDANCE
    ready = usable(section.control, around.base, around.installed.fitting, img2img=around.img2img)
    return CONTROLNET if ready else GUIDANCE


def _units(asked: PanelRequest, around: Surroundings) -> tuple[UnitPreset | None, tuple[UnitSettings, ...]]:
    """The unit preset, and the units to fill; the section's own numbers go to the first one."""
    section, installed = asked.section, around.installed
    if installed is None:
        raise NoControlNetError(guidable=asked.operation.luminance)
    preset = None if section.preset == CUSTOM else _preset(asked, around, installed)
    if preset is None:
        units = [unit_with_effect(UnitSettings(section.model, 1.0, 0.0, 1.0), section)]
    else:
        units = [
            unit_with_effect(UnitSettings(model, each.weight, each.start, each.end), section)
            for each in preset.units
            if (model := each.family.find(installed.fitting)) is not None
        ]
    units[0] = _by_section(units[0], section, installed)
    return preset, tuple(replace(each, control_mode=section.control_mode) for each in units)


def _by_section(unit: UnitSettings, section: SectionParams, installed: InstalledModels) -> UnitSettings:
    """A unit with what the section's own fields say of it."""
    model = _find_model(section.model, installed.files) if section.model else unit.model
    _check_fit(model, installed)
    start = unit.start if section.guidance_start is None else section.guidance_start
    end = unit.end if section.guidance_end is None else section.guidance_end
    if start >= end:
        raise InvalidParamError("guidance_start", f"must be below guidance_end, {end:g}")
    weight = unit.weight if section.weight is None else section.weight
    return replace(unit, model=model, weight=weight, start=start, end=end)


def _preset(asked: PanelRequest, around: Surroundings, installed: InstalledModels) -> UnitPreset | None:
    """The unit preset that is asked for, or that fits; None where the section names a model for want of one."""
    section = asked.section
    given = asked.map_values({})
    values = {**{each.name: each.default for each in map_fields(asked.operation)}, **given}
    automatic = section.preset == AUTOMATIC
    ready = usable(
        section.control, around.base, installed.fitting, img2img=around.img2img, given=values if automatic else None
    )
    if not automatic:
        preset = find_preset(section.preset)
        if preset not in ready:
            _check_preset(preset, asked, around, installed)
        return preset
    if ready:
        return min(ready, key=lambda each: each.disagreements(section.control, given))
    if section.model:
        return None
    if installed.fit is not None and installed.fit.note:
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
