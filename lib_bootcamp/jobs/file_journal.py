"""The journal's part about files: what each is to hold, and what it held before."""

from __future__ import annotations

import os
from collections.abc import Sequence

from .database import Database
from .records import Written


class FileJournal(Database):
    """The files that jobs write."""

    def will_write(self, number: int, writes: Sequence[Written]) -> None:
        """Files that are written next."""
        with self.transaction() as db:
            db.executemany(
                "INSERT INTO writes (job, path, before, after, digest) VALUES (?, ?, ?, ?, ?)",
                [(number, os.fsencode(each.path), each.before, each.after, each.digest) for each in writes],
            )

    def written_down(self, number: int) -> None:
        """Say that all files that were to be written are; what they hold is on the disk and not needed here."""
        with self.transaction() as db:
            db.execute("UPDATE writes SET done = 1, after = NULL WHERE job = ? AND done = 0", (number,))

    def will_not_write(self, number: int, path: str) -> None:
        """Say that a file could not be written."""
        with self.transaction() as db:
            db.execute("DELETE FROM writes WHERE job = ? AND done = 0 AND path = ?", (number, os.fsencode(path)))

    def pending(self, number: int) -> list[Written]:
        """Files that were about to be written when the process ended."""
        return self._written("job = ? AND done = 0 ORDER BY id", number)

    def written(self, number: int, *, below: int | None = None, limit: int = 200) -> list[Written]:
        """Files that a job wrote, the newest first, of those before an id."""
        return self._written("job = ? AND done = 1 AND id < ? ORDER BY id DESC LIMIT ?", number, below or 2**62, limit)

    def forget_writes(self, ids: Sequence[int]) -> None:
        """Writes that never took place, or were undone."""
        with self.transaction() as db:
            db.executemany("DELETE FROM writes WHERE id = ?", [(each,) for each in ids])

    def _written(self, where: str, *values: object) -> list[Written]:
        found = self.all(f"SELECT id, path, before, after, digest FROM writes WHERE {where}", *values)
        return [
            Written(id=at, path=os.fsdecode(path), before=before, after=after, digest=known)
            for at, path, before, after, known in found
        ]
