"""Declare parameters once, check raw values once. Standard library only.

A declaration is a frozen, keyword-only dataclass that derives from `Params`; each field is
`Annotated[type, Spec(...)]`. Types: bool, int, float, str, Literal of strings, a numpy array
(a picture), bytes (a file as it is), another `Params`, `tuple[one of these, ...]`, and each of them `| None`.
Every surface (tab, script, route, command, infotext, docs) is derived from it.
"""

from __future__ import annotations

from .declaration import Params, plain
from .fields import fields_of
from .json_text import MAX_DIGITS, MAX_VALUES, TooManyValuesError, has_too_many_values, read_json
from .mistakes import unknown
from .named_folders import named_folders
from .param import Param
from .renamed import under_current_names
from .spec import Spec

__all__ = [
    "MAX_DIGITS",
    "MAX_VALUES",
    "Param",
    "Params",
    "Spec",
    "TooManyValuesError",
    "fields_of",
    "has_too_many_values",
    "named_folders",
    "plain",
    "read_json",
    "under_current_names",
    "unknown",
]
