"""One run: batches, what is kept when it is stopped, pictures that end the program, the table at the end."""

from __future__ import annotations

import itertools
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from lib_bootcamp.core.files.inside import Inside
from lib_bootcamp.errors import BootcampError, CancelledError, OutputError
from lib_bootcamp.jobs import folder_run
from lib_bootcamp.jobs.facts import JobInfo
from lib_bootcamp.jobs.folder_run import ALONE_AFTER, LEFT_OUT_AFTER, FolderRun
from lib_bootcamp.jobs.manager import Jobs
from lib_bootcamp.jobs.progress import Clock, Stop
from lib_bootcamp.jobs.records import Outcome
from tests.fakes import FakeProgress
from tests.jobs.fake_job import Script, files_of

NAMES = [f"{at}.img" for at in range(10)]


def create(jobs: Jobs, root: Path, **values: object) -> int:
    return jobs.create("name", {"folder": str(root), **values}, trusted=True)


def run(jobs: Jobs, number: int) -> JobInfo:
    return jobs.run_here(number, FakeProgress(), Stop())


def raise_at(name: str, error: BaseException) -> Callable[[Path], None]:
    """A hook that raises at one file, once."""
    left = [error]

    def hook(path: Path) -> None:
        if path.name == name and left:
            raise left.pop()

    return hook


# --- batches


def test_results_are_asked_for_once_and_taken_batch_by_batch(jobs: Jobs, root: Path, script: Script) -> None:
    done: list[int] = []
    number = create(jobs, root)
    script.before = lambda path: done.append(jobs.journal.row(number).info.done)
    run(jobs, number)
    assert script.asked == [10]
    assert done == [0, 0, 0, 3, 3, 3, 6, 6, 6, 9]


def test_only_the_pictures_of_the_batch_are_begun(jobs: Jobs, root: Path, script: Script) -> None:
    begun: list[str] = []
    number = create(jobs, root)
    script.before = lambda path: begun.append(jobs.journal.all("SELECT begun FROM jobs WHERE id = ?", number)[0][0])
    run(jobs, number)
    assert begun == ["[0, 1, 2]"] * 3 + ["[3, 4, 5]"] * 3 + ["[6, 7, 8]"] * 3 + ["[9]"]


def test_too_few_results_are_a_bug_and_what_was_given_is_kept(
    jobs: Jobs, root: Path, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.jobs import fake_job

    original = fake_job.NameWork.results
    monkeypatch.setattr(fake_job.NameWork, "results", lambda self, pictures: original(self, pictures[:4]))
    info = run(jobs, create(jobs, root))
    assert (info.state, info.done) == ("failed", 4)


def test_the_results_are_closed_when_a_run_ends(jobs: Jobs, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.jobs import fake_job

    closed = []
    original = fake_job.NameWork.results

    def results(self: object, pictures: object) -> object:
        try:
            yield from original(self, pictures)  # type: ignore[arg-type]
        finally:
            closed.append(True)

    monkeypatch.setattr(fake_job.NameWork, "results", results)
    run(jobs, create(jobs, root))
    assert closed == [True]


def test_the_benchmarks_journal_that_does_nothing_is_all_that_a_run_needs(jobs: Jobs, root: Path) -> None:
    from benchmarks.captions import NoJournal

    number = create(jobs, root)
    jobs.journal.claim(number, "me", "running", among=("queued",))
    row, host = jobs.journal.row(number), jobs.host
    assert FolderRun(NoJournal(), row, jobs.find("name"), host, FakeProgress(), Stop()).run() == "done"  # type: ignore[arg-type]
    assert len(files_of(root)) == 10


# --- stopped


def test_a_stop_in_the_middle_of_a_batch_keeps_what_was_made_before(jobs: Jobs, root: Path, script: Script) -> None:
    script.size = 4
    script.settling = lambda path: None
    script.before = raise_at("5.img", CancelledError(5))
    number = create(jobs, root)
    info = run(jobs, number)
    assert (info.state, info.done) == ("paused", 4)
    assert jobs.journal.repeats(number) == 0  # it was somebody's wish
    assert run(jobs, number).state == "done"
    assert len(files_of(root)) == 10


def test_ctrl_c_between_two_files_loses_none(jobs: Jobs, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write, left = Inside.write, [4]

    def pressed(self: Inside, path: Path, data: bytes) -> None:
        left[0] -= 1
        if not left[0]:
            raise KeyboardInterrupt
        write(self, path, data)

    monkeypatch.setattr(Inside, "write", pressed)
    number = create(jobs, root)
    info = run(jobs, number)
    assert (info.state, info.done) == ("paused", 6)
    assert len(files_of(root)) == 6  # all that are done, and no half one
    assert run(jobs, number).state == "done"
    assert jobs.undo(number, trusted=True).restored == 10


def test_ctrl_c_while_the_table_is_made_pauses_and_it_is_made_later(jobs: Jobs, root: Path, script: Script) -> None:
    left = [KeyboardInterrupt()]

    def pressed() -> None:
        if left:
            raise left.pop()

    script.ending = pressed
    number = create(jobs, root, table=True)
    assert run(jobs, number).state == "paused"
    assert files_of(root) == {}
    assert run(jobs, number).state == "done"
    assert len(files_of(root)["table.tsv"].splitlines()) == 10


def test_a_stop_while_a_folder_is_listed_leaves_nothing_begun(jobs: Jobs, root: Path) -> None:
    stop = Stop()
    stop.set()
    number = create(jobs, root)
    info = jobs.run_here(number, FakeProgress(), stop)
    assert (info.state, info.total) == ("paused", 0)
    assert run(jobs, number).done == 10


# --- the table of all


def test_the_table_is_written_when_a_job_pauses_and_grows_when_it_goes_on(
    jobs: Jobs, root: Path, script: Script
) -> None:
    script.before = raise_at("6.img", CancelledError(6))
    number = create(jobs, root, table=True)
    run(jobs, number)
    assert len(files_of(root)["table.tsv"].splitlines()) == 6
    run(jobs, number)
    assert files_of(root)["table.tsv"] == "".join(f"{name}\ta {name[0]}\n" for name in NAMES)


def test_rows_that_a_person_changed_while_a_job_was_paused_stay(jobs: Jobs, root: Path, script: Script) -> None:
    script.before = raise_at("6.img", CancelledError(6))
    number = create(jobs, root, table=True)
    run(jobs, number)
    table = root / "table.tsv"
    table.write_text(table.read_text().replace("a 2", "by hand"))
    run(jobs, number)
    assert "2.img\tby hand\n" in table.read_text()
    assert len(table.read_text().splitlines()) == 10


def test_undo_gives_the_table_back_as_it_was_before_the_first_run(jobs: Jobs, root: Path, script: Script) -> None:
    (root / "table.tsv").write_text("x.img\told\n")
    script.before = raise_at("6.img", CancelledError(6))
    number = create(jobs, root, table=True)
    run(jobs, number)
    run(jobs, number)
    assert len(files_of(root)["table.tsv"].splitlines()) == 11
    assert jobs.undo(number, trusted=True).restored == 1
    assert files_of(root) == {"table.tsv": "x.img\told\n"}


# --- mistakes of single pictures


def test_a_caption_that_cannot_be_decided_fails_its_picture_alone(jobs: Jobs, root: Path, script: Script) -> None:
    script.settling = raise_at("4.img", BootcampError("The caption that is there cannot be read."))
    info = run(jobs, create(jobs, root))
    assert (info.state, info.done, info.failed) == ("done", 9, 1)
    assert jobs.failures(info.id, trusted=True)[0].note == "The caption that is there cannot be read."


def test_a_file_that_cannot_be_written_fails_its_picture_alone(
    jobs: Jobs, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Inside.write

    def denied(self: Inside, path: Path, data: bytes) -> None:
        if path.name == "4.txt":
            raise OutputError(f"{path} cannot be written: Permission denied.")
        write(self, path, data)

    monkeypatch.setattr(Inside, "write", denied)
    info = run(jobs, create(jobs, root))
    assert (info.state, info.done, info.failed, info.left) == ("done", 9, 1, 0)
    assert "Permission denied" in jobs.failures(info.id, trusted=True)[0].note
    assert jobs.undo(info.id, trusted=True).restored == 9


def test_a_file_that_is_as_it_shall_be_is_not_written(jobs: Jobs, root: Path) -> None:
    (root / "4.txt").write_text("a 4")
    before = (root / "4.txt").stat().st_ino
    info = run(jobs, create(jobs, root))
    assert info.done == 10
    assert (root / "4.txt").stat().st_ino == before
    jobs.undo(info.id, trusted=True)
    assert files_of(root) == {"4.txt": "a 4"}


def test_a_link_that_leads_out_gets_no_caption(jobs: Jobs, root: Path, tmp_path: Path) -> None:
    (tmp_path / "theirs.txt").write_text("theirs")
    (root / "4.txt").symlink_to(tmp_path / "theirs.txt")
    info = run(jobs, create(jobs, root))
    assert (info.done, info.failed) == (9, 1)
    assert "is outside the folder" in jobs.failures(info.id, trusted=True)[0].note
    assert (tmp_path / "theirs.txt").read_text() == "theirs"


# --- pictures that end the program


def crashed(jobs: Jobs, number: int, items: list[int], times: int) -> None:
    """As if the process had been ended so often while a batch was worked on."""
    for _ in range(times):
        jobs.journal.begin(number, items)
        jobs.journal.crashed(number)


def test_a_batch_that_ended_the_program_twice_is_worked_on_one_by_one(jobs: Jobs, root: Path, script: Script) -> None:
    number = create(jobs, root)
    jobs.journal.list_items(number, [(name, "") for name in NAMES])
    crashed(jobs, number, [3, 4, 5], ALONE_AFTER)
    assert run(jobs, number).state == "done"
    assert script.asked == [1, 1, 1, 7]
    assert script.worked[:3] == ["3.img", "4.img", "5.img"]


def test_a_picture_that_ends_the_program_again_by_itself_is_left_out_and_reported(
    jobs: Jobs, root: Path, script: Script
) -> None:
    number = create(jobs, root)
    jobs.journal.list_items(number, [(name, "") for name in NAMES])
    crashed(jobs, number, [4], LEFT_OUT_AFTER)
    info = run(jobs, number)
    assert (info.state, info.done, info.failed) == ("done", 9, 1)
    assert "4.img" not in script.worked
    assert jobs.failures(number, trusted=True)[0].note == (
        f"The program ended {LEFT_OUT_AFTER} times while this picture was worked on; it is left out."
    )


def test_what_is_done_is_never_begun_again(jobs: Jobs, root: Path, script: Script) -> None:
    number = create(jobs, root)
    jobs.journal.list_items(number, [(name, "") for name in NAMES])
    jobs.journal.record(number, [Outcome(number=at, state="done", result={"text": "x"}) for at in range(4)], [])
    run(jobs, number)
    assert script.worked == NAMES[4:]


# --- time


def test_a_pictures_time_is_that_of_the_newest_batches_without_the_first() -> None:
    clock = Clock()
    assert clock.per_item_s() is None
    clock.add(60.0, 10)  # the model was loaded in it
    assert clock.per_item_s() is None
    clock.add(1.0, 10)
    assert clock.per_item_s() == pytest.approx(0.1)
    for _ in range(20):
        clock.add(2.0, 10)
    assert clock.per_item_s() == pytest.approx(0.2)


def test_the_time_that_was_worked_is_kept_over_runs(
    jobs: Jobs, root: Path, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = itertools.count()  # two looks at the clock are a second apart, and a batch takes one
    monkeypatch.setattr(folder_run.time, "monotonic", lambda: float(next(seconds)))
    script.size = 2
    number = create(jobs, root)
    stop = Stop()
    script.settling = lambda path: stop.set() if path.name == "5.img" else None
    jobs.run_here(number, FakeProgress(), stop)
    first = jobs.info(number, trusted=True)
    assert (first.state, first.done) == ("paused", 6)
    assert first.spent_s > 0
    assert first.eta_s
    script.settling = lambda path: None
    assert run(jobs, number).spent_s > first.spent_s


def test_a_signal_handler_may_stop_a_run(jobs: Jobs, root: Path, script: Script) -> None:
    if threading.current_thread() is not threading.main_thread():
        pytest.skip("signals come to the main thread")
    stop = Stop()
    before = signal.signal(signal.SIGINT, lambda *_: stop.set())
    try:
        script.before = lambda path: signal.raise_signal(signal.SIGINT) if path.name == "4.img" else None
        assert jobs.run_here(create(jobs, root), FakeProgress(), stop).done == 6
    finally:
        signal.signal(signal.SIGINT, before)
