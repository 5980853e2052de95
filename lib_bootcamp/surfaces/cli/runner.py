"""Runs one operation from the command line over one input, a folder, or a batch file."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from lib_bootcamp.context import Context
from lib_bootcamp.core.files.atomic import write_atomically
from lib_bootcamp.core.files.folders import is_folder, is_there
from lib_bootcamp.core.files.inside import Inside
from lib_bootcamp.core.images.codec import SUFFIXES, encode_image, read_file
from lib_bootcamp.core.images.parallel import map_ordered
from lib_bootcamp.core.text.left_out import left_out_lines
from lib_bootcamp.core.text.terminal import on_one_line
from lib_bootcamp.errors import BootcampError, OutputError, StorageError
from lib_bootcamp.job import Event
from lib_bootcamp.operation import Operation
from lib_bootcamp.params import Params
from lib_bootcamp.ports import Host, Progress, SilentProgress, track
from lib_bootcamp.results import ControlMap, Result
from lib_bootcamp.surfaces.shared.found_pictures import find_pictures
from lib_bootcamp.surfaces.shared.given_pictures import picture_of
from lib_bootcamp.surfaces.shared.streamed import Streamed
from lib_bootcamp.surfaces.shared.wording import worded

from .flag_names import flags_of
from .given_texts import batch_rows, from_file

EXIT_NO, EXIT_SOME_FAILED = 1, 4


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the command line says beside the operation's own parameters."""

    out: str | None = None
    recursive: bool = False
    skip_existing: bool = False
    batch: str | None = None
    html: str | None = None
    json: bool = False
    quiet: bool = False
    stream: bool = False


@dataclass(frozen=True)
class Item:
    """One run: its raw values, the picture it is made from, and where its picture goes."""

    values: Mapping[str, Any]
    source: Path | None
    out: Path | None
    inside: Inside | None = None

    def write(self, path: Path, data: bytes) -> None:
        """Write a file of this run: of several, in their folder and never through a link that leads out of it."""
        if self.inside is not None:
            self.inside.write(path, data)
        else:
            write_atomically(path, data)


@dataclass(frozen=True)
class Outcome:
    """What became of one item."""

    record: dict[str, Any]
    line: str
    exit_code: int
    ends_all: bool = False


class Runner:
    """Reads the inputs, runs the operation on each, writes the pictures and prints the outcome."""

    def __init__(self, operation: Operation[Any, Any], host: Host, settings: Settings) -> None:
        self.operation = operation
        self.host = host
        self.settings = settings
        self.fields = {param.name: param for param in operation.params.fields()}
        positional = [param for param in self.fields.values() if param.spec.positional and param.kind == "image"]
        self.picture = positional[0].name if positional else None
        self.inputs: list[Path] = []
        self.left_out: dict[str, str] = {}

    def run(self, given: Mapping[str, Any]) -> int:
        """Run over everything the given texts name; returns the exit code."""
        values = dict(given)
        sources = values.pop(self.picture, None) if self.picture else None
        try:
            raw = {name: self._raw(name, text) for name, text in values.items()}
            items, several = self._items(raw, sources or [])
        except BootcampError as error:
            return self._print([failure(None, error, self.operation)], several=False)
        if several:
            return self._run_many(items)
        if self.settings.stream:
            return self._streamed(items[0])
        return self._print([self._one(items[0], self._progress())], several=False)

    def _streamed(self, item: Item) -> int:
        """One run, each of its steps a line of JSON as it is done, the result the last."""

        def keep(event: Event) -> None:
            print(json.dumps({"event": event.kind, **event.facts}, ensure_ascii=False), flush=True)

        outcome = self._one(item, Streamed(SilentProgress(), keep))
        name = "error" if outcome.exit_code > EXIT_NO else "result"
        print(json.dumps({"event": name, **outcome.record}, ensure_ascii=False), flush=True)
        return outcome.exit_code

    def _progress(self) -> Progress:
        return SilentProgress() if self.settings.quiet else self.host.progress()

    def _run_many(self, items: list[Item]) -> int:
        outcomes: list[Outcome] = []
        progress, one = self._progress(), partial(self._one, progress=SilentProgress())
        # maps that no network makes are functions of their pictures: on all cores
        is_map = issubclass(self.operation.result, ControlMap) and not self.operation.needs
        try:
            with contextlib.closing(map_ordered(one, items) if is_map else (one(each) for each in items)) as made:
                for each in track(progress, made, title=self.operation.name, total=len(items), unit="file"):
                    outcomes.append(each)
                    if each.exit_code > EXIT_NO:
                        complain(each.line)
                    if each.ends_all:
                        break
        except KeyboardInterrupt:
            self._print(outcomes, several=True)
            raise
        code = self._print(outcomes, several=True)
        if outcomes and outcomes[-1].ends_all:
            rest = len(items) - len(outcomes)
            complain(f"Stopped with {rest} left; --skip-existing continues when there is room.")
            return outcomes[-1].exit_code
        return code

    def _one(self, item: Item, progress: Progress) -> Outcome:
        path = str(item.source) if item.source else None
        if self.settings.skip_existing and item.out is not None and is_there(item.out):
            detail = f"{item.out} is there already"
            record = {"path": path, "out": str(item.out), "skipped": True, "detail": f"{detail}."}
            return Outcome(record, detail, 0)
        try:
            values = dict(item.values)
            if item.source is not None and self.picture:
                values[self.picture] = picture_of(self.fields[self.picture], item.source)
            params = self.operation.params_from(values)
            context = Context.of_terminal(self.host, progress)
            result = self.operation.run(params, context)
            written = self._write(item, params, result, context)
        except BootcampError as error:
            return failure(path, error, self.operation)
        record = {"operation": self.operation.name, "path": path, **written, **result.to_json()}
        line = " ".join(filter(None, [f"{on_one_line(path)}:" if path else "", result.summary(), _arrow(written)]))
        return Outcome(record, "\n".join([line, *result.lines()]), 0 if result.succeeded() else EXIT_NO)

    def _write(self, item: Item, params: Params, result: Result, context: Context) -> dict[str, Any]:
        written: dict[str, Any] = {}
        if self.settings.html is not None and self.operation.page is not None:
            page = self.operation.page(result, context)
            write_atomically(Path(self.settings.html), page.encode("utf-8", "replace"))
            written["html"] = self.settings.html
        if item.out is None:
            return written
        for name, data in result.files().items():
            path = self._file_out(item.out, result.suffix())
            item.write(path, data)
            written["out" if not written else name] = str(path)
        if not result.pictures():
            return written
        text = self.operation.made_text(params, result)
        for index, (name, picture) in enumerate(result.pictures().items()):
            path = item.out if not index else item.out.with_name(f"{item.out.stem}-{name.replace('_', '-')}.png")
            item.write(path, encode_image(picture, path.suffix, text))
            written["out" if not index else name] = str(path)
        return written

    def _file_out(self, out: Path, suffix: str) -> Path:
        """Where a result's file goes: never over a file it was made from, nor under another format's ending."""
        if self.settings.out is None:
            out = out.with_suffix(suffix)
        same = {".jpeg": ".jpg", ".jfif": ".jpg"}.get(out.suffix.lower(), out.suffix.lower())
        if same != suffix:
            raise OutputError(f"--out {out} must end in {suffix}, as the file it is made from.")
        if is_there(out) and any(out.samefile(each) for each in self.inputs):
            raise OutputError(f"--out {out} is the input itself", hint="give another name.")
        return out

    def _print(self, outcomes: list[Outcome], *, several: bool) -> int:
        if self.settings.json:
            records = self._records(outcomes)
            sys.stdout.write(json.dumps(records if several else records[0], ensure_ascii=False, indent=2) + "\n")
        elif not several:
            self._say(outcomes[0])
        elif not self.settings.quiet:
            for each in outcomes:
                if each.exit_code <= EXIT_NO:
                    print(each.line)
            failed = sum(each.exit_code > EXIT_NO for each in outcomes)
            left = f", {len(self.left_out):,} left out" if self.left_out else ""
            print(f"{len(outcomes) - failed} done, {failed} failed{left}.")
        if not self.settings.quiet:
            sys.stderr.writelines(f"{line}\n" for line in left_out_lines(self.left_out.items()))
        return exit_code_of([each.exit_code for each in outcomes], several=several)

    def _aside(self, line: str) -> None:
        """Show a person what is no result: beside JSON on standard error."""
        print(line, file=sys.stderr if self.settings.json else sys.stdout)

    def _records(self, outcomes: Iterable[Outcome]) -> list[dict[str, Any]]:
        """The record of each file, and of each that was left out."""
        left = ({"path": path, "skipped": True, "detail": why} for path, why in self.left_out.items())
        return [*(each.record for each in outcomes), *left]

    def _say(self, outcome: Outcome) -> None:
        if outcome.exit_code > EXIT_NO:
            complain(outcome.line)
        elif not self.settings.quiet:
            print(outcome.line)

    def _raw(self, name: str, text: Any) -> Any:
        if name == "preset" or not isinstance(text, str):
            return text
        param = self.fields[name]
        if param.kind == "image":
            return picture_of(param, Path(text))
        if param.kind == "file":
            self.inputs.append(Path(text))
            return read_file(Path(text))
        if param.kind in {"list", "object", "mapping"} and text.startswith("@"):
            return from_file(param, Path(text[1:]))
        return param.parse_text(text)

    def _items(self, raw: dict[str, Any], sources: list[str]) -> tuple[list[Item], bool]:
        if self.settings.batch is not None:
            rows = list(batch_rows(self.settings.batch))
            width = max(4, len(str(len(rows))))
            out = self._folder(None)
            names = [f"{self.operation.name}-{number:0{width}d}.png" for number in range(1, len(rows) + 1)]
            runs = [
                ({**raw, **self._row(row)}, None, out and out / name) for row, name in zip(rows, names, strict=True)
            ]
            return self._all(runs, out), True
        if not sources:
            return [self._single(raw, None)], False
        if len(sources) == 1 and not is_folder(Path(sources[0])):
            return [self._single(raw, Path(sources[0]))], False
        found = find_pictures([Path(each) for each in sources], self.left_out, recursive=self.settings.recursive)
        folder = self._folder(found)
        outs = _distinct([None if folder is None else folder / below.with_suffix(".png") for _, below in found])
        return self._all([(raw, path, out) for (path, _), out in zip(found, outs, strict=True)], folder), True

    @staticmethod
    def _all(runs: Sequence[tuple[Mapping[str, Any], Path | None, Path | None]], folder: Path | None) -> list[Item]:
        inside = None if folder is None else Inside(folder)
        return [Item(*each, inside) for each in runs]

    def _row(self, row: Mapping[str, Any]) -> dict[str, Any]:
        values = dict(row)
        for name, value in row.items():
            if name in self.fields and self.fields[name].kind in {"image", "file"} and isinstance(value, str):
                values[name] = self._raw(name, value)
        return values

    def _single(self, raw: Mapping[str, Any], source: Path | None) -> Item:
        name = source.stem if source else self.operation.name
        if self.settings.out is None:
            if self.operation.kind == "analysis":
                return Item(raw, source, None)
            folder, out = Path(), Path(f"{name}-{self.operation.name}.png" if source else f"{name}.png")
            return Item(raw, source, out, Inside(folder))
        out = Path(self.settings.out)
        inside = None
        if is_folder(out) or self.settings.out.endswith(("/", "\\")):
            inside, out = Inside(out), out / f"{name}.png"
        if out.suffix.lower() not in SUFFIXES:
            raise OutputError(f"--out {out}: no picture format has this ending", hint="use .png, .jpg or .webp.")
        if source is not None and is_there(out) and out.samefile(source):
            raise OutputError(f"--out {out} is the input itself", hint="give another name.")
        return Item(raw, source, out, inside)

    def _folder(self, found: list[tuple[Path, Path]] | None) -> Path | None:
        if self.settings.out is None:
            if self.operation.kind == "analysis":
                return None
            return Path(f"{self.operation.name}-out")
        folder = Path(self.settings.out)
        if folder.suffix.lower() in SUFFIXES or (is_there(folder) and not is_folder(folder)):
            raise OutputError(f"--out {folder} must be a folder, because several pictures are made.")
        if found and is_there(folder) and any(folder.samefile(path.parent) for path, _ in found):
            raise OutputError(f"--out {folder} is the folder of the inputs", hint="give another one.")
        return folder


def complain(line: str) -> None:
    """Report a mistake on standard error, on one line whatever is in it."""
    print(f"error: {on_one_line(line)}", file=sys.stderr)


def failure(path: str | None, error: BootcampError, operation: Operation[Any, Any]) -> Outcome:
    """The outcome of an item that came to a mistake, in the words of the command line."""
    sentence = worded(error, flags_of(operation))
    line = sentence if path is None or path in sentence else f"{path}: {sentence}"
    record = {"path": path, "error": type(error).__name__, "detail": str(error)}
    record |= {name: each for name, each in (("param", error.param), ("hint", error.hint)) if each}
    return Outcome(record, line, error.exit_code, ends_all=isinstance(error, StorageError))


def exit_code_of(codes: list[int], *, several: bool) -> int:
    """The exit code of a run from those of its items."""
    if not several:
        return codes[0]
    if any(code > EXIT_NO for code in codes):
        return EXIT_SOME_FAILED
    return max(codes, default=0)


def _arrow(written: Mapping[str, Any]) -> str:
    return on_one_line("-> " + ", ".join(str(each) for each in written.values())) if written else ""


def _distinct(paths: Iterable[Path | None]) -> list[Path | None]:
    """Give a.jpg and a.png, which both become a.png, names of their own."""
    taken: set[Path] = set()
    distinct: list[Path | None] = []
    for path in paths:
        candidate, number = path, 2
        while candidate is not None and path is not None and candidate in taken:
            candidate = path.with_name(f"{path.stem}-{number}{path.suffix}")
            number += 1
        if candidate is not None:
            taken.add(candidate)
        distinct.append(candidate)
    return distinct
