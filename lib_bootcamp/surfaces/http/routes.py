"""The routes below `/bootcamp/v1`, for the app of any host: derived from the catalog.

No `from __future__ import annotations` here: FastAPI has to see the models themselves.
"""

import functools
import threading
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from lib_bootcamp import __version__, catalog
from lib_bootcamp.catalog import OPERATIONS
from lib_bootcamp.context import Context
from lib_bootcamp.errors import ModelError
from lib_bootcamp.job import Event
from lib_bootcamp.operation import Operation
from lib_bootcamp.operations.controlnet.compatibility import COMPATIBILITY
from lib_bootcamp.params import Params, Spec, plain
from lib_bootcamp.ports import Host, HostInfo, ModelInfo, Stoppable
from lib_bootcamp.surfaces.shared.described import PREFIX, described
from lib_bootcamp.surfaces.shared.streamed import Streamed
from lib_bootcamp.surfaces.shared.work_queue import QUEUES, WorkQueues

from .answers import facts_of, has_picture, json_answer, picture_answer, plain_answer, wants_events, wants_picture
from .body import MAX_BODY, RawBody, body_reader, request_values
from .document import EVENTS, JSON, PNG, Route, add_route, document, read_from
from .errors import BootcampRoute, error_statuses
from .events import EventStream, SendEvent, streamed
from .jobs import add_job_routes, job_routes
from .work import left, queued


@dataclass(frozen=True, kw_only=True)
class ModelQuery(Params):
    """What is asked of the model."""

    measure: Annotated[
        bool, Spec("Measure", "Wait for the queue, load the checkpoint if need be, and count the bytes.")
    ] = False


@dataclass(frozen=True, kw_only=True)
class InfoAnswer(HostInfo):
    """What a host reports of itself, and this package's version."""

    extension: Annotated[str, Spec("Version of this package")]


@dataclass(frozen=True, kw_only=True)
class OperationAnswer:
    """One operation."""

    name: Annotated[str, Spec("Name")]
    title: Annotated[str, Spec("Title")]
    summary: Annotated[str, Spec("Summary")]
    path: Annotated[str, Spec("Path", "Where to POST.")]
    kind: Annotated[str, Spec("Kind", "`control-map`: the result has an `image` that steers generation.")]
    presets: Annotated[dict[str, Any], Spec("Presets")]
    params: Annotated[dict[str, Any], Spec("Parameters", "JSON Schema.")]
    result: Annotated[dict[str, Any], Spec("Result", "JSON Schema.")]


ABOUT = "bootcamp: about"
INFO = Route(
    method="GET",
    path="/info",
    operation_id="bootcamp_info",
    summary="The host, its device and the installed packages.",
    tag=ABOUT,
    answer=InfoAnswer,
    statuses=(503,),
)
MODEL = Route(
    method="GET",
    path="/model",
    operation_id="bootcamp_model",
    summary="The checkpoint in memory: its VAE, device, precision, and the bytes shared with it.",
    tag=ABOUT,
    answer=ModelInfo,
    statuses=(409, 422, 501, 503),
    query=ModelQuery,
)
LISTED = Route(
    method="GET",
    path="/operations",
    operation_id="bootcamp_operations",
    summary="The operations: every one's parameters and result as JSON Schema.",
    tag=ABOUT,
    answer=OperationAnswer,
    many=True,
    statuses=(503,),
)
FITTING = Route(
    method="GET",
    path="/compatibility",
    operation_id="bootcamp_get_compatibility",
    summary="Which installed ControlNet models fit the loaded checkpoint, and why others do not.",
    tag=ABOUT,
    answer=COMPATIBILITY.result,
    statuses=(503,),
)
DOCUMENT = Route(
    method="GET",
    path="/openapi.json",
    operation_id="bootcamp_openapi",
    summary="This document: OpenAPI 3.1 of these routes, the same on every host.",
    tag=ABOUT,
    others={200: {"content": {JSON: {"schema": {"type": "object"}}}}},
)


def described_routes(operations: Iterable[Operation[Any, Any]] = OPERATIONS) -> list[Route]:
    """Every route that a host may have, in the order of the document."""
    several = tuple(operations)
    about = [INFO, MODEL, LISTED, *([FITTING] if COMPATIBILITY in several else []), DOCUMENT]
    return [*about, *map(_route_of, several), *job_routes(several)]


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
    operations = tuple(operations)
    offered = catalog.offered(host.name, operations)
    router = APIRouter(prefix=PREFIX, route_class=BootcampRoute, dependencies=list(dependencies))

    def info() -> Response:
        return plain_answer({**plain(host.info()), "extension": __version__})

    async def model(request: Request, asked: ModelQuery = Depends(read_from(ModelQuery))) -> Response:  # noqa: B008
        queue = queues.models if asked.measure else queues.quick
        return await queue.run(lambda _: _loaded_model(host, measure=asked.measure), left=left(request))

    def list_operations() -> Response:
        return plain_answer(described(offered))

    def compatibility() -> Response:
        params = COMPATIBILITY.params_from({})
        return json_answer(COMPATIBILITY.run(params, Context.of_api(host, host.progress())))

    described_once = functools.cache(lambda: document(described_routes(operations)))

    def openapi() -> Response:
        return plain_answer(described_once())

    add_route(router, INFO, queued(info, queues.quick))
    add_route(router, MODEL, model)
    add_route(router, LISTED, queued(list_operations, queues.quick))
    if COMPATIBILITY in offered:
        add_route(router, FITTING, queued(compatibility, queues.pictures))
    add_route(router, DOCUMENT, queued(openapi, queues.quick))
    reader = Depends(body_reader(max_body))
    for operation in offered:
        add_route(router, _route_of(operation), _endpoint(operation, host, queues, reader))
    add_job_routes(router, host, offered, reader, queues)
    return router


def _route_of(operation: Operation[Any, Any]) -> Route:
    content: dict[str, Any] = {}
    info = "The result as JSON"
    if has_picture(operation):
        content[PNG] = {"schema": {"type": "string", "format": "binary"}}
        info += ", or its picture under `Accept: image/png`"
    if operation.stream:
        content[EVENTS] = {"schema": {"type": "string"}}
        info += f", or `progress` and `sample` while it runs and then `result` or `error` under `Accept: {EVENTS}`"
    others = {200: {"description": f"{info}.", "content": content}} if content else {}
    return Route(
        method="POST",
        path="/" + operation.path.strip("/"),
        operation_id=f"bootcamp_{operation.name.replace('-', '_')}",
        summary=operation.title,
        description=operation.summary,
        tag=f"bootcamp: {operation.kind}",
        answer=operation.result,
        answered="The result.",
        others=others,
        statuses=error_statuses(),
        body=operation,
    )


def _endpoint(
    operation: Operation[Any, Any], host: Host, queues: WorkQueues, reader: Any
) -> Callable[..., Awaitable[Response]]:
    # Decoding, the work and its answer are made in a thread of the queue's, never on the event loop.
    async def endpoint(request: Request, body: RawBody = reader) -> Response:
        accept = request.headers.get("accept", "")
        as_events = operation.stream and wants_events(accept)
        as_picture = not as_events and wants_picture(accept, possible=has_picture(operation))

        def params() -> Any:
            return operation.params_from(request_values(body, operation.params))

        def work(stop: threading.Event) -> Response:
            result = operation.run(params(), Context.of_api(host, Stoppable(host.progress(), stop)))
            return picture_answer(result) if as_picture else json_answer(result)

        queue = queues.of(operation)
        if queue is queues.models and operation.needs and queue.is_full():
            raise queue.refusal()
        if as_events:
            # wrong values are a status still; the body's files are gone when the answer begins
            given = await queues.pictures.run(lambda _: params(), left=left(request))
            queue = queues.of(operation, given)
            if queue.is_full():
                raise queue.refusal()
            return EventStream(streamed(queue, functools.partial(stream, given), request))
        if queue is queues.models:
            # mistakes are answered before the work waits for its turn; its pictures are not held decoded meanwhile
            queue = await queues.pictures.run(lambda _: queues.of(operation, params()), left=left(request))
        return await queue.run(work, left=left(request))

    def stream(given: Any, stop: threading.Event, send: SendEvent) -> Response:
        around = Context.of_api(host, Streamed(Stoppable(host.progress(), stop), send))
        seen = around.watched_by(lambda part: send(Event(kind="sample", facts=facts_of(part))))
        return json_answer(operation.run(given, seen))

    return endpoint


def _loaded_model(host: Host, *, measure: bool) -> Response:
    if measure:
        with host.components():
            pass
    info = host.model()
    if info is None:
        raise ModelError("No checkpoint is in memory yet: generate once, or ask with `measure=true`.")
    return plain_answer(info)
