"""The pictures of a training, their captions and buckets."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from lib_bootcamp.core.images.codec import write_image
from lib_bootcamp.core.images.png import encode_png
from lib_bootcamp.core.training.examples import MOST_CROPPED, bucket_of, find_examples, sizes_for
from lib_bootcamp.core.training.samples import MARK
from lib_bootcamp.errors import ImageError

SIZES = sizes_for(512, 64)


def picture(path: Path, width: int = 64, height: int = 64) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_image(path, np.random.default_rng(len(path.name)).integers(0, 255, (height, width, 3), np.uint8))
    return path


def test_captions_are_taken_from_wherever_they_lie(tmp_path: Path) -> None:
    picture(tmp_path / "a.png").with_suffix(".txt").write_text("a cat")
    picture(tmp_path / "b.png").with_suffix(".caption").write_text("a dog")
    picture(tmp_path / "c.png")
    (tmp_path / "captions.csv").write_text("file_name,text\nc.png,a cow\n")
    picture(tmp_path / "d.png").with_suffix(".txt").write_text("  \n")
    found = find_examples(tmp_path, SIZES, enlarge=True)
    assert [(each.caption, each.source) for each in found.examples] == [
        ("a cat", ".txt"),
        ("a dog", ".caption"),
        ("a cow", "captions.csv"),
        ("", ""),
    ]
    assert dict(found.sources()) == {".txt": 1, ".caption": 1, "captions.csv": 1, "none": 1}


def test_a_numbered_folder_repeats_and_gives_its_name_as_the_caption(tmp_path: Path) -> None:
    picture(tmp_path / "10_my dog" / "a.png")
    picture(tmp_path / "1_cat" / "b.png").with_suffix(".txt").write_text("a cat")
    picture(tmp_path / "c.png")
    found = {each.path.name: each for each in find_examples(tmp_path, SIZES, enlarge=True).examples}
    assert (found["a.png"].repeats, found["a.png"].caption, found["a.png"].source) == (10, "my dog", "folder")
    assert (found["b.png"].repeats, found["b.png"].caption) == (1, "a cat")
    assert (found["c.png"].repeats, found["c.png"].caption) == (1, "")


def test_the_folder_itself_may_be_numbered(tmp_path: Path) -> None:
    picture(tmp_path / "5_zorb" / "a.png")
    found = find_examples(tmp_path / "5_zorb", SIZES, enlarge=True).examples
    assert [(each.repeats, each.caption) for each in found] == [(5, "zorb")]


def test_what_cannot_be_trained_is_named(tmp_path: Path) -> None:
    picture(tmp_path / "good.png")
    picture(tmp_path / "dot.png", 1, 1)
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    found = find_examples(tmp_path, SIZES, enlarge=True, fallback="a thing")
    assert [each.path.name for each in found.examples] == ["good.png"]
    assert {path.name for path in found.left_out} == {"dot.png", "broken.png"}
    assert found.examples[0].caption == "a thing"


def test_a_folder_without_pictures_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="has no picture to train on"):
        find_examples(tmp_path, SIZES, enlarge=True)


def test_links_out_of_the_folder_are_left_out_for_who_is_not_trusted(tmp_path: Path) -> None:
    other = picture(tmp_path / "other" / "x.png")
    picture(tmp_path / "set" / "a.png")
    (tmp_path / "set" / "b.png").symlink_to(other)
    assert len(find_examples(tmp_path / "set", SIZES, enlarge=True).examples) == 2
    assert len(find_examples(tmp_path / "set", SIZES, enlarge=True, trusted=False).examples) == 1


@pytest.mark.parametrize(
    ("size", "bucket"),
    [((512, 512), (512, 512)), ((1024, 1024), (512, 512)), ((768, 512), (640, 384)), ((2000, 1000), (704, 320))],
)
def test_the_largest_bucket_that_crops_little_is_taken(size: tuple[int, int], bucket: tuple[int, int]) -> None:
    placed = bucket_of(*size, SIZES, enlarge=False)
    assert placed.cropped <= MOST_CROPPED
    assert placed.bucket[0] * placed.bucket[1] >= bucket[0] * bucket[1]
    assert placed.bucket[0] >= placed.bucket[1]


def test_a_small_picture_is_enlarged_only_where_that_is_allowed() -> None:
    assert bucket_of(100, 100, SIZES, enlarge=True).bucket == (512, 512)
    assert bucket_of(100, 100, SIZES, enlarge=True).upscale_factor == pytest.approx(5.12)
    own = bucket_of(100, 140, SIZES, enlarge=False)
    assert own.bucket == (64, 128)
    assert own.upscale_factor <= 1


def test_every_size_of_picture_has_a_bucket_that_it_covers() -> None:
    source = np.random.default_rng(1)
    for width, height in source.integers(16, 3000, (500, 2)).tolist():
        for enlarge in (False, True):
            placed = bucket_of(width, height, SIZES, enlarge=enlarge)
            assert all(side % 64 == 0 and side > 0 for side in placed.bucket)
            if enlarge or min(width, height) >= 64:
                assert placed.scaled[0] >= placed.bucket[0]
                assert placed.scaled[1] >= placed.bucket[1]


@pytest.mark.skipif(os.name != "posix", reason="names of bytes as POSIX has them")
def test_a_folders_name_that_is_no_text_is_a_caption_that_is_one(tmp_path: Path) -> None:
    picture(Path(os.fsdecode(os.fsencode(tmp_path) + b"/10_caf\xe9")) / "a.png")
    example = find_examples(tmp_path, SIZES, enlarge=True).examples[0]
    assert (example.caption, example.source, example.repeats) == ("caf?", "folder", 10)


def test_samples_that_trainings_drew_are_left_out(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    for each in ("mug-samples/000000-1.png", "mug-samples/1000000-16.png", "own-samples/000010-1.png"):
        picture(tmp_path / each)
    (tmp_path / "mug.safetensors").write_bytes(b"its LoRA lies beside them")
    marked = tmp_path / "paused-samples" / "000004-1.png"
    marked.parent.mkdir()
    marked.write_bytes(encode_png(np.zeros((64, 64, 3), np.uint8), {MARK: "paused"}))
    found = find_examples(tmp_path, SIZES, enlarge=True, samples=tmp_path / "own-samples")
    assert [each.path.name for each in found.examples] == ["a.png"]
    assert found.left_out[tmp_path / "mug-samples"] == "mug-samples has 2 samples of a training, which are left out."
    assert set(found.left_out) == {tmp_path / f"{each}-samples" for each in ("mug", "own", "paused")}


def test_a_persons_own_pictures_are_no_samples_whatever_they_are_called(tmp_path: Path) -> None:
    names = ("mug-samples/cat.png", "fabric-samples/000001-1.png", "mug/000001-1.png", "000001-1.png")
    for each in names:
        picture(tmp_path / each)
    (tmp_path / "mug.safetensors").write_bytes(b"")
    assert len(find_examples(tmp_path, SIZES, enlarge=True).examples) == len(names)
