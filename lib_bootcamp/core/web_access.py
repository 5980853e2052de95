"""Which requests of browsers are answered: by the name that they call this server, and by the page that sends them.

A page at a name of its own that is made to resolve to this machine (DNS rebinding) sends its name in `Host`; a form or
script of another site (cross-site request forgery) sends its site in `Origin` and `Sec-Fetch-Site`, which no script
can set. A browser says `same-origin` of its own knowledge, and to https and this machine's names alone: so a proxy may
write another `Host`, while a rebound page, whose name has no certificate, cannot make use of it. Knows no framework.

Source: RFC 9110, 7.2 (Host); RFC 6454, 7 (Origin); W3C, Fetch Metadata Request Headers.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from lib_bootcamp.errors import BootcampError

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
JSON, FORM = "application/json", "multipart/form-data"
PRIVATE_DOMAINS = ("local", "lan", "internal", "home.arpa", "localhost")
"""Names below these are given out by nobody outside of a network. Source: RFC 6762, 8375, 6761; ICANN on `internal`."""
LOOPBACK_NAMES = frozenset(
    {"localhost", "localhost.localdomain", "localhost4", "localhost4.localdomain4"}
    | {"localhost6", "localhost6.localdomain6", "ip6-localhost", "ip6-loopback"}
)
"""What systems' own tables of hosts call this machine; no name server gives these out."""
_PORTS = {"http": 80, "https": 443}
_AUTHORITY = re.compile(r"(?P<name>\[[0-9a-fA-F:.]+\]|[A-Za-z0-9_.-]{1,253})(?::(?P<port>\d{0,5}))?")
_ORIGIN = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s/\\@?#]+")
_NAME = re.compile(r"(?:\*\.)?[a-z0-9_](?:[a-z0-9_.-]{0,251}[a-z0-9_])?")


class UnknownHostError(BootcampError):
    """The request calls this server by a name that is not its own."""

    status = 400


class ForeignOriginError(BootcampError):
    """A page of another site sends the request."""

    status = 403


class UnsupportedContentError(BootcampError):
    """The body comes in a format, character set or compression that is not read."""

    status = 415


@dataclass(frozen=True, kw_only=True)
class Flags:
    """What the owner calls the flags that allow more, for the sentences."""

    hosts: str = "--allow-host"
    origins: str = "--cors-allow-origins"


@dataclass(frozen=True, kw_only=True)
class RequestHead:
    """What a request says of itself; a header that was sent several times has several values.

    Args:
        method: of HTTP, in capitals; `WEBSOCKET` for the opening of one.
        hosts: `Host`.
        origins: `Origin`.
        content_types: `Content-Type`.
        has_body: whether a body follows.
        fetch_site: `Sec-Fetch-Site`, empty where the client sends none.
        shown: whether the browser shows the answer as a page of its own (`Sec-Fetch-Mode: navigate`, not in a frame).
        api: whether it asks for data, and not for a page.
    """

    method: str = "GET"
    hosts: Sequence[str] = ()
    origins: Sequence[str] = ()
    content_types: Sequence[str] = ()
    has_body: bool = False
    fetch_site: str = ""
    shown: bool = False
    api: bool = True

    @property
    def changes(self) -> bool:
        """Whether it may change something."""
        return self.method not in SAFE_METHODS


@dataclass(frozen=True)
class HostNames:
    """The names that a server answers to.

    Args:
        allowed: names that the owner added; `*.example.com` stands for all below, `*` for every name.
        network: whether other machines reach it, by any address and by names that only their network knows.
        own: this machine's name.
    """

    allowed: tuple[str, ...] = ()
    network: bool = False
    own: str = field(default_factory=lambda: socket.gethostname().lower().rstrip("."))

    def __contains__(self, name: str) -> bool:
        """Whether a name, as `split_authority` gives it, is this server's."""
        if name.startswith(".") or ".." in name:  # a label without letters is none
            return False
        if any(each in {"*", name} or (each[:2] == "*." and name.endswith(each[1:])) for each in self.allowed):
            return True
        address = _address(name)
        if address is not None:
            return self.network or address.is_loopback
        if name in {*LOOPBACK_NAMES, self.own, f"{self.own}.local"} or name.endswith(".localhost"):
            return True
        return self.network and ("." not in name or name.endswith(tuple(f".{each}" for each in PRIVATE_DOMAINS)))


@dataclass(frozen=True, kw_only=True)
class AccessRules:
    """Whose requests are answered.

    Args:
        hosts: the names that the server answers to; None: every name.
        origins: other sites whose pages may call it, as `scheme://name[:port]`; `*` stands for every site.
        pattern: a regular expression that the whole of such a site matches.
        flags: how the owner allows more.
    """

    hosts: HostNames | None = None
    origins: tuple[str, ...] = ()
    pattern: re.Pattern[str] | None = None
    flags: Flags = Flags()

    def check(self, head: RequestHead) -> None:
        """Let a request pass.

        Raises:
            UnknownHostError: it calls this server by another name, by none, or by several.
            ForeignOriginError: a page of a site that was not allowed sends it.
            UnsupportedContentError: its body is of a kind that any page may send without asking.
        """
        self.check_host(head)
        self.check_origin(head)
        self.check_content(head)

    def check_host(self, head: RequestHead) -> None:
        """The first part of `check`."""
        if self.hosts is None:
            return
        given = split_authority(head.hosts[0], "http") if len(head.hosts) == 1 else None
        if given is None:
            raise UnknownHostError("The request must have one Host header with a name and, where it is needed, a port.")
        if given[0] not in self.hosts:
            raise UnknownHostError(
                f"This server does not answer to the name {given[0]}",
                hint=f"if it is yours, start with {self.flags.hosts} {given[0]}.",
            )

    def check_origin(self, head: RequestHead) -> None:
        """The second part of `check`: reading is refused only to a browser that says it reads for another site."""
        origin = head.origins[0] if len(head.origins) == 1 else ""
        is_own, crosses = self.is_own(origin, head), "cross-site" in head.fetch_site
        if origin and (self.is_allowed(origin) or (is_own and not crosses)):
            return
        if head.fetch_site == "same-origin" and origin not in {"", "null"}:
            return  # behind a proxy that writes its own `Host`; `check_host` asks for that one
        if head.changes and head.origins and not is_own:
            site = ", ".join(head.origins)[:200]
            if "null" in head.origins:
                raise ForeignOriginError("A page without an origin (a file, a sandboxed frame) cannot send requests.")
            raise ForeignOriginError(
                f"A page of {site} sent this, and it is not this server's",
                hint=f"if it is yours, start with {self.flags.origins} {site}.",
            )
        if crosses and (head.changes or head.api or not head.shown):
            raise ForeignOriginError(
                "A page of another site sent this",
                hint=f"if it is yours, start with {self.flags.origins} and its origin.",
            )

    def check_content(self, head: RequestHead) -> None:
        """The last part of `check`.

        A page of any site can send a text, an unnamed body or a plain form without the browser asking here first.
        """
        if head.changes and head.has_body and not (len(head.content_types) == 1 and _is_read(head.content_types[0])):
            raise UnsupportedContentError(f"The Content-Type must be {JSON} or {FORM}.")

    def is_own(self, origin: str, head: RequestHead) -> bool:
        """Whether a page of this server itself sends the request."""
        scheme, _, authority = origin.partition("://")
        if scheme not in _PORTS or len(head.hosts) != 1:
            return False
        mine, theirs = split_authority(head.hosts[0], scheme), split_authority(authority, scheme)
        return mine is not None and mine == theirs

    def is_allowed(self, origin: str) -> bool:
        """Whether the owner allowed pages of this site; never `null`, which every sandboxed frame says."""
        if origin == "null":
            return False
        if "*" in self.origins or origin.lower() in self.origins:
            return True
        # only what is an origin: `.*` in a pattern is to stand for a part of a name, and not for a whole address
        return self.pattern is not None and all(each.fullmatch(origin) for each in (_ORIGIN, self.pattern))


def split_authority(value: str, scheme: str) -> tuple[str, int] | None:
    """Name and port of a `Host` header; None where it is none.

    Returns:
        the name in lower case, without the dot of the root and without brackets; the port, or the scheme's own.
    """
    found = _AUTHORITY.fullmatch(value.strip())
    if found is None:
        return None
    name, port = found["name"].lower(), int(found["port"] or _PORTS[scheme])
    if name.startswith("["):
        address = _address(name[1:-1])
        return None if address is None or port > 65535 else (str(address), port)
    name = name.removesuffix(".")
    return (name, port) if name and port <= 65535 and ".." not in name else None


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _is_read(content_type: str) -> bool:
    essence = content_type.partition(";")[0].strip().lower()
    return essence in {JSON, FORM} or (essence.startswith("application/") and essence.endswith("+json"))


def is_loopback(address: str) -> bool:
    """Whether a server that listens on this address is reached from this machine alone."""
    name = address.strip().strip("[]").lower()
    found = _address(name)
    return name in LOOPBACK_NAMES or (found is not None and found.is_loopback)


def host_names(given: Iterable[str]) -> tuple[str, ...]:
    """Names as an owner gives them, for `HostNames`.

    Raises:
        ValueError: one is no name; the text says which.
    """
    names = [each.strip().lower().rstrip(".") for each in given]
    for name in names:
        bare = name.strip("[]")
        if name != "*" and _address(bare) is None and not _NAME.fullmatch(name):
            raise ValueError(f"{name} is not a host name, like studio.example.com or *.example.com")
    return tuple(str(_address(name.strip("[]")) or name) for name in names)


def origin_list(text: str) -> tuple[str, ...]:
    """Sites as an owner gives them, separated by commas, for `AccessRules`.

    Raises:
        ValueError: one is no origin; the text says which.
    """
    found = []
    for each in filter(None, (part.strip() for part in text.split(","))):
        origin = each.lower().rstrip("/")
        if origin != "*":
            parts = urlsplit(origin)
            if parts.scheme not in _PORTS or origin != f"{parts.scheme}://{parts.netloc}" or "@" in origin:
                raise ValueError(f"{each} is not an origin, like https://studio.example.com or http://localhost:3000")
            if split_authority(parts.netloc, parts.scheme) is None:
                raise ValueError(f"{each} has no host name that can be read")
            origin = origin.removesuffix(f":{_PORTS[parts.scheme]}")
        found.append(origin)
    return tuple(found)
