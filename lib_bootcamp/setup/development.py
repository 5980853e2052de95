"""`setup`, `check` and `test`: what keeps this project right. Standard library only."""

from __future__ import annotations

import argparse
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path
from xml.etree import ElementTree

from lib_bootcamp.shipped import IS_WHEEL

from . import bootstrap, checks, installer, pip
from .bootstrap import COMMANDS, DETECTORS, MODELS, REQUIREMENTS, ROOT, STANDALONE, SetupError

TEST = REQUIREMENTS / "test.txt"
COVERAGE = ("--cov", "--cov-report=term:skip-covered")
SUITES = ("fast", "not fast", "thorough", "slow", "models", "browser", "webui")


@dataclass(frozen=True)
class Pins:
    """A set of package versions the tests must pass with, in an environment of its own."""

    lock: Path
    folder: Path
    lowest: tuple[int, int]
    highest: tuple[int, int]

    def fits(self, version: tuple[int, int] | None) -> bool:
        """Whether a Python of this version can hold the set."""
        return version is not None and self.lowest <= version <= self.highest

    def python(self) -> str:
        """An interpreter that fits: the calling one, else the newest in PATH.

        Raises:
            SetupError: there is none.
        """
        found = (bootstrap.base_python(), *(shutil.which(f"python3.{minor}") for minor in range(30, 9, -1)))
        for each in filter(None, found):
            if self.fits(installer.version_of(each)):
                return each
        span = f"3.{self.lowest[1]} " + (f"to 3.{self.highest[1]}" if self.highest[1] < 99 else "or newer")
        raise SetupError(f"The pins of {self.lock.name} need Python {span}: install it so that it is in PATH.")


PINS = {
    "webui": Pins(REQUIREMENTS / "webui.txt", ROOT / ".venv-webui", (3, 10), (3, 11)),
    "current": Pins(REQUIREMENTS / "current.txt", ROOT / ".venv-current", (3, 11), (3, 99)),
}


@dataclass(frozen=True)
class Tally:
    """How many tests passed, failed and were skipped."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


def main(argv: Sequence[str]) -> int:
    """Run `setup`, `check` or `test`; returns the exit code.

    Raises:
        SetupError: an environment cannot be made ready.
    """
    arguments, rest = _parser().parse_known_args(argv)
    if rest and arguments.command != "test":
        _parser().error(f"unrecognized arguments: {' '.join(rest)}")
    if arguments.command == "setup":
        return _setup(fresh=arguments.fresh, detectors=arguments.detectors)
    if IS_WHEEL:
        raise SetupError(
            f"`{arguments.command}` is run in a clone of the repository", hint="this is an installed package."
        )
    if arguments.command == "check":
        return _check(_python(fresh=arguments.fresh), arguments.names)
    return _test(arguments.pins, rest, fresh=arguments.fresh, coverage=arguments.coverage)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lib_bootcamp", allow_abbrev=False)
    commands = parser.add_subparsers(dest="command", required=True)
    setup = commands.add_parser("setup", allow_abbrev=False, help=COMMANDS["setup"])
    setup.add_argument("--detectors", action="store_true", help="with what `detect` needs, controlnet-aux among it")
    check = commands.add_parser("check", allow_abbrev=False, help=COMMANDS["check"])
    check.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(checks.CHECKS)}; default: all")
    test = commands.add_parser(
        "test",
        allow_abbrev=False,
        help=COMMANDS["test"],
        epilog="Any other arguments go to pytest; then only pytest runs.",
    )
    test.add_argument("--pins", choices=tuple(PINS), help="run the tests, without the checks, with these versions")
    test.add_argument("--coverage", action="store_true", help="measure how much of lib_bootcamp the fast tests run")
    for each in (setup, check, test):
        each.add_argument("--fresh", action="store_true", help="make the environment again, with this Python")
    return parser


def _setup(*, fresh: bool, detectors: bool) -> int:
    if IS_WHEEL:
        return _setup_of_wheel(detectors=detectors)
    environment = bootstrap.folder()
    if environment is None:
        raise SetupError("BOOTCAMP_VENV=off says that no environment is wanted", hint="unset it to make one.")
    locks = [STANDALONE, *([MODELS, DETECTORS] if detectors else [])]
    print(f"Ready: {installer.ensure(environment, locks, fresh=fresh)}")
    return 0


def _setup_of_wheel(*, detectors: bool) -> int:
    """pip saw to all but the detectors' packages: what is missing of them is added, and nothing that is there moves."""
    if detectors:
        there = {re.sub(r"[-_.]+", "-", each.metadata["Name"]).lower() for each in distributions()}
        lines = (line.partition("#")[0].strip() for line in DETECTORS.read_text(encoding="utf-8").splitlines())
        wanted = [line for line in lines if line and line.partition("==")[0].lower() not in there]
        if wanted:
            pip.add(wanted)
        if importlib.util.find_spec("torch") is None:
            raise SetupError("`detect` needs torch too", hint="run `pip install 'sd-webui-bootcamp[models]'`.")
    print(f"Ready: {sys.executable}")
    return 0


def _python(*, fresh: bool) -> Path:
    environment = bootstrap.folder()
    if environment is None:
        return Path(sys.executable)
    return installer.ensure(environment, [STANDALONE, MODELS, TEST], fresh=fresh)


def _check(python: Path, names: Sequence[str]) -> int:
    unknown = set(names) - set(checks.CHECKS)
    if unknown:
        _parser().error(f"no check is called {', '.join(sorted(unknown))}; there are {', '.join(checks.CHECKS)}")
    failed = checks.run(python, names or tuple(checks.CHECKS))
    print(f"Failed: {', '.join(failed)}." if failed else "All checks passed.")
    return 1 if failed else 0


def _test(pins: str | None, pytest_args: Sequence[str], *, fresh: bool, coverage: bool) -> int:
    if pins is None:
        python, failed = _python(fresh=fresh), []
        if not pytest_args:
            failed = checks.run(python, tuple(checks.CHECKS))
    else:
        chosen, failed = PINS[pins], []
        if fresh or not bootstrap.is_whole(chosen.folder, chosen.lock):
            installer.ensure(chosen.folder, [chosen.lock], python=chosen.python(), fresh=fresh)
        python = bootstrap.interpreter(chosen.folder)
    measured = COVERAGE if coverage else ()
    # of a whole run the fast tests are measured: coverage makes what computes several times slower
    whole = coverage and not pytest_args
    runs = [(*measured, "-m", "fast"), ("-m", "not fast")] if whole else [(*measured, *pytest_args)]
    done = [_pytest(python, each, pins) for each in runs]
    if failed:
        print(f"Failed: {', '.join(failed)}.")
    print(*(tally for _, tally in done), sep="\n")
    return 1 if failed else max(code for code, _ in done)


def _pytest(python: Path, arguments: Sequence[str], pins: str | None) -> tuple[int, Tally]:
    # The tests start this program too: there it must stay in the interpreter whose packages are tested.
    settings = {"OMP_WAIT_POLICY": "PASSIVE", **os.environ, "BOOTCAMP_VENV": "off", "BOOTCAMP_PINS": pins or ""}
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch) / "report.xml"
        # a whole run keeps all cores busy; the tests of one file share what they start; tests/conftest.py orders files
        parallel = (
            ()
            if set(arguments) - set(COVERAGE) - {"-m", *SUITES}
            else ("-n", "auto", "--dist", "loadfile", "--no-loadscope-reorder")
        )
        # a plugin of pytest's that no fast test needs takes a second of each process
        unneeded = ("-p", "no:schemathesis") if "fast" in arguments else ()
        command = [str(python), "-m", "pytest", f"--junit-xml={report}", *unneeded, *parallel, *arguments]
        code = subprocess.run(command, cwd=ROOT, env=settings, check=False).returncode
        return code, tally_of(report)


def tally_of(report: Path) -> Tally:
    """Count the tests in a JUnit report of pytest's; nothing when it was not written."""
    try:
        suites = list(ElementTree.parse(report).getroot().iter("testsuite"))
    except (OSError, ElementTree.ParseError):
        return Tally()
    tests, skipped, failures, errors = (
        sum(int(each.get(key, 0)) for each in suites) for key in ("tests", "skipped", "failures", "errors")
    )
    return Tally(tests - skipped - failures - errors, failures + errors, skipped)
