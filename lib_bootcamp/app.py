"""Composition root: joins a host and the surfaces. `scripts/bootcamp.py` is the one inside the WebUI."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lib_bootcamp.surfaces.cli import main as cli

if TYPE_CHECKING:
    from lib_bootcamp.hosts.standalone import StandaloneHost


def main(argv: Sequence[str] | None = None, prepare: Callable[[str], None] | None = None) -> int:
    """Run one command of the command line on the standalone host; returns the exit code."""
    return cli.main(argv, _make_host, prepare)


def _make_host(given: Mapping[str, Any]) -> StandaloneHost:
    from lib_bootcamp.hosts.standalone import StandaloneHost
    from lib_bootcamp.ml.runtime.deferred_compiler import defer_compiler

    defer_compiler()
    return StandaloneHost(**given)
