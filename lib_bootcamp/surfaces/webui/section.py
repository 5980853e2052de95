"""The always-visible section without its components: its declaration, and raw arguments checked against it."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeAlias

from lib_bootcamp.catalog import OPERATIONS
from lib_bootcamp.core.controlnet.unit_presets import UNIT_PRESETS
from lib_bootcamp.errors import ImageError, InvalidParamError, first_line
from lib_bootcamp.operation import Operation
from lib_bootcamp.operations.draw.guidance_fields import (
    DEAD_ZONE,
    GROUP,
    KEEP_COLOUR,
    LOCAL,
    MARGIN,
    STRENGTH,
    TOLERANCE,
    TOUCH_UP,
    DeadZone,
    KeepColour,
    Local,
    Margin,
    Strength,
    Tolerance,
    TouchUp,
    check_guidance,
)
from lib_bootcamp.params import Param, Params, Spec, unknown
from lib_bootcamp.surfaces.page.values import Look, read
from lib_bootcamp.surfaces.shared.given_pictures import picture_of

AUTOMATIC, CUSTOM, OFF = "automatic", "custom", "none"
ApplyBy: TypeAlias = Literal["automatic", "controlnet", "guidance", "both"]
CONTROLNET: ApplyBy = "controlnet"
GUIDANCE: ApplyBy = "guidance"
BOTH: ApplyBy = "both"
# The picture's own size, which the section fills in.
SIZE = ("width", "height")
MAP_PRESET = "map_preset"


def control_maps() -> tuple[Operation[Any, Any], ...]:
    """The operations the section offers: every control map of the catalogue."""
    return tuple(each for each in OPERATIONS if each.kind == "control-map")


_CONTROLS = tuple(each.name for each in control_maps())
_CONTROL_CHOICES = (OFF, *_CONTROLS)
_PRESET_CHOICES = (AUTOMATIC, *(each.name for each in UNIT_PRESETS), CUSTOM)
Control = Literal[_CONTROL_CHOICES]  # type: ignore[valid-type]
Preset = Literal[_PRESET_CHOICES]  # type: ignore[valid-type]
_UNIT: dict[str, Any] = {"group": "ControlNet unit"}


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
        ),
    ] = AUTOMATIC
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
        Spec("Bootcamp control mode", **_UNIT),
    ] = "Balanced"
    apply_by: Annotated[
        ApplyBy,
        Spec(
            "Apply by",
            "Luminance guidance needs no ControlNet: each step's brightness is moved towards the map's. Automatic "
            "takes it where no ControlNet model fits.",
            titles={CONTROLNET: "ControlNet", GUIDANCE: "Luminance guidance", BOTH: "ControlNet and guidance"},
        ),
    ] = "automatic"
    strength: Strength = STRENGTH
    margin: Margin = MARGIN
    dead_zone: DeadZone = DEAD_ZONE
    local: Local = LOCAL
    keep_colour: KeepColour = KEEP_COLOUR
    tolerance: Tolerance = TOLERANCE
    touch_up: TouchUp = TOUCH_UP
    scan: Annotated[bool, Spec("Scan the pictures", "Write on each picture whether its code scans.")] = True
    save_only_scanning: Annotated[
        bool, Spec("Save only pictures that scan", "The others are shown, and not written to the outputs folder.")
    ] = False
    stop_at_first: Annotated[
        bool, Spec("Stop at the first that scans", "No more batches are drawn after a picture whose code scans.")
    ] = False

    def check(self) -> None:
        """The start lies before the end."""
        start, end = self.guidance_start, self.guidance_end
        if start is not None and end is not None and start >= end:
            raise InvalidParamError("guidance_start", f"must be below guidance_end, {end:g}")
        if self.preset == CUSTOM and not self.model and self.apply_by != GUIDANCE:
            raise InvalidParamError("model", "is missing; preset custom needs the name of a ControlNet model")
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
    """The positional arguments: whose field each is (None: the section's own)."""
    own: list[tuple[Operation[Any, Any] | None, Param]] = [(None, each) for each in section_fields()]
    return tuple(own + [(operation, each) for operation in control_maps() for each in map_fields(operation)])


# A choice's value is its title, because ui-config.json compares a saved value with the titles.
LOOK = Look(plain_choices=True, image_type="numpy")


@dataclass(frozen=True)
class Asked:
    """A checked request.

    Args:
        section: the section's own parameters.
        operation: what makes the map.
        values: the map's raw values as given.
        by_hand: they are the page's, where every field has a value.
    """

    section: SectionParams
    operation: Operation[Any, Any]
    values: Mapping[str, Any]
    by_hand: bool

    def map_values(self, laid_under: Mapping[str, Any]) -> dict[str, Any]:
        """The map's raw values with a unit preset's laid under them.

        On the page every field has a value: there, under an automatic preset, one left at its default counts
        as not given; a preset chosen by hand has set the fields when it was chosen.
        """
        given = dict(self.values)
        if self.by_hand and self.section.preset == AUTOMATIC:
            defaults = {each.name: each.default for each in map_fields(self.operation)}
            given = {name: value for name, value in given.items() if not _same(value, defaults.get(name))}
        elif self.by_hand:
            return given
        return {**laid_under, **given}


def _same(one: Any, other: Any) -> bool:
    return not hasattr(one, "dtype") and not hasattr(other, "dtype") and one == other


def is_off(args: Sequence[Any]) -> bool:
    """Whether these script arguments leave the section off; looks at nothing else."""
    if not args or not isinstance(args[0], Mapping):
        return not args or args[0] in (None, False, "", "false", "False")
    return args[0].get("enabled", True) is False or args[0].get("control") == OFF


def parse(args: Sequence[Any], overrides: Mapping[str, Any] | None = None) -> Asked | None:
    """Check script arguments: one dict, or the page's values in declared order.

    Args:
        args: what the WebUI hands the script.
        overrides: values that win over both, by name (XYZ plot).
    Returns:
        None where the section is off.
    Raises:
        InvalidParamError: a value is unknown, missing, of the wrong type or out of bounds.
    """
    if is_off(args):
        return None
    by_hand = not isinstance(args[0], Mapping)
    raw = _positional(args, overrides) if by_hand else _object(args, overrides)
    for name, value in (overrides or {}).items():
        if name not in OWN | _names_of(raw["control"]):
            raise InvalidParamError(name, f"is no parameter of {raw['control']}; take another XYZ axis")
        raw[name] = value
    section = SectionParams.from_mapping({name: value for name, value in raw.items() if name in OWN})
    if section.control == OFF or not section.enabled:
        return None
    operation = next(each for each in control_maps() if each.name == section.control)
    values = {name: value for name, value in raw.items() if name not in OWN}
    _check_names(values, operation)
    preset = values.pop(MAP_PRESET, None)
    if preset is not None:
        if preset not in operation.presets:
            names = ", ".join(operation.presets) or "none"
            raise InvalidParamError(MAP_PRESET, f"must be one of {names}")
        under = {name: value for name, value in operation.presets[preset].items() if name not in SIZE}
        values = {**under, **values}
    return Asked(section, operation, values, by_hand)


def _names_of(control: str) -> set[str]:
    return {field.name for each in control_maps() if each.name == control for field in map_fields(each)}


def _check_names(values: Mapping[str, Any], operation: Operation[Any, Any]) -> None:
    """Refuse a name that is neither the section's nor the map's, with the one that was meant or whose it is."""
    mine = _names_of(operation.name) | {MAP_PRESET}
    for name in values:
        if name in SIZE:
            raise InvalidParamError(name, "is the picture's own in this section; leave it out")
        if name in mine:
            continue
        others = [each.name for each in control_maps() if name in _names_of(each.name)]
        if others:
            raise InvalidParamError(
                name, f"is no parameter of control {operation.name}; give control too: one of {', '.join(others)}"
            )
        raise unknown(name, sorted(OWN | mine))


def _object(args: Sequence[Any], overrides: Mapping[str, Any] | None) -> dict[str, Any]:
    """The raw values of an object, which stands alone; without a control it is for the page's."""
    for at, each in enumerate(args[1:], 1):
        if isinstance(each, Mapping):
            raise InvalidParamError(f"args[{at}]", "is a second object; the Bootcamp section takes one")
    raw = {"enabled": True, "control": CONTROL.default, **_texts(args[0])}
    control = (overrides or {}).get("control", raw["control"])
    if control != raw["control"]:  # what was for the other map is not for the axis' one
        kept = _names_of(control)
        raw = {name: value for name, value in raw.items() if name in kept or name not in _names_of(raw["control"])}
        raw["control"] = control
    return raw


def _texts(given: Mapping[str, Any]) -> dict[str, Any]:
    """Pictures of a dict that are still base64, as the WebUI's API sends them."""
    pictures = {each.name: each for _, each in positions() if each.kind == "image"}
    return {
        name: _picture(pictures[name], value) if name in pictures else value
        for name, value in given.items()
        if not (name in pictures and (value is None or (isinstance(value, str) and not value)))
    }


def _picture(param: Param, value: Any) -> Any:
    """A picture that may still be base64."""
    try:
        return picture_of(param, value) if isinstance(value, str) and value else value
    except ImageError as error:
        raise InvalidParamError(param.name, f"cannot be used: {first_line(error)}") from None


def _positional(args: Sequence[Any], overrides: Mapping[str, Any] | None) -> dict[str, Any]:
    """The raw values of the page: the section's own, and those of the map that is chosen."""
    values = list(args[: len(positions())])
    defaults = [each.default for _, each in positions()]
    values += defaults[len(values) :]
    raw: dict[str, Any] = {}
    control_at = [each.name for each in section_fields()].index("control")
    control = (overrides or {}).get("control", read(CONTROL, values[control_at], LOOK))
    values[control_at] = control
    for (operation, param), value in zip(positions(), values, strict=True):
        if operation is not None and operation.name != control:
            continue
        given = read(param, _picture(param, value) if param.kind == "image" else value, LOOK)
        if given is None and not param.required:
            continue
        if given is None and param.kind in {"integer", "number"}:
            raise InvalidParamError(param.name, f"is empty; give {param.expected()}")
        if given is None and param.kind == "image":
            continue
        raw[param.name] = given
    if raw.get("preset", AUTOMATIC) == AUTOMATIC:
        for name in ("weight", "guidance_start", "guidance_end"):
            raw.pop(name, None)
    return raw


def component_param(param: Param) -> Param:
    """The field as its component shows it: an optional number of the section is a slider with the preset's value."""
    defaults = {"weight": 1.0, "guidance_start": 0.0, "guidance_end": 1.0}
    if param.name not in defaults:
        return param
    spec = dataclasses.replace(param.spec, help="")
    return dataclasses.replace(param, spec=spec, optional=False, default=defaults[param.name])
