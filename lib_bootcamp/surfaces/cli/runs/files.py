"""Runs an operation that takes many files over them: tables, a sheet, accuracy, sorting into folders."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lib_bootcamp.context import Context
from lib_bootcamp.core.files.atomic import write_atomically
from lib_bootcamp.core.files.folders import is_folder
from lib_bootcamp.core.files.sorting import How
from lib_bootcamp.core.images.codec import write_image
from lib_bootcamp.core.images.contact_sheet import sheet_by_class
from lib_bootcamp.core.text.terminal import on_one_line
from lib_bootcamp.errors import BootcampError, ImageError, InvalidParamError, named_by
from lib_bootcamp.operation import Operation, OverFiles
from lib_bootcamp.ports import Host
from lib_bootcamp.results import FileResult
from lib_bootcamp.surfaces.shared.found_pictures import find_pictures
from lib_bootcamp.surfaces.shared.tables import jsonl_bytes

from .argument_types import place
from .items import refuse_other_endings
from .outcomes import EXIT_NO, EXIT_SOME_FAILED, Outcome, failure
from .runner import Runner, Settings
from .sorting import Sorter
from .tables import table, thumbnails
from .truth import Truth, labels_of_folders


@dataclass(frozen=True, kw_only=True)
class FileSettings(Settings):
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
    """Add the flags of `FileSettings` to a command's parser."""
    files = parser.add_argument_group("files")
    files.add_argument("--recursive", action="store_true", help="take the folders inside folders too")
    files.add_argument("--json", action="store_true", help="print one JSON list on standard output, an object for each")
    files.add_argument("--csv", type=place, metavar="FILE", help="write a table, a row for each picture")
    files.add_argument("--jsonl", type=place, metavar="FILE", help="write what --json prints, an object on each line")
    files.add_argument("--quiet", action="store_true", help="print nothing but errors")
    if not labeled:
        return
    files.add_argument("--sheet", type=place, metavar="FILE", help="write thumbnails by label, best scores first")
    files.add_argument(
        "--truth",
        choices=("folders",),
        help="the names of the pictures' folders are their true labels: adds accuracy and a confusion matrix "
        "(takes the folders inside; where no labels are given the folders' names are the labels)",
    )
    sorting = parser.add_argument_group("sort into folders")
    sorting.add_argument(
        "--sort-into", type=place, metavar="FOLDER", help="put the pictures into a folder for each label, in here"
    )
    sorting.add_argument(
        "--sort-by",
        choices=("copy", "move", "link"),
        help="copy (default), move, or hard link: a second name of the same file. Nothing is ever overwritten",
    )
    sorting.add_argument("--dry-run", action="store_true", help="with --sort-into: print what would happen, do nothing")
    sorting.add_argument("--undo", action="store_true", help="with --sort-into: undo the newest sorting into it")


class FileRunner(Runner):
    """As `Runner`, for operations that take many files: one run of the operation for all of them."""

    settings: FileSettings

    def __init__(self, operation: Operation[Any, Any], host: Host, settings: FileSettings) -> None:
        super().__init__(operation, host, settings)
        if operation.over_files is None:
            raise TypeError(f"{operation.name} takes one picture at a time")
        self.over: OverFiles[Any] = operation.over_files
        self.files = next(param.name for param in self.fields.values() if param.spec.positional)
        self.results: list[tuple[Path, FileResult]] = []
        self.sorter: Sorter | None = None
        if settings.sort_into is not None:
            self.sorter = Sorter(Path(settings.sort_into), host.data_dir(), self.outcomes, dry_run=settings.dry_run)
        self.truth: Truth | None = None
        self.labels: tuple[str, ...] = ()

    def work(self, given: Mapping[str, Any]) -> int:
        """What `run` does."""
        self.settings.check()
        if self.sorter is not None and self.settings.undo:
            return self.sorter.undo()
        values, sources = self.read(given, self.files)
        paths = self._found(sources)
        if self.settings.truth and not values.keys() & {self.over.labels, "groups", "preset"}:
            values[self.over.labels] = labels_of_folders(paths)
        params = self.operation.settings_from(values)
        self.labels = getattr(params, self.over.labels, ()) if self.over.labels else ()
        if self.settings.truth is not None:
            self.labels = self.labels or next(iter(params.label_sets().values()))
            self.truth = Truth(paths, self.labels)
        self._check_outputs(paths)
        return self.loop(self._results(paths, params))

    def _found(self, sources: Sequence[Path]) -> list[Path]:
        if not sources:
            raise InvalidParamError(self.files, "is missing", hint="give picture files or folders of them")
        recursive = self.settings.recursive or self.settings.truth is not None
        found = dict.fromkeys(path for path, _ in find_pictures(sources, self.outcomes.left_out, recursive=recursive))
        paths = list(found) if self.sorter is None else self.sorter.unsorted(found, sources)
        if not paths:
            named = ", ".join(map(str, sources))
            raise ImageError(f"{named}: no pictures are in there", hint="--recursive looks into folders inside.")
        return paths

    def _check_outputs(self, paths: Sequence[Path]) -> None:
        """No output may take the place of an input, and all can be written."""
        inputs = {path.resolve() for path in paths}
        for name in ("csv", "jsonl", "sheet"):
            value = getattr(self.settings, name)
            if value is not None and (Path(value).resolve() in inputs or is_folder(Path(value))):
                raise InvalidParamError(
                    f"--{name}", f"cannot be {value}, which is an input or a folder", hint="name another"
                )
        self.check_outputs("csv", "jsonl", "sheet")
        if self.settings.sheet is not None:
            refuse_other_endings("--sheet", Path(self.settings.sheet))
        if self.sorter is not None:
            with named_by("sort_into"):
                self.sorter.check_writable()

    def _results(self, paths: Sequence[Path], params: Any) -> Generator[Outcome, None, None]:
        made = self.over.run(paths, params, Context.of_terminal(self.host, self.progress()))
        for path, result in zip(paths, made, strict=True):
            if isinstance(result, BootcampError):
                yield failure(str(path), result, self.names)
                continue
            self.results.append((path, result))
            record = {"operation": self.operation.name, "path": str(path), **result.to_json()}
            if self.truth is not None:
                record["truth"] = self.truth.labels.get(path)
            line = f"{on_one_line(str(path))}: {result.summary()}"
            yield Outcome(record, line, 0 if result.succeeded() else EXIT_NO)

    def finish(self) -> int:
        """Sort, then print; what was found is printed, too, where it cannot be sorted."""
        try:
            with named_by("sort_into"):
                sorted_well = self.sorter is None or self.sorter.sort(self.results, self.labels, self.settings.sort_by)
        except BootcampError:
            self.report()
            raise
        code = self.report()
        return code if sorted_well else max(code, EXIT_SOME_FAILED)

    def report(self) -> int:
        """Write the files, print the outcomes and the accuracy; returns the exit code.

        Raises:
            OutputError: a file cannot be written; the outcomes are printed all the same.
        """
        try:
            self._write_files()
        finally:
            code = super().report()
            results = [result for _, result in self.results]
            self.outcomes.aside(self.over.summarize(results) if self.over.summarize is not None else ())
            self.outcomes.aside(self.truth.lines(self.results) if self.truth is not None else ())
        return code

    def _write_files(self) -> None:
        settings = self.settings
        if settings.jsonl is not None:
            with named_by("jsonl"):
                write_atomically(Path(settings.jsonl), jsonl_bytes(self.outcomes.records()))
        if settings.csv is not None:
            extra = [name for name, given in (("truth", settings.truth), ("sorted_to", settings.sort_into)) if given]
            with named_by("csv"):
                write_atomically(Path(settings.csv), table(self.outcomes.made, self.results, extra))
        if settings.sheet is not None and self.results:
            with named_by("sheet"):
                write_image(Path(settings.sheet), sheet_by_class(list(thumbnails(self.results))))
