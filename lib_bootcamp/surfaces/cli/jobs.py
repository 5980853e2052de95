"""Jobs on the command line: an operation over a folder in the foreground, and `jobs`, which lists and steers all."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from lib_bootcamp.catalog import find
from lib_bootcamp.context import Context
from lib_bootcamp.core.files.toml import to_toml
from lib_bootcamp.core.text.left_out import left_out_lines
from lib_bootcamp.core.text.terminal import on_one_line
from lib_bootcamp.job import Event
from lib_bootcamp.jobs.facts import ItemInfo, JobInfo, duration, standing
from lib_bootcamp.jobs.manager import Jobs
from lib_bootcamp.jobs.opened import jobs_of
from lib_bootcamp.jobs.progress import Stop
from lib_bootcamp.params import plain
from lib_bootcamp.ports import Host, SilentProgress
from lib_bootcamp.surfaces.shared.wording import job_labels, kept_mistake

from .model_flags import device
from .runs.outcomes import EXIT_SOME_FAILED, complain, mention, print_json, printed_at_once
from .runs.runner import Runner, Settings
from .runs.settings_files import with_settings

EXIT_FAILED, EXIT_STOPPED = 3, 130
NOTES = 10
PROGRAM = "python -m lib_bootcamp"


class JobRunner(Runner):
    """Runs an operation's job in the foreground; Ctrl+C and SIGTERM pause it."""

    def work(self, given: Mapping[str, Any]) -> int:
        """See `run`."""
        values, _ = self.read(given, "")
        values = with_settings(self.operation, self.settings, values)
        if self.settings.print_config:
            print(to_toml(self.operation.params_from(values).to_mapping()), end="")
            return 0
        if self.settings.plan:
            return self._plan(values)
        jobs = jobs_of(self.host, find)
        number = jobs.create(self.operation.name, values, trusted=True)
        if not self.settings.quiet:
            _mention_unfinished(jobs, number)
        return run_here(jobs, number, self.settings, self.names)

    def _plan(self, values: Mapping[str, Any]) -> int:
        """Print what the operation says of the job; what to look at goes to standard error."""
        params = self.operation.params_from(values)
        made = self.operation.run(params, Context.of_terminal(self.host, self.progress()))
        if self.settings.json:
            print_json(made.to_json())
        else:
            print("\n".join(map(on_one_line, [made.line(), *made.lines()])))
            for each in made.cautions():
                mention(each)
        return 0


def worked_here(jobs: Jobs, number: int, settings: Settings, show: Callable[[Event], None]) -> JobInfo:
    """Run a job in this process until it ends, or is paused.

    Args:
        jobs: what it is one of.
        number: of the job.
        settings: nothing of single pictures is printed where a program reads the output.
        show: gets what happens in it.
    """
    stop = Stop()
    progress = SilentProgress() if settings.quiet else jobs.host.progress()
    with _pausing(stop):
        return jobs.run_here(number, progress, stop, _nothing if settings.quiet or settings.json else show)


def _nothing(event: Event) -> None:
    del event


def _print_event(event: Event) -> None:
    """A line as it happens: of a picture what came of it, of a step its file or its numbers."""
    if "sentence" in event.facts:
        printed_at_once(on_one_line(str(event.facts["sentence"])))
        return
    if "rate" in event.facts:
        printed_at_once(_numbers(event.facts))
        return
    name, *rest = event.facts.values()
    text = ItemInfo(**event.facts).text() if "result" in event.facts else ", ".join(map(str, rest))
    printed_at_once(": ".join(on_one_line(each) for each in (str(name), text) if each))


def _numbers(facts: Mapping[str, Any]) -> str:
    """`step 7: loss 0.0213, smoothed 0.0188, rate 0.0001`."""
    rest = [f"{name} {value:.4g}" for name, value in facts.items() if name != "step" and isinstance(value, float)]
    return f"step {facts['step']}: {', '.join(rest)}"


def run_here(jobs: Jobs, number: int, settings: Settings, names: Mapping[str, str]) -> int:
    """Run a job in this process and print what came of it; returns the exit code.

    Args:
        jobs: what it is one of.
        number: of the job.
        settings: of the command.
        names: what the command calls the job's parameters.
    """
    info = worked_here(jobs, number, settings, _print_event)
    if settings.json:
        print_json(_in_full(jobs, info))
    elif not settings.quiet:
        _report(info)
    if not settings.quiet:
        _name_left_out(jobs, info)
    _report_failures(jobs, info, names)
    return code_of(info)


def code_of(info: JobInfo) -> int:
    """The exit code of a job that ran here."""
    if info.state == "failed":
        return EXIT_FAILED
    if info.state != "done":
        return EXIT_STOPPED
    return EXIT_SOME_FAILED if info.failed else 0


@contextmanager
def _pausing(stop: Stop) -> Iterator[None]:
    """The first Ctrl+C (or SIGTERM) stops after the batch, the second one at once."""

    def pressed(number: int, frame: Any) -> None:
        del number, frame
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        sys.stderr.write("\nPausing after this batch; Ctrl+C again stops at once.\n")

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {each: signal.signal(each, pressed) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _mention_unfinished(jobs: Jobs, number: int) -> None:
    folder = jobs.folder(number, trusted=True)
    for other in jobs.listed(trusted=True):
        unfinished = other.state in ("paused", "interrupted") and other.id != number
        if unfinished and jobs.folder(other.id, trusted=True) == folder:
            mention(
                f"Job {other.id} on this folder {standing(other.state)} with {other.left:,} pictures left; "
                f"to resume it: {PROGRAM} jobs resume {other.id}"
            )


def _report(info: JobInfo) -> None:
    print(info.sentence())
    if info.state == "done" and info.done:
        print(f"To undo it: {PROGRAM} jobs undo {info.id}")
    elif "resume" in info.actions:
        print(f"To resume it: {PROGRAM} jobs resume {info.id}")


def _name_left_out(jobs: Jobs, info: JobInfo) -> None:
    left = jobs.skipped(info.id, trusted=True, limit=info.total) if info.skipped else []
    sys.stderr.writelines(f"{line}\n" for line in left_out_lines((each.path, each.note) for each in left))


def _report_failures(jobs: Jobs, info: JobInfo, names: Mapping[str, str]) -> None:
    failed = jobs.failures(info.id, trusted=True, limit=NOTES)
    for each in failed:
        sentence = kept_mistake(each.note, names)
        complain(sentence if each.path in sentence else f"{each.path}: {sentence}")
    if info.failed > len(failed):
        mention(f"and {info.failed - len(failed)} more; {PROGRAM} jobs show {info.id} --json lists all.")
    if info.error:
        complain(kept_mistake(info.error, names))


def _in_full(jobs: Jobs, info: JobInfo) -> dict[str, Any]:
    """A job with all its pictures, and what happened in it."""
    items = jobs.items(info.id, trusted=True, limit=info.total)
    events = jobs.events(info.id, trusted=True, limit=max(1, info.total))
    return {**plain(info), "items": plain(items), "events": plain(events)}


# --- jobs


def _list(jobs: Jobs, arguments: argparse.Namespace) -> int:
    found = jobs.listed(trusted=True)
    if arguments.json:
        print_json(plain(found))
        return 0
    for each in found:
        error = f". {kept_mistake(each.error, job_labels(each.operation, find))}" if each.error else ""
        print(f"{each.id:>4}  {each.operation:10} {each.summary()}{on_one_line(error)}  {on_one_line(each.folder)}")
    if not found:
        print("There are no jobs.")
    return 0


def _show(jobs: Jobs, arguments: argparse.Namespace) -> int:
    info = jobs.info(arguments.number, trusted=True)
    if arguments.json:
        print_json(_in_full(jobs, info))
        return 0
    print(f"Job {info.id}: {info.operation} {on_one_line(str(info.folder))}")
    print(f"{info.summary()}; worked {duration(info.spent_s)}" if info.spent_s else info.summary())
    print(f"created {info.created}, started {info.started or '-'}, finished {info.finished or '-'}")
    print("possible now: " + ", ".join(info.actions))
    _name_left_out(jobs, info)
    _report_failures(jobs, info, job_labels(info.operation, find))
    return 0


def _resume(jobs: Jobs, arguments: argparse.Namespace) -> int:
    info = jobs.info(arguments.number, trusted=True)
    return run_here(jobs, info.id, Settings(json=arguments.json), job_labels(info.operation, find))


def _pause(jobs: Jobs, arguments: argparse.Namespace) -> int:
    return _shown(jobs.pause(arguments.number, trusted=True), arguments, "stops after its batch")


def _cancel(jobs: Jobs, arguments: argparse.Namespace) -> int:
    return _shown(jobs.cancel(arguments.number, trusted=True), arguments, "ends after its batch")


def _shown(info: JobInfo, arguments: argparse.Namespace, running: str) -> int:
    if arguments.json:
        print_json(plain(info))
    else:
        print(f"Job {info.id} {running}." if info.state == "running" else info.sentence())
    return 0


def _undo(jobs: Jobs, arguments: argparse.Namespace) -> int:
    undone = jobs.undo(arguments.number, trusted=True)
    if arguments.json:
        print_json(plain(undone))
    else:
        print(undone.restored_text())
    for each in undone.skipped:
        mention(each.note)
    return EXIT_SOME_FAILED if undone.skipped else 0


def _remove(jobs: Jobs, arguments: argparse.Namespace) -> int:
    jobs.remove(arguments.number, trusted=True)
    if not arguments.json:
        print(f"Job {arguments.number} is removed from the list; its files stay as they are.")
    return 0


ACTIONS: dict[str, tuple[str, Callable[[Jobs, argparse.Namespace], int]]] = {
    "show": ("a job in full", _show),
    "resume": ("go on with a job that was paused, interrupted or failed", _resume),
    "pause": ("stop a running job of another process after its batch", _pause),
    "cancel": ("end a job; what is done stays done", _cancel),
    "undo": ("give every file that a job wrote its old content", _undo),
    "remove": ("forget a job; its files stay as they are", _remove),
}


def fill(parser: argparse.ArgumentParser) -> None:
    """Add `jobs ACTION NUMBER` to the command `jobs`, which lists them."""
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=_on_jobs(_list))
    actions = parser.add_subparsers(title="actions", metavar="ACTION")
    for name, (text, run) in ACTIONS.items():
        made = actions.add_parser(name, help=text, description=text, argument_default=argparse.SUPPRESS)
        made.add_argument("number", type=int, metavar="NUMBER", help="of the job")
        made.add_argument("--json", action="store_true", help="print JSON")
        if name == "resume":
            made.add_argument("--device", type=device, help="torch device for models (cuda, cuda:1, mps, cpu)")
        made.set_defaults(run=_on_jobs(run), needs="models" if name == "resume" else "")


def _on_jobs(run: Callable[[Jobs, argparse.Namespace], int]) -> Callable[[Host, argparse.Namespace], int]:
    return lambda host, arguments: run(jobs_of(host, find), arguments)
