"""The pictures of a training with their captions and buckets, and what a person should know before it begins."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from lib_bootcamp.core.datasets.buckets import Placed, Size, bucket_sizes, place_without_upscale
from lib_bootcamp.core.datasets.caption_files import TABLES
from lib_bootcamp.core.datasets.caption_sources import FolderCaptions
from lib_bootcamp.core.datasets.folder import list_folder, repeats_of
from lib_bootcamp.core.datasets.pictures import Examined, examine
from lib_bootcamp.core.files.inside import Inside
from lib_bootcamp.core.images.parallel import map_ordered
from lib_bootcamp.core.text.valid_text import valid_text
from lib_bootcamp.errors import ImageError

from .samples import samples_among

MOST_CROPPED = 0.125
"""Of a picture; among the buckets that crop no more the largest is taken."""
LEAST_SIDE = 16
COMMON, NAMED = "caption", "folder"
"""Sources of a caption that is no picture's own: the one that is given for all, and the folder's name."""


@dataclass(frozen=True, kw_only=True)
class Example:
    """A picture that is trained.

    Args:
        path: the file.
        caption: of it, of one line or several; empty: it has none.
        source: of the caption: `.txt`, `.caption`, the name of a table, `COMMON` where it is the one for all, `NAMED`
            where it is the folder's name.
        repeats: how often it comes in an epoch.
        width: in px, as the picture is shown.
        height: in px.
        identity: of the file's picture, for caches.
        placed: its bucket.
        folder: the place of its folder in `Found.folders`.
    """

    path: Path
    caption: str
    source: str
    repeats: int
    width: int
    height: int
    identity: str
    placed: Placed
    folder: int = 0


@dataclass(frozen=True, kw_only=True)
class Folder:
    """A folder that examples lie below.

    Args:
        root: the folder.
        inside: the folder that files have to lie in when they are read; None: links may lead anywhere.
        name: what stands before its pictures' paths, where there are several folders; empty: nothing does.
        weight: how much the loss of its pictures counts.
        concept: the number of its concept.
        is_class: whether its pictures are of the concept's class, and not of itself.
    """

    root: Path
    inside: Inside | None = None
    name: str = ""
    weight: float = 1.0
    concept: int = 0
    is_class: bool = False


@dataclass(frozen=True, kw_only=True)
class Found:
    """The examples of one folder or several.

    Args:
        folders: each with examples of its own.
        examples: by folder, each in the order of their paths.
        left_out: each file that is not trained, with a sentence about it.
    """

    folders: tuple[Folder, ...]
    examples: tuple[Example, ...]
    left_out: dict[Path, str]

    def folder_of(self, example: Example) -> Folder:
        """The folder that an example lies below."""
        return self.folders[example.folder]

    @property
    def own(self) -> tuple[Example, ...]:
        """The examples of the concepts themselves."""
        return tuple(each for each in self.examples if not self.folder_of(each).is_class)

    @property
    def of_class(self) -> tuple[Example, ...]:
        """The class pictures."""
        return tuple(each for each in self.examples if self.folder_of(each).is_class)

    def name_of(self, example: Example) -> str:
        """What an example is called: its path below its folder, after the folder's name where there are several."""
        return _called(self.folder_of(example), example.path)

    def name_of_file(self, path: Path) -> str:
        """As `name_of`, of any file or folder; of one that lies elsewhere its own name."""
        within = next((each for each in self.folders if path.is_relative_to(each.root)), None)
        return path.name if within is None else _called(within, path)

    def sources(self) -> Counter[str]:
        """How many captions of the concepts' pictures are from where; `none` counts the pictures without one."""
        return Counter(each.source or "none" for each in self.own)

    def table(self) -> Iterable[tuple[str, Size, float, bool]]:
        """For each picture its name, its bucket in px, the share cropped, whether it is enlarged."""
        for each in self.examples:
            placed = each.placed
            yield (
                self.name_of(each),
                placed.bucket,
                placed.cropped,
                placed.upscale_factor > 1,
            )

    def buckets(self) -> Counter[Size]:
        """How many examples an epoch has of each bucket, repeats counted."""
        counted: Counter[Size] = Counter()
        for each in self.examples:
            counted[each.placed.bucket] += each.repeats
        return counted


def _called(folder: Folder, path: Path) -> str:
    return (Path(folder.name) / path.relative_to(folder.root)).as_posix()


def find_examples(  # noqa: PLR0913 - what a data set is read with
    root: Path,
    sizes: Sequence[Size],
    *,
    enlarge: bool,
    fallback: str = "",
    trusted: bool = True,
    samples: Path | None = None,
    repeats: int | None = None,
) -> Found:
    """The pictures below a folder, with captions as every kind of trainer writes them.

    In folders such as `10_my dog` each picture comes ten times, and one without a caption has "my dog". Samples that a
    training drew are left out.

    Args:
        root: the folder.
        sizes: of buckets, width and height in px.
        enlarge: whether small pictures may be enlarged to fill theirs.
        fallback: the caption of pictures without one; empty: the folder's name where it has repeats.
        trusted: whether links may lead out of the folder.
        samples: the folder of this training's own samples.
        repeats: how often each comes in an epoch; None: as the folders' names say.
    Raises:
        ImageError: there is no picture that can be trained.
    """
    inside = None if trusted else Inside(root, exact=True)
    listing = list_folder(root, follow_out=trusted)
    captions = FolderCaptions(root, inside)
    left_out, found = dict(listing.left_out()), []
    drawn = samples_among(listing.pictures, samples, inside)
    for folder, count in Counter(each.parent for each in drawn).items():
        what = "a sample" if count == 1 else f"{count:,} samples"
        left_out[folder] = f"{folder.name} has {what} of a training, which {'is' if count == 1 else 'are'} left out."
    pictures = [each for each in listing.pictures if each not in drawn]
    for path, seen in zip(pictures, _examined(pictures, inside), strict=True):
        if seen.problem or min(seen.width, seen.height) < LEAST_SIDE:
            left_out[path] = seen.problem or f"{path.name} is smaller than {LEAST_SIDE} px."
            continue
        named = repeats_of(path.parent.name) if path.parent != root else repeats_of(root.name)
        caption, source = _caption(captions, path, fallback, valid_text(named.name) if named.count else "")
        found.append(
            Example(
                path=path,
                caption=caption,
                source=source,
                repeats=repeats or max(1, named.count or 1),
                width=seen.width,
                height=seen.height,
                identity=seen.identity,
                placed=bucket_of(seen.width, seen.height, sizes, enlarge=enlarge),
            )
        )
    left_out |= captions.problems
    if not found:
        reason = f": {next(iter(left_out.values()))}" if left_out else "."
        raise ImageError(f"{root.name} has no picture to train on{reason}")
    return Found(folders=(Folder(root=root, inside=inside),), examples=tuple(found), left_out=left_out)


def _examined(pictures: Sequence[Path], inside: Inside | None) -> Iterator[Examined]:
    yield from map_ordered(lambda each: examine(each, inside), pictures)


def sizes_for(resolution: int, step: int) -> tuple[Size, ...]:
    """The buckets of a resolution: sides from half of it to twice of it.

    Args:
        resolution: the side of the square, in px.
        step: sides are multiples of this.
    """
    least = max(step, resolution // 2 // step * step)
    return bucket_sizes((resolution, resolution), min_px=least, max_px=2 * resolution, step_px=step)


def bucket_of(width: int, height: int, sizes: Sequence[Size], *, enlarge: bool) -> Placed:
    """The largest bucket that crops at most `MOST_CROPPED` of a picture, else the one that crops least.

    A picture that is smaller than each bucket and may not be enlarged has one of its own, cut to whole steps.

    Args:
        width: of the picture, in px.
        height: of the picture, in px.
        sizes: of the buckets.
        enlarge: whether the picture may be enlarged.
    """
    placed = [_cover(width, height, size) for size in sizes]
    if not enlarge:
        placed = [each for each in placed if each.upscale_factor <= 1]
    if not placed:
        step = min(min(size) for size in sizes)
        while any(side % step for size in sizes for side in size):
            step -= 1
        largest = max(size[0] * size[1] for size in sizes)
        return place_without_upscale(width, height, (int(largest**0.5),) * 2, step_px=step)
    fitting = [each for each in placed if each.cropped <= MOST_CROPPED]
    return (
        max(fitting, key=lambda each: (each.bucket[0] * each.bucket[1], -each.cropped))
        if fitting
        else min(placed, key=lambda each: each.cropped)
    )


def _cover(width: int, height: int, bucket: Size) -> Placed:
    scale = max(bucket[0] / width, bucket[1] / height)
    scaled = (max(bucket[0], round(width * scale)), max(bucket[1], round(height * scale)))
    kept = bucket[0] * bucket[1] / (scaled[0] * scaled[1])
    return Placed(bucket=bucket, scaled=scaled, cropped=1 - kept, upscale_factor=scale)


def _caption(captions: FolderCaptions, path: Path, common: str, name: str) -> tuple[str, str]:
    for each in captions.of(path):
        if each.text.strip():
            return each.text, each.file.name if each.file.name in TABLES else each.file.suffix
    return (common, COMMON) if common else (name, NAMED) if name else ("", "")
