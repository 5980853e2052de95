"""Raw script arguments, an object or the page's texts, checked against the section's declaration and the map's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lib_bootcamp.core.controlnet.unit_presets import UNIT_PRESETS, find_preset
from lib_bootcamp.errors import ImageError, InvalidParamError, first_line
from lib_bootcamp.operation import Operation
from lib_bootcamp.params import Param, plain, under_current_names, unknown
from lib_bootcamp.surfaces.shared.given_pictures import picture_of

from .forms.fields import FormFields, read_values, values_text
from .section import (
    AUTOMATIC,
    CONTROL,
    CUSTOM,
    MAP_PRESET,
    OFF,
    OWN,
    SIZE,
    SectionParams,
    control_maps,
    map_fields,
    positions,
    section_fields,
)

DECIMALS = 6


@dataclass(frozen=True)
class PanelRequest:
    """A checked request.

    Args:
        section: the section's own parameters.
        operation: what makes the map.
        values: the map's raw values as given.
        from_ui: they are the page's, which writes down again what the person set and not what came of it.
    """

    section: SectionParams
    operation: Operation[Any, Any]
    values: Mapping[str, Any]
    from_ui: bool

    def map_values(self, preset_values: Mapping[str, Any]) -> dict[str, Any]:
        """The map's raw values with a unit preset's laid under them."""
        return {**preset_values, **self.values}


def panel_fields() -> FormFields:
    """The fields of the section's form, with those of each map as a part."""
    own = tuple(each for each in section_fields() if each.name != "enabled")
    return FormFields(own=own, chooser="control", parts={each.name: map_fields(each) for each in control_maps()})


def text_of(values: Mapping[str, Any]) -> str:
    """The form's text for raw values in which what is left out is as declared, whatever a unit preset would say."""
    raw = dict(values)
    preset = raw.get("preset", AUTOMATIC)
    if preset not in {AUTOMATIC, CUSTOM}:
        control = raw.get("control", "")
        declared = {
            each.name: each.default for one in control_maps() if one.name == control for each in map_fields(one)
        }
        for name in find_preset(preset).values.get(control, {}):
            raw.setdefault(name, declared.get(name))
    return values_text(panel_fields(), raw)


def text_of_map(operation: Operation[Any, Any], raw: Mapping[str, Any]) -> str:
    """The form's text for a map's values from elsewhere, so that the same map comes of it under an automatic preset.

    Those that are as declared are left out, but for what some unit preset would set otherwise.
    """
    set_by_presets = {name for each in UNIT_PRESETS for name in each.values.get(operation.name, ())}
    changed = {
        each.name: raw[each.name]
        for each in map_fields(operation)
        if raw.get(each.name) is not None
        and each.kind != "image"
        and (each.name in set_by_presets or plain(raw[each.name]) != plain(each.default))
    }
    return text_of({**changed, CONTROL.name: operation.name})


def rounded(value: float) -> float:
    """A number that was computed, as it is drawn and written: 0.042 for 0.7 * 0.06, which is 0.041999999999999996.

    What a person gives stays as it is.
    """
    return round(value, DECIMALS)


def is_off(args: Sequence[Any]) -> bool:
    """Whether these script arguments leave the section off; looks at nothing else."""
    if not args or not isinstance(args[0], Mapping):
        return not args or args[0] in (None, False, "", "false", "False")
    return args[0].get("enabled", True) is False or args[0].get("control") == OFF


def args_of(p: Any) -> Sequence[Any] | None:
    """What a generation object holds for the section; None where it has none."""
    for script in getattr(getattr(p, "scripts", None), "alwayson_scripts", None) or ():
        if str(script.title()) == "Bootcamp":
            return list(p.script_args[script.args_from : script.args_to])
    return None


def parse(args: Sequence[Any], overrides: Mapping[str, Any] | None = None) -> PanelRequest | None:
    """Check script arguments: one dict, or what the page holds: whether it is on, and its form's two texts.

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
    raw = _object([_of_page(args, overrides)] if from_ui else args, overrides)
    for name, value in (overrides or {}).items():
        if name not in OWN | _names_of(raw["control"]):
            raise InvalidParamError(name, f"is not a parameter of {raw['control']}", hint="take another XYZ axis")
        raw[name] = rounded(value) if isinstance(value, float) else value
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


def _of_page(args: Sequence[Any], overrides: Mapping[str, Any] | None) -> dict[str, Any]:
    """The raw values of the page, of the map that an axis names where one does."""
    values, unsaved = (each if isinstance(each, str) else "" for each in (*args[1:3], "", "")[:2])
    chosen = (overrides or {}).get(CONTROL.name)
    raw = read_values(panel_fields(), values, unsaved, chosen)
    return raw if chosen is None else {**raw, CONTROL.name: chosen}
