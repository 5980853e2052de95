"""The routes below `/bootcamp/v1`, for the app of any host: derived from the catalog.

No `from __future__ import annotations` here: FastAPI has to see the models themselves.
"""

import base64
import json
import re
import threading
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from lib_bootcamp import __version__, catalog
from lib_bootcamp.catalog import OPERATIONS
from lib_bootcamp.context import Context
from lib_bootcamp.core.images.codec import encode_base64
from lib_bootcamp.core.images.png import encode_png
from lib_bootcamp.errors import ModelError
from lib_bootcamp.operation import Operation
from lib_bootcamp.operations.controlnet.compatibility import COMPATIBILITY
from lib_bootcamp.params import fields_of
from lib_bootcamp.ports import Host, Stoppable
from lib_bootcamp.results import Result
from lib_bootcamp.surfaces.shared.described import PREFIX, described
from lib_bootcamp.surfaces.shared.work_queue import QUEUES, WorkQueues

from .body import MAX_BODY, RawBody, body_reader, request_values
from .errors import BootcampRoute, ErrorAnswer, NotAcceptableError, error_statuses
from .jobs import add_job_routes
from .models import OperationAnswer, info_model, model_answer, request_body, result_model
from .work import left, queued

JSON, PNG = "application/json", "image/png"
MAX_HEADER = 4096
_MEASURE = "Wait for the queue, load the checkpoint if need be, and count the bytes."
_DESCRIPTIONS = {
    400: "The body is malformed, or `Host` is no name of this server.",
    401: "The credentials are missing or wrong.",
    403: "The credentials do not allow this, or a page of a foreign site asks for it.",
    406: "The answer has no format that the caller accepts.",
    404: "There is no such job.",
    408: "The body did not arrive in time.",
    409: "The work was stopped, or there is no checkpoint for it, or the job's state does not allow this.",
    413: "The body or a picture is too large.",
    415: "The body's format is not read.",
    422: "A parameter is wrong; the sentence names it and the remedy.",
    500: "The program failed; its log says where.",
    501: "A package that this needs is not installed.",
    503: "As much work waits already as may; Retry-After says when to ask again.",
}


def build_router(
    host: Host,
    dependencies: Sequence[Any] = (),
    *,
    operations: Iterable[Operation[Any, Any]] = OPERATIONS,
    max_body: int = MAX_BODY,
    queues: WorkQueues = QUEUES,
) -> APIRouter:
    """The routes: `GET /info`, `/model`, `/operations`, `/compatibility`, one POST for each operation, and jobs.

    Args:
        host: what the operations run on.
        dependencies: FastAPI dependencies of every route, solved before a body is read (authentication).
        operations: what is offered.
        max_body: bytes of a body; more is answered with 413.
        queues: where the work waits, beside the server's threads.
    """
    offered = catalog.offered(host.name, operations)
    router = APIRouter(prefix=PREFIX, route_class=BootcampRoute, dependencies=list(dependencies))
    guarded = (400, 401, 403) if dependencies else (400, 403)
    common: dict[str, Any] = {"responses": _errors((*guarded, 500, 503))}

    def info() -> dict[str, Any]:
        return _info(host)

    async def model(
        request: Request,
        measure: bool = Query(False, description=_MEASURE),  # noqa: FBT001, FBT003
    ) -> dict[str, Any]:
        queue = queues.models if measure else queues.quick
        return await queue.run(lambda _: _loaded_model(host, measure=measure), left=left(request))

    def list_operations() -> list[dict[str, Any]]:
        return described(offered)

    router.add_api_route(
        "/info",
        queued(info, queues.quick),
        methods=["GET"],
        response_model=info_model(),
        summary="The host, its device and the installed packages.",
        tags=["bootcamp: about"],
        operation_id="bootcamp_info",
        **common,
    )
    router.add_api_route(
        "/model",
        model,
        methods=["GET"],
        response_model=model_answer(),
        summary="The checkpoint in memory: its VAE, device, precision, and the bytes shared with it.",
        tags=["bootcamp: about"],
        operation_id="bootcamp_model",
        responses={**common["responses"], **_errors((409, 422, 501))},
    )
    router.add_api_route(
        "/operations",
        queued(list_operations, queues.quick),
        methods=["GET"],
        response_model=list[OperationAnswer],
        summary="What can be asked for: every operation's parameters and result as JSON Schema.",
        tags=["bootcamp: about"],
        operation_id="bootcamp_operations",
        **common,
    )
    if COMPATIBILITY in offered:
        _add_compatibility(router, host, queues, common)
    reader = Depends(body_reader(max_body))
    statuses = (*error_statuses(), *guarded)
    for operation in offered:
        _add_operation(router, operation, _endpoint(operation, host, queues, reader), statuses)
    add_job_routes(router, host, offered, reader, lambda wanted: _errors((*wanted, *guarded)), statuses, queues)
    return router


def _add_compatibility(router: APIRouter, host: Host, queues: WorkQueues, common: dict[str, Any]) -> None:
    """`GET /compatibility`: the operation of this name without parameters."""

    def compatibility() -> Response:
        params = COMPATIBILITY.params_from({})
        return json_answer(COMPATIBILITY.run(params, Context.of_api(host, host.progress())))

    router.add_api_route(
        "/compatibility",
        queued(compatibility, queues.pictures),
        methods=["GET"],
        response_model=result_model(COMPATIBILITY.result),
        summary="Which installed ControlNet models fit the loaded checkpoint, and why others do not.",
        tags=["bootcamp: about"],
        operation_id="bootcamp_get_compatibility",
        **common,
    )


def _add_operation(
    router: APIRouter,
    operation: Operation[Any, Any],
    endpoint: Callable[..., Awaitable[Response]],
    statuses: Iterable[int],
) -> None:
    picture: dict[int | str, dict[str, Any]] = {}
    if _has_picture(operation):
        picture = {
            200: {
                "description": "The result as JSON, or its picture under `Accept: image/png`.",
                "content": {PNG: {"schema": {"type": "string", "format": "binary"}}},
            }
        }
    router.add_api_route(
        "/" + operation.path.strip("/"),
        endpoint,
        methods=["POST"],
        response_model=result_model(operation.result),
        response_description="The result.",
        responses={**picture, **_errors(statuses)},
        name=operation.name,
        summary=operation.title,
        description=operation.summary,
        tags=[f"bootcamp: {operation.kind}"],
        operation_id=f"bootcamp_{operation.name.replace('-', '_')}",
        openapi_extra={"requestBody": request_body(operation)},
    )


def _errors(statuses: Iterable[int]) -> dict[int | str, dict[str, Any]]:
    return {
        status: {"model": ErrorAnswer, "description": _DESCRIPTIONS.get(status, "The request cannot be answered.")}
        for status in sorted(set(statuses))
    }


def _endpoint(
    operation: Operation[Any, Any], host: Host, queues: WorkQueues, reader: Any
) -> Callable[..., Awaitable[Response]]:
    # Decoding, the work and its answer are made in a thread of the queue's, never on the event loop.
    async def endpoint(request: Request, body: RawBody = reader) -> Response:
        as_picture = _wants_picture(request.headers.get("accept", ""), possible=_has_picture(operation))

        def params() -> Any:
            return operation.params_from(request_values(body, operation.params))

        def work(stop: threading.Event) -> Response:
            result = operation.run(params(), Context.of_api(host, Stoppable(host.progress(), stop)))
            return picture_answer(result) if as_picture else json_answer(result)

        queue = queues.of(operation)
        if queue is queues.models:
            if operation.needs and queue.is_full():
                raise queue.refusal()
            # mistakes are told before the work waits for its turn; its pictures are not held decoded meanwhile
            queue = await queues.pictures.run(lambda _: queues.of(operation, params()), left=left(request))
        return await queue.run(work, left=left(request))

    return endpoint


def json_answer(result: Result) -> Response:
    """A result as JSON: pictures as PNG in base64 without a `data:` prefix, facts, `summary`, `succeeded`."""
    values = {each.name: getattr(result, each.name) for each in fields_of(type(result)) if each.kind == "image"}
    values |= result.files() | result.facts() | {"summary": result.summary(), "succeeded": result.succeeded()}
    ordered = {each.name: values[each.name] for each in fields_of(type(result))} | values
    return Response(_dumps(ordered, ensure_ascii=False).encode("utf-8", "replace"), media_type=JSON)


def picture_answer(result: Result) -> Response:
    """A result's picture as PNG; its facts, where they are short, in the header `X-Bootcamp-Result` as JSON.

    Raises:
        NotAcceptableError: this result has no picture.
    """
    picture = result.pictures().get("image")
    if picture is None:
        raise NotAcceptableError(f"This answer has no picture; ask for it with `Accept: {JSON}`.")
    outcome = {"summary": result.summary(), "succeeded": result.succeeded()}
    header = _dumps({**result.facts(), **outcome})
    if len(header) > MAX_HEADER:
        header = _dumps(outcome)
    headers = {"X-Bootcamp-Result": header} if len(header) <= MAX_HEADER else {}
    return Response(encode_png(picture), media_type=PNG, headers=headers)


def _dumps(value: Any, *, ensure_ascii: bool = True) -> str:
    return json.dumps(value, default=_plain, ensure_ascii=ensure_ascii, allow_nan=False, separators=(",", ":"))


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray) and value.dtype == np.uint8:
        return encode_base64(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} is no JSON")


def _has_picture(operation: Operation[Any, Any]) -> bool:
    return any(each.name == "image" and each.kind == "image" for each in fields_of(operation.result))


def _wants_picture(accept: str, *, possible: bool) -> bool:
    """Choose by the header's preferences; JSON where they say nothing.

    Raises:
        NotAcceptableError: the caller accepts neither.
    Source: RFC 9110, 12.5.1.
    """
    json_quality, png_quality = _quality(accept, JSON), _quality(accept, PNG) if possible else 0.0
    if not json_quality and not png_quality:
        formats = f"{JSON} or {PNG}" if possible else JSON
        raise NotAcceptableError(f"The answer is {formats}; name it in Accept.")
    return png_quality > json_quality


def _quality(accept: str, media_type: str) -> float:
    ranges = {}
    for each in accept.lower().split(",")[:64]:
        name, *parameters = (part.strip() for part in each.split(";"))
        found = [re.fullmatch(r"q\s*=\s*([01](?:\.\d{0,3})?)", part) for part in parameters]
        ranges[name] = next((float(match[1]) for match in found if match), 1.0)
    if not accept.strip():
        return 1.0 if media_type == JSON else 0.5
    for name in (media_type, media_type.split("/")[0] + "/*", "*/*"):
        if name in ranges:
            return ranges[name]
    return 0.0


def _info(host: Host) -> dict[str, Any]:
    told = host.info()
    return {
        "name": told.name,
        "version": told.version,
        "extension": __version__,
        "device": told.device,
        "checkpoint": told.checkpoint,
        "packages": dict(told.packages),
        "models": [asdict(each) for each in told.models],
    }


def _loaded_model(host: Host, *, measure: bool) -> dict[str, Any]:
    if measure:
        with host.components():
            pass
    told = host.model()
    if told is None:
        raise ModelError("There is no checkpoint in memory yet: generate once, or ask with `measure=true`.")
    return asdict(told)
