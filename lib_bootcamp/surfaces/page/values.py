"""Between declared values and what Gradio components hold; knows no Gradio."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lib_bootcamp.core.images.codec import read_file
from lib_bootcamp.errors import InvalidParamError
from lib_bootcamp.params import Param, plain
from lib_bootcamp.surfaces.shared.given_pictures import picture_of

_RGBA = re.compile(r"rgba?\(\s*([\d.]+)\s*,\s*([\d.]+)\s*,\s*([\d.]+)")
AUTOMATIC_TITLE = "automatic"


@dataclass(frozen=True)
class FieldStyle:
    """How a page wants its fields.

    Args:
        plain_choices: a choice's value is its title. The WebUI's ui-config.json compares saved values with the
            titles and drops those that differ.
        image_type: `filepath`, or `numpy` where a text must never be taken for a path on the server.
        labels: labels other than the declared titles, by field name.
        on_input: presets fill in when the person chooses them, not when the page sets them (pasted infotext).
    """

    plain_choices: bool = False
    image_type: str = "filepath"
    labels: Mapping[str, str] = field(default_factory=dict)
    on_input: bool = False


DEFAULT_STYLE = FieldStyle()


def label_of(param: Param, style: FieldStyle = DEFAULT_STYLE) -> str:
    """The component's label: the title with its unit, or the page's own."""
    return style.labels.get(param.name) or (
        f"{param.spec.title} ({param.spec.unit})" if param.spec.unit else param.spec.title
    )


def title_of(param: Param, choice: str) -> str:
    """The title of one choice."""
    return param.spec.titles.get(choice, choice.replace("-", " ").replace("_", " "))


def choices_of(param: Param, style: FieldStyle = DEFAULT_STYLE) -> list[Any]:
    """A choice's entries: titles, or (title, value) pairs; an optional one begins with automatic."""
    pairs = [(title_of(param, each), each) for each in param.choices]
    if param.optional:
        pairs.insert(0, (AUTOMATIC_TITLE, ""))
    return [title for title, _ in pairs] if style.plain_choices else pairs


def show(param: Param, value: Any, style: FieldStyle = DEFAULT_STYLE) -> Any:
    """A value as its component shows it."""
    if param.kind in {"list", "object", "mapping"}:
        if param.item is not None and param.item.kind == "choice":
            return list(value or [])
        if (text := _typed(param, value)) is not None:
            return text
        return "" if value is None else json.dumps(plain(value), ensure_ascii=False)
    if param.kind == "choice":
        if style.plain_choices:
            return AUTOMATIC_TITLE if value is None else title_of(param, value)
        return "" if value is None else value
    return value


def is_typed_number(param: Param) -> bool:
    """Whether it is a number in a text field, because it may be left empty.

    For a number field that is empty Gradio 3 sends 0, and Gradio 6 does once its section was opened.
    """
    return param.optional and param.kind in {"integer", "number"}


def _typed(param: Param, value: Any) -> str | None:
    """Texts one a line, or one `name: texts` a line, where `read` finds the same in them; else None."""
    if value and param.kind == "list" and param.item is not None and param.item.kind == "string":
        typed = "\n".join(value)
    elif value and param.kind == "mapping" and all(isinstance(each, (list, tuple)) for each in value.values()):
        typed = "\n".join(f"{name}: {', '.join(map(str, texts))}" for name, texts in value.items())
    else:
        return None if value else ""
    try:
        same = _written(plain(param.parse_text(typed))) == _written(plain(value))
    except InvalidParamError:
        same = False
    return typed if same else None


def _written(value: Any) -> Any:
    """A value with its numbers as they are typed: declarations that take numbers in a text take them as texts too."""
    if isinstance(value, dict):
        return {name: _written(each) for name, each in value.items()}
    return [_written(each) for each in value] if isinstance(value, list) else str(value)


def placeholder_of(param: Param) -> str:
    """What stands in an empty text field of a list or an object."""
    if _typed(param, param.spec.example):
        return str(show(param, param.spec.example))
    return "one per line" if param.item is not None and param.item.kind == "string" else "JSON"


def is_upload(param: Param) -> bool:
    """Whether it is a picture, a file, or a list of them."""
    return param.kind in {"image", "file"} or (param.item is not None and is_upload(param.item))


def uploads(value: Any) -> list[tuple[Path, str]]:
    """Of a component for several files, each file's path on this machine and the name that it was uploaded by."""
    given = [value] if isinstance(value, str) or not isinstance(value, (list, tuple)) else value
    found = [(Path(each if isinstance(each, str) else each.name), each) for each in given if each]
    return [(path, str(getattr(each, "orig_name", None) or path.name)) for path, each in found]


def some_uploads(value: Any, label: str, most: int, hint: str = "") -> list[tuple[Path, str]]:
    """As `uploads`, of which there must be one at least.

    Args:
        value: as theirs.
        label: of the component.
        most: how many are taken.
        hint: what to do with more of them.
    Raises:
        InvalidParamError: there is none, or too many.
    """
    given = uploads(value)
    if not given:
        raise InvalidParamError(label, "is missing", hint="give one, or several")
    if len(given) > most:
        raise InvalidParamError(
            label, f"cannot take {len(given):,} files", hint=f"at most {most:,} are taken here{hint}"
        )
    return given


def _upload(param: Param, value: Any) -> Any:
    """A picture's pixels or a file's bytes; Gradio 3 gives for a file an object with its name, later ones the name."""
    if param.kind == "image" and isinstance(value, bytes):
        return picture_of(param, value)
    name = getattr(value, "name", value)
    if name is None or isinstance(name, str):
        path = Path(name) if name else None
        return path and (picture_of(param, path) if param.kind == "image" else read_file(path))
    return value


def read(param: Param, value: Any, style: FieldStyle = DEFAULT_STYLE) -> Any:
    """A component's value as the raw value that is checked.

    Raises:
        InvalidParamError: a text is not the JSON it should be.
        ImageError: a picture cannot be read.
    """
    if param.item is not None and is_upload(param):
        return [_upload(param.item, str(path)) for path, _ in uploads(value)] or None
    if is_upload(param):
        return _upload(param, value)
    if param.kind == "choice":
        if param.optional and value in {"", AUTOMATIC_TITLE, None}:
            return None
        titles = {title_of(param, each): each for each in param.choices} if style.plain_choices else {}
        return titles.get(value, value) if isinstance(value, str) else value
    if param.kind in {"list", "object", "mapping"} and isinstance(value, str):
        if not value.strip():
            return None if param.optional else plain(param.default)
        return param.parse_text(value)
    if param.kind in {"integer", "number"} and isinstance(value, str):
        return param.parse_text(value)  # an optional number in a text field
    if param.kind == "string" and param.optional and value == "":
        return None
    if param.spec.format == "color" and isinstance(value, str) and (match := _RGBA.match(value)):
        return "#" + "".join(f"{min(255, round(float(each))):02x}" for each in match.groups())
    return value


def read_fields(params: Sequence[Param], values: Sequence[Any], style: FieldStyle = DEFAULT_STYLE) -> dict[str, Any]:
    """The values of a form's components, in the fields' order, as raw values for `Params.from_mapping`.

    Optional fields that were left empty are left out, so that the declaration's default holds.

    Raises:
        InvalidParamError, ImageError: as `read`, or a number that must be given is empty.
    """
    raw: dict[str, Any] = {}
    for param, value in zip(params, values, strict=True):
        given = read(param, value, style)
        if given is None and not param.required:
            continue
        if given is None and param.kind in {"integer", "number"}:
            raise InvalidParamError(param.name, "is empty", hint=f"give {param.expected()}")
        raw[param.name] = given
    return raw


# Gradio 3 shows a choice's value until it is chosen anew, and ui-config.json compares saved values with the titles.
FIELD_STYLE = FieldStyle(plain_choices=True)
