"""Raw arguments of a script, from the page or over the API, checked against its declaration and the section's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lib_bootcamp.errors import ImageError, InvalidParamError, first_line
from lib_bootcamp.params import Param, Params, under_current_names, unknown
from lib_bootcamp.surfaces.shared.given_pictures import picture_of
from lib_bootcamp.surfaces.webui.section import SIZE, map_fields
from lib_bootcamp.surfaces.webui.section_values import PanelRequest, parse

from .declared import FORMS, ScriptForm


@dataclass(frozen=True)
class Asked:
    """Checked arguments.

    Args:
        form: whose they are.
        own: the script's own.
        shared: the raw values for the section, which checks them with a control.
    """

    form: ScriptForm
    own: Params
    shared: Mapping[str, Any]

    def raw(self, **changed: Any) -> dict[str, Any]:
        """All values by name, some of them changed."""
        return {**self.shared, **self.own.to_mapping(images=True), **changed}


def ask(form: ScriptForm, raw: Mapping[str, Any]) -> Asked:
    """Check a script's values by name; what the section takes is checked where its control is known.

    Raises:
        InvalidParamError: a name is not known, or a value of the script's own is wrong.
    """
    fields = {each.name: each for each in form.fields}
    values = under_current_names(raw, form.fields)
    for name in values:
        if name in SIZE:
            raise InvalidParamError(name, "is the picture's own in this script", hint="leave it out")
        if name not in fields:
            raise unknown(name, tuple(fields))
    values = {name: _value(fields[name], value) for name, value in values.items()}
    names = {each.name for each in form.params.fields()}
    own = form.params.from_mapping({name: value for name, value in values.items() if name in names})
    return Asked(form, own, {name: value for name, value in values.items() if name not in names})


def _value(param: Param, value: Any) -> Any:
    """A picture that is still base64, as the API and the page send it."""
    if param.kind != "image" or not isinstance(value, str):
        return value
    try:
        return picture_of(param, value) if value else None
    except ImageError as error:
        raise InvalidParamError(param.name, f"cannot be used: {first_line(error)}") from None


def request_for(raw: Mapping[str, Any]) -> PanelRequest:
    """What the section is asked for, its control among the values; each of the map's values is checked too.

    Raises:
        InvalidParamError: a value is unknown or wrong; rules of several are the map's, once its preset is known.
    """
    request = parse((raw,))
    assert request is not None  # it is on, for it names a control
    for param in map_fields(request.operation):
        if param.name in request.values:
            param.check(request.values[param.name])
    return request


def by_name(form: ScriptForm, args: Sequence[Any]) -> dict[str, Any]:
    """A request's `script_args` by name: one object, or values in declared order.

    Raises:
        InvalidParamError: there are too many, or something beside the object.
    """
    if any(isinstance(each, Mapping) for each in args):
        if len(args) > 1:
            raise InvalidParamError("script_args", "holds more than one object", hint="an object stands alone")
        return {str(name): value for name, value in args[0].items()}
    if len(args) > len(form.fields):
        raise InvalidParamError(
            "script_args",
            f"has {len(args)} values, and {form.title} takes {len(form.fields)}",
            hint="give one object with the values by name",
        )
    return {param.name: value for param, value in zip(form.fields, args, strict=False) if value is not None}


def form_of(title: Any) -> ScriptForm | None:
    """The script of a title, in any case, as the WebUI takes it."""
    return next((each for each in FORMS if isinstance(title, str) and each.title.lower() == title.lower()), None)
