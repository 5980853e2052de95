"""The journal's part about files: what each is to hold, and what it held before.

Files are written in the order in which they stand here, so that one number of a job says which of them are.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from .database import Database
from .records import Written

_TO = "(SELECT written_to FROM jobs WHERE jobs.id = ?)"


class FileJournal(Database):
    """The files that jobs write."""

    def will_write(self, number: int, writes: Sequence[Written]) -> None:
        """Files that are written next."""
        with self.transaction() as db:
            db.executemany(
                "INSERT INTO writes (job, path, before, after, digest, item) VALUES (?, ?, ?, ?, ?, ?)",
                [(number, os.fsencode(each.path), each.before, each.after, each.digest, each.item) for each in writes],
            )

    def written_down(self, number: int) -> None:
        """Say that all files that were to be written are."""
        with self.transaction() as db:
            db.execute(
                "UPDATE jobs SET written_to = COALESCE((SELECT MAX(id) FROM writes WHERE job = jobs.id), written_to) "
                "WHERE id = ?",
                (number,),
            )

    def drop_content(self, number: int) -> None:
        """Forget what files hold that are written: it is on the disk, and not needed here."""
        with self.transaction() as db:
            db.execute(
                f"UPDATE writes SET after = NULL WHERE job = ? AND after IS NOT NULL AND id <= {_TO}", (number, number)
            )

    def will_not_write(self, number: int, path: str) -> None:
        """Say that a file could not be written."""
        with self.transaction() as db:
            db.execute(
                f"DELETE FROM writes WHERE job = ? AND path = ? AND id > {_TO}", (number, os.fsencode(path), number)
            )

    def pending(self, number: int) -> list[Written]:
        """Files that were about to be written when the process ended."""
        return self._written(f"job = ? AND id > {_TO} ORDER BY id", number, number)

    def written(self, number: int, *, below: int | None = None, limit: int = 200) -> list[Written]:
        """Files that a job wrote, the newest first, of those before an id."""
        return self._written(
            f"job = ? AND id <= {_TO} AND id < ? ORDER BY id DESC LIMIT ?", number, number, below or 2**62, limit
        )

    def forget_writes(self, ids: Sequence[int]) -> None:
        """Writes that never took place, or were undone."""
        with self.transaction() as db:
            db.executemany("DELETE FROM writes WHERE id = ?", [(each,) for each in ids])

    def will_make(self, number: int, folders: Iterable[Path]) -> None:
        """Folders that are made for the files that are written next."""
        with self.transaction() as db:
            paths = [(number, os.fsencode(each)) for each in folders]
            db.executemany("INSERT OR IGNORE INTO folders (job, path) VALUES (?, ?)", paths)

    def made(self, number: int) -> list[Path]:
        """The folders that a job made, or was about to."""
        return [Path(os.fsdecode(path)) for (path,) in self.all("SELECT path FROM folders WHERE job = ?", number)]

    def forget_folder(self, number: int, folder: Path) -> None:
        """A folder that is gone."""
        with self.transaction() as db:
            db.execute("DELETE FROM folders WHERE job = ? AND path = ?", (number, os.fsencode(folder)))

    def _written(self, where: str, *values: object) -> list[Written]:
        found = self.all(f"SELECT id, path, before, after, digest, item FROM writes WHERE {where}", *values)
        return [
            Written(id=at, path=os.fsdecode(path), before=before, after=after, digest=known, item=item)
            for at, path, before, after, known, item in found
        ]

    def pictures(self, number: int) -> dict[str, bytes]:
        """The pictures among a job's parameters, packed."""
        return dict(self.all("SELECT name, data FROM pictures WHERE job = ?", number))
