"""Axes of the WebUI's XYZ plot: the section's payload, preset, weight, start and end, and the maps' parameters."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from lib_bootcamp.errors import BootcampError, InvalidParamError

from .ports import WebUi

if TYPE_CHECKING:
    from lib_bootcamp.params import Param

LABEL, SIZE_AXIS = "[Bootcamp] ", "Size"
OWN = ("preset", "effect", "weight", "guidance_start", "guidance_end", "control", "apply_by")
KINDS: dict[str, type[Any]] = {"integer": int, "number": float}


@dataclass(frozen=True)
class Axis:
    """What the XYZ plot needs to know of an axis before it is used.

    Args:
        label: in its list.
        kind: of the field.
        choices: what can be chosen; None where it is typed.
    """

    label: str
    kind: str
    choices: Sequence[str] | None


class AxisNumber:
    """The type of a number's axis, whose mistakes get our sentence instead of Python's.

    The XYZ plot compares an axis' type with `int` and `float` where it reads ranges, and then calls it.

    Args:
        axis: what it belongs to.
        webui: makes the error.
    """

    def __init__(self, axis: Axis, webui: WebUi) -> None:
        self._axis, self._webui, self._kind = axis, webui, KINDS[axis.kind]

    def __eq__(self, other: object) -> bool:
        return other is self._kind or other is self

    def __hash__(self) -> int:
        return hash(self._kind)

    def __call__(self, given: Any) -> Any:
        """The number that is written there."""
        try:
            return self._kind(given)
        except ValueError:
            param = _fields()[self._axis.label]
            sentence = f"{self._axis.label} must be {param.expected()}, not {str(given)[:40]!r}."
            raise self._webui.mistake(sentence, InvalidParamError.status) from None


class Check(Protocol):
    """Refuses a value of an axis before the plot's first picture."""

    def __call__(self, p: Any, name: str, value: Any, *, alone: bool) -> None:
        """As `SectionRunner.check_axis`."""


def register_axes(webui: WebUi, check: Check, known: Sequence[Axis]) -> None:
    """Add the axes once for each load of the XYZ plot's script.

    Args:
        webui: the WebUI.
        check: refuses a value before the plot's first picture. The plot swallows what a picture is refused for, and
            breaks where that is its first.
        known: the axes, as `axes` has them.
    """
    found = webui.xyz()
    if found is None:
        return
    option, options = found
    there = {each.label for each in options}
    options.extend(
        option(
            axis.label,
            AxisNumber(axis, webui) if axis.kind in KINDS else str,
            _apply(axis),
            choices=_offer(axis),
            confirm=_confirm(axis, webui, check),
        )
        for axis in known
        if axis.label not in there
    )


def axes() -> list[Axis]:
    """The axes, from the declarations."""
    return [Axis(label, param.kind, _choices(param)) for label, param in _fields().items()]


@functools.lru_cache(maxsize=1)
def _fields() -> dict[str, Param]:
    """The field of each axis by label. One that several maps have is one axis, for whichever is chosen."""
    from .section import GUIDANCE_FIELDS, control_maps, map_fields, section_fields

    own = {each.name: each for each in section_fields()}
    fields = {name: own[name] for name in (*OWN, *GUIDANCE_FIELDS)}
    for operation in control_maps():
        for param in map_fields(operation):
            if param.kind != "image" and param.spec.format != "secret" and not _side_issue(param):
                fields.setdefault(param.name, param)
    labeled: dict[str, Param] = {}
    for name, param in fields.items():
        label = LABEL + param.spec.title
        labeled[label if label not in labeled else f"{label} ({name.replace('_', ' ')})"] = param
    return labeled


def _side_issue(param: Param) -> bool:
    """Fields of the payload kinds are many, and one text each; `content` is the payload people vary."""
    return "payload" in param.spec.when and param.name != "content"


def _choices(param: Param) -> list[str] | None:
    if param.name == "preset":
        from lib_bootcamp.core.controlnet.unit_presets import UNIT_PRESETS

        return [each.name for each in UNIT_PRESETS]
    if param.kind == "choice":
        return list(param.choices)
    return ["true", "false"] if param.kind == "boolean" else None


def _offer(axis: Axis) -> Callable[[], list[str]] | None:
    return None if axis.choices is None else lambda: list(axis.choices or ())


def _apply(axis: Axis) -> Callable[[Any, Any, Any], None]:
    def apply(p: Any, x: Any, xs: Any) -> None:
        from .section import AXES

        param = _fields()[axis.label]
        setattr(p, AXES, {**getattr(p, AXES, {}), param.name: _value(param, x)})

    return apply


def _value(param: Param, x: Any) -> Any:
    from lib_bootcamp.surfaces.page.values import read

    from .section import SECTION_STYLE

    if param.kind in KINDS:
        return x
    shown = read(param, x, SECTION_STYLE) if param.kind == "choice" else x
    return param.parse_text(shown) if isinstance(shown, str) else shown


def _confirm(axis: Axis, webui: WebUi, check: Check) -> Callable[[Any, list[Any]], None]:
    def confirm(p: Any, xs: list[Any]) -> None:
        from lib_bootcamp.surfaces.shared.wording import worded

        from .section_labels import titles

        param, alone = _fields()[axis.label], _is_alone(p)
        for x in xs:
            try:
                value = _value(param, x)
                param.check(value)
                check(p, param.name, value, alone=alone)
            except BootcampError as error:
                raise webui.mistake(f"{LABEL}{worded(error, titles())}", error.status) from None

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
