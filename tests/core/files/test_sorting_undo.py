"""What was sorted is taken back from the owner's own journal, as long as it is as sorting left it."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib_bootcamp.core.files.sorting import How, carry_out, journal_of, plan
from lib_bootcamp.core.files.sorting_undo import FOREIGN
from lib_bootcamp.errors import InvalidParamError, OutputError
from tests.core.files.sorted_files import ALL, file, sort, store, tree, undo


def journal(target: Path) -> Path:
    """Where the journal of a folder is."""
    return journal_of(target, store()).path


@pytest.mark.parametrize("how", ALL)
def test_undo_leaves_everything_as_it_was(tmp_path: Path, how: How) -> None:
    files = [(file(tmp_path / "in" / name, name), name[0]) for name in ("a1.png", "a2.png", "b1.png")]
    before = tree(tmp_path)
    sort(tmp_path / "new" / "out", how, *files)
    outcome = undo(tmp_path / "new" / "out")
    assert [each.note for each in outcome] == ["", "", ""]
    assert tree(tmp_path) == before
    assert not (tmp_path / "new").exists()


def test_a_dry_undo_reports_and_changes_nothing(tmp_path: Path) -> None:
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
    steps = carry_out(plan(files, tmp_path / "out", "move"), tmp_path / "out", store())
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
    journal(tmp_path / "out").mkdir(parents=True)
    with pytest.raises(OutputError, match="cannot be written"):
        sort(tmp_path / "out", "move", (file(tmp_path / "a.png"), "cat"))
    assert (tmp_path / "a.png").exists()


def test_a_journal_cut_off_in_its_last_line_is_read(tmp_path: Path) -> None:
    sort(tmp_path / "out", "move", (file(tmp_path / "a.png"), "cat"))
    with journal(tmp_path / "out").open("a", encoding="utf-8") as opened:
        opened.write('{"how": "mo')
    undo(tmp_path / "out")
    assert sorted(tree(tmp_path)) == ["a.png"]


def test_the_journal_lies_in_the_data_folder_and_nobody_else_may_read_it(tmp_path: Path) -> None:
    sort(tmp_path / "out", "copy", (file(tmp_path / "a.png"), "cat"))
    assert sorted(path.name for path in (tmp_path / "out").rglob("*")) == ["a.png", "cat"]
    assert stat.S_IMODE(journal(tmp_path / "out").stat().st_mode) == 0o600
    assert stat.S_IMODE(store().stat().st_mode) == 0o700


def test_without_a_journal_there_is_nothing_to_undo(tmp_path: Path) -> None:
    with pytest.raises(InvalidParamError, match=r"undo finds no sorting into [^.]*\.$"):
        undo(tmp_path)


# --- journals and folders that somebody else made


def foreign(folder: Path, *steps: object) -> Path:
    """A journal as earlier versions left it in the folder."""
    lines = [{"run": "sorted", "folders_made": 0}, *steps]
    return file(folder / FOREIGN, "".join(json.dumps(each) + "\n" for each in lines))


def step(how: str, source: Path, target: str, reported: os.stat_result) -> dict[str, object]:
    size, time = reported.st_size, reported.st_mtime_ns
    return {"how": how, "source": str(source), "target": target, "bytes": size, "mtime_ns": time, "digest": ""}


@pytest.mark.parametrize("how", ALL)
def test_a_journal_that_came_with_the_folder_is_never_acted_on(tmp_path: Path, how: How) -> None:
    victim, bait = file(tmp_path / "home" / "victim"), file(tmp_path / "bait")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "linked").symlink_to(victim.parent)
    inside = file(tmp_path / "out" / "mine.png")
    foreign(
        tmp_path / "out",
        step(how, bait if how != "move" else tmp_path / "stolen", "linked/victim", victim.stat()),
        step(how, bait if how != "move" else tmp_path / "startup.py", "mine.png", inside.stat()),
    )
    before = tree(tmp_path)
    with pytest.raises(InvalidParamError, match=r"is not acted on: .* undo by hand, move each `target`") as caught:
        undo(tmp_path / "out")
    assert str(caught.value).count("\n") == 0
    assert tree(tmp_path) == before


def test_a_journal_in_the_folder_does_not_keep_ours_from_being_undone(tmp_path: Path) -> None:
    sort(tmp_path / "out", "move", (file(tmp_path / "a.png"), "cat"))
    victim = file(tmp_path / "out" / "victim")
    foreign(tmp_path / "out", step("move", tmp_path / "stolen", "victim", victim.stat()))
    undo(tmp_path / "out")
    assert sorted(tree(tmp_path)) == ["a.png", f"out/{FOREIGN}", "out/victim"]


@pytest.mark.parametrize("how", ALL)
def test_undo_takes_no_link_that_took_a_folders_place(tmp_path: Path, how: How) -> None:
    sort(tmp_path / "out", how, (file(tmp_path / "a.png"), "cat"))
    (tmp_path / "out" / "cat").rename(tmp_path / "elsewhere")
    (tmp_path / "out" / "cat").symlink_to(tmp_path / "elsewhere")
    (undone,) = undo(tmp_path / "out")
    assert "outside the folder" in undone.note
    assert (tmp_path / "elsewhere" / "a.png").exists()


def test_undo_moves_nothing_back_through_a_link_on_the_way(tmp_path: Path) -> None:
    sort(tmp_path / "out", "move", (file(tmp_path / "in" / "a.png"), "cat"))
    (tmp_path / "in").rmdir()
    (tmp_path / "startup").mkdir()
    (tmp_path / "in").symlink_to(tmp_path / "startup")
    (undone,) = undo(tmp_path / "out")
    assert "link stands on the way" in undone.note
    assert sorted(tree(tmp_path)) == ["out/cat/a.png"]


def test_undo_leaves_a_copy_with_other_bytes_though_size_and_time_are_the_same(tmp_path: Path) -> None:
    source = file(tmp_path / "a.png")
    sort(tmp_path / "out", "copy", (source, "cat"))
    copy = file(tmp_path / "out" / "cat" / "a.png", "PICTURE")
    os.utime(copy, ns=(source.stat().st_mtime_ns,) * 2)
    (undone,) = undo(tmp_path / "out")
    assert "was changed since" in undone.note
    assert copy.exists()


@pytest.mark.parametrize(
    "line",
    [
        {"how": "copy", "source": "/a", "target": "../victim", "bytes": 6, "mtime_ns": 0, "digest": ""},
        {"how": "copy", "source": "/a", "target": "/victim", "bytes": 6, "mtime_ns": 0, "digest": ""},
        {"how": "erase", "source": "/a", "target": "victim", "bytes": 6, "mtime_ns": 0, "digest": ""},
        {"how": "copy", "source": 1, "target": "victim", "bytes": 6, "mtime_ns": 0, "digest": ""},
        {"folder": ".."},
        {"folder": "C:/x"},
        [],
        1,
    ],
)
def test_a_line_that_leads_out_of_the_folder_is_passed_over(tmp_path: Path, line: object) -> None:
    victim = file(tmp_path / "victim")
    os.utime(victim, ns=(0, 0))
    (tmp_path / "out").mkdir()
    lines = [{"run": "sorted", "folders_made": 0}, line]
    file(journal(tmp_path / "out"), "".join(json.dumps(each) + "\n" for each in lines))
    with pytest.raises(InvalidParamError, match="finds no sorting"):
        undo(tmp_path / "out")
    assert victim.exists()


@given(st.binary(max_size=200))
@settings(max_examples=100)
def test_a_journal_of_any_bytes_undoes_nothing(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    folder = tmp_path_factory.mktemp("any")
    store().mkdir(exist_ok=True)
    journal(folder).write_bytes(data)
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
