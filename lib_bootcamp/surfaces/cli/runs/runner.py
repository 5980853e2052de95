"""Runs one operation from the command line: the one loop over one input, a folder's or a batch's."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from lib_bootcamp.context import Context
from lib_bootcamp.core.files.atomic import check_writable, write_atomically
from lib_bootcamp.core.files.folders import is_folder, is_there
from lib_bootcamp.core.text.terminal import on_one_line
from lib_bootcamp.errors import BootcampError, InvalidParamError, named_by
from lib_bootcamp.job import Event
from lib_bootcamp.jobs.engines import Engine
from lib_bootcamp.jobs.engines.in_turn import InTurn
from lib_bootcamp.jobs.engines.threads import Threads
from lib_bootcamp.operation import Operation
from lib_bootcamp.ports import Host, Progress, SilentProgress, track
from lib_bootcamp.results import ControlMap, Result
from lib_bootcamp.surfaces.shared.found_pictures import find_pictures
from lib_bootcamp.surfaces.shared.given_pictures import picture_of
from lib_bootcamp.surfaces.shared.streamed import Streamed

from .flag_names import flags_of
from .given_texts import batch_rows, value_of
from .items import Item, batch_items, one_item, picture_items
from .outcomes import EXIT_NO, Outcome, Outcomes, complain, failure
from .written import write_files


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
    config: str | None = None
    print_config: bool = False
    plan: bool = False


class Runner:
    """Reads the inputs, runs the operation on each, writes the pictures and prints the outcomes."""

    def __init__(self, operation: Operation[Any, Any], host: Host, settings: Settings) -> None:
        self.operation, self.host, self.settings = operation, host, settings
        self.fields = {param.name: param for param in operation.params.fields()}
        pictures = (each.name for each in self.fields.values() if each.spec.positional and each.kind == "image")
        self.picture = next(pictures, "")
        self.inputs: list[Path] = []
        self.names = flags_of(operation)
        self.outcomes = Outcomes(json=settings.json, quiet=settings.quiet)

    def run(self, given: Mapping[str, Any]) -> int:
        """Run over everything the given texts name; returns the exit code.

        Raises:
            BootcampError: what ended it early, after the first item; what was done is printed.
        """
        try:
            return self.work(given)
        except BootcampError as error:
            if self.outcomes.printed:
                raise
            return self.outcomes.print_one(failure(None, error, self.names))

    def work(self, given: Mapping[str, Any]) -> int:
        """What `run` does."""
        self.check_outputs("html")
        values, sources = self.read(given, self.picture)
        out, batch = self.settings.out, self.settings.batch
        if batch is not None:
            rows = [{**values, **self._row(row)} for row in batch_rows(batch)]
            return self._over(batch_items(self.operation, rows, out))
        if len(sources) < 2 and not any(map(is_folder, sources)):
            return self._alone(one_item(self.operation, values, sources[0] if sources else None, out))
        found = find_pictures(sources, self.outcomes.left_out, recursive=self.settings.recursive)
        return self._over(picture_items(self.operation, values, found, out))

    def check_outputs(self, *flags: str) -> None:
        """Find out whether the files that these flags name can be written, before what takes long.

        Raises:
            StorageError, OutputError: one cannot; its flag is named.
        """
        for flag in flags:
            if (path := getattr(self.settings, flag)) is not None:
                with named_by(flag):
                    check_writable(Path(path))

    def read(self, given: Mapping[str, Any], files: str) -> tuple[dict[str, Any], list[Path]]:
        """The raw values of the given texts, and the files that the parameter `files` names.

        Raises:
            BootcampError: a file cannot be read, or a text is none of its parameter.
        """
        texts = dict(given)
        named = texts.pop(files, [])
        if "" in named:  # of a shell's variable that is not set, and not the folder that one is in
            raise InvalidParamError(files, "is empty", hint="name a file or a folder; . is the current one")
        sources = [Path(each) for each in named]
        return {name: self._value(name, text) for name, text in texts.items()}, sources

    def _value(self, name: str, text: Any) -> Any:
        if name not in self.fields or not isinstance(text, str):  # a preset's name
            return text
        if self.fields[name].kind == "file":
            self.inputs.append(Path(text))
        return value_of(self.fields[name], text)

    def _row(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """A batch's values, with the pictures and files that they name."""
        named = {name for name in row if name in self.fields and self.fields[name].kind in {"image", "file"}}
        return {name: self._value(name, value) if name in named else value for name, value in row.items()}

    def _alone(self, item: Item) -> int:
        if not self._is_there(item):
            item.check_writable()
        if not self.settings.stream:
            return self.outcomes.print_one(self._outcome(item, self.progress()))
        outcome = self._outcome(item, Streamed(SilentProgress(), _print_event), _print_part)
        _print_line("error" if outcome.exit_code > EXIT_NO else "result", outcome.record)
        return outcome.exit_code

    def progress(self) -> Progress:
        """The host's display, unless nothing is to be shown."""
        return SilentProgress() if self.settings.quiet else self.host.progress()

    def _over(self, items: Sequence[Item]) -> int:
        for each in [one for one in items if not self._is_there(one)][:1]:  # all lie in one folder
            each.check_writable()
        code = self.loop(self._outcomes(items))
        if self.outcomes.made and self.outcomes.made[-1].ends_all:
            rest = len(items) - len(self.outcomes.made)
            complain(f"Stopped with {rest} left; --skip-existing continues when there is room.")
            return self.outcomes.made[-1].exit_code
        return code

    def _outcomes(self, items: Sequence[Item]) -> Generator[Outcome, None, None]:
        # maps that no network makes are functions of their pictures: on all cores
        is_map = issubclass(self.operation.result, ControlMap) and not self.operation.needs
        engine: Engine = Threads() if is_map else InTurn()
        with closing(engine.map(partial(self._outcome, progress=SilentProgress()), items, ahead=0)) as made:
            yield from track(self.progress(), made, title=self.operation.name, total=len(items), unit="file")

    def loop(self, made: Generator[Outcome, None, None]) -> int:
        """Take each outcome as it is made; however it ends, what was done is printed. Returns the exit code."""
        try:
            with closing(made):
                for each in made:
                    self.outcomes.add(each)
                    if each.ends_all:
                        break
        except KeyboardInterrupt:
            self.report()
            raise
        except BootcampError:
            if self.outcomes.made:
                self.report()
            raise
        return self.finish()

    def finish(self) -> int:
        """What is done when the last item is; returns the exit code."""
        return self.report()

    def report(self) -> int:
        """Print the outcomes; returns the exit code."""
        return self.outcomes.print_all()

    def _outcome(self, item: Item, progress: Progress, viewer: Callable[[Result], None] | None = None) -> Outcome:
        path = str(item.source) if item.source else None
        if self._is_there(item):
            detail = f"{item.out} is there already"
            record = {"path": path, "out": str(item.out), "skipped": True, "detail": f"{detail}."}
            return Outcome(record, on_one_line(detail), 0)
        try:
            values = dict(item.values)
            if item.source is not None and self.picture:
                values[self.picture] = picture_of(self.fields[self.picture], item.source)
            params = self.operation.params_from(values)
            context = Context.of_terminal(self.host, progress).watched_by(viewer)
            result = self.operation.run(params, context)
            written = self._page(result, context) | write_files(item, self.operation, params, result, self.inputs)
        except BootcampError as error:
            return failure(path, error, self.names)
        record = {"operation": self.operation.name, "path": path, **written, **result.to_json()}
        arrow = on_one_line(f"-> {', '.join(written.values())}") if written else ""
        line = " ".join(filter(None, [f"{on_one_line(path)}:" if path else "", on_one_line(result.line()), arrow]))
        return Outcome(record, "\n".join([line, *result.lines()]), 0 if result.succeeded() else EXIT_NO)

    def _is_there(self, item: Item) -> bool:
        return self.settings.skip_existing and item.out is not None and is_there(item.out)

    def _page(self, result: Result, context: Context) -> dict[str, str]:
        """Write a result's HTML page, where it has one and it is asked for."""
        if self.settings.html is None or self.operation.page is None:
            return {}
        page = self.operation.page(result, context)
        with named_by("html"):
            write_atomically(Path(self.settings.html), page.encode("utf-8", "replace"))
        return {"html": self.settings.html}


def _print_event(event: Event) -> None:
    _print_line(event.kind, event.facts)


def _print_part(part: Result) -> None:
    if facts := part.to_json():  # a picture is not for a terminal
        _print_line("sample", facts)


def _print_line(name: str, facts: Mapping[str, Any]) -> None:
    print(json.dumps({"event": name, **facts}, ensure_ascii=False), flush=True)
