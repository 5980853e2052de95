"""Maps of a folder, or of several files, on the command line: the same job as on the page and over the API."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from lib_bootcamp.catalog import find
from lib_bootcamp.core.files.folders import is_folder
from lib_bootcamp.core.text.terminal import on_one_line
from lib_bootcamp.errors import BootcampError, InvalidParamError
from lib_bootcamp.job import Event, FolderJob
from lib_bootcamp.jobs.facts import ItemInfo, JobInfo
from lib_bootcamp.jobs.manager import Jobs
from lib_bootcamp.jobs.opened import jobs_of
from lib_bootcamp.operation import Operation
from lib_bootcamp.operations.maps.folder import THERE
from lib_bootcamp.surfaces.shared.found_pictures import find_pictures
from lib_bootcamp.surfaces.shared.wording import worded

from .jobs import PROGRAM, JobRunner, code_of, worked_here
from .runs.items import out_folder
from .runs.outcomes import EXIT_SOME_FAILED, Outcome, complain, failure
from .runs.runner import Settings


class JobFailedError(BootcampError):
    """A job ended before its last picture."""


def is_maps_job(operation: Operation[Any, Any], given: Mapping[str, Any], settings: Settings) -> bool:
    """Whether what is given is a folder, or several files, of which a job makes the maps.

    A batch is of runs that have nothing in common.
    """
    job = operation.job
    if not isinstance(job, FolderJob) or job.on_command_line or settings.batch is not None:
        return False
    sources = next(given.get(each.name, []) for each in operation.params.fields() if each.spec.positional)
    return len(sources) > 1 or any(is_folder(Path(each)) for each in sources)


class MapsRunner(JobRunner):
    """Makes maps of a folder or of several files in the foreground, as a job, and prints a line for each."""

    def work(self, given: Mapping[str, Any]) -> int:
        """See `run`."""
        values, sources = self.read(given, self.picture)
        jobs = jobs_of(self.host, find)
        number = jobs.create(self.operation.name, values | self._place(sources), trusted=True)
        folder = jobs.folder(number, trusted=True)
        added: set[str] = set()

        def show(event: Event) -> None:
            item = ItemInfo(**event.facts)
            self.outcomes.add(self._of_item(folder, item))
            added.add(item.path)

        return self._report(jobs, worked_here(jobs, number, self.settings, show), added)

    def _place(self, sources: list[Path]) -> dict[str, Any]:
        """The folder, those of its pictures that are meant, and where the maps go."""
        existing = "skip" if self.settings.skip_existing else "overwrite"
        place = {"recursive": self.settings.recursive, "existing": existing}
        if len(sources) == 1:
            out = out_folder(self.operation, self.settings.out) if self.settings.out else ""
            return {**place, "folder": str(sources[0]), "output_folder": str(out)}
        found = find_pictures(sources, self.outcomes.left_out, recursive=self.settings.recursive)
        out = out_folder(self.operation, self.settings.out, found) if self.settings.out else ""
        paths = list(dict.fromkeys(Path(os.path.abspath(path)) for path, _ in found))  # noqa: PTH100 - links stay
        try:
            root = Path(os.path.commonpath([path.parent for path in paths]))
        except ValueError:
            raise InvalidParamError(
                self.picture or "", "lie on several drives", hint="give those of one at a time"
            ) from None
        only = [path.relative_to(root).as_posix() for path in paths]
        return {**place, "folder": str(root), "only": only, "output_folder": str(out)}

    def _report(self, jobs: Jobs, info: JobInfo, added: Collection[str]) -> int:
        folder = jobs.folder(info.id, trusted=True)
        for each in jobs.items(info.id, trusted=True, limit=info.total):
            path = str(folder / each.path)
            if each.state == "skipped" and each.note != THERE:
                self.outcomes.left_out[path] = each.note
            elif each.state != "todo" and each.path not in added:
                self.outcomes.add(self._of_item(folder, each))
        error = JobFailedError(info.error)
        if info.state == "failed" and not self.outcomes.made:
            self.outcomes.print_one(failure(None, error, self.names))
        else:
            self.report()
            if info.error:
                complain(worded(error, self.names, here=True))
        if info.state != "done":
            left = f"Stopped with {info.left:,} left. " if info.total else ""
            self.outcomes.aside([f"{left}To resume it: {PROGRAM} jobs resume {info.id}"])
        elif info.done:
            self.outcomes.aside([f"To undo it: {PROGRAM} jobs undo {info.id}"])
        return code_of(info)

    def _of_item(self, folder: Path, item: ItemInfo) -> Outcome:
        path = str(folder / item.path)
        if item.state == "failed":
            note = worded(BootcampError(item.note), self.names)
            line = note if path in note else f"{path}: {note}"
            return Outcome({"path": path, "error": item.error, "detail": item.note}, line, EXIT_SOME_FAILED)
        if item.state == "skipped":
            return Outcome({"path": path, "skipped": True, "detail": item.note}, f"{on_one_line(path)}: {item.note}", 0)
        result = item.result or {}
        made = Path(self.settings.out) if self.settings.out else folder
        written = {name: str(made / file) for name, file in {"out": result["map"], **result.get("others", {})}.items()}
        record = {"operation": self.operation.name, "path": path, **written, **result["details"]}
        line = f"{path}: {result['message']} -> {', '.join(written.values())}"
        return Outcome(record, on_one_line(line), 0)
