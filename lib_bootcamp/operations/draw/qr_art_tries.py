"""The tries of QR art: draw, scan, mend."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Protocol

from lib_bootcamp.context import Context
from lib_bootcamp.core.images.arrays import Image
from lib_bootcamp.core.qr.layout import QrLayout
from lib_bootcamp.core.qr_art.repair import raised, weak_modules
from lib_bootcamp.core.qr_art.target import module_weights
from lib_bootcamp.core.qr_art.touch_up import least_touch, touched_by
from lib_bootcamp.core.scan import error_map as scan_errors
from lib_bootcamp.core.scan.decoders import Decoder
from lib_bootcamp.core.scan.error_map import ErrorMap
from lib_bootcamp.core.scan.ladder import is_read, readers_of
from lib_bootcamp.errors import CancelledError
from lib_bootcamp.params import Spec

Method = Literal["drawn", "stronger guidance", "repaired"]


class TryOptions(Protocol):
    """How hard to try."""

    @property
    def max_tries(self) -> int:
        """For each seed."""

    @property
    def must_read(self) -> Literal["all", "any"]:
        """Readers."""

    @property
    def touch_up(self) -> int:
        """Gray levels at most."""


@dataclass(frozen=True, kw_only=True)
class TryReport:
    """One try."""

    seed: Annotated[int, Spec("Seed")]
    number: Annotated[int, Spec("Try", "Of this seed, from 1.")]
    method: Annotated[
        Method,
        Spec(
            "By", renamed=("means",), renamed_choices={"drawn more firmly": "stronger guidance", "mended": "repaired"}
        ),
    ]
    touch_up: Annotated[
        int,
        Spec("Touched up", "Gray levels that made the finished picture scan.", unit="0 to 255", renamed=("touched",)),
    ]
    scans: Annotated[bool, Spec("Scans")]
    read_by: Annotated[tuple[str, ...], Spec("Read by")]
    wrong: Annotated[int, Spec("Wrong modules")]
    module_error: Annotated[float, Spec("Module error", "Share of wrong modules.", unit="0 to 1")]


@dataclass
class Try:
    """A picture, what readers made of it, and what is needed to go on from it.

    Args:
        image: the picture, touched up where that made it scan.
        drawn: as it was drawn, with its latents.
        errors: of the picture as it was drawn.
        report: its entry in the result.
    """

    image: Image
    drawn: Any
    errors: ErrorMap
    report: TryReport

    @property
    def rank(self) -> tuple[bool, int, int, float]:
        """The better, the larger."""
        report = self.report
        return (report.scans, len(report.read_by), -report.touch_up, -report.module_error)


def method_of(report: TryReport) -> str:
    """`stronger guidance, touched up by 10 gray levels`."""
    return report.method + touched_by(report.touch_up)


def tries(  # noqa: PLR0913 - a loop and what it is given
    drawer: Any,
    params: TryOptions,
    readers: Sequence[Decoder],
    context: Context,
    asked: dict[str, Any],
    touch_up_s: float = math.inf,
) -> Iterator[Try]:
    """The tries of one seed, until one scans or there have been `max_tries`.

    Args:
        drawer: `ml.diffusion.qr_art.CodeDrawer`, or what draws as it does.
        params: tries, readers.
        readers: what must read it.
        context: shows the steps.
        asked: what is drawn, the seed among it.
        touch_up_s: seconds of work after which the touch-up that was found by then is taken, or none.
    Raises:
        CancelledError: the person asked to stop; the tries before are given.
    """
    weights = module_weights(drawer.layout)
    best: Try | None = None
    for number in range(1, params.max_tries + 1):
        title = f"seed {asked['seed']}, try {number}"
        method: Method
        if best is not None and number % 2:
            method = "repaired"
            weak = weak_modules(best.errors)
            drawn = drawer.repair(context.progress, weights, best.drawn, weak, title, asked)
        else:
            method = "drawn" if best is None else "stronger guidance"
            drawn = drawer.draw(context.progress, weights, title, asked)
        made = judge(
            drawn,
            drawer.layout,
            readers,
            params,
            context,
            seed=asked["seed"],
            number=number,
            method=method,
            touch_up_s=touch_up_s,
        )
        yield made
        if made.report.scans:
            return
        if context.progress.cancelled():
            raise CancelledError
        weights = raised(weights, weak_modules(made.errors))
        if best is None or made.rank > best.rank:
            best = made


def judge(  # noqa: PLR0913 - a picture and what is asked of it
    drawn: Any,
    layout: QrLayout,
    readers: Sequence[Decoder],
    params: TryOptions,
    context: Context,
    *,
    seed: int,
    number: int,
    method: Method,
    touch_up_s: float = math.inf,
) -> Try:
    """Scan a picture with each reader, touch it up where they fail, and hold it against the code module by module.

    Who asks to stop while it is touched up gets it as it was drawn.
    """
    image, touched = drawn.image, 0
    errors = shown = scan_errors.error_map(image, layout)
    read_by = readers_of(image, readers, layout.content)
    by_all = params.must_read == "all"
    scans = len(read_by) == len(readers) if by_all else bool(read_by)
    if not scans:
        ends = time.thread_time() + touch_up_s
        found = least_touch(
            image,
            layout,
            lambda each: is_read(each, readers, layout.content, by_all=by_all),
            params.touch_up,
            context.progress.cancelled,
            lambda: time.thread_time() > ends,
        )
        if found is not None:
            (image, touched), scans = found, True
            read_by, shown = readers_of(image, readers, layout.content), scan_errors.error_map(image, layout)
    report = TryReport(
        seed=seed,
        number=number,
        method=method,
        touch_up=touched,
        scans=scans,
        read_by=read_by,
        wrong=int(shown.wrong.sum()),
        module_error=float(shown.wrong.mean()),
    )
    return Try(image, drawn, errors, report)
