"""What a form that the browser draws asks for, and the two texts in which its values stand on the page; no Gradio.

The texts are JSON objects of what differs from the declared defaults. A form may have parts, one of which is shown: the
fields of a part are written with its name before theirs, `{"control": "qr", "qr.content": "https://example.com"}`, so
that switching between them loses nothing.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lib_bootcamp.errors import BootcampError, InvalidParamError
from lib_bootcamp.params import Param, plain, read_json
from lib_bootcamp.schema import json_schema
from lib_bootcamp.surfaces.page.values import choices_of, is_upload, label_of, placeholder_of

from .known import FORMS

MAX_SUGGESTIONS = 500


class NoFormError(BootcampError):
    """A form of this name was never made."""

    status = 404


@dataclass(frozen=True, kw_only=True)
class FormFields:
    """The fields of a drawn form, in order.

    Args:
        own: those that are always there.
        chooser: the choice among `own` whose value names the part that is shown.
        parts: fields of each part by its name.
        front: keys of the fields that stand in front, a part's with its name before it; the others are behind "More".
            Empty: all do.
        presets: by part, named sets of values to begin from.
        suggestions: by key, (value, label) pairs to choose a text from.
        marks: by key, what is added to the labels of choices: `not installed`.
        defaults_by: what fields begin with, by key, where a choice has a value:
            `{"preset": {"monster": {"weight": 1.5}}}`.
        extra: what else the script of this form is given.
    """

    own: tuple[Param, ...]
    chooser: str = ""
    parts: Mapping[str, tuple[Param, ...]] = field(default_factory=dict)
    front: Collection[str] = ()
    presets: Mapping[str, Mapping[str, Mapping[str, Any]]] = field(default_factory=dict)
    suggestions: Mapping[str, list[tuple[str, str]]] = field(default_factory=dict)
    marks: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    defaults_by: Mapping[str, Mapping[str, Mapping[str, Any]]] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)

    def keyed(self) -> Iterator[tuple[str, Param]]:
        """Each field by its key in the texts."""
        for param in self.own:
            yield param.name, param
        for part, params in self.parts.items():
            for param in params:
                yield f"{part}.{param.name}", param

    def describe(self) -> dict[str, Any]:
        """What the browser draws the form from, as JSON."""
        return {
            "chooser": self.chooser,
            "fields": [self._field(key, param) for key, param in self.keyed()],
            "presets": {part: plain(each) for part, each in self.presets.items() if each},
            "defaultsBy": plain(self.defaults_by),
            **plain(self.extra),
        }

    def _field(self, key: str, param: Param) -> dict[str, Any]:
        spec = param.spec
        bounds = {"min": _first(spec.ge, spec.gt), "max": _first(spec.le, spec.lt), "step": _step(param)}
        texts = {"help": spec.help, "group": spec.group, "format": spec.format, "pattern": spec.pattern}
        described: dict[str, Any] = {
            "key": key,
            "label": label_of(param),
            "kind": _kind(param),
            "default": None if param.required else plain(param.default),
            "optional": param.optional,
            "saved": not is_unsaved(param),
            "front": not self.front or key in self.front,
            "when": {name: list(values) for name, values in spec.when.items()},
            "choices": self._choices(key, param),
            "placeholder": placeholder_of(param) if param.kind in {"list", "mapping"} else str(spec.example or ""),
            "maxLength": param.max_length if param.kind == "string" else None,
        }
        if param.item is not None and param.item.nested is not None:
            described["items"] = json_schema(param.item.nested)
        described |= bounds if param.kind in {"integer", "number"} else {}
        return {name: value for name, value in {**described, **texts}.items() if value not in (None, "", [], {})}

    def _choices(self, key: str, param: Param) -> list[list[str]]:
        if key in self.suggestions:
            return [list(each) for each in self.suggestions[key][:MAX_SUGGESTIONS]]
        item = param.item if param.item is not None and param.item.kind == "choice" else param
        marks = self.marks.get(key, {})
        return [[value, f"{title} ({marks[value]})" if value in marks else title] for title, value in choices_of(item)]


def _first(one: float | None, other: float | None) -> float | None:
    return other if one is None else one


def _step(param: Param) -> float:
    spec = param.spec
    if param.kind == "integer":
        return spec.multiple_of or spec.step or 1
    low, high = _first(spec.ge, spec.gt), _first(spec.le, spec.lt)
    return spec.step or (round((high - low) / 200, 4) if low is not None and high is not None else 0.01)


def _kind(param: Param) -> str:
    """`choices`, `numbers` and `objects` are lists that have a control of their own."""
    if param.item is not None and param.item.kind == "choice":
        return "choices"
    if param.item is not None and param.item.kind in {"integer", "number"}:
        return "numbers"
    return "objects" if param.item is not None and param.item.nested is not None else param.kind


def is_unsaved(param: Param) -> bool:
    """Whether its value stays out of ui-config.json: pictures, files and secrets."""
    return is_upload(param) or param.spec.format == "secret"


def form_fields(name: str) -> FormFields:
    """A form's fields.

    Raises:
        NoFormError: there is none of this name.
    """
    if name not in FORMS:
        raise NoFormError(f"There is no form {name[:40]!r}; reload the page.")
    return FORMS[name]()


def read_values(fields: FormFields, values: str, unsaved: str = "", chosen: str | None = None) -> dict[str, Any]:
    """The raw values of a form's texts, as the API is given them: by name, of no other part than the chosen one.

    Args:
        fields: the form's.
        values: the first text; empty is all defaults.
        unsaved: the second text, with pictures and secrets.
        chosen: the part, where another one is wanted than the texts name.
    Raises:
        InvalidParamError: a text is no JSON object.
    """
    given = {**_object("values", values), **_object("unsaved values", unsaved)}
    own = {key: value for key, value in given.items() if "." not in key}
    if fields.chooser and chosen is None:
        chosen = own.get(fields.chooser, _default(fields.own, fields.chooser))
    head = f"{chosen}."
    return own | {key.removeprefix(head): value for key, value in given.items() if key.startswith(head)}


def _object(name: str, text: Any) -> dict[str, Any]:
    if text is None or text == "":
        return {}
    try:
        given = read_json(text) if isinstance(text, str) else None
    except ValueError:
        given = None
    if not isinstance(given, dict):
        raise InvalidParamError(name, "must be a JSON object", hint="reload the page, or give {}")
    return given


def _default(params: tuple[Param, ...], name: str) -> Any:
    return next(each.default for each in params if each.name == name)


def values_text(fields: FormFields, raw: Mapping[str, Any]) -> str:
    """The first text of a form for raw values as the API takes them; what has no field in it is left out.

    Args:
        fields: the form's.
        raw: values by name, of the form and of the part that they choose.
    """
    chosen = raw.get(fields.chooser, _default(fields.own, fields.chooser)) if fields.chooser else ""
    shown = [(each.name, each) for each in fields.own]
    shown += [(f"{chosen}.{each.name}", each) for each in fields.parts.get(chosen, ())]
    return keyed_text({key: raw[param.name] for key, param in shown if param.name in raw and not is_unsaved(param)})


def keyed_text(keyed: Mapping[str, Any]) -> str:
    """The text for values by key; none of them is the empty text."""
    return json.dumps(plain(keyed), ensure_ascii=False, separators=(",", ":")) if keyed else ""
