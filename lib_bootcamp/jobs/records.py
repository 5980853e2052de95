"""What the journal keeps of a job, a picture and a file, as the program holds it."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from .facts import ENDED, JobInfo, actions_in

COLUMNS = (
    "id, operation, params, folder, trusted, state, owner, error, created, started, finished, listed, total, done, "
    "skipped, failed, spent_s, per_item_s, output, kind"
)


@dataclass(frozen=True, kw_only=True)
class Row:
    """A job as it is kept.

    Args:
        info: what everybody may know.
        folder: its path.
        output: the folder below which its files are written.
        owner: the process that works on it, or did.
        trusted: whether who began it may name any file.
        listed: whether its pictures are in the journal.
    """

    info: JobInfo
    folder: Path
    output: Path
    owner: str
    trusted: bool
    listed: bool


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What one job at a time works on.

    Args:
        what: jobs whose claims are called alike may not overlap.
        path: a folder, with all that lies in it.
    """

    what: str
    path: Path


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one picture.

    Args:
        number: its place in the job.
        state: `done`, `skipped` or `failed`.
        result: facts, as JSON can hold them.
        note: why, or a warning.
        error: the name of the mistake, for programs.
    """

    number: int
    state: str
    result: dict[str, Any] | None = None
    note: str = ""
    error: str = ""


@dataclass(frozen=True, kw_only=True)
class Written:
    """A file that a job writes or wrote.

    Args:
        id: in the journal; 0 before it is there.
        path: below the folder.
        before: what it held; None: it was not there.
        after: what it is to hold; None where only its digest is kept: it can be made anew, or is written long ago.
        digest: of what it is to hold.
        item: the place in the job of the picture it is made of; None: of all.
    """

    id: int = 0
    path: str
    before: bytes | None
    after: bytes | None
    digest: bytes
    item: int | None = None


def row_of(values: Sequence[Any]) -> Row:
    """A job from its `COLUMNS`."""
    row = dict(zip(COLUMNS.split(", "), values, strict=True))
    left = row["total"] - row["done"] - row["skipped"] - row["failed"]
    known = row["per_item_s"] is not None and row["listed"] and row["state"] not in (*ENDED, "undoing")
    info = JobInfo(
        id=row["id"],
        operation=row["operation"],
        kind=row["kind"],
        folder=shown(row["folder"]),
        state=row["state"],
        total=row["total"],
        done=row["done"],
        skipped=row["skipped"],
        failed=row["failed"],
        eta_s=round(left * row["per_item_s"], 1) if known else None,
        spent_s=round(row["spent_s"], 1),
        created=moment(row["created"]) or "",
        started=moment(row["started"]),
        finished=moment(row["finished"]),
        error=row["error"],
        actions=actions_in(row["state"]),
        params=json.loads(row["params"]),
    )
    return Row(
        info=info,
        folder=Path(os.fsdecode(row["folder"])),
        output=Path(os.fsdecode(row["output"] or row["folder"])),
        owner=row["owner"],
        trusted=bool(row["trusted"]),
        listed=bool(row["listed"]),
    )


def shown(path: bytes) -> str:
    """A path for a person; bytes that are no text become question marks."""
    return path.decode("utf-8", "replace")


def moment(seconds: float | None) -> str | None:
    """A time as ISO 8601, UTC."""
    return None if seconds is None else datetime.fromtimestamp(seconds, tz=timezone.utc).isoformat(timespec="seconds")
