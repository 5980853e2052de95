"""Defaults under labels and names of the versions before, translated into those of this one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lib_bootcamp import catalog
from lib_bootcamp.errors import BootcampError
from lib_bootcamp.params import Param, plain
from lib_bootcamp.surfaces.page.values import label_of, read, title_of
from lib_bootcamp.surfaces.webui.forms.fields import is_unsaved, keyed_text
from lib_bootcamp.surfaces.webui.section import AUTOMATIC, SECTION_STYLE, positions
from lib_bootcamp.surfaces.webui.section_labels import section_labels

from .saved_defaults import SECTION, TAB, VALUES_LABEL, label_of_key, tab_of

_NUMBERS = {"weight": 1.0, "guidance_start": 0.0, "guidance_end": 1.0}
"""Sliders that counted under a preset chosen by hand alone, and where they stood."""


def under_current_labels(saved: Mapping[str, Any]) -> dict[str, Any]:
    """The defaults of the tab's fields under current keys, with choices by their current titles."""
    fields = tuple(_tab_fields())
    now: dict[str, Any] = {}
    for key, value in saved.items():
        *place, label, what = key.split("/")
        param: Param | None = None
        if key.startswith(TAB) and len(place) > 1:
            param = next((each for each in fields if _is_of(each, place[1], label)), None)
            if param is not None:
                place[1], label = _source(param, place[1]), label_of(param)
        current = "/".join((*place, label, what))
        if current == key or current not in saved:
            now[current] = _value(param, value) if what == "value" and param is not None else value
    return now


def section_as_text(saved: Mapping[str, Any]) -> dict[str, Any]:
    """The defaults without a key for each field of the section, and with one text of what differs from the defaults."""
    known = _section_fields()
    kept = {key: value for key, value in saved.items() if _field_of(key, known) is None}
    for tab in dict.fromkeys(tab_of(key) for key in saved if _field_of(key, known) is not None):
        text, head = f"{SECTION}{tab}/{VALUES_LABEL}/value", f"{SECTION}{tab}/"
        values = {
            known[label]: value
            for key, value in saved.items()
            if key.startswith(head) and key.endswith("/value") and (label := label_of_key(key)) in known
        }
        if not kept.get(text):
            kept[text] = keyed_text(_changed(values))
    return kept


def _changed(values: Mapping[tuple[str, str], Any]) -> dict[str, Any]:
    """By key, what differs from the defaults; what is not understood is left out."""
    params, by_hand = _params(), values.get(("", "preset"), AUTOMATIC) != AUTOMATIC
    changed: dict[str, Any] = {}
    for (control, name), value in values.items():
        param = params[control, name]
        if is_unsaved(param) or (not control and name in _NUMBERS and (not by_hand or value == _NUMBERS[name])):
            continue
        try:
            raw = read(param, value, SECTION_STYLE)
            raw = param.spec.renamed_choices.get(raw, raw) if isinstance(raw, str) else raw
            if raw is None or plain(param.check(raw)) == plain(param.default):
                continue
        except BootcampError:
            continue
        changed[f"{control}.{name}" if control else name] = raw
    return changed


def _params() -> dict[tuple[str, str], Param]:
    return {(each.name if each else "", param.name): param for each, param in positions()}


def _section_fields() -> dict[str, tuple[str, str]]:
    """Control and name of each field by the labels that it had."""
    each = (section_labels(_label_before, _name_before), section_labels(_with_unit_before), section_labels())
    return {label: key for labels in each for key, label in labels.items() if key != ("", "enabled")}


def _field_of(key: str, known: Mapping[str, Any]) -> Any:
    return known.get(label_of_key(key)) if key.startswith(SECTION) else None


def _tab_fields() -> Iterator[Param]:
    """The fields of all forms that have something renamed."""
    for operation in catalog.OPERATIONS:
        for declaration in (operation.params, *([operation.job.params] if operation.job is not None else [])):
            for param in declaration.fields():
                spec = param.spec
                if spec.renamed or spec.renamed_choices or _label_before(param) != label_of(param):
                    yield param


def _is_of(param: Param, source: str, label: str) -> bool:
    names = (param.name, *param.spec.renamed)
    labels = {label_of(param), _with_unit_before(param), _label_before(param)}
    return label in labels and source.endswith(tuple(f"_{name}" for name in names))


def _source(param: Param, source: str) -> str:
    name = next(each for each in (param.name, *param.spec.renamed) if source.endswith(f"_{each}"))
    return source.removesuffix(name) + param.name


def _name_before(param: Param) -> str:
    return param.spec.renamed[0] if param.spec.renamed else param.name


def _with_unit_before(param: Param) -> str:
    """The label while a span of numbers was written as `[0, 1]` or `0..255`."""
    low, _, high = param.spec.unit.partition(" to ")
    before = f"{low}..{high}" if high == "255" else f"[{low}, {high}]"
    return label_of(param).replace(f"({param.spec.unit})", f"({before})") if high else label_of(param)


def _label_before(param: Param) -> str:
    label = _with_unit_before(param)
    return param.spec.renamed_titles[0] + label.removeprefix(param.spec.title) if param.spec.renamed_titles else label


def _value(param: Param, value: Any) -> Any:
    choice = param.spec.renamed_choices.get(value) if isinstance(value, str) else None
    return value if choice is None else title_of(param, choice)
