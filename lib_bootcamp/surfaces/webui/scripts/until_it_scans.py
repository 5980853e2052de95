"""QR art until it scans: seeds x strengths on the WebUI's own pipeline, each mended until its code is read."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from PIL import Image as Pil

from lib_bootcamp.context import Context
from lib_bootcamp.core.qr_art.touch_up import touched_by
from lib_bootcamp.errors import CancelledError, InvalidParamError, MissingPackageError
from lib_bootcamp.operations.draw.qr_art_tries import Try, method_of, tries
from lib_bootcamp.ports import SilentProgress
from lib_bootcamp.surfaces.webui.infotext import SCAN_KEY
from lib_bootcamp.surfaces.webui.plan import Driven
from lib_bootcamp.surfaces.webui.section_scan import quick_text, reading_of, scan_of_grid
from lib_bootcamp.surfaces.webui.section_values import PanelRequest

from .declared import UNTIL_IT_SCANS, UntilItScansParams
from .drawer import PipelineDrawer
from .outcome import Shown
from .ports import Pipeline
from .run import ScriptRun
from .values import Asked, request_for

TRY_KEY = "Bootcamp try"
TOUCH_UP_S = 3.0


class _Buttons(SilentProgress):
    """Interrupt stops the search for a touch-up and the tries after it."""

    def __init__(self, pipeline: Pipeline) -> None:
        super().__init__()
        self._pipeline = pipeline

    def cancelled(self) -> bool:
        """Whether Interrupt was pressed."""
        return self._pipeline.stopped()


@dataclass(frozen=True)
class _Options:
    """`qr_art_tries.TryOptions`."""

    max_tries: int
    must_read: Any
    touch_up: int


@dataclass
class Cell:
    """One seed at one strength: its tries in order, and what is shown of them."""

    number: int
    strength: float
    tries: list[Try] = field(default_factory=list)
    shown: Shown | None = None

    @property
    def best(self) -> Try:
        """Of those that are read equally well, one that was cut short only where there is no other."""
        return max(self.tries, key=self.rank)

    @staticmethod
    def rank(made: Try) -> tuple[Any, ...]:
        """The better, the larger: what scans is better than all that does not."""
        scans, readers, *rest = made.rank
        return (scans, readers, not made.drawn.cut_short, *rest)


def request_of(asked: Asked) -> PanelRequest:
    """What the section is asked for: the code, without its own scan.

    Raises:
        InvalidParamError: a value is wrong.
    """
    return request_for({**asked.shared, "control": UNTIL_IT_SCANS.control, "scan": False})


class UntilItScans(ScriptRun):
    """One run of the script."""

    form = UNTIL_IT_SCANS

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        if getattr(self.p, "image_mask", None) is not None:
            hint = "take it away; to inpaint a part use the Bootcamp section"
            raise InvalidParamError("mask", "cannot be used: this script draws the whole picture", hint=hint)
        assert isinstance(self.asked.own, UntilItScansParams)
        self.own = _for_upscale(self.asked.own) if getattr(self.p, "txt2img_upscale", False) else self.asked.own
        request = request_of(self.asked)
        self.touch_up = request.section.touch_up
        self.readers = self.scanner.readers()
        if not self.readers:
            raise MissingPackageError("zxing-cpp", "Scanning")
        self.driven, self.cells = Driven(request, names=self.names), list[Cell]()

    def draw_all(self) -> None:
        """Seeds in batches, strength after strength."""
        own, groups = self.own, list(self.groups(self.own.seeds))
        self.total = len(own.strengths) * (len(groups) + own.seeds * (own.max_tries - 1))
        for first, count in groups:
            for strength in own.strengths:
                if self._is_over() or not self._draw(first, count, strength):
                    return

    def _is_over(self) -> bool:
        scanning = sum(each.best.report.scans for each in self.cells)
        return self.pipeline.stopped() or bool(self.own.stop_after and scanning >= self.own.stop_after)

    def _draw(self, first: int, count: int, strength: float) -> bool:
        """Some seeds at one strength: the first picture of each in one batch, the tries after it one by one.

        Returns:
            False where Interrupt was pressed before there was a picture.
        """
        self.driven = replace(self.driven, strength=strength)
        drawer = PipelineDrawer(self.pipeline, self.p, self.driven, self.begin)
        try:
            drawer.ahead(first, count, f"seed {self.seed(first)}, strength {strength:g}")
        except CancelledError:
            return False
        finally:
            self.processed = self.processed or drawer.processed
        for number in range(first, first + count):
            cell = Cell(number, strength)
            self._try(cell, drawer)
            self.done += self.own.max_tries - len(cell.tries)
            self._finish(cell)
        return True

    def _try(self, cell: Cell, drawer: PipelineDrawer) -> None:
        """The tries of a cell; of one that is drawn when all is over, the first alone."""
        options = _Options(1 if self._is_over() else self.own.max_tries, self.own.must_read, self.touch_up)
        context = Context.of_generation(self.host, _Buttons(self.pipeline))
        asked = {"seed": self.seed(cell.number), "number": cell.number}
        try:
            for made in tries(drawer, options, self.readers, context, asked, TOUCH_UP_S):
                cell.tries.append(made)
                if self.pipeline.skipped():
                    if made.drawn.cut_short or not (made.report.scans or made.report.number == options.max_tries):
                        self.skipped.append(f"seed {made.report.seed}, strength {cell.strength:g}")
                    return
        except CancelledError:
            return  # the tries before it count

    def _finish(self, cell: Cell) -> None:
        """Score the cell's best picture, and write what shall be written by now."""
        best = cell.best
        scan = self._scored(best)
        for made in cell.tries:
            shown = self._picture(cell, made, scan if made is best else "")
            if made is best:
                cell.shown = shown
                self.add(shown, made.drawn)
            if self.own.save == "all" or (self.own.save == "scanning" and made.report.scans):
                self._save(shown)
        self.cells.append(cell)

    def _scored(self, made: Try) -> str:
        """A picture's full score, of the readers that read it as it is, which decide whether it scans."""
        reading = _reading(made)
        if not made.report.read_by:
            return quick_text(reading)
        return self.scanner.scanned(made.drawn.layout.content, made.image, "full", reading)[0]

    def _picture(self, cell: Cell, made: Try, scan: str) -> Shown:
        report = made.report
        touched = touched_by(report.touch_up)
        more = {
            **self.own_params(seeds=1, strengths=[cell.strength], max_tries=report.number),
            SCAN_KEY: scan + touched if scan else None,
            TRY_KEY: f"{report.number}, {method_of(report)}",
        }
        text = self.text_of(made.drawn, more)
        picture = self.pipeline.written_into(Pil.fromarray(made.image), text)
        wrong = "" if report.scans else f", {report.wrong} modules wrong"
        ended = f", {made.drawn.cut_short}" if made.drawn.cut_short else ""
        lines = (scan or quick_text(_reading(made)), f"try {report.number}{ended}{touched}{wrong}")
        return Shown(picture, text, report.seed, made.drawn.prompt, lines)

    def _save(self, shown: Shown) -> None:
        self.pipeline.save(self.p, shown.picture, shown.infotext, seed=shown.seed, prompt=shown.prompt)

    def finished(self) -> Any:
        """The grid, the best picture, and the others in order; the best one is written."""
        if not self.cells:
            return self.given_back([], None)
        best = max(self.cells, key=lambda each: each.rank(each.best))
        assert best.shown is not None
        if self.own.save == "best":
            self._save(best.shown)
        self.comments.append(self._sentence(best))
        self.cells.sort(key=lambda each: each is not best)  # as the gallery shows them
        return self.given_back([each.shown for each in self.cells if each.shown is not None], self._grid())

    def grid_params(self) -> dict[str, Any]:
        """Of the grid: which of the pictures behind it scan."""
        return {**self.own_params(), SCAN_KEY: scan_of_grid([each.best.report.scans for each in self.cells])}

    def _sentence(self, best: Cell) -> str:
        report, count = best.best.report, sum(len(each.tries) for each in self.cells)
        scanning = sum(each.best.report.scans for each in self.cells)
        ended = "Interrupted: " if self.pipeline.stopped() else ""
        return (
            f"{ended}{scanning} of {len(self.cells)} scan{'s' if scanning == 1 else ''} after {count} "
            f"picture{'' if count == 1 else 's'}. "
            f"Best: seed {report.seed}, "
            f"strength {best.strength:g}, try {report.number} ({method_of(report)}), "
            f"{quick_text(_reading(best.best))}."
        )

    def _grid(self) -> tuple[Any, str] | None:
        """Seeds below each other and strengths beside; one strength alone is a row of seeds."""
        by_place = {(each.number, each.strength): each.shown for each in self.cells}
        numbers = sorted({each.number for each in self.cells})
        strengths = [each for each in self.own.strengths if any(cell.strength == each for cell in self.cells)]
        seeds = [f"seed {self.seed(each)}" for each in numbers]
        rows = [[by_place.get((number, strength)) for strength in strengths] for number in numbers]
        titles = [f"strength {each:g}" for each in strengths]
        if len(strengths) > 1:
            return self.grid(rows, titles, seeds)
        return self.grid([[row[0] for row in rows]], seeds, titles)


def _reading(made: Try) -> str:
    return reading_of(made.report.read_by, scans=made.report.scans)


def _for_upscale(own: UntilItScansParams) -> UntilItScansParams:
    """The gallery's upscale button draws one picture, which is put in place of the other."""
    return replace(own, seeds=1, strengths=own.strengths[:1], max_tries=1)
