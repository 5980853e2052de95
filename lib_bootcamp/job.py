"""What a job is: long work that is written down while it goes on, of one of a few kinds.

A kind says what the work is made of and what survives the program: the pictures of a folder, or steps, of which each
begins where the one before ended.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Generic, Literal, Protocol, TypeAlias, TypeVar

from .context import Context
from .errors import BootcampError
from .params import Params
from .results import FileResult

Kind: TypeAlias = Literal["folder", "steps"]
EventKind: TypeAlias = Literal["progress", "sample", "warning"]
P = TypeVar("P", bound=Params)


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened in a job, or in work that is followed.

    Args:
        kind: `sample`, what came of a picture or step, or how the result looks so far; `warning`; `progress`.
        facts: what is known of it, as JSON can hold it.
    """

    kind: EventKind
    facts: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Write:
    """A file that a job writes.

    Args:
        path: the file.
        before: what it holds now; None: it is not there.
        after: what it will hold.
    """

    path: Path
    before: bytes | None
    after: bytes


@dataclass(frozen=True, kw_only=True)
class Settled:
    """One picture's result when everything is known about it.

    Args:
        result: what is kept in the journal.
        writes: files that belong to this picture.
        skipped: why nothing is done after all; empty where something is.
    """

    result: FileResult
    writes: tuple[Write, ...] = ()
    skipped: str = ""


class FolderWork(Protocol):
    """One job on one folder. Everything that is slow or needs a model is in `results`."""

    @property
    def batch(self) -> int:
        """How many pictures are worked on at once: what a crash may repeat."""

    @property
    def writes_into(self) -> Path | None:
        """The folder that files are written into; where they cannot be, the job fails before its first picture."""

    def refuse_empty(self) -> None:
        """Refuse a folder in which nothing is to be done, before there is a job; looks no further than it must.

        Raises:
            ImageError: there is no picture that can be taken.
        """

    def pictures(self) -> Iterable[tuple[Path, str]]:
        """Each picture, with why it is left out (empty: it is not); asked for once in a job's life.

        Raises:
            ImageError: there is none.
        """

    def results(self, pictures: Sequence[Path]) -> Iterator[FileResult | BootcampError]:
        """For each picture, in order and as it is made, its result or the mistake about it.

        Raises:
            CancelledError: the person stopped it, or the host did.
        """

    def settle(self, picture: Path, result: FileResult) -> Settled:
        """Decide what is written for a picture; changes nothing.

        Raises:
            BootcampError: nothing can be; the picture has failed.
        """

    def at_end(self, results: Iterator[tuple[Path, Mapping[str, Any]]]) -> Write | None:
        """The file that holds what came of many pictures, if there is one; asked for whenever a job ends or stops.

        Args:
            results: each picture that was done since it was last written, with the facts of its result.
        Raises:
            BootcampError: it cannot be made; the job has failed, and can be resumed.
        """


@dataclass(frozen=True, kw_only=True)
class FolderJob(Generic[P]):
    """How an operation works through a folder as a job, which can be paused, resumed after a crash, and undone.

    Args:
        params: the declaration without pictures, and with the folder.
        work: makes the work on one folder, quickly, or refuses it; called when the job is asked for and at each start.
        result: what comes of each picture.
        folder: the parameter that names the folder.
        output: the parameter that may name another folder, below which its files are written then; empty: none does.
        subfolder: the parameter that names the folder inside of the pictures', where they are written else.
        on_command_line: whether the command is the job; else the command takes files and folders by itself.
        own: the fields that the job has beside its operation's, where the operation's tab offers it below its form.
    """

    kind: ClassVar[Kind] = "folder"
    params: type[P]
    work: Callable[[Path, P, Context], FolderWork]
    result: type[FileResult]
    folder: str = "folder"
    output: str = ""
    subfolder: str = ""
    on_command_line: bool = True
    own: type[Params] | None = None


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step that is done.

    Args:
        events: what happened in it.
        writes: the files that belong to it.
        again: it was done and is in the journal already, and had to be done once more: it counts for nothing. The work
            gives it all the same, so that others have their turn and the job can be stopped.
    """

    events: tuple[Event, ...] = ()
    writes: tuple[Write, ...] = field(default=())
    again: bool = False


class StepsWork(Protocol):
    """Work of so many steps, whose files lie in one folder."""

    @property
    def total(self) -> int:
        """How many steps it has."""

    def steps(self, done: int) -> Iterator[Step]:
        """Each step that is still to be done, as it is done; nothing of a step is kept until it is given.

        Before them may come steps that are done `again`.

        Args:
            done: so many were given, and their files written, in runs before.
        Raises:
            CancelledError: the person stopped it, or the host did.
        """

    def forget(self) -> None:
        """Remove what was kept to go on from: the job ended, and nobody goes on."""


class Stated(Protocol):
    """What a file of settings states."""

    @property
    def values(self) -> dict[str, Any]:
        """Raw values of the declaration."""

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences about what of it is left out."""


@dataclass(frozen=True, kw_only=True)
class SettingsFile:
    """How a job's settings are read from a file that the terminal names.

    Args:
        read: what its tables state; raises InvalidParamError.
        alternatives: parameters of which one alone is given: one on the command line replaces the others of the file.
    """

    read: Callable[[Mapping[str, Any]], Stated]
    alternatives: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class StepsJob(Generic[P]):
    """How an operation works step by step as a job, which can be paused, resumed after a crash, and undone.

    Args:
        params: the declaration, with the folder that the files are written into.
        work: as `FolderJob`.
        folder: the parameter that names the folder; it may not be there yet. One job at a time writes into it.
        refuse: looks at the values as they were given, before `fixed`; raises what they are refused with.
        fixed: the values with whatever is left to chance decided, so that a resumed job goes on with the same.
        on_command_line: whether the command is the job always; else only where its `more` parameters are given.
        own: as `FolderJob`.
        more: those of them that the command has too.
        settings_file: how its command reads the settings from a file; None: it does not.
        ended: called with the work when the files of all steps are there, in each run that comes so far; what it raises
            fails the job, which can be resumed.
    """

    kind: ClassVar[Kind] = "steps"
    params: type[P]
    work: Callable[[Path, P, Context], StepsWork]
    folder: str = "output_folder"
    fixed: Callable[[P], P] = lambda params: params
    refuse: Callable[[P, Context], None] = lambda params, context: None
    on_command_line: bool = False
    own: type[Params] | None = None
    more: tuple[str, ...] = ()
    settings_file: SettingsFile | None = None
    ended: Callable[[Any], Iterator[Event]] = lambda work: iter(())
