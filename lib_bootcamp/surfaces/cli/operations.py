"""`operations`: the list of them."""

from __future__ import annotations

import argparse
import json

from lib_bootcamp.ports import Host


def fill(parser: argparse.ArgumentParser) -> None:
    """Add its flags, and what runs it."""
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run)


def run(host: Host, arguments: argparse.Namespace) -> int:
    """Print them, as JSON Schema where that is asked for; returns the exit code."""
    if arguments.json:
        from lib_bootcamp.catalog import OPERATIONS
        from lib_bootcamp.surfaces.shared.described import described

        print(json.dumps(described(OPERATIONS), ensure_ascii=False, indent=2))
        return 0
    from lib_bootcamp.catalog import ENTRIES

    for each in ENTRIES:
        print(f"{' '.join(each.words):16} {each.summary}")
    return 0
