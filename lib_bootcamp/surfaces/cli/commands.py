"""The commands that are no operations: demo, serve, export, jobs, operations, info."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse


@dataclass(frozen=True)
class Command:
    """A command of the command line that is not derived from an operation.

    Args:
        name: of the command.
        help: one sentence.
        module: the file beside this one whose `fill` adds flags and `run` to the command's parser.
        needs: `models` where what runs on torch is installed before it runs.
        models: whether it takes the flags that choose models.
    """

    name: str
    help: str
    module: str
    needs: str = ""
    models: bool = False

    def fill(self, parser: argparse.ArgumentParser) -> None:
        """Add its flags, and what runs it, to its parser."""
        parser.set_defaults(needs=self.needs)
        import_module(f".{self.module}", __package__).fill(parser)


COMMANDS = (
    Command(
        "demo",
        "make control maps, scan the code back, draw pictures and label what is in them",
        "demo",
        needs="models",
        models=True,
    ),
    Command(
        "serve",
        "open a page with a tab for each operation, and the API, on this machine",
        "serve",
        needs="models",
        models=True,
    ),
    Command(
        "export",
        "write a checkpoint as one file that the WebUI loads, with its .yaml",
        "export",
        needs="models",
        models=True,
    ),
    Command("jobs", "list the jobs; show, resume, pause, cancel, undo or remove one", "jobs"),
    Command("operations", "list the operations, with --json as JSON Schema", "operations"),
    Command("info", "show the host, the device and the installed packages", "info"),
)
