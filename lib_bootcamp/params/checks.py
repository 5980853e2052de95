"""One check for each kind of field, strict: no text is read as a number here."""

from __future__ import annotations

import math
import re
import sys
import typing
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lib_bootcamp.errors import InvalidParamError

from .mistakes import MOST_LISTED, few_of, near_to, shown
from .spec import Kind

if TYPE_CHECKING:
    from .param import Param


def _check_boolean(param: Param, value: Any, path: str) -> bool:
    if not isinstance(value, bool):
        raise InvalidParamError(path, f"must be true or false, not {shown(value)}")
    return value


def _check_number(param: Param, value: Any, path: str) -> int | float:
    if _within(param, value):
        return int(value) if param.kind == "integer" else float(value)
    raise InvalidParamError(path, f"must be {param.expected()}, not {shown(value)}")


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
        raise InvalidParamError(path, f"must be {param.expected()}, not {shown(value)}")
    limit = param.max_length
    if limit is not None and len(value) > limit:
        raise InvalidParamError(path, f"is {len(value)} characters long", hint=f"at most {limit} are allowed")
    if param.spec.min_length and len(value) < param.spec.min_length:
        problem = "must not be empty" if not value else f"must have at least {param.spec.min_length} characters"
        raise InvalidParamError(path, problem)
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise InvalidParamError(
            path,
            "is no valid text: it holds what UTF-8 cannot write (half a surrogate pair, or a byte of a file's name)",
        ) from None
    if param.spec.pattern and not re.fullmatch(param.spec.pattern, value):
        raise InvalidParamError(path, f"must be {param.expected()}, not {shown(value)}")
    return value


def _check_choice(param: Param, value: Any, path: str) -> str:
    if isinstance(value, str):
        choice = param.spec.renamed_choices.get(value, value)
        if choice in param.choices:
            return choice
    expected = few_of(value, param.choices) if len(param.choices) > MOST_LISTED else param.expected()
    raise InvalidParamError(path, f"must be {expected}, not {shown(value)}", hint=near_to(value, param.choices))


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
        raise InvalidParamError(path, f"must be a file, not {shown(value)}")
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
        raise InvalidParamError(path, f"must be an object, not {shown(value)}")
    return nested.from_mapping(value, path=path)


def _check_list(param: Param, value: Any, path: str) -> tuple[Any, ...]:
    if isinstance(value, (str, bytes)) or not isinstance(value, Sequence):
        kind = "list of numbers" if param.item is not None and param.item.kind in {"integer", "number"} else "list"
        raise InvalidParamError(path, f"must be a {kind}, not {shown(value)}")
    limit = param.max_length
    if limit is not None and len(value) > limit:
        raise InvalidParamError(path, f"has {len(value)} items", hint=f"at most {limit} are allowed")
    if param.spec.min_length and len(value) < param.spec.min_length:
        least = param.spec.min_length
        raise InvalidParamError(path, f"must have at least {least} item{'s' if least > 1 else ''}")
    item = typing.cast("Param", param.item)
    return tuple(item.check(each, f"{path}[{index}]") for index, each in enumerate(value))


def _check_mapping(param: Param, value: Any, path: str) -> Any:
    if not isinstance(value, Mapping):
        raise InvalidParamError(path, f"must be an object, not {shown(value)}")
    limit = param.max_length
    if limit is not None and len(value) > limit:
        raise InvalidParamError(path, f"has {len(value):,} names", hint=f"at most {limit:,} are allowed")
    return value


CHECKS: dict[Kind, Any] = {
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
