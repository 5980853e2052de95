"""Undo files as the program of November 2026 wrote them: edits of captions, and files sorted into folders."""

from __future__ import annotations

import os
from pathlib import Path

from lib_bootcamp.core.files.sorting import journal_of
from lib_bootcamp.core.files.sorting_undo import undo
from lib_bootcamp.core.files.undo_files import Journal

WRITTEN = Path(__file__).parent / "version_1"
TIME_NS = 1_700_000_000_000_000_000


def left_at(path: Path, home: Path, name: str) -> None:
    """Put an undo file where it is looked for, with the paths of this run."""
    path.parent.mkdir(parents=True)
    path.write_text((WRITTEN / name).read_text().replace("/home/me", home.as_posix()))


def test_its_caption_edits_are_taken_back_run_by_run(tmp_path: Path) -> None:
    root = tmp_path / "set"
    (root / "deep").mkdir(parents=True)
    (root / "a.txt").write_text("a dog, x")
    (root / "deep" / "b.txt").write_text("new")
    journal = Journal(tmp_path / "caption-edits", root)
    left_at(journal.path, tmp_path, "caption-edits.jsonl")
    assert journal.title() == "add x"
    assert [each.note for each in journal.undo()] == [""]
    assert (root / "a.txt").read_text() == "a dog"
    assert [each.note for each in journal.undo()] == ["", ""]
    assert (root / "a.txt").read_text() == "a cat"
    assert not (root / "deep" / "b.txt").exists()
    assert not journal.path.exists()


def test_its_sorted_files_go_back_run_by_run(tmp_path: Path) -> None:
    photos, target, store = tmp_path / "photos", tmp_path / "sorted", tmp_path / "sortings"
    for folder in (photos, *(target / how for how in ("copy", "move", "link"))):
        folder.mkdir(parents=True)
    for path, number in (("photos/one.png", 0), ("photos/three.png", 2), ("sorted/copy/one.png", 0)):
        (tmp_path / path).write_bytes(f"picture {number}".encode())
    (target / "move" / "two.png").write_bytes(b"picture 1")
    os.link(photos / "three.png", target / "link" / "three.png")
    for path in (*photos.iterdir(), *target.rglob("*.png")):
        os.utime(path, ns=(TIME_NS, TIME_NS))
    left_at(journal_of(target, store).path, tmp_path, "sortings.jsonl")
    for how in ("link", "move", "copy"):
        assert [(each.how, each.note) for each in undo(target, store)] == [(how, "")]
    assert sorted(path.name for path in photos.iterdir()) == ["one.png", "three.png", "two.png"]
    assert not target.exists()
