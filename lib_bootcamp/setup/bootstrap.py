"""The program's own environment, found again in a millisecond. Standard library only.

An environment is whole when it holds a marker for its lock and nobody is at work on it; `installer` writes both down.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

from lib_bootcamp.errors import BootcampError
from lib_bootcamp.shipped import SHIPPED

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = SHIPPED / "requirements"
STANDALONE = REQUIREMENTS / "standalone.txt"
# torch and what comes with it: for the commands that need a model, and added when the first of them is called
MODELS = REQUIREMENTS / "models.txt"
# controlnet-aux and what it imports, beside models.txt. It declares an OpenCV that would overwrite ours, so these are
# installed without what they declare.
DETECTORS = REQUIREMENTS / "detectors.txt"
ALONE = (DETECTORS.name,)
# `development` runs these; their names stand here because it takes longer to import
COMMANDS = {
    "setup": "make the program's environment ready",
    "check": "the checks without the tests",
    "test": "the checks and the tests",
}


class SetupError(BootcampError):
    """The environment cannot be made ready."""

    status = 500


def folder() -> Path | None:
    """Where the environment is: `$BOOTCAMP_VENV`, else `.venv` beside the package; None when it is `off`."""
    named = os.environ.get("BOOTCAMP_VENV", "")
    if named.lower() == "off":
        return None
    return Path(named).expanduser().absolute() if named else ROOT / ".venv"


def interpreter(environment: Path) -> Path:
    """The Python of an environment."""
    return environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def is_whole(environment: Path, lock: Path) -> bool:
    """Whether this lock, as it reads now, is installed there; a few file reads, no process."""
    try:
        marked, _, version = marker(environment, lock).read_text(encoding="utf-8").partition(" ")
        if "busy" in state_file(environment).read_text(encoding="utf-8"):
            return False
    except OSError:
        return False
    if is_inside(environment) and version != f"{sys.version_info[0]}.{sys.version_info[1]}":
        return False  # the system's Python was replaced by another one below the environment
    return marked == fingerprint(lock) and interpreter(environment).exists()


def is_set_up() -> bool:
    """Whether a command would start at once."""
    environment = folder()
    return environment is None or not STANDALONE.exists() or is_whole(environment, STANDALONE)


def fingerprint(lock: Path) -> str:
    """A short text that changes with the lock's."""
    # 64 bits of SipHash: enough to see a change, and nothing to import for it
    return importlib.util.source_hash(lock.read_bytes()).hex()


def marker(environment: Path, lock: Path) -> Path:
    """The file that says this lock is installed: its fingerprint and the Python's version."""
    return environment / f"bootcamp-{lock.stem}"


def state_file(environment: Path) -> Path:
    """The file that says who made the folder (made: this program, adopted: not) and how it was left (busy, whole)."""
    return environment / "bootcamp-state"


def is_inside(environment: Path) -> bool:
    """Whether this process runs in the environment."""
    return os.path.realpath(sys.prefix) == os.path.realpath(environment)


def base_python() -> str:
    """The interpreter below the environment this process runs in."""
    return getattr(sys, "_base_executable", None) or sys.executable
