"""What came of each item of a run, printed as it comes; for a program all of it at the end."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, cast

from lib_bootcamp.core.text.left_out import left_out_lines
from lib_bootcamp.core.text.terminal import on_one_line
from lib_bootcamp.errors import BootcampError, StorageError
from lib_bootcamp.surfaces.shared.wording import worded

EXIT_NO, EXIT_SOME_FAILED = 1, 4


@dataclass(frozen=True)
class Outcome:
    """What became of one item."""

    record: dict[str, Any]
    line: str
    exit_code: int
    ends_all: bool = False

    @property
    def is_skipped(self) -> bool:
        """Whether nothing was done, because nothing had to be."""
        return bool(self.record.get("skipped"))


def failure(path: str | None, error: BootcampError, names: Mapping[str, str]) -> Outcome:
    """The outcome of an item that came to a mistake, in the words of the command line.

    Args:
        path: its file.
        error: the mistake.
        names: what the command calls its parameters.
    """
    sentence = worded(error, names, here=True)
    line = sentence if path is None or path in sentence else f"{path}: {sentence}"
    record = {"path": path, "error": type(error).__name__, "detail": str(error)}
    record |= {name: each for name, each in (("param", error.param), ("hint", error.hint)) if each}
    return Outcome(record, line, error.exit_code, ends_all=isinstance(error, StorageError))


@dataclass(kw_only=True)
class Outcomes:
    """The outcomes of one run, in order.

    Args:
        json: whether a program reads standard output.
        quiet: whether nothing but mistakes is printed.
        made: them.
        left_out: what lies in the folders and is not taken, with a sentence about each.
        printed: whether they are printed.
        unprinted: lines that could not be printed as they came.
    """

    json: bool = False
    quiet: bool = False
    made: list[Outcome] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    printed: bool = False
    unprinted: list[str] = field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        """One more."""
        self.made.append(outcome)
        if outcome.exit_code > EXIT_NO:
            complain(outcome.line)
        elif not (self.json or self.quiet or printed_at_once(outcome.line)):
            self.unprinted.append(outcome.line)

    def print_one(self, outcome: Outcome) -> int:
        """Print the only one; returns the exit code."""
        if self.json:
            print_json(outcome.record)
        elif outcome.exit_code > EXIT_NO:
            complain(outcome.line)
        elif not self.quiet:
            print(outcome.line)
        return outcome.exit_code

    def print_all(self) -> int:
        """Print them and what was left out; returns the exit code of the run."""
        self.printed = True
        failed = sum(each.exit_code > EXIT_NO for each in self.made)
        if self.json:
            print_json(self.records())
        elif not self.quiet:
            sys.stdout.writelines(f"{each}\n" for each in self.unprinted)
            skipped = sum(each.is_skipped for each in self.made)
            counts = [f"{len(self.made) - failed - skipped:,} done", f"{failed:,} failed"]
            more = ((skipped, "skipped"), (len(self.left_out), "left out"))
            print(", ".join([*counts, *(f"{count:,} {word}" for count, word in more if count)]) + ".")
        if not self.quiet:
            sys.stderr.writelines(f"{line}\n" for line in left_out_lines(self.left_out.items()))
        return EXIT_SOME_FAILED if failed else max((each.exit_code for each in self.made), default=0)

    def records(self) -> list[dict[str, Any]]:
        """The record of each file, and of each that was left out."""
        left = ({"path": path, "skipped": True, "detail": why} for path, why in self.left_out.items())
        return [*(each.record for each in self.made), *left]

    def aside(self, lines: Iterable[str]) -> None:
        """Show a person what is no result: beside JSON on standard error, and not where quiet is asked for."""
        if not self.quiet:
            out = sys.stderr if self.json else sys.stdout
            out.writelines(f"{line}\n" for line in lines)


def complain(line: str) -> None:
    """Report a mistake on standard error, on one line whatever is in it."""
    mention(f"error: {line}")


def mention(line: str) -> None:
    """Print on standard error what is worth knowing and no mistake, on one line."""
    print(on_one_line(line), file=sys.stderr)


def printed_at_once(line: str) -> bool:
    """Print a line while work goes on, above its bar; whether it could be: the work does not end with who reads it."""
    try:
        with _above_the_bar():
            print(line, flush=True)
    except OSError:
        return False
    return True


def _above_the_bar() -> AbstractContextManager[Any]:
    if not sys.stderr.isatty():
        return nullcontext()
    from tqdm import tqdm

    return cast("AbstractContextManager[Any]", tqdm.external_write_mode())


def print_json(value: Mapping[str, Any] | Sequence[Any]) -> None:
    """JSON on standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")
