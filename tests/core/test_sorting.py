"""Sorting into folders: nothing is overwritten, nothing is half written, and it can be undone."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib_bootcamp.core import sorting
from lib_bootcamp.core.sorting import JOURNAL, How, Step, carry_out, folder_names, plan, summary, undo
from lib_bootcamp.errors import InvalidParamError, OutputError

ALL: tuple[How, ...] = ("copy", "move", "link")


def file(path: Path, text: str = "picture") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def tree(folder: Path) -> dict[str, str]:
    """Every file below a folder but the journal, with its text."""
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    return {name: path.read_text(encoding="utf-8") for name, path in sorted(found.items()) if path.name != JOURNAL}


def sort(target: Path, how: How, *files: tuple[Path, str]) -> list[Step]:
    return list(carry_out(plan(files, target, how), target))


# --- names of folders


def test_a_label_is_its_folder() -> None:
    assert folder_names(["a red circle"]) == {"a red circle": "a red circle"}


@pytest.mark.parametrize(
    ("label", "folder"),
    [
        ("a/b", "a b"),
        ("../../etc", ".. .. etc".strip(" .")),
        ("..", "label"),
        ("what?  now", "what now"),
        ("nul", "_nul"),
        ("COM1.txt", "_COM1.txt"),
        ("trailing. ", "trailing"),
        ("x" * 200, "x" * 80),
        ("日本", "日本"),
    ],
)
def test_a_label_that_is_no_folder_name_becomes_one(label: str, folder: str) -> None:
    assert folder_names([label]) == {label: folder}


def test_labels_that_would_share_a_folder_get_numbers() -> None:
    assert list(folder_names(["Cat", "cat", "c?at", "c at"]).values()) == ["Cat", "cat-2", "c at", "c at-2"]


@given(st.lists(st.text(max_size=90), max_size=8, unique=True))
@settings(max_examples=200)
def test_folders_are_different_and_inside_whatever_the_labels(labels: list[str]) -> None:
    names = folder_names(labels)
    assert set(names) == set(labels)
    assert len({name.casefold() for name in names.values()}) == len(labels)
    for name in names.values():
        assert name not in {"", ".", ".."}
        assert not set(name) & set('/\\:*?"<>|\0\n')
        assert name == name.strip()


# --- sorting


@pytest.mark.parametrize("how", ALL)
def test_a_file_is_found_in_its_folder(tmp_path: Path, how: How) -> None:
    (step,) = sort(tmp_path / "out", how, (file(tmp_path / "a.png"), "cat"))
    assert (step.done, step.note, step.target) == (True, "", tmp_path / "out" / "cat" / "a.png")
    assert tree(tmp_path / "out") == {"cat/a.png": "picture"}
    assert (tmp_path / "a.png").exists() == (how != "move")


def test_a_link_is_the_same_file(tmp_path: Path) -> None:
    sort(tmp_path / "out", "link", (file(tmp_path / "a.png"), "cat"))
    assert (tmp_path / "a.png").samefile(tmp_path / "out" / "cat" / "a.png")


def test_a_copy_keeps_the_time_of_its_original(tmp_path: Path) -> None:
    source = file(tmp_path / "a.png")
    os.utime(source, (1_000_000_000, 1_000_000_000))
    sort(tmp_path / "out", "copy", (source, "cat"))
    assert (tmp_path / "out" / "cat" / "a.png").stat().st_mtime == 1_000_000_000


@pytest.mark.parametrize("how", ALL)
def test_a_name_that_is_taken_gets_a_number(tmp_path: Path, how: How) -> None:
    file(tmp_path / "out" / "cat" / "a.png", "mine")
    sort(tmp_path / "out", how, (file(tmp_path / "a.png", "1"), "cat"), (file(tmp_path / "sub" / "a.png", "2"), "cat"))
    assert tree(tmp_path / "out") == {"cat/a.png": "mine", "cat/a-2.png": "1", "cat/a-3.png": "2"}


@pytest.mark.parametrize("how", ALL)
def test_a_name_taken_after_the_plan_is_not_overwritten(tmp_path: Path, how: How) -> None:
    steps = plan([(file(tmp_path / "a.png", "new"), "cat")], tmp_path / "out", how)
    file(tmp_path / "out" / "cat" / "a.png", "came between")
    (step,) = carry_out(steps, tmp_path / "out")
    assert step.target.name == "a-2.png"
    assert tree(tmp_path / "out") == {"cat/a.png": "came between", "cat/a-2.png": "new"}


def test_a_plan_changes_nothing_and_tells_the_names(tmp_path: Path) -> None:
    files = [(file(tmp_path / "a.png"), "cat"), (file(tmp_path / "sub" / "a.png"), "cat")]
    steps = plan(files, tmp_path / "out", "copy")
    assert [step.target.name for step in steps] == ["a.png", "a-2.png"]
    assert not (tmp_path / "out").exists()


def test_a_file_in_its_folder_already_stays(tmp_path: Path) -> None:
    (step,) = sort(tmp_path, "move", (file(tmp_path / "cat" / "a.png"), "cat"))
    assert not step.done
    assert "in its folder already" in step.note
    assert tree(tmp_path) == {"cat/a.png": "picture"}


def test_a_file_that_is_gone_is_told_and_the_others_are_sorted(tmp_path: Path) -> None:
    gone, there = tmp_path / "gone.png", file(tmp_path / "a.png")
    first, second = sort(tmp_path / "out", "copy", (gone, "cat"), (there, "cat"))
    assert (first.done, second.done) == (False, True)
    assert first.note == f"{gone} is not there any more."


def test_a_symbolic_link_is_not_moved(tmp_path: Path) -> None:
    link = tmp_path / "link.png"
    link.symlink_to(file(tmp_path / "a.png"))
    (step,) = sort(tmp_path / "out", "move", (link, "cat"))
    assert "symbolic link" in step.note
    assert link.is_symlink()


def test_a_target_that_is_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="is no folder"):
        plan([(file(tmp_path / "a.png"), "cat")], file(tmp_path / "out"), "copy")


def test_where_no_hard_link_is_possible_a_copy_is_made_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "link", failing(errno.EXDEV))
    (step,) = sort(tmp_path / "out", "link", (file(tmp_path / "a.png"), "cat"))
    assert step.how == "copy"
    assert "is copied, because there is no hard link" in step.note
    assert tree(tmp_path / "out") == {"cat/a.png": "picture"}


def failing(number: int) -> Any:
    def fail(*_: Any, **__: Any) -> None:
        raise OSError(number, os.strerror(number))

    return fail


def other_disk(monkeypatch: pytest.MonkeyPatch, outside: Path) -> None:
    """Renames between `outside` and the rest fail as they do between two disks."""
    real = Path.replace

    def rename(self: Path, target: Path) -> Any:
        if self.is_relative_to(outside) != Path(target).is_relative_to(outside):
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        return real(self, target)

    monkeypatch.setattr(Path, "replace", rename)


def test_a_move_to_another_disk_is_a_copy_and_then_the_original_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = file(tmp_path / "in" / "a.png")
    other_disk(monkeypatch, tmp_path / "out")
    (step,) = sort(tmp_path / "out", "move", (source, "cat"))
    assert step.done
    assert tree(tmp_path) == {"out/cat/a.png": "picture"}
    undo(tmp_path / "out")
    assert tree(tmp_path) == {"in/a.png": "picture"}


@pytest.mark.parametrize("how", ALL)
def test_a_failure_half_way_leaves_the_original_and_no_debris(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: How
) -> None:
    monkeypatch.setattr(Path, "replace", failing(errno.ENOSPC))
    (step,) = sort(tmp_path / "out", how, (file(tmp_path / "a.png"), "cat"))
    assert not step.done
    assert "cannot be sorted: No space left on device" in step.note
    assert (tmp_path / "a.png").read_text(encoding="utf-8") == "picture"
    assert tree(tmp_path / "out") == {}
    monkeypatch.undo()
    undo(tmp_path / "out")
    assert not (tmp_path / "out").exists()


# --- undo


@pytest.mark.parametrize("how", ALL)
def test_undo_leaves_everything_as_it_was(tmp_path: Path, how: How) -> None:
    files = [(file(tmp_path / "in" / name, name), name[0]) for name in ("a1.png", "a2.png", "b1.png")]
    before = tree(tmp_path)
    sort(tmp_path / "new" / "out", how, *files)
    outcome = undo(tmp_path / "new" / "out")
    assert [each.note for each in outcome] == ["", "", ""]
    assert tree(tmp_path) == before
    assert not (tmp_path / "new").exists()


def test_a_dry_undo_tells_and_changes_nothing(tmp_path: Path) -> None:
    sort(tmp_path / "out", "move", (file(tmp_path / "a.png"), "cat"))
    before = tree(tmp_path)
    (undone,) = undo(tmp_path / "out", dry_run=True)
    assert (undone.source, undone.target) == (tmp_path / "a.png", tmp_path / "out" / "cat" / "a.png")
    assert tree(tmp_path) == before


@pytest.mark.parametrize("how", ["copy", "move"])
def test_undo_leaves_what_was_changed_since(tmp_path: Path, how: How) -> None:
    sort(tmp_path / "out", how, (file(tmp_path / "a.png"), "cat"), (file(tmp_path / "b.png"), "cat"))
    file(tmp_path / "out" / "cat" / "a.png", "painted over")
    outcome = {each.source.name: each.note for each in undo(tmp_path / "out")}
    assert "was changed since" in outcome["a.png"]
    assert outcome["b.png"] == ""
    assert tree(tmp_path / "out") == {"cat/a.png": "painted over"}


def test_undo_removes_a_link_whose_original_was_changed(tmp_path: Path) -> None:
    source = file(tmp_path / "a.png")
    sort(tmp_path / "out", "link", (source, "cat"))
    with source.open("a", encoding="utf-8") as opened:
        opened.write(", painted over")
    undo(tmp_path / "out")
    assert tree(tmp_path) == {"a.png": "picture, painted over"}


@pytest.mark.parametrize("how", ["copy", "link"])
def test_undo_never_removes_the_last_of_a_picture(tmp_path: Path, how: How) -> None:
    source = file(tmp_path / "a.png")
    sort(tmp_path / "out", how, (source, "cat"))
    source.unlink()
    (undone,) = undo(tmp_path / "out")
    assert "is gone" in undone.note
    assert tree(tmp_path) == {"out/cat/a.png": "picture"}


def test_undo_never_overwrites_at_the_old_place(tmp_path: Path) -> None:
    source = file(tmp_path / "a.png")
    sort(tmp_path / "out", "move", (source, "cat"))
    file(source, "another")
    (undone,) = undo(tmp_path / "out")
    assert "is taken" in undone.note
    assert tree(tmp_path) == {"a.png": "another", "out/cat/a.png": "picture"}


def test_what_undo_left_can_be_undone_later(tmp_path: Path) -> None:
    source = file(tmp_path / "a.png")
    sort(tmp_path / "out", "move", (source, "cat"))
    file(source, "another")
    undo(tmp_path / "out")
    source.unlink()
    undo(tmp_path / "out")
    assert tree(tmp_path) == {"a.png": "picture"}


def test_undo_keeps_what_was_in_the_folders_before_and_since(tmp_path: Path) -> None:
    file(tmp_path / "out" / "cat" / "before.png")
    sort(tmp_path / "out", "copy", (file(tmp_path / "a.png"), "cat"), (file(tmp_path / "b.png"), "dog"))
    file(tmp_path / "out" / "dog" / "since.png")
    undo(tmp_path / "out")
    assert sorted(tree(tmp_path / "out")) == ["cat/before.png", "dog/since.png"]


def test_undo_takes_back_the_newest_run_and_then_the_one_before(tmp_path: Path) -> None:
    sort(tmp_path / "out", "move", (file(tmp_path / "a.png"), "cat"))
    sort(tmp_path / "out", "move", (file(tmp_path / "b.png"), "cat"))
    undo(tmp_path / "out")
    assert sorted(tree(tmp_path)) == ["b.png", "out/cat/a.png"]
    undo(tmp_path / "out")
    assert sorted(tree(tmp_path)) == ["a.png", "b.png"]


def test_a_run_that_was_stopped_half_way_can_be_undone(tmp_path: Path) -> None:
    files = [(file(tmp_path / f"{name}.png"), "cat") for name in "abc"]
    steps = carry_out(plan(files, tmp_path / "out", "move"), tmp_path / "out")
    next(steps)
    steps.close()  # type: ignore[attr-defined]
    assert sorted(tree(tmp_path)) == ["b.png", "c.png", "out/cat/a.png"]
    undo(tmp_path / "out")
    assert sorted(tree(tmp_path)) == ["a.png", "b.png", "c.png"]


def test_a_run_that_did_nothing_is_not_in_the_journal(tmp_path: Path) -> None:
    sort(tmp_path / "out", "move", (file(tmp_path / "a.png"), "cat"))
    sort(tmp_path / "out", "move", (tmp_path / "out" / "cat" / "a.png", "cat"), (tmp_path / "gone.png", "cat"))
    assert len(undo(tmp_path / "out")) == 1


def test_nothing_to_sort_makes_no_folder(tmp_path: Path) -> None:
    sort(tmp_path / "out", "copy", (tmp_path / "gone.png", "cat"))
    assert not (tmp_path / "out").exists()


def test_a_journal_that_cannot_be_written_stops_the_sorting(tmp_path: Path) -> None:
    (tmp_path / "out" / JOURNAL).mkdir(parents=True)
    with pytest.raises(OutputError, match="cannot be written"):
        sort(tmp_path / "out", "move", (file(tmp_path / "a.png"), "cat"))
    assert (tmp_path / "a.png").exists()


def test_a_journal_cut_off_in_its_last_line_is_read(tmp_path: Path) -> None:
    sort(tmp_path / "out", "move", (file(tmp_path / "a.png"), "cat"))
    with (tmp_path / "out" / JOURNAL).open("a", encoding="utf-8") as journal:
        journal.write('{"how": "mo')
    undo(tmp_path / "out")
    assert sorted(tree(tmp_path)) == ["a.png"]


def test_without_a_journal_there_is_nothing_to_undo(tmp_path: Path) -> None:
    with pytest.raises(InvalidParamError, match="finds no journal"):
        undo(tmp_path)


@pytest.mark.parametrize(
    "line",
    [
        {"how": "copy", "source": "/a", "target": "../victim", "bytes": 6, "mtime_ns": 0},
        {"how": "copy", "source": "/a", "target": "/victim", "bytes": 6, "mtime_ns": 0},
        {"how": "erase", "source": "/a", "target": "victim", "bytes": 6, "mtime_ns": 0},
        {"how": "copy", "source": 1, "target": "victim", "bytes": 6, "mtime_ns": 0},
        {"folder": ".."},
        {"folder": "C:/x"},
        [],
        1,
    ],
)
def test_a_journal_that_leads_out_of_its_folder_is_refused(tmp_path: Path, line: object) -> None:
    victim = file(tmp_path / "victim")
    os.utime(victim, ns=(0, 0))
    lines = [{"run": "sorted", "folders_made": 0}, line]
    file(tmp_path / "out" / JOURNAL, "".join(json.dumps(each) + "\n" for each in lines))
    with pytest.raises(InvalidParamError, match="needs the journal"):
        undo(tmp_path / "out")
    assert victim.exists()


@given(st.binary(max_size=200))
@settings(max_examples=100)
def test_a_journal_of_any_bytes_is_refused(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    folder = tmp_path_factory.mktemp("any")
    (folder / JOURNAL).write_bytes(data)
    with pytest.raises(InvalidParamError):
        undo(folder)


def test_a_file_name_that_is_no_unicode_goes_there_and_back(tmp_path: Path) -> None:
    source = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.png"))
    try:
        source.write_text("picture", encoding="utf-8")
    except OSError:
        pytest.skip("this file system takes Unicode names only")
    (step,) = sort(tmp_path / "out", "move", (source, "cat"))
    assert step.done
    undo(tmp_path / "out")
    assert source.exists()


# --- what is told


def test_the_summary_counts_files_and_folders(tmp_path: Path) -> None:
    steps = sort(
        tmp_path / "out",
        "copy",
        (file(tmp_path / "a.png"), "cat"),
        (file(tmp_path / "b.png"), "dog"),
        (tmp_path / "gone.png", "dog"),
    )
    assert summary(steps, dry_run=False) == "2 copied into 2 folders, 1 left."
    assert summary(steps, dry_run=True) == "Dry run: 2 copied into 2 folders, 1 left."


def test_only_what_can_fall_back_falls_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sorting.os, "link", failing(errno.EIO))
    (step,) = sort(tmp_path / "out", "link", (file(tmp_path / "a.png"), "cat"))
    assert not step.done
    assert "Input/output error" in step.note
