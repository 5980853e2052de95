"""The journal of jobs: what is to be done, what is done, and what each written file held before (SQLite).

Every batch is two transactions: one before its files are written, with the results, the new and the old content of each
file; one after, which also says what is begun next. A process that is killed at any point leaves a journal from which
the files of its last batch are put right, and repeats nothing but the batch it was computing.

The journal is a write-ahead log with `synchronous = NORMAL`: what is committed is the operating system's at once and
outlives the process, however it ends, without waiting for the disk. A power cut may take the newest transactions. That
costs repeated work, except where a file's old content goes: such a transaction is waited for (`FULL`).
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from lib_bootcamp.errors import OutputError

from .facts import ENDED, ItemInfo, JobInfo, NoJobError, State, actions_in

KEPT_JOBS = 200
"""Ended jobs that are remembered; the oldest are forgotten, and cannot be undone then."""
_PAGE = 1000
_SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT, operation TEXT NOT NULL, params TEXT NOT NULL, folder BLOB NOT NULL,
    trusted INTEGER NOT NULL, state TEXT NOT NULL, owner TEXT NOT NULL, wanted TEXT NOT NULL DEFAULT '',
    error TEXT NOT NULL DEFAULT '', created REAL NOT NULL, started REAL, finished REAL,
    listed INTEGER NOT NULL DEFAULT 0, total INTEGER NOT NULL DEFAULT 0, done INTEGER NOT NULL DEFAULT 0,
    skipped INTEGER NOT NULL DEFAULT 0, failed INTEGER NOT NULL DEFAULT 0,
    spent_s REAL NOT NULL DEFAULT 0, per_item_s REAL);
CREATE TABLE IF NOT EXISTS items (
    job INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE, number INTEGER NOT NULL, path BLOB NOT NULL,
    state TEXT NOT NULL DEFAULT 'todo', tries INTEGER NOT NULL DEFAULT 0, result TEXT, note TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (job, number)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS writes (
    id INTEGER PRIMARY KEY, job INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE, path BLOB NOT NULL,
    before BLOB, after BLOB, digest BLOB NOT NULL, done INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS writes_of ON writes (job, id);
CREATE INDEX IF NOT EXISTS writes_pending ON writes (job) WHERE done = 0;
"""


@dataclass(frozen=True, kw_only=True)
class Row:
    """A job as it is kept.

    Args:
        info: what everybody may know.
        folder: its path.
        owner: the process that works on it, or did.
        trusted: whether who began it may name any file.
        listed: whether its pictures are in the journal.
    """

    info: JobInfo
    folder: Path
    owner: str
    trusted: bool
    listed: bool


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one picture.

    Args:
        number: its place in the job.
        state: `done`, `skipped` or `failed`.
        result: facts, as JSON can hold them.
        note: why, or a warning.
    """

    number: int
    state: str
    result: dict[str, Any] | None = None
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Written:
    """A file that a job writes or wrote.

    Args:
        id: in the journal; 0 before it is there.
        path: below the folder.
        before: what it held; None: it was not there.
        after: what it is to hold; None where only its digest is kept.
        digest: of what it is to hold.
    """

    id: int = 0
    path: str
    before: bytes | None
    after: bytes | None
    digest: bytes


def digest(data: bytes) -> bytes:
    """What a file's content is known by."""
    return hashlib.blake2b(data, digest_size=16).digest()


class Journal:
    """All jobs of one data folder; safe to use from several threads and processes.

    Args:
        path: the database; made where it is missing.
    Raises:
        OutputError: it cannot be opened, or is none of ours.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.RLock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, timeout=60, isolation_level=None, check_same_thread=False)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
            self._db.execute("PRAGMA foreign_keys = ON")
            self._db.executescript(_SCHEMA)
        except (OSError, sqlite3.Error) as error:
            raise OutputError(f"The journal {path} cannot be opened: {error}; move it away to begin anew.") from None

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            self._db.close()

    @contextmanager
    def _transaction(self, *, careful: bool = False) -> Iterator[sqlite3.Connection]:
        with self._lock:
            if careful:
                self._db.execute("PRAGMA synchronous = FULL")
            try:
                self._db.execute("BEGIN IMMEDIATE")
                try:
                    yield self._db
                except BaseException:
                    self._db.execute("ROLLBACK")
                    raise
                self._db.execute("COMMIT")
            except sqlite3.OperationalError as error:
                raise OutputError(f"The journal {self.path} cannot be written: {error}.") from None
            finally:
                if careful:
                    self._db.execute("PRAGMA synchronous = NORMAL")

    def _all(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._db.execute(query, values).fetchall()

    # --- jobs

    def add(self, operation: str, params: dict[str, Any], folder: Path, owner: str, *, trusted: bool) -> int:
        """Put a job at the end of the queue; returns its number."""
        values = (operation, json.dumps(params), os.fsencode(folder), int(trusted), owner, time.time())
        with self._transaction() as db:
            cursor = db.execute(
                "INSERT INTO jobs (operation, params, folder, trusted, state, owner, created) "
                "VALUES (?, ?, ?, ?, 'queued', ?, ?)",
                values,
            )
            db.execute(
                f"DELETE FROM jobs WHERE state IN ({_marks(ENDED)}) AND id NOT IN "
                f"(SELECT id FROM jobs WHERE state IN ({_marks(ENDED)}) ORDER BY id DESC LIMIT {KEPT_JOBS})",
                (*ENDED, *ENDED),
            )
            return int(cursor.lastrowid or 0)

    def rows(self) -> list[Row]:
        """All jobs, the newest first."""
        return [_row(each) for each in self._all(f"{_SELECT} ORDER BY id DESC")]

    def row(self, number: int) -> Row:
        """One job.

        Raises:
            NoJobError: there is none of this number.
        """
        found = self._all(f"{_SELECT} WHERE id = ?", number) if abs(number) < 2**63 else []
        if not found:
            raise NoJobError(number)
        return _row(found[0])

    def claim(self, number: int, owner: str, state: State, *, among: Sequence[State]) -> bool:
        """Move a job to a state of this process's, where it is in one of some states; False where it is not."""
        with self._transaction() as db:
            cursor = db.execute(
                "UPDATE jobs SET state = ?, owner = ?, wanted = '', error = '', finished = NULL, "
                f"started = CASE WHEN ? = 'running' THEN COALESCE(started, ?) ELSE started END "
                f"WHERE id = ? AND state IN ({_marks(among)})",
                (state, owner, state, time.time(), number, *among),
            )
            return cursor.rowcount == 1

    def next_queued(self, owner: str) -> int | None:
        """The oldest job that waits in this process."""
        found = self._all("SELECT id FROM jobs WHERE state = 'queued' AND owner = ? ORDER BY id LIMIT 1", owner)
        return found[0][0] if found else None

    def move(self, number: int, state: State, *, among: Sequence[State], error: str = "") -> bool:
        """Put a job into a state, where it is in one of some states; False where it is not."""
        ends = time.time() if state in ENDED else None
        with self._transaction() as db:
            cursor = db.execute(
                "UPDATE jobs SET state = ?, wanted = '', error = ?, finished = COALESCE(?, finished) "
                f"WHERE id = ? AND state IN ({_marks(among)})",
                (state, error, ends, number, *among),
            )
            return cursor.rowcount == 1

    def want(self, number: int, what: str) -> None:
        """Ask the process that runs a job for `pause` or `cancel`."""
        with self._transaction() as db:
            db.execute("UPDATE jobs SET wanted = ? WHERE id = ? AND wanted != 'cancel'", (what, number))

    def wanted(self, number: int) -> str:
        """What the process that runs a job is asked for."""
        found = self._all("SELECT wanted FROM jobs WHERE id = ?", number)
        return found[0][0] if found else "cancel"

    def remove(self, number: int) -> None:
        """Forget a job."""
        with self._transaction() as db:
            db.execute("DELETE FROM jobs WHERE id = ?", (number,))

    # --- pictures

    def list_items(self, number: int, pictures: Iterable[tuple[str, str]]) -> None:
        """Take a job's pictures into the journal: each path below the folder, with why it is left out."""
        with self._transaction() as db:
            db.execute("DELETE FROM items WHERE job = ?", (number,))
            db.executemany(
                "INSERT INTO items (job, number, path, state, note) VALUES (?, ?, ?, ?, ?)",
                (
                    (number, at, os.fsencode(path), "skipped" if note else "todo", note)
                    for at, (path, note) in enumerate(pictures)
                ),
            )
            db.execute(
                "UPDATE jobs SET listed = 1, total = (SELECT COUNT(*) FROM items WHERE job = id), "
                "skipped = (SELECT COUNT(*) FROM items WHERE job = id AND state = 'skipped') WHERE id = ?",
                (number,),
            )

    def todo(self, number: int) -> list[tuple[int, str, int]]:
        """Number, path and starts of each picture that is still to be done."""
        found = self._all(
            "SELECT number, path, tries FROM items WHERE job = ? AND state = 'todo' ORDER BY number", number
        )
        return [(at, os.fsdecode(path), tries) for at, path, tries in found]

    def begin(self, number: int, items: Sequence[int], *, spent_s: float = 0, per_item_s: float | None = None) -> None:
        """Say that the files of the last batch are written, and which pictures are begun now."""
        with self._transaction() as db:
            db.execute("UPDATE writes SET done = 1 WHERE job = ? AND done = 0", (number,))
            db.executemany(
                "UPDATE items SET tries = tries + 1 WHERE job = ? AND number = ?", [(number, at) for at in items]
            )
            db.execute(
                "UPDATE jobs SET spent_s = spent_s + ?, per_item_s = COALESCE(?, per_item_s) WHERE id = ?",
                (spent_s, per_item_s, number),
            )

    def give_up(self, number: int, items: Sequence[int]) -> None:
        """Say that pictures that were begun are left for later, by somebody's wish and not by a crash."""
        with self._transaction() as db:
            db.executemany(
                "UPDATE items SET tries = tries - 1 WHERE job = ? AND number = ? AND state = 'todo'",
                [(number, at) for at in items],
            )

    def intend(self, number: int, outcomes: Sequence[Outcome], writes: Sequence[Written]) -> None:
        """What came of pictures, and the files that are written next."""
        counts = [sum(each.state == state for each in outcomes) for state in ("done", "skipped", "failed")]
        with self._transaction(careful=any(each.before is not None for each in writes)) as db:
            db.executemany(
                "UPDATE items SET state = ?, result = ?, note = ? WHERE job = ? AND number = ?",
                [
                    (
                        each.state,
                        None if each.result is None else json.dumps(each.result),
                        each.note,
                        number,
                        each.number,
                    )
                    for each in outcomes
                ],
            )
            db.executemany(
                "INSERT INTO writes (job, path, before, after, digest) VALUES (?, ?, ?, ?, ?)",
                [(number, os.fsencode(each.path), each.before, each.after, each.digest) for each in writes],
            )
            db.execute(
                "UPDATE jobs SET done = done + ?, skipped = skipped + ?, failed = failed + ? WHERE id = ?",
                (*counts, number),
            )

    def results(self, number: int) -> Iterator[tuple[str, dict[str, Any]]]:
        """Each picture that is done, with the facts of its result; read page by page."""
        at = -1
        while True:
            page = self._all(
                "SELECT number, path, result FROM items WHERE job = ? AND number > ? AND state = 'done' "
                "ORDER BY number LIMIT ?",
                number,
                at,
                _PAGE,
            )
            for at, path, result in page:  # noqa: B007 - the last one is where the next page begins
                if result is not None:
                    yield os.fsdecode(path), json.loads(result)
            if len(page) < _PAGE:
                return

    def items(self, number: int, *, offset: int = 0, limit: int = 100, states: Sequence[str] = ()) -> list[ItemInfo]:
        """Some of a job's pictures in their order."""
        chosen = f"AND state IN ({_marks(states)})" if states else ""
        found = self._all(
            f"SELECT path, state, note, result FROM items WHERE job = ? {chosen} ORDER BY number LIMIT ? OFFSET ?",
            number,
            *states,
            limit,
            offset,
        )
        return [
            ItemInfo(path=_shown(path), state=state, note=note, result=None if result is None else json.loads(result))
            for path, state, note, result in found
        ]

    def repeats(self, number: int) -> int:
        """How many pictures were begun more often than once, each counted so often."""
        found = self._all("SELECT COALESCE(SUM(tries - 1), 0) FROM items WHERE job = ? AND tries > 1", number)
        return int(found[0][0])

    # --- files

    def pending(self, number: int) -> list[Written]:
        """Files that were about to be written when the process ended."""
        return self._written("job = ? AND done = 0 ORDER BY id", number)

    def written(self, number: int, *, below: int | None = None, limit: int = 200) -> list[Written]:
        """Files that a job wrote, the newest first, of those before an id."""
        return self._written("job = ? AND done = 1 AND id < ? ORDER BY id DESC LIMIT ?", number, below or 2**62, limit)

    def take_back(self, number: int, item: int, path: str, note: str) -> None:
        """Say that a file could not be written, so that its picture has failed."""
        with self._transaction() as db:
            db.execute("DELETE FROM writes WHERE job = ? AND done = 0 AND path = ?", (number, os.fsencode(path)))
            db.execute("UPDATE items SET state = 'failed', note = ? WHERE job = ? AND number = ?", (note, number, item))
            db.execute("UPDATE jobs SET done = done - 1, failed = failed + 1 WHERE id = ?", (number,))

    def forget_writes(self, ids: Sequence[int]) -> None:
        """Writes that never took place, or were undone."""
        with self._transaction() as db:
            db.executemany("DELETE FROM writes WHERE id = ?", [(each,) for each in ids])

    def _written(self, where: str, *values: object) -> list[Written]:
        found = self._all(f"SELECT id, path, before, after, digest FROM writes WHERE {where}", *values)
        return [
            Written(id=at, path=os.fsdecode(path), before=before, after=after, digest=known)
            for at, path, before, after, known in found
        ]


_COLUMNS = (
    "id, operation, params, folder, trusted, state, owner, error, created, started, finished, listed, total, done, "
    "skipped, failed, spent_s, per_item_s"
)
_SELECT = f"SELECT {_COLUMNS} FROM jobs"


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))


def _row(values: tuple[Any, ...]) -> Row:
    told = dict(zip(_COLUMNS.split(", "), values, strict=True))
    left = told["total"] - told["done"] - told["skipped"] - told["failed"]
    known = told["per_item_s"] is not None and told["listed"] and told["state"] not in ENDED
    info = JobInfo(
        id=told["id"],
        operation=told["operation"],
        folder=_shown(told["folder"]),
        state=told["state"],
        total=told["total"],
        done=told["done"],
        skipped=told["skipped"],
        failed=told["failed"],
        eta_s=round(left * told["per_item_s"], 1) if known else None,
        spent_s=round(told["spent_s"], 1),
        created=_moment(told["created"]) or "",
        started=_moment(told["started"]),
        finished=_moment(told["finished"]),
        error=told["error"],
        actions=actions_in(told["state"]),
        params=json.loads(told["params"]),
    )
    return Row(
        info=info,
        folder=Path(os.fsdecode(told["folder"])),
        owner=told["owner"],
        trusted=bool(told["trusted"]),
        listed=bool(told["listed"]),
    )


def _shown(path: bytes) -> str:
    return path.decode("utf-8", "replace")


def _moment(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, tz=timezone.utc).isoformat(timespec="seconds")
