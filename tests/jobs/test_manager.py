"""Jobs as people steer them: queue, pause, resume, cancel, undo, remove; who may see and do what."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lib_bootcamp.errors import (
    BootcampError,
    ImageError,
    InvalidParamError,
    NotAllowedError,
    OutputError,
    QueueFullError,
    UnexpectedError,
)
from lib_bootcamp.jobs import manager as module
from lib_bootcamp.jobs import opened, progress
from lib_bootcamp.jobs.facts import JobInfo, JobStateError, NoJobError
from lib_bootcamp.jobs.manager import Jobs
from lib_bootcamp.jobs.progress import Stop
from tests.fakes import FakeHost, FakeProgress
from tests.jobs.fake_job import Script, files_of

ALL = {f"{number}.txt": f"a {number}" for number in range(10)}


class Gate:
    """A hook that waits at one file until it is opened."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.reached, self.opened = threading.Event(), threading.Event()

    def __call__(self, path: Path) -> None:
        if path.name == self._name:
            self.reached.set()
            assert self.opened.wait(30)


def begin(jobs: Jobs, root: Path, **values: Any) -> int:
    return jobs.start("name", {"folder": str(root), **values}, trusted=True).id


def end(jobs: Jobs, number: int) -> JobInfo:
    return jobs.wait(number, 30)


def run(jobs: Jobs, root: Path, **values: Any) -> JobInfo:
    return end(jobs, begin(jobs, root, **values))


# --- a job's life


def test_a_job_writes_every_file_and_is_done(jobs: Jobs, root: Path) -> None:
    info = run(jobs, root)
    assert (info.state, info.total, info.done, info.failed, info.error) == ("done", 10, 10, 0, "")
    assert files_of(root) == ALL
    assert info.finished is not None
    assert info.actions == ("undo", "remove")


def test_a_picture_that_is_bad_and_one_that_is_left_out_are_reported(jobs: Jobs, root: Path, script: Script) -> None:
    (root / "out.img").write_bytes(b"")
    script.bad = ("3.img",)
    info = run(jobs, root)
    assert (info.state, info.done, info.skipped, info.failed) == ("done", 9, 1, 1)
    (failed,) = jobs.failures(info.id, trusted=True)
    assert (failed.path, failed.note) == ("3.img", "It is not a picture.")
    assert jobs.items(info.id, trusted=True, offset=10)[0].note == "It is left out."
    assert "3.txt" not in files_of(root)
    assert info.summary() == "done: 9 of 11 done, 1 left out, 1 failed"


def test_a_wrong_value_is_reported_at_once(jobs: Jobs, root: Path, script: Script) -> None:
    with pytest.raises(InvalidParamError):
        begin(jobs, root / "none")
    with pytest.raises(InvalidParamError):
        begin(jobs, root, recursive="perhaps")
    script.refuses = BootcampError("The model is not here.")
    with pytest.raises(BootcampError, match="The model is not here"):
        begin(jobs, root)
    assert jobs.listed(trusted=True) == []


def test_jobs_wait_for_each_other_and_are_done_in_turn(jobs: Jobs, root: Path, script: Script, tmp_path: Path) -> None:
    script.before = gate = Gate("0.img")
    first = begin(jobs, root)
    gate.reached.wait(30)
    second_root = tmp_path / "second"
    second_root.mkdir()
    (second_root / "x.img").write_bytes(b"")
    second = begin(jobs, second_root)
    assert [each.state for each in jobs.listed(trusted=True)] == ["queued", "running"]
    gate.opened.set()
    assert (end(jobs, first).state, end(jobs, second).state) == ("done", "done")
    assert script.worked[-1] == "x.img"


def test_a_paused_job_goes_on_where_it_was(jobs: Jobs, root: Path, script: Script) -> None:
    script.before = gate = Gate("4.img")
    number = begin(jobs, root)
    gate.reached.wait(30)
    jobs.pause(number, trusted=True)
    gate.opened.set()
    info = end(jobs, number)
    assert (info.state, info.done, info.left) == ("paused", 6, 4)
    assert len(files_of(root)) == 6
    jobs.resume(number, trusted=True)
    assert end(jobs, number).state == "done"
    assert files_of(root) == ALL
    assert script.worked == [f"{at}.img" for at in range(10)]  # none was worked on twice
    assert jobs.journal.repeats(number) == 0


def test_a_cancelled_job_keeps_what_is_done_and_does_not_go_on(jobs: Jobs, root: Path, script: Script) -> None:
    script.before = gate = Gate("4.img")
    number = begin(jobs, root)
    gate.reached.wait(30)
    jobs.cancel(number, trusted=True)
    gate.opened.set()
    assert end(jobs, number).state == "cancelled"
    assert len(files_of(root)) == 6
    with pytest.raises(JobStateError, match=r"is cancelled and cannot be resumed; possible now: undo, remove\."):
        jobs.resume(number, trusted=True)


def test_who_asks_for_a_pause_and_then_for_an_end_gets_the_end(jobs: Jobs, root: Path, script: Script) -> None:
    script.before = gate = Gate("4.img")
    number = begin(jobs, root)
    gate.reached.wait(30)
    jobs.pause(number, trusted=True)
    jobs.cancel(number, trusted=True)
    gate.opened.set()
    assert end(jobs, number).state == "cancelled"


def test_a_job_that_waits_is_paused_and_cancelled_at_once(jobs: Jobs, root: Path, tmp_path: Path) -> None:
    number = jobs.create("name", {"folder": str(root)}, trusted=True)
    assert jobs.pause(number, trusted=True).state == "paused"
    assert jobs.cancel(number, trusted=True).state == "cancelled"
    assert files_of(root) == {}


def test_another_process_stops_a_job(
    processes: Callable[..., Jobs], root: Path, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "ASK_S", 0)
    one, other = processes(), processes()
    script.before = gate = Gate("4.img")
    number = begin(one, root)
    gate.reached.wait(30)
    assert other.pause(number, trusted=True).state == "running"
    gate.opened.set()
    assert end(one, number).state == "paused"
    other.resume(number, trusted=True)
    assert end(other, number).state == "done"


def test_interrupt_of_the_host_pauses(jobs: Jobs, root: Path) -> None:
    number = jobs.create("name", {"folder": str(root)}, trusted=True)
    progress = FakeProgress()
    progress.cancel()
    assert jobs.run_here(number, progress, Stop()).state == "paused"


def test_a_job_is_begun_once(jobs: Jobs, root: Path) -> None:
    info = run(jobs, root)
    with pytest.raises(JobStateError, match=f"Job {info.id} is done and cannot be resumed"):
        jobs.run_here(info.id, FakeProgress(), Stop())


@pytest.mark.parametrize("action", ["resume", "undo", "remove"])
def test_what_a_running_job_does_not_allow_is_refused(jobs: Jobs, root: Path, script: Script, action: str) -> None:
    script.before = gate = Gate("0.img")
    number = begin(jobs, root)
    gate.reached.wait(30)
    with pytest.raises(JobStateError, match="possible now: pause, cancel"):
        getattr(jobs, action)(number, trusted=True)
    gate.opened.set()
    assert end(jobs, number).state == "done"


@pytest.mark.parametrize("action", ["pause", "cancel", "resume"])
def test_what_an_ended_job_does_not_allow_is_refused(jobs: Jobs, root: Path, action: str) -> None:
    number = run(jobs, root).id
    with pytest.raises(JobStateError, match="is done"):
        getattr(jobs, action)(number, trusted=True)


# --- two on one folder


def test_a_second_job_on_a_folder_waits_for_nobody_and_is_refused(jobs: Jobs, root: Path, tmp_path: Path) -> None:
    first = jobs.create("name", {"folder": str(root)}, trusted=True)
    (tmp_path / "link").symlink_to(root, target_is_directory=True)
    (root / "inner").mkdir()
    for folder in (root, tmp_path, tmp_path / "link", root / "inner"):
        with pytest.raises(JobStateError, match=f"Job {first} works on this folder already"):
            begin(jobs, folder)
    assert jobs.create("other", {"folder": str(root)}, trusted=True)  # it writes other files


def test_a_paused_job_neither_goes_on_nor_is_undone_beside_another_one(jobs: Jobs, root: Path) -> None:
    first = jobs.create("name", {"folder": str(root)}, trusted=True)
    jobs.pause(first, trusted=True)
    second = jobs.create("name", {"folder": str(root)}, trusted=True)
    for action in (jobs.resume, jobs.undo):
        with pytest.raises(JobStateError, match=f"Job {second} works on this folder"):
            action(first, trusted=True)
    with pytest.raises(JobStateError, match=f"Job {second} works on this folder"):
        jobs.run_here(first, FakeProgress(), Stop())
    jobs.cancel(second, trusted=True)
    assert jobs.run_here(first, FakeProgress(), Stop()).state == "done"


def test_of_many_that_begin_at_once_one_is_taken(jobs: Jobs, root: Path) -> None:
    gate, taken = threading.Barrier(8), []

    def start() -> None:
        gate.wait()
        with contextlib.suppress(JobStateError):
            taken.append(jobs.create("name", {"folder": str(root)}, trusted=True))

    threads = [threading.Thread(target=start) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(taken) == 1


# --- undo and remove


def test_undo_gives_the_folder_back_as_it_was(jobs: Jobs, root: Path) -> None:
    (root / "3.txt").write_text("mine")
    before = files_of(root)
    undone = jobs.undo(run(jobs, root).id, trusted=True)
    assert (undone.restored, undone.skipped, undone.job.state) == (10, (), "undone")
    assert files_of(root) == before
    assert undone.job.summary() == "undone: of 10 pictures 10 had been done"


def test_undo_of_a_paused_job_undoes_what_it_did(jobs: Jobs, root: Path, script: Script) -> None:
    script.before = gate = Gate("4.img")
    number = begin(jobs, root)
    gate.reached.wait(30)
    jobs.pause(number, trusted=True)
    gate.opened.set()
    end(jobs, number)
    assert jobs.undo(number, trusted=True).restored == 6
    assert files_of(root) == {}
    with pytest.raises(JobStateError):
        jobs.resume(number, trusted=True)


def test_undo_leaves_what_a_person_changed_and_says_so(jobs: Jobs, root: Path) -> None:
    number = run(jobs, root).id
    (root / "5.txt").write_text("by hand")
    undone = jobs.undo(number, trusted=True)
    assert (undone.restored, [each.file for each in undone.skipped]) == (9, ["5.txt"])
    assert files_of(root) == {"5.txt": "by hand"}


def test_an_undo_that_cannot_be_leaves_the_job_as_it_was(jobs: Jobs, root: Path) -> None:
    number = run(jobs, root).id
    root.rename(root.parent / "moved")
    with pytest.raises(InvalidParamError, match="folder not found"):
        jobs.undo(number, trusted=True)
    assert jobs.info(number, trusted=True).state == "done"


def test_nothing_else_can_be_asked_for_while_a_job_is_undone(
    jobs: Jobs, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = run(jobs, root).id
    refused: list[str] = []

    def restore(*_: Any) -> Any:
        for action in (jobs.pause, jobs.cancel, jobs.resume, jobs.undo, jobs.remove):
            with pytest.raises(JobStateError, match=r"is being undone and cannot be .*; wait until that is done"):
                action(number, trusted=True)
            refused.append(action.__name__)
        return 0, []

    monkeypatch.setattr(module.files, "restore", restore)
    jobs.undo(number, trusted=True)
    assert len(refused) == 5


def test_a_removed_job_is_forgotten_and_its_files_stay(jobs: Jobs, root: Path) -> None:
    number = run(jobs, root).id
    jobs.remove(number, trusted=True)
    assert files_of(root) == ALL
    with pytest.raises(NoJobError):
        jobs.info(number, trusted=True)


# --- mistakes


def test_a_failed_job_can_be_resumed(jobs: Jobs, root: Path, script: Script) -> None:
    def break_down(path: Path) -> None:
        if path.name == "4.img":
            raise BootcampError("The device is gone.")

    script.before = break_down
    info = run(jobs, root)
    assert (info.state, info.error, info.done) == ("failed", "The device is gone.", 3)
    assert info.summary() == "failed: 3 of 10 done"
    script.before = lambda path: None
    jobs.resume(info.id, trusted=True)
    assert end(jobs, info.id).state == "done"
    assert files_of(root) == ALL
    assert jobs.info(info.id, trusted=True).error == ""


def test_a_bug_is_reported_without_its_inside_and_the_queue_goes_on(
    jobs: Jobs, root: Path, script: Script, caplog: pytest.LogCaptureFixture
) -> None:
    def bug(path: Path) -> None:
        raise ZeroDivisionError("a secret of the inside")

    script.before = bug
    info = run(jobs, root)
    assert (info.state, info.error) == ("failed", str(UnexpectedError()))
    assert "a secret of the inside" in caplog.text
    script.before = lambda path: None
    assert run(jobs, root).state == "done"


def test_a_bug_at_the_end_fails_the_job_too(jobs: Jobs, root: Path, script: Script) -> None:
    def bug() -> None:
        raise ZeroDivisionError

    script.ending = bug
    info = run(jobs, root, table=True)
    assert (info.state, info.done) == ("failed", 10)
    script.ending = lambda: None
    jobs.resume(info.id, trusted=True)
    assert end(jobs, info.id).state == "done"
    assert (root / "table.tsv").read_text().count("\n") == 10


def test_a_job_whose_end_could_not_be_noted_is_interrupted_and_not_running_for_ever(
    jobs: Jobs, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    move = jobs.journal.move

    def full(number: int, state: Any, **more: Any) -> bool:
        if state == "done":
            raise OutputError("The journal cannot be written: the disk is full.")
        return move(number, state, **more)

    monkeypatch.setattr(jobs.journal, "move", full)
    info = run(jobs, root)
    assert (info.state, info.actions) == ("interrupted", ("resume", "cancel", "undo", "remove"))
    monkeypatch.undo()
    jobs.resume(info.id, trusted=True)
    assert end(jobs, info.id).state == "done"


def test_a_job_resumed_while_the_queue_gives_up_is_worked_on(
    jobs: Jobs, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gives_up, resumed = threading.Event(), threading.Event()

    def full(*_: Any, **__: Any) -> bool:
        raise OutputError("The journal cannot be written: the disk is full.")

    def logged(*_: Any) -> None:
        gives_up.set()
        assert resumed.wait(30)

    with monkeypatch.context() as patch:
        patch.setattr(module.LOG, "error", logged)
        with monkeypatch.context() as disk:
            disk.setattr(jobs.journal, "move", full)
            number = begin(jobs, root)
            assert gives_up.wait(30)
        assert end(jobs, number).state == "interrupted"
        jobs.resume(number, trusted=True)
        resumed.set()
        assert end(jobs, number).state == "done"


def test_a_job_of_an_operation_that_is_gone_fails_with_a_sentence(jobs: Jobs, root: Path) -> None:
    number = jobs.create("other", {"folder": str(root)}, trusted=True)
    find, jobs.find = jobs.find, {}.__getitem__
    jobs.pause(number, trusted=True)
    jobs.resume(number, trusted=True)
    info = end(jobs, number)
    assert (info.state, info.error) == ("failed", "There is no operation other here.")
    jobs.find = find


# --- processes that ended


def test_the_job_of_a_dead_process_is_interrupted_and_goes_on(
    processes: Callable[..., Jobs], root: Path, script: Script
) -> None:
    dead, alive = processes(), processes()
    number = dead.create("name", {"folder": str(root)}, trusted=True)
    assert alive.info(number, trusted=True).state == "queued"
    dead._owner.close()
    assert [each.state for each in alive.listed(trusted=True)] == ["interrupted"]
    alive.resume(number, trusted=True)
    assert end(alive, number).state == "done"
    assert files_of(root) == ALL


def test_a_dead_process_stands_in_nobodys_way(processes: Callable[..., Jobs], root: Path) -> None:
    dead, alive = processes(), processes()
    dead.create("name", {"folder": str(root)}, trusted=True)
    dead._owner.close()
    assert run(alive, root).state == "done"


def test_who_looks_late_does_not_interrupt_a_job_that_was_taken_up_again(
    processes: Callable[..., Jobs], root: Path, script: Script
) -> None:
    dead, alive, late = processes(), processes(), processes()
    number = dead.create("name", {"folder": str(root)}, trusted=True)
    seen = late.journal.row(number)
    dead._owner.close()
    script.before = gate = Gate("0.img")
    alive.info(number, trusted=True)
    alive.resume(number, trusted=True)
    gate.reached.wait(30)
    late._interrupted(seen)
    assert late.info(number, trusted=True).state == "running"
    gate.opened.set()
    assert end(alive, number).state == "done"


def test_an_undo_that_a_dead_process_left_is_asked_for_again(processes: Callable[..., Jobs], root: Path) -> None:
    dead, alive = processes(), processes()
    number = run(dead, root).id
    assert dead.journal.claim(number, dead._owner.name, "undoing", among=("done",))
    (root / "9.txt").unlink()  # so far it came
    dead._owner.close()
    info = alive.info(number, trusted=True)
    assert (info.state, info.error) == ("cancelled", "The program ended while it was undone; undo it again.")
    assert alive.undo(number, trusted=True).restored == 10
    assert files_of(root) == {}


# --- callers over the network


@pytest.fixture
def stranger(processes: Callable[..., Jobs], root: Path) -> Jobs:
    """A host whose owner allowed the folder of the pictures."""
    return processes(allowed=(root,))


def test_a_caller_names_an_allowed_folder(stranger: Jobs, root: Path) -> None:
    info = stranger.start("name", {"folder": str(root)}, trusted=False)
    assert end(stranger, info.id).state == "done"


@pytest.mark.parametrize("folder", ["{}/..", "{}/../secret", "{}/link", "/", "{}/inner/../.."])
def test_a_caller_names_no_other_folder(stranger: Jobs, root: Path, tmp_path: Path, folder: str) -> None:
    (tmp_path / "secret").mkdir()
    (root / "inner").mkdir()
    (root / "link").symlink_to(tmp_path / "secret", target_is_directory=True)
    with pytest.raises(NotAllowedError):
        stranger.start("name", {"folder": folder.format(root)}, trusted=False)


def test_a_caller_sees_and_touches_the_jobs_of_allowed_folders_only(
    stranger: Jobs, root: Path, tmp_path: Path, script: Script
) -> None:
    (tmp_path / "private").mkdir()
    (tmp_path / "private" / "x.img").write_bytes(b"")
    own, theirs = run(stranger, tmp_path / "private"), run(stranger, root)
    assert [each.id for each in stranger.listed(trusted=False)] == [theirs.id]
    for action in (stranger.info, stranger.items, stranger.pause, stranger.cancel, stranger.resume, stranger.undo):
        with pytest.raises(NoJobError):
            action(own.id, trusted=False)
    with pytest.raises(NoJobError):
        stranger.remove(own.id, trusted=False)
    assert stranger.undo(theirs.id, trusted=False).restored == 10


def test_a_folder_that_becomes_a_link_to_elsewhere_is_refused_when_its_turn_comes(
    stranger: Jobs, root: Path, tmp_path: Path
) -> None:
    inner, secret = root / "inner", tmp_path / "secret"
    for folder in (inner, secret):
        folder.mkdir()
        (folder / "x.img").write_bytes(b"")
    number = stranger.create("name", {"folder": str(inner)}, trusted=False)
    (inner / "x.img").unlink()
    inner.rmdir()
    inner.symlink_to(secret, target_is_directory=True)
    info = stranger.run_here(number, FakeProgress(), Stop())
    assert info.state == "failed"
    assert "is not in a folder that the owner" in info.error
    assert files_of(secret) == {}


# --- one for each data folder


def test_hosts_with_one_data_folder_share_their_jobs(tmp_path: Path, script: Script) -> None:
    one, two = FakeHost(data_dir=tmp_path), FakeHost(data_dir=tmp_path)
    jobs = opened.jobs_of(one, {}.__getitem__)
    try:
        assert opened.jobs_of(two, {}.__getitem__) is jobs
        assert jobs.host is two  # the newer one, as after the WebUI's "Reload UI"
        assert opened.jobs_of(FakeHost(data_dir=tmp_path / "other"), {}.__getitem__) is not jobs
    finally:
        for folder in (tmp_path, tmp_path / "other"):
            opened._open.pop((folder / "jobs").absolute()).close()


def test_jobs_beyond_the_end_of_their_queue_are_refused_until_one_has_left(
    jobs: Jobs, tmp_path: Path, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_WAITING", 2)
    go = threading.Event()
    script.before = lambda _: go.wait(10)  # type: ignore[assignment,return-value]

    def begun(number: int) -> int:
        folder = tmp_path / f"set{number}"
        folder.mkdir()
        (folder / "0.img").write_bytes(b"picture")
        return jobs.start("name", {"folder": str(folder)}, trusted=True).id

    first = begun(0)
    while jobs.info(first, trusted=True).state == "queued":
        time.sleep(0.01)
    waiting = [begun(number) for number in (1, 2)]
    with pytest.raises(QueueFullError) as refused:
        begun(3)
    assert refused.value.status == 503
    jobs.pause(waiting[0], trusted=True)
    last = begun(4)
    with pytest.raises(QueueFullError):
        jobs.resume(waiting[0], trusted=True)
    go.set()
    assert jobs.wait(last, 30).state == "done"


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ("failed", "Job 1 has failed: 10 of 10 done"),
        ("interrupted", "Job 1 was interrupted: 10 of 10 done"),
        ("undoing", "Job 1 is being undone: 10 of 10 done"),
        ("undone", "Job 1 is undone: of 10 pictures 10 had been done"),
        ("paused", "Job 1 is paused: 10 of 10 done"),
    ],
)
def test_a_state_is_the_verb_of_a_sentence(jobs: Jobs, root: Path, state: Any, sentence: str) -> None:
    assert replace(run(jobs, root), state=state).sentence() == sentence


def test_a_job_that_is_not_there_is_refused_in_words_of_every_surface(jobs: Jobs) -> None:
    with pytest.raises(NoJobError, match=r"^There is no job 7; the list of jobs shows those that are there\.$"):
        jobs.info(7, trusted=True)


def test_a_folder_in_which_nothing_is_to_be_done_is_refused_before_there_is_a_job(
    jobs: Jobs, root: Path, script: Script
) -> None:
    script.empty = ImageError("no pictures are in there")
    with pytest.raises(ImageError):
        begin(jobs, root)
    assert jobs.listed(trusted=True) == []


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_refused_before_there_is_a_job(jobs: Jobs, root: Path) -> None:
    root.chmod(0o500)
    try:
        with pytest.raises(OutputError, match=r"^folder: .* cannot be written: .*; give another place\.$"):
            begin(jobs, root)
    finally:
        root.chmod(0o700)
    assert jobs.listed(trusted=True) == []
