"""Where a QR code lies on a canvas: what the solver finds, and all else reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from lib_bootcamp.params import Params, Spec


@dataclass(frozen=True, kw_only=True)
class QrLayout(Params):
    """Everything needed to draw the same symbol again or to hold a picture against it, module by module."""

    content: Annotated[str, Spec("Content", "The exact text that must be read back.", min_length=1, max_length=7089)]
    version: Annotated[int, Spec("Version", "Size of the symbol: 17 + 4 * version modules.", ge=1, le=40)]
    error_correction: Annotated[Literal["L", "M", "Q", "H"], Spec("Error correction")]
    mask: Annotated[int, Spec("Mask", "Data mask pattern.", ge=0, le=7)]
    module_px: Annotated[int, Spec("Module size", ge=1, le=8192, unit="px")]
    quiet_zone: Annotated[int, Spec("Quiet zone", ge=0, le=64, unit="modules")]
    left: Annotated[int, Spec("Left", "Of the first module, without the quiet zone.", ge=0, le=8192, unit="px")]
    top: Annotated[int, Spec("Top", "Of the first module, without the quiet zone.", ge=0, le=8192, unit="px")]
    width: Annotated[int, Spec("Canvas width", ge=1, le=8192, unit="px")]
    height: Annotated[int, Spec("Canvas height", ge=1, le=8192, unit="px")]
    correctable_modules: Annotated[
        int,
        Spec(
            "Correctable modules",
            "Wrong modules that are corrected wherever they are.",
            ge=0,
            le=31329,
            renamed=("modules_may_fail",),
            renamed_titles=("Modules that may fail",),
        ),
    ]
    invert: Annotated[bool, Spec("Inverted", "Light modules on dark ground.")] = False

    @property
    def modules(self) -> int:
        """Modules per side, without the quiet zone."""
        return 17 + 4 * self.version

    @property
    def size_px(self) -> int:
        """Side of the code without its quiet zone."""
        return self.modules * self.module_px

    @property
    def margin_px(self) -> int:
        """Width of the quiet zone."""
        return self.quiet_zone * self.module_px

    @property
    def box_left(self) -> int:
        """Left end of the quiet zone; below 0 where the canvas ends before it does."""
        return self.left - self.margin_px

    @property
    def box_top(self) -> int:
        """Upper end of the quiet zone; below 0 where the canvas ends before it does."""
        return self.top - self.margin_px

    @property
    def box_size_px(self) -> int:
        """Side of the code with its quiet zone."""
        return self.size_px + 2 * self.margin_px
