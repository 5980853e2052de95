"""Several folders as one training."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from lib_bootcamp.core.training.examples import find_examples, sizes_for
from lib_bootcamp.core.training.held_out import split
from lib_bootcamp.core.training.joined import in_several, joined, names_of, refuse_overlap
from lib_bootcamp.errors import InvalidParamError

from .test_examples import picture

SIZES = sizes_for(512, 64)


def test_a_single_folder_needs_no_name_and_equal_names_are_numbered() -> None:
    assert names_of([Path("/a/dog")]) == [""]
    assert names_of([Path("/a/dog"), Path("/b/dog"), Path("/c/cat"), Path("/d/dog")]) == [
        *("dog", "dog (2)", "cat", "dog (3)")
    ]


def test_a_folder_that_is_called_as_a_numbered_one_has_a_name_of_its_own() -> None:
    names = names_of([Path("/a/dog (2)"), Path("/a/dog"), Path("/b/dog")])
    assert names == ["dog (2)", "dog", "dog (3)"]


@pytest.mark.parametrize(
    ("one", "other", "sentence"),
    [
        ("a", "a", "concepts[1].folder is the folder of concepts[0].folder too; name each folder once."),
        ("a", "a/b", "concepts[1].folder lies in concepts[0].folder, and its pictures would be in both; name folders"),
        ("a/b", "a", "concepts[0].folder lies in concepts[1].folder, and its pictures would be in both; name folders"),
        ("a", "a/b/..", "concepts[1].folder is the folder of concepts[0].folder too"),
    ],
)
def test_folders_that_lie_in_each_other_are_one_sentence(tmp_path: Path, one: str, other: str, sentence: str) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    with pytest.raises(InvalidParamError) as caught:
        refuse_overlap({"concepts[0].folder": tmp_path / one, "concepts[1].folder": tmp_path / other})
    assert str(caught.value).startswith(sentence)


def test_folders_side_by_side_are_fine(tmp_path: Path) -> None:
    refuse_overlap({"one": tmp_path / "dog", "other": tmp_path / "dogs", "third": tmp_path / "cat"})


@pytest.mark.skipif(os.name != "posix", reason="links as POSIX has them")
def test_a_link_to_another_concepts_folder_is_that_folder(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "a")
    with pytest.raises(InvalidParamError, match="is the folder of one too"):
        refuse_overlap({"one": tmp_path / "a", "other": tmp_path / "link"})


def test_a_picture_in_two_folders_is_found_and_held_out_in_both(tmp_path: Path) -> None:
    for at in range(1, 7):
        picture(tmp_path / "one" / f"{'x' * at}.png")
    picture(tmp_path / "other" / "own picture.png")
    (tmp_path / "other" / "again.png").write_bytes((tmp_path / "one" / "xx.png").read_bytes())
    parts = [find_examples(tmp_path / name, SIZES, enlarge=True) for name in ("one", "other")]
    folders = [replace(part.folders[0], name=name) for part, name in zip(parts, ("one", "other"), strict=True)]
    found = joined(parts, folders)
    assert [found.name_of(each) for each in in_several(found)] == ["one/xx.png"]
    parted = [split(found.examples, 0.3, seed) for seed in range(20)]
    assert all(not {each.identity for each in learned} & {each.identity for each in held} for learned, held in parted)
    assert any(len({each.identity for each in held}) < len(held) for _, held in parted)


def test_a_file_is_called_by_the_folder_that_it_lies_in(tmp_path: Path) -> None:
    for name in ("one", "other"):
        picture(tmp_path / name / "a.png")
    parts = [find_examples(tmp_path / name, SIZES, enlarge=True) for name in ("one", "other")]
    folders = [replace(part.folders[0], name=name) for part, name in zip(parts, ("one", "other"), strict=True)]
    found = joined(parts, folders)
    assert [row[0] for row in found.table()] == ["one/a.png", "other/a.png"]
    assert found.name_of_file(tmp_path / "other" / "sub" / "x.png") == "other/sub/x.png"
    assert found.name_of_file(tmp_path / "x.png") == "x.png"
