"""What a folder of training pictures is like, and what to fix before training."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

from lib_bootcamp.context import Context
from lib_bootcamp.core.datasets.buckets import Placed, Size, bucket_sizes, place, place_without_upscale
from lib_bootcamp.core.datasets.caption_facts import DatasetCaptions, below
from lib_bootcamp.core.datasets.caption_wording import longest_tokens
from lib_bootcamp.core.datasets.findings import Gathered, Limits, buckets_of, findings_of, number, verdicts_of
from lib_bootcamp.core.datasets.folder import Listing, left_out_of, list_folder, no_pictures, repeats_of
from lib_bootcamp.core.datasets.pictures import Examined, examine, thumbnail
from lib_bootcamp.core.datasets.report import (
    ClassCount,
    LikeGroup,
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
from lib_bootcamp.core.text.left_out import left_out_lines
from lib_bootcamp.core.text.valid_text import valid_text
from lib_bootcamp.jobs.engines.threads import Threads
from lib_bootcamp.operation import Operation
from lib_bootcamp.ports import track
from lib_bootcamp.results import Result

from .report_groups import groups_alike
from .report_settings import DatasetParams

MOST_TAGS = 1000


@dataclass(frozen=True, kw_only=True)
class DatasetReport(Report, Result):
    """The report."""

    def summary(self) -> str:
        """How much there is, and what must be fixed or reviewed."""
        fix = [each.area.lower() for each in self.verdicts if each.level == "fix"]
        review = [each.area.lower() for each in self.verdicts if each.level == "review"]
        parts = [f"fix {', '.join(fix)}"] if fix else []
        parts += [f"review {', '.join(review)}"] if review else []
        return f"{self.count:,} pictures, {self.captioned:,} with a caption: {'; '.join(parts) or 'all is well'}."

    def lines(self) -> list[str]:
        """Verdicts with the findings' advice, and the first files that are meant."""
        lines = []
        for verdict in self.verdicts:
            here = [each for each in self.findings if each.area == verdict.area]
            lines.append(f"{verdict.level:7}{verdict.area}" + ("" if here else f": {verdict.message}"))
            for each in here:
                some = ", ".join(each.files[:3]) + (", ..." if len(each.files) > 3 else "")
                lines.append(f"         {each.message}. {each.advice}{f' ({some})' if some else ''}")
        lines += [_trainer_line(each) for each in self.trainers]
        lines += left_out_lines((each.path, each.reason) for each in self.left_out)
        return lines


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
    with closing(Threads().map(partial(examine, inside=inside), listing.pictures, ahead=0)) as made:
        followed = track(context.progress, made, title="Examine", total=len(listing.pictures), unit="picture")
        for path, each in zip(listing.pictures, followed, strict=True):
            examined.append(each)
            facts.append(_facts(path, each, captions, params, root))
    groups = list(groups_alike(listing, examined, params, context))
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
    reported_elsewhere = {below(listing.root, path) for path in (*listing.outside, *listing.unread)}
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
        left_out=[each for each in left_out_of(listing) if each.path not in reported_elsewhere],
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
        folder=valid_text(str(listing.root)),
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
    named = {folder: repeats_of(folder.resolve().name) for folder in counted}
    numbered = any(each.count is not None for each in named.values())
    trained = {trainer: _by_folder(trained_by(trainer, facts)) for trainer in TITLES}
    weights = {
        folder: trained["kohya"][below(listing.root, folder)] * ((named[folder].count or 0) if numbered else 1)
        for folder in counted
    }
    total = sum(weights.values())
    classes = [
        ClassCount(
            folder=below(listing.root, folder),
            name=valid_text(named[folder].name),
            repeats=named[folder].count,
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
    summary="Tell what a folder of training pictures is like and what to fix before training.",
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
