"""A QR code as a control map: any payload, on the latent grid, with what a stylized picture may get wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from lib_bootcamp.context import Context
from lib_bootcamp.core.images.arrays import Image
from lib_bootcamp.core.images.colors import parse_color
from lib_bootcamp.core.qr import payload as qr_payload
from lib_bootcamp.core.qr import spec as qr_spec
from lib_bootcamp.core.qr.draw import Frame, Style, contrast, draw, draw_function_patterns
from lib_bootcamp.core.qr.encode import QrSymbol
from lib_bootcamp.core.qr.layout import QrLayout
from lib_bootcamp.core.qr.logo import draw_logo, safe_area
from lib_bootcamp.core.qr.placement import Canvas, Placement, Wish, solve
from lib_bootcamp.errors import InvalidParamError
from lib_bootcamp.operation import Operation
from lib_bootcamp.params import Params, Spec
from lib_bootcamp.results import ControlMap

_SURROUNDS = {"white": (255, 255, 255), "black": (0, 0, 0), "gray": (128, 128, 128)}
_LEAST_CONTRAST = 40
_WIFI, _VCARD, _EMAIL, _SMS, _PHONE, _GEO = (
    {"group": "Content", "when": {"payload": (kind,)}} for kind in ("wifi", "vcard", "email", "sms", "phone", "geo")
)
_CODE: dict[str, Any] = {"group": "Code"}
_LAYOUT: dict[str, Any] = {"group": "Layout"}
_LOOK: dict[str, Any] = {"group": "Look"}


@dataclass(frozen=True, kw_only=True)
class QrCodeParams(Params):
    """What is encoded, as what code, and where it lies: all that a picture of a code needs, however it is made."""

    content: Annotated[
        str,
        Spec(
            "Content",
            "The text or URL to encode; the shorter, the larger its modules.",
            max_length=7089,
            positional=True,
            group="Content",
            when={"payload": ("text",)},
            example="https://example.com",
        ),
    ] = ""
    payload: Annotated[
        Literal["text", "wifi", "vcard", "email", "sms", "phone", "geo"],
        Spec(
            "Payload",
            "What a phone does with the code.",
            group="Content",
            titles={
                "text": "Text or URL",
                "wifi": "Wi-Fi network",
                "vcard": "Contact (vCard)",
                "email": "E-mail",
                "sms": "Text message",
                "phone": "Phone call",
                "geo": "Place",
            },
        ),
    ] = "text"

    wifi_ssid: Annotated[str, Spec("Network name", "SSID, at most 32 bytes.", max_length=32, **_WIFI)] = ""
    wifi_password: Annotated[
        str,
        Spec(
            "Password",
            "8 to 63 characters for WPA.",
            max_length=128,
            format="secret",
            group="Content",
            when={"payload": ("wifi",), "wifi_security": ("WPA", "SAE", "WEP")},
        ),
    ] = ""
    wifi_security: Annotated[
        Literal["WPA", "SAE", "WEP", "nopass"],
        Spec(
            "Security",
            titles={"WPA": "WPA, WPA2 or WPA3", "SAE": "WPA3 only", "WEP": "WEP", "nopass": "None (open)"},
            **_WIFI,
        ),
    ] = "WPA"
    wifi_hidden: Annotated[bool, Spec("Hidden network", "It does not announce its name.", **_WIFI)] = False

    vcard_first_name: Annotated[str, Spec("First name", max_length=100, **_VCARD)] = ""
    vcard_last_name: Annotated[str, Spec("Last name", max_length=100, **_VCARD)] = ""
    vcard_organization: Annotated[
        str,
        Spec(
            "Organization", max_length=200, renamed=("vcard_organisation",), renamed_titles=("Organisation",), **_VCARD
        ),
    ] = ""
    vcard_title: Annotated[str, Spec("Job title", max_length=100, **_VCARD)] = ""
    vcard_phone: Annotated[str, Spec("Phone", max_length=64, **_VCARD)] = ""
    vcard_mobile: Annotated[str, Spec("Mobile phone", max_length=64, **_VCARD)] = ""
    vcard_email: Annotated[str, Spec("E-mail", max_length=254, **_VCARD)] = ""
    vcard_url: Annotated[str, Spec("Web site", max_length=500, **_VCARD)] = ""
    vcard_street: Annotated[str, Spec("Street", max_length=200, **_VCARD)] = ""
    vcard_city: Annotated[str, Spec("City", max_length=100, **_VCARD)] = ""
    vcard_region: Annotated[str, Spec("Region or state", max_length=100, **_VCARD)] = ""
    vcard_postcode: Annotated[str, Spec("Postcode", max_length=32, **_VCARD)] = ""
    vcard_country: Annotated[str, Spec("Country", max_length=100, **_VCARD)] = ""
    vcard_note: Annotated[str, Spec("Note", max_length=500, format="multiline", **_VCARD)] = ""

    email_to: Annotated[
        str, Spec("To", "One address, or several with commas.", max_length=500, example="name@example.com", **_EMAIL)
    ] = ""
    email_cc: Annotated[str, Spec("CC", max_length=500, renamed_titles=("Copy to",), **_EMAIL)] = ""
    email_subject: Annotated[str, Spec("Subject", max_length=500, **_EMAIL)] = ""
    email_body: Annotated[str, Spec("Text", max_length=2000, format="multiline", **_EMAIL)] = ""

    sms_number: Annotated[str, Spec("Number", max_length=64, example="+49301234567", **_SMS)] = ""
    sms_message: Annotated[str, Spec("Message", max_length=2000, format="multiline", **_SMS)] = ""
    sms_scheme: Annotated[
        Literal["sms", "smsto"], Spec("Scheme", "sms is the standard, smsto what older readers know.", **_SMS)
    ] = "sms"

    phone_number: Annotated[str, Spec("Number", max_length=64, example="+49301234567", **_PHONE)] = ""
    phone_context: Annotated[
        str, Spec("Context", "Of a number without country code: +49 or a domain.", max_length=100, **_PHONE)
    ] = ""

    geo_latitude: Annotated[float | None, Spec("Latitude", ge=-90, le=90, unit="degrees", **_GEO)] = None
    geo_longitude: Annotated[float | None, Spec("Longitude", ge=-180, le=180, unit="degrees", **_GEO)] = None
    geo_altitude_m: Annotated[float | None, Spec("Altitude", ge=-12000, le=100000, unit="m", **_GEO)] = None

    error_correction: Annotated[
        Literal["L", "M", "Q", "H"],
        Spec(
            "Error correction",
            "The share of the code that may be lost; more makes a larger code.",
            titles={"L": "L (7 %)", "M": "M (15 %)", "Q": "Q (25 %)", "H": "H (30 %)"},
            **_CODE,
        ),
    ] = "H"
    boost: Annotated[bool, Spec("Boost", "Raise the error correction where that makes no larger code.", **_CODE)] = True
    version: Annotated[
        int, Spec("Version", "Size of the code, 17 + 4 x version modules; 0 takes the smallest.", ge=0, le=40, **_CODE)
    ] = 0
    mask: Annotated[
        Literal["auto", "0", "1", "2", "3", "4", "5", "6", "7"],
        Spec("Mask", "Data mask pattern; another one is another picture of the same text.", **_CODE),
    ] = "auto"
    quiet_zone: Annotated[
        int, Spec("Quiet zone", "Light border; readers may need 4.", ge=0, le=16, unit="modules", **_CODE)
    ] = 4

    width: Annotated[int, Spec("Width", ge=64, le=8192, multiple_of=8, step=8, unit="px", **_LAYOUT)] = 768
    height: Annotated[int, Spec("Height", ge=64, le=8192, multiple_of=8, step=8, unit="px", **_LAYOUT)] = 768
    grid_px: Annotated[
        int,
        Spec(
            "Grid",
            "Modules and places are whole multiples: 8 is the latent grid, 16 what QR Code Monster wants, 1 is free.",
            ge=1,
            le=64,
            unit="px",
            **_LAYOUT,
        ),
    ] = 8
    module_px: Annotated[
        int, Spec("Module size", "0 takes the largest that fits.", ge=0, le=390, unit="px", **_LAYOUT)
    ] = 0
    position: Annotated[
        Literal["center", "top-left", "top-right", "bottom-left", "bottom-right"],
        Spec("Position", renamed_choices={"centre": "center"}, **_LAYOUT),
    ] = "center"
    offset_x_px: Annotated[
        int,
        Spec(
            "Horizontal offset",
            "From the position; negative is left.",
            ge=-8192,
            le=8192,
            unit="px",
            renamed_titles=("Offset right",),
            **_LAYOUT,
        ),
    ] = 0
    offset_y_px: Annotated[
        int,
        Spec(
            "Vertical offset",
            "From the position; negative is up.",
            ge=-8192,
            le=8192,
            unit="px",
            renamed_titles=("Offset down",),
            **_LAYOUT,
        ),
    ] = 0

    def check(self) -> None:
        """The payload's own fields, and multiples of the grid.

        Raises:
            InvalidParamError: naming the field and the way out.
        """
        self.text()
        for name in ("module_px", "offset_x_px", "offset_y_px"):
            value = getattr(self, name)
            if value % self.grid_px:
                near = round(value / self.grid_px) * self.grid_px
                raise InvalidParamError(name, f"must be a multiple of grid_px ({self.grid_px}) such as {near}")

    def text(self) -> str:
        """The payload, escaped as its specification says.

        Raises:
            InvalidParamError: a field the payload needs is missing or wrong.
        """
        if self.payload == "text":
            if not self.content:
                raise InvalidParamError("content", "is missing; give a text or a URL, or choose another payload")
            return self.content
        return _PAYLOADS[self.payload](self)


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
            **_LAYOUT,
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
            unit="[0.5, 1]",
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
        Spec("Logo", "Lies beside the function patterns, as near to the middle as they allow.", group="Logo"),
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
            raise InvalidParamError("foreground", "is lighter than background; swap the two or set invert")


def _vcard(params: QrCodeParams) -> str:
    values = params.to_mapping()
    fields = {name.removeprefix("vcard_"): value for name, value in values.items() if name.startswith("vcard_")}
    return qr_payload.vcard(qr_payload.Contact(**fields))


def _geo(params: QrCodeParams) -> str:
    for name in ("geo_latitude", "geo_longitude"):
        if getattr(params, name) is None:
            raise InvalidParamError(name, "is missing; give degrees such as 48.2")
    return qr_payload.geo(params.geo_latitude or 0.0, params.geo_longitude or 0.0, altitude_m=params.geo_altitude_m)


def _wifi(params: QrCodeParams) -> str:
    password = "" if params.wifi_security == "nopass" else params.wifi_password
    return qr_payload.wifi(params.wifi_ssid, password, security=params.wifi_security, hidden=params.wifi_hidden)


_PAYLOADS: dict[str, Callable[[QrCodeParams], str]] = {
    "wifi": _wifi,
    "vcard": _vcard,
    "email": lambda p: qr_payload.email(p.email_to, subject=p.email_subject, body=p.email_body, cc=p.email_cc),
    "sms": lambda p: qr_payload.sms(p.sms_number, message=p.sms_message, scheme=p.sms_scheme),
    "phone": lambda p: qr_payload.phone(p.phone_number, context=p.phone_context),
    "geo": _geo,
}


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
            "Wrong data modules that are corrected wherever they lie, beside a logo.",
            renamed=("modules_may_fail",),
            renamed_titles=("Modules that may fail",),
        ),
    ]
    correctable_codeword_share: Annotated[
        float,
        Spec(
            "Correctable codewords",
            "Share of all, where they are spread evenly.",
            unit="[0, 1]",
            renamed=("codewords_may_fail_share",),
            renamed_titles=("Codewords that may fail",),
        ),
    ]
    bits_used: Annotated[int, Spec("Bits used", "By the payload.", unit="bits")]
    bits_available: Annotated[int, Spec("Bits available", "In this version and level.", unit="bits")]
    layout: Annotated[QrLayout, Spec("Layout", "What the scan operation takes to look at each module.")]

    def summary(self) -> str:
        """`Version 4-H, mask 2, 16 px modules, 8 of 1089 modules may fail`."""
        return (
            f"Version {self.version}-{self.error_correction}, mask {self.mask}, {self.module_px} px modules, "
            f"{self.correctable_modules} of {self.modules**2} modules may fail"
        )


_SHARED = ("version", "error_correction", "mask", "module_px", "left", "top", "correctable_modules")


def make_qr(params: QrParams, context: Context) -> QrMap:
    """Encode, lay out and draw a QR code.

    Raises:
        PayloadTooLongError, LayoutError: the code fits no version or not the canvas; says what would.
        InvalidParamError: the logo covers more than can be restored.
    Source: ISO/IEC 18004:2015.
    """
    symbol, placement = place_code(params, params.width, params.height)
    margin = params.quiet_zone * placement.module_px
    frame = Frame(
        width=params.width,
        height=params.height,
        left=placement.left + margin,
        top=placement.top + margin,
        module_px=placement.module_px,
        quiet_zone=params.quiet_zone,
    )
    style = _style(params)
    correctable_modules = qr_spec.correctable_modules(symbol.version, symbol.error_correction)
    share = qr_spec.correctable_codeword_share(symbol.version, symbol.error_correction)
    if params.logo is None:
        image = draw(symbol.modules, frame, style)
    else:
        height, width = params.logo.shape[:2]
        area = safe_area(symbol.version, symbol.error_correction, params.logo_share, (height, width))
        image = draw(symbol.modules, frame, style)
        draw_logo(image, params.logo, area, frame, style.light)
        correctable_modules, share = area.correctable_modules, area.correctable_codeword_share
    layer = draw_function_patterns(symbol.version, frame, style) if params.function_layer else None
    layout = QrLayout(
        content=symbol.content,
        version=symbol.version,
        error_correction=symbol.error_correction,
        mask=symbol.mask,
        correctable_modules=correctable_modules,
        invert=params.invert,
        **vars(frame),
    )
    return QrMap(
        image=image,
        function_patterns=layer,
        payload=symbol.content,
        modules=layout.modules,
        size_px=layout.modules * frame.module_px,
        box_left=placement.left,
        box_top=placement.top,
        box_size_px=(layout.modules + 2 * frame.quiet_zone) * frame.module_px,
        correctable_codeword_share=share,
        bits_used=symbol.bits_used,
        bits_available=symbol.bits_available,
        layout=layout,
        **{name: getattr(layout, name) for name in _SHARED},
    )


def place_code(params: QrCodeParams, width: int, height: int) -> tuple[QrSymbol, Placement]:
    """Encode the payload and lay it out on a canvas of this size in px.

    Raises:
        PayloadTooLongError, LayoutError: the code fits no version or not the canvas; says what would.
    """
    try:
        return solve(wish_of(params), canvas_of(params, width, height))
    except InvalidParamError as error:
        if error.name == "content" and params.payload != "text":
            raise type(error)("payload", error.problem) from None
        raise


def code_layout(params: QrCodeParams, width: int, height: int) -> QrLayout:
    """Where the code lies on a canvas of this size, for pictures that are not drawn from it.

    Raises:
        PayloadTooLongError, LayoutError: as `place_code`.
    """
    symbol, placement = place_code(params, width, height)
    margin = params.quiet_zone * placement.module_px
    return QrLayout(
        content=symbol.content,
        version=symbol.version,
        error_correction=symbol.error_correction,
        mask=symbol.mask,
        module_px=placement.module_px,
        quiet_zone=params.quiet_zone,
        left=placement.left + margin,
        top=placement.top + margin,
        width=width,
        height=height,
        correctable_modules=qr_spec.correctable_modules(symbol.version, symbol.error_correction),
    )


def wish_of(params: QrCodeParams) -> Wish:
    """What the solver is asked to encode."""
    return Wish(
        content=params.text(),
        error_correction=params.error_correction,
        version=params.version or None,
        mask=None if params.mask == "auto" else int(params.mask),
        boost=params.boost,
    )


def canvas_of(params: QrCodeParams, width: int, height: int) -> Canvas:
    """Where the solver may place it, on a canvas of this size in px."""
    names = set(Canvas.__dataclass_fields__) - {"width", "height"}
    return Canvas(width=width, height=height, **{name: getattr(params, name) for name in names})


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
    summary="Make a QR code as a control map whose modules lie on the diffusion model's grid.",
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
