"""The declaration of the always-visible section, and its fields beside those of the maps."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeAlias

from lib_bootcamp import catalog
from lib_bootcamp.core.controlnet.unit_presets import UNIT_PRESETS
from lib_bootcamp.errors import InvalidParamError
from lib_bootcamp.operation import Operation
from lib_bootcamp.operations.draw.guidance_fields import (
    DEAD_ZONE,
    GROUP,
    KEEP_COLOR,
    LOCAL,
    MARGIN,
    STRENGTH,
    TOLERANCE,
    TOUCH_UP,
    DeadZone,
    KeepColor,
    Local,
    Margin,
    Strength,
    Tolerance,
    TouchUp,
    check_guidance,
)
from lib_bootcamp.params import Param, Params, Spec
from lib_bootcamp.surfaces.page.values import FieldStyle

AUTOMATIC, CUSTOM, OFF = "automatic", "custom", "none"
ApplyBy: TypeAlias = Literal["automatic", "controlnet", "guidance", "both"]
CONTROLNET: ApplyBy = "controlnet"
GUIDANCE: ApplyBy = "guidance"
BOTH: ApplyBy = "both"
# The picture's own size, which the section fills in.
SIZE = ("width", "height")
MAP_PRESET = "map_preset"
AXES = "bootcamp_axes"
"""Where values of the XYZ plot are kept on a generation."""


def control_maps() -> tuple[Operation[Any, Any], ...]:
    """The operations the section offers: every control map of the catalog."""
    return catalog.control_maps()


def is_code(operation: Operation[Any, Any]) -> bool:
    """Whether its map is a code, which is scanned."""
    return any(each.name == "content" for each in operation.params.fields())


_CONTROLS = tuple(each.name for each in control_maps())
_CONTROL_CHOICES = (OFF, *_CONTROLS)
_PRESET_CHOICES = (AUTOMATIC, *(each.name for each in UNIT_PRESETS), CUSTOM)
Control = Literal[_CONTROL_CHOICES]  # type: ignore[valid-type]
Preset = Literal[_PRESET_CHOICES]  # type: ignore[valid-type]
_CODES = ("qr",)
_HOW: dict[str, Any] = {"group": "How it is applied"}
_UNIT: dict[str, Any] = {**_HOW, "when": {"apply_by": ("automatic", "controlnet", "both")}}
_AFTER: dict[str, Any] = {"group": "After each picture", "when": {"control": _CODES}}
MIDDLE = 0.5
"""The effect at which everything is as the preset says."""


@dataclass(frozen=True, kw_only=True)
class SectionParams(Params):
    """What the section asks for beside the map's own parameters."""

    enabled: Annotated[bool, Spec("Bootcamp", "Make a map and steer this generation with it.")] = False
    control: Annotated[
        Control,
        Spec("Control", "What is made into a map.", titles={each.name: each.title for each in control_maps()}),
    ] = _CONTROLS[0] if _CONTROLS else OFF
    preset: Annotated[
        Preset,
        Spec(
            "Unit preset",
            "How ControlNet is set; automatic takes the first one whose model is installed.",
            titles={each.name: each.title for each in UNIT_PRESETS},
            **_UNIT,
        ),
    ] = AUTOMATIC
    effect: Annotated[
        float,
        Spec(
            "Strength of the effect",
            "0: the picture comes first; 1: the map does; 0.5: as the preset says. Moves control weight and end, and "
            "guidance's margin (of codes) or tolerance (of other maps), where they are not set by hand.",
            ge=0,
            le=1,
            step=0.05,
        ),
    ] = MIDDLE
    weight: Annotated[float | None, Spec("Control weight", "Empty: the preset's.", ge=0, le=2, step=0.05, **_UNIT)] = (
        None
    )
    guidance_start: Annotated[
        float | None, Spec("Control start", "Share of the steps.", ge=0, le=1, step=0.01, **_UNIT)
    ] = None
    guidance_end: Annotated[
        float | None, Spec("Control end", "Share of the steps.", ge=0, le=1, step=0.01, **_UNIT)
    ] = None
    model: Annotated[
        str, Spec("Control model", "Empty: the installed one that fits the preset.", max_length=500, **_UNIT)
    ] = ""
    control_mode: Annotated[
        Literal["Balanced", "My prompt is more important", "ControlNet is more important"],
        Spec("Control mode", renamed_titles=("Bootcamp control mode",), **_UNIT),
    ] = "Balanced"
    apply_by: Annotated[
        ApplyBy,
        Spec(
            "Apply by",
            "Luminance guidance needs no ControlNet: each step's brightness is moved towards the map's. Automatic "
            "takes it where no ControlNet model fits.",
            titles={CONTROLNET: "ControlNet", GUIDANCE: "Luminance guidance", BOTH: "ControlNet and guidance"},
            **_HOW,
        ),
    ] = "automatic"
    strength: Strength = STRENGTH
    margin: Margin = MARGIN
    dead_zone: DeadZone = DEAD_ZONE
    local: Local = LOCAL
    keep_color: KeepColor = KEEP_COLOR
    tolerance: Tolerance = TOLERANCE
    touch_up: TouchUp = TOUCH_UP
    scan: Annotated[bool, Spec("Scan the pictures", "Write on each picture whether its code scans.", **_AFTER)] = True
    save_only_scanning: Annotated[
        bool,
        Spec("Save only pictures that scan", "The others are shown, and not written to the outputs folder.", **_AFTER),
    ] = False
    stop_at_first: Annotated[
        bool,
        Spec("Stop at the first that scans", "No more batches are drawn after a picture whose code scans.", **_AFTER),
    ] = False

    def check(self) -> None:
        """The start lies before the end."""
        start, end = self.guidance_start, self.guidance_end
        if start is not None and end is not None and start >= end:
            raise InvalidParamError("guidance_start", f"must be below guidance_end, {end:g}")
        if self.preset == CUSTOM and not self.model and self.apply_by != GUIDANCE:
            raise InvalidParamError("model", "is missing", hint="preset custom needs the name of a ControlNet model")
        check_guidance(self.margin, self.dead_zone)


@functools.lru_cache(maxsize=1)
def section_fields() -> tuple[Param, ...]:
    """The section's own fields, in declared order."""
    return tuple(SectionParams.fields())


OWN = {each.name for each in section_fields()}
CONTROL = next(each for each in section_fields() if each.name == "control")
GUIDANCE_FIELDS = tuple(each.name for each in SectionParams.fields() if each.spec.group == GROUP)


def map_fields(operation: Operation[Any, Any]) -> tuple[Param, ...]:
    """An operation's fields in the section: all but the size."""
    return tuple(each for each in operation.params.fields() if each.name not in SIZE)


@functools.lru_cache(maxsize=1)
def positions() -> tuple[tuple[Operation[Any, Any] | None, Param], ...]:
    """All fields: whose each is (None: the section's own)."""
    own: list[tuple[Operation[Any, Any] | None, Param]] = [(None, each) for each in section_fields()]
    return tuple(own + [(operation, each) for operation in control_maps() for each in map_fields(operation)])


# A choice's value is its title: what the XYZ plot shows, and what ui-config.json of the versions before holds.
SECTION_STYLE = FieldStyle(plain_choices=True, image_type="numpy")
