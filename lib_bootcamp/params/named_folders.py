"""The folders that the values of a declaration name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .fields import fields_of
from .param import Param


def named_folders(values: Mapping[str, Any], params: Iterable[Param]) -> Iterator[str]:
    """Each folder that raw values name, in their lists and objects too; empty texts name none.

    Args:
        values: by name.
        params: the fields they are for.
    """
    for param in params:
        if param.name in values:
            yield from _of_value(param, values[param.name])


def _of_value(param: Param, value: Any) -> Iterator[str]:
    if isinstance(value, str):
        if value and param.spec.format == "folder":
            yield value
    elif param.nested is not None and isinstance(value, Mapping):
        yield from named_folders(value, fields_of(param.nested))
    elif param.item is not None and isinstance(value, (list, tuple)):
        for each in value:
            yield from _of_value(param.item, each)
