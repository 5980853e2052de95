"""What a data set's facts mean for training: findings with advice, and a verdict for each area.

The advice names numbers; where it is a rule of thumb it says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from lib_bootcamp.core.text.clip_tokens import MAX_TOKENS

from .caption_files import Flaw
from .caption_lines import lines_of
from .report import (
    BucketCount,
    ClassCount,
    Finding,
    LeftOut,
    Level,
    LikeGroup,
    PairCount,
    PictureFacts,
    TrainerCount,
    Verdict,
)
from .rules import ALL_WELL, AREAS, QUANTITIES, RULES
from .tags import words_of
from .trainers import KOHYA_ENDING

MUCH_CROPPED, MUCH_ENLARGED, UNBALANCED = 0.15, 1.1, 4.0
MOST_REASONS = 4
MOST_FILES = 1000
"""Paths that one finding lists."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The limits from which on something is a finding.

    Args:
        min_side_px: shorter sides are too small.
        min_sharpness: a lower sharpness is blurred.
        min_words: captions of fewer words are short.
        purpose: a key of `QUANTITIES`.
    """

    min_side_px: int = 512
    min_sharpness: float = 40.0
    min_words: int = 3
    purpose: str = "concept"


@dataclass(kw_only=True)
class Gathered:
    """All that is known of a data set before it is judged; paths are below its folder."""

    pictures: Sequence[PictureFacts]
    groups: Sequence[LikeGroup] = ()
    classes: Sequence[ClassCount] = ()
    tags: Mapping[str, int] = field(default_factory=dict)
    similar: Sequence[PairCount] = ()
    orphans: Sequence[str] = ()
    contradictory: Sequence[str] = ()
    shared: Sequence[str] = ()
    caption_problems: Mapping[str, str] = field(default_factory=dict)
    unread: Sequence[str] = ()
    outside: Sequence[str] = ()
    flaws: Mapping[Flaw, Sequence[str]] = field(default_factory=dict)
    left_out: Sequence[LeftOut] = ()
    junk: Sequence[str] = ()
    trainers: Sequence[TrainerCount] = ()
    other_ending: Sequence[str] = ()
    separator: str = ","


def findings_of(known: Gathered, limits: Limits) -> list[Finding]:
    """Everything there is to say, area by area."""
    usable = [each for each in known.pictures if not each.problem]
    return [
        *_of_files(known, usable),
        *_of_sizes(usable, limits),
        *_of_sharpness(usable, limits),
        *_of_duplicates(known),
        *_of_captions(known, usable, limits),
        *_of_tags(known),
        *_of_balance(known),
        *_of_quantity(known, usable, limits),
    ]


def buckets_of(pictures: Iterable[PictureFacts]) -> list[BucketCount]:
    """The buckets that have pictures, the fullest first."""
    counted = Counter(each.bucket for each in pictures if not each.problem)
    sizes = [(tuple(map(int, name.split("x"))), count) for name, count in counted.items()]
    return [BucketCount(width=w, height=h, count=n) for (w, h), n in sorted(sizes, key=lambda each: (-each[1], each))]


def verdicts_of(findings: Sequence[Finding]) -> list[Verdict]:
    """One line for each area: how bad the worst of its findings is, and what they are."""
    order: tuple[Level, ...] = ("good", "review", "fix")
    verdicts = []
    for area in AREAS:
        here = [each for each in findings if each.area == area]
        worst = order[max((order.index(each.level) for each in here), default=0)]
        parts = [each.message for each in here if each.level == worst]
        sentence = f"{'; '.join(parts)}." if parts else ALL_WELL[area]
        verdicts.append(Verdict(area=area, level=worst, message=sentence))
    return verdicts


def number(count: int, noun: str) -> str:
    """`1 picture`, `2 pictures`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _found(kind: str, files: Sequence[str], *, count: int | None = None, **words: object) -> Iterator[Finding]:
    """The finding of a kind, where there is one: where files or a count are given."""
    total = len(files) if count is None else count
    if not total:
        return
    rule = RULES[kind]
    words |= {"have": "has" if total == 1 else "have", "are": "is" if total == 1 else "are"}
    yield Finding(
        kind=kind,
        area=rule.area,
        level=rule.level,
        count=total,
        message=f"{number(total, rule.noun)} {rule.message.format(**words)}",
        advice=rule.advice.format(**words),
        files=tuple(files[:MOST_FILES]),
    )


def _those(pictures: Iterable[PictureFacts], holds: Callable[[PictureFacts], bool]) -> list[str]:
    return [each.path for each in pictures if holds(each)]


def _of_files(known: Gathered, usable: Sequence[PictureFacts]) -> Iterator[Finding]:
    yield from _found("corrupt", _those(known.pictures, lambda each: bool(each.problem)))
    yield from _found("unread", known.unread)
    yield from _found("turned", _those(usable, lambda each: each.orientation != 1))
    yield from _found("transparent", _those(usable, lambda each: each.transparent))
    yield from _found("animated", _those(usable, lambda each: each.frames > 1))
    yield from _found("flat", _those(usable, lambda each: not each.hash))
    yield from _found("outside", known.outside)
    yield from _left_out("left-out", known.left_out)
    for each in known.trainers:
        if each.trainer != "bootcamp":
            yield from _left_out(f"{each.trainer}-leaves-out", each.left_out)
    yield from _found("junk", known.junk)


def _left_out(kind: str, left: Sequence[LeftOut]) -> Iterator[Finding]:
    why = list(dict.fromkeys(each.reason for each in left))
    more = " And more, which the JSON lists." if len(why) > MOST_REASONS else ""
    yield from _found(kind, [each.path for each in left], why=" ".join(why[:MOST_REASONS]) + more)


def _of_sizes(usable: Sequence[PictureFacts], limits: Limits) -> Iterator[Finding]:
    side = limits.min_side_px
    yield from _found("too-small", _those(usable, lambda each: min(each.width, each.height) < side), side=side)
    yield from _found("enlarged", _those(usable, lambda each: each.upscale_factor > MUCH_ENLARGED))
    cut = _those(usable, lambda each: each.cropped > MUCH_CROPPED)
    yield from _found("cropped", cut, share=f"{MUCH_CROPPED:.0%}")
    buckets = buckets_of(usable)
    alone = {f"{each.width}x{each.height}" for each in buckets if each.count == 1}
    if len(buckets) > 1:
        yield from _found("lonely-buckets", _those(usable, lambda each: each.bucket in alone), count=len(alone))


def _of_sharpness(usable: Sequence[PictureFacts], limits: Limits) -> Iterator[Finding]:
    soft = [each for each in usable if each.sharpness < limits.min_sharpness and each.hash]
    soft.sort(key=lambda each: each.sharpness)
    yield from _found("blurred", [each.path for each in soft], sharp=f"{limits.min_sharpness:g}")


def _of_duplicates(known: Gathered) -> Iterator[Finding]:
    for kind in ("same", "near", "mirrored", "clip"):
        groups = [each for each in known.groups if each.kind == kind]
        files = [path for each in groups for path in each.files]
        yield from _found(kind, files, groups=number(len(groups), "group"))


def _of_captions(known: Gathered, usable: Sequence[PictureFacts], limits: Limits) -> Iterator[Finding]:
    missing = _those(usable, lambda each: each.caption is None)
    yield from _found("missing" if len(missing) < len(usable) else "no-captions", missing)
    yield from _found("unreadable", sorted(known.caption_problems))
    for flaw in ("no-bytes", "blank", "blank-first-line", "mark"):
        yield from _found(flaw, known.flaws.get(flaw, ()))
    yield from _found("contradictory", known.contradictory)
    yield from _found("shared", known.shared)
    captioned = [each for each in usable if each.caption]
    short = _those(captioned, lambda each: _fewest_words(each.caption or "") < limits.min_words)
    yield from _found("short", short, words=limits.min_words)
    yield from _found("long", _those(captioned, lambda each: each.tokens > MAX_TOKENS), tokens=MAX_TOKENS)
    yield from _found("several-lines", _those(captioned, lambda each: len(lines_of(each.caption or "")) > 1))
    kohya = next((each for each in known.trainers if each.trainer == "kohya"), None)
    if kohya is not None:
        if kohya.caption_extension != KOHYA_ENDING:
            yield from _found("caption-ending", (), count=kohya.captioned)
        yield from _found("other-ending", known.other_ending, ending=kohya.caption_extension)
    yield from _found("orphans", known.orphans)


def _fewest_words(caption: str) -> int:
    """Of several lines those of the shortest: a trainer may take that one."""
    return min((len(words_of(line)) for line in lines_of(caption)), default=0)


def _of_tags(known: Gathered) -> Iterator[Finding]:
    pairs = [f"{each.rare} and {each.common}" for each in known.similar[:3]]
    some = ", ".join([*pairs, *(["..."] if len(known.similar) > 3 else [])])
    yield from _found("similar", (), count=len(known.similar), some=some)
    if len(known.tags) >= 10:
        once = sum(count == 1 for count in known.tags.values())
        yield from _found("once", (), count=once, tags=f"{len(known.tags):,}")


def folder_shown(folder: str) -> str:
    """A folder below the data set's as a person reads it; `.` is the data set's own."""
    return "the folder itself" if folder == "." else folder


def _of_balance(known: Gathered) -> Iterator[Finding]:
    plain = [each.folder for each in known.classes if each.repeats is None]
    if plain and len(plain) < len(known.classes):
        yield from _found("no-repeats", plain, name=PurePosixPath(plain[0]).name or "name")
    yield from _found("zero-repeats", [each.folder for each in known.classes if each.repeats == 0])
    shown = sorted((each for each in known.classes if each.share > 0), key=lambda each: each.share)
    if len(shown) > 1 and shown[-1].share > UNBALANCED * shown[0].share:
        least, most = shown[0], shown[-1]
        ratio = f"{most.share / least.share:.0f}"
        names = folder_shown(most.folder), folder_shown(least.folder)
        yield from _found("unbalanced", [most.folder, least.folder], ratio=ratio, most=names[0], least=names[1])


def _of_quantity(known: Gathered, usable: Sequence[PictureFacts], limits: Limits) -> Iterator[Finding]:
    named, few, fine, plenty = QUANTITIES[limits.purpose]
    twice = {path for each in known.groups if each.kind in {"same", "near"} for path in each.files[1:]}
    count = sum(each.path not in twice for each in usable)
    level: Level = "good"
    usual = f"{fine:,} to {plenty:,} are usual"
    if count < few:
        level, judged, advice = "fix", "few", f"{usual}, and what is trained on under {few} mostly copies them"
    elif count < fine:
        level, judged, advice = "review", "rather few", f"{usual}; more angles, poses and lights would help"
    elif count <= plenty:
        judged, advice = "usual", usual
    else:
        judged, advice = "many", f"{usual}; the best of them alone may teach more"
    yield Finding(
        kind=limits.purpose,
        area="Quantity",
        level=level,
        count=count,
        message=f"{number(count, 'different picture')} for {named}: {judged}",
        advice=f"A rule of thumb from practice: {advice}. Variety and clean captions count for more than number.",
    )
