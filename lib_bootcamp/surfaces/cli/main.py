"""The command line: one command for each operation, written from its declaration.

Exit codes: 0 done; 1 the answer is no (a code that does not scan, a picture that does not tell
how it was made, captions that were left); 2 a parameter is wrong; 3 a file cannot be read or
written, or something is missing; 4 some items of a folder failed; 130 interrupted.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lib_bootcamp import __version__
from lib_bootcamp.catalog import OPERATIONS
from lib_bootcamp.core.text.terminal import on_one_line
from lib_bootcamp.errors import BootcampError, CancelledError, first_line
from lib_bootcamp.operation import Operation
from lib_bootcamp.params import Param, fields_of
from lib_bootcamp.ports import Host
from lib_bootcamp.setup import bootstrap

from . import commands, folder
from .jobs import JobRunner
from .runner import Runner, Settings
from .terminal import plain_streams

KEEPING = "\n".join(f"  {name:14} {what}" for name, what in bootstrap.COMMANDS.items())
EPILOG = f"of the program itself:\n{KEEPING}\n\n" + (__doc__.split("\n", 2)[2] if __doc__ else "")

CHECKPOINT_HELP = (
    "what pictures are drawn with: a .safetensors file, a diffusers folder, a hub id, or mini (the default: "
    "a small model of this project's own)"
)


CLIP_HELP = "the CLIP model where an operation names none: as classify's --clip"


class _Parser(argparse.ArgumentParser):
    """One that says so where its help cannot be written; argparse would say nothing."""

    def _print_message(self, message: str, file: Any = None) -> None:
        if message:
            (file or sys.stderr).write(message)


def build_parser() -> argparse.ArgumentParser:
    """The whole command line, derived from the catalogue."""
    parser = _Parser(
        prog="python -m lib_bootcamp",
        description="Control maps, QR-code art and more for Stable Diffusion.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"sd-webui-bootcamp {__version__}")
    add_model_flags(parser)
    subparsers = parser.add_subparsers(title="commands", dest="command", required=True, metavar="COMMAND")
    for command in commands.COMMANDS:
        made = command.add_to(subparsers)
        if command.models:
            add_model_flags(made)
    groups: dict[str, Any] = {}
    for operation in OPERATIONS:
        *group, name = operation.words
        if group and group[0] not in groups:
            groups[group[0]] = _add_group(subparsers, group[0])
        _add_operation(groups[group[0]] if group else subparsers, name, operation)
    return parser


def _add_group(subparsers: Any, word: str) -> Any:
    """A command whose second word says what is done, as in `dataset report`."""
    members = [each for each in OPERATIONS if each.words[:-1] == (word,)]
    listed = ", ".join(each.words[-1] for each in members)
    parser = subparsers.add_parser(word, help=f"{listed}: {members[0].summary}", description=f"One of {listed}.")
    return parser.add_subparsers(title="commands", required=True, metavar="COMMAND")


def _add_operation(subparsers: Any, name: str, operation: Operation[Any, Any]) -> None:
    parser = subparsers.add_parser(
        name, help=operation.summary, description=operation.summary, argument_default=argparse.SUPPRESS
    )
    sections: dict[str, Any] = {}
    for param in (operation.as_job() if operation.is_job_command else operation).params.fields():
        group = param.spec.group
        if group and group not in sections:
            sections[group] = parser.add_argument_group(group)
        _add_param(sections.get(group, parser), param)
    if operation.over_files is not None:
        folder.add_flags(parser, labelled=bool(operation.over_files.labels))
    elif operation.is_job_command:
        _add_print_flags(parser.add_argument_group("output"))
    else:
        _add_file_flags(parser, operation)
    if operation.needs or any(param.spec.needs for param in operation.params.fields()):
        add_model_flags(parser, checkpoint=operation.kind == "generation", clip=False)
    if operation.presets:
        listed = ", ".join(repr(each) for each in operation.presets)
        parser.add_argument(
            "--preset", metavar="NAME", help=f"set of values to start from: {listed}".replace("%", "%%")
        )
    parser.set_defaults(operation=operation)


def _add_file_flags(parser: Any, operation: Operation[Any, Any]) -> None:
    files = parser.add_argument_group("files")
    if operation.page is not None:
        files.add_argument("--html", metavar="FILE", help="write the result as an HTML page of one file")
    if any(each.kind in {"image", "file"} for each in (*operation.params.fields(), *fields_of(operation.result))):
        _add_picture_flags(files, operation)
    _add_print_flags(files)


def _add_print_flags(files: Any) -> None:
    files.add_argument("--json", action="store_true", help="print the result as JSON on standard output")
    files.add_argument("--quiet", action="store_true", help="print nothing but errors")


def _add_picture_flags(files: Any, operation: Operation[Any, Any]) -> None:
    out_help = "file to write; a folder when several are made"
    if operation.kind == "analysis":
        out_help += " (default: pictures are not written)"
    else:
        out_help += f" (default: {operation.name}.png, or INPUT-{operation.name}.png, in the current folder)"
    files.add_argument("--out", metavar="PATH", help=out_help)
    files.add_argument("--recursive", action="store_true", help="take the folders inside folders too")
    files.add_argument("--skip-existing", action="store_true", help="leave out what is already written")
    files.add_argument("--batch", metavar="FILE", help="JSON lines, each an object of parameters (- is standard input)")


def add_model_flags(parser: Any, *, checkpoint: bool = True, clip: bool = True) -> None:
    """`--device`, `--checkpoint` and `--clip`: before the command, and after one that needs them."""
    device = "torch device for models (cuda, cuda:1, mps, cpu); default: the best there is"
    parser.add_argument("--device", default=argparse.SUPPRESS, help=device)
    if checkpoint:
        parser.add_argument("--checkpoint", metavar="MODEL", default=argparse.SUPPRESS, help=CHECKPOINT_HELP)
    if clip:
        parser.add_argument("--clip", metavar="MODEL", dest="host_clip", default=argparse.SUPPRESS, help=CLIP_HELP)


def _add_param(parser: Any, param: Param) -> None:
    spec = param.spec
    note = _help(param)
    if spec.positional:
        # An empty positional is left to the declaration, so that --preset and --batch may give it.
        several = param.kind == "image" or (param.item is not None and param.item.kind in {"image", "file"})
        count = "*" if several else "?"
        parser.add_argument(param.name, nargs=count, metavar=param.name.upper(), help=note, default=argparse.SUPPRESS)
        return
    flag = "--" + param.name.replace("_", "-")
    if param.kind == "boolean":
        parser.add_argument(flag, action=argparse.BooleanOptionalAction, help=note)
    elif param.kind == "choice":
        parser.add_argument(flag, choices=param.choices, help=note)
    else:
        kinds = {"integer": "N", "number": "X", "image": "FILE", "file": "FILE", "string": "TEXT"}
        parser.add_argument(flag, metavar=kinds.get(param.kind, "JSON|@FILE"), help=note)


def _help(param: Param) -> str:
    spec = param.spec
    parts = [spec.title + (f" ({spec.unit})" if spec.unit else "") + "."]
    if spec.help:
        parts.append(spec.help)
    if param.kind in {"integer", "number"} and (bounds := param.expected()):
        parts.append(f"[{bounds}]")
    if not param.required and param.default not in (None, "", ()):
        parts.append(f"Default: {param.default}.")
    if spec.when:
        parts.append("Only with " + ", ".join(f"{k} = {' or '.join(map(str, v))}" for k, v in spec.when.items()) + ".")
    return " ".join(parts).replace("%", "%%")


SETTINGS = ("out", "recursive", "skip_existing", "batch", "html", "json", "quiet")


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
        sys.stdout.flush()  # a full disk is told here, and not when Python ends
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
    operation = arguments.pop("operation", None)
    needs = _needs(operation, arguments) if operation is not None else arguments.pop("needs", "")
    if needs and prepare is not None:
        prepare(needs)
    if operation is None:
        return int(arguments.pop("run")(host, argparse.Namespace(**arguments)))
    if operation.over_files is not None:
        flags = {name: arguments.pop(name) for name in folder.FLAGS if name in arguments}
        return folder.FolderRunner(operation, host, folder.FolderSettings(**flags)).run(arguments)
    runner = JobRunner if operation.is_job_command else Runner
    if operation.is_job_command:
        operation = operation.as_job()
    own = {param.name for param in operation.params.fields()}
    settings = Settings(**{name: arguments.pop(name) for name in SETTINGS if name in arguments.keys() - own})
    return runner(operation, host, settings).run(arguments)
