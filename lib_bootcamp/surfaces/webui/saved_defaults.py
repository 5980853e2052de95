"""What the WebUI's ui-config.json keeps under labels and names of the version before, under those of this one.

The WebUI knows a component by `customscript/<source>/<tab>/<label>/<what>`; the source is `bootcamp.py` for the section
and the component's id for our own tab. Source: modules/ui_loadsave.py of AUTOMATIC1111 1.10.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lib_bootcamp.catalog import OPERATIONS
from lib_bootcamp.core.files.atomic import write_atomically
from lib_bootcamp.params import Param
from lib_bootcamp.surfaces.page.values import label_of, title_of

from .section import positions
from .section_labels import section_labels

_SECTION, _TAB = "customscript/bootcamp.py/", "customscript/bootcamp_"
_MARK = "customscript/bootcamp"


def keep_saved_defaults(file: Path) -> None:
    """Rewrite the file where it holds old labels or names; one that is not there, or no JSON, is left to the WebUI."""
    try:
        text = file.read_text(encoding="utf-8")
        saved = json.loads(text) if _MARK in text else None
    except (OSError, ValueError):
        return
    if isinstance(saved, dict) and (now := under_current_labels(saved)) != saved:
        write_atomically(file, json.dumps(now, indent=4, ensure_ascii=False).encode("utf-8"))


def under_current_labels(saved: Mapping[str, Any]) -> dict[str, Any]:
    """The same defaults under current keys, with choices by their current titles."""
    labels, fields = _section_renames(), tuple(_tab_fields())
    now: dict[str, Any] = {}
    for key, value in saved.items():
        *place, label, what = key.split("/")
        param: Param | None = None
        if key.startswith(_SECTION) and label in labels:
            label, param = labels[label]
        elif key.startswith(_TAB) and len(place) > 1:
            param = next((each for each in fields if _is_of(each, place[1], label)), None)
            if param is not None:
                place[1], label = _source(param, place[1]), label_of(param)
        current = "/".join((*place, label, what))
        if current == key or current not in saved:
            now[current] = _value(param, value) if what == "value" and param is not None else value
    return now


def _section_renames() -> dict[str, tuple[str, Param]]:
    params = {(each.name if each else "", param.name): param for each, param in positions()}
    before, now = section_labels(_label_before, _name_before), section_labels()
    return {label: (now[key], params[key]) for key, label in before.items()}


def _tab_fields() -> Iterator[Param]:
    """The fields of all forms that have something renamed."""
    for operation in OPERATIONS:
        for declaration in (operation.params, *([operation.job.params] if operation.job is not None else [])):
            for param in declaration.fields():
                if param.spec.renamed or param.spec.renamed_titles or param.spec.renamed_choices:
                    yield param


def _is_of(param: Param, source: str, label: str) -> bool:
    names = (param.name, *param.spec.renamed)
    return label in {label_of(param), _label_before(param)} and source.endswith(tuple(f"_{name}" for name in names))


def _source(param: Param, source: str) -> str:
    name = next(each for each in (param.name, *param.spec.renamed) if source.endswith(f"_{each}"))
    return source.removesuffix(name) + param.name


def _name_before(param: Param) -> str:
    return param.spec.renamed[0] if param.spec.renamed else param.name


def _label_before(param: Param) -> str:
    label = label_of(param)
    return param.spec.renamed_titles[0] + label.removeprefix(param.spec.title) if param.spec.renamed_titles else label


def _value(param: Param, value: Any) -> Any:
    choice = param.spec.renamed_choices.get(value) if isinstance(value, str) else None
    return value if choice is None else title_of(param, choice)
