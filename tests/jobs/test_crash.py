"""A process that is killed at every single point of a job and of an undo: nothing is lost, no half file stays.

Here the process only seems to end: from a point on, the journal and the disk take nothing more from it. Real ones are
killed in tests/surfaces/cli/test_crash.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from lib_bootcamp.core.files.places import Place
from lib_bootcamp.jobs import folder_run
from lib_bootcamp.jobs.database import Database
from lib_bootcamp.jobs.manager import Jobs
from lib_bootcamp.jobs.progress import Stop
from tests.fakes import FakeProgress
from tests.jobs.fake_job import Killed, Script, files_of, jobs_of

PICTURES, BATCH = 7, 3
BEFORE = {"1.txt": "mine", "5.txt": "also mine"}


class Death:
    """Ends the process at a point."""

    def __init__(self) -> None:
        self.left: int | None = None

    def point(self, leave: Callable[[], None] = lambda: None) -> None:
        """Here the process may end; then `leave` says what it leaves, and nothing comes after it."""
        if self.left is None:
            return
        if self.left == 0:
            raise Killed
        self.left -= 1
        if self.left == 0:
            leave()
            raise Killed


@pytest.fixture
def death(monkeypatch: pytest.MonkeyPatch) -> Death:
    made = Death()
    transaction, write, unlink = Database.transaction, Place.write, Place.unlink

    @contextmanager
    def dying_transaction(self: Database, **options: Any) -> Iterator[Any]:
        outer = not self._inside
        if outer:
            made.point()
        with transaction(self, **options) as db:
            yield db
        if outer:
            made.point()

    def dying_write(self: Place, data: bytes, mode: int = 0o666) -> None:
        made.point()
        half = self.temporary().path
        made.point(lambda: half.write_bytes(data[: len(data) // 2]) and None)
        write(self, data, mode)
        made.point()

    def dying_unlink(self: Place) -> None:
        made.point()
        unlink(self)
        made.point()

    monkeypatch.setattr(Database, "transaction", dying_transaction)
    monkeypatch.setattr(Place, "write", dying_write)
    monkeypatch.setattr(Place, "unlink", dying_unlink)
    return made


def fresh(folder: Path) -> Path:
    """A folder with pictures, some of which have captions."""
    root = folder / "set"
    root.mkdir(parents=True)
    for at in range(PICTURES):
        (root / f"{at}.img").write_bytes(b"picture")
    for name, text in BEFORE.items():
        (root / name).write_text(text)
    return root


def end(jobs: Jobs) -> None:
    """The dead process's lock goes with it."""
    file = jobs._owner._file
    file.close()
    jobs._owner._file = None
    jobs.journal.close()


def finished(folder: Path, script: Script, number: int) -> Jobs:
    """Another process, that has brought the job to its end."""
    jobs = jobs_of(folder / "jobs", script)
    if jobs.info(number, trusted=True).state != "done":
        jobs.run_here(number, FakeProgress(), Stop())
    return jobs


@pytest.mark.thorough
@pytest.mark.parametrize(("table", "kept"), [(False, folder_run.KEPT_BYTES), (False, 0), (True, 0)])
def test_killed_at_any_point_a_job_loses_nothing_and_repeats_at_most_a_batch(
    tmp_path: Path, death: Death, table: bool, kept: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder_run, "KEPT_BYTES", kept)
    texts = {f"{at}.txt": f"a {at}" for at in range(PICTURES)}
    rows = {"table.tsv": "".join(f"{at}.img\ta {at}\n" for at in range(PICTURES)), **BEFORE}
    whole = rows if table else texts
    for point in range(1, 1000):
        folder = tmp_path / f"{table}{point}"
        root, script = fresh(folder), Script(size=BATCH)
        first = jobs_of(folder / "jobs", script)
        number = first.create("name", {"folder": str(root), "table": table}, trusted=True)
        death.left = point
        try:
            first.run_here(number, FakeProgress(), Stop())
            alive = True
        except Killed:
            alive = False
        death.left = None
        end(first)

        assert {name: text for name, text in files_of(root).items() if not name.startswith(".")}.items() <= {
            *whole.items(),
            *BEFORE.items(),
        }
        second = finished(folder, script, number)
        info = second.info(number, trusted=True)
        assert (info.state, info.done, info.failed) == ("done", PICTURES, 0), point
        assert files_of(root) == whole, point
        assert len(script.worked) - PICTURES <= BATCH, point
        assert second.journal.repeats(number) <= BATCH, point
        second.undo(number, trusted=True)
        assert files_of(root) == BEFORE, point
        second.close()
        if alive:
            break
    assert point > 20


@pytest.mark.thorough
def test_killed_at_any_point_an_undo_is_finished_by_the_next_one(tmp_path: Path, death: Death) -> None:
    for point in range(1, 1000):
        folder = tmp_path / str(point)
        root, script = fresh(folder), Script(size=BATCH)
        first = jobs_of(folder / "jobs", script)
        number = first.create("name", {"folder": str(root)}, trusted=True)
        first.run_here(number, FakeProgress(), Stop())
        death.left = point
        try:
            first.undo(number, trusted=True)
            alive = True
        except Killed:
            alive = False
        death.left = None
        end(first)
        second = jobs_of(folder / "jobs", script)
        if second.info(number, trusted=True).state != "undone":
            assert second.undo(number, trusted=True).skipped == (), point
        assert files_of(root) == BEFORE, point
        second.close()
        if alive:
            break
    assert point > 20
