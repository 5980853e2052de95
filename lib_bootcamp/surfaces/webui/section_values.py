"""Raw script arguments, an object or the page's values, checked against the section's declaration and the map's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lib_bootcamp.errors import ImageError, InvalidParamError, first_line
from lib_bootcamp.operation import Operation
from lib_bootcamp.params import Param, under_current_names, unknown
from lib_bootcamp.surfaces.page.values import read, read_fields
from lib_bootcamp.surfaces.shared.given_pictures import picture_of

from .section import (
    AUTOMATIC,
    CONTROL,
    MAP_PRESET,
    OFF,
    OWN,
    SECTION_STYLE,
    SIZE,
    SectionParams,
    control_maps,
    map_fields,
    positions,
)


@dataclass(frozen=True)
class PanelRequest:
    """A checked request.

    Args:
        section: the section's own parameters.
        operation: what makes the map.
        values: the map's raw values as given.
        from_ui: they are the page's, where every field has a value.
    """

    section: SectionParams
    operation: Operation[Any, Any]
    values: Mapping[str, Any]
    from_ui: bool

    def map_values(self, preset_values: Mapping[str, Any]) -> dict[str, Any]:
        """The map's raw values with a unit preset's laid under them.

        On the page every field has a value: there, under an automatic preset, one left at its default counts
        as not given; a preset chosen by hand has set the fields when it was chosen.
        """
        given = dict(self.values)
        if self.from_ui and self.section.preset == AUTOMATIC:
            defaults = {each.name: each.default for each in map_fields(self.operation)}
            given = {name: value for name, value in given.items() if not _same(value, defaults.get(name))}
        elif self.from_ui:
            return given
        return {**preset_values, **given}


def _same(one: Any, other: Any) -> bool:
    return not hasattr(one, "dtype") and not hasattr(other, "dtype") and one == other


def is_off(args: Sequence[Any]) -> bool:
    """Whether these script arguments leave the section off; looks at nothing else."""
    if not args or not isinstance(args[0], Mapping):
        return not args or args[0] in (None, False, "", "false", "False")
    return args[0].get("enabled", True) is False or args[0].get("control") == OFF


def parse(args: Sequence[Any], overrides: Mapping[str, Any] | None = None) -> PanelRequest | None:
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
    from_ui = not isinstance(args[0], Mapping)
    raw = _positional(args, overrides) if from_ui else _object(args, overrides)
    for name, value in (overrides or {}).items():
        if name not in OWN | _names_of(raw["control"]):
            raise InvalidParamError(name, f"is not a parameter of {raw['control']}", hint="take another XYZ axis")
        raw[name] = value
    section = SectionParams.from_mapping({name: value for name, value in raw.items() if name in OWN})
    if section.control == OFF or not section.enabled:
        return None
    operation = next(each for each in control_maps() if each.name == section.control)
    values = {name: value for name, value in raw.items() if name not in OWN}
    _check_names(values, operation)
    return PanelRequest(section, operation, operation.over_preset(values, MAP_PRESET), from_ui)


def _names_of(control: str) -> set[str]:
    return {field.name for each in control_maps() if each.name == control for field in map_fields(each)}


def _check_names(values: Mapping[str, Any], operation: Operation[Any, Any]) -> None:
    """Refuse a name that is neither the section's nor the map's, with the one that was meant or whose it is."""
    mine = _names_of(operation.name) | {MAP_PRESET}
    for name in values:
        if name in SIZE:
            raise InvalidParamError(name, "is the picture's own in this section", hint="leave it out")
        if name in mine:
            continue
        others = [each.name for each in control_maps() if name in _names_of(each.name)]
        if others:
            raise InvalidParamError(
                name,
                f"is not a parameter of control {operation.name}",
                hint=f"give control too: one of {', '.join(others)}",
            )
        raise unknown(name, sorted(OWN | mine))


def _object(args: Sequence[Any], overrides: Mapping[str, Any] | None) -> dict[str, Any]:
    """The raw values of an object, which stands alone; without a control it is for the page's."""
    for at, each in enumerate(args[1:], 1):
        if isinstance(each, Mapping):
            raise InvalidParamError(f"args[{at}]", "is a second object", hint="the Bootcamp section takes one")
    raw = {"enabled": True, "control": CONTROL.default, **_texts(args[0])}
    control = (overrides or {}).get("control", raw["control"])
    if control != raw["control"]:  # what was for the other map is not for the axis' one
        kept = _names_of(control)
        raw = {name: value for name, value in raw.items() if name in kept or name not in _names_of(raw["control"])}
        raw["control"] = control
    fields = [each for operation, each in positions() if operation is None or operation.name == control]
    return under_current_names(raw, fields)


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
    places = positions()
    values = [*args[: len(places)], *(param.default for _, param in places[len(args) :])]
    control_at = places.index((None, CONTROL))
    control = (overrides or {}).get("control", read(CONTROL, values[control_at], SECTION_STYLE))
    values[control_at] = control
    chosen = [
        (param, _picture(param, value) if param.kind == "image" else value)
        for (operation, param), value in zip(places, values, strict=True)
        if operation is None or operation.name == control
    ]
    raw = read_fields([param for param, _ in chosen], [value for _, value in chosen], SECTION_STYLE)
    if raw.get("preset", AUTOMATIC) == AUTOMATIC:
        for name in ("weight", "guidance_start", "guidance_end"):
            raw.pop(name, None)
    return raw
