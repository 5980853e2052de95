"""What the readers of tools' own formats share: fields by other names, sizes in a text, the first JSON there is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from lib_bootcamp.core.png_info.generation import text
from lib_bootcamp.core.png_info.limits import read_object

Texts = Mapping[str, str]


def rest(given: Mapping[str, Any], used: set[str]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if name not in used and value not in (None, "", [], {})}


def renamed(given: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {field: given[name] for name, field in names.items() if name in given}


def json_of(texts: Texts, *names: str) -> dict[str, Any]:
    return next((found for name in names if (found := read_object(texts.get(name)))), {})


def size_of(given: Any, separator: str = "x") -> dict[str, Any]:
    parts = re.findall(r"\d{1,6}", text(given)[:40]) if separator in text(given) else []
    return {"width": parts[0], "height": parts[1]} if len(parts) == 2 else {}


def items(value: Any) -> list[Any]:
    return value[:100] if isinstance(value, list) else []
