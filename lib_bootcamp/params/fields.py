"""The fields of a declaration, from its type hints."""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from typing import Any, Literal, Union

from .param import Param
from .spec import Kind, Spec

_SCALARS: dict[type, Kind] = {bool: "boolean", int: "integer", float: "number", str: "string", bytes: "file"}
_RESOLVED: dict[type[Any], tuple[Param, ...]] = {}


def fields_of(declaration: type[Any]) -> tuple[Param, ...]:
    """The resolved fields of a declaration or a result, in declared order."""
    if declaration in _RESOLVED:
        return _RESOLVED[declaration]
    hints = typing.get_type_hints(declaration, include_extras=True)
    resolved = []
    for each in dataclasses.fields(declaration):
        default = each.default if each.default_factory is dataclasses.MISSING else each.default_factory()
        resolved.append(_resolve(each.name, hints[each.name], Spec(each.name.replace("_", " ").capitalize()), default))
    return _RESOLVED.setdefault(declaration, tuple(resolved))


def _resolve(name: str, hint: Any, spec: Spec, default: Any) -> Param:
    if typing.get_origin(hint) is typing.Annotated:
        spec = next((each for each in hint.__metadata__ if isinstance(each, Spec)), spec)
    hint, optional = _unwrap(hint), False
    if typing.get_origin(hint) in {Union, types.UnionType}:
        members = [each for each in typing.get_args(hint) if each is not type(None)]
        if len(members) != 1:
            raise TypeError(f"{name}: a union with None only, not {hint}")
        hint, optional = _unwrap(members[0]), True
    required = default is dataclasses.MISSING
    build = functools.partial(
        Param, name, spec, required=required, optional=optional, default=None if required else default
    )
    origin = typing.get_origin(hint) or hint
    if origin is Literal:
        return build(kind="choice", choices=tuple(str(each) for each in typing.get_args(hint)))
    if origin is tuple:
        # lengths are those of the list, not of the texts in it
        inner = dataclasses.replace(spec, min_length=None, max_length=None)
        return build(kind="list", item=_resolve(name, typing.get_args(hint)[0], inner, dataclasses.MISSING))
    if dataclasses.is_dataclass(hint):
        return build(kind="object", nested=typing.cast("type[Any]", hint))
    named: dict[str, Kind] = {"ndarray": "image", "dict": "mapping"}
    kind = _SCALARS.get(hint) or named.get(getattr(origin, "__name__", ""))
    if kind is None:
        raise TypeError(f"{name}: {hint} cannot be declared")
    return build(kind=kind)


def _unwrap(hint: Any) -> Any:
    return hint.__origin__ if typing.get_origin(hint) is typing.Annotated else hint
