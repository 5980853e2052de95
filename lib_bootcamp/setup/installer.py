"""Make an environment and install locks into it with pip, whose output is shown as it comes. Standard library only.

What was interrupted is never taken for whole: markers go before pip begins and come back when it is done. A folder that
this module made is made anew when it was left unfinished; one that somebody else made is only added to. One process at
a time works on a folder: a lock file beside it is held by the process and by the pip that it started.
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from . import pip
from .bootstrap import SetupError, base_python, fingerprint, interpreter, is_whole, marker
from .folder_lock import locked

MINIMUM = (3, 10)
_STATE = "bootcamp-state"  # who made the folder (made, adopted) and how it was left (busy, whole)


def ensure(environment: Path, locks: Sequence[Path], *, python: str | None = None, fresh: bool = False) -> Path:
    """Make the environment hold these locks; returns its Python.

    Args:
        environment: its folder, which is made where it is missing.
        locks: requirement files, installed together.
        python: the interpreter to make it with; this one by default.
        fresh: make it anew even if it is whole.

    Raises:
        SetupError: no connection, no space, no rights, interrupted, or something that pip reported, in one sentence.
    """
    if not fresh and _is_ready(environment, locks):
        return interpreter(environment)
    try:
        environment.parent.mkdir(parents=True, exist_ok=True)
        with locked(
            Path(f"{environment}.lock"), f"Another call is setting up {environment}; waiting for it."
        ) as handle:
            if fresh or not _is_ready(environment, locks):
                _make(environment, locks, python or base_python(), handle, fresh=fresh)
    except PermissionError as error:
        raise SetupError(
            f"{error.filename or environment} cannot be written: set BOOTCAMP_VENV to a folder of your own."
        ) from error
    except OSError as error:
        raise SetupError(f"{environment} could not be set up: {error.strerror or error}.") from error
    return interpreter(environment)


def version_of(python: str | Path) -> tuple[int, int] | None:
    """The version of an interpreter, or None when it does not run."""
    code = "import sys; print(*sys.version_info[:2])"
    try:
        printed = subprocess.run([str(python), "-I", "-c", code], capture_output=True, text=True, check=True)
        major, minor = printed.stdout.split()
    except (OSError, subprocess.CalledProcessError, ValueError):
        return None
    return int(major), int(minor)


def _is_ready(environment: Path, locks: Sequence[Path]) -> bool:
    """`is_whole` for all, and the Python below is still the one that they were installed with."""
    if not all(is_whole(environment, lock) for lock in locks):
        return False
    version = _version(environment)
    return all(marker(environment, lock).read_text(encoding="utf-8").endswith(f" {version}") for lock in locks)


def _version(environment: Path) -> str:
    found = version_of(interpreter(environment))
    return "none" if found is None else f"{found[0]}.{found[1]}"


def _state(environment: Path) -> tuple[str, str]:
    """Who made the folder (made: this module, adopted: somebody else, none: nobody) and how it was left."""
    with contextlib.suppress(FileNotFoundError):
        words = (environment / _STATE).read_text(encoding="utf-8").split()
        return words[0] if words else "made", words[1] if len(words) > 1 else "busy"
    if not environment.exists() or not any(environment.iterdir()):
        return "none", ""
    if not (environment / "pyvenv.cfg").exists():
        raise SetupError(f"{environment} holds files but no Python environment: remove it, or set BOOTCAMP_VENV.")
    found = version_of(interpreter(environment))
    if found is None or found < MINIMUM:
        raise SetupError(f"{environment} has no working Python 3.10 or newer: remove it, or set BOOTCAMP_VENV.")
    return "adopted", "whole"


def _leave(environment: Path, who: str, how: str) -> None:
    (environment / _STATE).write_text(f"{who} {how}\n", encoding="utf-8")


def _make(environment: Path, locks: Sequence[Path], python: str, handle: IO[str], *, fresh: bool) -> None:
    started = time.monotonic()
    who, how = _state(environment)
    if fresh and who == "adopted":
        raise SetupError(f"{environment} was not made by this program: remove it by hand to have it made again.")
    if who == "made" and (fresh or how == "busy" or _was_of_another_python(environment)):
        _remove(environment)
        who = "none"
    names = " and ".join(each.name for each in locks)
    if who == "none":
        _say(f"Setting up {environment} from {names}, once; it may take a minute or two.")
        try:
            _create(environment, python, handle)
            _install(environment, locks, "made", handle, how="busy")
        except BaseException:
            _remove(environment)
            raise
    else:
        _say(f"Bringing {environment} up to {names}.")
        _install(environment, locks, who, handle, how=how)
    _say(f"Ready after {time.monotonic() - started:.0f} s.")


def _was_of_another_python(environment: Path) -> bool:
    """Packages belong to the Python that they were installed with, which may have been replaced below the folder."""
    version = _version(environment)
    return any(not text.endswith(f" {version}") for text in _marks(environment).values())


def _remove(environment: Path) -> None:
    _leave(environment, "made", "busy")
    # The state goes last: should this be interrupted, the rest is still known to be ours and not whole.
    for entry in environment.iterdir():
        if entry.name == _STATE:
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
    shutil.rmtree(environment)


def _create(environment: Path, python: str, handle: IO[str]) -> None:
    environment.mkdir(exist_ok=True)
    _leave(environment, "made", "busy")
    if pip.run([python, "-I", "-c", "import ensurepip, venv"], handle, shown=False):
        raise SetupError(
            "This Python cannot make environments: on Debian and Ubuntu run `sudo apt install python3-venv` "
            "and call again."
        )
    if pip.run([python, "-I", "-m", "venv", str(environment)], handle):
        raise SetupError(f"{environment} could not be made: Python says why above.")


def _install(environment: Path, locks: Sequence[Path], who: str, handle: IO[str], *, how: str) -> None:
    """Run pip; where it failed without a change, what was whole stays so."""
    before, kept = _packages(environment), _marks(environment)
    _leave(environment, who, "busy")
    for each in kept:
        each.unlink()
    try:
        pip.install(environment, locks, handle, again=how == "busy" and who == "adopted")
    except SetupError:
        if how == "whole" and _packages(environment) == before:
            _mark(environment, who, kept)
        raise
    version = _version(environment)
    _mark(environment, who, kept | {marker(environment, lock): f"{fingerprint(lock)} {version}" for lock in locks})


def _packages(environment: Path) -> set[tuple[str, float]]:
    """What is installed: each package's folder, and when it was written."""
    found = (
        *environment.glob("lib/python*/site-packages/*.dist-info"),
        *environment.glob("Lib/site-packages/*.dist-info"),
    )
    return {(each.name, each.stat().st_mtime) for each in found}


def _marks(environment: Path) -> dict[Path, str]:
    files = (each for each in environment.glob("bootcamp-*") if each.name != _STATE)
    return {each: each.read_text(encoding="utf-8") for each in files}


def _mark(environment: Path, who: str, marks: dict[Path, str]) -> None:
    for file, text in marks.items():
        file.write_text(text, encoding="utf-8")
    _leave(environment, who, "whole")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
