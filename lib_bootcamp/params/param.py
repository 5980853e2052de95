"""A declared field with its type: how a value is checked, read from a text, and described in words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from lib_bootcamp.errors import InvalidParamError

from .checks import CHECKS
from .json_text import MAX_DIGITS, MAX_VALUES, TooManyValuesError, read_json
from .mistakes import shown
from .spec import Kind, Spec

DEFAULT_LENGTHS: dict[Kind, int] = {"string": 4096, "list": 64, "mapping": 1000, "file": 64 * 2**20}
_DECIMAL_COMMA = re.compile(r"\d,\d")
_TRUE, _FALSE = {"true", "yes", "on", "1"}, {"false", "no", "off", "0"}


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
        """The longest text, list, object of any names, or file; they always have one."""
        if self.spec.max_length is not None:
            return self.spec.max_length
        return DEFAULT_LENGTHS.get(self.kind)

    def check(self, value: Any, path: str = "") -> Any:
        """Return the value in its declared type, strictly: no text is read as a number here.

        Raises:
            InvalidParamError: naming the parameter (dotted inside lists and objects) and the remedy.
        """
        path = path or self.name
        if value is None:
            if self.optional:
                return None
            raise InvalidParamError(path, "is missing", hint=f"give {self.expected()}")
        return CHECKS[self.kind](self, value, path)

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
        wrong = f"must be {self.expected()}, not {shown(text)}"
        if len(text) > MAX_DIGITS:
            raise InvalidParamError(path, wrong)
        try:
            return int(text) if self.kind == "integer" else float(text)
        except ValueError:
            raise InvalidParamError(path, wrong) from None

    def _parse_boolean(self, text: str, path: str) -> bool:
        word = text.strip().lower()
        if word not in _TRUE | _FALSE:
            raise InvalidParamError(path, f"must be true or false, not {shown(text)}")
        return word in _TRUE

    def _parse_json(self, text: str, path: str) -> Any:
        if self.item is not None and self.item.nested is None and not text.lstrip().startswith("["):
            found = [self.item.parse_text(part, path) for part in _parts(text, ",")]
            if self.item.kind == "number" and _DECIMAL_COMMA.search(text):
                self._refuse_decimal_comma(found, path)
            return found
        if self.kind == "mapping" and ":" in text and not text.lstrip().startswith("{"):
            named = [part.partition(":") for part in _parts(text, ";")]
            if len({name.strip() for name, _, _ in named}) < len(named):
                raise InvalidParamError(path, "names something twice", hint="name each once")
            return {name.strip(): _parts(values, ",") for name, _, values in named}
        try:
            return read_json(text)
        except TooManyValuesError:
            raise InvalidParamError(path, f"has more than {MAX_VALUES:,} values in its JSON") from None
        except ValueError:
            raise InvalidParamError(path, f"must be JSON for {self.expected()}") from None

    def _refuse_decimal_comma(self, found: list[Any], path: str) -> None:
        """Where numbers that stand around a comma are wrong, one number with a decimal comma may be meant by them."""
        try:
            self.check(found, path)
        except InvalidParamError as error:
            if error.hint:
                raise
            hint = "commas stand between numbers: write 0.8, not 0,8"
            raise InvalidParamError(error.param, error.message, hint=hint) from None

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
            low = _bound(spec.ge, spec.gt, "over")
            high = _bound(spec.le, spec.lt, "under")
            if low and high:
                parts.append(f"from {low} to {high}")
            elif low or high:
                parts.append(f"of at least {low}" if low else f"of at most {high}")
            if spec.multiple_of:
                parts.append(f"that is a multiple of {spec.multiple_of}")
        elif self.kind == "string" and spec.pattern:
            parts.append(spec.pattern_says or (f"like {spec.example}" if spec.example else "of another form"))
        return " ".join(parts)


def _bound(included: float | None, excluded: float | None, word: str) -> str:
    """A bound in all its digits: a float's short form rounds whole numbers of more than six."""
    value = excluded if included is None else included
    if value is None:
        return ""
    digits = str(int(value)) if float(value).is_integer() and abs(value) < 2**53 else f"{value:g}"
    return digits if included is not None else f"{word} {digits}"


def _parts(text: str, separator: str) -> list[str]:
    """The parts of a text: its lines where it has several, else what stands between the separators."""
    several = [line.strip().removesuffix(separator) for line in text.strip().splitlines()]
    return [part.strip() for part in (several if len(several) > 1 else text.split(separator)) if part.strip()]
