"""The journal by itself: what it keeps, what it forgets, and that it says so when it cannot."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lib_bootcamp.core.files.inside import digest
from lib_bootcamp.errors import OutputError
from lib_bootcamp.jobs import database, item_journal
from lib_bootcamp.jobs import journal as module
from lib_bootcamp.jobs.facts import NoJobError
from lib_bootcamp.jobs.journal import Journal
from lib_bootcamp.jobs.places import Places
from lib_bootcamp.jobs.records import Outcome, Written


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    made = Journal(tmp_path / "jobs.sqlite")
    yield made
    made.close()


def add(journal: Journal, folder: Path = Path("/set"), *pictures: str) -> int:
    number = journal.add("caption", {"folder": str(folder)}, Places(folder=folder), "me", trusted=True)
    if pictures:
        journal.list_items(number, [(each, "") for each in pictures])
    return number


def written(path: str, before: bytes | None, after: bytes) -> Written:
    return Written(path=path, before=before, after=after, digest=digest(after))


def test_a_job_is_kept_as_it_was_given(journal: Journal) -> None:
    row = journal.row(add(journal))
    assert (row.info.state, row.info.operation, row.info.params) == ("queued", "caption", {"folder": "/set"})
    assert (row.owner, row.trusted, row.listed, row.folder) == ("me", True, False, Path("/set"))
    assert (row.info.total, row.info.eta_s, row.info.started, row.info.finished) == (0, None, None, None)


def test_it_is_there_in_another_process(journal: Journal) -> None:
    number = add(journal, Path("/set"), "a.png")
    other = Journal(journal.path)
    assert other.row(number).info.total == 1
    other.close()


@pytest.mark.parametrize("number", [0, 7, -1, 2**70])
def test_a_number_that_no_job_has_is_reported(journal: Journal, number: int) -> None:
    with pytest.raises(NoJobError, match=f"no job {number}"):
        journal.row(number)


def test_a_number_is_never_given_twice(journal: Journal) -> None:
    first = add(journal)
    assert journal.remove(first, among=("queued",))
    assert add(journal) == first + 1


def test_paths_that_are_no_text_come_back_as_they_were(journal: Journal) -> None:
    name = os.fsdecode(b"caf\xe9.png")
    number = add(journal, Path("/") / os.fsdecode(b"s\xe9t"), name)
    assert journal.todo(number) == [(0, name, 0)]
    assert journal.row(number).folder == Path("/") / os.fsdecode(b"s\xe9t")
    journal.row(number).info.folder.encode("utf-8")
    journal.items(number)[0].path.encode("utf-8")


def test_counts_follow_the_pictures(journal: Journal) -> None:
    number = add(journal)
    journal.list_items(number, [("a", ""), ("b", "there is one"), ("c", ""), ("d", "")])
    journal.begin(number, [0, 2])
    journal.record(
        number,
        [Outcome(number=0, state="done", result={"text": "x"}), Outcome(number=2, state="failed", note="no")],
        [],
    )
    info = journal.row(number).info
    assert (info.total, info.done, info.skipped, info.failed, info.left) == (4, 1, 1, 1, 1)
    assert [each.state for each in journal.items(number)] == ["done", "skipped", "failed", "todo"]
    assert [each.path for each in journal.items(number, states=("failed",))] == ["c"]
    assert [each.path for each in journal.items(number, offset=1, limit=2)] == ["b", "c"]


def test_a_long_list_is_taken_page_by_page_and_begun_anew_after_a_break(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(item_journal, "PAGE", 3)
    number = add(journal)

    def breaks() -> Iterator[tuple[str, str]]:
        yield from ((str(at), "") for at in range(7))
        raise RuntimeError("the folder is gone")

    with pytest.raises(RuntimeError):
        journal.list_items(number, breaks())
    assert not journal.row(number).listed
    journal.list_items(number, ((str(at), "") for at in range(5)))
    assert journal.row(number).info.total == 5
    assert [path for _, path, _ in journal.todo(number)] == list("01234")


def test_others_may_write_while_a_slow_folder_is_listed(journal: Journal) -> None:
    number, other = add(journal), Journal(journal.path)
    other._db.execute("PRAGMA busy_timeout = 0")

    def slow() -> Iterator[tuple[str, str]]:
        yield "a", ""
        add(other)  # would say that the database is locked
        yield "b", ""

    journal.list_items(number, slow())
    other.close()
    assert journal.row(number).info.total == 2


def test_results_are_reported_once(journal: Journal) -> None:
    number = add(journal, Path("/set"), "a", "b")
    journal.record(number, [Outcome(number=0, state="done", result={"text": "x"})], [])
    assert list(journal.results(number)) == [("a", {"text": "x"})]
    journal.mark_reported(number)
    assert list(journal.results(number)) == []
    journal.record(number, [Outcome(number=1, state="done", result={"text": "y"})], [])
    assert list(journal.results(number)) == [("b", {"text": "y"})]


def test_results_of_more_than_a_page_come_in_order(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(item_journal, "PAGE", 3)
    number = add(journal, Path("/set"), *"abcdefgh")
    journal.record(number, [Outcome(number=at, state="done", result={"at": at}) for at in range(8)], [])
    assert [facts["at"] for _, facts in journal.results(number)] == list(range(8))


def test_a_file_that_could_not_be_written_makes_its_picture_fail_once(journal: Journal) -> None:
    number = add(journal, Path("/set"), "a")
    journal.record(number, [Outcome(number=0, state="done", result={})], [written("a.txt", None, b"x")])
    for _ in range(2):
        journal.take_back(number, 0, "a.txt", "disk full")
    info = journal.row(number).info
    assert (info.done, info.failed) == (0, 1)
    assert journal.pending(number) == []


def test_what_a_file_holds_is_forgotten_when_it_is_written_and_what_it_held_is_not(journal: Journal) -> None:
    number = add(journal, Path("/set"), "a")
    journal.record(number, [], [written("a.txt", b"old", b"new")])
    assert [each.after for each in journal.pending(number)] == [b"new"]
    journal.begin(number, [])
    journal.record(number, [], [written("b.txt", None, b"next")])
    journal.drop_content(number)
    assert [(each.path, each.after) for each in journal.pending(number)] == [("b.txt", b"next")]
    (file,) = journal.written(number)
    assert (file.before, file.after, file.digest) == (b"old", None, digest(b"new"))


def test_a_crash_counts_for_what_was_begun_and_did_not_end(journal: Journal) -> None:
    number = add(journal, Path("/set"), "a", "b", "c")
    journal.begin(number, [0, 1])
    journal.record(number, [Outcome(number=0, state="done", result={})], [])
    journal.crashed(number)
    journal.crashed(number)  # nothing was begun since
    assert (journal.todo(number), journal.repeats(number)) == ([(1, "b", 1), (2, "c", 0)], 1)


def test_what_is_given_up_by_somebodys_wish_is_no_crash(journal: Journal) -> None:
    number = add(journal, Path("/set"), "a")
    journal.begin(number, [0])
    journal.release(number)
    journal.crashed(number)
    assert journal.repeats(number) == 0


def test_the_number_of_a_written_file_is_never_given_twice(journal: Journal) -> None:
    number = add(journal, Path("/set"), "a")
    journal.record(number, [], [written("a.txt", None, b"x")])
    journal.begin(number, [])
    journal.forget_writes([each.id for each in journal.written(number)])
    journal.record(number, [], [written("b.txt", None, b"y")])
    assert [each.path for each in journal.pending(number)] == ["b.txt"]


def test_the_time_that_is_left_is_that_of_the_pictures_that_are_left(journal: Journal) -> None:
    number = add(journal, Path("/set"), *"abcde")
    journal.claim(number, "me", "running", among=("queued",))
    assert journal.row(number).info.eta_s is None
    journal.record(number, [Outcome(number=0, state="done", result={})], [])
    journal.begin(number, [1], spent_s=2.0, per_item_s=2.0)
    assert (journal.row(number).info.eta_s, journal.row(number).info.spent_s) == (8.0, 2.0)
    assert "about 8 s left" in journal.row(number).info.summary()
    journal.move(number, "done", among=("running",))
    assert journal.row(number).info.eta_s is None


def test_a_job_is_claimed_once(journal: Journal) -> None:
    number = add(journal)
    assert journal.claim(number, "a", "running", among=("queued",))
    assert not journal.claim(number, "b", "running", among=("queued",))
    assert journal.row(number).owner == "a"


def test_who_was_asked_to_cancel_is_not_asked_to_pause(journal: Journal) -> None:
    number = add(journal)
    journal.request(number, "pause")
    assert journal.requested(number) == ""  # it does not run
    journal.claim(number, "me", "running", among=("queued",))
    journal.request(number, "cancel")
    journal.request(number, "pause")
    assert journal.requested(number) == "cancel"
    journal.move(number, "cancelled", among=("running",))
    assert journal.requested(number) == ""


def test_only_the_newest_ended_jobs_are_remembered(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT_JOBS", 3)
    numbers = [add(journal, Path(f"/{at}"), "a") for at in range(6)]
    for number in numbers[:5]:
        journal.move(number, "done", among=("queued",))
    waits = numbers[5]
    newest = add(journal)
    assert [row.info.id for row in journal.rows()] == [newest, waits, *reversed(numbers[2:5])]
    assert journal.items(numbers[0]) == []  # its pictures are gone with it


def test_a_transaction_inside_of_another_one_goes_back_with_it(journal: Journal) -> None:
    def half() -> None:
        with journal.transaction():
            add(journal)
            raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        half()
    assert journal.rows() == []
    assert add(journal) >= 1


def test_the_disk_is_waited_for_at_once_or_every_few_seconds(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "SYNC_S", 1000.0)
    number = add(journal, Path("/set"), "a")

    def level() -> int:
        return int(journal._db.execute("PRAGMA synchronous").fetchone()[0])

    def during(**options: Any) -> int:
        with journal.transaction(**options) as db:
            db.execute("UPDATE jobs SET spent_s = 1 WHERE id = ?", (number,))
            return level()

    journal._synced = -2000.0
    seen = [during(durable="soon"), during(durable="soon"), during(durable="now"), during()]
    assert seen == [2, 1, 2, 1]  # FULL, NORMAL
    assert level() == 1


def test_old_content_is_waited_for_and_new_files_are_not(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    transaction = journal.transaction
    monkeypatch.setattr(
        journal, "transaction", lambda **more: asked.append(more.get("durable", "")) or transaction(**more)
    )
    number = add(journal, Path("/set"))
    asked.clear()
    journal.record(number, [], [written("a.txt", None, b"x")])
    journal.record(number, [], [written("b.txt", b"old", b"x")])
    assert [each for each in asked if each] == ["soon"]


def test_a_file_that_is_no_journal_is_named_with_its_name(tmp_path: Path) -> None:
    path = tmp_path / "jobs.sqlite"
    path.write_bytes(b"not a database" * 100)
    with pytest.raises(OutputError, match=r"jobs\.sqlite cannot be opened: .*; move it away to start over"):
        Journal(path)


def test_a_journal_without_room_asks_for_room_and_not_to_be_moved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(database.sqlite3, "connect", full)
    with pytest.raises(OutputError, match=r"jobs\.sqlite cannot be opened: database or disk is full; free some space"):
        Journal(tmp_path / "jobs.sqlite")


def test_a_journal_of_the_first_version_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "jobs.sqlite"
    shutil.copy(Path(__file__).parent / "version_2" / "jobs.sqlite", path)
    with contextlib.closing(sqlite3.connect(path)) as old:
        old.execute("ALTER TABLE writes DROP COLUMN item")
        old.execute("PRAGMA user_version = 1")
    for _ in range(2):
        journal = Journal(path)
        assert [(each.path, each.item) for each in journal.pending(2)][:1] == [("maps/brightness/a.png", None)]
        assert journal.row(2).info.kind == "folder"
        journal.close()


def test_a_journal_of_a_newer_program_is_left_alone(journal: Journal) -> None:
    with sqlite3.connect(journal.path) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(OutputError, match="a newer version"):
        Journal(journal.path)


def test_a_full_disk_is_one_sentence_and_the_journal_goes_on_after_it(journal: Journal) -> None:
    number = add(journal)
    journal._db.execute(f"PRAGMA max_page_count = {journal.all('PRAGMA page_count')[0][0]}")
    with pytest.raises(OutputError, match=r"cannot be written: .*full"):
        journal.list_items(number, ((f"{at}" * 500, "") for at in range(1000)))
    journal._db.execute("PRAGMA max_page_count = 1000000")
    journal.list_items(number, [("a", "")])
    assert journal.row(number).info.total == 1


def test_a_closed_journal_says_so(tmp_path: Path) -> None:
    made = Journal(tmp_path / "jobs.sqlite")
    made.close()
    with pytest.raises(OutputError, match="cannot be written"):
        add(made)
    with pytest.raises(OutputError, match="cannot be read"):
        made.rows()


def _begin(path: Path, gate: object, answers: object) -> None:
    gate.wait()  # type: ignore[attr-defined]
    made = Journal(path)
    answers.put(add(made))  # type: ignore[attr-defined]
    made.close()


def test_processes_that_begin_at_once_share_a_new_journal(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork" if os.name == "posix" else "spawn")
    gate, answers = context.Barrier(4), context.Queue()
    workers = [context.Process(target=_begin, args=(tmp_path / "jobs.sqlite", gate, answers)) for _ in range(4)]
    for each in workers:
        each.start()
    assert sorted(answers.get(timeout=60) for _ in workers) == [1, 2, 3, 4]
    for each in workers:
        each.join()
