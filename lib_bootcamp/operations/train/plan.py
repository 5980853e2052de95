"""What a training will do, before its first step: pictures, captions, buckets, how long, and what to look at."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from lib_bootcamp.context import Context
from lib_bootcamp.core.text.valid_text import valid_text
from lib_bootcamp.core.training.chance import Batches, Chance
from lib_bootcamp.core.training.examples import Found, find_examples, sizes_for
from lib_bootcamp.core.training.held_out import split
from lib_bootcamp.core.training.samples import samples_of
from lib_bootcamp.errors import InvalidParamError
from lib_bootcamp.params import Spec
from lib_bootcamp.ports import Components
from lib_bootcamp.results import Result

from .train_settings import TrainParams

MOST_ROWS = 1000


@dataclass(frozen=True, kw_only=True)
class PlannedPicture:
    """One picture and what is trained of it."""

    path: Annotated[str, Spec("Path", "Below the folder.")]
    caption_from: Annotated[str, Spec("Caption from", "Empty: it has none.")]
    width: Annotated[int, Spec("Bucket's width", unit="px")]
    height: Annotated[int, Spec("Bucket's height", unit="px")]
    cropped: Annotated[float, Spec("Cropped", unit="0 to 1")]
    enlarged: Annotated[bool, Spec("Enlarged")]


@dataclass(frozen=True, kw_only=True)
class TrainPlan(Result):
    """What a training will do."""

    count: Annotated[int, Spec("Pictures")]
    captions: Annotated[dict[str, int], Spec("Captions", "How many are from where; none: pictures without one.")]
    held_out: Annotated[int, Spec("Held out", "Pictures that are not learned from.", unit="pictures")]
    steps: Annotated[int, Spec("Steps")]
    epochs: Annotated[float, Spec("Epochs", "How often each picture is seen.")]
    resolution: Annotated[int, Spec("Resolution", unit="px")]
    warnings: Annotated[tuple[str, ...], Spec("Warnings")]
    left_out: Annotated[tuple[str, ...], Spec("Left out", "A sentence about each file that is not trained.")]
    rows: Annotated[tuple[PlannedPicture, ...], Spec("Buckets", f"Of the first {MOST_ROWS:,} pictures.")]

    def summary(self) -> str:
        """Pictures, captions, steps and epochs."""
        captioned = self.count - self.captions.get("none", 0)
        return (
            f"{self.count:,} pictures, {captioned:,} with a caption, {self.steps:,} steps of {self.resolution} px: "
            f"each is seen {self.epochs:.1f} times"
        )


def resolution_of(params: TrainParams, components: Components) -> int:
    """The side of the square that pictures are trained at, in px."""
    from lib_bootcamp.ml.diffusion.text_to_image import native_side

    return params.resolution or native_side(components)


def step_of(components: Components) -> int:
    """Sides of buckets are multiples of this, in px: 64, 32 for SDXL, less for small checkpoints."""
    from lib_bootcamp.ml.diffusion.text_to_image import native_side

    levels = len(components.unet.config.block_out_channels) + len(components.vae.config.block_out_channels) - 2
    least = 2**levels
    return int(least if native_side(components) < 256 else max(least, 32 if components.family == "sdxl" else 64))


def found_for(params: TrainParams, context: Context, output: Path, resolution: int, step: int) -> Found:
    """The pictures of a training, captions or not.

    Args:
        params: of the training.
        context: of who asks.
        output: its output folder.
        resolution: the side of the square, in px.
        step: sides of buckets are multiples of this, in px.
    Raises:
        NotAllowedError: the folder may not be named.
        ImageError: there is no picture that can be trained.
    """
    return find_examples(
        Path(context.folder(params.folder, "folder")),
        sizes_for(resolution, step),
        enlarge=params.enlarge,
        fallback=params.caption,
        trusted=context.trusted,
        samples=output / samples_of(params.name),
    )


def examples_for(params: TrainParams, context: Context, output: Path, resolution: int, step: int) -> Found:
    """The pictures of a training that begins; arguments as `found_for`.

    Raises:
        InvalidParamError: no picture has a caption.
        NotAllowedError: the folder may not be named.
        ImageError: there is no picture that can be trained.
    """
    found = found_for(params, context, output, resolution, step)
    if not any(each.caption for each in found.examples) and not _has_own_words(params):
        raise InvalidParamError(
            "caption",
            f"is missing: none of the {len(found.examples):,} pictures has a caption",
            hint="write .txt files beside them, name the folder like 10_my dog, or give one for all",
        )
    return found


def _has_own_words(params: TrainParams) -> bool:
    """Whether the template says something without a caption; an embedding's always does."""
    own = params.template.replace("[filewords]", "").replace("[name]", params.name).strip(" ,")
    return params.method == "embedding" or bool(own)


def planned(params: TrainParams, found: Found, resolution: int) -> TrainPlan:
    """What a person should know before the first step."""
    learned, held = split(found.examples, params.validation_split, params.seed)
    buckets = [each.placed.bucket for each in learned]
    repeats = [each.repeats for each in learned]
    batches = Batches(buckets, repeats, params.batch, Chance(0))
    rows = tuple(
        PlannedPicture(
            path=valid_text(path),
            caption_from=each.source,
            width=bucket[0],
            height=bucket[1],
            cropped=round(cropped, 4),
            enlarged=enlarged,
        )
        for each, (path, bucket, cropped, enlarged) in zip(found.examples[:MOST_ROWS], found.table(), strict=False)
    )
    return TrainPlan(
        count=len(found.examples),
        held_out=len(held),
        captions=dict(found.sources()),
        steps=params.steps,
        epochs=round(params.steps * params.accumulate / batches.per_epoch, 2),
        resolution=resolution,
        warnings=tuple(_warnings(params, found, resolution, len(held))),
        left_out=tuple(valid_text(f"{_below(found, path)}: {why}") for path, why in found.left_out.items()),
        rows=rows,
    )


def _below(found: Found, path: Path) -> str:
    return path.relative_to(found.root).as_posix() if path.is_relative_to(found.root) else path.name


def _warnings(params: TrainParams, found: Found, resolution: int, held_out: int) -> list[str]:
    missing = sum(not each.caption for each in found.examples)
    small = sum(each.width * each.height < 0.5 * resolution**2 for each in found.examples)
    cropped = sum(each.placed.cropped > 0.25 for each in found.examples)
    made = []
    if params.validation_split and not held_out:
        made.append("There are too few pictures to hold one out.")
    if missing:
        made.append(f"{missing:,} of {len(found.examples):,} pictures have no caption.")
    if small:
        made.append(f"{small:,} pictures have less than half of the pixels of {resolution} x {resolution}.")
    if cropped:
        made.append(f"Of {cropped:,} pictures more than a quarter is cut off.")
    if len(found.examples) == 1:
        made.append("One picture is copied rather than learned from.")
    if params.flip and any(
        word in each.caption.lower().split() for each in found.examples for word in ("left", "right")
    ):
        made.append("Captions speak of left and right, and half of the pictures are mirrored.")
    is_embedding = params.method == "embedding"
    rate, usual = (params.embedding_rate, "5e-3") if is_embedding else (params.learning_rate, "1e-4")
    if math.isclose(rate, 1) or rate > (0.1 if is_embedding else 1e-2):
        made.append(f"A learning rate of {rate:g} is far above what is usual ({usual}).")
    return made
