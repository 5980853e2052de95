"""The journal's database: one SQLite file that several threads and processes write to.

It is a write-ahead log with `synchronous = NORMAL`: what is committed is the operating system's at once and outlives
the process, however it ends, without waiting for the disk. A power cut may take the newest transactions. That costs
repeated work, except where a file's old content goes, which undo needs: of those it takes at most what was written in
the last seconds, because the disk is waited for (`FULL`) whenever so many have gone by, and when a job ends.
"""

from __future__ import annotations

import contextlib
import errno
import sqlite3
import threading
import time
from collections.abc import Iterator, Sized
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, TypeAlias

from lib_bootcamp.core.files.atomic import private_file, private_folder
from lib_bootcamp.errors import OutputError, StorageError, first_line

Durable: TypeAlias = Literal["", "soon", "now"]
VERSION = 6
WAIT_S = 60
_NO_STORAGE = ("disk is full", "disk I/O", "readonly")
SIDES = ("-wal", "-shm")
"""What SQLite has beside the file, with its rights."""
SYNC_S = 5.0
"""How long old content may be the operating system's alone: on a busy disk, waiting takes as long as a batch."""
LOG_PAGES = 4000
"""Of 4 KiB, until the log is brought into the database, which waits for the disk: four times SQLite's own default."""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT, operation TEXT NOT NULL, params TEXT NOT NULL, folder BLOB NOT NULL,
    trusted INTEGER NOT NULL, state TEXT NOT NULL, owner TEXT NOT NULL, wanted TEXT NOT NULL DEFAULT '',
    error TEXT NOT NULL DEFAULT '', created REAL NOT NULL, started REAL, finished REAL,
    listed INTEGER NOT NULL DEFAULT 0, total INTEGER NOT NULL DEFAULT 0, done INTEGER NOT NULL DEFAULT 0,
    skipped INTEGER NOT NULL DEFAULT 0, failed INTEGER NOT NULL DEFAULT 0,
    spent_s REAL NOT NULL DEFAULT 0, per_item_s REAL, begun TEXT NOT NULL DEFAULT '[]',
    written_to INTEGER NOT NULL DEFAULT 0, output BLOB, kind TEXT NOT NULL DEFAULT 'folder');
CREATE TABLE IF NOT EXISTS items (
    job INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE, number INTEGER NOT NULL, path BLOB NOT NULL,
    state TEXT NOT NULL DEFAULT 'todo', tries INTEGER NOT NULL DEFAULT 0, told INTEGER NOT NULL DEFAULT 0,
    result TEXT, note TEXT NOT NULL DEFAULT '', error TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (job, number)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS writes (
    id INTEGER PRIMARY KEY AUTOINCREMENT, job INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    path BLOB NOT NULL, before BLOB, after BLOB, digest BLOB NOT NULL, item INTEGER);
CREATE INDEX IF NOT EXISTS writes_of ON writes (job, id);
"""
_CLAIMS = """
CREATE TABLE IF NOT EXISTS claims (
    job INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE, what TEXT NOT NULL, path BLOB NOT NULL);
"""
_EVENTS = """
CREATE TABLE IF NOT EXISTS events (
    id INTEGER PRIMARY KEY AUTOINCREMENT, job INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    at REAL NOT NULL, kind TEXT NOT NULL, facts TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS events_of ON events (job, id);
"""
_PICTURES = """
CREATE TABLE IF NOT EXISTS pictures (
    job INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE, name TEXT NOT NULL, data BLOB NOT NULL);
"""
_FOLDERS = """
CREATE TABLE IF NOT EXISTS folders (
    job INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE, path BLOB NOT NULL, PRIMARY KEY (job, path));
"""
_SCHEMA += _CLAIMS + _EVENTS + _PICTURES + _FOLDERS
_MIGRATIONS = {
    2: "ALTER TABLE writes ADD COLUMN item INTEGER",
    3: f"""
ALTER TABLE jobs ADD COLUMN output BLOB;
ALTER TABLE items ADD COLUMN error TEXT NOT NULL DEFAULT '';
{_CLAIMS}
INSERT INTO claims (job, what, path) SELECT id, operation, folder FROM jobs;
""",
    4: f"ALTER TABLE jobs ADD COLUMN kind TEXT NOT NULL DEFAULT 'folder'; {_EVENTS}",
    5: _PICTURES,
    6: _FOLDERS,
}
"""What brings a journal of the version before to each."""


class Database:
    """An open journal.

    Args:
        path: the file; made where it is missing.
    Raises:
        OutputError: it cannot be opened, or is none of ours.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.RLock()
        self._inside = False
        self._synced = 0.0
        try:
            private_folder(path.parent)
            for each in (path, *(side for name in SIDES if (side := path.with_name(path.name + name)).exists())):
                private_file(each)
            self._db = sqlite3.connect(path, timeout=WAIT_S, isolation_level=None, check_same_thread=False)
            version = int(self._db.execute("PRAGMA user_version").fetchone()[0])
            if version > VERSION:
                raise sqlite3.DatabaseError("a newer version of this program wrote it")
            self._write_ahead()
            self._db.execute("PRAGMA synchronous = NORMAL")
            self._db.execute(f"PRAGMA wal_autocheckpoint = {LOG_PAGES}")
            self._db.execute("PRAGMA foreign_keys = ON")
            if version < VERSION:
                self._make()
        except (OSError, sqlite3.Error) as error:
            full = "full" in str(error) or getattr(error, "errno", None) == errno.ENOSPC
            raise OutputError(
                f"The journal {path.name} cannot be opened: {first_line(error)}",
                hint="free some space" if full else "move it away to start over",
                place=path,
            ) from None

    def _write_ahead(self) -> None:
        """SQLite does not wait by itself for another process that makes the same new file a log."""
        end = time.monotonic() + WAIT_S
        while True:
            try:
                self._db.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > end:
                    raise
                time.sleep(0.02)

    def _make(self) -> None:
        with self.transaction() as db:
            version = int(db.execute("PRAGMA user_version").fetchone()[0])  # another process may have been sooner
            steps = [_MIGRATIONS[each] for each in range(version + 1, VERSION + 1)] if version else [_SCHEMA]
            for statement in filter(str.strip, ";".join(steps).split(";")):
                db.execute(statement)
            db.execute(f"PRAGMA user_version = {VERSION}")

    def close(self) -> None:
        """Close it."""
        with self._lock:
            self._db.close()

    @contextmanager
    def transaction(self, *, durable: Durable = "") -> Iterator[sqlite3.Connection]:
        """All or nothing; no other thread or process writes meanwhile. Inside of another one it is a part of that.

        Args:
            durable: whether the disk has to have it: `now`, or `soon`, which waits only where the last time is some
                seconds ago.
        Raises:
            OutputError: it cannot be written.
        """
        with self._lock:
            if self._inside:
                yield self._db
                return
            self._inside = True
            wait = durable == "now" or (durable == "soon" and time.monotonic() - self._synced >= SYNC_S)
            try:
                if wait:
                    self._db.execute("PRAGMA synchronous = FULL")
                self._db.execute("BEGIN IMMEDIATE")
                yield self._db
                self._db.execute("COMMIT")
                self._synced = time.monotonic() if wait else self._synced
            except sqlite3.Error as error:
                kind = StorageError if any(each in str(error) for each in _NO_STORAGE) else OutputError
                raise kind(f"The journal {self.path} cannot be written: {error}.") from None
            finally:
                self._inside = False
                # what SQLite took back by itself (a full disk) is over already
                with contextlib.suppress(sqlite3.Error):
                    if self._db.in_transaction:
                        self._db.execute("ROLLBACK")
                    if wait:
                        self._db.execute("PRAGMA synchronous = NORMAL")

    def all(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """The rows of a query.

        Raises:
            OutputError: the database cannot be read.
        """
        with self._lock:
            try:
                return self._db.execute(query, values).fetchall()
            except sqlite3.Error as error:
                raise OutputError(f"The journal {self.path} cannot be read: {error}.") from None


def marks(values: Sized) -> str:
    """A question mark for each value."""
    return ", ".join("?" * len(values))
