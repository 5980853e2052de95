"""Change text files so that it can be undone: what each held before is kept in a journal outside of their folder.

The journal is written before each file, so that a crash loses nothing. A file that was changed by somebody else since
is never touched by undo.

It is no journal of jobs: edits are many and small, would push the undo of long jobs out of theirs, and are undone
newest first by folder, with a dry run that shows each text.
"""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lib_bootcamp.errors import BootcampError, InvalidParamError, OutputError

from .inside import Inside, LeadsOutError, digest
from .run_journal import Line, RunJournal, is_below


@dataclass(frozen=True, kw_only=True)
class Restored:
    """One file and what undo made of it.

    Args:
        file: its path.
        note: why it is skipped; empty where it is as it was before.
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
        self.inside = Inside(root)
        self.root = self.inside.real
        self._journal = RunJournal(store, self.root, _is_step)
        self.path = self._journal.path

    @contextlib.contextmanager
    def run(self, title: str) -> Iterator[Journal]:
        """Begin a run: what is written inside of the block is undone together; without a change it leaves nothing."""
        with self._journal.run({"run": title, "root": str(self.root)}):
            yield self

    def write(self, file: Path, data: bytes) -> None:
        """Write a file whole or not at all, inside of a `run`.

        Raises:
            OutputError: the file or the journal cannot be written, or the file lies outside of the folder.
        """
        before = self.inside.read(file)
        if before == data:
            return
        kept = None if before is None else base64.b64encode(before).decode("ascii")
        self._journal.add({"file": self._below(file), "before": kept, "after": digest(data).hex()})
        now = self.inside.change(file, lambda held: held == before, data)
        if now != before and now != data:
            raise OutputError(f"{file} was changed just now; skipped.")

    def _below(self, file: Path) -> str:
        for root in (self.inside.root, self.root):
            if file.is_relative_to(root):
                return file.relative_to(root).as_posix()
        return (file.parent.resolve() / file.name).relative_to(self.root).as_posix()

    def title(self) -> str | None:
        """What the newest run was, or None where there is nothing to undo."""
        return self._journal.newest()

    def undo(self, *, dry_run: bool = False) -> list[Restored]:
        """Take back the newest run; files that were changed since are skipped and stay in the journal.

        Raises:
            InvalidParamError: there is nothing to undo.
            OutputError: the journal cannot be written.
        """
        with self._journal.lock:
            if self._journal.newest() is None:
                raise InvalidParamError("undo", f"finds no edit of {self.root}")
            return self._journal.take_back(lambda line: self._restore(line, dry_run=dry_run), dry_run=dry_run)[::-1]

    def _restore(self, line: Line, *, dry_run: bool) -> Restored | None:
        """One file; None where it is as it was already."""
        file = self.root / line["file"]
        try:
            before = None if line["before"] is None else base64.b64decode(line["before"])
            now, is_back = self.inside.restore(file, bytes.fromhex(line["after"]), before, dry_run=dry_run)
        except LeadsOutError:
            return Restored(file=file, note=f"{file} is outside the folder; skipped.")
        except BootcampError as error:
            return Restored(file=file, note=f"{file} cannot be restored: {error}")
        except ValueError:
            return Restored(file=file, note=f"{file} cannot be restored: its line in {self.path} is damaged.")
        if now == before:
            return None
        if not is_back:
            return Restored(file=file, note=f"{file} was changed since; skipped.", before=now, after=now)
        return Restored(file=file, before=now, after=before)


def _is_step(line: Mapping[str, Any]) -> bool:
    before_fits = line.get("before") is None or isinstance(line["before"], str)
    return is_below(line.get("file")) and before_fits and isinstance(line.get("after"), str)
