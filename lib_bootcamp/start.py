"""From a bare interpreter to the command line: standard library only at import."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from lib_bootcamp import __version__, bootstrap
from lib_bootcamp.errors import BootcampError

_ENTERED = "BOOTCAMP_ENTERED"
SHORT_HELP = f"""\
usage: python -m lib_bootcamp COMMAND [arguments]

Control maps, QR-code art and more for Stable Diffusion (version {__version__}).
The first command sets up an environment of its own in {{folder}} (a minute or two, once).
After it --help lists every command and COMMAND --help its parameters.

  demo     make control maps, scan a code back, draw pictures and tell what is in them
  setup    only make the environment ready
  test     run the checks and the tests

BOOTCAMP_VENV names another folder for the environment; BOOTCAMP_VENV=off runs in the calling Python as it is.
"""


def main(argv: Sequence[str]) -> int:
    """Run one command in the environment it needs, made first where it is missing; returns the exit code."""
    try:
        return _run(list(argv))
    except BootcampError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code


def _run(argv: list[str]) -> int:
    first = argv[0] if argv else "--help"
    if first in {"--version", "-V"}:
        print(f"sd-webui-bootcamp {__version__}")
        return 0
    if first in bootstrap.COMMANDS:
        from lib_bootcamp import development

        return development.main(argv)
    if first in {"--help", "-h"} and not bootstrap.is_set_up():
        print(SHORT_HELP.format(folder=bootstrap.folder()), end="")
        return 0
    enter(argv)
    try:
        from lib_bootcamp import app
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("lib_bootcamp"):
            raise
        raise bootstrap.SetupError(
            f"The package {error.name} is not installed in {sys.executable}: "
            "install requirements/standalone.txt there, or leave BOOTCAMP_VENV unset."
        ) from None
    return app.main(argv or ["--help"], add_models)


def enter(argv: Sequence[str]) -> None:
    """Return when this process runs in the environment; else make it ready and run the command there.

    Raises:
        SetupError: the environment cannot be made.
    """
    environment, entered = bootstrap.folder(), os.environ.pop(_ENTERED, None)
    if environment is None or not bootstrap.STANDALONE.exists():  # installed as a package: pip saw to what it needs
        return
    inside = bootstrap.is_inside(environment)
    if bootstrap.is_whole(environment, bootstrap.STANDALONE):
        if inside:
            return
    else:
        from lib_bootcamp import installer

        installer.ensure(environment, [bootstrap.STANDALONE])
    if entered and not inside:
        raise bootstrap.SetupError(
            f"{bootstrap.interpreter(environment)} does not run in its own environment; unset PYTHONHOME."
        )
    _run_there(environment, argv)


def add_models(needs: str = "models") -> None:
    """Bring torch and what goes with it into the environment this process runs in, where that is the program's own.

    Args:
        needs: `models`, or `detectors` for controlnet-aux too.
    Raises:
        SetupError: the environment cannot be made.
    """
    environment = bootstrap.folder()
    if environment is None or not bootstrap.MODELS.exists() or not bootstrap.is_inside(environment):
        return
    locks = [bootstrap.MODELS, *([bootstrap.DETECTORS] if needs == "detectors" else [])]
    if not all(bootstrap.is_whole(environment, each) for each in locks):
        from lib_bootcamp import installer

        installer.ensure(environment, [bootstrap.STANDALONE, *locks])
        importlib.invalidate_caches()


def _run_there(environment: Path, argv: Sequence[str]) -> NoReturn:
    python = str(bootstrap.interpreter(environment))
    command = [python, str(bootstrap.ROOT / "lib_bootcamp"), *argv]
    os.environ[_ENTERED] = "1"
    if os.name == "posix":
        sys.stdout.flush()
        sys.stderr.flush()
        os.execv(python, command)
    import subprocess

    with subprocess.Popen(command) as process:
        while True:
            with contextlib.suppress(KeyboardInterrupt):  # the child got it too and knows what to do
                sys.exit(process.wait())
