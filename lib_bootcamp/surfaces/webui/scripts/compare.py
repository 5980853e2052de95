"""Compare control: control maps x strengths (x seeds) in one grid, with scan scores or likeness to the map."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from PIL import Image as Pil

from lib_bootcamp.context import Context
from lib_bootcamp.core.images.arrays import Image, to_rgb
from lib_bootcamp.core.maps.likeness import likeness
from lib_bootcamp.errors import BootcampError, CancelledError, InvalidParamError
from lib_bootcamp.ports import Host, SilentProgress
from lib_bootcamp.results import ControlMap
from lib_bootcamp.surfaces.webui import infotext
from lib_bootcamp.surfaces.webui.plan import DRIVEN, Driven, Plan
from lib_bootcamp.surfaces.webui.section import control_maps, map_fields
from lib_bootcamp.surfaces.webui.section_values import PanelRequest

from .declared import COMPARE, CompareParams
from .drawer import DrawnPicture, pictures_of
from .outcome import Shown
from .run import ScriptRun
from .values import request_for

LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Row:
    """One map that is compared."""

    title: str
    request: PanelRequest


def rows_of(own: CompareParams, shared: dict[str, Any]) -> list[Row]:
    """The maps, those with settings of their own after the others.

    Raises:
        InvalidParamError: a value is wrong, or a line of the settings cannot be read.
    """
    shared = {"touch_up": own.touch_up, **shared}
    rows = [_row(name, "", own, {**shared, "control": name}) for name in own.controls]
    for number, line in enumerate(own.settings.splitlines(), 1):
        text = line.strip().removeprefix(f"{infotext.KEY}:").strip()
        try:
            if text:
                values, control = infotext.parse(text, strict=True, key="")
                rows.append(_row(control, text.partition("&")[2], own, {**shared, **values}))
        except InvalidParamError as error:
            raise InvalidParamError("settings", f"cannot be read in line {number}: {error}") from None
    return rows


def _row(control: str, settings: str, own: CompareParams, values: dict[str, Any]) -> Row:
    operation = next(each for each in control_maps() if each.name == control)
    names = {each.name for each in map_fields(operation)}
    given: dict[str, Any] = {
        name: getattr(own, name) for name in ("content", "image") if name in names and name not in values
    }
    given = {name: value for name, value in given.items() if value is not None and (name != "content" or value)}
    return Row(f"{operation.title}, {settings}" if settings else operation.title, request_for({**given, **values}))


class CompareControl(ScriptRun):
    """One run of the script."""

    form = COMPARE

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        assert isinstance(self.asked.own, CompareParams)
        self.own = self.asked.own
        self.rows = rows_of(self.own, dict(self.asked.shared))
        self.cells: dict[tuple[int, int, float], Shown] = {}
        self.maps: dict[int, ControlMap] = {}
        self.wanted = len(self.rows) * len(self.own.strengths) * self.own.seeds

    def draw_all(self) -> None:
        """Row by row; one that cannot be drawn with what is installed is named, and left out."""
        masked = getattr(self.p, "image_mask", None) is not None  # its mask may be shown after each picture
        groups = list(self.groups(self.own.seeds, 1 if masked else None))
        self.total = len(self.rows) * len(self.own.strengths) * len(groups)
        mistakes: list[tuple[Row, Exception]] = []
        for at, row in enumerate(self.rows):
            driven = Driven(row.request, graded=True, names=self.names)
            try:
                for first, count in groups:
                    for strength in self.own.strengths:
                        if self.pipeline.stopped():
                            return
                        driven = replace(driven, strength=strength)
                        self._draw(at, driven, first, count)
            except CancelledError:
                return
            except Exception as error:  # noqa: BLE001 - what a row's generation raises is the WebUI's
                LOG.warning("%s was left out of %s: %s", row.title, COMPARE.title, self.sentence(error))
                self.comments.append(f"{row.title} was left out: {self.sentence(error)}")
                mistakes.append((row, error))
        if mistakes and not self.shown:
            raise self._of_all(mistakes)

    def _of_all(self, mistakes: Sequence[tuple[Row, Exception]]) -> Exception:
        """What is raised where no map could be drawn: each one's mistake, or what failed that is no person's."""
        failed = next((error for _, error in mistakes if not self.webui.is_mistake(error)), None)
        if failed is not None or len(mistakes) == 1:
            return failed or mistakes[0][1]
        reported = " ".join(f"{row.title}: {self.sentence(error)}" for row, error in mistakes)
        return self.webui.mistake(f"No map can be drawn. {reported}", InvalidParamError.status)

    def _draw(self, at: int, driven: Driven, first: int, count: int) -> None:
        row = self.rows[at]
        p = self.pipeline.copy(self.p, first, count)
        setattr(p, DRIVEN, driven)
        self.begin(f"{row.title}, strength {driven.strength:g}")
        processed = self.pipeline.draw(p)
        self.processed = self.processed or processed
        for drawn in pictures_of(self.pipeline, p, processed, count):
            number = first + drawn.at
            text = processed.infotexts[drawn.at]
            line = drawn.cut_short or self._score(driven, drawn)
            if drawn.cut_short == "skipped":
                self.skipped.append(f"{self._title(at, number)}, strength {driven.strength:g}")
            picture = processed.images[drawn.at]
            shown = Shown(picture, text, self.seed(number), drawn.prompt, (line,))
            self.cells[at, number, driven.strength] = shown
            self.add(shown, drawn)
        if driven.first is not None:
            self.maps[at] = driven.first

    def _score(self, driven: Driven, drawn: DrawnPicture) -> str:
        """How well its code scans, else how like the map its own map is."""
        if isinstance(getattr(driven.first, "payload", None), str):
            return str(drawn.p.extra_generation_params[infotext.SCAN_KEY][drawn.at])
        if driven.plan is None or driven.first is None:
            return ""
        try:
            seen = map_of(driven.plan, drawn.image, driven.first, self.host)
        except BootcampError as error:
            return f"likeness not known: {error}"
        return f"likeness {likeness(seen, driven.first.image):.2f}"

    def finished(self) -> Any:
        """The grid and the pictures, in order."""
        if len(self.shown) < self.wanted:
            self.comments.append(f"{len(self.shown)} of {self.wanted} pictures were drawn.")
        return self.given_back(self.shown, self._grid())

    def _grid(self) -> tuple[Any, str] | None:
        """The map in front of each row, strengths beside, and a row for each seed."""
        places = dict.fromkeys((at, number) for at, number, _ in self.cells)
        rows: list[Sequence[Shown | None]] = []
        titles = []
        for at, number in places:
            drawn = [self.cells.get((at, number, strength)) for strength in self.own.strengths]
            rows.append([self._map(at), *drawn])
            titles.append(self._title(at, number))
        return self.grid(rows, ["control map", *(f"strength {each:g}" for each in self.own.strengths)], titles)

    def _title(self, at: int, number: int) -> str:
        seed = f", seed {self.seed(number)}" if self.own.seeds > 1 else ""
        return f"{self.rows[at].title}{seed}"

    def _map(self, at: int) -> Shown | None:
        made = self.maps.get(at)
        return None if made is None else Shown(Pil.fromarray(to_rgb(made.image)), "", 0, "", ())


def map_of(plan: Plan, picture: Image, wanted: ControlMap, host: Host) -> Image:
    """The map of a finished picture, made as the wanted one was; the picture itself where that took no picture."""
    source = next((each for each in plan.operation.params.fields() if each.kind == "image" and each.required), None)
    if source is None:
        return picture
    height, width = wanted.image.shape[:2]
    names = {each.name for each in plan.operation.params.fields()}
    sized = {name: side for name, side in (("width", width), ("height", height)) if name in names}
    params = plan.operation.params_from({**plan.values, **sized, source.name: picture})
    made: ControlMap = plan.operation.run(params, Context.of_generation(host, SilentProgress()))
    return made.image
