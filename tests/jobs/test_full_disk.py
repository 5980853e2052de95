"""A job whose files cannot be written for want of a disk ends as failed, and goes on when it is resumed."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lib_bootcamp.core.files.atomic import cannot_write
from lib_bootcamp.core.files.inside import Inside
from lib_bootcamp.errors import StorageError
from lib_bootcamp.jobs.facts import JobInfo
from lib_bootcamp.jobs.manager import Jobs
from lib_bootcamp.jobs.progress import Stop
from tests.fakes import FakeProgress
from tests.jobs.fake_job import Script, files_of, jobs_of
from tests.small_disk import fill, make_read_only, make_writable, small_disk

ALL = {f"{number}.txt": f"a {number}" for number in range(10)}
STORAGE = [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS]


def create(jobs: Jobs, root: Path, **values: object) -> int:
    return jobs.create("name", {"folder": str(root), **values}, trusted=True)


def run(jobs: Jobs, number: int) -> JobInfo:
    return jobs.run_here(number, FakeProgress(), Stop())


@pytest.fixture
def breaking(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, int], pytest.MonkeyPatch]:
    """Has the disk fail at one file; `undo` of what it gives mends it."""

    def make(name: str, number: int) -> pytest.MonkeyPatch:
        write = Inside.write

        def broken(self: Inside, path: Path, data: bytes) -> None:
            if path.name == name:
                raise cannot_write(path, OSError(number, os.strerror(number)))
            write(self, path, data)

        monkeypatch.setattr(Inside, "write", broken)
        return monkeypatch

    return make


@pytest.mark.parametrize("number", STORAGE)
def test_the_job_ends_as_failed_and_says_why(
    jobs: Jobs, root: Path, script: Script, breaking: Callable[[str, int], pytest.MonkeyPatch], number: int
) -> None:
    breaking("4.txt", number)
    info = run(jobs, create(jobs, root))
    assert (info.state, info.done, info.failed, info.left) == ("failed", 4, 0, 6)
    assert os.strerror(number) in info.error
    assert "resume" in info.actions
    assert script.worked == [f"{each}.img" for each in range(6)]  # no batch was computed for nothing


@pytest.mark.parametrize("number", STORAGE)
def test_a_resumed_job_writes_what_was_missing_and_can_be_undone(
    jobs: Jobs, root: Path, breaking: Callable[[str, int], pytest.MonkeyPatch], number: int
) -> None:
    disk = breaking("4.txt", number)
    job = create(jobs, root)
    run(jobs, job)
    disk.undo()
    info = run(jobs, job)
    assert (info.state, info.done, info.failed, info.error) == ("done", 10, 0, "")
    assert files_of(root) == ALL
    assert jobs.undo(job, trusted=True).restored == 10
    assert files_of(root) == {}


def test_a_table_that_cannot_be_written_fails_the_job_and_is_written_when_it_is_resumed(
    jobs: Jobs, root: Path, breaking: Callable[[str, int], pytest.MonkeyPatch]
) -> None:
    disk = breaking("table.tsv", errno.ENOSPC)
    job = create(jobs, root, table=True)
    assert run(jobs, job).state == "failed"
    disk.undo()
    assert run(jobs, job).state == "done"
    assert files_of(root)["table.tsv"].count("\n") == 10


def test_a_folder_that_cannot_be_written_fails_the_job_before_its_first_picture(
    jobs: Jobs, root: Path, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(self: Inside, folder: Path) -> None:
        raise cannot_write(folder, PermissionError(errno.EACCES, os.strerror(errno.EACCES)))

    job = create(jobs, root)
    monkeypatch.setattr(Inside, "check_writable", denied)
    info = run(jobs, job)
    assert (info.state, info.done, info.failed) == ("failed", 0, 0)
    assert "Permission denied" in info.error
    assert script.worked == []


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_the_right_to_write_fails_the_job_before_its_first_picture(
    jobs: Jobs, root: Path, script: Script
) -> None:
    job = create(jobs, root)
    root.chmod(0o555)
    info = run(jobs, job)
    root.chmod(0o755)
    assert (info.state, script.worked) == ("failed", [])


# --- real disks


@pytest.fixture
def disk(tmp_path: Path, root: Path) -> Iterator[Path]:
    """A small disk with the pictures on it."""
    with small_disk(tmp_path / "disk", 256) as made:
        shutil.copytree(root, made / "set")
        yield made


def test_on_a_disk_that_is_read_only_no_picture_is_worked_on(jobs: Jobs, disk: Path, script: Script) -> None:
    job = create(jobs, disk / "set")
    make_read_only(disk)
    info = run(jobs, job)
    assert (info.state, script.worked) == ("failed", [])
    assert "Read-only file system" in info.error
    make_writable(disk)
    assert run(jobs, job).state == "done"
    assert files_of(disk / "set") == ALL


def test_on_a_disk_that_gets_full_the_job_fails_and_goes_on_when_there_is_room(
    jobs: Jobs, disk: Path, script: Script
) -> None:
    job = create(jobs, disk / "set")
    script.settling = lambda path: fill(disk, leave=8192) and None if path.name == "0.img" else None
    info = run(jobs, job)
    assert info.state == "failed"
    assert "No space left on device" in info.error
    assert 0 < info.done == len(files_of(disk / "set")) < 10
    script.settling = lambda path: None
    (disk / "fill").unlink()
    assert run(jobs, job).state == "done"
    assert files_of(disk / "set") == ALL


def test_a_journal_on_a_full_disk_loses_no_job(tmp_path: Path, root: Path, script: Script) -> None:
    with small_disk(tmp_path / "data", 512) as data:
        jobs = jobs_of(data / "jobs", script)
        job = create(jobs, root)
        script.settling = lambda path: fill(data) and None if path.name == "4.img" else None
        with pytest.raises(StorageError, match="cannot be written: database or disk is full"):
            run(jobs, job)
        assert jobs.listed(trusted=True)[0].id == job
        script.settling = lambda path: None
        (data / "fill").unlink()
        assert jobs.info(job, trusted=True).state == "interrupted"
        assert run(jobs, job).state == "done"
        assert files_of(root) == ALL
        jobs.close()


def test_nobody_else_may_read_the_journal(jobs: Jobs, root: Path) -> None:
    run(jobs, create(jobs, root))
    folder = jobs.journal.path.parent
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {each.name: each.stat().st_mode & 0o077 for each in folder.glob("jobs.sqlite*")} == {
        each.name: 0 for each in folder.glob("jobs.sqlite*")
    }


def test_a_journal_that_others_could_read_is_closed_to_them_when_it_is_opened(tmp_path: Path, script: Script) -> None:
    jobs_of(tmp_path / "jobs", script).close()
    (tmp_path / "jobs").chmod(0o755)
    (tmp_path / "jobs" / "jobs.sqlite").chmod(0o644)
    jobs_of(tmp_path / "jobs", script).close()
    modes = [path.stat().st_mode & 0o777 for path in (tmp_path / "jobs", tmp_path / "jobs" / "jobs.sqlite")]
    assert modes == [0o700, 0o600]
