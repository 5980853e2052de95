"""Sorting files into folders by their answers, with what is printed of it, and taken back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from lib_bootcamp.core.files.inside import Inside
from lib_bootcamp.core.files.sorting import How, Step, carry_out, folder_names, plan, summary
from lib_bootcamp.core.files.sorting_undo import Undone, foreign_journal, undo
from lib_bootcamp.core.text.terminal import on_one_line
from lib_bootcamp.errors import BootcampError
from lib_bootcamp.results import FileResult

from .outcomes import EXIT_SOME_FAILED, Outcomes, mention, print_json

UNKNOWN, NOTES = "unknown", 10


class Sorter:
    """Sorts into one folder.

    Args:
        target: the folder.
        data_dir: the host's; journals never lie in a folder that may have come from somebody else.
        outcomes: of the run; get `sorted_to`.
        dry_run: say what would happen, and do nothing.
    """

    def __init__(self, target: Path, data_dir: Path, outcomes: Outcomes, *, dry_run: bool) -> None:
        self._target, self._store = target, data_dir / "sortings"
        self._outcomes, self._dry_run = outcomes, dry_run

    def check_writable(self) -> None:
        """Find out whether files can be put there, before what takes long.

        Raises:
            StorageError, OutputError: they cannot.
        """
        if not self._dry_run:
            Inside(self._target).check_writable(self._target)

    def unsorted(self, found: Iterable[Path], sources: Sequence[Path]) -> list[Path]:
        """What was sorted before is no input, unless it is asked for."""
        target = self._target.resolve()
        if any(source.resolve().is_relative_to(target) for source in sources):
            return list(found)
        return [path for path in found if not path.resolve().is_relative_to(target)]

    def sort(self, results: Sequence[tuple[Path, FileResult]], labels: Sequence[str], how: How | None) -> bool:
        """Sort, or say what sorting would do; whether all could be sorted."""
        answers = [(path, result.answer() or UNKNOWN) for path, result in results]
        folders = folder_names([*labels, *(answer for _, answer in answers)])
        steps = plan([(path, folders[answer]) for path, answer in answers], self._target, how or "copy")
        records = {each.record["path"]: each.record for each in self._outcomes.made}
        taken: list[Step] = []
        try:
            for step in steps if self._dry_run else carry_out(steps, self._target, self._store):
                taken.append(step)
                records[str(step.source)]["sorted_to"] = str(step.target) if step.done else None
        except (KeyboardInterrupt, BootcampError):
            self._outcomes.aside([summary(taken, dry_run=False)])
            raise
        if self._dry_run:
            self._outcomes.aside(
                on_one_line(f"{step.how}: {step.source} -> {step.target}") for step in taken if step.done
            )
        notes = [step.note for step in taken if step.note]
        for each in [*notes[:NOTES], *([f"and {len(notes) - NOTES} more."] if len(notes) > NOTES else [])]:
            mention(each)
        self._outcomes.aside([summary(taken, dry_run=self._dry_run)])
        return all(step.done or "already" in step.note for step in taken)

    def undo(self) -> int:
        """Take the newest sorting back, or say what that would do; returns the exit code."""
        steps = undo(self._target, self._store, dry_run=self._dry_run)
        if foreign := foreign_journal(self._target):
            mention(foreign)
        if self._outcomes.json:
            print_json(list(map(_record, steps)))
        for each in steps:
            if each.note:
                mention(each.note)
            elif self._dry_run:
                verb = f"move back: {each.target} -> {each.source}" if each.how == "move" else f"remove: {each.target}"
                self._outcomes.aside([verb])
        left = sum(bool(each.note) for each in steps)
        head = "Dry run: " if self._dry_run else ""
        self._outcomes.aside([f"{head}{len(steps) - left} undone{f', {left} skipped' if left else ''}."])
        return EXIT_SOME_FAILED if left else 0


def _record(step: Undone) -> dict[str, str | None]:
    return {"from": str(step.target), "to": str(step.source), "how": step.how, "skipped": step.note or None}
