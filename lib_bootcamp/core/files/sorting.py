"""Sort files into folders: copied, moved or hard linked; planned first, journaled, and undone by `sorting_undo`.

Nothing is ever overwritten: a name is reserved by creating it exclusively, and one that is taken gets a number. A file
appears whole (made beside its place, then renamed into it). Every step is in the journal, which lies in the owner's
data folder, before it is taken. Nothing is written through a link that leads out of the target.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import itertools
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeAlias

from lib_bootcamp.errors import OutputError, StorageError

from .atomic import cannot_write
from .folders import is_inside
from .inside import Inside, LeadsOutError
from .places import Place
from .regular import CHUNK, READ, checked, open_regular, refuse_special
from .run_journal import RunJournal, is_below

How: TypeAlias = Literal["copy", "move", "link"]
_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]+')
# Names that Windows keeps for devices, with any ending.
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_LONGEST = 80
_CANNOT_LINK = {errno.EXDEV, errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK, errno.EACCES}


@dataclass(frozen=True, kw_only=True)
class Step:
    """One file and where it goes.

    Args:
        source: the file as it was given.
        folder: the folder's name below the target.
        target: the file's new place; before it is taken, the place that was free when it was planned.
        how: what is done; a link may become a copy.
        note: why it is not done, or is done otherwise than asked for; empty where there is nothing to say.
        done: whether it was done; False where the note says why not.
    """

    source: Path
    folder: str
    target: Path
    how: How
    note: str = ""
    done: bool = True


def folder_names(labels: Iterable[str]) -> dict[str, str]:
    """A folder's name for each label, good on every file system, and different even where case is not told apart."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    for label in dict.fromkeys(labels):
        name = _FORBIDDEN.sub(" ", label)
        name = " ".join(name.split())[:_LONGEST].strip(" .") or "label"
        if _DEVICES.fullmatch(name):
            name = f"_{name}"
        for numbered in _numbered(name, ""):
            if numbered.casefold() not in taken:
                break
        taken.add(numbered.casefold())
        names[label] = numbered
    return names


def plan(files: Sequence[tuple[Path, str]], target: Path, how: How) -> list[Step]:
    """Where each file would go; reads the disk and changes nothing.

    Args:
        files: each file with its folder's name below `target`.
        target: the folder that holds the folders.
        how: copy, move or hard link.
    Raises:
        OutputError: the target, or a folder in it, is there and is not a folder.
    """
    for place in [target, *(target / name for name in dict.fromkeys(folder for _, folder in files))]:
        if place.exists() and not place.is_dir():
            raise OutputError(f"{place} is not a folder", hint="give another one to sort into.")
    taken: set[str] = set()
    steps = []
    for source, folder in files:
        step = Step(source=source, folder=folder, target=target / folder / source.name, how=how)
        problem = _problem(step) or ("" if is_inside(step.target.parent, target) else _leads_out(step, target))
        if problem:
            steps.append(replace(step, note=problem, done=False))
            continue
        for name in _numbered(source.stem, source.suffix):
            place = target / folder / name
            if str(place).casefold() not in taken and not os.path.lexists(place):
                break
        taken.add(str(place).casefold())
        steps.append(replace(step, target=place))
    return steps


def _problem(step: Step) -> str:
    if not step.source.is_file():
        return f"{step.source} is not there any more."
    if step.how == "move" and step.source.is_symlink():
        return f"{step.source} is a symbolic link, which is not moved; copy it."
    if step.target.parent.is_dir() and step.source.parent.resolve() == step.target.parent.resolve():
        return f"{step.source} is in its folder already."
    return ""


def _leads_out(step: Step, target: Path) -> str:
    return f"{step.source} is skipped, because {step.target.parent} is outside {target}."


def _numbered(stem: str, suffix: str) -> Iterator[str]:
    yield f"{stem}{suffix}"
    for number in itertools.count(2):
        yield f"{stem}-{number}{suffix}"


def carry_out(steps: Iterable[Step], target: Path, store: Path) -> Iterator[Step]:
    """Take each planned step, one when it is asked for, and yield it as it was taken.

    A step that fails carries its note and the others go on, unless the disk takes nothing more.

    Args:
        steps: of `plan`.
        target: the folder that holds the folders.
        store: where journals lie.
    Raises:
        StorageError: the disk takes nothing more.
        OutputError: the target folder or the journal cannot be written.
    """
    with Sorting(target, store) as sorting:
        for step in steps:
            if not step.done:
                yield step
                continue
            try:
                taken = sorting.take(step)
            except LeadsOutError:
                taken = replace(step, done=False, note=_leads_out(step, target))
            except OutputError:
                raise
            except OSError as error:
                problem = cannot_write(step.target, error)
                if isinstance(problem, StorageError):
                    raise problem from None
                taken = replace(step, done=False, note=f"{step.source} cannot be sorted: {error.strerror or error}.")
            yield taken


def journal_of(target: Path, store: Path) -> RunJournal:
    """The journal of what was sorted into a folder."""
    return RunJournal(store, target.resolve(), _is_ours)


class Sorting:
    """One run.

    Args:
        target: as `carry_out`.
        store: as `carry_out`.
    """

    def __init__(self, target: Path, store: Path) -> None:
        self._target, self._inside = target, Inside(target)
        self._journal = journal_of(target, store)
        self._stack = contextlib.ExitStack()
        self._begun = False

    def __enter__(self) -> Sorting:
        return self

    def __exit__(self, *exception: object) -> None:
        self._stack.close()

    def take(self, step: Step) -> Step:
        """Take one step; returns it as it was taken."""
        if not self._begun:
            self._begin()
        with self._inside.place(step.target.parent) as folder:
            if folder.stat() is None:
                self._journal.add({"folder": step.folder})
                folder.make_folder()
        with self._inside.place(step.target) as place:
            return self._moved(step, place) if step.how == "move" else self._made(step, place)

    def _begin(self) -> None:
        """Begin a run in the journal; a run that does nothing is not in it."""
        missing = 0
        for place in (self._inside.real, *self._inside.real.parents):
            if place.exists():
                break
            missing += 1
        self._stack.enter_context(self._journal.run({"run": "sorted", "folders_made": missing}))
        self._journal.add({"folder": ""})
        self._target.mkdir(parents=True, exist_ok=True)
        self._begun = True

    def _note(self, how: How, files: tuple[Path, Place], status: os.stat_result, digest: str = "") -> None:
        """Write a step down before it is taken, with what the file in its place can be known by."""
        source, place = files
        line = {
            "how": how,
            "source": str(source),
            "target": place.path.relative_to(self._inside.real).as_posix(),
            "bytes": status.st_size,
            "mtime_ns": status.st_mtime_ns,
            "digest": digest,
        }
        self._journal.add(line)

    def _made(self, step: Step, place: Place) -> Step:
        """Copy or link: made beside its place and renamed into it."""
        made = place.temporary()
        try:
            step, digest = self._made_beside(step, made)
            status = made.stat()
            if status is None:
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(made.path))
            place = _reserve(place)
            step = replace(step, target=step.target.with_name(place.path.name))
            try:
                self._note(step.how, (step.source.absolute(), place), status, digest)
                made.move_to(place)
            except OSError:
                _forget(place)
                raise
        finally:
            made.remove()
        return step

    @staticmethod
    def _made_beside(step: Step, made: Place) -> tuple[Step, str]:
        """The file under a temporary name in its folder to be; a link that cannot be made becomes a copy."""
        if step.how == "link":
            try:
                made.link_from(step.source.resolve())
                refuse_special(made.stat() or step.source.stat(), step.source)
                return step, ""
            except OSError as error:
                if error.errno not in _CANNOT_LINK:
                    raise
                note = f"{step.source} is copied, because it cannot be hard-linked to {step.target.parent}: "
                step = replace(step, how="copy", note=f"{note}{error.strerror}.")
        with open_regular(step.source) as source:
            return step, copy(source, made)

    def _moved(self, step: Step, place: Place) -> Step:
        source_folder = Inside(step.source.parent)
        with source_folder.place(source_folder.real / step.source.name) as source:
            status = source.stat()
            if status is None:
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(step.source))
            place = _reserve(place)
            step = replace(step, target=step.target.with_name(place.path.name))
            try:
                self._note(step.how, (source.path, place), status)
                move(source, place, lambda made, digest: self._note(step.how, (source.path, place), made, digest))
            except OSError:
                _forget(place)
                raise
        return step


def move(source: Place, place: Place, note: Callable[[os.stat_result, str], None]) -> None:
    """Rename a file; between two disks it is copied, and the copy is whole before the original goes.

    Args:
        source: the file.
        place: a name that is reserved for it.
        note: called with what the copy is known by before it takes its place, where it is one.
    """
    try:
        source.move_to(place)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        made = place.temporary()
        try:
            with checked(source.open(READ), source.path) as file:
                digest = copy(file, made)
            status = made.stat()
            if status is not None:
                note(status, digest)
            made.move_to(place)
        finally:
            made.remove()
        source.unlink()


def copy(source: io.FileIO, made: Place) -> str:
    """Copy an open file with its time and rights to a new name; returns the digest of its bytes."""
    status = os.fstat(source.fileno())
    hashed = hashlib.blake2b(digest_size=16)
    with os.fdopen(made.create(0o600), "wb", buffering=0) as file:
        while part := source.read(CHUNK):
            hashed.update(part)
            view = memoryview(part)
            while view:
                view = view[file.write(view) :]
    made.set_times(status)
    return hashed.hexdigest()


def _reserve(target: Place) -> Place:
    """Create an empty file of this name, or of the next numbered one that is free."""
    for name in _numbered(target.path.stem, target.path.suffix):
        place = target.beside(name)
        try:
            os.close(place.create(0o600))
        except FileExistsError:
            continue
        return place
    raise AssertionError("there is always a free number")


def _forget(place: Place) -> None:
    """Take back a reserved name that is still empty."""
    status = place.stat()
    if status is not None and stat.S_ISREG(status.st_mode) and not status.st_size:
        place.remove()


def _is_ours(line: Mapping[str, Any]) -> bool:
    """Whether a line has the shape that was written, and stays inside the target."""
    if "folder" in line:
        return line["folder"] == "" or is_below(line["folder"])
    shapes = {"how": str, "source": str, "target": str, "bytes": int, "mtime_ns": int, "digest": str}
    if not all(isinstance(line.get(name), kind) for name, kind in shapes.items()):
        return False
    return line["how"] in {"copy", "move", "link"} and is_below(line["target"]) and "\0" not in line["source"]


def summary(steps: Sequence[Step], *, dry_run: bool) -> str:
    """One line: how many files are where."""
    done = [step for step in steps if step.done]
    folders = len({step.folder for step in done})
    verb = {"copy": "copied", "move": "moved", "link": "linked"}
    parts = [f"{sum(step.how == how for step in done)} {past}" for how, past in verb.items()]
    parts = [part for part in parts if not part.startswith("0 ")] or ["0 files sorted"]
    skipped = len(steps) - len(done)
    text = f"{', '.join(parts)} into {folders} folder{'s' if folders != 1 else ''}"
    if skipped:
        text += f", {skipped} skipped"
    return f"Dry run: {text}." if dry_run else f"{text}."
