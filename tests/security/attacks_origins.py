"""Requests forged from another site: what a form, a script or a frame elsewhere makes a visitor's browser send."""

from __future__ import annotations

import json
import socket
import time

from tests.security.target import API, JSON, Headers, Target

FOREIGN = (
    "https://evil.example",
    "null",
    "http://localhost:1",
    "http://127.0.0.1",
    "http://127.0.0.1.evil.example:80",
    "file://",
    "chrome-extension://abcdefghijklmnop",
)
BOUNDARY = "----forged"
CAPTION = "drawn shapes (mini)"


def _form(**fields: str) -> tuple[bytes, Headers]:
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    return ("".join(parts) + f"--{BOUNDARY}--\r\n").encode(), [
        ("Content-Type", f"multipart/form-data; boundary={BOUNDARY}")
    ]


def _captions(target: Target) -> list[str]:
    return [each.name for each in target.folder.iterdir() if each.suffix == ".txt"]


def a_form_of_another_site_starts_no_job(target: Target) -> None:
    """As a form that submits itself does: no question is asked before."""
    body, kind = _form(folder=str(target.folder), preset=CAPTION)
    for origin in FOREIGN:
        answer = target.send("POST", f"{API}/jobs/caption", body, [*kind, ("Origin", origin)])
        assert (answer.status, origin) == (403, origin)
        assert {"error", "detail"} <= set(answer.json())
    time.sleep(0.5)
    assert not _captions(target)


def a_browser_that_hides_the_origin_is_refused_by_its_metadata(target: Target) -> None:
    """`Sec-Fetch-Site: cross-site` alone is enough, in any case of letters."""
    body, kind = _form(folder=str(target.folder), preset=CAPTION)
    for value in ("cross-site", "Cross-Site"):
        answer = target.send("POST", f"{API}/jobs/caption", body, [*kind, ("Sec-Fetch-Site", value)])
        assert answer.status == 403


def steering_a_job_takes_no_foreign_page(target: Target) -> None:
    """Pause, resume, undo and delete have no body to be of a wrong kind."""
    for method, path in (("POST", "pause"), ("POST", "resume"), ("POST", "undo"), ("DELETE", "")):
        for origin in FOREIGN:
            where = f"{API}/jobs/1/{path}".rstrip("/")
            assert target.send(method, where, headers=[("Origin", origin)]).status == 403, (method, path, origin)


def bodies_that_any_page_may_send_are_refused(target: Target) -> None:
    """A text, a plain form, a body without a type, a type that hides another: 415, whoever sends them."""
    body = json.dumps({"content": "x"}).encode()
    kinds: list[Headers] = [
        [("Content-Type", "text/plain")],
        [("Content-Type", "text/plain; application/json")],
        [("Content-Type", "application/x-www-form-urlencoded")],
        [],
        [("Content-Type", "application/json"), ("Content-Type", "text/plain")],
    ]
    for kind in kinds:
        for path in (f"{API}/control-maps/qr", f"{API}/qr", f"{API}/jobs/1/undo"):
            answer = target.send("POST", path, body, kind)
            assert answer.status in {404, 405, 415}, (path, kind, answer.text)
            assert not (answer.status == 404 and path.endswith("undo")), kind


def two_origins_are_refused(target: Target) -> None:
    """Even where one of them is the server's own."""
    for origins in (
        [f"http://{target.host}", "https://evil.example"],
        ["https://evil.example", f"http://{target.host}"],
    ):
        headers = [("Origin", each) for each in origins]
        assert target.send("POST", f"{API}/jobs/1/undo", headers=headers).status == 403


def a_question_before_is_answered_no(target: Target) -> None:
    """A preflight of a foreign page is given no permission, on no route of ours."""
    for path in ("jobs/1/undo", "info", "jobs/caption"):
        for origin in FOREIGN:
            asked = [("Origin", origin), ("Access-Control-Request-Method", "POST")]
            answer = target.send("OPTIONS", f"{API}/{path}", headers=asked)
            assert "access-control-allow-origin" not in answer.headers, (path, origin)


def an_answer_is_readable_by_no_foreign_page(target: Target) -> None:
    """Not even what needs no change."""
    for origin in FOREIGN:
        answer = target.send("GET", f"{API}/info", headers=[("Origin", origin)])
        assert "access-control-allow-origin" not in answer.headers, origin


def a_picture_tag_elsewhere_costs_nothing(target: Target) -> None:
    """`GET` with a cost (a checkpoint is loaded, folders are looked through) as an `<img>` elsewhere asks for it."""
    embedded = [("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "no-cors"), ("Sec-Fetch-Dest", "image")]
    for path in ("model?measure=true", "compatibility", "info"):
        assert target.send("GET", f"{API}/{path}", headers=embedded).status == 403, path


def its_own_page_and_programs_are_answered(target: Target) -> None:
    """No origin, as curl; its own one, with the browser's metadata."""
    own: list[Headers] = [
        [],
        [("Origin", f"http://{target.host}"), ("Sec-Fetch-Site", "same-origin")],
        [("Sec-Fetch-Site", "none"), ("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "document")],
    ]
    for headers in own:
        assert target.send("GET", f"{API}/info", headers=headers).status == 200
        assert target.send("POST", f"{API}/jobs/999999/undo", headers=headers).status == 404
        answer = target.send("POST", f"{API}/jobs/caption", {}, [*JSON, *headers])
        assert answer.status == 422, answer.text


def functions_of_the_page_take_no_foreign_page(target: Target) -> None:
    """The page's own functions, on Gradio's routes."""
    if not target.has_page():
        return
    function = next(each for each in target.functions() if each.name.startswith("bootcamp_qr"))
    for headers in (
        [("Origin", "https://evil.example")],
        [("Origin", "null")],
        [("Sec-Fetch-Site", "cross-site")],
    ):
        message = target.call(function, function.filled(None), headers)
        assert "bootcamp-notice" not in message, message[:500]


def a_websocket_of_another_site_is_not_opened(target: Target) -> None:
    """Browsers ask nothing before they open one."""
    for origin in FOREIGN:
        first = _open_websocket(target, origin)
        assert b" 101 " not in first, origin


def _open_websocket(target: Target, origin: str) -> bytes:
    head = (
        f"GET {target.page}/queue/join HTTP/1.1\r\nHost: {target.host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\nOrigin: {origin}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", target.port), 30) as connection:
        connection.sendall(head.encode())
        return connection.recv(4096).split(b"\r\n")[0]


def pages_of_other_sites_frame_nothing(target: Target) -> None:
    """Else a click on another site's page could be led to a button of ours."""
    answer = target.send("GET", f"{target.page}/")
    assert "frame-ancestors 'self'" in answer.headers.get("content-security-policy", "")
    framed = [("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "iframe")]
    assert target.send("GET", f"{target.page}/", headers=framed).status == 403


ATTACKS = (
    a_form_of_another_site_starts_no_job,
    a_browser_that_hides_the_origin_is_refused_by_its_metadata,
    steering_a_job_takes_no_foreign_page,
    bodies_that_any_page_may_send_are_refused,
    two_origins_are_refused,
    a_question_before_is_answered_no,
    an_answer_is_readable_by_no_foreign_page,
    a_picture_tag_elsewhere_costs_nothing,
    its_own_page_and_programs_are_answered,
    functions_of_the_page_take_no_foreign_page,
)
"""For every server: each takes a `Target` and fails where the door is open."""

WHOLE = (a_websocket_of_another_site_is_not_opened, pages_of_other_sites_frame_nothing)
"""For a server whose other routes are ours too."""
