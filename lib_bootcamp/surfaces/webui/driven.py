"""What a script of the Script dropdown has one generation do, in place of what the section is set to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from lib_bootcamp.core.images.arrays import Floats
from lib_bootcamp.results import ControlMap

from .plan import Plan
from .section_values import PanelRequest

DRIVEN = "bootcamp_driven"
MAX_WEIGHT, MAX_LUMA = 2.0, 0.5


@dataclass
class Driven:
    """Put on the generation object under `DRIVEN`; the section's own values are left aside then.

    Args:
        request: what is drawn, checked.
        strength: how strongly: it multiplies the control weight, and how far guidance goes.
        modules: float32 [N, N], the weight of each module of a code; None: that of its pattern.
        plan: as it was resolved first, so that a later try of the same picture is drawn by the same means.
        first: the map as it was made first, whose place a later try keeps at any size.
    """

    request: PanelRequest
    strength: float = 1.0
    modules: Floats | None = None
    plan: Plan | None = None
    first: ControlMap | None = None


def driven_of(p: Any) -> Driven | None:
    """What a script put on a generation object."""
    found = getattr(p, DRIVEN, None)
    return found if isinstance(found, Driven) else None


def at_strength(plan: Plan, strength: float) -> Plan:
    """The plan with a stronger or weaker effect; 1 is as it was.

    ControlNet's weights and the margin of a code grow with it; how far from a map the brightness may lie shrinks.
    """
    if strength == 1:
        return plan
    units = tuple(replace(each, weight=min(MAX_WEIGHT, each.weight * strength)) for each in plan.units)
    section = plan.section
    numbers: dict[str, Any] = {
        "margin": min(MAX_LUMA, section.margin * strength),
        "dead_zone": min(MAX_LUMA, section.dead_zone * strength),
        "tolerance": min(MAX_LUMA, section.tolerance / strength),
    }
    written = numbers | ({"weight": units[0].weight} if units else {})
    return replace(plan, section=replace(section, **numbers), units=units, recorded=replace(plan.recorded, **written))
