"""The command line's skeleton: every command with one line about it; its flags are added when it is called.

So `--help` imports no operation and nothing that one stands on, and a command imports its own alone.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

from lib_bootcamp import __version__
from lib_bootcamp.catalog import ENTRIES, Entry
from lib_bootcamp.setup import bootstrap

from .commands import COMMANDS, Command
from .model_flags import add_model_flags

KEEPING = "\n".join(f"  {name:14} {what}" for name, what in bootstrap.COMMANDS.items())
EXIT_CODES = """\
Exit codes: 0 done; 1 the answer is no (a code that does not scan, a picture that does not say
how it was made, captions that were skipped); 2 a parameter is wrong; 3 a file cannot be read or
written, or something is missing; 4 some items of a folder failed; 130 interrupted.
"""
EPILOG = f"of the program itself:\n{KEEPING}\n\n{EXIT_CODES}"


class _Parser(argparse.ArgumentParser):
    """One that is filled when it is used, and that says so where its help cannot be written (argparse says nothing)."""

    fill: Callable[[Any], None] | None = None

    def parse_known_args(self, *args: Any, **kwargs: Any) -> Any:
        """As argparse's, with the flags added first."""
        if self.fill is not None:
            fill, self.fill = self.fill, None
            fill(self)
        return super().parse_known_args(*args, **kwargs)

    def _print_message(self, message: str, file: Any = None) -> None:
        if message:
            (file or sys.stderr).write(message)


def build_parser() -> argparse.ArgumentParser:
    """The whole command line, derived from the catalog."""
    parser = _Parser(
        prog="python -m lib_bootcamp",
        description="Control maps, QR-code art and more for Stable Diffusion.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"sd-webui-bootcamp {__version__}")
    add_model_flags(parser)
    subparsers = parser.add_subparsers(title="commands", dest="command", required=True, metavar="COMMAND")
    for command in COMMANDS:
        made = subparsers.add_parser(command.name, help=command.help, description=command.help)
        made.fill = partial(_fill_command, command)
    groups: dict[str, Any] = {}
    for entry in ENTRIES:
        *group, name = entry.words
        if group and group[0] not in groups:
            groups[group[0]] = _add_group(subparsers, group[0])
        _add_entry(groups[group[0]] if group else subparsers, name, entry)
    return parser


def _fill_command(command: Command, parser: argparse.ArgumentParser) -> None:
    command.fill(parser)
    if command.models:
        add_model_flags(parser)


def _add_group(subparsers: Any, word: str) -> Any:
    """A command whose second word says what is done, as in `dataset report`."""
    members = [each for each in ENTRIES if each.words[:-1] == (word,)]
    listed = ", ".join(each.words[-1] for each in members)
    parser = subparsers.add_parser(word, help=f"{listed}: {members[0].summary}", description=f"One of {listed}.")
    return parser.add_subparsers(title="commands", required=True, metavar="COMMAND")


def _add_entry(subparsers: Any, name: str, entry: Entry) -> None:
    parser = subparsers.add_parser(
        name, help=entry.summary, description=entry.summary, argument_default=argparse.SUPPRESS
    )
    parser.fill = partial(_fill_entry, entry)


def _fill_entry(entry: Entry, parser: argparse.ArgumentParser) -> None:
    from .flags import add_operation

    add_operation(parser, entry.operation)
