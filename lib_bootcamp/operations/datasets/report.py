"""What a folder of training pictures is like, and what to fix before training."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal

import numpy as np

from lib_bootcamp.context import Context
from lib_bootcamp.core.datasets.buckets import Placed, Size, bucket_sizes, place, place_without_upscale
from lib_bootcamp.core.datasets.caption_facts import DatasetCaptions, below
from lib_bootcamp.core.datasets.caption_wording import longest_tokens
from lib_bootcamp.core.datasets.duplicates import HASH_BITS, Groups, alike, hash_rows
from lib_bootcamp.core.datasets.findings import Gathered, Limits, buckets_of, findings_of, number, verdicts_of
from lib_bootcamp.core.datasets.folder import Listing, left_out_of, list_folder, no_pictures, printable, repeats_of
from lib_bootcamp.core.datasets.pictures import Examined, examine, read_picture, thumbnail
from lib_bootcamp.core.datasets.report import (
    ClassCount,
    LikeGroup,
    Likeness,
    PictureFacts,
    Report,
    TagCount,
    TrainerCount,
)
from lib_bootcamp.core.datasets.report_page import report_page
from lib_bootcamp.core.datasets.tags import count_tags, similar_tags
from lib_bootcamp.core.datasets.trainer_counts import trained_by, trainer_counts
from lib_bootcamp.core.datasets.trainers import TITLES
from lib_bootcamp.core.files.inside import Inside
from lib_bootcamp.core.images.arrays import Floats
from lib_bootcamp.core.images.parallel import map_ordered
from lib_bootcamp.core.text.left_out import left_out_lines
from lib_bootcamp.errors import BootcampError, InvalidParamError
from lib_bootcamp.operation import Operation
from lib_bootcamp.operations.describe import classify
from lib_bootcamp.params import Params, Spec
from lib_bootcamp.ports import track
from lib_bootcamp.results import Result

MOST_TAGS = 1000
CLIP_AT_ONCE = 64
_PURPOSES = {"concept": "LoRA of a person or thing", "style": "LoRA of a style", "fine-tune": "Whole checkpoint"}


@dataclass(frozen=True, kw_only=True)
class DatasetParams(Params):
    """The folder, how it will be trained on, and from where on something is told."""

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
        str, Spec("Separator", "What stands between tags.", min_length=1, max_length=8, group="Captions")
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


@dataclass(frozen=True, kw_only=True)
class DatasetReport(Report, Result):
    """The report."""

    def summary(self) -> str:
        """How much there is, and what must be fixed or reviewed."""
        fix = [each.area.lower() for each in self.verdicts if each.level == "fix"]
        review = [each.area.lower() for each in self.verdicts if each.level == "review"]
        said = [f"fix {', '.join(fix)}"] if fix else []
        said += [f"review {', '.join(review)}"] if review else []
        return f"{self.count:,} pictures, {self.captioned:,} with a caption: {'; '.join(said) or 'all is well'}."

    def lines(self) -> list[str]:
        """Verdicts with the findings' advice, and the first files that are meant."""
        told = []
        for verdict in self.verdicts:
            here = [each for each in self.findings if each.area == verdict.area]
            told.append(f"{verdict.level:7}{verdict.area}" + ("" if here else f": {verdict.message}"))
            for each in here:
                some = ", ".join(each.files[:3]) + (", ..." if len(each.files) > 3 else "")
                told.append(f"         {each.message}. {each.advice}{f' ({some})' if some else ''}")
        told += [_trainer_line(each) for each in self.trainers]
        told += left_out_lines((each.path, each.reason) for each in self.left_out)
        return told


def _trainer_line(each: TrainerCount) -> str:
    files = f"in {each.caption_extension} files" if each.caption_extension else "in files of every kind"
    stops = f"; it stops at {number(len(each.blocking_files), 'caption file')}" if each.blocking_files else ""
    of = f"{each.pictures:,} of {number(each.pictures + len(each.left_out), 'picture')}"
    return f"{each.title}: {of}, {each.captioned:,} with a caption {files}{stops}."


def dataset_report(params: DatasetParams, context: Context) -> DatasetReport:
    """Examine a folder of training pictures.

    Raises:
        InvalidParamError: the folder is none, or the CLIP model is not to be named over the network.
        ImageError: no pictures are in it.
        CancelledError: the person stopped it.
    """
    root = context.folder(params.folder, "folder")
    listing = list_folder(root, recursive=params.recursive, follow_out=context.trusted)
    if not listing.pictures:
        raise no_pictures(params.folder, listing.left_out())
    inside = None if context.trusted else Inside(root, exact=True)
    captions = DatasetCaptions(listing, inside)
    examined: list[Examined] = []
    facts: list[PictureFacts] = []
    with closing(map_ordered(partial(examine, inside=inside), listing.pictures)) as made:
        told = track(context.progress, made, title="Examine", total=len(listing.pictures), unit="picture")
        for path, each in zip(listing.pictures, told, strict=True):
            examined.append(each)
            facts.append(_facts(path, each, captions, params, root))
    groups = list(_alike(listing, examined, params, context))
    return _report(params, listing, facts, groups, captions)


def _facts(path: Path, made: Examined, captions: DatasetCaptions, params: DatasetParams, root: Path) -> PictureFacts:
    text, file = captions.of(path)
    placed = None if made.problem else _placed(made.width, made.height, params)
    return PictureFacts(
        path=below(root, path),
        problem=made.problem,
        format=made.format,
        mode=made.mode,
        width=made.width,
        height=made.height,
        bytes=made.bytes,
        alpha=made.has_alpha,
        transparent=made.is_transparent,
        orientation=made.orientation,
        frames=made.frames,
        bucket=f"{placed.bucket[0]}x{placed.bucket[1]}" if placed else "",
        cropped=round(placed.cropped, 4) if placed else 0.0,
        upscale_factor=round(placed.upscale_factor, 4) if placed else 0.0,
        sharpness=round(made.sharpness, 2),
        hash=f"{made.hash.upright:016x}" if made.hash else "",
        caption=text,
        caption_file=file,
        tokens=longest_tokens(text or ""),
    )


def _placed(width: int, height: int, params: DatasetParams) -> Placed:
    area: Size = (params.resolution, params.resolution)
    if not params.upscale:
        return place_without_upscale(width, height, area, step_px=params.bucket_step_px)
    sizes = bucket_sizes(area, min_px=params.bucket_min_px, max_px=params.bucket_max_px, step_px=params.bucket_step_px)
    return place(width, height, sizes)


def _alike(
    listing: Listing, examined: Sequence[Examined], params: DatasetParams, context: Context
) -> Iterator[LikeGroup]:
    """The groups of each kind; what one kind has told is not told by the next."""
    by_identity: dict[str, list[int]] = {}
    for at, each in enumerate(examined):
        if not each.problem:
            by_identity.setdefault(each.identity, []).append(at)

    def group(kind: Likeness, members: Sequence[int]) -> LikeGroup:
        ordered = sorted(members, key=lambda at: (-examined[at].width * examined[at].height, -examined[at].bytes, at))
        return LikeGroup(kind=kind, files=tuple(below(listing.root, listing.pictures[at]) for at in ordered))

    yield from (group("same", members) for members in by_identity.values() if len(members) > 1)
    firsts = [members[0] for members in by_identity.values()]
    hashed = [at for at in firsts if examined[at].hash]
    hashes = [known for at in hashed if (known := examined[at].hash)]
    upright, mirrored = (hash_rows([getattr(each, name) for each in hashes]) for name in ("upright", "mirrored"))
    least = HASH_BITS - 2 * params.hash_distance - 0.5
    told: list[set[int]] = []
    kinds: tuple[tuple[Likeness, Floats | None], ...] = (("near", None), ("mirrored", mirrored))
    for kind, others in kinds:
        for members in _new_groups(hashed, upright, least, told, others):
            yield group(kind, members)
    if params.clip:
        places, rows = _clip_rows(listing, firsts, params, context)
        for members in _new_groups(places, rows, params.clip_cosine, told):
            yield group("clip", members)


def _new_groups(
    places: Sequence[int], rows: Floats, least: float, told: list[set[int]], others: Floats | None = None
) -> list[list[int]]:
    """Groups of places whose rows are alike, but for those that lie in a group that is told already."""
    groups = Groups(len(rows))
    for one, found in alike(rows, least, others):
        groups.join(one, found)
    listed = [[places[at] for at in members] for members in groups.listed()]
    fresh = [members for members in listed if not any(set(members) <= each for each in told)]
    told += map(set, fresh)
    return fresh


def _clip_rows(
    listing: Listing, places: Sequence[int], params: DatasetParams, context: Context
) -> tuple[list[int], Floats]:
    """CLIP's unit vectors of the pictures at these places: those it could read, and float32 [N, D]."""
    classify.check_model_name(params, context)
    inside = None if context.trusted else Inside(listing.root, exact=True)
    with classify.lend_model(params, context) as model:
        from lib_bootcamp.ml.runtime.batches import prepared_in_batches

        made = prepared_in_batches(
            context,
            [listing.pictures[at] for at in places],
            lambda path: model.prepare(read_picture(path, inside)),
            lambda batch: list(model.encode_prepared(batch)),
            size=CLIP_AT_ONCE,
            title="CLIP",
            unit="picture",
        )
        rows = [(at, row) for at, row in zip(places, made, strict=True) if not isinstance(row, BootcampError)]
    return [at for at, _ in rows], np.array([row for _, row in rows], np.float32).reshape(len(rows), -1)


def _report(
    params: DatasetParams,
    listing: Listing,
    facts: list[PictureFacts],
    groups: list[LikeGroup],
    captions: DatasetCaptions,
) -> DatasetReport:
    tags = count_tags((each.caption or "" for each in facts if not each.problem), params.separator)
    classes, shown = _classes(listing, facts)
    trainers = trainer_counts(listing, facts, captions)
    told_elsewhere = {below(listing.root, path) for path in (*listing.outside, *listing.unread)}
    known = Gathered(
        pictures=facts,
        groups=groups,
        classes=classes,
        tags=tags,
        similar=similar_tags(tags),
        orphans=captions.orphans(),
        contradictory=captions.contradictory,
        shared=captions.shared,
        caption_problems=captions.problems(),
        unread=[below(listing.root, path) for path in listing.unread],
        outside=[below(listing.root, path) for path in listing.outside],
        flaws=captions.flaws,
        left_out=[each for each in left_out_of(listing) if each.path not in told_elsewhere],
        junk=[below(listing.root, path) for path in listing.junk],
        trainers=trainers,
        other_ending=_other_ending(facts, trainers),
    )
    limits = Limits(
        min_side_px=params.min_side_px,
        min_sharpness=params.min_sharpness,
        min_words=params.min_words,
        purpose=params.purpose,
    )
    findings = findings_of(known, limits)
    ordered = sorted(tags.items(), key=lambda each: (-each[1], each[0]))
    return DatasetReport(
        folder=printable(str(listing.root)),
        count=len(facts),
        usable=sum(not each.problem for each in facts),
        bytes=sum(each.bytes for each in facts),
        captioned=sum(bool(each.caption) for each in facts),
        shown_per_epoch=shown,
        min_sharpness=params.min_sharpness,
        verdicts=tuple(verdicts_of(findings)),
        findings=tuple(findings),
        buckets=tuple(buckets_of(facts)),
        groups=tuple(groups),
        classes=tuple(classes),
        tags=tuple(TagCount(tag=tag, count=count) for tag, count in ordered[:MOST_TAGS]),
        single_use_tags=sum(count == 1 for count in tags.values()),
        trainers=trainers,
        left_out=tuple(left_out_of(listing)),
        similar_tags=tuple(known.similar),
        pictures=tuple(facts),
    )


def _other_ending(facts: Sequence[PictureFacts], trainers: Sequence[TrainerCount]) -> list[str]:
    """Pictures whose caption lies in no file of the ending that kohya's trainer is to be given."""
    ending = next(each.caption_extension for each in trainers if each.trainer == "kohya")
    return [each.path for each in facts if each.caption and not (each.caption_file or "").endswith(ending)]


def _classes(listing: Listing, facts: Sequence[PictureFacts]) -> tuple[list[ClassCount], int]:
    """The folders that have pictures, and how many pictures kohya's trainer shows in an epoch."""
    counted = Counter(path.parent for path, each in zip(listing.pictures, facts, strict=True) if not each.problem)
    told = {folder: repeats_of(folder.resolve().name) for folder in counted}
    numbered = any(each.count is not None for each in told.values())
    trained = {trainer: _by_folder(trained_by(trainer, facts)) for trainer in TITLES}
    weights = {
        folder: trained["kohya"][below(listing.root, folder)] * ((told[folder].count or 0) if numbered else 1)
        for folder in counted
    }
    total = sum(weights.values())
    classes = [
        ClassCount(
            folder=below(listing.root, folder),
            name=printable(told[folder].name),
            repeats=told[folder].count,
            pictures=count,
            share=round(weights[folder] / total, 6) if total else 0.0,
            trained={trainer: counts[below(listing.root, folder)] for trainer, counts in trained.items()},
        )
        for folder, count in sorted(counted.items())
    ]
    return classes, total


def _by_folder(pictures: Sequence[PictureFacts]) -> Counter[str]:
    return Counter(PurePosixPath(each.path).parent.as_posix() for each in pictures)


def as_page(report: DatasetReport, context: Context) -> str:
    """The report as an HTML page of one file, with small pictures."""
    root = context.folder(report.folder, "folder")
    inside = None if context.trusted else Inside(root, exact=True)
    return report_page(report, lambda path: thumbnail(root / path, inside))


DATASET_REPORT = Operation(
    name="dataset-report",
    title="Dataset report",
    summary="Tells what a folder of training pictures is like and what to fix before training.",
    params=DatasetParams,
    result=DatasetReport,
    run=dataset_report,
    path="/dataset/report",
    kind="analysis",
    section="Data set",
    command="dataset report",
    page=as_page,
    presets={
        "SD 1.5": {"resolution": 512, "min_side_px": 512, "bucket_min_px": 256, "bucket_max_px": 1024},
        "SDXL": {"resolution": 1024, "min_side_px": 768, "bucket_min_px": 512, "bucket_max_px": 2048},
    },
)
