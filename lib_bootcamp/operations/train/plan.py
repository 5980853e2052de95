"""What a training will do, before its first step: pictures, captions, buckets, how long, and what to look at."""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from dataclasses import dataclass, field
from typing import Annotated

from lib_bootcamp.core.files.folders import is_file
from lib_bootcamp.core.text.valid_text import valid_text
from lib_bootcamp.core.training.chance import Batches, Chance
from lib_bootcamp.core.training.class_pictures import SOURCE
from lib_bootcamp.core.training.examples import COMMON, NAMED, Found
from lib_bootcamp.core.training.held_out import parted
from lib_bootcamp.core.training.joined import in_several
from lib_bootcamp.errors import InvalidParamError
from lib_bootcamp.jobs.facts import duration
from lib_bootcamp.params import Spec
from lib_bootcamp.ports import Components
from lib_bootcamp.results import Result

from .concepts import Finder
from .memory import Forecast
from .train_settings import TrainParams
from .trainer_settings import rates_of

MOST_ROWS = 1000
_USUAL = {"embedding": ("5e-3", 0.1), "dreambooth": ("2e-6", 2e-4)}
"""The rate that is usual for a method, and one that is far above it."""


@dataclass(frozen=True, kw_only=True)
class PlannedPicture:
    """One picture and what is trained of it."""

    path: Annotated[str, Spec("Path", "Below the folder; after its concept's name, where there are several.")]
    caption_from: Annotated[str, Spec("Caption from", "Empty: it has none.")]
    width: Annotated[int, Spec("Bucket's width", unit="px")]
    height: Annotated[int, Spec("Bucket's height", unit="px")]
    cropped: Annotated[float, Spec("Cropped", unit="0 to 1")]
    enlarged: Annotated[bool, Spec("Enlarged")]


@dataclass(frozen=True, kw_only=True)
class PlannedConcept:
    """One of the concepts and what is found for it."""

    name: Annotated[str, Spec("Name", "What its pictures' paths begin with, where there are several.")]
    count: Annotated[int, Spec("Pictures")]
    captions: Annotated[dict[str, int], Spec("Captions", "How many are from where; none: pictures without one.")]
    repeats: Annotated[tuple[int, ...], Spec("Repeats", "How often its pictures come in an epoch; each number once.")]
    shown: Annotated[int, Spec("Shown", "Its pictures in an epoch, repeats counted.", unit="pictures")]
    class_pictures: Annotated[int, Spec("Class pictures", "With those that are drawn first.")]
    to_draw: Annotated[int, Spec("To draw", "Class pictures that are drawn before the first step.")]
    weight: Annotated[float, Spec("Weight", "How much its loss counts.")]


@dataclass(frozen=True, kw_only=True)
class TrainPlan(Result):
    """What a training will do."""

    count: Annotated[int, Spec("Pictures")]
    captions: Annotated[dict[str, int], Spec("Captions", "How many are from where; none: pictures without one.")]
    concepts: Annotated[tuple[PlannedConcept, ...], Spec("Concepts")]
    held_out: Annotated[int, Spec("Held out", "Pictures that are not learned from.", unit="pictures")]
    steps: Annotated[int, Spec("Steps")]
    epochs: Annotated[float, Spec("Epochs", "How often each picture is seen.")]
    resolution: Annotated[int, Spec("Resolution", unit="px")]
    output_folder: Annotated[
        str,
        Spec("Output folder", "Where its file goes: the whole path for who may name any folder, else as it was given."),
    ] = ""
    warnings: Annotated[tuple[str, ...], Spec("Warnings")]
    to_draw: Annotated[int, Spec("To draw", "Class pictures that are drawn before the first step.")] = 0
    drawing_s: Annotated[float | None, Spec("Drawing them takes", "About.", unit="s")] = None
    starts_from: Annotated[str, Spec("Starts from", "A LoRA or embedding; empty: nothing.")] = ""
    copy_note: Annotated[str, Spec("About its copy", "Of a checkpoint's own weights; empty: it owns none.")] = ""
    file_bytes: Annotated[int | None, Spec("Size of each file", "Of a checkpoint.", unit="bytes")] = None
    memory: Annotated[
        dict[str, int],
        Spec("Memory", "Beside the checkpoint, by what it is for; activations are estimated.", unit="bytes"),
    ] = field(default_factory=dict)
    memory_free: Annotated[int | None, Spec("Free memory", "On the device, where it is known.", unit="bytes")] = None
    memory_note: Annotated[str, Spec("About memory")] = ""
    left_out: Annotated[tuple[str, ...], Spec("Left out", "A sentence about each file that is not trained.")]
    rows: Annotated[tuple[PlannedPicture, ...], Spec("Buckets", f"Of the first {MOST_ROWS:,} pictures.")]

    def summary(self) -> str:
        """Pictures, captions, steps and epochs."""
        several = f" of {len(self.concepts):,} concepts" if len(self.concepts) > 1 else ""
        return (
            f"{self.count:,} pictures{several}, {self._captioned()}, "
            f"{self.steps:,} steps of {self.resolution} px: each is seen {self.epochs:.1f} times{self._drawing()}"
            f"{f'; the file goes to {self.output_folder}' if self.output_folder else ''}"
        )

    def _captioned(self) -> str:
        """How many pictures have a caption, and how many of these are their own."""
        shared = {"the common one": self.captions.get(COMMON, 0), "their folder's name": self.captions.get(NAMED, 0)}
        own = self.count - self.captions.get("none", 0) - sum(shared.values())
        parts = [f"{count:,} with {what}" for what, count in shared.items() if count]
        return ", ".join([f"{own:,} with a caption{' of its own' if parts else ''}", *parts])

    def _drawing(self) -> str:
        if not self.to_draw:
            return ""
        about = "" if self.drawing_s is None else f" (about {duration(self.drawing_s)})"
        return f"; {self.to_draw:,} class pictures are drawn first{about}"

    def cautions(self) -> list[str]:
        """The warnings, and what is left out."""
        return [*self.warnings, *(f"Left out: {each}" for each in self.left_out)]

    def lines(self) -> list[str]:
        """Of several concepts a line each, what it starts from, its copy, and its memory."""
        concepts = [_line(each) for each in self.concepts] if len(self.concepts) > 1 else []
        return [*concepts, *filter(None, (self.starts_from, self.copy_note, self.memory_note))]

    def beginning(self, start: str, memory: Forecast) -> TrainPlan:
        """With what is known when the checkpoint was looked at.

        Args:
            start: the sentence about what it starts from; empty: nothing.
            memory: that it needs.
        """
        warning = memory.warning()
        return dataclasses.replace(
            self,
            starts_from=start,
            copy_note=memory.copied(),
            file_bytes=memory.file or None,
            memory=memory.parts(),
            memory_free=memory.free,
            memory_note=memory.sentence(),
            warnings=(*self.warnings, *((warning,) if warning else ())),
        )


def _line(concept: PlannedConcept) -> str:
    captions = ", ".join(f"{name} {count:,}" for name, count in concept.captions.items())
    repeats = ", ".join(map(str, concept.repeats))
    beside = f"; class pictures: {concept.class_pictures:,}" if concept.class_pictures else ""
    return f"{concept.name}: {concept.count:,} pictures, captions: {captions}; repeats: {repeats}{beside}"


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


def examples_for(params: TrainParams, finder: Finder) -> Found:
    """The pictures of a training that begins.

    Args:
        params: of the training.
        finder: of its pictures.
    Raises:
        InvalidParamError: no picture has a caption, or a folder lies in another.
        NotAllowedError: a folder may not be named.
        ImageError: there is no picture that can be trained.
    """
    found = finder.found()
    if not any(each.caption for each in found.own) and not _has_own_words(params):
        raise InvalidParamError(
            "caption",
            f"is missing: none of the {len(found.own):,} pictures has a caption",
            hint="write .txt files beside them, name the folder like 10_my dog, or give one for all",
        )
    return found


def _has_own_words(params: TrainParams) -> bool:
    """Whether the template says something without a caption; an embedding's always does."""
    own = params.template.replace("[filewords]", "").replace("[name]", params.name).strip(" ,")
    return params.method == "embedding" or bool(own)


def planned(params: TrainParams, found: Found, resolution: int) -> TrainPlan:
    """What a person should know before the first step."""
    learned, held = parted(found, params.validation_split, params.seed)
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
    concepts = tuple(_concept(found, at) for at, each in enumerate(found.folders) if not each.is_class)
    return TrainPlan(
        count=len(found.own),
        concepts=concepts,
        to_draw=sum(each.to_draw for each in concepts),
        held_out=len(held),
        captions=dict(found.sources()),
        steps=params.steps,
        epochs=round(params.steps * params.accumulate / batches.per_epoch, 2),
        resolution=resolution,
        warnings=tuple(_warnings(params, found, resolution, len(held))),
        left_out=tuple(valid_text(f"{found.name_of_file(path)}: {why}") for path, why in found.left_out.items()),
        rows=rows,
    )


def _concept(found: Found, at: int) -> PlannedConcept:
    examples = [each for each in found.examples if each.folder == at]
    of_class = [each for each in found.of_class if found.folder_of(each).concept == at]
    return PlannedConcept(
        name=found.folders[at].name,
        count=len(examples),
        captions=dict(Counter(each.source or "none" for each in examples)),
        repeats=tuple(sorted({each.repeats for each in examples})),
        shown=sum(each.repeats for each in examples),
        weight=found.folders[at].weight,
        class_pictures=len(of_class),
        to_draw=sum(each.source == SOURCE and not is_file(each.path) for each in of_class),
    )


def _warnings(params: TrainParams, found: Found, resolution: int, held_out: int) -> list[str]:
    missing = sum(not each.caption for each in found.own)
    small = sum(each.width * each.height < 0.5 * resolution**2 for each in found.examples)
    cropped = sum(each.placed.cropped > 0.25 for each in found.examples)
    made = []
    if params.validation_split and not held_out:
        made.append("There are too few pictures to hold one out.")
    if missing:
        made.append(f"{missing:,} of {len(found.own):,} pictures have no caption.")
    if small:
        made.append(f"{small:,} pictures have less than half of the pixels of {resolution} x {resolution}.")
    if cropped:
        made.append(f"Of {cropped:,} pictures more than a quarter is cut off.")
    if twice := in_several(found):
        what = "is" if len(twice) == 1 else f"and {len(twice) - 1:,} more are"
        name = valid_text(found.name_of(twice[0]))
        made.append(f"{name} {what} in more than one concept, and learned with the caption of each.")
    if len(found.own) == 1:
        made.append("One picture is copied rather than learned from.")
    if params.flip and any(
        word in each.caption.lower().split() for each in found.examples for word in ("left", "right")
    ):
        made.append("Captions speak of left and right, and half of the pictures are mirrored.")
    rate, (usual, most) = rates_of(params)[0], _USUAL.get(params.method, ("1e-4", 1e-2))
    rate = params.embedding_rate if params.method == "embedding" else rate
    if math.isclose(rate, 1) or rate > most:
        made.append(f"A learning rate of {rate:g} is far above what is usual ({usual}).")
    return made
