"""The section's parameters in a picture's infotext, and back, exactly.

One key holds them all as a query string, `Bootcamp: control=qr&content=https%3A//example.com&weight=1.5`: it has
none of the characters the WebUI would quote or split at (comma, colon, quotation mark, line break, 512x512).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from urllib.parse import quote, unquote

from lib_bootcamp.core.controlnet.unit_presets import UNIT_PRESETS
from lib_bootcamp.errors import InvalidParamError
from lib_bootcamp.operation import Operation
from lib_bootcamp.params import Param, plain, read_json, under_current_names, unknown

from .forms.built import KEY as KEY
from .forms.built import SCRIPTS_KEY as SCRIPTS_KEY
from .section import SectionParams, control_maps, map_fields, section_fields

SCAN_KEY = "Bootcamp scan"
# Readable, and special neither to the WebUI's infotext nor to this one.
_SAFE = "/ ?@!$'()*;-._~#[]"
_PRESET_NAMES = {each.name for each in UNIT_PRESETS}


def is_payload(param: Param) -> bool:
    """Whether a field is a person's own text: what a privacy setting keeps out of infotext."""
    return param.kind == "string" and not param.choices and param.spec.format != "color" and not param.spec.pattern


def write(
    section: SectionParams, operation: Operation[Any, Any], values: Mapping[str, Any], *, with_payload: bool = True
) -> str:
    """One line for the infotext: what differs from the declared defaults.

    Pictures and secrets are never written.

    Args:
        section: the section's own parameters.
        operation: what made the map.
        values: the map's values.
        with_payload: False leaves a person's own texts out.
    """
    own = [(each, getattr(section, each.name)) for each in section_fields() if each.name not in {"enabled", "control"}]
    of_map = [
        (each, values[each.name])
        for each in map_fields(operation)
        if each.name in values and (with_payload or not is_payload(each))
    ]
    return write_fields([*own, *of_map], {"control": section.control})


def write_fields(
    values: Sequence[tuple[Param, Any]], first: Mapping[str, str] | None = None, always: Collection[str] = ()
) -> str:
    """One line of what differs from the declared defaults; pictures and secrets are left out.

    Args:
        values: fields with their values.
        first: what stands before them.
        always: fields that are written when they are as declared too.
    """
    parts: dict[str, str | None] = dict(first or {})
    for param, value in values:
        _put(parts, param, value, always=param.name in always)
    return "&".join(name if text is None else f"{name}={_quoted(text)}" for name, text in parts.items())


def _quoted(text: str) -> str:
    return quote(text, safe=_SAFE if text == text.strip() else "")


def _put(parts: dict[str, str | None], param: Param, value: Any, *, always: bool = False) -> None:
    value = plain(value)
    if param.kind == "image" or param.spec.format == "secret":
        return
    if not always and not param.required and value == plain(param.default):
        return
    as_text = value is None or param.kind in {"string", "choice"}
    parts[param.name] = value if as_text else json.dumps(value, separators=(",", ":"))


def parse(text: str, *, strict: bool = False, key: str = KEY) -> tuple[dict[str, Any], str]:
    """Read what `write` wrote.

    Args:
        text: of the key `KEY`.
        strict: refuse what a newer version may have written, and what is written twice; else it is left out.
        key: what a mistake says the text stands under; empty: it is a line by itself.
    Returns:
        the section's and the map's raw values by name, and the control's name.
    Raises:
        InvalidParamError: the text is of another kind, or names what is not known here.
    """
    if strict:
        _check_once(text, key)
    texts = _texts(text)
    control = texts.get("control") or ""
    operation = next((each for each in control_maps() if each.name == control), None)
    if operation is None:
        wrong = f"is for {control[:40]}, which is no control map here" if control else "names no control map"
        hint = f"begin it with control= and one of {', '.join(each.name for each in control_maps())}"
        raise InvalidParamError(key + _place(key) if key else "it", wrong, hint=hint)
    return _values(texts, (*map_fields(operation), *section_fields()), key, strict=strict), control


def _place(key: str) -> str:
    return " in this infotext" if key else ""


def read_written(text: str, fields: Sequence[Param], key: str, *, strict: bool = False) -> dict[str, Any]:
    """Raw values by name of what `write_fields` wrote under a key.

    Args:
        text: of the key.
        fields: what is known.
        key: in the infotext.
        strict: as of `parse`.
    Raises:
        InvalidParamError: a value is of another kind, or names what is not known here.
    """
    if strict:
        _check_once(text, key)
    return _values(_texts(text), fields, key, strict=strict) if text else {}


def _check_once(text: str, key: str) -> None:
    names = [part.partition("=")[0] for part in text.split("&")]
    for name in names:
        if names.count(name) > 1:
            raise InvalidParamError(name[:40], f"appears twice{_place(key)}", hint="write it once")


def _texts(text: str) -> dict[str, str | None]:
    return {name: (raw if has else None) for name, has, raw in (part.partition("=") for part in text.split("&"))}


def _values(texts: Mapping[str, str | None], fields: Sequence[Param], key: str, *, strict: bool) -> dict[str, Any]:
    known = {each.name: each for each in fields}
    values: dict[str, Any] = {}
    for name, raw in under_current_names(texts, fields).items():
        param = known.get(name)
        if param is None:
            if strict:
                raise unknown(name, tuple(known), path=f"{key}: " if key else "")
            continue  # of a newer version
        given = None if raw is None else unquote(raw)
        if given is None or param.kind in {"string", "choice"}:
            values[name] = given
            continue
        try:
            values[name] = read_json(given)
        except ValueError:
            wrong = f"{_place(key)} is {given[:40]!r}".lstrip()
            raise InvalidParamError(name, wrong, hint=f"that is not {param.expected()}") from None
    return under_current_names(values, fields)


def pasted_values(params: Mapping[str, Any]) -> dict[str, Any] | None:
    """The values in pasted parameters, `enabled` among them; None where the picture was made without the section."""
    text = params.get(KEY)
    if not isinstance(text, str) or not text:
        return None
    values, _ = parse(text)
    return {"enabled": True, **values}
