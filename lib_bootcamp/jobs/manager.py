"""The jobs of one data folder: begun, listed, paused, resumed, undone; worked on by one thread of a process.

A process has one `Jobs` for each data folder, for its whole life: it outlives the WebUI's "Reload UI", which makes new
hosts and new surfaces while this module stays.
"""

from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from lib_bootcamp.context import Context
from lib_bootcamp.core.files.folders import is_inside
from lib_bootcamp.core.files.inside import Inside
from lib_bootcamp.errors import BootcampError, InvalidParamError, OutputError, QueueFullError
from lib_bootcamp.job import Event
from lib_bootcamp.ports import Host, Progress, SilentProgress

from . import files
from .facts import ACTIVE, JOBS_THREAD, RESUMABLE, JobInfo, JobStateError, State, Undone, standing
from .folder_run import FolderRun
from .known import Find, KnownJobs
from .pictures import packed, unpacked
from .places import places_of, refuse_unusable
from .progress import Stop
from .records import Claim, Row
from .steps_run import StepsRun

LOG = logging.getLogger(__name__)
IDLE: tuple[State, ...] = ("paused", "interrupted", "failed", "done", "cancelled", "undone")
MOST_WAITING, RETRY_S = 100, 60
"""Jobs that may wait in a data folder's queue; when to ask again where that many do."""


class Jobs(KnownJobs):
    """All jobs that lie in one host's data folder, and what can be done with them.

    Args:
        host: what they run on; a newer one may take its place between two jobs.
        find: an operation by its name; raises KeyError where there is none.
        folder: where the journal lies.
    """

    def __init__(self, host: Host, find: Find, folder: Path) -> None:
        super().__init__(host, find, folder)
        self._entering = threading.Lock()
        self._worker: threading.Thread | None = None
        self._is_asked = False  # a job was put into the queue since the worker last looked

    # --- what can be done

    def start(self, name: str, values: Mapping[str, Any], *, trusted: bool) -> JobInfo:
        """Put a job into the queue of this process.

        Args:
            name: of an operation with a job.
            values: raw ones, checked here.
            trusted: whether the caller may name any folder.
        Raises:
            InvalidParamError: a value is wrong, or the folder is none.
            NotAllowedError: the caller may not name this folder.
            JobStateError: such a job works on this folder already.
            QueueFullError: as many jobs wait already as may.
        """
        with self._entering:
            self._refuse_when_full()
            number = self.create(name, values, trusted=trusted)
        self._wake()
        return self.info(number, trusted=trusted)

    def create(self, name: str, values: Mapping[str, Any], *, trusted: bool) -> int:
        """As `start`, for a caller that runs it with `run_here`; returns the job's number."""
        operation = self.find(name)
        job = operation.job
        if job is None:
            raise InvalidParamError("operation", f"{name} cannot run as a job")
        params = operation.as_job().params_from(values)
        context = Context.of_job(self.host, SilentProgress(), trusted=trusted)
        params, places = places_of(operation, params, context)
        kept = {**params.to_mapping(), **places.named}
        # what it refuses is refused at once and not when its turn comes
        places = replace(places, pictures=packed(params))
        work = job.work(places.folder, job.params.from_mapping({**kept, **unpacked(places.pictures)}), context)
        inside = Inside(places.output or places.folder, exact=not trusted)
        refuse_unusable(job, work, inside, is_elsewhere=places.output is not None)
        self._reap()
        with self.journal.transaction():
            self._refuse_second(places.claims)
            return self.journal.add(name, kept, places, self._owner.name, trusted=trusted)

    def run_here(
        self, number: int, progress: Progress, stop: Stop, report: Callable[[Event], None] = lambda event: None
    ) -> JobInfo:
        """Run a job that was just created, or one that can be resumed, in this thread.

        Args:
            number: of the job.
            progress: its display.
            stop: pauses it.
            report: called with what happens in it, when it is in the journal.
        Raises:
            JobStateError: somebody else has begun it, it cannot be resumed, or another one works on its folder.
        """
        self._claim(self._row(number, trusted=True), "running", stop, among=("queued", *RESUMABLE), done="resumed")
        self._run(number, progress, stop, report)
        return self.info(number, trusted=True)

    def pause(self, number: int, *, trusted: bool) -> JobInfo:
        """Stop a job after its batch; it can be resumed."""
        self._row(number, trusted=trusted)
        if not self.journal.move(number, "paused", among=("queued",)):
            self._ask(number, "pause", "paused")
        return self.info(number, trusted=trusted)

    def cancel(self, number: int, *, trusted: bool) -> JobInfo:
        """End a job, a running one after its batch; what is done stays done."""
        self._row(number, trusted=trusted)
        if not self.journal.move(number, "cancelled", among=("queued", *RESUMABLE)):
            self._ask(number, "cancel", "cancelled")
        return self.info(number, trusted=trusted)

    def resume(self, number: int, *, trusted: bool) -> JobInfo:
        """Put a job that was paused, interrupted or failed into the queue again.

        Raises:
            JobStateError: it is in another state, or another one works on its folder.
            QueueFullError: as many jobs wait already as may.
        """
        with self._entering:
            self._refuse_when_full()
            self._claim(self._row(number, trusted=trusted), "queued", None, among=RESUMABLE, done="resumed")
        self._wake()
        return self.info(number, trusted=trusted)

    def undo(self, number: int, *, trusted: bool) -> Undone:
        """Give every file that a job wrote its old content; files that were changed since are skipped.

        Raises:
            JobStateError: it is running or waits, or another one works on its folder.
        """
        row = self._row(number, trusted=trusted)
        self._claim(row, "undoing", Stop(), among=IDLE, done="undone")
        state, error = row.info.state, row.info.error
        try:
            around = Context.of_job(self.host, SilentProgress(), trusted=row.trusted)
            in_place = row.info.kind == "folder" and row.output == row.folder
            named = around.folder if in_place else around.output_folder
            inside = Inside(named(str(row.output), "folder"), exact=not row.trusted)
            files.recover(self.journal, number, inside)
            restored, skipped = files.restore(self.journal, number, inside)
            state, error = "undone", ""
        finally:
            self.journal.move(number, state, among=("undoing",), error=error)
            self._let_go(number)
        return Undone(restored=restored, skipped=tuple(skipped), job=self.info(number, trusted=trusted))

    def remove(self, number: int, *, trusted: bool) -> None:
        """Forget a job; its files stay as they are and cannot be undone any more.

        Raises:
            JobStateError: it is running or waits.
        """
        self._row(number, trusted=trusted)
        if not self.journal.remove(number, among=IDLE):
            raise self._cannot(number, "removed")

    # --- inside

    def _claim(self, row: Row, state: State, stop: Stop | None, *, among: Sequence[State], done: str) -> None:
        """Take a job for this process; with `stop` it is worked on from now on.

        Raises:
            JobStateError: its state does not allow it, or another job works on its folder.
        """
        number = row.info.id
        with self._lock, self.journal.transaction():
            self._refuse_second(self.journal.claims(number), number)
            if not self.journal.claim(number, self._owner.name, state, among=among):
                raise self._cannot(number, done)
            if stop is not None:
                self._here[number] = stop

    def _refuse_when_full(self) -> None:
        waiting = sum(row.info.state == "queued" for row in self.journal.rows(ACTIVE))
        if waiting >= MOST_WAITING:
            raise QueueFullError(RETRY_S, "The queue of jobs")

    def _let_go(self, number: int) -> None:
        with self._lock:
            self._here.pop(number, None)

    def _refuse_second(self, claims: Sequence[Claim], number: int = 0) -> None:
        """Two jobs whose claims overlap would write the same files.

        Raises:
            JobStateError: another one waits or works on such a folder, or on one around it or inside.
        """
        others = (row.info.id for row in self.journal.rows(ACTIVE) if row.info.id != number)
        for other in others:
            for theirs, mine in itertools.product(self.journal.claims(other), claims):
                inside = is_inside(theirs.path, mine.path) or is_inside(mine.path, theirs.path)
                if theirs.what == mine.what and inside:
                    raise JobStateError(f"Job {other} works on this folder already", hint="wait for it, or cancel it.")

    def _ask(self, number: int, what: str, done: str) -> None:
        if self.journal.row(number).info.state != "running":
            raise self._cannot(number, done)
        self.journal.request(number, what)
        with self._lock:
            stop = self._here.get(number)
        if stop is not None:
            stop.set()

    def _cannot(self, number: int, done: str) -> BootcampError:
        info = self.journal.row(number).info
        possible = f"possible now: {', '.join(info.actions)}" if info.actions else "wait until that is done"
        return JobStateError(f"Job {number} {standing(info.state)} and cannot be {done}", hint=f"{possible}.")

    def _wake(self) -> None:
        with self._lock:
            self._is_asked = True
            if self._worker is None or not self._worker.is_alive():
                self._worker = threading.Thread(target=self._work, name=JOBS_THREAD, daemon=True)
                self._worker.start()

    def _work(self) -> None:
        while True:
            with self._lock:
                self._is_asked = False
            try:
                number = self.journal.next_queued(self._owner.name)
                if number is None:
                    with self._lock:  # nobody can put a job in between looking and ending
                        if self.journal.next_queued(self._owner.name) is None:
                            self._worker = None
                            return
                    continue
                self._begin(number)
            except OutputError as error:
                LOG.error("The queue of jobs cannot go on: %s", error)  # noqa: TRY400 - the next job that is begun wakes it
                with self._lock:
                    if not self._is_asked:
                        self._worker = None
                        return

    def _begin(self, number: int) -> None:
        stop = Stop()
        with self._lock:
            if not self.journal.claim(number, self._owner.name, "running", among=("queued",)):
                return  # paused or cancelled in this moment
            self._here[number] = stop
        self._run(number, self.host.progress(), stop)

    def _run(
        self, number: int, progress: Progress, stop: Stop, report: Callable[[Event], None] = lambda event: None
    ) -> None:
        try:
            row = self.journal.row(number)
            try:
                operation = self.find(row.info.operation)
            except KeyError:
                error = f"There is no operation {row.info.operation} here."
                self.journal.move(number, "failed", among=("running",), error=error)
                return
            run = StepsRun if row.info.kind == "steps" else FolderRun
            run(self.journal, row, operation, self.host, progress, stop, report).run()
        finally:
            self._let_go(number)
