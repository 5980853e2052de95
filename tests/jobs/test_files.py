"""Files that jobs write: put right after a crash, put back by undo, never outside of the folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lib_bootcamp.core.files.atomic import write_atomically
from lib_bootcamp.core.files.inside import Inside, digest
from lib_bootcamp.errors import OutputError
from lib_bootcamp.jobs import files
from lib_bootcamp.jobs.journal import Journal
from lib_bootcamp.jobs.places import Places
from lib_bootcamp.jobs.records import Outcome, Written


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    made = Journal(tmp_path / "jobs.sqlite")
    yield made
    made.close()


@pytest.fixture
def number(journal: Journal, root: Path) -> int:
    return journal.add("name", {}, Places(folder=root), "me", trusted=True)


def record(journal: Journal, number: int, path: str, before: bytes | None, after: bytes, *, keep: bool = True) -> None:
    file = Written(path=path, before=before, after=after if keep else None, digest=digest(after))
    journal.record(number, [], [file])


def wrote(journal: Journal, number: int, root: Path, path: str, after: bytes) -> None:
    """Write a file as a job does."""
    before = Inside(root).read(root / path)
    record(journal, number, path, before, after)
    Inside(root).write(root / path, after)
    journal.begin(number, [])


# --- after a crash


def test_what_the_journal_has_not_kept_is_made_anew(journal: Journal, number: int, root: Path) -> None:
    journal.list_items(number, [(f"{at}.img", "") for at in range(4)])
    names = ["written.png", "lost.png", "theirs.png"]
    made = [
        Written(path=each, before=None, after=None, digest=digest(b"map"), item=at) for at, each in enumerate(names)
    ]
    journal.record(number, [Outcome(number=at, state="done", result={"a": at}) for at in range(4)], made)
    (root / "written.png").write_bytes(b"map")
    (root / "theirs.png").write_bytes(b"mine")
    files.recover(journal, number, Inside(root))
    assert journal.todo(number) == [(1, "1.img", 0)]
    assert journal.row(number).info.done == 3
    assert [each.path for each in journal.written(number)] == ["written.png"]
    assert (root / "theirs.png").read_bytes() == b"mine"


def test_a_file_that_was_not_written_is_written(journal: Journal, number: int, root: Path) -> None:
    record(journal, number, "a.txt", None, b"new")
    files.recover(journal, number, Inside(root))
    assert (root / "a.txt").read_bytes() == b"new"
    assert journal.pending(number) == []
    assert [each.path for each in journal.written(number)] == ["a.txt"]


def test_a_file_that_was_written_stays(journal: Journal, number: int, root: Path) -> None:
    record(journal, number, "a.txt", b"old", b"new")
    (root / "a.txt").write_bytes(b"new")
    files.recover(journal, number, Inside(root))
    assert (root / "a.txt").read_bytes() == b"new"
    assert files.restore(journal, number, Inside(root)) == (1, [])
    assert (root / "a.txt").read_bytes() == b"old"


def test_a_file_that_somebody_changed_meanwhile_is_theirs(journal: Journal, number: int, root: Path) -> None:
    record(journal, number, "a.txt", b"old", b"new")
    (root / "a.txt").write_bytes(b"mine")
    files.recover(journal, number, Inside(root))
    assert (root / "a.txt").read_bytes() == b"mine"
    assert files.restore(journal, number, Inside(root)) == (0, [])


def test_a_table_that_was_not_written_is_made_anew_later(journal: Journal, number: int, root: Path) -> None:
    record(journal, number, "table", None, b"rows", keep=False)
    files.recover(journal, number, Inside(root))
    assert not (root / "table").exists()
    assert journal.written(number) == []


def test_what_a_killed_process_left_beside_its_files_goes_and_nothing_else(
    journal: Journal, number: int, root: Path
) -> None:
    record(journal, number, "a.txt", None, b"new")
    strays = [".a.txt.abcd_123.tmp", ".a.txt.00000000.tmp"]
    others = [".a.txt.tmp", ".a.txt.mine.tmp", ".b.txt.abcd1234.tmp", "a.txt.abcd1234.tmp"]
    for name in (*strays, *others):
        (root / name).write_bytes(b"half")
    files.recover(journal, number, Inside(root))
    assert not any((root / name).exists() for name in strays)
    assert all((root / name).exists() for name in others)


def test_strays_are_named_as_the_writer_names_them(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    path = root / f"{'long' * 20}.txt"
    monkeypatch.setattr("os.replace", killed)
    monkeypatch.setattr("os.unlink", killed)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(path, b"half")
    monkeypatch.undo()
    assert len(list(root.glob(".*.tmp"))) == 1
    files.remove_leftovers(Inside(root), [path.name])
    assert list(root.glob(".*.tmp")) == []


def test_strays_of_a_linked_file_lie_beside_its_target(root: Path, tmp_path: Path) -> None:
    inner = root / "inner"
    inner.mkdir()
    (inner / "real.txt").write_text("x")
    (root / "link.txt").symlink_to(inner / "real.txt")
    (inner / ".real.txt.abcd1234.tmp").write_text("half")
    files.remove_leftovers(Inside(root), ["link.txt"])
    assert sorted(each.name for each in inner.iterdir()) == ["real.txt"]


# --- undo


def test_undo_removes_what_was_made_and_restores_what_was_there(journal: Journal, number: int, root: Path) -> None:
    (root / "a.txt").write_bytes(b"old\r\n")
    wrote(journal, number, root, "a.txt", b"new")
    wrote(journal, number, root, "b.txt", b"new")
    assert files.restore(journal, number, Inside(root)) == (2, [])
    assert (root / "a.txt").read_bytes() == b"old\r\n"
    assert not (root / "b.txt").exists()
    assert journal.written(number) == []


@pytest.mark.parametrize("now", [b"mine", None])
def test_undo_leaves_what_was_changed_or_deleted_since(
    journal: Journal, number: int, root: Path, now: bytes | None
) -> None:
    (root / "a.txt").write_bytes(b"old")
    wrote(journal, number, root, "a.txt", b"new")
    wrote(journal, number, root, "b.txt", b"new")
    (root / "a.txt").unlink() if now is None else (root / "a.txt").write_bytes(now)
    restored, left = files.restore(journal, number, Inside(root))
    assert (restored, [each.note for each in left]) == (1, ["a.txt was changed since; skipped."])
    assert Inside(root).read(root / "a.txt") == now
    # it can be asked for again, once the file is as the job left it
    (root / "a.txt").write_bytes(b"new")
    assert files.restore(journal, number, Inside(root)) == (1, [])
    assert (root / "a.txt").read_bytes() == b"old"


def test_a_file_that_was_written_several_times_gets_its_oldest_content(
    journal: Journal, number: int, root: Path
) -> None:
    (root / "table").write_bytes(b"0")
    for text in (b"1", b"2", b"3"):
        wrote(journal, number, root, "table", text)
    assert files.restore(journal, number, Inside(root)) == (1, [])
    assert (root / "table").read_bytes() == b"0"


def test_what_somebody_did_between_two_writes_of_a_file_is_not_undone(
    journal: Journal, number: int, root: Path
) -> None:
    wrote(journal, number, root, "table", b"1")
    (root / "table").write_bytes(b"1 and mine")
    wrote(journal, number, root, "table", b"2")
    restored, left = files.restore(journal, number, Inside(root))
    assert (restored, len(left)) == (0, 1)
    assert (root / "table").read_bytes() == b"1 and mine"


def test_undo_of_more_than_a_page_of_files_is_whole(journal: Journal, number: int, root: Path) -> None:
    names = [f"{at}.txt" for at in range(450)]
    journal.record(number, [], [Written(path=each, before=None, after=b"x", digest=digest(b"x")) for each in names])
    for each in names:
        (root / each).write_bytes(b"x")
    journal.begin(number, [])
    assert files.restore(journal, number, Inside(root)) == (450, [])
    assert list(root.glob("*.txt")) == []


# --- outside


def test_nothing_is_written_through_a_link_that_leads_out(
    journal: Journal, number: int, root: Path, tmp_path: Path
) -> None:
    (tmp_path / "secret").mkdir()
    (root / "out").symlink_to(tmp_path / "secret", target_is_directory=True)
    record(journal, number, "out/a.txt", None, b"x")
    with pytest.raises(OutputError, match="is outside the folder"):
        files.recover(journal, number, Inside(root))
    assert list((tmp_path / "secret").iterdir()) == []


def test_undo_follows_no_link_that_leads_out(journal: Journal, number: int, root: Path, tmp_path: Path) -> None:
    wrote(journal, number, root, "a.txt", b"new")
    (tmp_path / "theirs.txt").write_bytes(b"new")
    (root / "a.txt").unlink()
    (root / "a.txt").symlink_to(tmp_path / "theirs.txt")
    restored, left = files.restore(journal, number, Inside(root))
    assert (restored, len(left)) == (0, 1)
    assert "is outside the folder" in left[0].note
    assert (tmp_path / "theirs.txt").read_bytes() == b"new"
