"""pip and what else is run to make an environment, its output shown on standard error. Standard library only."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

from .bootstrap import ALONE, SetupError, interpreter

SPACE_BYTES = 300_000_000
_LOOK_S = 0.2
STOPPED = "The set-up was stopped; the next call does it again from the start."
# pip must write into this environment, wherever the person's own settings send it
_HELD_BACK = {"PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_USER", "PYTHONHOME", "__PYVENV_LAUNCHER__"}
_INSTALL = ("-m", "pip", "install", "--no-input", "--disable-pip-version-check", "--no-compile")


def install(environment: Path, locks: Sequence[Path], handle: IO[str], *, again: bool) -> None:
    """Install locks into an environment, those in `ALONE` without what their packages declare.

    Args:
        environment: its folder.
        locks: requirement files.
        handle: the lock file, which pip holds too.
        again: write packages anew that are there.

    Raises:
        SetupError: pip has printed why they could not be installed, or it was stopped.
    """
    command = [str(interpreter(environment)), "-I", *_INSTALL, "--no-warn-script-location"]
    command += ["--force-reinstall"] if again else []
    for extra, chosen in (
        ([], [lock for lock in locks if lock.name not in ALONE]),
        (["--no-deps"], [lock for lock in locks if lock.name in ALONE]),
    ):
        files = [part for lock in chosen for part in ("-r", str(lock))]
        if files and run([*command, *extra, *files], handle):
            raise SetupError(_reason(environment))


def add(requirements: Sequence[str]) -> None:
    """Add packages to the environment that this process runs in, without what they declare.

    Raises:
        SetupError: pip has printed why they could not be installed, or it was stopped.
    """
    if run([sys.executable, *_INSTALL, "--no-deps", *requirements]):
        raise SetupError(_reason(Path(sys.prefix)))


def add_pip(python: Path, handle: IO[str]) -> None:
    """Give an environment pip.

    Raises:
        SetupError: there is none for this Python, or it was stopped.
    """
    if run([str(python), "-I", "-m", "ensurepip"], handle):
        raise SetupError(f"{python} has no pip, and could not be given one: Python says why above.")


def _reason(environment: Path) -> str:
    if shutil.disk_usage(environment).free < SPACE_BYTES:
        return "The disk is full: free about 1.5 GB and call again."
    return (
        "The packages could not be installed, pip says why above: connect this machine (or name a proxy in "
        "HTTPS_PROXY) where it found no index, and call again."
    )


def run(command: list[str], handle: IO[str] | None = None) -> int:
    """Run a program, its output on standard error; it ends when this one is stopped. Returns its exit code.

    Raises:
        SetupError: it was stopped.
    """
    settings = {name: value for name, value in os.environ.items() if name not in _HELD_BACK}
    with _interrupts_held() as interrupted:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=_shown(),
            stderr=subprocess.STDOUT,
            env=settings | {"PIP_USER": "0", "PYTHONUTF8": "1"},
            # the child holds the lock file too, so that a kill of this process alone lets nobody in beside it
            pass_fds=(handle.fileno(),) if handle is not None and os.name == "posix" else (),
        )
        while not interrupted:
            with contextlib.suppress(subprocess.TimeoutExpired):
                return process.wait(_LOOK_S)
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
        process.kill()
        process.wait()
    raise SetupError(STOPPED)


@contextlib.contextmanager
def _interrupts_held() -> Iterator[list[int]]:
    """Ctrl+C is only noted: raised while a program is being started, it would leave that one running unseen."""
    noted: list[int] = []
    before = signal.getsignal(signal.SIGINT)
    if not callable(before) or threading.current_thread() is not threading.main_thread():
        yield noted
        return
    signal.signal(signal.SIGINT, lambda number, _frame: noted.append(number))
    try:
        yield noted
    finally:
        signal.signal(signal.SIGINT, before)


def _shown() -> int:
    try:
        return sys.stderr.fileno()
    except (OSError, ValueError):  # under a test's or a notebook's own stream
        return subprocess.DEVNULL
