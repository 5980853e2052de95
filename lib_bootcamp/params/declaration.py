"""The base of all declarations."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from lib_bootcamp.errors import InvalidParamError

from .fields import fields_of
from .mistakes import unknown
from .param import Param
from .renamed import under_current_names

Self = TypeVar("Self", bound="Params")


class Params:
    """Base of all declarations. An instance is always valid; checking does no I/O."""

    def __post_init__(self) -> None:
        for param in self.fields():
            object.__setattr__(self, param.name, param.check(getattr(self, param.name)))
        self.check()

    def check(self) -> None:
        """Rules that concern more than one field; override and raise InvalidParamError."""

    @classmethod
    def fields(cls) -> tuple[Param, ...]:
        """The resolved fields, in declared order."""
        return fields_of(cls)

    @classmethod
    def from_mapping(cls: type[Self], values: Mapping[str, Any], *, path: str = "") -> Self:
        """Check raw values and build the instance; the one way in for every surface.

        Raises:
            InvalidParamError: a value is missing, unknown, of the wrong type or out of bounds.
        """
        prefix = f"{path}." if path else ""
        known = {param.name: param for param in cls.fields()}
        values = under_current_names(values, cls.fields(), path=prefix)
        for name in values:
            if name not in known:
                raise unknown(name, tuple(known), path=prefix)
        for param in known.values():
            if param.required and param.name not in values:
                raise InvalidParamError(prefix + param.name, "is missing", hint=f"give {param.expected()}")
        try:
            return cls(**values)
        except InvalidParamError as error:
            if prefix:
                raise type(error)(prefix + error.param, error.message, hint=error.hint) from None
            raise

    def to_mapping(self, *, images: bool = False) -> dict[str, Any]:
        """The values as plain JSON types; pictures and files are left out unless asked for."""
        return {name: plain(value) for name, value in self._items() if images or not _is_pictures(value)}

    def _items(self) -> Iterator[tuple[str, Any]]:
        for param in self.fields():
            yield param.name, getattr(self, param.name)


def _is_pictures(value: Any) -> bool:
    """Whether it is a picture, a file, or a list of them: nothing that JSON holds."""
    if isinstance(value, tuple):
        return any(map(_is_pictures, value))
    return isinstance(value, bytes) or hasattr(value, "dtype")


def plain(value: Any) -> Any:
    """Dataclasses and tuples as dicts and lists; everything else as it is."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {each.name: plain(getattr(value, each.name)) for each in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, (tuple, list)):
        return [plain(each) for each in value]
    return value
