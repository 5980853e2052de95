"""A QR code as a control map: any payload, on the latent grid, with what a stylized picture may get wrong."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

from lib_bootcamp.context import Context
from lib_bootcamp.core.images.arrays import Image
from lib_bootcamp.core.images.colors import parse_color
from lib_bootcamp.core.qr import spec as qr_spec
from lib_bootcamp.core.qr.draw import Style, contrast, draw, draw_function_patterns
from lib_bootcamp.core.qr.layout import QrLayout
from lib_bootcamp.core.qr.logo import draw_logo, safe_area
from lib_bootcamp.errors import InvalidParamError
from lib_bootcamp.operation import Operation
from lib_bootcamp.params import Spec
from lib_bootcamp.results import ControlMap

from .code import LAYOUT, QrCodeParams, place_code

_SURROUNDS = {"white": (255, 255, 255), "black": (0, 0, 0), "gray": (128, 128, 128)}
_LEAST_CONTRAST = 40
_LOOK: dict[str, Any] = {"group": "Look"}


@dataclass(frozen=True, kw_only=True)
class QrParams(QrCodeParams):
    """What a QR control map is made from."""

    surround: Annotated[
        Literal["white", "black", "gray"],
        Spec(
            "Surround",
            "Outside of the quiet zone; gray steers least.",
            titles={"gray": "gray (#808080)"},
            renamed_choices={"grey": "gray", "grey (#808080)": "gray"},
            **LAYOUT,
        ),
    ] = "white"

    style: Annotated[
        Literal["square", "dots", "rounded", "gapped"],
        Spec("Module shape", "Their shape; square scans best.", renamed_titles=("Modules",), **_LOOK),
    ] = "square"
    module_fill: Annotated[
        float,
        Spec(
            "Module fill",
            "Width of a dot or gapped module, as a share of the module.",
            ge=0.5,
            le=1,
            step=0.05,
            unit="0.5 to 1",
            when={"style": ("dots", "gapped")},
            **_LOOK,
        ),
    ] = 0.85
    finder: Annotated[
        Literal["square", "rounded", "circle"],
        Spec("Finder patterns", "The three eyes; square where modules have less than 3 px.", **_LOOK),
    ] = "square"
    foreground: Annotated[
        str,
        Spec("Foreground", "Of dark modules.", pattern="#[0-9A-Fa-f]{6}", format="color", example="#000000", **_LOOK),
    ] = "#000000"
    background: Annotated[
        str,
        Spec(
            "Background",
            "Of light modules and the quiet zone.",
            pattern="#[0-9A-Fa-f]{6}",
            format="color",
            example="#ffffff",
            **_LOOK,
        ),
    ] = "#ffffff"
    invert: Annotated[
        bool, Spec("Invert", "Light modules on dark ground; zxing reads it, many readers do not.", **_LOOK)
    ] = False
    function_layer: Annotated[
        bool,
        Spec(
            "Function patterns layer",
            "A second picture with finder, timing and alignment patterns alone, gray elsewhere.",
            **_LOOK,
        ),
    ] = False
    logo: Annotated[
        Image | None,
        Spec("Logo", "Placed clear of the function patterns, as near to the middle as they allow.", group="Logo"),
    ] = None
    logo_share: Annotated[
        float, Spec("Logo size", "Its longer side, as a share of the code's.", ge=0.05, le=0.5, step=0.01, group="Logo")
    ] = 0.2

    def check(self) -> None:
        """As the code itself, and colors that readers can tell apart.

        Raises:
            InvalidParamError: naming the field and the way out.
        """
        super().check()
        difference = contrast(parse_color(self.foreground), parse_color(self.background))
        if abs(difference) < _LEAST_CONTRAST:
            problem = f"differs from background by {abs(difference):.0f} of 100 in brightness; readers need"
            raise InvalidParamError("foreground", f"{problem} {_LEAST_CONTRAST} or more")
        if difference < 0 and not self.invert:
            raise InvalidParamError("foreground", "is lighter than background", hint="swap the two or set invert")


@dataclass(frozen=True, kw_only=True)
class QrMap(ControlMap):
    """A QR code on its canvas, and what is to be known of it."""

    function_patterns: Annotated[
        Image | None, Spec("Function patterns", "uint8 [H, W]: finder, timing and alignment patterns, gray elsewhere.")
    ] = None
    payload: Annotated[str, Spec("Payload", "The exact text that must be read back.")]
    version: Annotated[int, Spec("Version")]
    error_correction: Annotated[str, Spec("Error correction", "The level used, raised where boost allows.")]
    mask: Annotated[int, Spec("Mask")]
    modules: Annotated[int, Spec("Modules", "A side, without the quiet zone.")]
    module_px: Annotated[int, Spec("Module size", unit="px")]
    left: Annotated[int, Spec("Left", "Of the first module.", unit="px")]
    top: Annotated[int, Spec("Top", "Of the first module.", unit="px")]
    size_px: Annotated[int, Spec("Size", "Side of the code without its quiet zone.", unit="px")]
    box_left: Annotated[int, Spec("Box left", "With the quiet zone.", unit="px")]
    box_top: Annotated[int, Spec("Box top", "With the quiet zone.", unit="px")]
    box_size_px: Annotated[int, Spec("Box size", "Side of the code with its quiet zone.", unit="px")]
    correctable_modules: Annotated[
        int,
        Spec(
            "Correctable modules",
            "Wrong data modules that are corrected wherever they are, besides a logo.",
            renamed=("modules_may_fail",),
            renamed_titles=("Modules that may fail",),
        ),
    ]
    correctable_codeword_share: Annotated[
        float,
        Spec(
            "Correctable codewords",
            "Share of all, where they are spread evenly.",
            unit="0 to 1",
            renamed=("codewords_may_fail_share",),
            renamed_titles=("Codewords that may fail",),
        ),
    ]
    bits_used: Annotated[int, Spec("Bits used", "By the payload.", unit="bits")]
    bits_available: Annotated[int, Spec("Bits available", "In this version and level.", unit="bits")]
    layout: Annotated[QrLayout, Spec("Layout", "What the scan operation takes to look at each module.")]

    def summary(self) -> str:
        """`Version 4-H, mask 2, 16 px modules, any 8 of 1089 modules may fail`."""
        return (
            f"Version {self.version}-{self.error_correction}, mask {self.mask}, {self.module_px} px modules, "
            f"any {self.correctable_modules} of {self.modules**2} modules may fail"
        )


_OF_LAYOUT = (
    "version",
    "error_correction",
    "mask",
    "modules",
    "module_px",
    "left",
    "top",
    "size_px",
    "box_left",
    "box_top",
    "box_size_px",
    "correctable_modules",
)


def make_qr(params: QrParams, context: Context) -> QrMap:
    """Encode, lay out and draw a QR code.

    Raises:
        PayloadTooLongError, LayoutError: the code fits no version or not the canvas; says what would.
        InvalidParamError: the logo covers more than can be restored.
    Source: ISO/IEC 18004:2015.
    """
    symbol, layout = place_code(params, params.width, params.height)
    layout = replace(layout, invert=params.invert)
    share = qr_spec.correctable_codeword_share(symbol.version, symbol.error_correction)
    style = _style(params)
    image = draw(symbol.modules, layout, style)
    if params.logo is not None:
        height, width = params.logo.shape[:2]
        area = safe_area(symbol.version, symbol.error_correction, params.logo_share, (height, width))
        draw_logo(image, params.logo, area, layout, style.light)
        layout = replace(layout, correctable_modules=area.correctable_modules)
        share = area.correctable_codeword_share
    return QrMap(
        image=image,
        function_patterns=draw_function_patterns(layout, style) if params.function_layer else None,
        payload=symbol.content,
        correctable_codeword_share=share,
        bits_used=symbol.bits_used,
        bits_available=symbol.bits_available,
        layout=layout,
        **{name: getattr(layout, name) for name in _OF_LAYOUT},
    )


def _style(params: QrParams) -> Style:
    dark, light = parse_color(params.foreground), parse_color(params.background)
    if contrast(dark, light) < 0:
        dark, light = light, dark
    if params.invert:
        dark, light = light, dark
    return Style(
        modules=params.style,
        finder=params.finder,
        module_fill=params.module_fill,
        dark=dark,
        light=light,
        surround=_SURROUNDS[params.surround],
    )


QR = Operation(
    name="qr",
    title="QR control map",
    summary="Make a QR code as a control map whose modules align with the diffusion model's grid.",
    params=QrParams,
    result=QrMap,
    run=make_qr,
    path="control-maps/qr",
    luminance=True,
    presets={
        "QR Code Monster (SD1.5)": {"grid_px": 16, "surround": "gray", "width": 768, "height": 768},
        "SDXL": {"grid_px": 16, "surround": "gray", "width": 1024, "height": 1024},
        "Free use": {"grid_px": 1},
    },
)
