"""From a bare interpreter to the command line: standard library only at import."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from lib_bootcamp import __version__
from lib_bootcamp.errors import BootcampError, CancelledError, UnexpectedError, first_line
from lib_bootcamp.setup import bootstrap
from lib_bootcamp.shipped import IS_WHEEL

_ENTERED = "BOOTCAMP_ENTERED"
_ASK = "run it again with BOOTCAMP_TRACEBACK=1 and report what it prints"
SHORT_HELP = f"""\
usage: python -m lib_bootcamp COMMAND [arguments]

Control maps, QR-code art and more for Stable Diffusion (version {__version__}).
The first command sets up an environment of its own in {{folder}} (a minute or two, once).
After it --help lists every command and COMMAND --help its parameters.

  demo     make control maps, scan a code back, draw pictures and label what is in them
  setup    only make the environment ready
  test     run the checks and the tests

BOOTCAMP_VENV names another folder for the environment; BOOTCAMP_VENV=off runs in the calling Python as it is.
"""


def main(argv: Sequence[str]) -> int:
    """Run one command in the environment it needs, made first where it is missing; returns the exit code.

    A person is never left with a traceback; who looks for a mistake of the program's sets BOOTCAMP_TRACEBACK.
    """
    _fill_streams()
    try:
        code = _run(list(argv))
    except BootcampError as error:
        _complain(f"error: {error}")
        code = error.exit_code
    except KeyboardInterrupt:
        _complain("Interrupted; what was finished is kept.")
        code = CancelledError.exit_code
    except BrokenPipeError:
        code = 0
    except OSError as error:
        _complain(f"error: {error.filename or 'output'}: {error.strerror or first_line(error)}.")
        code = BootcampError.exit_code
    except Exception as error:
        if os.environ.get("BOOTCAMP_TRACEBACK"):
            raise
        unexpected = UnexpectedError(hint=f"{_ASK} ({type(error).__name__}: {first_line(error)})")
        _complain(f"error: {unexpected}")
        code = unexpected.exit_code
    finally:
        _flush_quietly()
    return code


def run() -> int:
    """The command `bootcamp` of an installed package."""
    return main(sys.argv[1:])


def _complain(line: str) -> None:
    with contextlib.suppress(OSError, ValueError):  # standard error may be closed or full too
        print(line, file=sys.stderr, flush=True)


def _fill_streams() -> None:
    """A program that was started without standard streams (`>&-`) gets ones that lead nowhere.

    Else the next file that it opens would be taken for them.
    """
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(number)
        except OSError:
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, mode, closefd=False))


def _flush_quietly() -> None:
    """Output that cannot be written (a closed pipe, a full disk) was reported; Python would report it once more."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            with contextlib.suppress(OSError, ValueError):
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, stream.fileno())
                os.close(nowhere)


def _run(argv: list[str]) -> int:
    first = argv[0] if argv else "--help"
    if first in {"--version", "-V"}:
        print(f"sd-webui-bootcamp {__version__}")
        return 0
    if first in bootstrap.COMMANDS:
        from lib_bootcamp.setup import development

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
        from lib_bootcamp.setup import installer

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
    if IS_WHEEL and importlib.util.find_spec("torch") is None:
        raise bootstrap.SetupError("This needs more packages: run `pip install 'sd-webui-bootcamp[models]'`.")
    environment = bootstrap.folder()
    if environment is None or not bootstrap.MODELS.exists() or not bootstrap.is_inside(environment):
        return
    locks = [bootstrap.MODELS, *([bootstrap.DETECTORS] if needs == "detectors" else [])]
    if not all(bootstrap.is_whole(environment, each) for each in locks):
        from lib_bootcamp.setup import installer

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
