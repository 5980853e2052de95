"""Where a job works: its folder, where its files go, and what it has for itself while it waits or runs."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lib_bootcamp.context import Context
from lib_bootcamp.core.files.inside import Inside
from lib_bootcamp.errors import named_by
from lib_bootcamp.job import FolderJob, Kind, StepsJob
from lib_bootcamp.operation import Operation

from .records import Claim


@dataclass(frozen=True, kw_only=True)
class Places:
    """The folders of a job, absolute.

    Args:
        folder: what it works on.
        kind: of the job.
        output: where its files go, if that is another folder.
        named: the values of the parameters that name them.
        claims: what no other job may work on meanwhile.
        pictures: those among its parameters, packed.
    """

    folder: Path
    kind: Kind = "folder"
    output: Path | None = None
    named: Mapping[str, str] = field(default_factory=dict)
    claims: Sequence[Claim] = ()
    pictures: Mapping[str, bytes] = field(default_factory=dict)


def places_of(operation: Operation[Any, Any], params: Any, context: Context) -> tuple[Any, Places]:
    """A job's parameters with nothing left to chance, and its folders.

    Raises:
        NotAllowedError, InvalidParamError: a folder may not be named, or is none.
    """
    job = operation.job
    if job is None:
        raise TypeError(f"{operation.name} is no job")
    if isinstance(job, StepsJob):
        job.refuse(params, context)
        params = job.fixed(params)
        folder = _absolute(context.output_folder(getattr(params, job.folder), job.folder))
        claims = [Claim(what="files", path=folder)]
        return params, Places(folder=folder, kind="steps", named={job.folder: str(folder)}, claims=claims)
    folder = _absolute(context.folder(getattr(params, job.folder), job.folder))
    named, claims, output = {job.folder: str(folder)}, [Claim(what=operation.name, path=folder)], None
    if job.output and (given := getattr(params, job.output)):
        output = _absolute(context.output_folder(given, job.output))
        named[job.output] = str(output)
        claims.append(Claim(what="files", path=output))
    return params, Places(folder=folder, output=output, named=named, claims=claims)


def refuse_unusable(job: FolderJob[Any] | StepsJob[Any], work: Any, inside: Inside, *, is_elsewhere: bool) -> None:
    """Refuse before there is a job what its run would refuse before the first picture or step.

    Args:
        job: what is asked for.
        work: a `FolderWork` or a `StepsWork`.
        inside: the folder that its files are written below.
        is_elsewhere: whether that is another folder than the pictures'.
    Raises:
        ImageError: there are no pictures.
        OutputError: the files cannot be written.
    """
    if isinstance(job, FolderJob):
        work.refuse_empty()
    check_writable(job, work, inside, is_elsewhere=is_elsewhere)


def check_writable(job: FolderJob[Any] | StepsJob[Any], work: Any, inside: Inside, *, is_elsewhere: bool) -> None:
    """Find out whether a job's files can be written; as `refuse_unusable`."""
    into = work.writes_into if isinstance(job, FolderJob) else inside.root
    if into is None:
        return
    outer = inner = job.folder
    if isinstance(job, FolderJob):
        outer, inner = (job.output, job.output) if is_elsewhere else (job.folder, job.subfolder or job.folder)
    for folder, param in {inside.root: outer, into: inner}.items():
        with named_by(param):
            inside.check_writable(folder)


def _absolute(path: Path) -> Path:
    return Path(os.path.abspath(path))  # noqa: PTH100 - `resolve` would lose the links that a person named
