"""Axes of the WebUI's XYZ plot: the section's payload, preset, weight, start and end, and the maps' parameters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from lib_bootcamp.core.controlnet.unit_presets import UNIT_PRESETS
from lib_bootcamp.errors import BootcampError, InvalidParamError
from lib_bootcamp.params import Param
from lib_bootcamp.surfaces.page.values import read

from .ports import WebUi
from .section import AXES, GUIDANCE_FIELDS, SECTION_STYLE, control_maps, map_fields, section_fields

LABEL, SIZE_AXIS = "[Bootcamp] ", "Size"
OWN = ("preset", "effect", "weight", "guidance_start", "guidance_end", "control", "apply_by", *GUIDANCE_FIELDS)
KINDS: dict[str, type[Any]] = {"integer": int, "number": float}


class AxisNumber:
    """The type of a number's axis, whose mistakes get our sentence instead of Python's.

    The XYZ plot compares an axis' type with `int` and `float` where it reads ranges, and then calls it.

    Args:
        param: the axis' field.
        webui: makes the error.
    """

    def __init__(self, param: Param, webui: WebUi) -> None:
        self._param, self._webui, self._kind = param, webui, KINDS[param.kind]

    def __eq__(self, other: object) -> bool:
        return other is self._kind or other is self

    def __hash__(self) -> int:
        return hash(self._kind)

    def __call__(self, given: Any) -> Any:
        """The number that is written there."""
        try:
            return self._kind(given)
        except ValueError:
            sentence = f"{LABEL}{self._param.name} must be {self._param.expected()}, not {str(given)[:40]!r}."
            raise self._webui.mistake(sentence, InvalidParamError.status) from None


class Check(Protocol):
    """Refuses a value of an axis before the plot's first picture."""

    def __call__(self, p: Any, name: str, value: Any, *, alone: bool) -> None:
        """As `SectionRunner.check_axis`."""


def register_axes(webui: WebUi, check: Check) -> None:
    """Add the axes once for each load of the XYZ plot's script.

    Args:
        webui: the WebUI.
        check: refuses a value before the plot's first picture. The plot swallows what a picture is refused for, and
            breaks where that is its first.
    """
    found = webui.xyz()
    if found is None:
        return
    option, options = found
    known = {each.label for each in options}
    options.extend(
        option(
            label,
            AxisNumber(param, webui) if param.kind in KINDS else str,
            _apply(param),
            choices=_choices(param),
            confirm=_confirm(param, webui, check),
        )
        for label, param in axes()
        if label not in known
    )


def axes() -> list[tuple[str, Param]]:
    """The axes: label and field. A field that several maps have is one axis, for whichever is chosen."""
    own = {each.name: each for each in section_fields()}
    fields = {name: own[name] for name in OWN}
    for operation in control_maps():
        for param in map_fields(operation):
            if param.kind != "image" and param.spec.format != "secret" and not _side_issue(param):
                fields.setdefault(param.name, param)
    labeled: dict[str, Param] = {}
    for name, param in fields.items():
        label = LABEL + param.spec.title
        labeled[label if label not in labeled else f"{label} ({name.replace('_', ' ')})"] = param
    return list(labeled.items())


def _side_issue(param: Param) -> bool:
    """Fields of the payload kinds are many, and one text each; `content` is the payload people vary."""
    return "payload" in param.spec.when and param.name != "content"


def _apply(param: Param) -> Callable[[Any, Any, Any], None]:
    def apply(p: Any, x: Any, xs: Any) -> None:
        setattr(p, AXES, {**getattr(p, AXES, {}), param.name: _value(param, x)})

    return apply


def _value(param: Param, x: Any) -> Any:
    if param.kind in {"integer", "number"}:
        return x
    shown = read(param, x, SECTION_STYLE) if param.kind == "choice" else x
    return param.parse_text(shown) if isinstance(shown, str) else shown


def _choices(param: Param) -> Callable[[], list[str]] | None:
    if param.name == "preset":
        return lambda: [each.name for each in UNIT_PRESETS]
    if param.kind == "choice":
        return lambda: list(param.choices)
    return (lambda: ["true", "false"]) if param.kind == "boolean" else None


def _confirm(param: Param, webui: WebUi, check: Check) -> Callable[[Any, list[Any]], None]:
    def confirm(p: Any, xs: list[Any]) -> None:
        alone = _is_alone(p)
        for x in xs:
            try:
                value = _value(param, x)
                param.check(value)
                check(p, param.name, value, alone=alone)
            except BootcampError as error:
                raise webui.mistake(f"{LABEL}{error}", error.status) from None

    return confirm


def _is_alone(p: Any) -> bool:
    """Whether one axis of the plot at most is ours or the picture's size, so that a value's map is known already."""
    for script in getattr(getattr(p, "scripts", None), "selectable_scripts", None) or ():
        options = getattr(script, "current_axis_options", None)
        if options:
            chosen = p.script_args[script.args_from : script.args_to]
            labels = [options[at].label for at in chosen if type(at) is int and 0 <= at < len(options)]
            return len([each for each in labels if each.startswith(LABEL) or each == SIZE_AXIS]) <= 1
    return True
