"""Make an environment and install locks into it. Standard library only.

Markers go when pip begins to change anything and come back when it is done, so what was interrupted is
never taken for whole. A folder this module made is emptied when it was left unfinished; one that somebody else
made is only added to. One process at a time works on a folder: a lock file beside it is held by the
process and by the pip that it started.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

from .bootstrap import ALONE, SetupError, base_python, fingerprint, interpreter, is_whole, marker
from .pip_output import PipProgress, sentence

MINIMUM = (3, 10)
_STATE = "bootcamp-state"  # who made the folder (made, adopted), how it was left (busy, whole)


class _PipError(Exception):
    """pip or venv ended with an error; `touched` when it may have changed the environment already."""

    def __init__(self, lines: list[str], *, touched: bool) -> None:
        super().__init__("pip")
        self.lines = lines
        self.touched = touched


def ensure(environment: Path, locks: Sequence[Path], *, python: str | None = None, fresh: bool = False) -> Path:
    """Make the environment hold these locks; returns its Python.

    Args:
        environment: its folder, which is made where it is missing.
        locks: requirement files, installed together.
        python: the interpreter to make it with; this one by default.
        fresh: make it anew even if it is whole.

    Raises:
        SetupError: no connection, no space, no rights, interrupted, or pip's own error, in one sentence.
    """
    if not fresh and _is_ready(environment, locks):
        return interpreter(environment)
    try:
        environment.parent.mkdir(parents=True, exist_ok=True)
        with _alone(environment) as handle:
            if fresh or not _is_ready(environment, locks):
                _make(environment, locks, python or base_python(), handle, fresh=fresh)
    except PermissionError as error:
        raise SetupError(
            f"{error.filename or environment} cannot be written: set BOOTCAMP_VENV to a folder of your own."
        ) from error
    except OSError as error:
        raise SetupError(sentence([str(error)], environment)) from error
    return interpreter(environment)


def version_of(python: str | Path) -> tuple[int, int] | None:
    """The version of an interpreter, or None when it does not run."""
    code = "import sys; print(*sys.version_info[:2])"
    try:
        told = subprocess.run([str(python), "-I", "-c", code], capture_output=True, text=True, check=True)
        major, minor = told.stdout.split()
    except (OSError, subprocess.CalledProcessError, ValueError):
        return None
    return int(major), int(minor)


def _told(version: tuple[int, int] | None) -> str:
    return "none" if version is None else f"{version[0]}.{version[1]}"


def _is_ready(environment: Path, locks: Sequence[Path]) -> bool:
    """`is_whole` for all, and the Python below is still the one that they were installed with."""
    if not all(is_whole(environment, lock) for lock in locks):
        return False
    version = _told(version_of(interpreter(environment)))
    return all(marker(environment, lock).read_text(encoding="utf-8").endswith(f" {version}") for lock in locks)


def _state(environment: Path) -> tuple[str, str]:
    """Who made the folder (made: this module, adopted: somebody else, none: nobody) and how it was left."""
    try:
        who, _, left = (environment / _STATE).read_text(encoding="utf-8").strip().partition(" ")
    except FileNotFoundError:
        pass
    else:  # its packages belong to the Python it was made with, which may have been replaced below it
        how = "whole" if left == f"whole {_told(version_of(interpreter(environment)))}" else "busy"
        return who or "made", how
    if not environment.exists() or not any(environment.iterdir()):
        return "none", ""
    if not (environment / "pyvenv.cfg").exists():
        raise SetupError(f"{environment} holds files but no Python environment: remove it, or set BOOTCAMP_VENV.")
    found = version_of(interpreter(environment))
    if found is None or found < MINIMUM:
        raise SetupError(f"{environment} has no working Python 3.10 or newer: remove it, or set BOOTCAMP_VENV.")
    return "adopted", "whole"


def _leave(environment: Path, who: str, how: str, version: str = "none") -> None:
    (environment / _STATE).write_text(f"{who} {how} {version}\n", encoding="utf-8")


@contextlib.contextmanager
def _alone(environment: Path) -> Iterator[IO[str]]:
    """Hold the lock file beside the folder; told on standard error when somebody else has it."""
    with Path(f"{environment}.lock").open("a", encoding="utf-8") as handle:
        if not _try_lock(handle):
            _say(f"Another call is setting up {environment}; waiting for it.")
            while not _try_lock(handle):
                time.sleep(0.2)
        yield handle


def _try_lock(handle: IO[str]) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            handle.seek(0)
            msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except PermissionError:
        if os.name == "nt":
            return False
        raise
    except OSError:  # a network drive without locks: go on without one
        return True
    return True


def _make(environment: Path, locks: Sequence[Path], python: str, handle: IO[str], *, fresh: bool) -> None:
    started = time.monotonic()
    who, how = _state(environment)
    if fresh and who == "adopted":
        raise SetupError(f"{environment} was not made by this program: remove it by hand to have it made anew.")
    if who == "made" and (fresh or how == "busy"):
        _remove(environment)
        who = "none"
    new = who == "none"
    names = " and ".join(each.name for each in locks)
    if new:
        _say(f"Setting up {environment} from {names}, once; it may take a minute or two.")
    else:
        _say(f"Bringing {environment} up to {names}.")
    try:
        if new:
            who = "made"
            _create(environment, python, handle)
        _install(environment, locks, who, handle, again=how == "busy" and who == "adopted")
    except _PipError as error:
        log = _write_log(environment, error.lines)
        if new or (who == "made" and error.touched):
            _remove(environment)
        raise SetupError(sentence(error.lines, environment) + (f" Everything pip said: {log}" if log else "")) from None
    except (KeyboardInterrupt, OSError) as error:
        if new or (who == "made" and _state(environment)[1] == "busy"):
            _remove(environment)
        if isinstance(error, OSError):
            raise
        raise SetupError("The set-up was stopped; the next call does it again from the start.") from None
    _say(f"Ready after {time.monotonic() - started:.0f} s.")


def _remove(environment: Path) -> None:
    # The state goes last: should this be interrupted, the rest is still known to be ours and not whole.
    if _state(environment) != ("made", "busy"):
        _leave(environment, "made", "busy")
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
    lines = []
    with _child([python, "-I", "-m", "venv", str(environment)], handle) as process:
        lines = [line.rstrip() for line in process.stdout or ()]
    if process.returncode:
        raise _PipError(lines, touched=True)


def _install(environment: Path, locks: Sequence[Path], who: str, handle: IO[str], *, again: bool) -> None:
    python = str(interpreter(environment))
    if not _packages(environment, "pip"):  # uv makes environments without it
        with _child([python, "-I", "-m", "ensurepip"], handle) as process:
            lines = [line.rstrip() for line in process.stdout or ()]
        if process.returncode:
            raise _PipError(lines, touched=False)
    command = [python, "-I", "-m", "pip", "install", "--no-input", "--no-compile", "--progress-bar", "off"]
    command += ["--disable-pip-version-check", "--no-warn-script-location", *(["--force-reinstall"] if again else [])]
    together = [lock for lock in locks if lock.name not in ALONE]
    alone = [lock for lock in locks if lock.name in ALONE]
    version = _told(version_of(python))
    marks = {marker(environment, lock): f"{fingerprint(lock)} {version}" for lock in locks}
    _pip([*command, *_files(together)], environment, together, who, handle)
    if alone:
        _pip([*command, "--no-deps", *_files(alone)], environment, alone, who, handle)
    _leave(environment, who, "whole", version)
    for file, text in marks.items():
        file.write_text(text, encoding="utf-8")


def _files(locks: Sequence[Path]) -> list[str]:
    return [part for lock in locks for part in ("-r", str(lock))]


def _invalidate(environment: Path, who: str) -> None:
    _leave(environment, who, "busy")
    for old in environment.glob("bootcamp-*"):
        if old.name != _STATE:
            old.unlink()


def _packages(environment: Path, pattern: str) -> list[Path]:
    return [
        *environment.glob(f"lib/python*/site-packages/{pattern}"),
        *environment.glob(f"Lib/site-packages/{pattern}"),
    ]


@contextlib.contextmanager
def _child(command: list[str], handle: IO[str]) -> Iterator[subprocess.Popen[str]]:
    """A process that holds the lock file as long as it lives and ends when this block is left early."""
    # pip must write into this environment, wherever the person's own settings send it
    held_back = {"PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_USER", "PYTHONHOME", "__PYVENV_LAUNCHER__"}
    settings = {name: value for name, value in os.environ.items() if name not in held_back}
    settings |= {"PIP_USER": "0", "PYTHONUTF8": "1"}
    kept = (handle.fileno(),) if os.name == "posix" else ()
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        env=settings,
        pass_fds=kept,
    )
    with process:
        try:
            yield process
        except BaseException:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
            raise


def _pip(command: list[str], environment: Path, locks: Sequence[Path], who: str, handle: IO[str]) -> None:
    progress = PipProgress(sum(_count(lock) for lock in locks), lambda: len(_packages(environment, "*.dist-info")))
    lines: list[str] = []
    with progress, _child(command, handle) as process:
        for line in process.stdout or ():
            lines.append(line.rstrip())
            if progress.read(line):
                _invalidate(environment, who)
    if process.returncode:
        raise _PipError(lines, touched=progress.installing)


def _count(lock: Path) -> int:
    lines = (line.strip() for line in lock.read_text(encoding="utf-8").splitlines())
    return sum(1 for line in lines if line and not line.startswith(("#", "-")))


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _write_log(environment: Path, lines: list[str]) -> Path | None:
    log = Path(f"{environment}.log")
    try:
        log.write_text("\n".join(lines) + "\n", encoding="utf-8")
    except OSError:
        return None
    return log
