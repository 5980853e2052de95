"""A job of steps, each in the journal when its files are written: after a crash it goes on with the step it was at."""

from __future__ import annotations

import time
from contextlib import closing

from lib_bootcamp.core.files.inside import Inside, digest
from lib_bootcamp.errors import OutputError
from lib_bootcamp.job import Step, StepsJob, StepsWork
from lib_bootcamp.jobs import files
from lib_bootcamp.jobs.places import check_writable
from lib_bootcamp.jobs.records import Written
from lib_bootcamp.jobs.runner import Run, closable
from lib_bootcamp.ports import Turns


class StepsRun(Run[StepsWork]):
    """One run of a job of steps."""

    def opened(self) -> StepsWork:
        """See `Run`."""
        job = self.operation.job
        if not isinstance(job, StepsJob):
            raise TypeError(f"{self.operation.name} is no job of steps")
        self.output = self.context.output_folder(str(self.row.folder), job.folder)
        self.inside = Inside(self.output, exact=not self.context.trusted)
        work: StepsWork = job.work(self.output, job.params.from_mapping(self.values()), self.context)
        check_writable(job, work, self.inside, is_elsewhere=False)
        return work

    def list_all(self, work: StepsWork) -> None:
        """See `Run`."""
        self.journal.set_steps(self.number, work.total)

    def work_through(self, work: StepsWork) -> None:
        """See `Run`."""
        done, title = self.row.info.done, self.operation.title
        turns = Turns(self.context.host, self.progress, title, work.total, "step", done)
        with closing(closable(work.steps(done))) as steps:
            while turns.done < work.total:
                start = time.monotonic()
                with turns.turn():
                    step = next(steps, None)
                    if step is None:
                        raise RuntimeError(f"{self.operation.name} gave {turns.done} of {work.total} steps")
                    turns.reach(turns.done + (not step.again))
                self._take(step, time.monotonic() - start)
        self._end(work)

    def _end(self, work: StepsWork) -> None:
        """What the job does after its last step, without the host's queue."""
        if isinstance(self.operation.job, StepsJob):
            for event in self.operation.job.ended(work):
                self.journal.again(self.number, [event], spent_s=0)
                self.report(event)

    def _take(self, step: Step, seconds: float) -> None:
        """The step's files, then the step: one that was killed in between is done again, and finds its own files."""
        if step.again:
            self.journal.again(self.number, step.events, spent_s=seconds)
            for event in step.events:
                self.report(event)
            return
        writes = [each for each in step.writes if each.after != each.before]
        written = [
            Written(
                path=str(each.path.relative_to(self.output)), before=each.before, after=None, digest=digest(each.after)
            )
            for each in writes
        ]
        self.journal.record(self.number, [], written, files.missing_folders(self.inside, written))
        for each in writes:
            try:
                self.inside.write(each.path, each.after)
            except OutputError:
                files.recover(self.journal, self.number, self.inside)
                raise
        self._clock.add(seconds, 1)
        self.journal.step_done(self.number, step.events, spent_s=seconds, per_item_s=self._clock.per_item_s())
        for event in step.events:
            self.report(event)

    def forget(self, work: StepsWork) -> None:
        """See `Run`."""
        work.forget()

    def finish(self, work: StepsWork) -> None:
        """See `Run`."""
        del work
        files.recover(self.journal, self.number, self.inside)
