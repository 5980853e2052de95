"""The jobs in a data folder's journal as a caller may see them; those of processes that ended are interrupted."""

from __future__ import annotations

import atexit
import contextlib
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from lib_bootcamp.core.files.folders import is_inside
from lib_bootcamp.errors import InvalidParamError, StorageError
from lib_bootcamp.job import FolderJob
from lib_bootcamp.operation import Operation
from lib_bootcamp.params import Param, fields_of, named_folders, under_current_names
from lib_bootcamp.ports import Host

from . import files
from .facts import ACTIVE, EventInfo, ItemInfo, JobInfo, NoJobError, State
from .journal import Journal
from .owners import Owner
from .progress import Stop
from .records import Row

Find = Callable[[str], Operation[Any, Any]]
UNDO_AGAIN = "The program ended while it was undone; undo it again."


class KnownJobs:
    """What there is in one data folder.

    Args:
        host: what the jobs run on; a newer one may take its place between two jobs.
        find: an operation by its name; raises KeyError where there is none.
        folder: where the journal lies.
    """

    def __init__(self, host: Host, find: Find, folder: Path) -> None:
        self.host, self.find = host, find
        self.journal = Journal(folder / "jobs.sqlite")
        self._owner = Owner(folder)
        self._here: dict[int, Stop] = {}  # what this process works on now
        self._lock = threading.RLock()
        atexit.register(self._owner.close)

    def close(self) -> None:
        """Let go of the journal; nothing may be running."""
        atexit.unregister(self._owner.close)
        self._owner.close()
        self.journal.close()

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
            return replace(row.info, params=under_current_names(row.info.params, self._fields(row)))
        except InvalidParamError:
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
        """Whether the owner allowed callers all folders that the job has to do with."""
        named = map(Path, named_folders(self._public(row).params, self._fields(row)))
        allowed = list(self.host.allowed_folders())
        return all(any(is_inside(path, each) for each in allowed) for path in {row.folder, row.output, *named})

    def _fields(self, row: Row) -> Sequence[Param]:
        """What the job's parameters are declared as; none of an operation that is not there, or no job, any more."""
        try:
            return tuple(self.find(row.info.operation).as_job().params.fields())
        except (KeyError, TypeError):
            return ()

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
