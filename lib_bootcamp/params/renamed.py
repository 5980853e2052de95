"""Names and choices that fields had before (`Spec.renamed`), read as those they have now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from lib_bootcamp.errors import InvalidParamError

from .fields import fields_of
from .param import Param


def under_current_names(values: Mapping[str, Any], params: Iterable[Param], *, path: str = "") -> dict[str, Any]:
    """The same values, with names and choices that fields had before (`Spec.renamed`) replaced by those they have now.

    Args:
        values: by name, as they were given.
        params: the fields they are for.
        path: what stands before the names, with its dot.
    Raises:
        InvalidParamError: a value is given under its old and its new name.
    """
    known = {param.name: param for param in params}
    now = {old: name for name, param in known.items() for old in param.spec.renamed}
    for old in now.keys() & values.keys():
        if now[old] in values:
            raise InvalidParamError(path + now[old], f"is given twice, as {old} too, its old name", hint="give it once")
    current = {now.get(name, name): value for name, value in values.items()}
    return {name: _current(known[name], value) if name in known else value for name, value in current.items()}


def _current(param: Param, value: Any) -> Any:
    """A value with its current choices, and current names inside of it."""
    if isinstance(value, str):
        return param.spec.renamed_choices.get(value, value)
    if param.nested is not None and isinstance(value, Mapping):
        return under_current_names(value, fields_of(param.nested))
    if param.item is not None and isinstance(value, (list, tuple)):
        return [_current(param.item, each) for each in value]
    return value
