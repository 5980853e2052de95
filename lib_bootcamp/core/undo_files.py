"""Change text files so that it can be undone: what each held before is kept in a journal outside of their folder.

The journal is written before each file, so that a crash loses nothing. A file that was changed by somebody else since
is never touched by undo.

It is no journal of jobs: edits are many and small, would push the undo of long jobs out of theirs, and are undone
newest first by folder, with a dry run that shows each text.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lib_bootcamp.errors import InvalidParamError, OutputError

from .images import write_atomically

KEPT_RUNS = 50
MAX_JOURNAL_BYTES = 1024 * 1024 * 1024
_locks: dict[Path, threading.Lock] = {}
_guard = threading.Lock()


@dataclass(frozen=True, kw_only=True)
class Restored:
    """One file and what undo made of it.

    Args:
        file: its path.
        note: why it is left; empty where it is as it was before.
        before: what it held before undo, and what it holds now, as bytes; None: there is no file.
        after: see `before`.
    """

    file: Path
    note: str = ""
    before: bytes | None = None
    after: bytes | None = None


class Journal:
    """The journal of one folder's changes.

    Args:
        store: where journals lie.
        root: the folder whose files are changed; none outside of it ever is.
    """

    def __init__(self, store: Path, root: Path) -> None:
        self.root = root.resolve()
        name = hashlib.blake2b(os.fsencode(self.root), digest_size=12).hexdigest()
        self.path = store / f"{name}.jsonl"
        with _guard:
            self._lock = _locks.setdefault(self.path, threading.Lock())
        self._file: Any = None

    @contextlib.contextmanager
    def run(self, title: str) -> Iterator[Journal]:
        """Begin a run: what is written inside of the block is undone together; without a change it leaves nothing."""
        with self._lock:
            self._title = title
            try:
                yield self
            finally:
                if self._file is not None:
                    self._file.close()
                    self._file = None

    def write(self, file: Path, data: bytes) -> None:
        """Write a file whole or not at all, inside of a `run`.

        Raises:
            OutputError: the file or the journal cannot be written, or the file lies outside of the folder.
        """
        if not file.resolve().is_relative_to(self.root):
            raise OutputError(f"{file} leads out of the folder and is left.")
        before = _read(file)
        if before == data:
            return
        self._note(file, before, data)
        write_atomically(file, data)

    def _note(self, file: Path, before: bytes | None, after: bytes) -> None:
        try:
            if self._file is None:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self._forget_old()
                self._file = self.path.open("a", encoding="ascii")
                self._line({"run": self._title, "root": str(self.root)})
            kept = None if before is None else base64.b64encode(before).decode("ascii")
            self._line({"file": self._below(file), "before": kept, "after": _digest(after)})
        except OSError as error:
            raise OutputError(f"{self.path} cannot be written: {error.strerror or error}.") from None

    def _line(self, line: dict[str, Any]) -> None:
        self._file.write(json.dumps(line) + "\n")
        self._file.flush()

    def _below(self, file: Path) -> str:
        return (file.parent.resolve() / file.name).relative_to(self.root).as_posix()

    def _forget_old(self) -> None:
        runs = self._runs()
        if len(runs) >= KEPT_RUNS:
            self._keep(runs[1 - KEPT_RUNS :])

    def title(self) -> str | None:
        """What the newest run was, or None where there is nothing to undo."""
        with self._lock:
            runs = self._runs()
        return str(runs[-1][0]["run"]) if runs else None

    def undo(self, *, dry_run: bool = False) -> list[Restored]:
        """Take back the newest run; files that were changed since are left and stay in the journal.

        Raises:
            InvalidParamError: there is nothing to undo.
            OutputError: the journal cannot be written.
        """
        with self._lock:
            runs = self._runs()
            if not runs:
                raise InvalidParamError("undo", f"finds no edit of {self.root}")
            head, *lines = runs[-1]
            outcome: list[Restored] = []
            left: list[dict[str, Any]] = []
            for line in reversed(lines):
                restored = self._restore(line, dry_run=dry_run)
                if restored is not None:
                    outcome.append(restored)
                    if restored.note:
                        left.insert(0, line)
            if not dry_run:
                self._keep([*runs[:-1], *([[head, *left]] if left else [])])
            return outcome[::-1]

    def _restore(self, line: dict[str, Any], *, dry_run: bool) -> Restored | None:
        """One file; None where it is as it was already."""
        file = self.root / line["file"]
        before = None if line["before"] is None else base64.b64decode(line["before"])
        try:
            now = _read(file)
            if now == before:
                return None
            if now is None or _digest(now) != line["after"]:
                return Restored(file=file, note=f"{file} was changed since and is left.", before=now, after=now)
            if not file.resolve().is_relative_to(self.root):
                return Restored(file=file, note=f"{file} leads out of the folder and is left.", before=now, after=now)
            if not dry_run and before is None:
                file.unlink()
            elif not dry_run and before is not None:
                write_atomically(file, before)
        except OSError as error:
            return Restored(file=file, note=f"{file} is left: {error.strerror or error}.")
        return Restored(file=file, before=now, after=before)

    def _runs(self) -> list[list[dict[str, Any]]]:
        """The lines of each run, its head first; lines that are not ours, or were cut off, are passed over."""
        runs: list[list[dict[str, Any]]] = []
        try:
            if self.path.stat().st_size > MAX_JOURNAL_BYTES:
                return []
            text = self.path.read_text(encoding="ascii", errors="replace")
        except OSError:
            return []
        for each in text.split("\n"):
            try:
                line = json.loads(each) if each else None
            except (ValueError, RecursionError):
                continue
            if isinstance(line, dict) and isinstance(line.get("run"), str):
                runs.append([line])
            elif isinstance(line, dict) and runs and _is_step(line):
                runs[-1].append(line)
        return [run for run in runs if len(run) > 1]

    def _keep(self, runs: list[list[dict[str, Any]]]) -> None:
        if runs:
            text = "".join(json.dumps(line) + "\n" for run in runs for line in run)
            write_atomically(self.path, text.encode("ascii"))
        else:
            self.path.unlink(missing_ok=True)


def _is_step(line: dict[str, Any]) -> bool:
    file, before = line.get("file"), line.get("before")
    inside = (
        isinstance(file, str) and "\0" not in file and ".." not in Path(file).parts and not Path(file).is_absolute()
    )
    return inside and (before is None or isinstance(before, str)) and isinstance(line.get("after"), str)


def _read(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return None


def _digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=16).hexdigest()
