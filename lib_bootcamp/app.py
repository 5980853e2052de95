"""Composition root: joins a host and the surfaces. `scripts/bootcamp.py` is the one inside the WebUI."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lib_bootcamp.hosts.standalone import StandaloneHost
from lib_bootcamp.surfaces.cli import main as cli


def main(argv: Sequence[str] | None = None, prepare: Callable[[str], None] | None = None) -> int:
    """Run one command of the command line on the standalone host; returns the exit code."""
    return cli.main(argv, lambda given: StandaloneHost(**given), prepare)
