"""Runs an operation from the command line over many files: tables, sheets, accuracy, sorting into folders."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lib_bootcamp.context import Context
from lib_bootcamp.core.files.atomic import write_atomically
from lib_bootcamp.core.files.folders import is_folder
from lib_bootcamp.core.files.sorting import How, Step, carry_out, folder_names, plan, summary
from lib_bootcamp.core.files.sorting_undo import foreign_journal, undo
from lib_bootcamp.core.images.arrays import Image
from lib_bootcamp.core.images.codec import read_image, write_image
from lib_bootcamp.core.images.contact_sheet import sheet_by_class
from lib_bootcamp.core.text.terminal import on_one_line
from lib_bootcamp.core.text.zero_shot import confusion
from lib_bootcamp.errors import BootcampError, CancelledError, ImageError, InvalidParamError
from lib_bootcamp.operation import Operation, OverFiles
from lib_bootcamp.ports import Host
from lib_bootcamp.results import FileResult
from lib_bootcamp.surfaces.shared.found_pictures import find_pictures
from lib_bootcamp.surfaces.shared.tables import csv_bytes, jsonl_bytes

from .runner import EXIT_NO, EXIT_SOME_FAILED, Outcome, Runner, Settings, failure

UNKNOWN = "unknown"
PER_CLASS, SHEET_CLASSES, NOTES = 16, 40, 10
_ARTICLE = re.compile(r"^(a|an|the) ")


@dataclass(frozen=True, kw_only=True)
class FolderSettings(Settings):
    """What the command line says beside the operation's own parameters, where it takes many files."""

    csv: str | None = None
    jsonl: str | None = None
    sheet: str | None = None
    truth: str | None = None
    sort_into: str | None = None
    sort_by: How | None = None
    dry_run: bool = False
    undo: bool = False

    def check(self) -> None:
        """Flags that only mean something beside others have them.

        Raises:
            InvalidParamError: one is alone.
        """
        if self.sort_into is None and (self.undo or self.dry_run or self.sort_by):
            flag = "--undo" if self.undo else "--dry-run" if self.dry_run else "--sort-by"
            raise InvalidParamError(flag, "needs --sort-into FOLDER too")


def add_flags(parser: Any, *, labeled: bool) -> None:
    """Add the flags of `FolderSettings` to a command's parser."""
    files = parser.add_argument_group("files")
    files.add_argument("--recursive", action="store_true", help="take the folders inside folders too")
    files.add_argument("--json", action="store_true", help="print one JSON list on standard output, an object for each")
    files.add_argument("--csv", metavar="FILE", help="write a table, a row for each picture")
    files.add_argument("--jsonl", metavar="FILE", help="write what --json prints, an object on each line")
    files.add_argument("--quiet", action="store_true", help="print nothing but errors")
    if not labeled:
        return
    files.add_argument("--sheet", metavar="FILE", help="write thumbnails by label, those with the best scores first")
    files.add_argument(
        "--truth",
        choices=("folders",),
        help="the names of the pictures' folders are their true labels: adds accuracy and a confusion matrix "
        "(takes the folders inside; where no labels are given the folders' names are the labels)",
    )
    sorting = parser.add_argument_group("sort into folders")
    sorting.add_argument("--sort-into", metavar="FOLDER", help="put the pictures into a folder for each label, in here")
    sorting.add_argument(
        "--sort-by",
        choices=("copy", "move", "link"),
        help="copy (default), move, or hard link: a second name of the same file. Nothing is ever overwritten",
    )
    sorting.add_argument("--dry-run", action="store_true", help="with --sort-into: print what would happen, do nothing")
    sorting.add_argument("--undo", action="store_true", help="with --sort-into: undo the newest sorting into it")


FLAGS = ("recursive", "json", "csv", "jsonl", "quiet", "sheet", "truth", "sort_into", "sort_by", "dry_run", "undo")


class FolderRunner(Runner):
    """As `Runner`, for operations that take many files: one run for all of them, one outcome for each."""

    settings: FolderSettings

    def __init__(self, operation: Operation[Any, Any], host: Host, settings: FolderSettings) -> None:
        super().__init__(operation, host, settings)
        if operation.over_files is None:
            raise TypeError(f"{operation.name} takes one picture at a time")
        self.over: OverFiles[Any] = operation.over_files
        self.images = next(param.name for param in self.fields.values() if param.spec.positional)
        self.truths: dict[Path, str] = {}
        self.labels: tuple[str, ...] = ()

    def run(self, given: Mapping[str, Any]) -> int:
        """Run over every file that is named or lies in a named folder; returns the exit code."""
        values = dict(given)
        sources = [Path(each) for each in values.pop(self.images, [])]
        try:
            self.settings.check()
            if self.settings.undo:
                return self._undo(Path(self.settings.sort_into or ""))
            raw = {name: self._raw(name, text) for name, text in values.items()}
            paths = self._found(sources)
            if self.settings.truth and not raw.keys() & {self.over.labels, "groups", "preset"}:
                raw[self.over.labels] = sorted({_spaced(path.resolve().parent.name) for path in paths})
            params = self.operation.settings_from(raw)
            self.labels = getattr(params, self.over.labels, ()) if self.over.labels else ()
            self._learn_truths(paths, params)
            self._check_outputs(paths)
        except BootcampError as error:
            return self._print([failure(None, error, self.operation)], several=False)
        return self._run_over(paths, params)

    def _found(self, sources: Sequence[Path]) -> list[Path]:
        if not sources:
            raise InvalidParamError(self.images, "is missing", hint="give picture files or folders of them")
        recursive = self.settings.recursive or self.settings.truth is not None
        found = dict.fromkeys(path for path, _ in find_pictures(sources, self.left_out, recursive=recursive))
        if self.settings.sort_into is not None:
            target = Path(self.settings.sort_into).resolve()
            # What was sorted before is no input, unless it is asked for.
            if not any(source.resolve().is_relative_to(target) for source in sources):
                found = {path: None for path in found if not path.resolve().is_relative_to(target)}
        if not found:
            named = ", ".join(map(str, sources))
            raise ImageError(f"{named}: no pictures are in there", hint="--recursive looks into folders inside.")
        return list(found)

    def _learn_truths(self, paths: Sequence[Path], params: Any) -> None:
        if self.settings.truth is None:
            return
        if not self.labels:
            self.labels = next(iter(params.label_sets().values()))
        known = {_key(folder): label for label, folder in folder_names(self.labels).items()}
        known |= {_key(label): label for label in self.labels}
        named = ((path, _key(path.resolve().parent.name)) for path in paths)
        self.truths = {path: known[name] for path, name in named if name in known}
        if not self.truths:
            raise InvalidParamError("--truth", "folders needs folders that are named as labels, and none is")

    def _check_outputs(self, paths: Sequence[Path]) -> None:
        """No output may take the place of an input."""
        inputs = {path.resolve() for path in paths}
        for name in ("csv", "jsonl", "sheet"):
            value = getattr(self.settings, name)
            if value is not None and (Path(value).resolve() in inputs or is_folder(Path(value))):
                raise InvalidParamError(
                    f"--{name}", f"cannot be {value}, which is an input or a folder", hint="name another"
                )

    def _run_over(self, paths: list[Path], params: Any) -> int:
        outcomes: list[Outcome] = []
        results: list[tuple[Path, FileResult]] = []
        made = self.over.run(paths, params, Context.of_terminal(self.host, self._progress()))
        try:
            for path, result in zip(paths, made, strict=True):
                outcomes.append(self._outcome(path, result))
                if isinstance(result, FileResult):
                    results.append((path, result))
                else:
                    _complain(f"error: {outcomes[-1].line}")
        except (KeyboardInterrupt, CancelledError):
            self._finish(outcomes, results)
            raise
        except BootcampError as error:
            if not outcomes:
                return self._print([failure(None, error, self.operation)], several=False)
            self._finish(outcomes, results)
            raise
        sorted_well = True
        try:
            if self.settings.sort_into is not None:
                sorted_well = self._sort(outcomes, results)
        except BootcampError:
            self._finish(outcomes, results)  # what was found is printed, though it cannot be sorted
            raise
        code = self._finish(outcomes, results)
        return code if sorted_well else max(code, EXIT_SOME_FAILED)

    def _outcome(self, path: Path, result: FileResult | BootcampError) -> Outcome:
        if isinstance(result, BootcampError):
            return failure(str(path), result, self.operation)
        record = {"operation": self.operation.name, "path": str(path), **result.to_json()}
        if self.settings.truth is not None:
            record["truth"] = self.truths.get(path)
        return Outcome(record, f"{on_one_line(str(path))}: {result.summary()}", 0 if result.succeeded() else EXIT_NO)

    def _finish(self, outcomes: list[Outcome], results: list[tuple[Path, FileResult]]) -> int:
        """Write the files, print the outcomes and the accuracy; returns the exit code.

        Raises:
            OutputError: a file cannot be written; the outcomes are printed all the same.
        """
        try:
            self._write_files(outcomes, results)
        finally:
            code = self._print(outcomes, several=True)
            if self.over.summarize is not None:
                self._print_lines(self.over.summarize([result for _, result in results]))
            if self.truths:
                self._print_lines(self._accuracy(results))
        return code

    def _write_files(self, outcomes: list[Outcome], results: list[tuple[Path, FileResult]]) -> None:
        if self.settings.jsonl is not None:
            write_atomically(Path(self.settings.jsonl), jsonl_bytes(self._records(outcomes)))
        if self.settings.csv is not None:
            write_atomically(Path(self.settings.csv), self._table(outcomes, results))
        if self.settings.sheet is not None and results:
            write_image(Path(self.settings.sheet), sheet_by_class(list(self._thumbnails(results))))

    def _table(self, outcomes: list[Outcome], results: list[tuple[Path, FileResult]]) -> bytes:
        rows = {str(path): result.row() for path, result in results}
        columns = ["path", *(["truth"] if self.settings.truth else []), "error"]
        if self.settings.sort_into is not None:
            columns.append("sorted_to")
        columns += [
            name for name in dict.fromkeys(name for row in rows.values() for name in row) if name not in columns
        ]
        table = [
            {
                **{name: each.record.get(name) for name in ("path", "truth", "sorted_to")},
                "error": each.record.get("detail", ""),
                **rows.get(each.record["path"], {}),
            }
            for each in outcomes
        ]
        return csv_bytes(table, columns)

    def _thumbnails(self, results: list[tuple[Path, FileResult]]) -> Iterator[tuple[str, list[tuple[str, Image]]]]:
        by_label: dict[str, list[tuple[Path, float]]] = {}
        for path, result in results:
            by_label.setdefault(result.answer() or UNKNOWN, []).append((path, float(result.row().get("value") or 0)))
        for label, members in sorted(by_label.items(), key=lambda each: -len(each[1]))[:SHEET_CLASSES]:
            best = sorted(members, key=lambda each: -each[1])[:PER_CLASS]
            shown = [(f"{value:.2f} {path.name}", picture) for path, value in best for picture in _read_again(path)]
            if shown:
                more = f", the best {len(shown)}" if len(members) > len(shown) else ""
                yield f"{label} ({len(members)}{more})", shown

    def _accuracy(self, results: list[tuple[Path, FileResult]]) -> list[str]:
        known = [(self.truths[path], result.answer()) for path, result in results if path in self.truths]
        held = confusion(self.labels, [truth for truth, _ in known], [answer for _, answer in known])
        aside = len(results) - len(known)
        note = (
            "1 picture is in a folder of another name."
            if aside == 1
            else f"{aside} pictures are in folders of other names."
        )
        return ["", *held.lines(), *([note] if aside else [])]

    def _sort(self, outcomes: list[Outcome], results: list[tuple[Path, FileResult]]) -> bool:
        """Sort, or say what sorting would do; adds `sorted_to` to the records. Whether all could be sorted."""
        target = Path(self.settings.sort_into or "")
        answers = [(path, result.answer() or UNKNOWN) for path, result in results]
        folders = folder_names([*self.labels, *(answer for _, answer in answers)])
        steps = plan([(path, folders[answer]) for path, answer in answers], target, self.settings.sort_by or "copy")
        records = {each.record["path"]: each.record for each in outcomes}
        taken: list[Step] = []
        try:
            for step in steps if self.settings.dry_run else carry_out(steps, target, self._store()):
                taken.append(step)
                records[str(step.source)]["sorted_to"] = str(step.target) if step.done else None
        except (KeyboardInterrupt, BootcampError):
            self._print_lines([summary(taken, dry_run=False)])
            raise
        if self.settings.dry_run:
            self._print_lines(on_one_line(f"{step.how}: {step.source} -> {step.target}") for step in taken if step.done)
        notes = [step.note for step in taken if step.note]
        for note in [*notes[:NOTES], *([f"and {len(notes) - NOTES} more."] if len(notes) > NOTES else [])]:
            _complain(note)
        self._print_lines([summary(taken, dry_run=self.settings.dry_run)])
        return all(step.done or "already" in step.note for step in taken)

    def _store(self) -> Path:
        """Where the journals of sorting lie: never in a folder that may have come from somebody else."""
        return self.host.data_dir() / "sortings"

    def _undo(self, target: Path) -> int:
        outcome = undo(target, self._store(), dry_run=self.settings.dry_run)
        if foreign := foreign_journal(target):
            _complain(foreign)
        if self.settings.json:
            records = [
                {"from": str(e.target), "to": str(e.source), "how": e.how, "skipped": e.note or None} for e in outcome
            ]
            sys.stdout.write(json.dumps(records, ensure_ascii=False, indent=2) + "\n")
        for each in outcome:
            if each.note:
                _complain(each.note)
            elif self.settings.dry_run:
                verb = f"move back: {each.target} -> {each.source}" if each.how == "move" else f"remove: {each.target}"
                self._print_lines([verb])
        left = sum(bool(each.note) for each in outcome)
        head = "Dry run: " if self.settings.dry_run else ""
        self._print_lines([f"{head}{len(outcome) - left} undone{f', {left} skipped' if left else ''}."])
        return EXIT_SOME_FAILED if left else 0

    def _print_lines(self, lines: Iterable[str]) -> None:
        """Print for a person: beside JSON on standard error, and not where quiet is asked for."""
        if not self.settings.quiet:
            out = sys.stderr if self.settings.json else sys.stdout
            out.writelines(f"{line}\n" for line in lines)


def _complain(line: str) -> None:
    sys.stderr.write(f"{on_one_line(line)}\n")


def _read_again(path: Path) -> Iterator[Image]:
    """A picture for the sheet; nothing where it is gone by now."""
    try:
        yield read_image(path)
    except BootcampError:
        return


def _spaced(name: str) -> str:
    return " ".join(re.split(r"[\s_-]+", name.strip("_- "))) or name


def _key(name: str) -> str:
    """What folders and labels are compared by: `Red_circle` is `a red circle`."""
    return _ARTICLE.sub("", _spaced(name).casefold())
