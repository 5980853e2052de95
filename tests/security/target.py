"""What is attacked: a running server, and the requests as an attacker writes them, header by header."""

from __future__ import annotations

import base64
import http.client
import json
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
API = "/bootcamp/v1"
START_S, ANSWER_S = 120, 60
Headers = Sequence[tuple[str, str]]
JSON = [("Content-Type", "application/json")]


@dataclass(frozen=True)
class Answer:
    """An answer; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


@dataclass
class Target:
    """A running server.

    Args:
        port: on this machine.
        data: the folder where it keeps its journals.
        uploads: where its Gradio keeps uploads.
        secret: a picture outside of all folders that it may read; its text chunk and its bytes must never come out.
        folder: one that callers may name, with a picture to caption in it.
        login: `user:password` that it asks for.
        whole: whether all of its routes are ours; inside a WebUI only those of ours are, and our page's.
        page: where our page is.
    """

    port: int
    data: Path
    uploads: Path
    secret: Path
    folder: Path
    login: str | None = None
    whole: bool = True
    page: str = ""
    _config: dict[str, Any] | None = field(default=None, repr=False)

    @property
    def host(self) -> str:
        """Its own name."""
        return f"127.0.0.1:{self.port}"

    def send(
        self, method: str, path: str, body: Any = None, headers: Headers = (), *, host: str | None = None
    ) -> Answer:
        """Send one request with exactly these headers, `Host`, `Content-Length` and the log-in.

        Args:
            method: of HTTP.
            path: with its query.
            body: bytes as they are, all else as JSON.
            headers: names and values; one `Host` among them stands instead of the target's own.
            host: instead of the target's own.
        """
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_S)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            if not any(name.lower() == "host" for name, _ in headers):
                connection.putheader("Host", self.host if host is None else host)
            for name, value in (*headers, *self._login()):
                connection.putheader(name, value)
            if data is not None:
                connection.putheader("Content-Length", str(len(data)))
            connection.endheaders(data)
            return _answer(connection.getresponse())
        finally:
            connection.close()

    def _login(self) -> Headers:
        if self.login is None:
            return ()
        return [("Authorization", "Basic " + base64.b64encode(self.login.encode()).decode())]

    def has_page(self) -> bool:
        """Whether there is a page beside the API."""
        return self.send("GET", f"{self.page}/config").status == 200

    @property
    def config(self) -> dict[str, Any]:
        """What Gradio tells its page: components and functions."""
        if self._config is None:
            self._config = self.send("GET", f"{self.page}/config").json()
        return self._config

    @property
    def gradio_api(self) -> str:
        """Where Gradio's endpoints of our page begin: with `/gradio_api`, or nothing before Gradio 5."""
        return self.page + str(self.config.get("api_prefix", ""))

    def functions(self) -> Iterator[Function]:
        """The functions of our page that take something."""
        parts = {each["id"]: each for each in self.config["components"]}
        for at, each in enumerate(self.config["dependencies"]):
            inputs = [parts[number] for number in each["inputs"]]
            ours = any(str(part["props"].get("elem_id", "")).startswith("bootcamp") for part in inputs)
            if ours and each.get("backend_fn", True) is not False:
                yield Function(each.get("id", at), str(each.get("api_name") or ""), inputs, self.whole)

    def call(self, function: Function, data: Sequence[Any], headers: Headers = (), *, host: str | None = None) -> str:
        """Run a function of the page's, by the road that this Gradio has; returns everything that was answered."""
        session = secrets.token_hex(6)
        body = {"fn_index": function.number, "data": list(data), "session_hash": session, "event_data": None}
        sent = [*JSON, *headers]
        if str(self.config["version"]).startswith("3."):
            return _all(self.send("POST", f"{self.page}/run/predict", body, sent, host=host))
        joined = self.send("POST", f"{self.gradio_api}/queue/join", {**body, "trigger_id": None}, sent, host=host)
        if joined.status != 200:
            return _all(joined)
        return _all(joined) + self._events(f"{self.gradio_api}/queue/data?session_hash={session}")

    def _events(self, path: str) -> str:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_S)
        heard = ""
        try:
            connection.request("GET", path, headers={"Accept": "text/event-stream", **dict(self._login())})
            answer = connection.getresponse()
            while line := answer.readline():
                heard += line.decode("utf-8", "replace")
                if any(end in heard for end in ('"process_completed"', '"close_stream"', '"unexpected_error"')):
                    break
        finally:
            connection.close()
        return heard


@dataclass(frozen=True)
class Function:
    """A function of a page: its number, its name, its components as Gradio's configuration has them.

    Inside a WebUI some of its components may be the WebUI's, which do with a file what the WebUI does.
    """

    number: int
    name: str
    inputs: Sequence[Mapping[str, Any]]
    whole: bool = True

    def is_ours(self, part: Mapping[str, Any]) -> bool:
        """Whether a component is ours."""
        return self.whole or str(part["props"].get("elem_id", "")).startswith("bootcamp")

    def _takes_file(self, part: Mapping[str, Any]) -> bool:
        return self.is_ours(part) and part["type"] in {"file", "image", "gallery", "uploadbutton"}

    def takes_files(self) -> bool:
        """Whether a picture or a file is among what it takes."""
        return any(map(self._takes_file, self.inputs))

    def filled(self, value: Any) -> list[Any]:
        """Its data with this value wherever a file is taken, and else what the page begins with."""
        return [value if self._takes_file(each) else each["props"].get("value") for each in self.inputs]

    def everywhere(self, value: Any) -> list[Any]:
        """Its data with this value in every component that has one."""
        begins = [None if each["type"] == "state" else each["props"].get("value") for each in self.inputs]
        mine = [each["type"] != "state" and self.is_ours(each) for each in self.inputs]
        return [value if is_mine else begin for begin, is_mine in zip(begins, mine, strict=True)]


def _answer(response: http.client.HTTPResponse) -> Answer:
    return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, response.read())


def _all(answer: Answer) -> str:
    return f"{answer.status} {answer.text}"


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@contextmanager
def standalone(base: Path, secret: Path, folder: Path, *flags: str, errors: int | None = None) -> Iterator[Target]:
    """The real standalone server as a process of its own.

    Args:
        base: an empty folder for its data and its uploads.
        secret: of the target.
        folder: of the target.
        flags: more flags of `serve`.
        errors: where what it says in the terminal goes, as `subprocess` takes it.
    """
    port = free_port()
    target = Target(port, base / "data", base / "uploads", secret, folder)
    command = [sys.executable, "-m", "lib_bootcamp", "serve", "--port", str(port), "--allow-dir", str(folder), *flags]
    own = {"BOOTCAMP_VENV": "off", "BOOTCAMP_DATA": str(target.data), "GRADIO_TEMP_DIR": str(target.uploads)}
    with subprocess.Popen(command, cwd=ROOT, env={**os.environ, **own}, stderr=errors) as process:
        try:
            _wait(target, process)
            yield target
        finally:
            process.terminate()


def _wait(target: Target, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + START_S
    while time.monotonic() < end:
        try:
            if target.send("GET", f"{API}/info").status == 200:
                return
        except OSError:
            pass
        if process.poll() is not None:
            raise AssertionError(f"serve ended with {process.returncode}")
        time.sleep(0.2)
    raise AssertionError(f"serve did not answer within {START_S} s")
