"""What a data set's report consists of: facts of pictures, findings with advice, verdicts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

from lib_bootcamp.params import Spec

Level: TypeAlias = Literal["good", "review", "fix"]
Likeness: TypeAlias = Literal["same", "near", "mirrored", "clip"]
_BELOW = "Below the folder, with forward slashes."


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """A file that is not taken."""

    path: Annotated[str, Spec("Path", _BELOW)]
    reason: Annotated[str, Spec("Reason", "In a sentence.", renamed=("why",))]


@dataclass(frozen=True, kw_only=True)
class PictureFacts:
    """One picture file."""

    path: Annotated[str, Spec("Path", _BELOW)]
    problem: Annotated[str, Spec("Problem", "Why it cannot be used; empty where it can.")]
    format: Annotated[str, Spec("Format")]
    mode: Annotated[str, Spec("Mode", "As Pillow calls it.")]
    width: Annotated[int, Spec("Width", "As it is shown.", unit="px")]
    height: Annotated[int, Spec("Height", "As it is shown.", unit="px")]
    bytes: Annotated[int, Spec("Bytes")]
    alpha: Annotated[bool, Spec("Alpha", "It has an alpha channel or a transparent color.")]
    transparent: Annotated[bool, Spec("Transparent", "Some pixel is not opaque.")]
    orientation: Annotated[int, Spec("Orientation", "EXIF's; 1: the pixels are stored upright.")]
    frames: Annotated[int, Spec("Frames")]
    bucket: Annotated[str, Spec("Bucket", "Width x height that it is trained at.", unit="px")]
    cropped: Annotated[float, Spec("Cut off", "By the bucket.", unit="0 to 1")]
    upscale_factor: Annotated[
        float,
        Spec("Upscale factor", "How many times its sides are enlarged to fill the bucket.", renamed=("enlarged",)),
    ]
    sharpness: Annotated[float, Spec("Sharpness", "Variance of the Laplacian at 512 x 512 px in area.")]
    hash: Annotated[str, Spec("Perceptual hash", "64 bits in hexadecimal; empty for a picture of one tone.")]
    caption: Annotated[str | None, Spec("Caption", "None: there is none; empty: its file says nothing.")]
    caption_file: Annotated[str | None, Spec("Caption's file", _BELOW)]
    tokens: Annotated[int, Spec("Tokens", "CLIP's, of the caption; of several lines the longest.")]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that was found, and what to do about it."""

    kind: Annotated[str, Spec("Kind", "For programs.")]
    area: Annotated[str, Spec("Area")]
    level: Annotated[
        Level,
        Spec(
            "Level",
            "good: nothing to do; review: look at it; fix: fix it before training.",
            renamed_choices={"look": "review", "mend": "fix"},
        ),
    ]
    count: Annotated[int, Spec("Count", "Files or tags that are concerned.")]
    message: Annotated[str, Spec("Message", "What was found, with the number.", renamed=("what",))]
    advice: Annotated[str, Spec("Advice", "What to do about it.")]
    files: Annotated[tuple[str, ...], Spec("Files", _BELOW)] = ()


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What one area comes to."""

    area: Annotated[str, Spec("Area")]
    level: Annotated[
        Level, Spec("Level", "The worst of its findings.", renamed_choices={"look": "review", "mend": "fix"})
    ]
    message: Annotated[str, Spec("Message", "In a sentence.", renamed=("sentence",))]


@dataclass(frozen=True, kw_only=True)
class BucketCount:
    """An aspect bucket and how many pictures are in it."""

    width: Annotated[int, Spec("Width", unit="px")]
    height: Annotated[int, Spec("Height", unit="px")]
    count: Annotated[int, Spec("Pictures")]


@dataclass(frozen=True, kw_only=True)
class LikeGroup:
    """Pictures that are the same or nearly so."""

    kind: Annotated[Likeness, Spec("Kind", "same picture; near by hash; near as mirror images; near by CLIP.")]
    files: Annotated[tuple[str, ...], Spec("Files", _BELOW + " The largest picture first.")]


@dataclass(frozen=True, kw_only=True)
class TagCount:
    """A tag and how many captions have it."""

    tag: Annotated[str, Spec("Tag")]
    count: Annotated[int, Spec("Captions")]


@dataclass(frozen=True, kw_only=True)
class ClassCount:
    """A folder of pictures as a trainer sees it."""

    folder: Annotated[str, Spec("Folder", _BELOW)]
    name: Annotated[str, Spec("Class", "The folder's name without its repeats.")]
    repeats: Annotated[int | None, Spec("Repeats", "From a name like 10_dog; None where it does not say them.")]
    pictures: Annotated[int, Spec("Pictures", "That can be used.")]
    share: Annotated[float, Spec("Share", "Of what kohya's trainer shows in an epoch, repeats counted.", unit="0 to 1")]
    trained: Annotated[dict[str, int], Spec("Trained", "Pictures of it that each trainer takes.")]


@dataclass(frozen=True, kw_only=True)
class TrainerCount:
    """What a trainer makes of the folder."""

    trainer: Annotated[str, Spec("Trainer", "kohya, onetrainer or bootcamp, which is this program.")]
    title: Annotated[str, Spec("Name")]
    pictures: Annotated[int, Spec("Pictures", "That it takes and that can be read; hidden ones by their names.")]
    captioned: Annotated[int, Spec("With a caption", "Of these, with words in a file that it reads.")]
    caption_extension: Annotated[
        str,
        Spec(
            "Caption file extension",
            "Their ending; empty: of every kind.",
            renamed=("caption_ending",),
            renamed_titles=("Caption files",),
        ),
    ]
    left_out: Annotated[tuple[LeftOut, ...], Spec("Left out", "Pictures that it does not take, and why.")]
    blocking_files: Annotated[
        tuple[LeftOut, ...],
        Spec(
            "Files that stop the training",
            "Caption files that end the training, and why.",
            renamed=("stops_at",),
            renamed_titles=("Stops at",),
        ),
    ]


@dataclass(frozen=True, kw_only=True)
class PairCount:
    """Two tags that may be one."""

    rare: Annotated[str, Spec("Rarer tag")]
    rare_count: Annotated[int, Spec("Captions with it")]
    common: Annotated[str, Spec("More common tag")]
    common_count: Annotated[int, Spec("Captions with that")]


@dataclass(frozen=True, kw_only=True)
class Report:
    """All that is reported of a data set."""

    folder: Annotated[str, Spec("Folder")]
    count: Annotated[int, Spec("Pictures", "Files that are called so.")]
    usable: Annotated[int, Spec("Usable", "Pictures that can be read.")]
    bytes: Annotated[int, Spec("Bytes", "Of the pictures.")]
    captioned: Annotated[int, Spec("With a caption")]
    shown_per_epoch: Annotated[
        int,
        Spec(
            "Shown per epoch",
            "What kohya's trainer takes, each as often as its folder's repeats say.",
            renamed=("shown",),
            renamed_titles=("Shown in an epoch",),
        ),
    ]
    min_sharpness: Annotated[
        float, Spec("Minimum sharpness", renamed=("sharp_from",), renamed_titles=("Blurred below",))
    ]
    verdicts: Annotated[tuple[Verdict, ...], Spec("Verdicts", "A line for each area.")]
    findings: Annotated[tuple[Finding, ...], Spec("Findings")]
    buckets: Annotated[tuple[BucketCount, ...], Spec("Buckets", "The fullest first.")]
    groups: Annotated[tuple[LikeGroup, ...], Spec("Similar pictures", renamed_titles=("Alike",))]
    classes: Annotated[tuple[ClassCount, ...], Spec("Folders")]
    trainers: Annotated[tuple[TrainerCount, ...], Spec("Trainers", "What each takes and leaves out.")]
    left_out: Annotated[tuple[LeftOut, ...], Spec("Left out", "What was not looked at here.")]
    tags: Annotated[tuple[TagCount, ...], Spec("Tags", "The most frequent first, at most 1000.")]
    single_use_tags: Annotated[int, Spec("Tags in one caption only", renamed=("tags_once",))]
    similar_tags: Annotated[tuple[PairCount, ...], Spec("Tags nearly alike")]
    pictures: Annotated[tuple[PictureFacts, ...], Spec("Pictures", "In the order of their paths.")]
