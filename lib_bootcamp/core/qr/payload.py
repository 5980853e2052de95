"""The texts that phones act on: each kind of payload, escaped as its specification says."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote

from lib_bootcamp.errors import InvalidParamError

_MAIL_SAFE = "!$'*-._~"
_NUMBER = re.compile(r"(?=.*[0-9*#])[0-9A-Fa-f*#.()-]+|\+(?=.*[0-9])[0-9.()-]+")


def wifi(ssid: str, password: str = "", *, security: str = "WPA", hidden: bool = False) -> str:
    """`WIFI:T:WPA;S:name;P:password;H:true;;`, as phone cameras join networks.

    Names that look like hexadecimal are not put in quotes: Android and iOS take S and P literally
    and would look for a network with the quotes in its name.

    Args:
        ssid: 1 to 32 bytes of UTF-8 (IEEE 802.11-2016, 9.4.2.2).
        password: 8 to 63 printable ASCII characters or 64 hexadecimal digits for WPA.
        security: `WPA` (WPA, WPA2 and WPA3 personal), `SAE` (WPA3 alone), `WEP` or `nopass`.
        hidden: the network does not announce its name.
    Raises:
        InvalidParamError: a name or password that no network can have.
    Source: zxing wiki "Barcode Contents", Wi-Fi Network config; WPA3 Specification 3.0, 7.
    """
    if not 1 <= len(ssid.encode()) <= 32:
        raise InvalidParamError("wifi_ssid", "must have 1 to 32 bytes (UTF-8)")
    if security == "nopass":
        if password:
            raise InvalidParamError(
                "wifi_password", "must be empty for an open network", hint="or choose a wifi_security"
            )
    elif not password:
        raise InvalidParamError("wifi_password", "is missing", hint="give it, or set wifi_security to nopass")
    elif security == "WPA" and not re.fullmatch(r"[ -~]{8,63}|[0-9A-Fa-f]{64}", password):
        problem = "must have 8 to 63 printable ASCII characters (or 64 hexadecimal digits) for WPA"
        raise InvalidParamError("wifi_password", problem)
    parts = [f"T:{security}", f"S:{_mecard(ssid)}"]
    if password:
        parts.append(f"P:{_mecard(password)}")
    if hidden:
        parts.append("H:true")
    return "WIFI:" + ";".join(parts) + ";;"


def _mecard(text: str) -> str:
    return re.sub(r'([\\;,":])', r"\\\1", text)


@dataclass(frozen=True, kw_only=True)
class Contact:
    """What a vCard says; empty fields are left out."""

    first_name: str = ""
    last_name: str = ""
    organization: str = ""
    title: str = ""
    phone: str = ""
    mobile: str = ""
    email: str = ""
    url: str = ""
    street: str = ""
    city: str = ""
    region: str = ""
    postcode: str = ""
    country: str = ""
    note: str = ""


def vcard(contact: Contact) -> str:
    """A vCard 3.0, the version that the contacts of every phone import; UTF-8, CRLF, not folded.

    Raises:
        InvalidParamError: neither a name nor an organization.
    Source: RFC 2426, 2.4.2, 3 and 5 (escaping as in RFC 6350, 3.4).
    """
    name = " ".join(part for part in (contact.first_name, contact.last_name) if part) or contact.organization
    if not name:
        raise InvalidParamError(
            "vcard_first_name", "is missing", hint="give a first name, a last name or an organization"
        )
    place = (contact.street, contact.city, contact.region, contact.postcode, contact.country)
    lines = [
        ("N", ";".join(map(_vcard_text, (contact.last_name, contact.first_name, "", "", "")))),
        ("FN", _vcard_text(name)),
        ("ORG", _vcard_text(contact.organization)),
        ("TITLE", _vcard_text(contact.title)),
        ("TEL;TYPE=work,voice", _vcard_text(contact.phone)),
        ("TEL;TYPE=cell", _vcard_text(contact.mobile)),
        ("EMAIL", _vcard_text(contact.email)),
        ("URL", "".join(contact.url.split())),
        ("ADR", ";".join(["", "", *map(_vcard_text, place)]) if any(place) else ""),
        ("NOTE", _vcard_text(contact.note)),
    ]
    body = [f"{key}:{value}" for key, value in lines if value]
    return "\r\n".join(["BEGIN:VCARD", "VERSION:3.0", *body, "END:VCARD"])


def _vcard_text(text: str) -> str:
    return re.sub(r"\r\n|\r|\n", r"\\n", re.sub(r"([\\;,])", r"\\\1", text))


def email(to: str, *, subject: str = "", body: str = "", cc: str = "") -> str:
    """A `mailto:` address with percent-encoded UTF-8; line breaks in the body are %0D%0A.

    Args:
        to: one address, or several separated by commas.
        subject: plain text.
        body: plain text.
        cc: as `to`.
    Raises:
        InvalidParamError: something that is not a mail address.
    Source: RFC 6068, 2 and 5.
    """
    fields = {"cc": _addresses("email_cc", cc) if cc.strip() else "", "subject": _mail_text(subject)}
    fields["body"] = _mail_text(re.sub(r"\r\n|\r|\n", "\r\n", body))
    query = "&".join(f"{key}={value}" for key, value in fields.items() if value)
    return f"mailto:{_addresses('email_to', to)}" + (f"?{query}" if query else "")


def _mail_text(text: str) -> str:
    return quote(text, safe=_MAIL_SAFE)


def _addresses(name: str, text: str) -> str:
    found = []
    for each in re.findall(r'(?:"(?:\\.|[^"\\])*"|[^,"])+', text):
        local, at, domain = each.strip().rpartition("@")
        quoted = len(local) > 2 and local[0] == local[-1] == '"'
        if not (local and at and domain) or re.search(r"[\s<>@]", domain if quoted else local + domain):
            raise InvalidParamError(name, "must be a mail address such as name@example.com, or several with commas")
        safe_domain = domain if domain.startswith("[") else _mail_text(domain)
        found.append(f"{quote(local, safe=_MAIL_SAFE + '+')}@{safe_domain}")
    if not found:
        raise InvalidParamError(name, "is missing", hint="give a mail address such as name@example.com")
    return ",".join(found)


def phone(number: str, *, context: str = "") -> str:
    """A `tel:` number. Spaces are dropped, other separators kept as typed.

    A number without its country code needs a context by the specification; without one it is written
    as it is and dialled as it is.

    Args:
        number: `+49 30 1234567` or a local number.
        context: of a local number: `+49` or a domain.
    Raises:
        InvalidParamError: not a telephone number.
    Source: RFC 3966, 3 and 5.1.
    """
    return "tel:" + _number("phone_number", number, context)


def sms(number: str, *, message: str = "", scheme: str = "sms") -> str:
    """A text message to send: `sms:+15105550101?body=hello%20there` or `smsto:+15105550101:hello there`.

    Args:
        number: as in `phone`.
        message: plain text.
        scheme: `sms` is the standard; `smsto` is older, not escaped, and read by as many phones.
    Raises:
        InvalidParamError: not a telephone number.
    Source: RFC 5724, 2; `smsto` from the zxing wiki "Barcode Contents".
    """
    target = _number("sms_number", number, "")
    if scheme == "smsto":
        return f"smsto:{target}" + (f":{message}" if message else "")
    return f"sms:{target}" + (f"?body={_mail_text(message)}" if message else "")


def _number(name: str, number: str, context: str) -> str:
    digits = "".join(number.split())
    if not digits:
        raise InvalidParamError(name, "is missing", hint="give a telephone number such as +49301234567")
    if not _NUMBER.fullmatch(digits):
        raise InvalidParamError(name, "must be a telephone number such as +49301234567")
    if not context or digits.startswith("+"):
        return digits
    if not re.fullmatch(r"\+[0-9.()-]*[0-9][0-9.()-]*|[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?", context):
        raise InvalidParamError("phone_context", "must be a country code such as +49 or a domain such as example.com")
    return f"{digits};phone-context={context}"


def geo(latitude: float, longitude: float, *, altitude_m: float | None = None) -> str:
    """A place as `geo:48.2010,16.3695,183` (WGS 84, decimal degrees, meters).

    Args:
        latitude: -90 to 90.
        longitude: -180 to 180; written as 0 at the poles, where all are one.
        altitude_m: above the WGS 84 ellipsoid.
    Source: RFC 5870, 3.3 and 3.4.2.
    """
    pole = abs(latitude) == 90
    parts = [_decimal(latitude, 7), _decimal(0.0 if pole else longitude, 7)]
    if altitude_m is not None:
        parts.append(_decimal(altitude_m, 2))
    return "geo:" + ",".join(parts)


def _decimal(value: float, places: int) -> str:
    text = f"{value:.{places}f}".rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text
