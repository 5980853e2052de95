"""Files are changed so that it can be undone, byte for byte, and what others changed since is left."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lib_bootcamp.core.files.run_journal import KEPT_RUNS
from lib_bootcamp.core.files.undo_files import Journal
from lib_bootcamp.errors import InvalidParamError, OutputError
from tests.small_disk import fill, small_disk


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "set"
    folder.mkdir()
    return folder


@pytest.fixture
def journal(tmp_path: Path, root: Path) -> Journal:
    return Journal(tmp_path / "store", root)


def write(journal: Journal, **files: bytes) -> None:
    with journal.run("test"):
        for name, data in files.items():
            journal.write(journal.root / name, data)


def contents(root: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in root.iterdir()}


def test_a_run_is_undone_as_a_whole_and_the_newest_first(journal: Journal, root: Path) -> None:
    (root / "a").write_bytes(b"\xff old \r\n")
    write(journal, a=b"1", b=b"1")
    write(journal, a=b"2")
    assert [each.note for each in journal.undo()] == [""]
    assert contents(root) == {"a": b"1", "b": b"1"}
    assert sorted((each.file.name, each.before, each.after) for each in journal.undo()) == [
        ("a", b"1", b"\xff old \r\n"),
        ("b", b"1", None),
    ]
    assert contents(root) == {"a": b"\xff old \r\n"}
    with pytest.raises(InvalidParamError, match="finds no edit"):
        journal.undo()
    assert not journal.path.exists()


_steps = st.lists(st.tuples(st.sampled_from("abc"), st.binary(max_size=8)), max_size=8)


@pytest.mark.thorough
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.dictionaries(st.sampled_from("abc"), st.binary(max_size=8)), st.lists(_steps, max_size=4))
def test_undo_restores_every_byte_after_any_runs(
    tmp_path_factory: pytest.TempPathFactory, before: dict[str, bytes], runs: list[list[tuple[str, bytes]]]
) -> None:
    root = tmp_path_factory.mktemp("set")
    journal = Journal(tmp_path_factory.mktemp("store"), root)
    for name, data in before.items():
        (root / name).write_bytes(data)
    for steps in runs:
        with journal.run("test"):
            for name, data in steps:
                journal.write(root / name, data)
    while journal.title() is not None:
        journal.undo()
    assert contents(root) == before


def test_a_run_that_changes_nothing_leaves_no_trace(journal: Journal, root: Path) -> None:
    (root / "a").write_bytes(b"same")
    write(journal, a=b"same")
    assert journal.title() is None
    assert not journal.path.exists()


def test_a_file_that_was_changed_since_is_skipped_and_reported(journal: Journal, root: Path) -> None:
    (root / "a").write_bytes(b"0")
    write(journal, a=b"1", b=b"1")
    (root / "a").write_bytes(b"mine")
    reported = {each.file.name: each.note for each in journal.undo()}
    assert reported == {"a": f"{journal.root / 'a'} was changed since; skipped.", "b": ""}
    assert contents(root) == {"a": b"mine"}
    (root / "a").write_bytes(b"1")  # put back: what was left can be undone still
    journal.undo()
    assert contents(root) == {"a": b"0"}


def test_a_dry_run_lists_the_same_and_does_nothing(journal: Journal, root: Path) -> None:
    (root / "a").write_bytes(b"0")
    write(journal, a=b"1", b=b"1")
    planned = journal.undo(dry_run=True)
    assert contents(root) == {"a": b"1", "b": b"1"}
    assert planned == journal.undo()


def test_a_crash_before_the_file_is_written_is_undone_to_what_was(
    journal: Journal, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "a").write_bytes(b"0")

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("lib_bootcamp.core.files.places.Place.write", crash)
        with pytest.raises(KeyboardInterrupt):
            write(journal, a=b"1")
    assert contents(root) == {"a": b"0"}
    assert journal.undo() == []
    assert contents(root) == {"a": b"0"}


def test_a_journal_that_is_cut_off_or_not_ours_does_no_harm(journal: Journal, root: Path) -> None:
    (root / "a").write_bytes(b"0")
    write(journal, a=b"1")
    whole = journal.path.read_bytes()
    outside = (
        b'{"file": "../secret", "before": "eA==", "after": "0"}\n{"file": "/etc/x", "before": null, "after": "0"}\n'
    )
    journal.path.write_bytes(b"\xff\n[1]\n{\n" + whole + outside + b'{"file": "b", "bef')
    assert [each.file.name for each in journal.undo()] == ["a"]
    assert contents(root) == {"a": b"0"}


def test_nothing_outside_of_the_folder_is_written(journal: Journal, root: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"s")
    (root / "link").symlink_to(tmp_path / "secret")
    with pytest.raises(OutputError, match="outside the folder"), journal.run("test"):
        journal.write(root / "link", b"x")
    assert (tmp_path / "secret").read_bytes() == b"s"


def test_a_link_that_took_a_files_place_is_left_by_undo(journal: Journal, root: Path, tmp_path: Path) -> None:
    (root / "a").write_bytes(b"0")
    write(journal, a=b"1")
    (root / "a").unlink()
    (tmp_path / "other").write_bytes(b"1")
    (root / "a").symlink_to(tmp_path / "other")
    assert "outside the folder" in journal.undo()[0].note
    assert (tmp_path / "other").read_bytes() == b"1"


def test_only_the_newest_runs_are_kept(journal: Journal, root: Path) -> None:
    for number in range(KEPT_RUNS + 5):
        write(journal, a=str(number).encode())
    count = 0
    while journal.title() is not None:
        journal.undo()
        count += 1
    assert count == KEPT_RUNS


def test_folders_have_journals_of_their_own_whatever_they_are_called_by(tmp_path: Path, root: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "alias").symlink_to(root, target_is_directory=True)
    write(Journal(tmp_path / "store", tmp_path / "alias"), a=b"1")
    assert Journal(tmp_path / "store", tmp_path / "other").title() is None
    assert Journal(tmp_path / "store", root).title() == "test"


def test_undo_needs_no_room_for_its_journal(tmp_path: Path, root: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        journal = Journal(disk / "store", root)
        write(journal, a=b"1" * 5000)
        write(journal, a=b"2" * 5000)
        fill(disk)
        assert [each.note for each in journal.undo()] == [""]
        assert contents(root) == {"a": b"1" * 5000}
        assert [each.note for each in journal.undo()] == [""]
        assert contents(root) == {}
