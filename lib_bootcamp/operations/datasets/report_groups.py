"""Pictures of a data set that are the same, or alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from lib_bootcamp.context import Context
from lib_bootcamp.core.datasets.caption_facts import below
from lib_bootcamp.core.datasets.duplicates import HASH_BITS, Groups, alike, hash_rows
from lib_bootcamp.core.datasets.folder import Listing
from lib_bootcamp.core.datasets.pictures import Examined, read_picture
from lib_bootcamp.core.datasets.report import LikeGroup, Likeness
from lib_bootcamp.core.files.inside import Inside
from lib_bootcamp.core.images.arrays import Floats
from lib_bootcamp.errors import BootcampError
from lib_bootcamp.operations.describe import clip_choice

from .report_settings import DatasetParams

CLIP_AT_ONCE = 64


def groups_alike(
    listing: Listing, examined: Sequence[Examined], params: DatasetParams, context: Context
) -> Iterator[LikeGroup]:
    """The groups of each kind; what one kind has listed is not listed by the next."""
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
    listed_before: list[set[int]] = []
    kinds: tuple[tuple[Likeness, Floats | None], ...] = (("near", None), ("mirrored", mirrored))
    for kind, others in kinds:
        for members in _new_groups(hashed, upright, least, listed_before, others):
            yield group(kind, members)
    if params.clip:
        places, rows = _clip_rows(listing, firsts, params, context)
        for members in _new_groups(places, rows, params.clip_cosine, listed_before):
            yield group("clip", members)


def _new_groups(
    places: Sequence[int], rows: Floats, least: float, listed_before: list[set[int]], others: Floats | None = None
) -> list[list[int]]:
    """Groups of places whose rows are alike, but for those that lie in a group that is listed already."""
    groups = Groups(len(rows))
    for one, found in alike(rows, least, others):
        groups.join(one, found)
    listed = [[places[at] for at in members] for members in groups.listed()]
    fresh = [members for members in listed if not any(set(members) <= each for each in listed_before)]
    listed_before += map(set, fresh)
    return fresh


def _clip_rows(
    listing: Listing, places: Sequence[int], params: DatasetParams, context: Context
) -> tuple[list[int], Floats]:
    """CLIP's unit vectors of the pictures at these places: those it could read, and float32 [N, D]."""
    clip_choice.check_model_name(params, context)
    inside = None if context.trusted else Inside(listing.root, exact=True)
    with clip_choice.lend_model(params, context) as model:
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
