"""The pictures that a training began with, and what became of them meanwhile."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from lib_bootcamp.core.training.example_list import changes, from_bytes, refuse_changed, to_bytes
from lib_bootcamp.core.training.examples import Folder, Found, find_examples, sizes_for
from lib_bootcamp.core.training.joined import joined
from lib_bootcamp.errors import ImageError

from .test_examples import picture

SIZES = sizes_for(512, 64)


def listed(root: Path) -> Found:
    return find_examples(root, SIZES, enlarge=True)


@pytest.fixture
def began(tmp_path: Path) -> Found:
    for name in ("aa.png", "bbb.png", "10_dog/cccc.png"):
        picture(tmp_path / name)
    (tmp_path / "aa.txt").write_text("a cat")
    return listed(tmp_path)


def test_the_list_is_read_again_as_it_was(began: Found) -> None:
    kept = from_bytes(to_bytes(began), began.folders)
    assert kept is not None
    assert kept.examples == began.examples
    refuse_changed(kept, listed(began.folders[0].root))
    assert changes(kept, listed(began.folders[0].root)) == []


@pytest.mark.skipif(os.name != "posix", reason="names of bytes as POSIX has them")
def test_names_that_are_no_text_are_kept_too(tmp_path: Path) -> None:
    picture(Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.png")))
    found = listed(tmp_path)
    kept = from_bytes(to_bytes(found), found.folders)
    assert kept is not None
    assert kept.examples == found.examples
    kept.examples[0].path.unlink()
    with pytest.raises(ImageError, match=r"began with caf\?\.png, which is not there any more; put it back"):
        refuse_changed(kept, None)


def test_of_several_folders_each_keeps_its_pictures(tmp_path: Path) -> None:
    for name in ("one/aa.png", "other/aa.png"):
        picture(tmp_path / name)
    parts = [listed(tmp_path / name) for name in ("one", "other")]
    folders = [replace(each.folders[0], name=name) for each, name in zip(parts, ("one", "other"), strict=True)]
    found = joined(parts, folders)
    kept = from_bytes(to_bytes(found), found.folders)
    assert kept is not None
    assert kept.examples == found.examples
    assert from_bytes(to_bytes(found), found.folders[:1]) is None
    (tmp_path / "other" / "aa.png").unlink()
    picture(tmp_path / "other" / "b.png")
    now = joined([listed(tmp_path / name) for name in ("one", "other")], folders)
    assert changes(kept, now) == ["other/b.png was added since the training began: not learned from."]
    with pytest.raises(ImageError, match=r"began with other/aa\.png, which is not there any more"):
        refuse_changed(kept, now)


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b'{"version": 1, "examples": [{}]}', b"[" * 100_000, b"\xff"])
def test_what_is_no_list_is_none(data: bytes, tmp_path: Path) -> None:
    assert from_bytes(data, (Folder(root=tmp_path),)) is None


def test_pictures_and_captions_that_came_later_are_named(began: Found) -> None:
    picture(began.folders[0].root / "new.png")
    (began.folders[0].root / "aa.txt").write_text("a dog")
    assert changes(began, listed(began.folders[0].root)) == [
        "new.png was added since the training began: not learned from.",
        "aa.png has another caption since the training began: it goes on with those of then.",
    ]
    for number in range(4):
        picture(began.folders[0].root / f"new{number}.png")
    assert changes(began, listed(began.folders[0].root))[0] == (
        "new.png, new0.png, new1.png and 2 more were added since the training began: not learned from."
    )


def test_a_picture_that_is_gone_is_named(began: Found) -> None:
    (began.folders[0].root / "aa.png").unlink()
    with pytest.raises(ImageError, match=r"began with aa\.png, which is not there any more; put it back and resume"):
        refuse_changed(began, listed(began.folders[0].root))
    (began.folders[0].root / "10_dog" / "cccc.png").unlink()
    with pytest.raises(ImageError, match=r"10_dog/cccc\.png and aa\.png, which are not there any more; put them back"):
        refuse_changed(began, listed(began.folders[0].root))
    (began.folders[0].root / "aa.png").write_bytes(b"no picture")
    with pytest.raises(ImageError, match=r"aa\.png"):
        refuse_changed(began, listed(began.folders[0].root))


def test_a_picture_that_is_another_one_is_named(began: Found) -> None:
    (began.folders[0].root / "bbb.png").write_bytes((began.folders[0].root / "aa.png").read_bytes())
    with pytest.raises(ImageError, match=r"bbb\.png was another picture when the training began; put it back"):
        refuse_changed(began, listed(began.folders[0].root))
