"""The journal's part about the pictures of each job."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from .database import Database, marks
from .facts import ItemInfo, ItemState
from .records import shown

PAGE = 1000


class ItemJournal(Database):
    """The pictures of each job."""

    def list_items(self, number: int, pictures: Iterable[tuple[str, str]]) -> None:
        """Take a job's pictures into the journal: each path below the folder, with why it is left out.

        Page by page, so that nobody waits while a slow folder is read; half a list is begun anew.
        """
        with self.transaction() as db:
            db.execute("DELETE FROM items WHERE job = ?", (number,))
        source = enumerate(pictures)
        while page := list(islice(source, PAGE)):
            with self.transaction() as db:
                db.executemany(
                    "INSERT INTO items (job, number, path, state, note) VALUES (?, ?, ?, ?, ?)",
                    [(number, at, os.fsencode(path), "skipped" if note else "todo", note) for at, (path, note) in page],
                )
        with self.transaction() as db:
            db.execute(
                "UPDATE jobs SET listed = 1, total = (SELECT COUNT(*) FROM items WHERE job = id), "
                "skipped = (SELECT COUNT(*) FROM items WHERE job = id AND state = 'skipped') WHERE id = ?",
                (number,),
            )

    def todo(self, number: int) -> list[tuple[int, str, int]]:
        """Number, path and crashes of each picture that is still to be done."""
        found = self.all(
            "SELECT number, path, tries FROM items WHERE job = ? AND state = 'todo' ORDER BY number", number
        )
        return [(at, os.fsdecode(path), tries) for at, path, tries in found]

    def release(self, number: int) -> None:
        """Say that the pictures that were begun are left for later, by somebody's wish and not by a crash."""
        with self.transaction() as db:
            db.execute("UPDATE jobs SET begun = '[]' WHERE id = ?", (number,))

    def crashed(self, number: int) -> None:
        """Count a crash for the pictures that were begun, and neither ended nor given up."""
        with self.transaction() as db:
            (begun,) = db.execute("SELECT begun FROM jobs WHERE id = ?", (number,)).fetchone()
            db.executemany(
                "UPDATE items SET tries = tries + 1 WHERE job = ? AND number = ? AND state = 'todo'",
                [(number, at) for at in json.loads(begun)],
            )
            self.release(number)

    def begin_again(self, number: int, items: Sequence[int]) -> None:
        """Say that pictures are to be done after all: what was made of them is lost."""
        with self.transaction() as db:
            cursor = db.executemany(
                "UPDATE items SET state = 'todo', result = NULL, note = '' WHERE job = ? AND number = ? "
                "AND state = 'done'",
                [(number, at) for at in sorted(set(items))],
            )
            db.execute("UPDATE jobs SET done = done - ? WHERE id = ?", (max(0, cursor.rowcount), number))

    def results(self, number: int) -> Iterator[tuple[str, dict[str, Any]]]:
        """Each picture that is done and not reported yet, with the facts of its result; read page by page."""
        at = -1
        while True:
            page = self.all(
                "SELECT number, path, result FROM items WHERE job = ? AND number > ? AND state = 'done' AND told = 0 "
                "ORDER BY number LIMIT ?",
                number,
                at,
                PAGE,
            )
            for at, path, result in page:  # noqa: B007 - the last one is where the next page begins
                if result is not None:
                    yield os.fsdecode(path), json.loads(result)
            if len(page) < PAGE:
                return

    def mark_reported(self, number: int) -> None:
        """Say that the results so far are in the file that holds what came of many pictures."""
        with self.transaction() as db:
            db.execute("UPDATE items SET told = 1 WHERE job = ? AND state = 'done' AND told = 0", (number,))

    def items(self, number: int, *, offset: int = 0, limit: int = 100, states: Sequence[str] = ()) -> list[ItemInfo]:
        """Some of a job's pictures in their order."""
        chosen = f"AND state IN ({marks(states)})" if states else ""
        found = self.all(
            f"SELECT path, state, note, result, error FROM items WHERE job = ? {chosen} ORDER BY number "
            "LIMIT ? OFFSET ?",
            number,
            *states,
            limit,
            offset,
        )
        return [_item(*each) for each in found]

    def newest(self, number: int, limit: int) -> list[ItemInfo]:
        """The last pictures of a job that are done, in their order."""
        found = self.all(
            "SELECT path, state, note, result, error FROM items WHERE job = ? AND state = 'done' "
            "ORDER BY number DESC LIMIT ?",
            number,
            limit,
        )
        return [_item(*each) for each in reversed(found)]

    def repeats(self, number: int) -> int:
        """How many pictures were begun anew after a crash, each counted so often."""
        found = self.all("SELECT COALESCE(SUM(tries), 0) FROM items WHERE job = ?", number)
        return int(found[0][0])


def _item(path: bytes, state: ItemState, note: str, result: str | None, error: str) -> ItemInfo:
    facts = None if result is None else json.loads(result)
    return ItemInfo(path=shown(path), state=state, note=note, result=facts, error=error)
