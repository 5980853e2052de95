"""Files of the server read through the page: every component that takes a file is given one that was never uploaded."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

from tests.security.material import WORD
from tests.security.target import JSON, Target

SERVED = ("/file=", "/file/", "/proxy=")
META = {"_type": "gradio.FileData"}


@contextmanager
def canary() -> Iterator[tuple[str, list[str]]]:
    """A server on this machine that nobody is to ask anything: its address, and what it was asked for."""
    asked: list[str] = []

    class Listener(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()

        do_HEAD = do_GET

        def log_message(self, *arguments: Any) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Listener) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/metadata.png", asked
        server.shutdown()


def hostile_paths(target: Target, address: str) -> Iterator[str]:
    """Every way to name what was not uploaded."""
    yield str(target.secret)
    yield f"file://{target.secret}"
    yield address
    yield "/etc/passwd"
    yield "/proc/self/environ"
    yield str(_journal(target))
    yield str(target.data)
    yield "README.md"
    yield "../" * 12 + str(target.secret).lstrip("/")
    yield str(target.uploads / ".." / target.secret.parent.name / target.secret.name)
    yield str(_link(target))
    yield f"{target.secret}\x00.png"
    yield ""


def _journal(target: Target) -> Path:
    """A file in the data folder, where the journals are."""
    path = target.data / "a-journal.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(WORD, encoding="utf-8")
    return path


def _link(target: Target) -> Path:
    """A link to the private picture where uploads lie, as an archive or another program might leave it."""
    link = target.uploads / "linked" / "a.png"
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.is_symlink():
        link.symlink_to(target.secret)
    return link


def decoys(target: Target) -> Iterator[Any]:
    """A file that was uploaded under one of the names that some Gradio reads, the private picture under another."""
    uploaded = target.uploads / "mine" / "b.png"
    uploaded.parent.mkdir(parents=True, exist_ok=True)
    uploaded.write_bytes(b"not a picture")
    mine, secret = str(uploaded), str(target.secret)
    for value in ({"path": mine, "name": secret}, {"path": secret, "name": mine}, {"path": mine, "data": secret}):
        yield {**value, "is_file": True, "orig_name": "a.png", "meta": META}
        yield [{**value, "is_file": True, "orig_name": "a.png", "meta": META}]


def shapes(path: str) -> Iterator[Any]:
    """Every way in which a Gradio takes a file."""
    file = {"path": path, "meta": META, "orig_name": "a.png"}
    yield file
    yield [file]
    yield {"path": path, "orig_name": "a.png"}
    yield {"path": path, "url": path, "meta": META, "size": 1, "mime_type": "image/png"}
    yield [[{"image": file, "caption": ""}]]
    yield {"name": path, "orig_name": "a.png", "is_file": True, "data": None}
    yield [{"name": path, "is_file": True, "size": 1, "data": None}]
    yield path
    yield [path]


def no_component_reads_a_file_that_was_not_uploaded(target: Target) -> None:
    """The private picture's text does not come out, no address is asked, nothing is copied to where uploads lie."""
    functions = [each for each in target.functions() if each.takes_files()]
    assert functions
    before = _kept(target)
    with canary() as (address, asked):
        paths = list(hostile_paths(target, address))
        for at, function in enumerate(functions):
            wanted = [(str(target.secret), value) for value in shapes(str(target.secret))]
            wanted += [(str(target.secret), value) for value in decoys(target)]
            wanted += [(path, next(shapes(path))) for path in paths]
            # the other pairs by turns: all of them are tried, each on some function
            wanted += [(path, list(shapes(path))[(at + turn) % 7]) for turn, path in enumerate(paths)]
            for path, value in wanted:
                _says_nothing(target, target.call(function, function.filled(value)), path)
        assert not asked
    assert not [each for each in _kept(target) - before if _is_stolen(each, target)]


def no_text_field_reads_a_file(target: Target) -> None:
    """Some versions of Gradio look for files in the values of every component."""
    before = _kept(target)
    with canary() as (address, asked):
        for function in target.functions():
            for path in (str(target.secret), address):
                value = {"path": path, "meta": META}
                _says_nothing(target, target.call(function, function.everywhere(value)), path)
        assert not asked
    assert not [each for each in _kept(target) - before if _is_stolen(each, target)]


def every_endpoint_that_runs_a_function_refuses(target: Target) -> None:
    """By name and by number, waiting or not."""
    function = next(each for each in target.functions() if each.name == "bootcamp_png_info")
    value: Any = [{"path": str(target.secret), "meta": META, "orig_name": "a.png", "is_file": True}]
    value[0]["name"] = value[0]["path"]
    data = function.filled(value)
    named = {each["type"]: value for each in function.inputs}
    for path in ("call/", "call/v2/", "run/", "api/", "queue/"):
        for prefix in ("/gradio_api/", "/"):
            where = f"{target.page}{prefix}{path}{'join' if path == 'queue/' else function.name}"
            for body in ({"data": data}, {"data": data, "fn_index": function.number, "session_hash": "a"}, named):
                answer = target.send("POST", where, body, JSON)
                assert WORD not in answer.text
                if target.whole:
                    assert answer.status >= 400, (where, answer.text[:300])


def files_are_served_only_from_uploads(target: Target) -> None:
    """`file=` and what came before it, addresses that the server would fetch for others, and other programs' pages."""
    with canary() as (address, asked):
        for path in filter(None, hostile_paths(target, address)):
            quoted = path.replace("\x00", "%00")
            for where in (
                "/file=",
                "/file/",
                "/gradio_api/file=",
                "/gradio_api/file/",
                "/gradio_api/proxy=",
                "/proxy=",
            ):
                if not target.whole and not path.startswith(str(target.data)):
                    continue
                answer = target.send("GET", target.page + where + quoted)
                assert answer.status >= 300, (where, path, answer.status)
                assert WORD not in answer.text
        assert not asked


def no_path_leads_out_of_the_pages_own_files(target: Target) -> None:
    """Styles, scripts, themes, components: folders of the library's, which a path may try to leave."""
    for folder in ("static", "assets", "svelte", "theme", "custom_component/1/client/component", "gradio_api/static"):
        for up in ("../", "..%2f", "%2e%2e/", "..%5c", "....//"):
            for path in (up * 12 + "etc/passwd", "/etc/passwd", "%2fetc%2fpasswd"):
                answer = target.send("GET", f"{target.page}/{folder}/{path}")
                assert "root:" not in answer.text, (folder, path)


def what_was_uploaded_is_read(target: Target) -> None:
    """The door is shut for strangers, not for the page."""
    picture = target.secret.read_bytes().replace(WORD.encode(), WORD[::-1].encode())
    boundary = "----picture"
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\n\r\n'.encode()
    body = head + picture + f"\r\n--{boundary}--\r\n".encode()
    kind = [("Content-Type", f"multipart/form-data; boundary={boundary}")]
    uploaded = target.send("POST", f"{target.gradio_api}/upload", body, kind)
    assert uploaded.status == 200, uploaded.text
    path = uploaded.json()[0]
    old = str(target.config["version"]).startswith("3.")
    file: Any = {"path": path, "meta": META, "orig_name": "a.png"}
    value = [{"name": path, "orig_name": "a.png", "is_file": True, "data": None}] if old else [file]
    function = next(each for each in target.functions() if each.name == "bootcamp_png_info")
    message = target.call(function, function.filled(value))
    assert "bootcamp-notice" in message, message[:500]
    assert "not uploaded" not in message


def _says_nothing(target: Target, message: str, given: str) -> None:
    assert WORD not in message, (given, message[:500])
    assert "root:" not in message, (given, message[:500])
    for private in (target.uploads, target.data, target.secret.parent):
        reported = message.replace(given, "") if given else message
        assert str(private) not in reported or str(private) in given, (given, message[:500])


def _kept(target: Target) -> set[Path]:
    return {each for each in target.uploads.rglob("*") if each.is_file() and not each.is_symlink()}


def _is_stolen(path: Path, target: Target) -> bool:
    data = path.read_bytes()
    return data == target.secret.read_bytes() or data.startswith((b"root:", b"# sd-webui-bootcamp"))


ATTACKS = (
    no_component_reads_a_file_that_was_not_uploaded,
    no_text_field_reads_a_file,
    every_endpoint_that_runs_a_function_refuses,
    files_are_served_only_from_uploads,
    no_path_leads_out_of_the_pages_own_files,
    what_was_uploaded_is_read,
)
"""For every server with a page: each takes a `Target` and fails where the door is open."""
