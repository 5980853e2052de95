"""A QR code: what is encoded, as what code, and where it lies; for all operations that make one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from lib_bootcamp.core.qr import payload as qr_payload
from lib_bootcamp.core.qr.encode import QrSymbol
from lib_bootcamp.core.qr.layout import QrLayout
from lib_bootcamp.core.qr.placement import AUTOMATIC_GRIDS_PX, Canvas, EncodeRequest, solve
from lib_bootcamp.errors import InvalidParamError
from lib_bootcamp.params import Params, Spec

_WIFI, _VCARD, _EMAIL, _SMS, _PHONE, _GEO = (
    {"group": "Content", "when": {"payload": (kind,)}} for kind in ("wifi", "vcard", "email", "sms", "phone", "geo")
)
_CODE: dict[str, Any] = {"group": "Code"}
LAYOUT: dict[str, Any] = {"group": "Layout"}


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

    width: Annotated[int, Spec("Width", ge=64, le=8192, multiple_of=8, step=8, unit="px", **LAYOUT)] = 768
    height: Annotated[int, Spec("Height", ge=64, le=8192, multiple_of=8, step=8, unit="px", **LAYOUT)] = 768
    grid_px: Annotated[
        int,
        Spec(
            "Grid",
            "Modules and places are whole multiples: 8 is the latent grid, 16 what QR Code Monster wants, 1 is free; "
            "0 takes 16 where the code fits on it, else 8.",
            ge=0,
            le=64,
            unit="px",
            **LAYOUT,
        ),
    ] = 8
    module_px: Annotated[
        int, Spec("Module size", "0 takes the largest that fits.", ge=0, le=390, unit="px", **LAYOUT)
    ] = 0
    position: Annotated[
        Literal["center", "top-left", "top-right", "bottom-left", "bottom-right"],
        Spec("Position", renamed_choices={"centre": "center"}, **LAYOUT),
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
            **LAYOUT,
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
            **LAYOUT,
        ),
    ] = 0

    def check(self) -> None:
        """The payload's own fields, and multiples of the grid.

        Raises:
            InvalidParamError: naming the field and the way out.
        """
        self.text()
        grid = self.grid_px or AUTOMATIC_GRIDS_PX[-1]
        for name in ("module_px", "offset_x_px", "offset_y_px"):
            value = getattr(self, name)
            if value % grid:
                near = round(value / grid) * grid
                raise InvalidParamError(name, f"must be a multiple of grid_px ({grid}) such as {near}")

    def text(self) -> str:
        """The payload, escaped as its specification says.

        Raises:
            InvalidParamError: a field the payload needs is missing or wrong.
        """
        if self.payload == "text":
            if not self.content:
                raise InvalidParamError("content", "is missing", hint="enter a text or URL, or choose another payload")
            return self.content
        return _PAYLOADS[self.payload](self)


def _vcard(params: QrCodeParams) -> str:
    values = params.to_mapping()
    fields = {name.removeprefix("vcard_"): value for name, value in values.items() if name.startswith("vcard_")}
    return qr_payload.vcard(qr_payload.Contact(**fields))


def _geo(params: QrCodeParams) -> str:
    for name in ("geo_latitude", "geo_longitude"):
        if getattr(params, name) is None:
            raise InvalidParamError(name, "is missing", hint="give degrees such as 48.2")
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


def place_code(params: QrCodeParams, width: int, height: int) -> tuple[QrSymbol, QrLayout]:
    """Encode the payload and lay it out on a canvas of this size in px.

    Raises:
        PayloadTooLongError, LayoutError: the code fits no version or not the canvas; says what would.
    """
    try:
        return solve(_request_of(params), _canvas_of(params, width, height))
    except InvalidParamError as error:
        if error.param == "content" and params.payload != "text":
            raise type(error)("payload", error.message, hint=error.hint) from None
        raise


def _request_of(params: QrCodeParams) -> EncodeRequest:
    """What the solver is asked to encode."""
    return EncodeRequest(
        content=params.text(),
        error_correction=params.error_correction,
        version=params.version or None,
        mask=None if params.mask == "auto" else int(params.mask),
        boost=params.boost,
    )


def _canvas_of(params: QrCodeParams, width: int, height: int) -> Canvas:
    """Where the solver may place it, on a canvas of this size in px."""
    names = set(Canvas.__dataclass_fields__) - {"width", "height"}
    return Canvas(width=width, height=height, **{name: getattr(params, name) for name in names})
