"""Runs one operation from the command line over one input, a folder, or a batch file."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from lib_bootcamp.core.ahead import in_order
from lib_bootcamp.core.images import (
    READ_SUFFIXES,
    SUFFIXES,
    read_file,
    read_png_text,
    write_image,
)
from lib_bootcamp.core.write_files import write_atomically
from lib_bootcamp.errors import BootcampError, ImageError, InvalidParamError, OutputError
from lib_bootcamp.operation import Context, ControlMap, Operation, Result
from lib_bootcamp.params import Param, Params
from lib_bootcamp.ports import Host, Progress, SilentProgress, track

from .described import CHUNK, picture_text
from .given_pictures import picture_of

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


@dataclass(frozen=True)
class Item:
    """One run: its raw values, the picture it is made from, and where its picture goes."""

    values: Mapping[str, Any]
    source: Path | None
    out: Path | None


@dataclass(frozen=True)
class Outcome:
    """What became of one item."""

    record: dict[str, Any]
    line: str
    exit_code: int


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

    def run(self, given: Mapping[str, Any]) -> int:
        """Run over everything the given texts name; returns the exit code."""
        values = dict(given)
        sources = values.pop(self.picture, None) if self.picture else None
        try:
            raw = {name: self._raw(name, text) for name, text in values.items()}
            items, several = self._items(raw, sources or [])
        except BootcampError as error:
            return self._print([failure(None, error)], several=False)
        if several:
            return self._run_many(items)
        return self._print([self._one(items[0], self._progress())], several=False)

    def _progress(self) -> Progress:
        return SilentProgress() if self.settings.quiet else self.host.progress()

    def _run_many(self, items: list[Item]) -> int:
        outcomes: list[Outcome] = []
        progress, one = self._progress(), partial(self._one, progress=SilentProgress())
        # maps that no network makes are functions of their pictures: on all cores
        is_map = issubclass(self.operation.result, ControlMap) and not self.operation.needs
        try:
            with contextlib.closing(in_order(one, items) if is_map else (one(each) for each in items)) as made:
                for each in track(progress, made, title=self.operation.name, total=len(items), unit="file"):
                    outcomes.append(each)
                    if each.exit_code > EXIT_NO:
                        print(f"error: {each.line}", file=sys.stderr)
        except KeyboardInterrupt:
            self._print(outcomes, several=True)
            raise
        return self._print(outcomes, several=True)

    def _one(self, item: Item, progress: Progress) -> Outcome:
        path = str(item.source) if item.source else None
        if self.settings.skip_existing and item.out is not None and item.out.exists():
            return Outcome({"path": path, "out": str(item.out), "skipped": True}, f"{item.out} is there already", 0)
        try:
            values = dict(item.values)
            if item.source is not None and self.picture:
                values[self.picture] = picture_of(self.fields[self.picture], item.source)
            params = self.operation.params_from(values)
            result = self.operation.run(params, Context.of_terminal(self.host, progress))
            written = self._write(item, params, result)
        except BootcampError as error:
            return failure(path, error)
        record = {"operation": self.operation.name, "path": path, **written, **result.facts()}
        line = " ".join(filter(None, [f"{path}:" if path else "", result.summary(), _arrow(written)]))
        return Outcome(record, "\n".join([line, *result.lines()]), 0 if result.succeeded() else EXIT_NO)

    def _write(self, item: Item, params: Params, result: Result) -> dict[str, Any]:
        written: dict[str, Any] = {}
        if self.settings.html is not None and self.operation.page is not None:
            write_atomically(Path(self.settings.html), self.operation.page(result).encode("utf-8", "replace"))
            written["html"] = self.settings.html
        if item.out is None:
            return written
        for name, data in result.files().items():
            path = self._file_out(item.out, result.suffix())
            write_atomically(path, data)
            written["out" if not written else name] = str(path)
        if not result.pictures():
            return written
        text = picture_text(self.operation, params, result)
        for index, (name, picture) in enumerate(result.pictures().items()):
            path = item.out if not index else item.out.with_name(f"{item.out.stem}-{name.replace('_', '-')}.png")
            write_image(path, picture, text)
            written["out" if not index else name] = str(path)
        return written

    def _file_out(self, out: Path, suffix: str) -> Path:
        """Where a result's file goes: never over a file it was made from, nor under another format's ending."""
        if self.settings.out is None:
            out = out.with_suffix(suffix)
        same = {".jpeg": ".jpg", ".jfif": ".jpg"}.get(out.suffix.lower(), out.suffix.lower())
        if same != suffix:
            raise OutputError(f"--out {out} must end in {suffix}, as the file it is made from.")
        if out.exists() and any(out.samefile(each) for each in self.inputs):
            raise OutputError(f"--out {out} is the input itself; give another name.")
        return out

    def _print(self, outcomes: list[Outcome], *, several: bool) -> int:
        if self.settings.json:
            records = [each.record for each in outcomes]
            sys.stdout.write(json.dumps(records if several else records[0], ensure_ascii=False, indent=2) + "\n")
        elif not several:
            self._say(outcomes[0])
        elif not self.settings.quiet:
            for each in outcomes:
                if each.exit_code <= EXIT_NO:
                    print(each.line)
            failed = sum(each.exit_code > EXIT_NO for each in outcomes)
            print(f"{len(outcomes) - failed} done, {failed} failed.")
        return exit_code_of([each.exit_code for each in outcomes], several=several)

    def _say(self, outcome: Outcome) -> None:
        if outcome.exit_code > EXIT_NO:
            print(f"error: {outcome.line}", file=sys.stderr)
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
            return _from_file(param, Path(text[1:]))
        return param.parse_text(text)

    def _items(self, raw: dict[str, Any], sources: list[str]) -> tuple[list[Item], bool]:
        if self.settings.batch is not None:
            rows = list(_batch_rows(self.settings.batch))
            width = max(4, len(str(len(rows))))
            out = self._folder(None)
            items = [
                Item({**raw, **self._row(row)}, None, out and out / f"{self.operation.name}-{number:0{width}d}.png")
                for number, row in enumerate(rows, 1)
            ]
            return items, True
        if not sources:
            return [Item(raw, None, self._single_out(None))], False
        if len(sources) == 1 and not Path(sources[0]).is_dir():
            source = Path(sources[0])
            return [Item(raw, source, self._single_out(source))], False
        found = list(find_pictures([Path(each) for each in sources], recursive=self.settings.recursive))
        if not found:
            raise ImageError(f"{', '.join(sources)}: no pictures are in there; --recursive looks into folders inside.")
        folder = self._folder(found)
        outs = _distinct([None if folder is None else folder / below.with_suffix(".png") for _, below in found])
        return [Item(raw, path, out) for (path, _), out in zip(found, outs, strict=True)], True

    def _row(self, row: Mapping[str, Any]) -> dict[str, Any]:
        values = dict(row)
        for name, value in row.items():
            if name in self.fields and self.fields[name].kind in {"image", "file"} and isinstance(value, str):
                values[name] = self._raw(name, value)
        return values

    def _single_out(self, source: Path | None) -> Path | None:
        if self.settings.out is None:
            if self.operation.kind == "analysis":
                return None
            stem = f"{source.stem}-" if source else ""
            return Path(f"{stem}{self.operation.name}.png")
        out = Path(self.settings.out)
        if out.is_dir() or self.settings.out.endswith(("/", "\\")):
            out = out / f"{source.stem if source else self.operation.name}.png"
        if out.suffix.lower() not in SUFFIXES:
            raise OutputError(f"--out {out}: no picture format has this ending; use .png, .jpg or .webp.")
        if source is not None and out.exists() and out.samefile(source):
            raise OutputError(f"--out {out} is the input itself; give another name.")
        return out

    def _folder(self, found: list[tuple[Path, Path]] | None) -> Path | None:
        if self.settings.out is None:
            if self.operation.kind == "analysis":
                return None
            return Path(f"{self.operation.name}-out")
        folder = Path(self.settings.out)
        if folder.suffix.lower() in SUFFIXES or folder.is_file():
            raise OutputError(f"--out {folder} must be a folder, because several pictures are made.")
        if found and folder.exists() and any(folder.samefile(path.parent) for path, _ in found):
            raise OutputError(f"--out {folder} is the folder of the inputs; give another one.")
        return folder


def failure(path: str | None, error: BootcampError) -> Outcome:
    """The outcome of an item that came to a mistake."""
    line = str(error) if path is None or path in str(error) else f"{path}: {error}"
    return Outcome({"path": path, "error": type(error).__name__, "detail": str(error)}, line, error.exit_code)


def exit_code_of(codes: list[int], *, several: bool) -> int:
    """The exit code of a run from those of its items."""
    if not several:
        return codes[0]
    if any(code > EXIT_NO for code in codes):
        return EXIT_SOME_FAILED
    return max(codes, default=0)


def _arrow(written: Mapping[str, Any]) -> str:
    return "-> " + ", ".join(str(each) for each in written.values()) if written else ""


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


def find_pictures(sources: Iterable[Path], *, recursive: bool) -> Iterator[tuple[Path, Path]]:
    """Each picture with its path below the source it was found in; a file named by hand is always taken."""
    for source in sources:
        if not source.is_dir():
            yield source, Path(source.name)
            continue
        for path in sorted(source.rglob("*") if recursive else source.iterdir()):
            if path.suffix.lower() in READ_SUFFIXES and path.is_file() and not path.name.startswith("."):
                yield path, path.relative_to(source)


def _batch_rows(name: str) -> Iterator[dict[str, Any]]:
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise InvalidParamError("--batch", f"cannot be read: {error}") from None
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        row = None
        with contextlib.suppress(ValueError, RecursionError):
            row = json.loads(line)
        if not isinstance(row, dict):
            raise InvalidParamError("--batch", f"line {number} is not a JSON object")
        yield row


def _from_file(param: Param, path: Path) -> Any:
    """Read a list or object from a JSON file, or from what a map's PNG file tells about itself."""
    try:
        text = read_png_text(path).get(CHUNK) if path.suffix.lower() == ".png" else path.read_text(encoding="utf-8-sig")
        data = json.loads(text or "")
    except (OSError, ValueError, RecursionError):
        raise InvalidParamError(
            param.name, f"cannot be read from {path}; give a JSON file or a map made here"
        ) from None
    for holder in (data.get("result"), data) if isinstance(data, dict) else ():
        if isinstance(holder, dict) and param.name in holder:
            return holder[param.name]
    return data
