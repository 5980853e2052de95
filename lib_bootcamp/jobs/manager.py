"""The jobs of one data folder: begun, listed, paused, resumed, undone; worked on by one thread of a process.

A process has one `Jobs` for each data folder, for its whole life: it outlives the WebUI's "Reload UI", which makes new
hosts and new surfaces while this module stays.
"""

from __future__ import annotations

import atexit
import contextlib
import itertools
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from lib_bootcamp.context import Context
from lib_bootcamp.core.files.folders import is_inside
from lib_bootcamp.core.files.inside import Inside
from lib_bootcamp.errors import BootcampError, InvalidParamError, OutputError, QueueFullError, StorageError
from lib_bootcamp.job import Event, FolderJob
from lib_bootcamp.operation import Operation
from lib_bootcamp.params import fields_of, under_current_names
from lib_bootcamp.ports import Host, Progress, SilentProgress

from . import files
from .facts import ACTIVE, RESUMABLE, EventInfo, ItemInfo, JobInfo, JobStateError, NoJobError, State, Undone
from .folder_run import FolderRun
from .journal import Journal
from .owners import Owner
from .pictures import packed, unpacked
from .places import places_of
from .progress import Stop
from .records import Claim, Row
from .steps_run import StepsRun

Find = Callable[[str], Operation[Any, Any]]
LOG = logging.getLogger(__name__)
IDLE: tuple[State, ...] = ("paused", "interrupted", "failed", "done", "cancelled", "undone")
MOST_WAITING, RETRY_S = 100, 60
"""Jobs that may wait in a data folder's queue; when to ask again where that many do."""
UNDO_AGAIN = "The program ended while it was undone; undo it again."


class Jobs:
    """All jobs that lie in one host's data folder.

    Args:
        host: what they run on; a newer one may take its place between two jobs.
        find: an operation by its name; raises KeyError where there is none.
        folder: where the journal lies.
    """

    def __init__(self, host: Host, find: Find, folder: Path) -> None:
        self.host, self.find = host, find
        self.journal = Journal(folder / "jobs.sqlite")
        self._owner = Owner(folder)
        self._here: dict[int, Stop] = {}  # what this process works on now
        self._lock = threading.RLock()
        self._entering = threading.Lock()
        self._worker: threading.Thread | None = None
        self._is_asked = False  # a job was put into the queue since the worker last looked
        atexit.register(self._owner.close)

    def close(self) -> None:
        """Let go of the journal; nothing may be running."""
        atexit.unregister(self._owner.close)
        self._owner.close()
        self.journal.close()

    # --- what there is

    def listed(self, *, trusted: bool) -> list[JobInfo]:
        """The jobs that a caller may see, the newest first.

        Args:
            trusted: whether the caller may name any folder; others see the jobs of folders they may name.
        """
        self._reap()
        return [self._public(row) for row in self.journal.rows() if trusted or self._is_allowed(row)]

    def info(self, number: int, *, trusted: bool) -> JobInfo:
        """One job.

        Raises:
            NoJobError: there is none, or not for this caller.
        """
        return self._public(self._row(number, trusted=trusted))

    def items(self, number: int, *, trusted: bool, offset: int = 0, limit: int = 100) -> list[ItemInfo]:
        """Some of a job's pictures, in their order."""
        return self._items(self._row(number, trusted=trusted), offset=offset, limit=limit)

    def events(self, number: int, *, trusted: bool, after: int = 0, limit: int = 100) -> list[EventInfo]:
        """What happened in a job, in order, after an event."""
        self._row(number, trusted=trusted)
        return self.journal.events(number, after=after, limit=limit)

    def newest(self, number: int, *, trusted: bool, limit: int) -> list[ItemInfo]:
        """The last pictures of a job that are done."""
        self._row(number, trusted=trusted)
        return self.journal.newest(number, limit)

    def failures(self, number: int, *, trusted: bool, limit: int = 20) -> list[ItemInfo]:
        """The first pictures of a job that failed."""
        self._row(number, trusted=trusted)
        return self.journal.items(number, limit=limit, states=("failed",))

    def skipped(self, number: int, *, trusted: bool, limit: int) -> list[ItemInfo]:
        """The first pictures of a job that were left out."""
        self._row(number, trusted=trusted)
        return self.journal.items(number, limit=limit, states=("skipped",))

    def folder(self, number: int, *, trusted: bool) -> Path:
        """A job's folder."""
        return self._row(number, trusted=trusted).folder

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
        job.work(places.folder, job.params.from_mapping({**kept, **unpacked(places.pictures)}), context)
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

    def wait(self, number: int, timeout_s: float) -> JobInfo:
        """Wait until a job is not active any more, at most so long."""
        end = time.monotonic() + timeout_s
        while (info := self.info(number, trusted=True)).state in ACTIVE and time.monotonic() < end:
            time.sleep(0.02)
        return info

    # --- inside

    def _row(self, number: int, *, trusted: bool) -> Row:
        row = self.journal.row(number)
        if not trusted and not self._is_allowed(row):
            raise NoJobError(number)
        if row.info.state in ACTIVE and not self._is_worked_on(row):
            self._interrupted(row)
            row = self.journal.row(number)
        return row

    def _public(self, row: Row) -> JobInfo:
        """A job as callers see it: its parameters by their current names, whichever version wrote them down."""
        try:
            fields = self.find(row.info.operation).as_job().params.fields()
            return replace(row.info, params=under_current_names(row.info.params, fields))
        except (KeyError, TypeError, InvalidParamError):  # of an operation that is not there, or is no job, any more
            return row.info

    def _items(self, row: Row, *, offset: int, limit: int) -> list[ItemInfo]:
        """A job's pictures, their results by their current names too."""
        found = self.journal.items(row.info.id, offset=offset, limit=limit)
        try:
            job = self.find(row.info.operation).job
        except KeyError:  # of an operation that is not there any more
            return found
        fields = fields_of(job.result) if isinstance(job, FolderJob) else ()
        return [replace(each, result=each.result and under_current_names(each.result, fields)) for each in found]

    def _is_allowed(self, row: Row) -> bool:
        allowed = list(self.host.allowed_folders())
        return all(any(is_inside(path, each) for each in allowed) for path in (row.folder, row.output))

    def _reap(self) -> None:
        """Jobs of processes that ended are interrupted."""
        for row in self.journal.rows(ACTIVE):
            if not self._is_worked_on(row):
                self._interrupted(row)

    def _is_worked_on(self, row: Row) -> bool:
        if row.owner != self._owner.name:
            return self._owner.lives(row.owner)
        with self._lock:
            return row.info.state == "queued" or row.info.id in self._here

    def _interrupted(self, row: Row) -> None:
        number, undone = row.info.id, row.info.state == "undoing"
        # a journal on a full disk can be read still
        with contextlib.suppress(NoJobError, StorageError), self.journal.transaction():  # nobody begins it meanwhile
            now = self.journal.row(number)
            if (now.owner, now.info.state) == (row.owner, row.info.state):
                files.remove_pending_leftovers(self.journal, number, row.output, exact=not row.trusted)
                state: State = "cancelled" if undone else "interrupted"
                self.journal.move(number, state, among=(row.info.state,), error=UNDO_AGAIN if undone else "")

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
        return JobStateError(f"Job {number} is {info.state} and cannot be {done}", hint=f"{possible}.")

    def _wake(self) -> None:
        with self._lock:
            self._is_asked = True
            if self._worker is None or not self._worker.is_alive():
                self._worker = threading.Thread(target=self._work, name="bootcamp-jobs", daemon=True)
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
