"""One number from "picture first" to "map first" in place of weight, end, margin and tolerance."""

from __future__ import annotations

from dataclasses import replace

from lib_bootcamp.operations.draw.guidance_fields import MARGIN, TOLERANCE

from .ports import UnitSettings
from .section import MIDDLE, SectionParams

MAX_WEIGHT = 2.0
WEIGHT, _EARLIER = 0.4, 0.5
_MARGIN, _TOLERANCE = (0.05, 0.12), 0.8


def lean(section: SectionParams) -> float:
    """-1 where the picture comes first, 1 where the map does, 0 in the middle."""
    return (section.effect - MIDDLE) / MIDDLE


def unit_with_effect(unit: UnitSettings, section: SectionParams) -> UnitSettings:
    """A ControlNet unit as strong and as long as the effect says; in the middle it stays as it is."""
    by = lean(section)
    if not by:
        return unit
    length = unit.end - unit.start
    end = unit.end + by * (1.0 - unit.end) if by > 0 else unit.end + by * _EARLIER * length
    weight = min(MAX_WEIGHT, unit.weight * (1 + WEIGHT * by))
    return replace(unit, weight=round(weight, 3), end=round(end, 3))


def guidance_with_effect(section: SectionParams) -> SectionParams:
    """The section with margin, dead zone, tolerance and end as the effect says, where they are as declared."""
    by = lean(section)
    if not by:
        return section
    margin, tolerance, end = section.margin, section.tolerance, section.guidance_end
    if margin == MARGIN:
        margin = round(margin + by * _MARGIN[by > 0], 4)
    if tolerance == TOLERANCE:
        tolerance = round(tolerance * (1 - by * _TOLERANCE), 4)
    if end is None and by < 0:
        end = round(1 + by * _EARLIER * (1 - (section.guidance_start or 0.0)), 3)
    dead_zone = min(section.dead_zone, margin)
    return replace(section, margin=margin, dead_zone=dead_zone, tolerance=tolerance, guidance_end=end)
