"""Fields of luminance guidance that several declarations have."""

from __future__ import annotations

from typing import Annotated, Any

from lib_bootcamp.errors import InvalidParamError
from lib_bootcamp.params import Spec

STRENGTH, MARGIN, DEAD_ZONE, TOLERANCE = 1.0, 0.06, 0.04, 0.1
LOCAL, KEEP_COLOR = 0.7, 10.0
TOUCH_UP = 192
GROUP = "Guidance"
_GROUP: dict[str, Any] = {"group": GROUP}

Strength = Annotated[
    float,
    Spec("Strength", "Share of the missing brightness that a step makes good.", ge=0, le=1, step=0.05, **_GROUP),
]
Margin = Annotated[
    float,
    Spec(
        "Margin",
        "How far beyond the threshold a block is brought; more scans better and shows more of the code.",
        ge=0,
        le=0.5,
        step=0.01,
        unit="luma",
        **_GROUP,
    ),
]
DeadZone = Annotated[
    float,
    Spec(
        "Dead zone",
        "A block that is right by this much is left to the art.",
        ge=0,
        le=0.5,
        step=0.01,
        unit="luma",
        **_GROUP,
    ),
]
Local = Annotated[
    float,
    Spec(
        "Local threshold",
        "0: modules are dark or light against middle gray; 1: against their surroundings, as readers see them.",
        ge=0,
        le=1,
        step=0.05,
        **_GROUP,
    ),
]
KeepColor = Annotated[
    float,
    Spec(
        "Keep colors",
        "How much a change of color counts against the shortest change; 0: not at all.",
        ge=0,
        le=30,
        step=0.5,
        renamed=("keep_colour",),
        renamed_titles=("Keep colours",),
        **_GROUP,
    ),
]
Tolerance = Annotated[
    float,
    Spec(
        "Tolerance", "How far the brightness may differ from a map's.", ge=0, le=0.5, step=0.01, unit="luma", **_GROUP
    ),
]
TouchUp = Annotated[
    int,
    Spec(
        "Touch up",
        "Most gray levels by which weak modules of the finished picture are made lighter or darker, as few "
        "as make it scan; 0: none.",
        ge=0,
        le=255,
        unit="0 to 255",
        **_GROUP,
    ),
]


def check_guidance(margin: float, dead_zone: float) -> None:
    """Refuse a dead zone that reaches beyond where blocks are brought.

    Raises:
        InvalidParamError: naming the field and the way out.
    """
    if dead_zone > margin:
        raise InvalidParamError("dead_zone", f"must not be over margin, {margin:g}")


def guidance_from(fields: Any, start: float, end: float) -> Any:
    """`ml.diffusion.guidance.Guidance` as parameters with the fields above ask for it.

    Args:
        fields: strength, margin, dead_zone, local and keep_color.
        start: the share of the steps that are done when it begins.
        end: the share that is done when it ends.
    """
    from lib_bootcamp.ml.diffusion.guidance import Guidance

    names = ("strength", "margin", "dead_zone", "local", "keep_color")
    return Guidance(start=start, end=end, **{each: getattr(fields, each) for each in names})
