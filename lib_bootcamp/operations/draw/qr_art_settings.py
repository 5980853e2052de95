"""What QR art is drawn from: the drawing, the code in it, and how hard to try."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from lib_bootcamp.errors import InvalidParamError
from lib_bootcamp.operations.qr.code import QrCodeParams
from lib_bootcamp.operations.qr.scan import DecoderName, check_decoders
from lib_bootcamp.params import Spec

from .guidance_fields import (
    DEAD_ZONE,
    KEEP_COLOR,
    LOCAL,
    MARGIN,
    STRENGTH,
    TOUCH_UP,
    DeadZone,
    KeepColor,
    Local,
    Margin,
    Strength,
    TouchUp,
    check_guidance,
)
from .txt2img import DrawingParams

_GUIDANCE: dict[str, Any] = {"group": "Guidance"}
_LOOP: dict[str, Any] = {"group": "Tries"}


@dataclass(frozen=True, kw_only=True)
class QrArtParams(DrawingParams, QrCodeParams):
    """The drawing, the code in it, and how hard to try."""

    strength: Strength = STRENGTH
    margin: Margin = MARGIN
    dead_zone: DeadZone = DEAD_ZONE
    local: Local = LOCAL
    keep_color: KeepColor = KEEP_COLOR
    guidance_start: Annotated[
        float, Spec("From", "Share of the steps that are done when it begins.", ge=0, le=1, step=0.05, **_GUIDANCE)
    ] = 0.0
    guidance_end: Annotated[
        float, Spec("Until", "Share of the steps that are done when it ends.", ge=0, le=1, step=0.05, **_GUIDANCE)
    ] = 1.0
    exact: Annotated[
        bool,
        Spec("Exact", "The last steps go through the VAE and its gradient: slower, and more memory.", **_GUIDANCE),
    ] = False

    max_tries: Annotated[
        int,
        Spec(
            "Maximum tries",
            "For each seed: draw, guide more strongly where it is wrong, repair that.",
            ge=1,
            le=16,
            renamed_titles=("Tries",),
            **_LOOP,
        ),
    ] = 4
    touch_up: TouchUp = TOUCH_UP
    seeds: Annotated[
        int,
        Spec(
            "Maximum seeds",
            "At most this many, starting at the seed.",
            ge=1,
            le=1000,
            renamed_titles=("Seeds",),
            **_LOOP,
        ),
    ] = 1
    stop_at_first: Annotated[
        bool, Spec("Stop at the first that scans", "If not, all seeds are drawn and the best picture is kept.", **_LOOP)
    ] = True
    only_scanning: Annotated[
        bool, Spec("Save only pictures that scan", "Where none does, there is no picture.", **_LOOP)
    ] = False
    must_read: Annotated[
        Literal["all", "any"],
        Spec(
            "Must be read by",
            titles={"all": "all readers", "any": "any reader"},
            renamed_titles=("Scans when",),
            renamed_choices={"every reader reads it": "all", "one reader reads it": "any"},
            **_LOOP,
        ),
    ] = "all"
    decoders: Annotated[
        tuple[DecoderName, ...],
        Spec("Readers", "Empty: zxing-cpp and WeChat, as far as they are installed.", max_length=5, **_LOOP),
    ] = ()

    def check(self) -> None:
        """As the code itself, and a guidance that has a beginning and an end.

        Raises:
            InvalidParamError: naming the field and the way out.
        """
        super().check()
        if self.guidance_start >= self.guidance_end:
            raise InvalidParamError("guidance_start", f"must be below guidance_end, {self.guidance_end:g}")
        check_guidance(self.margin, self.dead_zone)
        check_decoders(self.decoders)
