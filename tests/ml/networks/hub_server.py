"""A small stand-in for the hub's API on this machine: repositories, commits, large files, and what it may refuse."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

TOKEN = "hf_test0123456789secret"


class HubServer(ThreadingHTTPServer):
    """Answers as the hub does for one who has `TOKEN`.

    Args:
        private: by repository, whether it is private.
        files: by repository, its files.
        commits: by repository, the message of each commit.
        large: endings of files that it wants by LFS.
        role: of the token, which is of the user "me" in the organization "us".
        refuses: the status of what begins with "METHOD /path".
    """

    private: dict[str, bool]
    files: dict[str, dict[str, bytes]]
    commits: dict[str, list[str]]
    refuses: dict[str, int]
    large: tuple[str, ...] = ()
    role: str = "write"
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.private, self.files, self.commits, self.refuses = {}, {}, {}, {}
        self.asked: list[str] = []
        self.stored: dict[str, bytes] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: HubServer

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def answer(self, status: int, found: Any = None, **headers: str) -> None:
        data = json.dumps(found if found is not None else {}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data)

    def handled(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = self.path.partition("?")[0]
        asked = f"{self.command} {path}"
        self.server.asked.append(asked)
        if path.startswith("/lfs/"):
            self.server.stored[path.removeprefix("/lfs/")] = body
            return self.answer(200)
        for head, status in self.server.refuses.items():
            if asked.startswith(head):
                # as unkind as a server can be: it says the token aloud
                return self.answer(status, {"error": f"no, {self.headers.get('authorization')}"})
        if self.headers.get("authorization") != f"Bearer {TOKEN}":
            return self.answer(401, {"error": "Invalid"}, X_Error_Message="Invalid credentials in Authorization header")
        return self.known(asked, path, body)

    do_GET = do_POST = do_PUT = handled

    def known(self, asked: str, path: str, body: bytes) -> None:
        server = self.server
        if asked == "POST /api/validate-yaml":
            return self.answer(200, {"errors": [], "warnings": []})
        if asked == "GET /api/whoami-v2":
            auth = {"type": "access_token", "accessToken": {"displayName": "x", "role": server.role}}
            return self.answer(200, {"type": "user", "name": "me", "orgs": [{"name": "us"}], "auth": auth})
        if asked == "POST /api/repos/create":
            return self.created(json.loads(body))
        repository = "/".join(path.removeprefix("/api/models").split("/")[1:3]).removesuffix(".git")
        if repository not in server.private:
            return self.answer(404, {"error": "Repository not found"}, X_Error_Code="RepoNotFound")
        if "/preupload/" in path:
            named = [each["path"] for each in json.loads(body)["files"]]
            modes = {each: "lfs" if each.endswith(server.large or ("\0",)) else "regular" for each in named}
            files = [{"path": each, "uploadMode": modes[each], "shouldIgnore": False} for each in named]
            return self.answer(200, {"files": files})
        if path.endswith("/info/lfs/objects/batch"):
            return self.batch(json.loads(body)["objects"])
        if "/commit/" in path:
            return self.committed(repository, [json.loads(line) for line in body.splitlines()])
        return self.answer(200, {"id": repository, "private": server.private[repository], "sha": "c" * 40})

    def created(self, given: dict[str, Any]) -> None:
        repository = f"{given['organization']}/{given['name']}"
        if repository in self.server.private:
            return self.answer(409, {"error": "You already created this model repo"})
        self.server.private[repository] = given.get("private", given.get("visibility") == "private")
        return self.answer(200, {"url": f"{self.server.url}/{repository}"})

    def batch(self, objects: list[dict[str, Any]]) -> None:
        made = [{**each, "actions": {"upload": {"href": f"{self.server.url}/lfs/{each['oid']}"}}} for each in objects]
        self.answer(200, {"transfer": "basic", "objects": made})

    def committed(self, repository: str, lines: list[dict[str, Any]]) -> None:
        files = self.server.files.setdefault(repository, {})
        for each in lines:
            value = each["value"]
            if each["key"] == "header":
                self.server.commits.setdefault(repository, []).append(value["summary"])
            elif each["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            else:
                data = self.server.stored[value["oid"]]
                assert hashlib.sha256(data).hexdigest() == value["oid"]
                files[value["path"]] = data
        url = f"{self.server.url}/{repository}/commit/{'d' * 40}"
        self.answer(200, {"commitUrl": url, "commitOid": "d" * 40, "success": True})


@contextmanager
def hub_server() -> Iterator[HubServer]:
    """A stand-in that answers inside of the block."""
    server = HubServer()
    working = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    working.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def logged_in(monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    """One that this process takes for the hub, with a person who is logged in."""
    from huggingface_hub import constants

    with hub_server() as server:
        monkeypatch.setattr(constants, "ENDPOINT", server.url)
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        yield server
