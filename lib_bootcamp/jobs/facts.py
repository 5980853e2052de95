"""What a job reports of itself, on every surface."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeAlias

from lib_bootcamp.errors import BootcampError
from lib_bootcamp.job import EventKind, Kind
from lib_bootcamp.params import Spec

State: TypeAlias = Literal[
    "queued", "running", "paused", "done", "failed", "cancelled", "interrupted", "undoing", "undone"
]
ItemState: TypeAlias = Literal["todo", "done", "skipped", "failed"]
ACTIVE: tuple[State, ...] = ("queued", "running", "undoing")
RESUMABLE: tuple[State, ...] = ("paused", "interrupted", "failed")
UNFINISHED: tuple[State, ...] = (*ACTIVE, *RESUMABLE)
"""What a job that has such a state goes on from, or will, has to be kept."""
ENDED: tuple[State, ...] = ("done", "failed", "cancelled", "undone")
"""From here a job moves only when somebody asks for it."""
JOBS_THREAD = "bootcamp-jobs"
"""The name of the thread that lives while a job of this process runs."""


class NoJobError(BootcampError):
    """There is no job of this number."""

    status = 404
    exit_code = 2

    def __init__(self, number: object) -> None:
        super().__init__(f"There is no job {str(number)[:40]}", hint="the list of jobs shows those that are there")


class JobStateError(BootcampError):
    """What is asked for cannot be done in the job's state."""

    status = 409
    exit_code = 2


@dataclass(frozen=True, kw_only=True)
class ItemInfo:
    """One picture of a job."""

    path: Annotated[str, Spec("Path", "Below the folder.")]
    state: Annotated[ItemState, Spec("State", "skipped: it was left out, the note says why.")]
    note: Annotated[str, Spec("Note", "Why it failed or was left out, or a warning.")]
    result: Annotated[dict[str, Any] | None, Spec("Result", "What came of it.")]
    error: Annotated[str, Spec("Error", "The error's name where it failed, for programs, like ImageError.")] = ""

    def text(self) -> str:
        """What a person reads of it: its caption, label or map, else the note."""
        found = map((self.result or {}).get, ("caption", "label", "map"))
        return str(next(filter(None, found), self.note))


@dataclass(frozen=True, kw_only=True)
class EventInfo:
    """Something that happened in a job."""

    id: Annotated[int, Spec("Number", "The next ones are higher.")]
    at: Annotated[str, Spec("When", "ISO 8601, UTC.")]
    kind: Annotated[EventKind, Spec("Kind")]
    facts: Annotated[dict[str, Any], Spec("Facts", "What is known of it.")]


@dataclass(frozen=True, kw_only=True)
class JobInfo:
    """One job."""

    id: Annotated[int, Spec("Number")]
    operation: Annotated[str, Spec("Operation")]
    kind: Annotated[Kind, Spec("Kind", "folder: of pictures; steps: one after the other.")] = "folder"
    folder: Annotated[str, Spec("Folder")]
    state: Annotated[
        State, Spec("State", "interrupted: its process ended; it can be resumed, as a paused or failed one.")
    ]
    total: Annotated[int, Spec("Pictures or steps", "0 until the folder is listed.")]
    done: Annotated[int, Spec("Done")]
    skipped: Annotated[int, Spec("Left out")]
    failed: Annotated[int, Spec("Failed")]
    eta_s: Annotated[float | None, Spec("Estimated time left", "None: nothing is known yet.", unit="s")]
    spent_s: Annotated[float, Spec("Time worked", unit="s")]
    created: Annotated[str, Spec("Created", "ISO 8601, UTC.")]
    started: Annotated[str | None, Spec("Started", "ISO 8601, UTC.")]
    finished: Annotated[str | None, Spec("Finished", "ISO 8601, UTC.")]
    error: Annotated[str, Spec("Error", "Why the job as a whole failed or could not be ended; else empty.")]
    actions: Annotated[tuple[str, ...], Spec("Possible now", "Of pause, resume, cancel, undo, remove.")]
    params: Annotated[dict[str, Any], Spec("Parameters")]

    @property
    def left(self) -> int:
        """Pictures or steps that are still to be done."""
        return self.total - self.done - self.skipped - self.failed

    def summary(self) -> str:
        """One line for a person, without the error, whose parameters each surface names in its own words."""
        return f"{self.state}: {self._counts()}"

    def sentence(self) -> str:
        """The same with the job's number, as a sentence."""
        return f"Job {self.id} {standing(self.state)}: {self._counts()}"

    def _counts(self) -> str:
        if self.state == "undone":
            unit = "pictures" if self.kind == "folder" else "steps"
            return f"of {self.total:,} {unit} {self.done:,} had been done"
        parts = [f"{self.done:,} of {self.total:,} done"]
        parts += [f"{count:,} {word}" for count, word in ((self.skipped, "left out"), (self.failed, "failed")) if count]
        if self.state in ACTIVE and self.eta_s is not None:
            parts.append(f"about {duration(self.eta_s)} left")
        return ", ".join(parts)


def standing(state: State) -> str:
    """A state as the verb of a sentence: `is paused`, `has failed`."""
    verbs = {"failed": "has failed", "interrupted": "was interrupted", "undoing": "is being undone"}
    return verbs.get(state, f"is {state}")


def actions_in(state: State) -> tuple[str, ...]:
    """What can be asked for in a state."""
    return {
        "queued": ("pause", "cancel"),
        "running": ("pause", "cancel"),
        "undoing": (),
        "paused": ("resume", "cancel", "undo", "remove"),
        "interrupted": ("resume", "cancel", "undo", "remove"),
        "failed": ("resume", "cancel", "undo", "remove"),
        "done": ("undo", "remove"),
        "cancelled": ("undo", "remove"),
        "undone": ("undo", "remove"),
    }[state]


@dataclass(frozen=True, kw_only=True)
class SkippedFile:
    """A file that undo left as it is."""

    file: Annotated[str, Spec("File", "Below the folder.")]
    note: Annotated[str, Spec("Note")]


@dataclass(frozen=True, kw_only=True)
class Undone:
    """What undo did."""

    restored: Annotated[int, Spec("Restored", "Files that are as they were before the job.")]
    skipped: Annotated[tuple[SkippedFile, ...], Spec("Skipped", "Files that were changed since.")]
    job: Annotated[JobInfo, Spec("Job")]

    def restored_text(self) -> str:
        """How many files are put back, in a sentence."""
        files = "1 file is as it was" if self.restored == 1 else f"{self.restored:,} files are as they were"
        return f"{files} before job {self.job.id}."


def duration(seconds: float) -> str:
    """Seconds for a person: 48 s, 5 min, 2 h 10 min."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


@dataclass(frozen=True, kw_only=True)
class ItemsPage:
    """Some pictures of a job."""

    total: Annotated[int, Spec("Pictures", "In the whole job.")]
    offset: Annotated[int, Spec("Offset", "Place of the first one, from 0.")]
    items: Annotated[tuple[ItemInfo, ...], Spec("Pictures", "In the order of their paths.")]
