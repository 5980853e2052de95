"""Run by the WebUI before it reads its command line: adds this extension's flags to it."""

from __future__ import annotations

import argparse


def preload(parser: argparse.ArgumentParser) -> None:
    """Add the `--bootcamp-*` flags."""
    parser.add_argument(
        "--bootcamp-data-dir",
        type=str,
        default=None,
        help="folder for Bootcamp's journals and caches (default: bootcamp below the WebUI's data folder)",
    )
    parser.add_argument(
        "--bootcamp-device",
        type=str,
        default=None,
        help="torch device for Bootcamp's own models, like cpu or cuda:1 (default: the WebUI's)",
    )
    parser.add_argument(
        "--bootcamp-allow-dir",
        type=str,
        action="append",
        default=None,
        metavar="DIR",
        help="folder that callers of Bootcamp's API may name (may be given several times; default: none)",
    )
    parser.add_argument(
        "--bootcamp-allow-host",
        type=str,
        action="append",
        default=None,
        metavar="NAME",
        help="name that Bootcamp answers to beside this machine's own, as behind a reverse proxy (*.example.com: all "
        "below it, *: every name; may be given several times; nothing is asked under --listen, --share, --ngrok or a "
        "--server-name of another address)",
    )
