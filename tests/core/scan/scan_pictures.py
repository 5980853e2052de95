"""Plain pictures of codes for the scan tests, and readers that are made up."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from lib_bootcamp.core.images.arrays import Bits, Image
from lib_bootcamp.core.qr.encode import qr_matrix
from lib_bootcamp.core.qr.layout import QrLayout

TEXT = "https://example.com/scan-me"
MODULE_PX, QUIET = 8, 4


def draw(modules: Bits, module_px: int = MODULE_PX, quiet: int = QUIET) -> Image:
    """uint8 [side, side]: dark modules 0 on 255."""
    return np.where(np.kron(np.pad(modules, quiet), np.ones((module_px, module_px))) > 0, 0, 255).astype(np.uint8)


def code(text: str = TEXT, level: str = "H", *, module_px: int = MODULE_PX) -> Image:
    """A clean code with its quiet zone."""
    return draw(np.array(qr_matrix(text, level).modules), module_px)


def laid_out(text: str = TEXT, level: str = "H", version: int | None = None) -> tuple[Bits, QrLayout]:
    """The modules of a text and the layout of `draw` of them."""
    symbol = qr_matrix(text, level, version=version)
    side = (len(symbol.modules) + 2 * QUIET) * MODULE_PX
    layout = QrLayout(
        content=text,
        version=symbol.version,
        error_correction=symbol.error_correction,
        mask=symbol.mask,
        module_px=MODULE_PX,
        quiet_zone=QUIET,
        left=QUIET * MODULE_PX,
        top=QUIET * MODULE_PX,
        width=side,
        height=side,
        correctable_modules=1,
    )
    return np.array(symbol.modules), layout


@dataclass
class FakeDecoder:
    """A reader that always answers the same, or raises."""

    name: str = "zxing-cpp"
    package: str = "fake-package"
    texts: tuple[str, ...] = ()
    error: Exception | None = None
    here: bool = True
    smallest_side: int = 32
    largest_side: int = 2048
    isolated: bool = False
    shapes: list[tuple[int, ...]] = field(default_factory=list)

    def available(self) -> bool:
        return self.here

    def version(self) -> str:
        return "1.0"

    def decode(self, gray: Image) -> list[str]:
        self.shapes.append(gray.shape)
        if self.error is not None:
            raise self.error
        return list(self.texts)
