"""Bodies of requests, read with limits: JSON and multipart forms to raw values with decoded pictures."""

from __future__ import annotations

import email.message
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import anyio
from starlette.requests import ClientDisconnect, Request

from lib_bootcamp.core.images.arrays import MAX_PIXELS
from lib_bootcamp.core.images.codec import read_base64
from lib_bootcamp.core.web_access import UnsupportedContentError
from lib_bootcamp.errors import ImageError, InvalidParamError, QueueFullError, TooLargeError
from lib_bootcamp.params import Param, TooManyValuesError, fields_of, read_json
from lib_bootcamp.surfaces.shared.given_pictures import picture_of

from .errors import AT_END, MalformedBodyError, SlowBodyError
from .forms import Part, parse_form

MAX_BODY = 100 * 2**20
MAX_BODIES = 10 * MAX_BODY
RETRY_S = 10
MAX_REQUEST_PIXELS = 2 * MAX_PIXELS
IDLE_S = 30.0
WHOLE_S = 600.0
JSON, FORM = "application/json", "multipart/form-data"


class Memory:
    """What the bodies of all requests together may take, from their first byte to their answer.

    Args:
        most: bytes.
    """

    def __init__(self, most: int = MAX_BODIES) -> None:
        self.most, self.held = most, 0  # counted in the event loop alone

    def take(self, request: Request, size: int) -> None:
        """Count some bytes of a request.

        Raises:
            QueueFullError: there are too many.
        """
        if self.held + size > self.most:
            raise QueueFullError(RETRY_S, "The memory for requests")
        self.held += size
        request.scope.setdefault(AT_END, []).append(lambda: self._give_back(size))

    def _give_back(self, size: int) -> None:
        self.held -= size


@dataclass(frozen=True)
class RawBody:
    """A body as it came: its media type, the parameters of its content type, its bytes."""

    media_type: str
    boundary: str
    data: bytes


MEMORY = Memory()
"""That of this process."""


def body_reader(
    max_bytes: int = MAX_BODY, *, idle_s: float = IDLE_S, whole_s: float = WHOLE_S
) -> Callable[[Request], Awaitable[RawBody]]:
    """The dependency that reads a body of at most `max_bytes`, waiting at most `idle_s` for each piece.

    Raises:
        UnsupportedContentError: neither JSON in UTF-8 nor a form, or compressed.
        TooLargeError, SlowBodyError, MalformedBodyError: too long, too slow, cut off.
        QueueFullError: the bodies of all requests take too much together.
    """

    async def read(request: Request) -> RawBody:
        media_type, boundary = _content_type(request)
        too_large = TooLargeError(f"The body has more than {max_bytes / 2**20:g} MiB.")
        length = request.headers.get("content-length", "")
        if length.isdecimal() and (len(length) > 20 or int(length) > max_bytes):
            raise too_large
        chunks, size, stream = [], 0, request.stream()
        ends = anyio.current_time() + whole_s
        try:
            while True:
                with anyio.fail_after(min(idle_s, ends - anyio.current_time())):
                    chunk = await anext(stream)
                size += len(chunk)
                if size > max_bytes:
                    raise too_large
                MEMORY.take(request, len(chunk))
                chunks.append(chunk)
        except StopAsyncIteration:
            return RawBody(media_type, boundary, b"".join(chunks))
        except TimeoutError:
            raise SlowBodyError("The body did not arrive in time", hint="send it again.") from None
        except ClientDisconnect:
            raise MalformedBodyError("The connection was closed before the body was complete.") from None

    return read


def _content_type(request: Request) -> tuple[str, str]:
    given = request.headers.get("content-type", "")
    if request.headers.get("content-encoding", "identity").strip().lower() not in {"", "identity"}:
        raise UnsupportedContentError("A compressed body is not read", hint="send it without Content-Encoding.")
    message = email.message.Message()
    message["content-type"] = given
    media_type = message.get_content_type() if given else ""
    charset = str(message.get_param("charset", "utf-8")).strip().lower()
    if charset not in {"utf-8", "utf8", "us-ascii"}:
        raise UnsupportedContentError("The body must be in UTF-8.")
    if media_type == FORM:
        return media_type, str(message.get_param("boundary", ""))
    if media_type == JSON or (media_type.startswith("application/") and media_type.endswith("+json")):
        return JSON, ""
    raise UnsupportedContentError(f"The Content-Type must be {JSON} or {FORM}.")


def request_values(body: RawBody, declaration: type[Any]) -> dict[str, Any]:
    """The raw values of a body, with pictures decoded where the declaration has pictures.

    Raises:
        MalformedBodyError: not JSON, or not a form.
        InvalidParamError: the JSON is no object, a field of a form is given twice or is not its type's text.
        ImageError, TooLargeError: a picture cannot be used; the sentence begins with the parameter.
    """
    params = {param.name: param for param in fields_of(declaration)}
    if body.media_type == JSON:
        values = _json_object(body.data)
    else:
        values = _form_values(parse_form(body.data, body.boundary), params)
    return _Decoder().in_object(values, params, "")


def _json_object(data: bytes) -> dict[str, Any]:
    if not data.strip():
        raise MalformedBodyError("The body is empty", hint="send a JSON object.")
    try:
        values = read_json(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise MalformedBodyError("The body is not UTF-8.") from None
    except TooManyValuesError:
        raise TooManyValuesError("The body") from None
    except ValueError as error:
        raise MalformedBodyError(f"The body is not valid JSON: {error}.") from None
    if not isinstance(values, dict):
        raise InvalidParamError("The body", "must be a JSON object")
    return values


def _form_values(parts: list[Part], params: Mapping[str, Param]) -> dict[str, Any]:
    given: dict[str, list[Part]] = {}
    now = {old: name for name, param in params.items() for old in param.spec.renamed}
    for part in (replace(each, name=now.get(each.name, each.name)) for each in parts):
        # a file field in which no file was chosen is sent as an empty part
        if part.data or part.filename or (part.filename is None and not _is_picture(params.get(part.name))):
            given.setdefault(part.name, []).append(part)
    values: dict[str, Any] = {}
    for name, several in given.items():
        param = params.get(name)
        if param is not None and param.kind == "list" and (len(several) > 1 or _is_picture(param.item)):
            values[name] = _repeated(several, param)
        elif len(several) > 1:
            raise InvalidParamError(name, f"is given {len(several)} times", hint="give it once")
        elif param is None:
            values[name] = _text(several[0]) if several[0].filename is None else "a file"
        elif _is_picture(param):
            values[name] = _picture_of(several[0])
        else:
            text = _text(several[0])
            # an empty input of a web form is one that was not filled in
            if text or param.kind == "string" or param.optional:
                values[name] = param.parse_text(text)
    return values


def _is_picture(param: Param | None) -> bool:
    """Whether it is given as an upload or in base64: a picture, or a file as it is."""
    return param is not None and param.kind in {"image", "file"}


def _repeated(parts: list[Part], param: Param) -> list[Any]:
    item = param.item
    if item is None or _is_picture(item):
        return [_picture_of(part) for part in parts]
    return [item.parse_text(_text(part), f"{param.name}[{index}]") for index, part in enumerate(parts)]


def _picture_of(part: Part) -> str | bytes:
    return part.data.decode("ascii") if part.filename is None and part.data.isascii() else part.data


def _text(part: Part) -> str:
    try:
        return part.data.decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidParamError(part.name, "is not a text in UTF-8") from None


def _file_of(text: str, path: str) -> bytes:
    try:
        return read_base64(text)
    except (ImageError, TooLargeError) as error:
        message = error.message.replace("The picture", "The file")
        raise type(error)(message, param=path, hint=error.hint) from None


@dataclass
class _Decoder:
    """Turns base64 and uploaded bytes into arrays wherever a declaration has a picture, within one budget."""

    pixels: int = field(default=0)

    def in_object(self, values: Mapping[str, Any], params: Mapping[str, Param], path: str) -> dict[str, Any]:
        prefix = f"{path}." if path else ""
        return {
            name: self.value(value, params[name], prefix + name) if name in params else value
            for name, value in values.items()
        }

    def value(self, value: Any, param: Param, path: str) -> Any:
        if param.kind == "image" and isinstance(value, (str, bytes)):
            return self._decode(param, value, path)
        if param.kind == "file" and isinstance(value, str):
            return _file_of(value, path)
        if param.kind == "object" and param.nested is not None and isinstance(value, Mapping):
            return self.in_object(value, {each.name: each for each in fields_of(param.nested)}, path)
        # too long a list is refused by the check that follows; its pictures need no decoding
        if param.item is not None and isinstance(value, list) and len(value) <= (param.max_length or len(value)):
            return [self.value(each, param.item, f"{path}[{index}]") for index, each in enumerate(value)]
        return value

    def _decode(self, param: Param, value: str | bytes, path: str) -> Any:
        try:
            picture = picture_of(param, value)
        except (ImageError, TooLargeError) as error:
            raise type(error)(error.message, param=path, hint=error.hint) from None
        self.pixels += picture.shape[0] * picture.shape[1]
        if self.pixels > MAX_REQUEST_PIXELS:
            raise TooLargeError(f"The pictures have more than {MAX_REQUEST_PIXELS // 1_000_000} megapixels together.")
        return picture
