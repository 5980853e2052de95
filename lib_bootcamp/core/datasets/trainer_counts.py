"""What each trainer makes of a data set: which pictures and captions it takes, and at what it stops."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

from .caption_facts import DatasetCaptions, below
from .folder import Listing, left_out_of
from .report import LeftOut, PictureFacts, TrainerCount
from .trainers import TITLES, Trainer, kohya_ending, layout_of, leaves_out

_NO_BYTES = "kohya's trainer stops at a caption file of no bytes."
_NO_TEXT = "It is not UTF-8, and {trainer} stops at it."


def trainer_counts(
    listing: Listing, facts: Sequence[PictureFacts], captions: DatasetCaptions
) -> tuple[TrainerCount, ...]:
    """What each trainer takes and leaves out.

    Args:
        listing: of the folder.
        facts: of its pictures, in their order.
        captions: of the same.
    """
    return tuple(_count(trainer, listing, facts, captions) for trainer in TITLES)


def trained_by(trainer: Trainer, facts: Sequence[PictureFacts]) -> list[PictureFacts]:
    """The pictures that can be read and that a trainer takes."""
    usable = [each for each in facts if not each.problem]
    why = leaves_out(trainer, layout_of(PurePosixPath(each.path) for each in facts))
    return [each for each in usable if not why(PurePosixPath(each.path))]


def _count(
    trainer: Trainer, listing: Listing, facts: Sequence[PictureFacts], captions: DatasetCaptions
) -> TrainerCount:
    taken = trained_by(trainer, facts)
    ending = _ending(trainer, captions.beside)
    captioned = [each for each in taken if _is_captioned(each, ending, captions)]
    why = leaves_out(trainer, layout_of(PurePosixPath(each.path) for each in facts))
    hidden = sum(not why(PurePosixPath(below(listing.root, path))) for path in listing.hidden)
    return TrainerCount(
        trainer=trainer,
        title=TITLES[trainer],
        pictures=len(taken) + hidden,
        captioned=len(captioned),
        caption_extension=ending,
        left_out=tuple(left_out_of(listing) if trainer == "bootcamp" else _left_out(trainer, listing, facts)),
        blocking_files=tuple(_stops_at(trainer, taken, ending, captions)),
    )


def _ending(trainer: Trainer, beside: Mapping[str, Mapping[str, object]]) -> str:
    if trainer == "kohya":
        return kohya_ending(Counter(ending for files in beside.values() for ending in files))
    return ".txt" if trainer == "onetrainer" else ""


def _is_captioned(picture: PictureFacts, ending: str, captions: DatasetCaptions) -> bool:
    if not ending:
        return bool(picture.caption)
    read = captions.beside.get(picture.path, {}).get(ending)
    return read is not None and bool(read.text)


def _left_out(trainer: Trainer, listing: Listing, facts: Sequence[PictureFacts]) -> Iterator[LeftOut]:
    """Of what is a picture by its name, also of what is left out here; unreadable ones are reported elsewhere."""
    why = leaves_out(trainer, layout_of(PurePosixPath(each.path) for each in facts))
    others = [below(listing.root, path) for path in (*listing.hidden, *listing.not_read)]
    for path in sorted([*(each.path for each in facts), *others]):
        if reason := why(PurePosixPath(path)):
            yield LeftOut(path=path, reason=reason)


def _stops_at(
    trainer: Trainer, taken: Sequence[PictureFacts], ending: str, captions: DatasetCaptions
) -> Iterator[LeftOut]:
    if trainer == "bootcamp":
        return
    info: dict[str, str] = {}
    for each in taken:
        file = str(Path(each.path).with_suffix(ending).as_posix())
        read = captions.beside.get(each.path, {}).get(ending)
        if trainer == "kohya" and read is not None and read.flaw == "no-bytes":
            info[file] = _NO_BYTES
        elif file in captions.problems():
            info[file] = _NO_TEXT.format(trainer=TITLES[trainer])
    yield from (LeftOut(path=path, reason=why) for path, why in info.items())
