"""A picture that is there: its full score, and a touch-up; which code it shows is what its infotext says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Annotated

from lib_bootcamp.core.images.arrays import Image
from lib_bootcamp.core.png_info import infotext as png_info
from lib_bootcamp.core.qr_art.touch_up import touched_by
from lib_bootcamp.errors import BootcampError
from lib_bootcamp.operations.draw.guidance_fields import TOUCH_UP
from lib_bootcamp.params import Params, Spec
from lib_bootcamp.results import ControlMap
from lib_bootcamp.surfaces.webui import infotext
from lib_bootcamp.surfaces.webui.plan import resolve
from lib_bootcamp.surfaces.webui.section_run import SectionRunner
from lib_bootcamp.surfaces.webui.section_values import PanelRequest, parse

_SCAN = re.compile(rf'\b{infotext.SCAN_KEY}: (?:"[^"]*"|[^,\n]*)')
TOUCH_UP_S = 20.0
"""Seconds of the processor's at most: a person asked for it and waits."""


class NoTouchUpError(BootcampError):
    """This picture is not made to scan by a touch-up."""

    status = 422


@dataclass(frozen=True, kw_only=True)
class FinishedParams(Params):
    """A picture, and what its infotext says of it."""

    image: Annotated[Image, Spec("Picture")]
    infotext: Annotated[str, Spec("Infotext", max_length=200_000)] = ""

    @property
    def settings(self) -> Mapping[str, str]:
        """The infotext's settings by name."""
        return png_info.parse(self.infotext).fields


@dataclass(frozen=True, kw_only=True)
class TouchedUp:
    """A picture whose weak modules are lighter or darker.

    Args:
        image: uint8 [H, W, 3].
        levels: gray levels by which it was changed at most.
        text: its scan, as in an infotext.
        infotext: the picture's, with this scan.
    """

    image: Image
    levels: int
    text: str
    infotext: str


def code_of(runner: SectionRunner, params: FinishedParams) -> ControlMap | None:
    """The map a picture was drawn with, made again; None where its infotext does not say enough."""
    fields = params.settings
    try:
        of_script = f"control=qr&{fields.get(infotext.SCRIPTS_KEY, '')}"
        values, control = infotext.parse(fields.get(infotext.KEY) or of_script)
        asked = parse(({**values, "control": control},))
        if asked is None:
            return None
        height, width = params.image.shape[:2]
        sides = [fields.get(f"Size-{at}", "") for at in (1, 2)]  # before hires fix
        size = (int(sides[0]), int(sides[1])) if all(each.isdecimal() for each in sides) else (width, height)
        return runner.make_map(asked.operation, _map_values(runner, asked), size)
    except BootcampError:
        return None


def _map_values(runner: SectionRunner, asked: PanelRequest) -> dict[str, object]:
    around = runner.surroundings(SimpleNamespace(init_images=[]), runner.controlnet())
    try:
        return dict(resolve(asked, around).values)
    except BootcampError:  # its model is gone, or it needs a picture to draw over
        return asked.map_values({})


def score(runner: SectionRunner, params: FinishedParams) -> str:
    """A full scan of a picture, as in an infotext; where the text of its code is known, that text alone counts."""
    payload = getattr(code_of(runner, params), "payload", None)
    return runner.scanner.scanned(payload or "", params.image, "full")[0]


def touch_up(runner: SectionRunner, params: FinishedParams) -> TouchedUp:
    """Make a picture scan.

    Raises:
        NoTouchUpError: it is not known what code it shows, or too much of it is missing.
        InvalidParamError: the picture has another shape than what was drawn.
    """
    layout = getattr(code_of(runner, params), "layout", None)
    if layout is None:
        raise NoTouchUpError("The infotext does not say which code this is: draw it again with Touch up in Guidance.")
    found = runner.scanner.touched(layout, params.image, TOUCH_UP, TOUCH_UP_S)
    if found is None:
        raise NoTouchUpError("A touch-up is not enough for this picture: draw it again with more contrast.")
    text = runner.scanner.scanned(layout.content, found[0], "full")[0] + touched_by(found[1])
    with_scan = _SCAN.sub(lambda _: f"{infotext.SCAN_KEY}: {png_info.quoted(text)}", params.infotext.strip())
    return TouchedUp(image=found[0], levels=found[1], text=text, infotext=with_scan)
