"""One run of a job of whatever kind: its states, and what ends it. What it works on is its kind's."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Generator, Iterator
from typing import Any, Generic, TypeVar

from lib_bootcamp.context import Context, JobMark
from lib_bootcamp.core.files.inside import Inside
from lib_bootcamp.errors import BootcampError, CancelledError, UnexpectedError
from lib_bootcamp.job import Event
from lib_bootcamp.operation import Operation
from lib_bootcamp.ports import Host, Progress

from . import files
from .facts import UNFINISHED, State
from .journal import Journal
from .pictures import unpacked
from .progress import Clock, JobProgress, Stop
from .records import Row

LOG = logging.getLogger(__name__)
W = TypeVar("W")
T = TypeVar("T")


class Run(Generic[W]):
    """One run of a job that this process has claimed.

    Args:
        journal: where the job is.
        row: the job.
        operation: whose job it is.
        host: what it runs on.
        progress: the display.
        stop: ends it after a batch.
        report: called with what happens in it.
    """

    def __init__(  # noqa: PLR0913 - what a run is, once
        self,
        journal: Journal,
        row: Row,
        operation: Operation[Any, Any],
        host: Host,
        progress: Progress,
        stop: Stop,
        report: Callable[[Event], None] = lambda event: None,
    ) -> None:
        self.report = report
        self.journal, self.row, self.number, self.operation = journal, row, row.info.id, operation
        self.progress = JobProgress(progress, stop, journal, self.number)
        mark = JobMark(self.number, lambda: {each.info.id for each in journal.rows(UNFINISHED)})
        self.context = Context.of_job(host, self.progress, trusted=row.trusted, job=mark)
        self.root, self.output = row.folder, row.output
        self.inside: Inside
        self._spent = 0.0
        self._clock = Clock()

    def run(self) -> State:
        """Work until the end, or until somebody stops it; returns the state it is in then.

        Raises:
            OutputError: the journal cannot be written any more.
        """
        work: W | None = None
        state: State = "done"
        error = ""
        try:
            work = self.opened()
            files.recover(self.journal, self.number, self.inside)
            self.journal.crashed(self.number)
            if not self.row.listed:
                self.list_all(work)
            self.work_through(work)
        except (CancelledError, KeyboardInterrupt):
            state = "paused"
        except BootcampError as problem:
            state, error = "failed", str(problem)
        except Exception:
            LOG.exception("job %s failed", self.number)
            state, error = "failed", str(UnexpectedError())
        try:
            self.journal.release(self.number)
            if work is not None:
                self.finish(work)
        except KeyboardInterrupt:
            state = "failed" if error else "paused"  # what is missing is written when it is resumed
        except BootcampError as problem:
            state, error = "failed", error or str(problem)
        except Exception:
            LOG.exception("the end of job %s failed", self.number)
            state, error = "failed", error or str(UnexpectedError())
        with self.journal.transaction(durable="now"):  # nobody asks for anything in between
            if state == "paused" and self.journal.requested(self.number) == "cancel":
                state = "cancelled"
            self.journal.move(self.number, state, among=("running",), error=error)
        self._let_go_of(work, state)
        return state

    def _let_go_of(self, work: W | None, state: State) -> None:
        if work is not None and state in {"done", "cancelled"}:
            with contextlib.suppress(OSError, BootcampError):
                self.forget(work)

    def values(self) -> dict[str, Any]:
        """The job's parameters, as raw values."""
        return {**self.row.info.params, **unpacked(self.journal.pictures(self.number))}

    def opened(self) -> W:
        """The work, with the folders that it may use looked at again."""
        raise NotImplementedError

    def list_all(self, work: W) -> None:
        """Write down what is to be done, once in the job's life."""
        raise NotImplementedError

    def work_through(self, work: W) -> None:
        """Do what is still to be done.

        Raises:
            CancelledError: somebody stopped it.
            BootcampError: it cannot go on.
        """
        raise NotImplementedError

    def forget(self, work: W) -> None:
        """Remove what was kept to go on from, where the work kept anything."""

    def finish(self, work: W) -> None:
        """What is done whenever it ends or stops."""
        raise NotImplementedError

    def stop_if_asked(self) -> None:
        """Come back where nobody stopped it.

        Raises:
            CancelledError: somebody did.
        """
        if self.progress.cancelled():
            raise CancelledError(0)


def closable(items: Iterator[T]) -> Generator[T, None, None]:
    """Any iterator as one that can be closed."""
    yield from items
