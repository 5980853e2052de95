"""What both scripts' runs have in common: seeds in batches, the bar, and what stops them."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lib_bootcamp.errors import BootcampError
from lib_bootcamp.ports import Host
from lib_bootcamp.surfaces.shared.wording import worded
from lib_bootcamp.surfaces.webui import infotext
from lib_bootcamp.surfaces.webui.ports import WebUi
from lib_bootcamp.surfaces.webui.section_scan import PictureScanner

from .declared import ScriptForm
from .drawer import DrawnPicture
from .outcome import Shown, grid_of, processed_of
from .ports import Pipeline
from .values import Asked
from .written import KEY, SCRIPT_KEY, written

LOG = logging.getLogger(__name__)


class ScriptRun:
    """One run of a script.

    Args:
        host: what operations run on.
        webui: its settings.
        pipeline: draws.
        p: the generation that the person asked for.
        asked: the script's arguments.
        names: what a mistake calls parameters; empty: by their names.
    """

    form: ScriptForm

    def __init__(  # noqa: PLR0913 - what a run is made of
        self, host: Host, webui: WebUi, pipeline: Pipeline, p: Any, asked: Asked, names: Mapping[str, str]
    ) -> None:
        self.host, self.webui, self.pipeline, self.p, self.asked = host, webui, pipeline, p, asked
        self.names = names
        self.scanner = PictureScanner(host, webui)
        self.shown: list[Shown] = []
        self.comments: list[str] = []
        self.skipped: list[str] = []
        self.processed: Any = None
        self.first: DrawnPicture | None = None
        self.done = self.total = 0

    def run(self) -> Any:
        """Draw; gives the WebUI's `Processed`. What fails after the first picture does not cost those before it."""
        self.pipeline.fix_seed(self.p)
        try:
            self.draw_all()
        except Exception as error:
            if not self.shown:
                raise
            LOG.exception("a picture of %s failed", self.form.title)
            self.comments.append(f"Ended early: {self.sentence(error)}")
        return self.finished()

    def sentence(self, error: Exception) -> str:
        """A mistake as it is shown."""
        return worded(error, self.names) if isinstance(error, BootcampError) else str(error)

    def draw_all(self) -> None:
        """Draw all pictures into `shown`."""
        raise NotImplementedError

    def finished(self) -> Any:
        """What is given back."""
        raise NotImplementedError

    def seed(self, number: int) -> int:
        """The seed of the picture of this number; with a variation strength it is the variation's that changes."""
        return int(self.p.seed if self.p.subseed_strength else self.p.seed + number)

    def groups(self, seeds: int, most: int | None = None) -> Iterator[tuple[int, int]]:
        """(first, count) of the seeds that are drawn in one batch."""
        size = max(1, most or int(self.p.batch_size))
        return ((first, min(size, seeds - first)) for first in range(0, seeds, size))

    def begin(self, title: str) -> None:
        """Move the bar to the next generation."""
        self.pipeline.show(self.p, self.done, self.total, f"{title} ({self.done + 1} of at most {self.total})")
        self.done += 1

    def grid(
        self, rows: Sequence[Sequence[Shown | None]], columns: Sequence[str], titles: Sequence[str]
    ) -> tuple[Any, str] | None:
        """The grid with its infotext, written where the settings want that; None where it would be one cell."""
        cells = [each for row in rows for each in row]
        first = next((each for each in cells if each is not None), None)
        if first is None or self.first is None or len(cells) < 2:
            return None
        text = self.text_of(self.first, self.grid_params())
        made = self.pipeline.written_into(grid_of(self.pipeline, rows, columns, titles), text)
        self.pipeline.save_grid(self.p, made, text, seed=first.seed, prompt=first.prompt)
        return (made, text) if self.pipeline.shows_grids() else None

    def given_back(self, pictures: Sequence[Shown], grid: tuple[Any, str] | None) -> Any:
        """The WebUI's `Processed`; its comments end with what Skip left."""
        skipped = [f"Skipped: {'; '.join(self.skipped)}."] if self.skipped else []
        return processed_of(self.processed, pictures, grid, "\n".join([*self.comments, *skipped]))

    def text_of(self, drawn: DrawnPicture, more: Mapping[str, Any]) -> str:
        """The infotext of a picture with more keys, or without those that are None."""
        p, kept = drawn.p, drawn.p.extra_generation_params
        try:
            p.extra_generation_params = {**kept, **more}
            return self.pipeline.infotext(p, drawn.processed, drawn.at)
        finally:
            p.extra_generation_params = kept

    def add(self, shown: Shown, drawn: DrawnPicture) -> None:
        """A picture of the gallery; the first one's infotext is also the grid's, with all values of the script."""
        self.first = self.first or drawn
        self.shown.append(shown)

    def grid_params(self) -> dict[str, Any]:
        """What the grid's infotext says."""
        return self.own_params()

    def own_params(self, **changed: Any) -> dict[str, Any]:
        """What an infotext says of this run, so that it fills the script again, and not the section."""
        values = written(self.form, self.asked.raw(**changed), self.webui)
        return {SCRIPT_KEY: self.form.title, KEY: values, infotext.KEY: None, infotext.SCAN_KEY: None}
