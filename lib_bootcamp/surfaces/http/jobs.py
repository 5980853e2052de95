"""The routes of jobs below `/bootcamp/v1/jobs`: begun, followed, paused, resumed, undone.

Callers see and touch the jobs whose folder lies in one that the owner allowed, and no others.
No `from __future__ import annotations` here: FastAPI has to see the models themselves.
"""

import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

import anyio
from fastapi import APIRouter, Depends
from starlette.responses import Response

from lib_bootcamp.job import FolderJob
from lib_bootcamp.jobs.facts import ENDED, EventInfo, ItemsPage, JobInfo, NoJobError, Undone
from lib_bootcamp.jobs.manager import Jobs
from lib_bootcamp.jobs.opened import jobs_of
from lib_bootcamp.operation import Operation
from lib_bootcamp.params import Params, Spec, plain
from lib_bootcamp.ports import Host
from lib_bootcamp.surfaces.shared.described import PREFIX
from lib_bootcamp.surfaces.shared.work_queue import WorkQueues

from .answers import plain_answer
from .body import RawBody, request_values
from .document import EVENTS, Route, add_route, read_from
from .errors import error_statuses
from .events import HEARTBEAT, HEARTBEAT_S, EventStream, event
from .work import queued

TAG = "bootcamp: jobs"
LOOK_S = 0.3
MOST_EVENTS = 100


@dataclass(frozen=True, kw_only=True)
class JobQuery(Params):
    """Which job."""

    number: Annotated[int, Spec("Number", "Of the job.", ge=1, le=2**31 - 1)]


@dataclass(frozen=True, kw_only=True)
class ItemsQuery(JobQuery):
    """Which pictures of a job."""

    offset: Annotated[int, Spec("Offset", "Place of the first one, from 0.", ge=0, le=2**31 - 1)] = 0
    limit: Annotated[int, Spec("Limit", "How many at most.", ge=1, le=1000)] = 100


_JOB, _ITEMS = Depends(read_from(JobQuery)), Depends(read_from(ItemsQuery))
_ONE = (404, 422, 503)
_CHANGE = (404, 409, 422, 503)
LISTED = Route(
    method="GET",
    path="/jobs",
    operation_id="bootcamp_jobs",
    summary="The jobs, the newest first.",
    tag=TAG,
    answer=JobInfo,
    many=True,
    statuses=(503,),
)
SHOWN = Route(
    method="GET",
    path="/jobs/{number}",
    operation_id="bootcamp_job",
    summary="A job: its state, how far it is, the estimated time, what can be done with it.",
    tag=TAG,
    answer=JobInfo,
    statuses=_ONE,
    query=JobQuery,
)
ITEMS = Route(
    method="GET",
    path="/jobs/{number}/items",
    operation_id="bootcamp_job_items",
    summary="A job's pictures with their results and mistakes.",
    tag=TAG,
    answer=ItemsPage,
    statuses=_ONE,
    query=ItemsQuery,
)
FOLLOWED = Route(
    method="GET",
    path="/jobs/{number}/events",
    operation_id="bootcamp_job_events",
    summary="A job as server-sent events: `progress` whenever it moved, `end` when it ended.",
    tag=TAG,
    statuses=_ONE,
    query=JobQuery,
    others={200: {"content": {EVENTS: {"schema": {"type": "string"}}}}},
)
_CONTROLS = {
    "pause": (JobInfo, "Stop a job after its batch; it can be resumed."),
    "resume": (JobInfo, "Go on with a job that was paused, interrupted or failed."),
    "undo": (Undone, "Give every file that a job wrote its old content."),
}
CONTROLS = {
    name: Route(
        method="POST",
        path=f"/jobs/{{number}}/{name}",
        operation_id=f"bootcamp_job_{name}",
        summary=summary,
        tag=TAG,
        answer=answer,
        statuses=_CHANGE,
        query=JobQuery,
    )
    for name, (answer, summary) in _CONTROLS.items()
}
DELETED = Route(
    method="DELETE",
    path="/jobs/{number}",
    operation_id="bootcamp_job_delete",
    summary="Cancel a job that runs or waits (200); forget one that does not (204).",
    tag=TAG,
    answer=JobInfo,
    statuses=_CHANGE,
    query=JobQuery,
    others={204: {"description": "The job is removed from the list; its files stay."}},
)


def job_routes(operations: Iterable[Operation[Any, Any]]) -> list[Route]:
    """The routes of jobs, described; none where no operation has one."""
    starts = [_start_of(each) for each in operations if each.job is not None]
    return [*starts, LISTED, SHOWN, ITEMS, FOLLOWED, *CONTROLS.values(), DELETED] if starts else []


def _start_of(operation: Operation[Any, Any]) -> Route:
    what = "a folder" if isinstance(operation.job, FolderJob) else "step by step"
    return Route(
        method="POST",
        path=f"/jobs/{operation.name}",
        operation_id=f"bootcamp_job_{operation.name.replace('-', '_')}",
        summary=f"{operation.title}: {what} as a job",
        description=f"{operation.summary} The folder is one that the owner allowed.",
        tag=TAG,
        answer=JobInfo,
        status=202,
        answered="The job is in the queue; Location names it.",
        statuses=error_statuses(),
        body=operation.as_job(),
    )


def add_job_routes(
    router: APIRouter, host: Host, operations: Sequence[Operation[Any, Any]], reader: Any, queues: WorkQueues
) -> None:
    """Add the routes of jobs, where an operation has one.

    Args:
        router: below `/bootcamp/v1`.
        host: what the jobs run on.
        operations: what is offered.
        reader: the dependency that reads a body.
        queues: where handlers wait that read the journal, or undo.
    """
    with_jobs = [each for each in operations if each.job is not None]
    if not with_jobs:
        return
    known = {each.name: each for each in operations}
    routes = _Routes(lambda: jobs_of(host, known.__getitem__), queues)
    for operation in with_jobs:
        add_route(router, _start_of(operation), queued(_start(routes, operation, reader), queues.pictures))
    readers = {LISTED: routes.listed, SHOWN: routes.shown, ITEMS: routes.items, FOLLOWED: routes.events}
    controls = {CONTROLS[name]: getattr(routes, name) for name in CONTROLS}
    for route, handler in [*readers.items(), *controls.items(), (DELETED, routes.delete)]:
        add_route(router, route, queued(handler, queues.pictures if route is CONTROLS["undo"] else queues.quick))


class _Routes:
    """The handlers; plain `def` where they wait for the disk, and then in a queue."""

    def __init__(self, jobs: Callable[[], Jobs], queues: WorkQueues) -> None:
        self.jobs, self.queues = jobs, queues

    def listed(self) -> Response:
        return plain_answer(self.jobs().listed(trusted=False))

    def shown(self, asked: JobQuery = _JOB) -> Response:
        return plain_answer(self.jobs().info(asked.number, trusted=False))

    def items(self, asked: ItemsQuery = _ITEMS) -> Response:
        jobs = self.jobs()
        info = jobs.info(asked.number, trusted=False)
        found = jobs.items(asked.number, trusted=False, offset=asked.offset, limit=asked.limit)
        return plain_answer(ItemsPage(total=info.total, offset=asked.offset, items=tuple(found)))

    def events(self, asked: JobQuery = _JOB) -> Response:
        jobs = self.jobs()
        jobs.info(asked.number, trusted=False)
        return EventStream(_events(self, asked.number))

    def newest(self, number: int, after: int, _: Any) -> tuple[JobInfo, list[EventInfo]]:
        jobs = self.jobs()
        info = jobs.info(number, trusted=False)  # first: what happened until it ended is sent before the end
        return info, jobs.events(number, trusted=False, after=after, limit=MOST_EVENTS)

    def pause(self, asked: JobQuery = _JOB) -> Response:
        return plain_answer(self.jobs().pause(asked.number, trusted=False))

    def resume(self, asked: JobQuery = _JOB) -> Response:
        return plain_answer(self.jobs().resume(asked.number, trusted=False))

    def undo(self, asked: JobQuery = _JOB) -> Response:
        return plain_answer(self.jobs().undo(asked.number, trusted=False))

    def delete(self, asked: JobQuery = _JOB) -> Response:
        jobs = self.jobs()
        if "remove" in jobs.info(asked.number, trusted=False).actions:
            jobs.remove(asked.number, trusted=False)
            return Response(status_code=204)
        return plain_answer(jobs.cancel(asked.number, trusted=False))


def _start(routes: _Routes, operation: Operation[Any, Any], reader: Any) -> Callable[..., Response]:
    as_job = operation.as_job()

    def start(body: RawBody = reader) -> Response:
        values = request_values(body, as_job.params)
        info = routes.jobs().start(operation.name, values, trusted=False)
        return plain_answer(info, status=202, headers={"Location": f"{PREFIX}/jobs/{info.id}"})

    return start


async def _events(routes: _Routes, number: int) -> AsyncIterator[bytes]:
    last: JobInfo | None = None
    sent_at = time.monotonic()
    seen = 0
    while True:
        try:
            info, happened = await routes.queues.quick.run(partial(routes.newest, number, seen))
        except NoJobError:
            yield event("end", {"id": number, "state": "removed"})
            return
        for each in happened:
            yield event(each.kind, {**each.facts, "at": each.at}, each.id)
            seen, sent_at = each.id, time.monotonic()
        if len(happened) == MOST_EVENTS:
            continue
        ended = info.state in ENDED
        if info != last or ended:
            facts = {name: value for name, value in plain(info).items() if name != "params"}
            yield event("end" if ended else "progress", facts)
            last, sent_at = info, time.monotonic()
        if ended:
            return
        if time.monotonic() - sent_at >= HEARTBEAT_S:
            yield HEARTBEAT
            sent_at = time.monotonic()
        await anyio.sleep(LOOK_S)
