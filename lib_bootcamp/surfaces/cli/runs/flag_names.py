"""What parameters are called on the command line."""

from __future__ import annotations

from typing import Any

from lib_bootcamp.job import FolderJob
from lib_bootcamp.operation import Operation
from lib_bootcamp.params import fields_of

BESIDE = (
    *("preset", "recursive", "skip_existing", "batch", "undo", "dry_run", "sort_into", "sort_by"),
    *("out", "html", "csv", "jsonl", "sheet", "config"),
)
"""Flags beside an operation's own parameters that mistakes may name."""


def flags_of(operation: Operation[Any, Any]) -> dict[str, str]:
    """What each parameter of a command, and of the job that it runs, is called on the command line."""
    job, over = operation.job, operation.over_files
    asked = [each.params for each in (job, over) if each is not None]
    asked += [] if operation.is_job_command else [operation.params]
    names = {name: flag_of(name) for name in BESIDE}
    for field in (each for declaration in asked for each in fields_of(declaration)):
        names[field.name] = field.name.upper() if field.spec.positional else flag_of(field.name)
    if job is None or operation.is_job_command:
        return names
    # a job that the operation's command runs too: its folder is the pictures', or where the files go
    files = next((each.name.upper() for each in operation.params.fields() if each.spec.positional), "")
    inner = {job.subfolder: "--out"} if isinstance(job, FolderJob) and job.subfolder else {}
    return names | inner | {"output_folder": "--out", job.folder: "--out" if job.kind == "steps" else files}


def flag_of(name: str) -> str:
    """A parameter's flag on the command line."""
    return "--" + name.replace("_", "-")
