"""Sorting into folders: nothing is overwritten, nothing is half written, and it can be undone."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib_bootcamp.core.files import sorting
from lib_bootcamp.core.files.sorting import How, carry_out, folder_names, plan, summary
from lib_bootcamp.errors import OutputError, StorageError
from tests.core.files.sorted_files import ALL, failing, file, other_disk, sort, store, tree, undo

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
    (step,) = carry_out(steps, tmp_path / "out", store())
    assert step.target.name == "a-2.png"
    assert tree(tmp_path / "out") == {"cat/a.png": "came between", "cat/a-2.png": "new"}


def test_a_plan_changes_nothing_and_lists_the_names(tmp_path: Path) -> None:
    files = [(file(tmp_path / "a.png"), "cat"), (file(tmp_path / "sub" / "a.png"), "cat")]
    steps = plan(files, tmp_path / "out", "copy")
    assert [step.target.name for step in steps] == ["a.png", "a-2.png"]
    assert not (tmp_path / "out").exists()


def test_a_file_in_its_folder_already_stays(tmp_path: Path) -> None:
    (step,) = sort(tmp_path, "move", (file(tmp_path / "cat" / "a.png"), "cat"))
    assert not step.done
    assert "in its folder already" in step.note
    assert tree(tmp_path) == {"cat/a.png": "picture"}


def test_a_file_that_is_gone_is_reported_and_the_others_are_sorted(tmp_path: Path) -> None:
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
    with pytest.raises(OutputError, match="is not a folder"):
        plan([(file(tmp_path / "a.png"), "cat")], file(tmp_path / "out"), "copy")


def test_where_no_hard_link_is_possible_a_copy_is_made_and_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "link", failing(errno.EXDEV))
    (step,) = sort(tmp_path / "out", "link", (file(tmp_path / "a.png"), "cat"))
    assert step.how == "copy"
    assert "is copied, because it cannot be hard-linked" in step.note
    assert tree(tmp_path / "out") == {"cat/a.png": "picture"}


def test_a_move_to_another_disk_is_a_copy_and_then_the_original_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = file(tmp_path / "in" / "a.png")
    other_disk(monkeypatch)
    (step,) = sort(tmp_path / "out", "move", (source, "cat"))
    assert step.done
    assert tree(tmp_path) == {"out/cat/a.png": "picture"}
    undo(tmp_path / "out")
    assert tree(tmp_path) == {"in/a.png": "picture"}


@pytest.mark.parametrize("how", ALL)
def test_a_failure_half_way_leaves_the_original_and_no_debris(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: How
) -> None:
    monkeypatch.setattr(os, "replace", failing(errno.EPERM))
    (step,) = sort(tmp_path / "out", how, (file(tmp_path / "a.png"), "cat"))
    assert not step.done
    assert "cannot be sorted: Operation not permitted" in step.note
    assert (tmp_path / "a.png").read_text(encoding="utf-8") == "picture"
    assert tree(tmp_path / "out") == {}
    monkeypatch.undo()
    undo(tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS])
def test_a_disk_that_takes_nothing_more_stops_the_sorting_and_what_was_done_can_be_undone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    files = [(file(tmp_path / f"{name}.png"), "cat") for name in "abc"]
    steps = carry_out(plan(files, tmp_path / "out", "copy"), tmp_path / "out", store())
    next(steps)
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", failing(number))
        with pytest.raises(StorageError, match=os.strerror(number)):
            list(steps)
    assert tree(tmp_path / "out") == {"cat/a.png": "picture"}
    undo(tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_nothing_is_sorted_through_a_link_that_leads_out(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "cat").symlink_to(tmp_path / "elsewhere")
    (step,) = sort(tmp_path / "out", "move", (file(tmp_path / "a.png"), "cat"))
    assert not step.done
    assert "is outside" in step.note
    assert tree(tmp_path) == {"a.png": "picture"}


@pytest.mark.parametrize("how", ALL)
def test_nothing_is_sorted_through_a_link_that_took_the_folders_place_after_the_plan(tmp_path: Path, how: How) -> None:
    steps = plan([(file(tmp_path / "a.png"), "cat")], tmp_path / "out", how)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "cat").symlink_to(tmp_path / "elsewhere")
    (step,) = carry_out(steps, tmp_path / "out", store())
    assert "is outside" in step.note
    assert tree(tmp_path) == {"a.png": "picture"}


# --- what is reported


def test_the_summary_counts_files_and_folders(tmp_path: Path) -> None:
    steps = sort(
        tmp_path / "out",
        "copy",
        (file(tmp_path / "a.png"), "cat"),
        (file(tmp_path / "b.png"), "dog"),
        (tmp_path / "gone.png", "dog"),
    )
    assert summary(steps, dry_run=False) == "2 copied into 2 folders, 1 skipped."
    assert summary(steps, dry_run=True) == "Dry run: 2 copied into 2 folders, 1 skipped."


def test_only_what_can_fall_back_falls_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sorting.os, "link", failing(errno.ENAMETOOLONG))
    (step,) = sort(tmp_path / "out", "link", (file(tmp_path / "a.png"), "cat"))
    assert not step.done
    assert "File name too long" in step.note
