"""The settings of a data set report: the folder, how it will be trained on, and the limits of its findings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from lib_bootcamp.errors import InvalidParamError
from lib_bootcamp.params import Params, Spec

_PURPOSES = {"concept": "LoRA of a person or thing", "style": "LoRA of a style", "fine-tune": "Whole checkpoint"}


@dataclass(frozen=True, kw_only=True)
class DatasetParams(Params):
    """The folder, how it will be trained on, and the limits of the findings."""

    folder: Annotated[
        str,
        Spec(
            "Folder",
            "Pictures, with their captions beside them; folders inside are classes, named like 10_my dog for repeats.",
            min_length=1,
            format="folder",
            positional=True,
        ),
    ]
    recursive: Annotated[
        bool, Spec("Include subfolders", "Take the folders inside folders.", renamed_titles=("Folders inside too",))
    ] = True
    purpose: Annotated[
        Literal["concept", "style", "fine-tune"],
        Spec(
            "Training goal",
            "What the number of pictures is held against.",
            titles=_PURPOSES,
            renamed_titles=("Trained for",),
        ),
    ] = "concept"
    resolution: Annotated[
        int, Spec("Resolution", "Side of the square that buckets have the area of.", ge=128, le=4096, unit="px")
    ] = 512
    min_side_px: Annotated[
        int,
        Spec(
            "Minimum side",
            "Of the shorter side.",
            ge=1,
            le=8192,
            unit="px",
            group="Limits",
            renamed_titles=("Too small below",),
        ),
    ] = 512
    min_sharpness: Annotated[
        float,
        Spec(
            "Minimum sharpness",
            "Variance of the Laplacian at 512 x 512 px in area.",
            ge=0,
            le=10_000,
            group="Limits",
            renamed=("sharp_from",),
            renamed_titles=("Blurred below",),
        ),
    ] = 40.0
    min_words: Annotated[
        int,
        Spec(
            "Minimum caption words",
            ge=0,
            le=200,
            unit="words",
            group="Limits",
            renamed_titles=("Short captions below",),
        ),
    ] = 3
    hash_distance: Annotated[
        int,
        Spec(
            "Maximum hash distance",
            "Bits of the 64 of the perceptual hash that may differ.",
            ge=0,
            le=16,
            group="Limits",
            renamed_titles=("Alike up to",),
        ),
    ] = 6
    upscale: Annotated[
        bool,
        Spec(
            "Upscale to the bucket",
            "Off: as kohya's bucket_no_upscale.",
            group="Buckets",
            renamed_titles=("Enlarge to the bucket",),
        ),
    ] = True
    bucket_step_px: Annotated[
        int,
        Spec(
            "Bucket step",
            "Sides are multiples of it.",
            ge=8,
            le=256,
            multiple_of=8,
            unit="px",
            group="Buckets",
            renamed_titles=("Step",),
        ),
    ] = 64
    bucket_min_px: Annotated[int, Spec("Shortest side", ge=64, le=4096, unit="px", group="Buckets")] = 256
    bucket_max_px: Annotated[int, Spec("Longest side", ge=64, le=8192, unit="px", group="Buckets")] = 1024
    separator: Annotated[
        str, Spec("Separator", "The text between tags.", min_length=1, max_length=8, group="Captions")
    ] = ","
    clip: Annotated[
        str | None,
        Spec(
            "Compare with CLIP",
            "A model as classify takes it (mini, ViT-B-32/laion2b_s34b_b79k, ...): finds what is alike in its content. "
            "Empty: not compared.",
            min_length=1,
            max_length=1000,
            group="CLIP",
            format="model",
            needs="models",
        ),
    ] = None
    clip_cosine: Annotated[
        float,
        Spec(
            "Minimum CLIP similarity",
            "The cosine of two pictures.",
            ge=0.5,
            le=1,
            step=0.005,
            group="CLIP",
            renamed_titles=("Alike from",),
        ),
    ] = 0.97

    def check(self) -> None:
        """The buckets' sides are in order."""
        if self.bucket_min_px > self.bucket_max_px:
            raise InvalidParamError("bucket_min_px", f"must be at most bucket_max_px, which is {self.bucket_max_px}")

    @property
    def backend(self) -> Literal["auto"]:
        """What computes CLIP."""
        return "auto"
