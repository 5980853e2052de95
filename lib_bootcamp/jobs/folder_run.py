"""A job on a folder, batch by batch from its first picture on; all is in the journal before it is done."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path

from lib_bootcamp.core.files.inside import Inside, digest
from lib_bootcamp.errors import BootcampError, OutputError, StorageError
from lib_bootcamp.job import Event, FolderJob, FolderWork, Write
from lib_bootcamp.jobs import files
from lib_bootcamp.jobs.facts import ItemInfo
from lib_bootcamp.jobs.places import check_writable
from lib_bootcamp.jobs.records import Outcome, Written, shown
from lib_bootcamp.jobs.runner import Run, closable
from lib_bootcamp.results import FileResult

ALONE_AFTER, LEFT_OUT_AFTER = 2, 4
"""Crashes during a picture's batch until it is worked on by itself, and until it is left out."""
KEPT_BYTES = 64 * 1024
"""Up to so much of a file's new content the journal keeps until it is written. Of a larger one, a map, it would be
written twice for the sake of a crash; after one its picture is done again instead."""


class FolderRun(Run[FolderWork]):
    """One run of a job on a folder's pictures."""

    def opened(self) -> FolderWork:
        """See `Run`."""
        job = self.operation.job
        if not isinstance(job, FolderJob):
            raise TypeError(f"{self.operation.name} is no job on a folder")
        self.root = self.context.folder(str(self.row.folder), job.folder)
        self.output, is_elsewhere = self.root, self.row.output != self.row.folder
        if is_elsewhere:
            self.output = self.context.output_folder(str(self.row.output), job.output)
        self.inside = Inside(self.output, exact=not self.context.trusted)
        work: FolderWork = job.work(self.root, job.params.from_mapping(self.values()), self.context)
        check_writable(job, work, self.inside, is_elsewhere=is_elsewhere)
        return work

    def list_all(self, work: FolderWork) -> None:
        """See `Run`."""
        self.journal.list_items(self.number, self._listed(work))

    def _listed(self, work: FolderWork) -> Iterator[tuple[str, str]]:
        for path, note in work.pictures():
            self.stop_if_asked()
            yield str(path.relative_to(self.root)), note

    def work_through(self, work: FolderWork) -> None:
        """See `Run`."""
        todo = self.journal.todo(self.number)
        for item in [each for each in todo if each[2] >= ALONE_AFTER]:
            if item[2] >= LEFT_OUT_AFTER:
                note = f"The program ended {item[2]} times while this picture was worked on; it is left out."
                self.journal.record(self.number, [Outcome(number=item[0], state="failed", note=note)], [])
            else:
                self._some(work, [item], 1)
        self._some(work, [each for each in todo if each[2] < ALONE_AFTER], max(1, work.batch))

    def _some(self, work: FolderWork, items: Sequence[tuple[int, str, int]], size: int) -> None:
        if not items:
            return
        # closed at once and not when it is collected: it holds the models
        with closing(closable(work.results([self.root / path for _, path, _ in items]))) as results:
            for at in range(0, len(items), size):
                self._batch(work, results, items[at : at + size])

    def _batch(
        self,
        work: FolderWork,
        results: Iterator[FileResult | BootcampError],
        group: Sequence[tuple[int, str, int]],
    ) -> None:
        self.stop_if_asked()
        self._begin([number for number, _, _ in group])
        start = time.monotonic()
        made: list[FileResult | BootcampError] = []
        try:
            for each in islice(results, len(group)):
                made.append(each)  # one by one: what was made before somebody stopped it is kept
        finally:
            self._take(work, group[: len(made)], made)
        if len(made) < len(group):
            raise RuntimeError(f"{self.operation.name} gave {len(made)} results for {len(group)} pictures")
        self._spent = time.monotonic() - start
        self._clock.add(self._spent, len(group))

    def _begin(self, numbers: list[int]) -> None:
        self.journal.begin(self.number, numbers, spent_s=self._spent, per_item_s=self._clock.per_item_s())
        self._spent = 0.0

    def _take(
        self,
        work: FolderWork,
        group: Sequence[tuple[int, str, int]],
        made: Sequence[FileResult | BootcampError],
    ) -> None:
        """Results into the journal with the files that they mean, then the files."""
        outcomes, writes, failed = [], [], set()
        for (number, path, _), result in zip(group, made, strict=True):
            outcome, planned = self._settled(work, number, self.root / path, result)
            outcomes.append(outcome)
            writes += [(number, each, self._written(each, item=number)) for each in planned]
        if not outcomes:
            return
        written = [file for _, _, file in writes]
        folders = files.missing_folders(self.inside, written)
        self.journal.record(self.number, outcomes, written, folders, _warnings(group, outcomes))
        for at, (number, write, file) in enumerate(writes):
            try:
                self.inside.write(self.output / file.path, write.after)
            except StorageError:
                # the job ends here; what was not written is done again when it is resumed
                self.journal.take_all_back(self.number, [(item, left.path) for item, _, left in writes[at:]])
                raise
            except OutputError as error:
                self.journal.take_back(self.number, number, file.path, str(error))
                failed.add(number)
        for (number, path, _), outcome in zip(group, outcomes, strict=False):
            if outcome.state == "done" and number not in failed:
                self.report(_sample(path, outcome))

    def _settled(
        self, work: FolderWork, number: int, picture: Path, result: FileResult | BootcampError
    ) -> tuple[Outcome, list[Write]]:
        try:
            if isinstance(result, BootcampError):
                raise result
            settled = work.settle(picture, result)
            for each in settled.writes:
                self.inside.refuse_outside(each.path)
        except BootcampError as error:
            return Outcome(number=number, state="failed", note=str(error), error=type(error).__name__), []
        state = "skipped" if settled.skipped else "done"
        note = settled.skipped or settled.result.warning()
        outcome = Outcome(number=number, state=state, result=settled.result.to_json(), note=note)
        return outcome, [each for each in settled.writes if each.after != each.before]

    def _written(self, each: Write, *, item: int | None = None) -> Written:
        kept = item is not None and len(each.after) <= KEPT_BYTES
        return Written(
            path=str(each.path.relative_to(self.output)),
            before=each.before,
            after=each.after if kept else None,
            digest=digest(each.after),
            item=item,
        )

    def finish(self, work: FolderWork) -> None:
        """Write the file of many pictures. It can be made anew, so that the journal keeps only what it held."""
        files.recover(self.journal, self.number, self.inside)  # a second Ctrl+C may have come between two files
        self.journal.begin(self.number, [], spent_s=self._spent, per_item_s=self._clock.per_item_s())
        self.journal.drop_content(self.number)
        results = ((self.root / path, facts) for path, facts in self.journal.results(self.number))
        write = work.at_end(results)
        if write is None:
            return
        file = self._written(write)
        if write.after != write.before:
            self.journal.record(self.number, [], [file], files.missing_folders(self.inside, [file]))
            self.inside.write(write.path, write.after)
        with self.journal.transaction():
            self.journal.written_down(self.number)
            self.journal.mark_reported(self.number)


def _sample(path: str, outcome: Outcome) -> Event:
    """What came of a picture: it is in the journal's items, and for who looks on."""
    item = ItemInfo(path=shown(os.fsencode(path)), state="done", note=outcome.note, result=outcome.result)
    return Event(kind="sample", facts=vars(item))


def _warnings(group: Sequence[tuple[int, str, int]], outcomes: Sequence[Outcome]) -> list[Event]:
    """What the journal keeps of pictures that failed."""
    paths = {number: shown(os.fsencode(path)) for number, path, _ in group}
    failed = (each for each in outcomes if each.state == "failed")
    return [Event(kind="warning", facts={"path": paths[each.number], "note": each.note}) for each in failed]
