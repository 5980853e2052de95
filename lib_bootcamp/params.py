"""Declare parameters once, check raw values once. Standard library only.

A declaration is a frozen, keyword-only dataclass that derives from `Params`; each field is
`Annotated[type, Spec(...)]`. Types: bool, int, float, str, Literal of strings, a numpy array
(a picture), bytes (a file as it is), another `Params`, `tuple[one of these, ...]`, and each of them `| None`.
Every surface (tab, script, route, command, infotext, docs) is derived from it.
"""

from __future__ import annotations

import dataclasses
import difflib
import functools
import json
import math
import re
import reprlib
import sys
import types
import typing
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar, Union

from .errors import InvalidParamError

Kind = Literal["boolean", "integer", "number", "string", "choice", "image", "file", "object", "list", "mapping"]
Self = TypeVar("Self", bound="Params")

DEFAULT_MAX_TEXT = 4096
DEFAULT_MAX_ITEMS = 64
_SCALARS: dict[type, Kind] = {bool: "boolean", int: "integer", float: "number", str: "string", bytes: "file"}
DEFAULT_MAX_FILE = 64 * 2**20
MAX_DIGITS = 400
_TRUE, _FALSE = {"true", "yes", "on", "1"}, {"false", "no", "off", "0"}


@dataclass(frozen=True)
class Spec:
    """What a person and a machine must know of a field beside its type and default.

    Args:
        title: the label.
        help: one or two sentences.
        ge, gt, le, lt, multiple_of: bounds of a number, of each item in a list of numbers.
        min_length, max_length: characters of a text, items of a list.
        pattern: a regular expression the whole text must match.
        step: step of a slider; no bound.
        unit: `px`, `s`, `modules`, `[0, 1]`.
        group: fields of one group stand together.
        when: shown only while every named field has one of the values, e.g. {"payload": ("wifi",)}.
        format: how a text is entered: `color` is `#rrggbb`, `secret` is never written to infotext, `folder` is the path
            of a folder on this machine (`Context.folder` checks it), `model` a model's name, file or folder
            (`Context.model` checks it). Of a picture: `depth` is a depth map, which may be float32 [H, W] from 0
            (black) to 1 (white) too, so that files of more than 8 bits keep them.
        positional: on the command line given without its name.
        titles: labels of the choices.
        example: a value for the API's docs.
        needs: `models` where a value of its own makes the operation run on torch, which is installed then.
        renamed: names the field had before; they are still read for one version, and never written.
        renamed_choices: choices that had another name, old to new.
        renamed_titles: labels it had before, under which the WebUI's ui-config.json may hold a value.
    """

    title: str
    help: str = ""
    _: dataclasses.KW_ONLY
    ge: float | None = None
    gt: float | None = None
    le: float | None = None
    lt: float | None = None
    multiple_of: int | None = None
    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None
    step: float | None = None
    unit: str = ""
    group: str = ""
    when: Mapping[str, tuple[object, ...]] = field(default_factory=dict)
    format: Literal["", "multiline", "color", "secret", "folder", "model", "depth"] = ""
    positional: bool = False
    titles: Mapping[str, str] = field(default_factory=dict)
    example: object = None
    needs: Literal["", "models"] = ""
    renamed: tuple[str, ...] = ()
    renamed_choices: Mapping[str, str] = field(default_factory=dict)
    renamed_titles: tuple[str, ...] = ()


@dataclass(frozen=True)
class Param:
    """A field of a declaration, resolved: what surfaces iterate over."""

    name: str
    spec: Spec
    kind: Kind
    required: bool
    optional: bool
    default: Any
    choices: tuple[str, ...] = ()
    item: Param | None = None
    nested: type[Any] | None = None

    @property
    def is_depth(self) -> bool:
        """Whether it is a picture that may have more than 8 bits."""
        return self.kind == "image" and self.spec.format == "depth"

    @property
    def max_length(self) -> int | None:
        """The longest text, list or file; they always have one."""
        if self.spec.max_length is not None:
            return self.spec.max_length
        limits = {"string": DEFAULT_MAX_TEXT, "list": DEFAULT_MAX_ITEMS, "file": DEFAULT_MAX_FILE}
        return limits.get(self.kind)

    def check(self, value: Any, path: str = "") -> Any:
        """Return the value in its declared type, strictly: no text is read as a number here.

        Raises:
            InvalidParamError: naming the parameter (dotted inside lists and objects) and the remedy.
        """
        path = path or self.name
        if value is None:
            if self.optional:
                return None
            raise InvalidParamError(path, f"is missing; give {self.expected()}")
        return _CHECKS[self.kind](self, value, path)

    def parse_text(self, text: str, path: str = "") -> Any:
        """Read a raw value from the text of a command line or a web form; `check` comes after.

        Lists and objects are JSON; a list of scalars may also be separated by commas, or hold one a line; an object
        of lists may also be `name: a, b; other: c`, or hold one name a line.
        """
        path = path or self.name
        if self.optional and text.strip().lower() in {"", "none"}:
            return None
        if self.kind in {"integer", "number"}:
            return self._parse_number(text, path)
        if self.kind == "boolean":
            return self._parse_boolean(text, path)
        if self.kind in {"list", "object", "mapping"}:
            return self._parse_json(text, path)
        return text

    def _parse_number(self, text: str, path: str) -> int | float:
        wrong = f"must be {self.expected()}, not {_shown(text)}"
        if len(text) > MAX_DIGITS:
            raise InvalidParamError(path, wrong)
        try:
            return int(text) if self.kind == "integer" else float(text)
        except ValueError:
            raise InvalidParamError(path, wrong) from None

    def _parse_boolean(self, text: str, path: str) -> bool:
        word = text.strip().lower()
        if word not in _TRUE | _FALSE:
            raise InvalidParamError(path, f"must be true or false, not {_shown(text)}")
        return word in _TRUE

    def _parse_json(self, text: str, path: str) -> Any:
        if self.item is not None and self.item.nested is None and not text.lstrip().startswith("["):
            return [self.item.parse_text(part, path) for part in _parts(text, ",")]
        if self.kind == "mapping" and ":" in text and not text.lstrip().startswith("{"):
            named = [part.partition(":") for part in _parts(text, ";")]
            if len({name.strip() for name, _, _ in named}) < len(named):
                raise InvalidParamError(path, "names something twice; name each once")
            return {name.strip(): _parts(values, ",") for name, _, values in named}
        try:
            return read_json(text)
        except ValueError:
            raise InvalidParamError(path, f"must be JSON for {self.expected()}") from None

    def expected(self) -> str:
        """What a value must be, in words, for errors and help."""
        if self.kind == "choice":
            return "one of " + ", ".join(self.choices)
        if self.kind == "image":
            return "a picture"
        if self.kind == "file":
            return "a file"
        noun = {
            "boolean": "true or false",
            "integer": "a whole number",
            "number": "a number",
            "string": "a text",
            "list": "a list",
            "object": "an object",
            "mapping": "an object",
        }[self.kind]
        bounds = self._bounds()
        return f"{noun} {bounds}" if bounds else noun

    def _bounds(self) -> str:
        spec, parts = self.spec, []
        if self.kind in {"integer", "number"}:
            low = f"{spec.ge:g}" if spec.ge is not None else f"over {spec.gt:g}" if spec.gt is not None else ""
            high = f"{spec.le:g}" if spec.le is not None else f"under {spec.lt:g}" if spec.lt is not None else ""
            if low and high:
                parts.append(f"from {low} to {high}")
            elif low or high:
                parts.append(f"of at least {low}" if low else f"of at most {high}")
            if spec.multiple_of:
                parts.append(f"that is a multiple of {spec.multiple_of}")
        elif self.kind == "string" and spec.pattern:
            parts.append(f"like {spec.example}" if spec.example else f"matching {spec.pattern}")
        return " ".join(parts)


def _parts(text: str, separator: str) -> list[str]:
    """The parts of a text: its lines where it has several, else what stands between the separators."""
    several = [line.strip().removesuffix(separator) for line in text.strip().splitlines()]
    return [part.strip() for part in (several if len(several) > 1 else text.split(separator)) if part.strip()]


def read_json(text: str) -> Any:
    """Read JSON strictly: Python's reader also takes NaN, repeated names and endless digits.

    Raises:
        ValueError: not JSON, NaN or Infinity, a name given twice in one object, a number beyond the range of
            floats, or nested too deeply; the text says which.
    Source: RFC 8259, 4 and 6.
    """
    try:
        return json.loads(
            text, parse_constant=_refuse_constant, parse_float=_finite, parse_int=_digits, object_pairs_hook=_unique
        )
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _refuse_constant(word: str) -> Any:
    raise ValueError(f"{word} is not a JSON number")


def _finite(digits: str) -> float:
    number = float(digits) if len(digits) <= MAX_DIGITS else math.inf
    if not math.isfinite(number):
        raise ValueError("a number in it is too long or too large")
    return number


def _digits(digits: str) -> int:
    # Before Python 3.10.7 reading an integer takes quadratic time, without a limit on its digits.
    if len(digits) > MAX_DIGITS:
        raise ValueError("a number in it is too long or too large")
    return int(digits)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name is given twice in one object")
    return found


_REPR = reprlib.Repr()
_REPR.maxstring = _REPR.maxother = 40
_REPR.maxlevel, _REPR.maxlist, _REPR.maxtuple, _REPR.maxdict = 2, 4, 4, 4


def _shown(value: object) -> str:
    if isinstance(value, int) and value.bit_length() > 128:
        return "a number of more than 38 digits"
    text = _REPR.repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def _near(value: object, known: Sequence[str]) -> str:
    """A hint at the known name that is meant, for short texts only: matching takes time."""
    if not isinstance(value, str) or len(value) > 100:
        return ""
    folded = {each.casefold(): each for each in known}
    near = difflib.get_close_matches(value.casefold(), folded, n=1)
    return f"; did you mean {folded[near[0]]}" if near else ""


def unknown(name: object, known: Sequence[str], *, path: str = "") -> InvalidParamError:
    """The mistake of naming a parameter that is none of `known`, with the one that is near.

    Args:
        name: as it was given.
        known: the names there are.
        path: what stands before the name, with its dot.
    """
    shown = _shown(name).strip("'")
    return InvalidParamError(path + shown, f"is not a parameter here{_near(name, known)}")


def under_current_names(values: Mapping[str, Any], params: Iterable[Param], *, path: str = "") -> dict[str, Any]:
    """The same values, with names and choices that fields had before (`Spec.renamed`) replaced by those they have now.

    Args:
        values: by name, as they were given.
        params: the fields they are for.
        path: what stands before the names, with its dot.
    Raises:
        InvalidParamError: a value is given under its old and its new name.
    """
    known = {param.name: param for param in params}
    now = {old: name for name, param in known.items() for old in param.spec.renamed}
    for old in now.keys() & values.keys():
        if now[old] in values:
            raise InvalidParamError(path + now[old], f"is given twice, as {old} too, its old name; give it once")
    current = {now.get(name, name): value for name, value in values.items()}
    return {name: _current(known[name], value) if name in known else value for name, value in current.items()}


def _current(param: Param, value: Any) -> Any:
    """A value with its current choices, and current names inside of it."""
    if isinstance(value, str):
        return param.spec.renamed_choices.get(value, value)
    if param.nested is not None and isinstance(value, Mapping):
        return under_current_names(value, fields_of(param.nested))
    if param.item is not None and isinstance(value, (list, tuple)):
        return [_current(param.item, each) for each in value]
    return value


def _check_boolean(param: Param, value: Any, path: str) -> bool:
    if not isinstance(value, bool):
        raise InvalidParamError(path, f"must be true or false, not {_shown(value)}")
    return value


def _check_number(param: Param, value: Any, path: str) -> int | float:
    if _within(param, value):
        return int(value) if param.kind == "integer" else float(value)
    raise InvalidParamError(path, f"must be {param.expected()}, not {_shown(value)}")


def _within(param: Param, value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    if isinstance(value, float) and not math.isfinite(value):
        return False
    if param.kind == "integer" and value != int(value):
        return False
    if abs(value) > sys.float_info.max:
        return False
    spec = param.spec
    return not (
        (spec.ge is not None and value < spec.ge)
        or (spec.gt is not None and value <= spec.gt)
        or (spec.le is not None and value > spec.le)
        or (spec.lt is not None and value >= spec.lt)
        or (spec.multiple_of is not None and value % spec.multiple_of)
    )


def _check_string(param: Param, value: Any, path: str) -> str:
    if not isinstance(value, str):
        raise InvalidParamError(path, f"must be {param.expected()}, not {_shown(value)}")
    limit = param.max_length
    if limit is not None and len(value) > limit:
        raise InvalidParamError(path, f"is {len(value)} characters long; at most {limit} are allowed")
    if param.spec.min_length and len(value) < param.spec.min_length:
        problem = "must not be empty" if not value else f"must have at least {param.spec.min_length} characters"
        raise InvalidParamError(path, problem)
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise InvalidParamError(path, "holds a lone surrogate, which is not valid Unicode") from None
    if param.spec.pattern and not re.fullmatch(param.spec.pattern, value):
        raise InvalidParamError(path, f"must be {param.expected()}, not {_shown(value)}")
    return value


def _check_choice(param: Param, value: Any, path: str) -> str:
    if isinstance(value, str):
        choice = param.spec.renamed_choices.get(value, value)
        if choice in param.choices:
            return choice
    hint = _near(value, param.choices)
    raise InvalidParamError(path, f"must be {param.expected()}, not {_shown(value)}{hint}")


def _check_image(param: Param, value: Any, path: str) -> Any:
    shape, dtype = getattr(value, "shape", None), getattr(value, "dtype", None)
    if param.is_depth and str(dtype) == "float32" and shape is not None and len(shape) == 2 and 0 not in shape:
        return value
    if shape is None or str(dtype) != "uint8" or len(shape) not in {2, 3} or (len(shape) == 3 and shape[2] != 3):
        raise InvalidParamError(path, "must be a picture (uint8, RGB or gray)")
    if not shape[0] or not shape[1]:
        raise InvalidParamError(path, "must be a picture with at least one pixel")
    return value


def _check_file(param: Param, value: Any, path: str) -> bytes:
    if not isinstance(value, bytes):
        raise InvalidParamError(path, f"must be a file, not {_shown(value)}")
    limit = param.max_length
    if limit is not None and len(value) > limit:
        raise InvalidParamError(path, f"has more than {limit / 2**20:g} MiB")
    if not value:
        raise InvalidParamError(path, "is an empty file")
    return value


def _check_object(param: Param, value: Any, path: str) -> Any:
    nested = param.nested
    if nested is None or isinstance(value, nested):
        return value
    if not isinstance(value, Mapping):
        raise InvalidParamError(path, f"must be an object, not {_shown(value)}")
    return nested.from_mapping(value, path=path)


def _check_list(param: Param, value: Any, path: str) -> tuple[Any, ...]:
    if isinstance(value, (str, bytes)) or not isinstance(value, Sequence):
        raise InvalidParamError(path, f"must be a list, not {_shown(value)}")
    limit = param.max_length
    if limit is not None and len(value) > limit:
        raise InvalidParamError(path, f"has {len(value)} items; at most {limit} are allowed")
    if param.spec.min_length and len(value) < param.spec.min_length:
        raise InvalidParamError(path, f"must have at least {param.spec.min_length} items")
    item = typing.cast("Param", param.item)
    return tuple(item.check(each, f"{path}[{index}]") for index, each in enumerate(value))


def _check_mapping(param: Param, value: Any, path: str) -> Any:
    if not isinstance(value, Mapping):
        raise InvalidParamError(path, f"must be an object, not {_shown(value)}")
    return value


_CHECKS: dict[Kind, Any] = {
    "boolean": _check_boolean,
    "integer": _check_number,
    "number": _check_number,
    "string": _check_string,
    "choice": _check_choice,
    "image": _check_image,
    "file": _check_file,
    "object": _check_object,
    "list": _check_list,
    "mapping": _check_mapping,
}


def _unwrap(hint: Any) -> Any:
    return hint.__origin__ if typing.get_origin(hint) is typing.Annotated else hint


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
                raise InvalidParamError(prefix + param.name, f"is missing; give {param.expected()}")
        try:
            return cls(**values)
        except InvalidParamError as error:
            if prefix:
                raise InvalidParamError(prefix + error.name, error.problem) from None
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
