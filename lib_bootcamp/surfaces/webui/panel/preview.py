"""What the section would do at a picture's size: its map, whether the code fits and reads, how it would be applied."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Annotated

from lib_bootcamp.core.images.arrays import Image, is_colored, to_rgb
from lib_bootcamp.core.qr.layout import QrLayout
from lib_bootcamp.core.scan import decoders as scan_decoders
from lib_bootcamp.core.scan.ladder import is_read
from lib_bootcamp.errors import BootcampError, InvalidParamError
from lib_bootcamp.params import Params, Spec
from lib_bootcamp.results import Result
from lib_bootcamp.surfaces.shared.wording import worded
from lib_bootcamp.surfaces.webui.plan import Plan, Surroundings, resolve
from lib_bootcamp.surfaces.webui.section import GUIDANCE
from lib_bootcamp.surfaces.webui.section_labels import titles
from lib_bootcamp.surfaces.webui.section_run import SectionRunner
from lib_bootcamp.surfaces.webui.section_sizes import LATENT_PX, check_size, rounded_side
from lib_bootcamp.surfaces.webui.section_values import PanelRequest, parse

SMALL_PX, LARGE_PX = 8, 16
"""Modules under the first are finer than what a model draws, those of the second scan well."""


@dataclass(frozen=True, kw_only=True)
class PreviewParams(Params):
    """The form's two texts and the picture's size."""

    values: Annotated[str, Spec("Values", max_length=1_000_000)] = ""
    unsaved: Annotated[str, Spec("Unsaved values", max_length=90_000_000)] = ""
    width: Annotated[int, Spec("Width", le=4096, unit="px")]
    height: Annotated[int, Spec("Height", le=4096, unit="px")]
    img2img: Annotated[bool, Spec("Over a picture")] = False
    script: Annotated[str, Spec("Script", "Whose form it is; empty: the section's.", max_length=100)] = ""


@dataclass(frozen=True, kw_only=True)
class PanelPreview(Result):
    """What the section would do."""

    image: Annotated[Image | None, Spec("Map")] = None
    fits: Annotated[bool, Spec("Fits", "Whether it can be drawn, and a code of it should scan.")]
    notes: Annotated[tuple[str, ...], Spec("Notes", "Sentences for a person, the most important first.")]
    waits: Annotated[bool, Spec("Waits", "Whether nothing is wrong yet: what it is made from is not given.")] = False
    side: Annotated[
        int | None, Spec("Side", "The picture's shorter side with which it would be better.", unit="px")
    ] = None

    def summary(self) -> str:
        """The notes."""
        return " ".join(self.notes)

    def succeeded(self) -> bool:
        """Whether all is well."""
        return self.fits


def preview(runner: SectionRunner, params: PreviewParams) -> PanelPreview:
    """Plan a generation and make its map; mistakes are notes, because the person is still typing."""
    try:
        asked = parse((True, params.values, params.unsaved))
    except BootcampError as error:
        return PanelPreview(fits=False, notes=(worded(error, titles()),))
    return PanelPreview(fits=True, notes=()) if asked is None else preview_of(runner, asked, params, titles())


def preview_of(
    runner: SectionRunner, asked: PanelRequest, params: PreviewParams, names: Mapping[str, str]
) -> PanelPreview:
    """The same of a checked request.

    Args:
        runner: makes the map.
        asked: what is drawn; the form's texts are not looked at.
        params: the picture's size, and whether it is over a picture.
        names: what mistakes call parameters.
    """
    notes: tuple[str, ...] = ()
    fits, operation, plan = True, asked.operation, None
    try:
        plan, notes, fits = _planned(runner, asked, names, img2img=params.img2img)
        values = plan.values if plan else asked.map_values({})
        if _wants_source(asked) and params.img2img:
            return PanelPreview(fits=fits, notes=(*notes, "Its map is made from the picture that is drawn over."))
        if operation.needs:
            operation.params_from(values)
            return PanelPreview(fits=fits, notes=(*notes, "Its map is made when the picture is drawn."))
        check_size(operation, params.width, params.height)
        size = (rounded_side(params.width), rounded_side(params.height))
        made = runner.make_map(operation, values, size)
    except BootcampError as error:
        sentences = (worded(error, names), *(() if fits else notes))
        waits = isinstance(error, InvalidParamError) and error.is_missing and fits
        return PanelPreview(fits=False, waits=waits, notes=sentences, side=getattr(error, "side_px", None))
    layout = getattr(made, "layout", None)
    side = None
    if plan is not None and plan.is_guided and not plan.units and is_colored(made.image):
        notes = (*notes, "Guidance follows its brightness alone: name its colors in the prompt.")
    if isinstance(layout, QrLayout):
        good, about = code_notes(layout, made.image)
        fits, notes = fits and good, (*about, *notes)
        side = side_for(layout, 2 * layout.module_px) if layout.module_px < LARGE_PX else None
    return PanelPreview(image=to_rgb(made.image), fits=fits, notes=notes, side=side)


def _planned(
    runner: SectionRunner, asked: PanelRequest, names: Mapping[str, str], *, img2img: bool
) -> tuple[Plan | None, tuple[str, ...], bool]:
    around = runner.surroundings(SimpleNamespace(init_images=[True] if img2img else []), runner.controlnet())
    try:
        plan = resolve(asked, around)
    except BootcampError as error:
        return None, (worded(error, names),), False
    return plan, (applied(plan, around),), True


def _wants_source(asked: PanelRequest) -> bool:
    return any(
        each.kind == "image" and each.required and asked.values.get(each.name) is None
        for each in asked.operation.params.fields()
    )


def applied(plan: Plan, around: Surroundings) -> str:
    """How the map is applied, in a sentence, and why by what was not asked for."""
    if plan.section.apply_by == GUIDANCE:
        return "Applied by luminance guidance."
    if not plan.units:
        return f"Applied by luminance guidance, which needs no download: {_why_guided(around)}."
    units = " and ".join(
        f"{each.model.split(' [')[0]} at weight {each.weight:g}, from {each.start:.0%} to {each.end:.0%} of the steps"
        for each in plan.units
    )
    return f"Applied by ControlNet with {units}{', and by luminance guidance' if plan.is_guided else ''}."


def _why_guided(around: Surroundings) -> str:
    if around.installed is None:
        return "ControlNet is not installed"
    if around.installed.fit is not None and around.installed.fit.note:
        return "no ControlNet fits this checkpoint"
    return "a ControlNet model for this map is not installed"


def code_notes(layout: QrLayout, image: Image) -> tuple[bool, list[str]]:
    """Whether a code should scan, and what is to be known of its size.

    Args:
        layout: of the code.
        image: its map.
    """
    shorter = min(layout.width, layout.height)
    notes = [
        f"The code fills {layout.size_px / shorter:.0%} of the {_side(layout)}; its modules are {layout.module_px} px."
    ]
    good = layout.module_px >= SMALL_PX
    if not good:
        notes.append("So small modules are finer than what a model draws: take a larger picture or a shorter text.")
    if layout.module_px < LARGE_PX:
        notes.append(f"At {side_for(layout, 2 * layout.module_px)} px they double, and it scans better.")
    if layout.quiet_zone and (layout.box_left < 0 or layout.box_top < 0):
        notes.append("Its light border is cut off at the picture's edge.")
    readers = scan_decoders.usual()
    if readers and not is_read(image, readers, layout.content, by_all=False):
        return False, ["No reader reads this map: its colors or its shape are too far from a code's.", *notes]
    return good, notes


def _side(layout: QrLayout) -> str:
    return "width" if layout.width <= layout.height else "height"


def side_for(layout: QrLayout, module_px: int) -> int:
    """The shorter side at which the modules have this size with their quiet zone."""
    return math.ceil((layout.modules + 2 * layout.quiet_zone) * module_px / LATENT_PX) * LATENT_PX
