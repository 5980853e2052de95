"""DNS rebinding: a page at another name that resolves to this machine."""

from __future__ import annotations

import socket

from tests.security.target import API, JSON, Target

FOREIGN_NAMES = (
    "evil.example",
    "evil.example:7862",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "127.0.0.1@evil.example",
    "evil.example.",
    "EVIL.EXAMPLE",
)
BROKEN_NAMES = ("", ":7862", "127.0.0.1:99999", "127.0.0.1:7862:7862", "[::1", "a b", "..")
OWN_NAMES = ("localhost", "LOCALHOST", "localhost.", "studio.localhost", "127.0.0.1", "127.8.9.10", "[::1]")


def foreign_names_are_not_answered(target: Target) -> None:
    """On a server for this machine alone, and on any other where strangers could own the name."""
    for name in FOREIGN_NAMES:
        answer = target.send("GET", f"{API}/info", host=name)
        assert (answer.status, name) == (400, name)
        assert {"error", "detail"} <= set(answer.json())


def broken_names_are_not_answered(target: Target) -> None:
    """A `Host` that is none is refused, by us or by the server below."""
    for name in BROKEN_NAMES:
        assert target.send("GET", f"{API}/info", host=name).status == 400, name


def two_names_are_not_answered(target: Target) -> None:
    """Whichever comes first."""
    for names in ([target.host, "evil.example"], ["evil.example", target.host]):
        answer = target.send("GET", f"{API}/info", headers=[("Host", each) for each in names])
        assert answer.status == 400, names


def a_missing_name_is_not_answered(target: Target) -> None:
    """HTTP/1.0 needs none."""
    login = "".join(f"{name}: {value}\r\n" for name, value in target._login())
    with socket.create_connection(("127.0.0.1", target.port), 30) as connection:
        connection.sendall(f"GET {API}/info HTTP/1.0\r\n{login}\r\n".encode())
        assert b" 400 " in connection.recv(4096).split(b"\r\n")[0]


def a_forwarded_name_is_not_believed(target: Target) -> None:
    """Only `Host` counts."""
    for name in ("X-Forwarded-Host", "X-Host", "Forwarded", "X-Forwarded-Server"):
        value = f"host={target.host}" if name == "Forwarded" else target.host
        assert target.send("GET", f"{API}/info", headers=[(name, value)], host="evil.example").status == 400, name


def own_names_are_answered(target: Target) -> None:
    """With any port, for somebody may have led it on to another."""
    for name in OWN_NAMES:
        for port in ("", f":{target.port}", ":1"):
            assert target.send("GET", f"{API}/info", host=name + port).status == 200, name + port


def a_foreign_name_changes_nothing(target: Target) -> None:
    """Neither on a route nor by a function of the page."""
    body = {"folder": str(target.folder), "preset": "drawn shapes (mini)"}
    origin = [("Origin", "http://evil.example")]  # a rebound page is its own origin
    answer = target.send("POST", f"{API}/jobs/caption", body, [*JSON, *origin], host="evil.example")
    assert answer.status == 400
    assert not list(target.folder.glob("*.txt"))
    if target.has_page():
        function = next(each for each in target.functions() if each.name.startswith("bootcamp_qr"))
        message = target.call(function, function.filled(None), origin, host="evil.example")
        assert "evil.example" in message or message.startswith("4"), message


ATTACKS = (
    foreign_names_are_not_answered,
    broken_names_are_not_answered,
    two_names_are_not_answered,
    a_missing_name_is_not_answered,
    a_forwarded_name_is_not_believed,
    own_names_are_answered,
    a_foreign_name_changes_nothing,
)
"""For a server whose names are checked: each takes a `Target` and fails where the door is open."""
