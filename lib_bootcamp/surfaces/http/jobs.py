"""The routes of jobs below `/bootcamp/v1/jobs`: begun, followed, paused, resumed, undone.

Callers see and touch the jobs whose folder lies in one that the owner allowed, and no others.
No `from __future__ import annotations` here: FastAPI has to see the models themselves.
"""

import json
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from typing import Any

import anyio
from fastapi import APIRouter, Path, Query
from starlette.responses import Response, StreamingResponse

from lib_bootcamp.jobs.facts import ENDED, ItemsPage, JobInfo, NoJobError, Undone
from lib_bootcamp.jobs.manager import Jobs, jobs_of
from lib_bootcamp.operation import Operation
from lib_bootcamp.params import plain
from lib_bootcamp.ports import Host
from lib_bootcamp.surfaces.shared.described import PREFIX
from lib_bootcamp.surfaces.shared.work_queue import WorkQueues

from .body import RawBody, request_values
from .models import request_body, result_model
from .work import queued

TAG = "bootcamp: jobs"
LOOK_S, HEARTBEAT_S = 0.3, 15.0
_NUMBER = Path(..., title="Number", description="Of the job.", ge=1, le=2**31 - 1)
# Gzip holds small events back until the end: the host's leaves an answer alone that says how it is encoded, a proxy's
# one that says it must not be changed.
_UNBUFFERED = {
    "Cache-Control": "no-store, no-transform",
    "Content-Encoding": "identity",
    "X-Accel-Buffering": "no",
}


class EventStream(StreamingResponse):
    """Server-sent events."""

    media_type = "text/event-stream"


def add_job_routes(  # noqa: PLR0913 - what a router is built of
    router: APIRouter,
    host: Host,
    operations: Sequence[Operation[Any, Any]],
    reader: Any,
    errors: Callable[[Iterable[int]], dict[int | str, dict[str, Any]]],
    statuses: Iterable[int],
    queues: WorkQueues,
) -> None:
    """Add the routes of jobs, where an operation has one.

    Args:
        router: below `/bootcamp/v1`.
        host: what the jobs run on.
        operations: what is offered.
        reader: the dependency that reads a body.
        errors: the documentation of error statuses.
        statuses: those of a route with a body.
        queues: where handlers wait that read the journal, or undo.
    """
    with_jobs = [each for each in operations if each.job is not None]
    if not with_jobs:
        return
    known = {each.name: each for each in operations}
    routes = _Routes(lambda: jobs_of(host, known.__getitem__), queues)
    for operation in with_jobs:
        router.add_api_route(
            f"/jobs/{operation.name}",
            queued(_start(routes, operation, reader), queues.pictures),
            methods=["POST"],
            status_code=202,
            response_model=result_model(JobInfo),
            response_description="The job is in the queue; Location names it.",
            responses=errors(statuses),
            name=f"job-{operation.name}",
            summary=f"{operation.title}: a folder as a job",
            description=f"{operation.summary} The folder is one that the owner allowed.",
            tags=[TAG],
            operation_id=f"bootcamp_job_{operation.name.replace('-', '_')}",
            openapi_extra={"requestBody": request_body(operation.as_job())},
        )
    _add_readers(router, routes, errors)
    _add_controls(router, routes, errors)


class _Routes:
    """The handlers; plain `def` where they wait for the disk, and then in a queue."""

    def __init__(self, jobs: Callable[[], Jobs], queues: WorkQueues) -> None:
        self.jobs, self.queues = jobs, queues

    def listed(self) -> Response:
        return _answer(self.jobs().listed(trusted=False))

    def shown(self, number: int = _NUMBER) -> Response:
        return _answer(self.jobs().info(number, trusted=False))

    def items(
        self,
        number: int = _NUMBER,
        offset: int = Query(0, ge=0, le=2**31 - 1, description="Place of the first one, from 0."),
        limit: int = Query(100, ge=1, le=1000, description="How many at most."),
    ) -> Response:
        jobs = self.jobs()
        info = jobs.info(number, trusted=False)
        found = jobs.items(number, trusted=False, offset=offset, limit=limit)
        return _answer(ItemsPage(total=info.total, offset=offset, items=tuple(found)))

    def events(self, number: int = _NUMBER) -> Response:
        jobs = self.jobs()
        jobs.info(number, trusted=False)
        return EventStream(_events(self, number), headers=_UNBUFFERED)

    def pause(self, number: int = _NUMBER) -> Response:
        return _answer(self.jobs().pause(number, trusted=False))

    def resume(self, number: int = _NUMBER) -> Response:
        return _answer(self.jobs().resume(number, trusted=False))

    def undo(self, number: int = _NUMBER) -> Response:
        return _answer(self.jobs().undo(number, trusted=False))

    def delete(self, number: int = _NUMBER) -> Response:
        jobs = self.jobs()
        if "remove" in jobs.info(number, trusted=False).actions:
            jobs.remove(number, trusted=False)
            return Response(status_code=204)
        return _answer(jobs.cancel(number, trusted=False))


def _start(routes: _Routes, operation: Operation[Any, Any], reader: Any) -> Callable[..., Response]:
    as_job = operation.as_job()

    def start(body: RawBody = reader) -> Response:
        values = request_values(body, as_job.params)
        info = routes.jobs().start(operation.name, values, trusted=False)
        return _answer(info, status=202, headers={"Location": f"{PREFIX}/jobs/{info.id}"})

    return start


def _add_readers(
    router: APIRouter, routes: _Routes, errors: Callable[[Iterable[int]], dict[int | str, dict[str, Any]]]
) -> None:
    common: dict[str, Any] = {"methods": ["GET"], "tags": [TAG]}
    of_one = errors((404, 422, 500, 503))
    job = result_model(JobInfo)
    router.add_api_route(
        "/jobs",
        queued(routes.listed, routes.queues.quick),
        response_model=list[job],  # type: ignore[valid-type]
        summary="The jobs, the newest first.",
        operation_id="bootcamp_jobs",
        responses=errors((500, 503)),
        **common,
    )
    router.add_api_route(
        "/jobs/{number}",
        queued(routes.shown, routes.queues.quick),
        response_model=job,
        summary="A job: its state, how far it is, the estimated time, what can be done with it.",
        operation_id="bootcamp_job",
        responses=of_one,
        **common,
    )
    router.add_api_route(
        "/jobs/{number}/items",
        queued(routes.items, routes.queues.quick),
        response_model=result_model(ItemsPage),
        summary="A job's pictures with their results and mistakes.",
        operation_id="bootcamp_job_items",
        responses=of_one,
        **common,
    )
    router.add_api_route(
        "/jobs/{number}/events",
        queued(routes.events, routes.queues.quick),
        response_class=EventStream,
        summary="A job as server-sent events: `progress` whenever it moved, `end` when it ended.",
        operation_id="bootcamp_job_events",
        responses=of_one,
        **common,
    )


def _add_controls(
    router: APIRouter, routes: _Routes, errors: Callable[[Iterable[int]], dict[int | str, dict[str, Any]]]
) -> None:
    statuses = errors((403, 404, 409, 422, 500, 503))
    told = {
        "pause": (routes.pause, JobInfo, "Stop a job after its batch; it can be resumed."),
        "resume": (routes.resume, JobInfo, "Go on with a job that was paused, interrupted or failed."),
        "undo": (routes.undo, Undone, "Give every file that a job wrote its old content."),
    }
    for name, (handler, answer, summary) in told.items():
        router.add_api_route(
            f"/jobs/{{number}}/{name}",
            queued(handler, routes.queues.pictures if name == "undo" else routes.queues.quick),
            methods=["POST"],
            response_model=result_model(answer),
            summary=summary,
            operation_id=f"bootcamp_job_{name}",
            responses=statuses,
            tags=[TAG],
        )
    router.add_api_route(
        "/jobs/{number}",
        queued(routes.delete, routes.queues.quick),
        methods=["DELETE"],
        response_model=result_model(JobInfo),
        summary="Cancel a job that runs or waits (200); forget one that does not (204).",
        operation_id="bootcamp_job_delete",
        responses={204: {"description": "The job is forgotten; its files stay."}, **statuses},
        tags=[TAG],
    )


def _answer(value: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    text = json.dumps(plain(value), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Response(text.encode("utf-8", "replace"), status, headers, media_type="application/json")


async def _events(routes: _Routes, number: int) -> AsyncIterator[bytes]:
    last: JobInfo | None = None
    said = time.monotonic()
    while True:
        try:
            info = await routes.queues.quick.run(lambda _: routes.jobs().info(number, trusted=False))
        except NoJobError:
            yield _event("end", {"id": number, "state": "removed"})
            return
        ended = info.state in ENDED
        if info != last or ended:
            facts = {name: value for name, value in plain(info).items() if name != "params"}
            yield _event("end" if ended else "progress", facts)
            last, said = info, time.monotonic()
        if ended:
            return
        if time.monotonic() - said >= HEARTBEAT_S:
            yield b": still here\n\n"
            said = time.monotonic()
        await anyio.sleep(LOOK_S)


def _event(name: str, facts: dict[str, Any]) -> bytes:
    return f"event: {name}\ndata: {json.dumps(facts)}\n\n".encode("ascii")
