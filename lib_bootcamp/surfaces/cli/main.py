"""The command line: one command for each operation, written from its declaration."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from lib_bootcamp.core.text.terminal import on_one_line
from lib_bootcamp.errors import BootcampError, CancelledError, first_line

from .parser import build_parser
from .terminal import plain_streams

if TYPE_CHECKING:
    from lib_bootcamp.operation import Operation
    from lib_bootcamp.ports import Host

T = TypeVar("T")


def _needs(operation: Operation[Any, Any], given: Mapping[str, Any]) -> str:
    """What is installed before an operation runs: its own needs, or those of a parameter that is given."""
    wanted = (param.spec.needs for param in operation.params.fields() if param.name in given)
    return operation.needs or next(filter(None, wanted), "")


@plain_streams()
def main(
    argv: Sequence[str] | None,
    make_host: Callable[[Mapping[str, Any]], Host],
    prepare: Callable[[str], None] | None = None,
) -> int:
    """Run one command; returns the exit code.

    Args:
        argv: the command and its arguments; None for the process's own.
        make_host: the host from `device`, `checkpoint`, `clip`, `allowed` (folders) and `address` (where it serves),
            each None where it was not given.
        prepare: installs what operations with a model need, `models` or `detectors`.
    """
    try:
        code = _run(argv, make_host, prepare)
        sys.stdout.flush()  # a full disk is reported here, and not when Python ends
        return code
    except BrokenPipeError:  # `| head` has read enough
        return 0
    except BootcampError as error:
        _complain(f"error: {error}")
        return error.exit_code
    except OSError as error:
        # files of ours say what they are; what says nothing is what was printed
        what = "The output cannot be written" if error.filename is None else str(error.filename)[:200]
        _complain(f"error: {what}: {error.strerror or first_line(error)}.")
        return BootcampError.exit_code
    except MemoryError:
        _complain("error: There is not enough memory for this.")
        return BootcampError.exit_code
    except KeyboardInterrupt:
        _complain("Interrupted; what was finished is kept.")
        return CancelledError.exit_code


def _complain(line: str) -> None:
    with contextlib.suppress(OSError, ValueError):  # standard error may be closed or full too
        print(on_one_line(line), file=sys.stderr)


def _run(
    argv: Sequence[str] | None,
    make_host: Callable[[Mapping[str, Any]], Host],
    prepare: Callable[[str], None] | None,
) -> int:
    try:
        arguments = vars(build_parser().parse_args(argv))
    except SystemExit:
        sys.stdout.flush()
        raise
    given = {"device": "device", "checkpoint": "checkpoint", "clip": "host_clip"}
    asked = {name: arguments.pop(key, None) for name, key in given.items()}
    host = make_host({**asked, "allowed": arguments.pop("allow_dir", None), "address": arguments.get("address")})
    arguments.pop("command", None)
    operation: Operation[Any, Any] | None = arguments.pop("operation", None)
    needs = _needs(operation, arguments) if operation is not None else arguments.pop("needs", "")
    if needs and prepare is not None:
        prepare(needs)
    if operation is None:
        return int(arguments.pop("run")(host, argparse.Namespace(**arguments, named=asked)))
    return _operate(operation, host, arguments)


def _operate(operation: Operation[Any, Any], host: Host, arguments: dict[str, Any]) -> int:
    try:
        return _run_operation(operation, host, arguments)
    except BootcampError as error:
        from lib_bootcamp.surfaces.shared.wording import worded

        from .runs.flag_names import flags_of

        _complain(f"error: {worded(error, flags_of(operation), here=True)}")
        return error.exit_code


def _run_operation(operation: Operation[Any, Any], host: Host, arguments: dict[str, Any]) -> int:
    from lib_bootcamp.job import StepsJob

    from .jobs import JobRunner
    from .maps import MapsRunner, is_maps_job
    from .runs.files import FileRunner, FileSettings
    from .runs.runner import Runner, Settings

    if operation.over_files is not None:
        return FileRunner(operation, host, _settings(FileSettings, operation, arguments)).run(arguments)
    if operation.is_job_command:
        operation = operation.as_job()
    settings = _settings(Settings, operation, arguments)
    job = operation.job
    if isinstance(job, StepsJob) and arguments.keys() & set(job.more):
        out = {job.folder: settings.out or f"{operation.name}-out"}
        return JobRunner(operation.as_job(), host, settings).run({**arguments, **out})
    runner = JobRunner if operation.is_job_command else Runner
    if is_maps_job(operation, arguments, settings):
        runner = MapsRunner
    return runner(operation, host, settings).run(arguments)


def _settings(kind: type[T], operation: Operation[Any, Any], arguments: dict[str, Any]) -> T:
    """Take from the arguments what is no parameter of the operation."""
    own = {param.name for param in operation.params.fields()}
    names = {each.name for each in dataclasses.fields(kind)} - own  # type: ignore[arg-type]
    return kind(**{name: arguments.pop(name) for name in names & arguments.keys()})
