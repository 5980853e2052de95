"""What pip prints, for a person: how far it is, and why it failed. Standard library only."""

from __future__ import annotations

import re
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path


class PipProgress:
    """pip's output as one line on a terminal, as a line every ten seconds elsewhere.

    Args:
        total: how many packages are asked for.
        count_installed: counts the packages that are installed by now.
    """

    def __init__(self, total: int, count_installed: Callable[[], int]) -> None:
        self._clock = time.monotonic
        self._started = self._told = self._clock()
        self._count_installed = count_installed
        self._before = count_installed()
        self._total = total
        self._found = self._fetched = self._to_install = 0
        self._name = ""
        self._terminal = sys.stderr.isatty()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._tick, daemon=True)

    @property
    def installing(self) -> bool:
        """Whether pip has begun to change the environment."""
        return self._to_install > 0

    def __enter__(self) -> PipProgress:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        if self._terminal:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def read(self, line: str) -> bool:
        """Take one line of pip's; True when it says that the environment is changed from here on."""
        words = line.split()
        kind = words[0] if words else ""
        if kind == "Ignoring" or line.startswith("Requirement already satisfied"):
            self._total -= 1
        elif kind == "Collecting":
            self._found += 1
            self._name = words[1].partition("==")[0]
        elif kind in {"Downloading", "Using"} and ".metadata" not in line:
            self._fetched += 1
            self._name = _file_told(line)
        elif line.startswith("Installing collected packages"):
            self._to_install = line.count(",") + 1
            return True
        return False

    def text(self) -> str:
        """How far it is, in one line."""
        total = max(self._total, self._found, self._fetched)
        if self._to_install:
            done = min(self._count_installed() - self._before, self._to_install)
            what = f"installing {max(done, 0)} of {self._to_install}"
        elif self._fetched:
            what = f"fetching {self._fetched} of {total}: {self._name}"
        else:
            what = f"looking up {self._found} of {total}: {self._name}" if self._found else "starting pip"
        return f"  {self._clock() - self._started:3.0f} s  {what}"

    def _tick(self) -> None:
        while not self._over.wait(0.3):
            if self._terminal:
                sys.stderr.write(f"\r\x1b[K{self.text()[:78]}")
                sys.stderr.flush()
            elif self._clock() - self._told >= 10:
                self._told = self._clock()
                print(self.text(), file=sys.stderr, flush=True)


def _file_told(line: str) -> str:
    """`numpy (16.8 MB)` of `Downloading numpy-2.2.6-cp311-manylinux.whl (16.8 MB)`."""
    found = re.search(r"(?:Downloading|cached)\s+(?:\S*/)?([^\s/-]+)\S*(?:\s+(\(.*\)))?", line)
    return " ".join(part for part in found.groups() if part) if found else ""


_CAUSES = (
    (("No space left", "Errno 28", "not enough space"), "The disk is full: free about 1.5 GB and call again."),
    (
        ("ensurepip is not", "No module named ensurepip", "No module named venv", "python3-venv"),
        "This Python cannot make environments: on Debian and Ubuntu run `sudo apt install python3-venv` "
        "and call again.",
    ),
    (
        ("NewConnectionError", "NameResolutionError", "Failed to establish", "Temporary failure in name", "ProxyError",
         "Network is unreachable", "Read timed out", "ReadTimeoutError", "ConnectTimeout", "Connection refused",
         "ConnectionResetError", "SSLError", "(from versions: none)"),
        "The packages cannot be downloaded: connect this machine (or name a proxy in HTTPS_PROXY) and call again.",
    ),
)  # fmt: skip


def sentence(lines: Sequence[str], environment: Path) -> str:
    """Why pip or venv failed and what to do, from what it printed."""
    text = "\n".join(lines)
    for signs, sentence in _CAUSES:
        if any(sign in text for sign in signs):
            return sentence
    errors = [line.removeprefix("ERROR:").strip() for line in lines if line.startswith("ERROR:")]
    last = errors[0] if errors else next((line for line in reversed(lines) if line.strip()), "no reason was given")
    return f"{environment} could not be set up: {last.rstrip('.')}."
