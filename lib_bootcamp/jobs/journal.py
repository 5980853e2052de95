"""The journal of jobs: what is to be done, what is done, and what each written file held before.

Every batch is two transactions: one before its files are written, with the results, the new and the old content of each
file; one after, which also says what is begun next. A process that is killed at any point leaves a journal from which
the files of its last batch are put right, and repeats nothing but the batch it was computing.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from lib_bootcamp.job import Event

from .database import Database, marks
from .event_journal import EventJournal
from .facts import ENDED, NoJobError, State
from .file_journal import FileJournal
from .item_journal import ItemJournal
from .places import Places
from .records import COLUMNS, Claim, Outcome, Row, Written, row_of

KEPT_JOBS = 200
"""Ended jobs that are remembered; the oldest are forgotten, and cannot be undone then."""
_SELECT = f"SELECT {COLUMNS} FROM jobs"


class JobJournal(Database):
    """The jobs of one data folder and their states."""

    def add(self, operation: str, params: dict[str, Any], places: Places, owner: str, *, trusted: bool) -> int:
        """Put a job at the end of the queue; returns its number."""
        written = None if places.output is None else os.fsencode(places.output)
        folder = os.fsencode(places.folder)
        values = (operation, json.dumps(params), folder, int(trusted), owner, time.time(), written, places.kind)
        with self.transaction() as db:
            cursor = db.execute(
                "INSERT INTO jobs (operation, params, folder, trusted, state, owner, created, output, kind) "
                "VALUES (?, ?, ?, ?, 'queued', ?, ?, ?, ?)",
                values,
            )
            db.executemany(
                "INSERT INTO claims (job, what, path) VALUES (?, ?, ?)",
                [(cursor.lastrowid, each.what, os.fsencode(each.path)) for each in places.claims],
            )
            db.executemany(
                "INSERT INTO pictures (job, name, data) VALUES (?, ?, ?)",
                [(cursor.lastrowid, name, data) for name, data in places.pictures.items()],
            )
            db.execute(
                f"DELETE FROM jobs WHERE state IN ({marks(ENDED)}) AND id NOT IN "
                f"(SELECT id FROM jobs WHERE state IN ({marks(ENDED)}) ORDER BY id DESC LIMIT {KEPT_JOBS})",
                (*ENDED, *ENDED),
            )
            return int(cursor.lastrowid or 0)

    def rows(self, states: Sequence[State] = ()) -> list[Row]:
        """All jobs, or those in some states; the newest first."""
        chosen = f"WHERE state IN ({marks(states)})" if states else ""
        return [row_of(each) for each in self.all(f"{_SELECT} {chosen} ORDER BY id DESC", *states)]

    def row(self, number: int) -> Row:
        """One job.

        Raises:
            NoJobError: there is none of this number.
        """
        found = self.all(f"{_SELECT} WHERE id = ?", number) if abs(number) < 2**63 else []
        if not found:
            raise NoJobError(number)
        return row_of(found[0])

    def claims(self, number: int) -> list[Claim]:
        """What a job may have for itself while it waits or runs."""
        found = self.all("SELECT what, path FROM claims WHERE job = ?", number)
        return [Claim(what=what, path=Path(os.fsdecode(path))) for what, path in found]

    def claim(self, number: int, owner: str, state: State, *, among: Sequence[State]) -> bool:
        """Move a job to a state of this process's, where it is in one of some states; False where it is not."""
        with self.transaction() as db:
            cursor = db.execute(
                "UPDATE jobs SET state = ?, owner = ?, wanted = '', error = '', finished = NULL, "
                f"started = CASE WHEN ? = 'running' THEN COALESCE(started, ?) ELSE started END "
                f"WHERE id = ? AND state IN ({marks(among)})",
                (state, owner, state, time.time(), number, *among),
            )
            return cursor.rowcount == 1

    def next_queued(self, owner: str) -> int | None:
        """The oldest job that waits in this process."""
        found = self.all("SELECT id FROM jobs WHERE state = 'queued' AND owner = ? ORDER BY id LIMIT 1", owner)
        return found[0][0] if found else None

    def move(self, number: int, state: State, *, among: Sequence[State], error: str = "") -> bool:
        """Put a job into a state, where it is in one of some states; False where it is not."""
        ends = time.time() if state in ENDED else None
        with self.transaction() as db:
            cursor = db.execute(
                "UPDATE jobs SET state = ?, wanted = '', error = ?, finished = COALESCE(?, finished) "
                f"WHERE id = ? AND state IN ({marks(among)})",
                (state, error, ends, number, *among),
            )
            return cursor.rowcount == 1

    def request(self, number: int, what: str) -> None:
        """Ask the process that runs a job for `pause` or `cancel`; who was asked to cancel is not asked to pause."""
        with self.transaction() as db:
            db.execute(
                "UPDATE jobs SET wanted = ? WHERE id = ? AND wanted != 'cancel' AND state = 'running'", (what, number)
            )

    def requested(self, number: int) -> str:
        """What the process that runs a job is asked for."""
        found = self.all("SELECT wanted FROM jobs WHERE id = ?", number)
        return found[0][0] if found else "cancel"

    def remove(self, number: int, *, among: Sequence[State]) -> bool:
        """Forget a job, where it is in one of some states; False where it is not."""
        with self.transaction() as db:
            cursor = db.execute(f"DELETE FROM jobs WHERE id = ? AND state IN ({marks(among)})", (number, *among))
            return cursor.rowcount == 1


class Journal(JobJournal, ItemJournal, FileJournal, EventJournal):
    """All jobs of one data folder, their pictures and their files; safe to use from several threads and processes."""

    def set_steps(self, number: int, total: int) -> None:
        """Say how many steps a job has."""
        with self.transaction() as db:
            db.execute("UPDATE jobs SET listed = 1, total = ? WHERE id = ?", (total, number))

    def step_done(
        self, number: int, events: Sequence[Event], *, spent_s: float = 0, per_item_s: float | None = None
    ) -> None:
        """Say that a step is done and its files are written."""
        with self.transaction() as db:
            self.begin(number, [], spent_s=spent_s, per_item_s=per_item_s)
            db.execute("UPDATE jobs SET done = done + 1 WHERE id = ?", (number,))
            self.note(number, events)

    def again(self, number: int, events: Sequence[Event], *, spent_s: float) -> None:
        """Say that a step that was done before was done once more."""
        with self.transaction():
            self.begin(number, [], spent_s=spent_s)
            self.note(number, events)

    def begin(self, number: int, items: Sequence[int], *, spent_s: float = 0, per_item_s: float | None = None) -> None:
        """Say that the files of the last batch are written, and which pictures are begun now."""
        with self.transaction() as db:
            self.written_down(number)
            db.execute(
                "UPDATE jobs SET begun = ?, spent_s = spent_s + ?, per_item_s = COALESCE(?, per_item_s) WHERE id = ?",
                (json.dumps(items), spent_s, per_item_s, number),
            )

    def record(
        self,
        number: int,
        outcomes: Sequence[Outcome],
        writes: Sequence[Written],
        folders: Iterable[Path] = (),
        events: Sequence[Event] = (),
    ) -> None:
        """What came of pictures, and the files that are written next, with the folders that are made for them."""
        counts = [sum(each.state == state for each in outcomes) for state in ("done", "skipped", "failed")]
        with self.transaction(durable="soon" if any(each.before is not None for each in writes) else "") as db:
            db.executemany(
                "UPDATE items SET state = ?, result = ?, note = ?, error = ? WHERE job = ? AND number = ?",
                [(each.state, _json(each.result), each.note, each.error, number, each.number) for each in outcomes],
            )
            self.will_write(number, writes)
            self.will_make(number, folders)
            self.note(number, events)
            db.execute(
                "UPDATE jobs SET done = done + ?, skipped = skipped + ?, failed = failed + ? WHERE id = ?",
                (*counts, number),
            )

    def take_back(self, number: int, item: int, path: str, note: str) -> None:
        """Say that a file could not be written, so that its picture has failed."""
        with self.transaction() as db:
            self.will_not_write(number, path)
            cursor = db.execute(
                "UPDATE items SET state = 'failed', note = ?, error = 'OutputError' WHERE job = ? AND number = ? "
                "AND state = 'done'",
                (note, number, item),
            )
            db.execute(
                "UPDATE jobs SET done = done - ?, failed = failed + ? WHERE id = ?",
                (cursor.rowcount, cursor.rowcount, number),
            )

    def take_all_back(self, number: int, files: Sequence[tuple[int, str]]) -> None:
        """Say that files were not written, so that their pictures are to be done again.

        Args:
            number: of the job.
            files: the picture's place in the job, and the file's path.
        """
        with self.transaction():
            for _, path in files:
                self.will_not_write(number, path)
            self.begin_again(number, [item for item, _ in files])


def _json(facts: dict[str, Any] | None) -> str | None:
    return None if facts is None else json.dumps(facts)
