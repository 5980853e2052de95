"""The journal's part about what happened in each job."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence

from lib_bootcamp.job import Event

from .database import Database
from .facts import EventInfo
from .records import moment


class EventJournal(Database):
    """What happened in each job."""

    def note(self, number: int, events: Sequence[Event]) -> None:
        """Write down what happened."""
        with self.transaction() as db:
            db.executemany(
                "INSERT INTO events (job, at, kind, facts) VALUES (?, ?, ?, ?)",
                [(number, time.time(), each.kind, json.dumps(dict(each.facts))) for each in events],
            )

    def events(self, number: int, *, after: int = 0, limit: int = 100) -> list[EventInfo]:
        """What happened in a job, in order, after an event."""
        found = self.all(
            "SELECT id, at, kind, facts FROM events WHERE job = ? AND id > ? ORDER BY id LIMIT ?", number, after, limit
        )
        return [
            EventInfo(id=at, at=moment(when) or "", kind=kind, facts=json.loads(facts))
            for at, when, kind, facts in found
        ]
