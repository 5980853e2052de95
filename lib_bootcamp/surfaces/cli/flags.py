"""The flags of commands: an operation's from its declaration, and those that several commands share."""

from __future__ import annotations

import argparse
from typing import Any

from lib_bootcamp.job import FolderJob, StepsJob
from lib_bootcamp.operation import Operation
from lib_bootcamp.params import Param, fields_of

from .model_flags import add_model_flags
from .runs import files
from .runs.argument_types import place
from .runs.flag_names import flag_of


def add_operation(parser: argparse.ArgumentParser, operation: Operation[Any, Any]) -> None:
    """Add an operation's flags to its command's parser."""
    sections: dict[str, Any] = {}
    for param in (operation.as_job() if operation.is_job_command else operation).params.fields():
        group = param.spec.group
        if group and group not in sections:
            sections[group] = parser.add_argument_group(group)
        _add_param(sections.get(group, parser), param)
    if isinstance(operation.job, StepsJob):
        many = parser.add_argument_group("many, as a job into the folder --out")
        for param in operation.job.params.fields():
            if param.name in operation.job.more:
                _add_param(many, param)
    if operation.over_files is not None:
        files.add_flags(parser, labeled=bool(operation.over_files.labels))
    elif operation.is_job_command:
        _add_job_flags(parser, operation)
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
        files.add_argument("--html", type=place, metavar="FILE", help="write the result as an HTML page of one file")
    if any(each.kind in {"image", "file"} for each in (*operation.params.fields(), *fields_of(operation.result))):
        _add_picture_flags(files, operation)
    if operation.stream:
        description = "print a JSON object on each line while it runs: its steps, and the result"
        files.add_argument("--stream", action="store_true", help=description)
    _add_print_flags(files)


def _add_print_flags(files: Any) -> None:
    files.add_argument("--json", action="store_true", help="print the result as JSON on standard output")
    files.add_argument("--quiet", action="store_true", help="print nothing but errors")


def _add_job_flags(parser: Any, operation: Operation[Any, Any]) -> None:
    if isinstance(operation.job, StepsJob) and operation.job.settings_file is not None:
        _add_settings_flags(parser.add_argument_group("file of settings"))
    _add_print_flags(parser.add_argument_group("output"))


def _add_settings_flags(files: Any) -> None:
    files.add_argument(
        "--config", type=place, metavar="FILE", help="settings as TOML; what is given beside it wins over the file"
    )
    files.add_argument(
        "--print-config", action="store_true", help="print all settings as TOML that --config reads, and do nothing"
    )
    files.add_argument("--plan", action="store_true", help="say what it would do and what to look at, and do nothing")


def _add_picture_flags(files: Any, operation: Operation[Any, Any]) -> None:
    out_help = "file to write; a folder when several are made"
    if operation.kind == "analysis":
        out_help += " (default: pictures are not written)"
    else:
        out_help += f" (default: {operation.name}.png, or INPUT-{operation.name}.png, in the current folder)"
    if isinstance(operation.job, FolderJob):
        out_help += f"; maps of a folder go to maps/{operation.name} in that folder unless this names another"
    files.add_argument("--out", type=place, metavar="PATH", help=out_help)
    files.add_argument("--recursive", action="store_true", help="take the folders inside folders too")
    files.add_argument("--skip-existing", action="store_true", help="leave out what is already written")
    files.add_argument(
        "--batch", type=place, metavar="FILE", help="JSON lines, each an object of parameters (- is standard input)"
    )


def _add_param(parser: Any, param: Param) -> None:
    spec = param.spec
    note = _help(param)
    if spec.positional:
        # An empty positional is left to the declaration, so that --preset and --batch may give it.
        several = param.kind == "image" or (param.item is not None and param.item.kind in {"image", "file"})
        count = "*" if several else "?"
        parser.add_argument(param.name, nargs=count, metavar=param.name.upper(), help=note, default=argparse.SUPPRESS)
        return
    settings: dict[str, Any] = {"dest": param.name}
    if param.kind == "boolean":
        settings["action"] = argparse.BooleanOptionalAction
    elif param.kind == "choice":
        renamed = spec.renamed_choices
        settings |= {"choices": param.choices, "type": lambda text: renamed.get(text, text)}
    else:
        kinds = {"integer": "N", "number": "X", "image": "FILE", "file": "FILE", "string": "TEXT"}
        settings["metavar"] = kinds.get(param.kind, "JSON|@FILE")
    parser.add_argument(flag_of(param.name), help=note, **settings)
    for old in spec.renamed:
        parser.add_argument(flag_of(old), help=argparse.SUPPRESS, **settings)


def _help(param: Param) -> str:
    spec = param.spec
    parts = [spec.title + (f" ({spec.unit})" if spec.unit else "") + "."]
    if spec.help:
        parts.append(spec.help)
    if param.kind in {"integer", "number"} and (bounds := param.expected()):
        parts.append(f"[{bounds}]")
    if param.item is not None and param.item.choices:
        parts.append(f"A list of {', '.join(param.item.choices)}.")
    if not param.required and param.default not in (None, "", ()):
        parts.append(f"Default: {param.default}.")
    if spec.when:
        parts.append("Only with " + ", ".join(f"{k} = {' or '.join(map(str, v))}" for k, v in spec.when.items()) + ".")
    return " ".join(parts).replace("%", "%%")
