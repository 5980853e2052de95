"""Values of flags that are no operation's; what is wrong with one ends with exit code 2, as argparse does it."""

from __future__ import annotations

import argparse
from pathlib import Path

from lib_bootcamp.core.files.folders import is_folder


def port(text: str) -> int:
    """A TCP port."""
    if text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= 65535:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text[:40]!r} is not a port; give 1 to 65535")


def place(text: str) -> str:
    """A file or a folder; nothing is what a shell makes of a variable that is not set."""
    if not text:
        raise argparse.ArgumentTypeError("is empty; name a file or a folder, . is the current one")
    return text


def folder_there(text: str) -> Path:
    """A folder that is there."""
    path = Path(text)
    if not is_folder(path):
        raise argparse.ArgumentTypeError(f"folder not found: {text[:200]}")
    return path
