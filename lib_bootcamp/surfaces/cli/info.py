"""`info`: what runs here."""

from __future__ import annotations

import argparse
import dataclasses
import json

from lib_bootcamp.ports import Host


def fill(parser: argparse.ArgumentParser) -> None:
    """Add its flags, and what runs it."""
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run)


def run(host: Host, arguments: argparse.Namespace) -> int:
    """Print the host, its device and the packages; returns the exit code."""
    info = dataclasses.asdict(host.info())
    if arguments.json:
        print(json.dumps(info, indent=2))
    else:
        for name, value in info.items():
            shown = ", ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, dict) else value
            print(f"{name:12} {shown or 'none'}")
    return 0
