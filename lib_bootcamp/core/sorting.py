"""Sort files into folders: copied, moved or hard linked; planned first, journaled, and undone.

Nothing is ever overwritten: a name is reserved by creating it exclusively, and one that is taken gets a number. A file
appears whole (made beside its place, then renamed into it). Every step is in the journal before it is taken.
"""

from __future__ import annotations

import errno
import itertools
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any, Literal, TypeAlias

from lib_bootcamp.errors import InvalidParamError, OutputError

from .images import write_atomically

How: TypeAlias = Literal["copy", "move", "link"]
JOURNAL = "bootcamp-sorted.jsonl"
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


@dataclass(frozen=True, kw_only=True)
class Undone:
    """One journaled step and what became of it.

    Args:
        source: where the file came from.
        target: where it was sorted to.
        how: how it was sorted.
        note: why it is left; empty when it was undone.
    """

    source: Path
    target: Path
    how: How
    note: str = ""


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
        OutputError: the target, or a folder in it, is there and is no folder.
    """
    for place in [target, *(target / name for name in dict.fromkeys(folder for _, folder in files))]:
        if place.exists() and not place.is_dir():
            raise OutputError(f"{place} is no folder; give another one to sort into.")
    taken: set[str] = set()
    steps = []
    for source, folder in files:
        step = Step(source=source, folder=folder, target=target / folder / source.name, how=how)
        problem = _problem(step)
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


def _numbered(stem: str, suffix: str) -> Iterator[str]:
    yield f"{stem}{suffix}"
    for number in itertools.count(2):
        yield f"{stem}-{number}{suffix}"


def carry_out(steps: Iterable[Step], target: Path) -> Iterator[Step]:
    """Take each planned step, one when it is asked for, and yield it as it was taken.

    A step that fails carries its note and the others go on.

    Raises:
        OutputError: the target folder or the journal cannot be written.
    """
    with _Journal(target) as journal:
        for step in steps:
            if not step.done:
                yield step
                continue
            try:
                taken = _take(step, journal)
            except OutputError:
                raise
            except OSError as error:
                taken = replace(step, done=False, note=f"{step.source} cannot be sorted: {error.strerror or error}.")
            yield taken


def _take(step: Step, journal: _Journal) -> Step:
    folder = step.target.parent
    journal.make_folder(folder)
    if step.how == "move":
        place = _reserve(step.target)
        try:
            return _move(replace(step, target=place), journal)
        except OSError:
            _forget(place)
            raise
    made, step = _made_beside(step)
    try:
        place = _reserve(step.target)
        step = replace(step, target=place)
        try:
            journal.write_step(step, made)
            made.replace(place)
        except OSError:
            _forget(place)
            raise
    finally:
        made.unlink(missing_ok=True)
    return step


def _made_beside(step: Step) -> tuple[Path, Step]:
    """The file under a temporary name in its folder to be; a link that cannot be made becomes a copy."""
    source = step.source.resolve()
    handle, name = tempfile.mkstemp(prefix=".bootcamp-", suffix=".tmp", dir=step.target.parent)
    os.close(handle)
    made = Path(name)
    try:
        if step.how == "link":
            made.unlink()
            try:
                os.link(source, made)
                return made, step
            except OSError as error:
                if error.errno not in _CANNOT_LINK:
                    raise
                note = f"{step.source} is copied, because there is no hard link from it to {step.target.parent}: "
                step = replace(step, how="copy", note=f"{note}{error.strerror}.")
        shutil.copyfile(source, made)
        shutil.copystat(source, made)
    except BaseException:
        made.unlink(missing_ok=True)
        raise
    return made, step


def _move(step: Step, journal: _Journal) -> Step:
    journal.write_step(step, step.source)
    try:
        step.source.replace(step.target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        # Another file system: the copy is whole before the original goes.
        made, _ = _made_beside(replace(step, how="copy"))
        try:
            journal.write_step(step, made)
            made.replace(step.target)
        finally:
            made.unlink(missing_ok=True)
        step.source.unlink()
    return step


def _reserve(target: Path) -> Path:
    """Create an empty file of this name, or of the next numbered one that is free."""
    for name in _numbered(target.stem, target.suffix):
        place = target.with_name(name)
        try:
            os.close(os.open(place, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except FileExistsError:
            continue
        return place
    raise AssertionError("there is always a free number")


def _forget(place: Path) -> None:
    """Take back a reserved name that is still empty."""
    if place.is_file() and not place.stat().st_size:
        place.unlink()


class _Journal:
    """What was done, one JSON object a line: a `run` line, then its folders and files."""

    def __init__(self, target: Path) -> None:
        self._target = target
        self._path = target / JOURNAL
        self._file: Any = None

    def __enter__(self) -> _Journal:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._file is not None:
            self._file.close()

    def _open(self) -> None:
        """Begin a run in the journal; a run that does nothing is not in it."""
        place, made = self._target, 0
        while not place.exists():
            place, made = place.parent, made + 1
        try:
            self._target.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("a", encoding="utf-8")
        except OSError as error:
            raise OutputError(f"{self._path} cannot be written: {error.strerror or error}.") from None
        self._write({"run": "sorted", "folders_made": made})

    def make_folder(self, folder: Path) -> None:
        """Make a folder below the target, and note that it is ours."""
        if not folder.is_dir():
            self._write({"folder": folder.relative_to(self._target).as_posix()})
            folder.mkdir(exist_ok=True)

    def write_step(self, step: Step, made: Path) -> None:
        """Note a step before it is taken, with what the file in its place can be known by."""
        told = made.stat()
        line = {
            "how": step.how,
            "source": str(step.source.absolute()),
            "target": step.target.relative_to(self._target).as_posix(),
            "bytes": told.st_size,
            "mtime_ns": told.st_mtime_ns,
        }
        self._write(line)

    def _write(self, line: Mapping[str, Any]) -> None:
        if self._file is None:
            self._open()
        # Names that are no Unicode (lone surrogates on Linux) are kept by JSON's escapes.
        self._file.write(json.dumps(line) + "\n")
        self._file.flush()


def undo(target: Path, *, dry_run: bool = False) -> list[Undone]:
    """Take back the newest run of the journal in `target`: moved files go back, copies and links are removed.

    Left are files that were changed since, copies whose original is gone, and moved files whose old place is taken.
    Folders that the run made go when they are empty. What is left stays in the journal.

    Raises:
        InvalidParamError: there is no journal, or it is not one of ours.
    """
    path = target / JOURNAL
    lines = _read_journal(path)
    start = max((at for at, line in enumerate(lines) if "run" in line), default=0)
    earlier, run = lines[:start], lines[start:]
    outcome: list[Undone] = []
    left: list[dict[str, Any]] = []
    seen: set[str] = set()
    for line in reversed(run):
        if "how" not in line or line["target"] in seen:
            continue
        seen.add(line["target"])
        undone = _undo_line(line, target, dry_run=dry_run)
        if undone is None:
            continue
        outcome.append(undone)
        if undone.note:
            left.insert(0, line)
    if dry_run:
        return outcome
    folders = [line for line in run if "folder" in line]
    for line in reversed(folders):
        _remove_empty(target / line["folder"])
    kept = [line for line in folders if (target / line["folder"]).is_dir()]
    remaining = [*earlier, *([run[0], *kept, *left] if left else [])]
    if remaining:
        write_atomically(path, "".join(json.dumps(line) + "\n" for line in remaining).encode("ascii"))
    else:
        path.unlink()
        for folder in [target, *target.parents][: run[0]["folders_made"]]:
            _remove_empty(folder)
    return outcome


def _undo_line(line: Mapping[str, Any], target: Path, *, dry_run: bool) -> Undone | None:
    """Undo one step; None where it was never taken or is undone already."""
    source, place = Path(line["source"]), target / line["target"]
    if not os.path.lexists(place):
        return None
    outcome = Undone(source=source, target=place, how=line["how"])
    try:
        if _is_only_reserved(place, source, line):
            if not dry_run:
                place.unlink()
            return None
        note = _why_left(place, source, line)
        if note or dry_run:
            return replace(outcome, note=note)
        if line["how"] == "move":
            _move_back(place, source)
        else:
            place.unlink()
    except OSError as error:
        return replace(outcome, note=f"{place} is left: {error.strerror or error}.")
    return outcome


def _is_only_reserved(place: Path, source: Path, line: Mapping[str, Any]) -> bool:
    """Whether a name was created and nothing more came of it."""
    return bool(line["bytes"]) and not place.lstat().st_size and source.is_file() and bool(source.stat().st_size)


def _why_left(place: Path, source: Path, line: Mapping[str, Any]) -> str:
    if not _is_as_it_was(place, source, line):
        return f"{place} was changed since and is left."
    if line["how"] == "move":
        return f"{source} is taken, so that {place} is left." if os.path.lexists(source) else ""
    return "" if source.is_file() else f"{source} is gone, so that {place} is left."


def _is_as_it_was(place: Path, source: Path, line: Mapping[str, Any]) -> bool:
    if line["how"] == "link" and source.is_file() and not place.is_symlink() and place.samefile(source):
        return True
    told = place.lstat()
    return (told.st_size, told.st_mtime_ns) == (line["bytes"], line["mtime_ns"])


def _move_back(place: Path, source: Path) -> None:
    source.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(source, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        place.replace(source)
    except OSError as error:
        _forget(source)
        if error.errno != errno.EXDEV:
            raise
        made, _ = _made_beside(Step(source=place, folder="", target=source, how="copy"))
        made.replace(source)
        place.unlink()


def _remove_empty(folder: Path) -> None:
    # Not empty, or gone: either way it stays as it is.
    try:
        folder.rmdir()
    except OSError:
        return


def _read_journal(path: Path) -> list[dict[str, Any]]:
    wrong = InvalidParamError("undo", f"needs the journal that sorting left, and {path} is none")
    try:
        text = path.read_text(encoding="ascii")
    except FileNotFoundError:
        raise InvalidParamError("undo", f"finds no journal: there is no {path}") from None
    except (OSError, ValueError):
        raise wrong from None
    # The last line may be cut off where the machine stopped; its step was not taken.
    lines = []
    whole = text.split("\n")
    for number, each in enumerate(whole):
        try:
            line = json.loads(each) if each.strip() else None
        except (ValueError, RecursionError):
            if number == len(whole) - 1:
                continue
            raise wrong from None
        if line is not None:
            lines.append(line)
    if not lines or not all(isinstance(line, dict) and _is_ours(line) for line in lines) or "run" not in lines[0]:
        raise wrong
    return lines


def _is_ours(line: Mapping[str, Any]) -> bool:
    """Whether a line has the shape that was written, and stays inside the target."""
    if "run" in line:
        return isinstance(line.get("folders_made"), int)
    if "folder" in line:
        return _is_inside(line["folder"])
    shapes = {"how": str, "source": str, "target": str, "bytes": int, "mtime_ns": int}
    if not all(isinstance(line.get(name), kind) for name, kind in shapes.items()):
        return False
    return line["how"] in {"copy", "move", "link"} and _is_inside(line["target"]) and "\0" not in line["source"]


def _is_inside(name: object) -> bool:
    if not isinstance(name, str) or "\0" in name or "\\" in name or re.match(r"[A-Za-z]:", name):
        return False
    path = PurePosixPath(name)
    return bool(path.parts) and not path.is_absolute() and ".." not in path.parts


def summary(steps: Sequence[Step], *, dry_run: bool) -> str:
    """One line: how many files are where."""
    done = [step for step in steps if step.done]
    folders = len({step.folder for step in done})
    verb = {"copy": "copied", "move": "moved", "link": "linked"}
    parts = [f"{sum(step.how == how for step in done)} {said}" for how, said in verb.items()]
    parts = [part for part in parts if not part.startswith("0 ")] or ["0 files sorted"]
    left = len(steps) - len(done)
    text = f"{', '.join(parts)} into {folders} folder{'s' if folders != 1 else ''}"
    if left:
        text += f", {left} left"
    return f"Dry run: {text}." if dry_run else f"{text}."
