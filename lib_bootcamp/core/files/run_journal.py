"""A journal of changes to one folder, kept in the owner's data folder, from which the newest run can be taken back.

It never lies in the folder itself, which may come from somebody else: a journal decides which files are moved and
removed. It is JSON, one object a line: a line with `run` begins a run, the lines after it are the run's steps. A step
is written down before it is taken, so that a crash loses nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, Protocol, TypeVar

from lib_bootcamp.errors import OutputError, TooLargeError

from .atomic import append_privately, cannot_write, private_folder
from .places import Place
from .regular import read_regular

KEPT_RUNS = 50
MAX_JOURNAL_BYTES = 1024 * 1024 * 1024
Line = dict[str, Any]


class TakenBack(Protocol):
    """What became of one step; the note says why it is skipped."""

    @property
    def note(self) -> str:
        """Empty where it is as it was before."""


T = TypeVar("T", bound=TakenBack)
_locks: dict[Path, threading.RLock] = {}
_guard = threading.Lock()


class RunJournal:
    """The journal of one folder.

    Args:
        store: where journals lie; made when there is something to write.
        root: the folder, links followed.
        is_step: whether a line is a step of ours.
    """

    def __init__(self, store: Path, root: Path, is_step: Callable[[Mapping[str, Any]], bool]) -> None:
        name = hashlib.blake2b(os.fsencode(root), digest_size=12).hexdigest()
        self.path = store / f"{name}.jsonl"
        self._is_step = is_step
        self._file: BinaryIO | None = None
        with _guard:
            self.lock = _locks.setdefault(self.path, threading.RLock())

    @contextlib.contextmanager
    def run(self, head: Mapping[str, Any]) -> Iterator[None]:
        """Begin a run; it is in the journal once it has a step."""
        with self.lock:
            self._head: Mapping[str, Any] = head
            try:
                yield
            finally:
                if self._file is not None:
                    self._file.close()
                    self._file = None

    def add(self, step: Mapping[str, Any]) -> None:
        """Write a step down, inside of `run`.

        Raises:
            StorageError, OutputError: it cannot be.
        """
        try:
            if self._file is None:
                private_folder(self.path.parent)
                self._forget_old()
                self._file = append_privately(self.path)
                self._line(self._head)
            self._line(step)
        except OSError as error:
            raise error if isinstance(error, OutputError) else cannot_write(self.path, error) from None

    def _line(self, line: Mapping[str, Any]) -> None:
        if self._file is None:
            raise TypeError("there is no run")
        # names that are no Unicode (lone surrogates on Linux) are kept by JSON's escapes
        self._file.write(json.dumps(line).encode("ascii") + b"\n")
        self._file.flush()

    def _forget_old(self) -> None:
        runs = self.runs()
        if len(runs) >= KEPT_RUNS:
            self.keep(runs[1 - KEPT_RUNS :])

    def runs(self) -> list[list[Line]]:
        """The lines of each run, its head first; lines that are not ours, or were cut off, are passed over."""
        runs: list[list[Line]] = []
        try:
            text = read_regular(self.path, MAX_JOURNAL_BYTES).decode("ascii", "replace")
        except (OSError, TooLargeError):
            return []
        for each in text.split("\n"):
            try:
                line = json.loads(each) if each else None
            except (ValueError, RecursionError):
                continue
            if isinstance(line, dict) and isinstance(line.get("run"), str):
                runs.append([line])
            elif isinstance(line, dict) and runs and self._is_step(line):
                runs[-1].append(line)
        return [run for run in runs if len(run) > 1]

    def newest(self) -> str | None:
        """What the newest run was; None where there is nothing to take back."""
        with self.lock:
            runs = self.runs()
        return str(runs[-1][0]["run"]) if runs else None

    def take_back(
        self,
        step: Callable[[Line], T | None],
        *,
        dry_run: bool = False,
        end: Callable[[Line, list[Line], bool], list[Line]] = lambda head, lines, is_last: [],
    ) -> list[T]:
        """Take back the newest run, its newest step first; what is skipped stays in the journal.

        Args:
            step: takes a step back, or reports what would be; None where it was never taken, or is taken back already.
            dry_run: leave the journal as it is.
            end: what is done after the steps, with the run's head and lines, and whether nothing at all is left to take
                back; gives lines that stay as long as a step does.
        Raises:
            StorageError, OutputError: the journal cannot be written.
        """
        with self.lock:
            *older, (head, *lines) = self.runs()
            outcome: list[T] = []
            left: list[Line] = []
            for line in reversed(lines):
                made = step(line)
                if made is not None:
                    outcome.append(made)
                    if made.note:
                        left.insert(0, line)
            if not dry_run:
                kept = end(head, lines, not left and not older)
                self.keep([*older, *([[head, *kept, *left]] if left else [])])
            return outcome

    def keep(self, runs: list[list[Line]]) -> None:
        """Have these runs in the journal and no others.

        Raises:
            StorageError, OutputError: it cannot be written.
        """
        try:
            if runs:
                text = "".join(json.dumps(line) + "\n" for run in runs for line in run).encode("ascii")
                if not self._cut_to(text):
                    Place(self.path).write(text, 0o600)
            else:
                self.path.unlink(missing_ok=True)
        except OSError as error:
            raise cannot_write(self.path, error) from None

    def _cut_to(self, text: bytes) -> bool:
        """Take off what stands after this, which a full disk allows; False where the journal does not begin so."""
        with self.path.open("r+b") as file:
            begins = file.read(len(text)) == text
            if begins:
                file.truncate(len(text))
            return begins


def is_below(name: object) -> bool:
    """Whether a text is a path below a folder, in every system's spelling."""
    if not isinstance(name, str) or not name or "\0" in name or "\\" in name or name[1:2] == ":":
        return False
    return not name.startswith("/") and ".." not in name.split("/")
