"""Which pictures and captions of a folder each trainer takes, and which it leaves out without a word.

Sources: kohya-ss/sd-scripts, library/train_util.py `IMAGE_EXTENSIONS`, `glob_images`, `read_caption` and
library/config_util.py `generate_dreambooth_subsets_config_by_subdirs`; Nerogar/OneTrainer, modules/util/path_util.py
and modules/dataLoader/mixin/DataLoaderText2ImageMixin.py, with Nerogar/mgds' CollectPaths and LoadMultipleTexts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal, TypeAlias

from .folder import Repeats, repeats_of

Trainer: TypeAlias = Literal["kohya", "onetrainer", "bootcamp"]
TITLES: dict[Trainer, str] = {
    "kohya": "kohya's sd-scripts",
    "onetrainer": "OneTrainer",
    "bootcamp": "this program",
}
KOHYA_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp"})
KOHYA_PACKAGES = {".avif": "pillow-avif-plugin", ".jxl": "pillow-jxl-plugin"}
ONETRAINER_SUFFIXES = frozenset({".bmp", ".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp", ".avif"})
ONETRAINER_NOT = ("-masklabel", "-condlabel")
KOHYA_ENDING = ".caption"
"""What sd-scripts looks for unless `--caption_extension` says otherwise; the GUI kohya_ss says .txt."""


@dataclass(frozen=True, kw_only=True)
class Layout:
    """How a folder is given to kohya's trainer.

    Args:
        numbered: as `train_data_dir`, in which folders such as `10_my dog` are trained; else each folder by itself, as
            the `image_dir` of a dataset config.
    """

    numbered: bool


def layout_of(pictures: Iterable[PurePosixPath]) -> Layout:
    """As `train_data_dir` where some picture lies in a folder such as `10_my dog` right inside, else each by itself.

    Args:
        pictures: paths below the folder.
    """
    firsts = {path.parts[0] for path in pictures if len(path.parts) > 1}
    return Layout(numbered=any((repeats_of(name).count or 0) > 0 for name in firsts))


def kohya_leaves_out(path: PurePosixPath, layout: Layout) -> str:
    """Why kohya's trainer does not take a picture, in a sentence; empty where it does.

    Args:
        path: below the folder.
        layout: of the folder.
    """
    if path.name.startswith("."):
        return "It is hidden, and kohya's trainer takes no hidden files."
    suffix = path.suffix
    small = suffix.lower()
    if small in KOHYA_PACKAGES:
        return f"kohya's trainer takes {small} only where {KOHYA_PACKAGES[small]} is installed."
    if small not in KOHYA_SUFFIXES:
        return f"kohya's trainer takes no {suffix} files; save it as .png, .jpg or .webp."
    if suffix not in {small, small.upper()}:
        return f"kohya's trainer looks for {small} and {small.upper()}, not {suffix} (but on Windows); rename it."
    return _wrong_folder(path, layout) if layout.numbered else ""


def _wrong_folder(path: PurePosixPath, layout: Layout) -> str:
    folders = path.parts[:-1]
    if not folders:
        return "It is next to the folders with repeats; kohya's trainer takes only what is in folders like 10_name."
    info: Repeats = repeats_of(folders[0])
    if info.count is None:
        return f"Its folder {folders[0]} has no repeats in its name; kohya's trainer takes only folders like 10_name."
    if info.count < 1:
        return f"Its folder {folders[0]} has 0 repeats, and kohya's trainer leaves it out."
    if len(folders) > 1:
        return f"It is in a subfolder of {folders[0]}; kohya's trainer does not look into folders inside."
    return ""


def onetrainer_leaves_out(path: PurePosixPath) -> str:
    """Why OneTrainer does not take a picture, with "Include Subdirectories" on; empty where it does."""
    small = path.suffix.lower()
    if small not in ONETRAINER_SUFFIXES:
        return f"OneTrainer takes no {path.suffix} files; save it as .png, .jpg or .webp."
    label = next((each for each in ONETRAINER_NOT if path.stem.endswith(each)), "")
    if label:
        return f"OneTrainer takes a name that ends in {label} for the mask or condition of another picture."
    return ""


def leaves_out(trainer: Trainer, layout: Layout) -> Callable[[PurePosixPath], str]:
    """The question to a trainer why it does not take a picture."""
    if trainer == "kohya":
        return lambda path: kohya_leaves_out(path, layout)
    if trainer == "onetrainer":
        return onetrainer_leaves_out
    return lambda path: "It is hidden." if path.name.startswith(".") else ""


def kohya_ending(counts: Mapping[str, int]) -> str:
    """The ending of caption files to be given to kohya's trainer, which reads one only: the more frequent one.

    Args:
        counts: how many pictures have a caption file of each ending.
    """
    return ".txt" if counts.get(".txt", 0) > counts.get(KOHYA_ENDING, 0) else KOHYA_ENDING
