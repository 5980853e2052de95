"""Make an environment and install locks into it with pip, whose output is shown as it comes. Standard library only.

What was interrupted is never taken for whole: the folder's state is `busy` until pip is done. A folder that this module
made is made anew when it was left so; one that somebody else made is only added to. One process at a time works on a
folder: a lock file beside it is held by the process and by the pip that it started.
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
from .bootstrap import SetupError, base_python, fingerprint, interpreter, is_whole, marker, state_file
from .folder_lock import locked

MINIMUM = (3, 10)


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
    except KeyboardInterrupt:
        raise SetupError(pip.STOPPED) from None
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
    return all(is_whole(environment, lock) for lock in locks) and not _was_of_another_python(environment)


def _was_of_another_python(environment: Path) -> bool:
    """Packages belong to the Python that they were installed with, which may have been replaced below the folder."""
    version = _version(environment)
    return any(not each.read_text(encoding="utf-8").endswith(f" {version}") for each in _markers(environment))


def _version(environment: Path) -> str:
    return ".".join(map(str, version_of(interpreter(environment)) or ("none",)))


def _state(environment: Path) -> tuple[str, str]:
    """Who made the folder (made: this module, adopted: somebody else, none: nobody) and how it was left."""
    with contextlib.suppress(FileNotFoundError):
        who, how, *_ = [*state_file(environment).read_text(encoding="utf-8").split(), "made", "busy"]
        return who, how
    if not environment.exists() or not any(environment.iterdir()):
        return "none", ""
    if not (environment / "pyvenv.cfg").exists():
        raise SetupError(f"{environment} holds files but no Python environment: remove it, or set BOOTCAMP_VENV.")
    found = version_of(interpreter(environment))
    if found is None or found < MINIMUM:
        raise SetupError(f"{environment} has no working Python 3.10 or newer: remove it, or set BOOTCAMP_VENV.")
    return "adopted", "whole"


def _leave(environment: Path, who: str, how: str) -> None:
    state_file(environment).write_text(f"{who} {how}\n", encoding="utf-8")


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


def _remove(environment: Path) -> None:
    """The state goes last: should this be interrupted, the rest is still known to be ours and not whole."""
    _leave(environment, "made", "busy")
    for entry in environment.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        elif entry != state_file(environment):
            entry.unlink()
    shutil.rmtree(environment)


def _create(environment: Path, python: str, handle: IO[str]) -> None:
    environment.mkdir(exist_ok=True)
    _leave(environment, "made", "busy")
    if pip.run([python, "-I", "-m", "venv", str(environment)], handle):
        raise SetupError(
            f"{environment} could not be made, Python says why above: on Debian and Ubuntu "
            "`sudo apt install python3-venv` adds what is missing."
        )


def _install(environment: Path, locks: Sequence[Path], who: str, handle: IO[str], *, how: str) -> None:
    """Run pip; where it failed without a change, what was whole stays so."""
    before = _packages(environment)
    if how == "busy":  # what was installed then may be half there
        for each in _markers(environment):
            each.unlink()
    _leave(environment, who, "busy")
    try:
        if not any(name.startswith("pip-") for name, _ in before):  # uv makes environments without it
            pip.add_pip(interpreter(environment), handle)
        pip.install(environment, locks, handle, again=how == "busy" and who == "adopted")
    except SetupError:
        if how == "whole" and _packages(environment) == before:
            _leave(environment, who, how)
        raise
    version = _version(environment)
    for lock in locks:
        marker(environment, lock).write_text(f"{fingerprint(lock)} {version}", encoding="utf-8")
    _leave(environment, who, "whole")


def _packages(environment: Path) -> set[tuple[str, float]]:
    """What is installed: each package's folder, and when it was written."""
    found = (
        each
        for libraries in ("lib/python*", "Lib")
        for each in environment.glob(f"{libraries}/site-packages/*.dist-info")
    )
    return {(each.name, each.stat().st_mtime) for each in found}


def _markers(environment: Path) -> list[Path]:
    return [each for each in environment.glob("bootcamp-*") if each != state_file(environment)]


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
