"""What kohya's trainer and OneTrainer take of a folder, by the rules of their own code."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from lib_bootcamp.core.datasets.trainers import KOHYA_ENDING, Layout, kohya_ending, layout_of, leaves_out

ALONE, NUMBERED = Layout(numbered=False), Layout(numbered=True)


@pytest.mark.parametrize("name", ["a.png", "a.PNG", "a.JPEG", "a.jpg", "a.webp", "a.bmp", "a-masklabel.png"])
def test_kohyas_trainer_takes_files_of_these_names(name: str) -> None:
    assert leaves_out("kohya", ALONE)(PurePosixPath("x", name)) == ""


@pytest.mark.parametrize(
    "name",
    ["a.PnG", "a.Jpg", "a.gif", "a.tif", "a.TIFF", "a.avif", "a.jxl", "a.jfif", "a.heic", "a.tga", ".a.png", "a"],
)
def test_kohyas_trainer_leaves_out_files_of_these_names(name: str) -> None:
    assert leaves_out("kohya", ALONE)(PurePosixPath("x", name)).endswith(".")


@pytest.mark.parametrize("name", ["a.png", "a.PnG", "a.tif", "a.TIFF", "a.avif", "a.webp", "a.bmp", ".a.png"])
def test_onetrainer_takes_files_of_these_names(name: str) -> None:
    assert leaves_out("onetrainer", NUMBERED)(PurePosixPath("x", name)) == ""


@pytest.mark.parametrize("name", ["a.gif", "a.jxl", "a.jfif", "a.heic", "a.tga", "a-masklabel.png", "a-condlabel.PNG"])
def test_onetrainer_leaves_out_files_of_these_names(name: str) -> None:
    assert leaves_out("onetrainer", ALONE)(PurePosixPath("x", name)).endswith(".")


@pytest.mark.parametrize("path", ["5_cat/a.png", "05_cat/a.png", "5/a.png"])
def test_of_a_train_data_dir_what_lies_in_numbered_folders_is_taken(path: str) -> None:
    assert leaves_out("kohya", NUMBERED)(PurePosixPath(path)) == ""


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("a.png", "It is next to the folders"),
        ("cat/a.png", "Its folder cat has no repeats"),
        ("0_cat/a.png", "Its folder 0_cat has 0 repeats"),
        ("5_cat/more/a.png", "It is in a subfolder of 5_cat"),
        ("cat/5_cat/a.png", "Its folder cat has no repeats"),
    ],
)
def test_of_a_train_data_dir_all_else_is_left_out(path: str, why: str) -> None:
    assert leaves_out("kohya", NUMBERED)(PurePosixPath(path)).startswith(why)


@pytest.mark.parametrize(
    ("paths", "layout"),
    [
        (["5_cat/a.png", "b.png"], NUMBERED),
        (["cat/a.png"], ALONE),
        (["a.png"], ALONE),
        (["0_x/a.png"], ALONE),
    ],
)
def test_a_folder_is_a_train_data_dir_where_a_folder_inside_has_repeats(paths: list[str], layout: Layout) -> None:
    assert layout_of(map(PurePosixPath, paths)) == layout


def test_the_ending_of_captions_is_the_one_that_is_there() -> None:
    assert kohya_ending({}) == KOHYA_ENDING == ".caption"
    assert kohya_ending({".txt": 3, ".caption": 1}) == ".txt"
    assert kohya_ending({".txt": 1, ".caption": 1}) == ".caption"


def test_what_a_package_reads_names_the_package() -> None:
    assert "pillow-avif-plugin" in leaves_out("kohya", ALONE)(PurePosixPath("a.avif"))
