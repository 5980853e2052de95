"""A real WebUI with this checkout as an extension, on 127.0.0.1, in a data folder of its own.

`WEBUI_DIR` is an AUTOMATIC1111 v1.10.1 that has `extensions/sd-webui-controlnet`, `WEBUI_PYTHON` its Python (default:
`venv/bin/python` in it). Nothing below WEBUI_DIR is written but what the WebUI writes itself. CHROMIUM is a browser for
the page's tests (default /usr/bin/chromium). `FORGE_DIR` and `FORGE_PYTHON` are the same for Forge.
"""

from __future__ import annotations

import base64
import io
import json
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

REPOSITORY = Path(__file__).resolve().parents[2]
PARTS = ("lib_bootcamp", "models", "scripts", "javascript", "style.css", "preload.py")
START_S, ANSWER_S = 900, 300  # a start takes 20 s, and minutes on a busy machine
UPLOADS = "uploads"  # below the data folder: what Gradio was sent
LOGIN = "me:correct horse"
RESOLVER = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"


@dataclass
class Webui:
    """A running WebUI.

    Args:
        url: without a slash at its end.
        data: its --data-dir.
        log: what it printed.
    """

    url: str
    data: Path
    log: Path
    process: subprocess.Popen[bytes] = field(repr=False)

    def request(
        self, path: str, body: Any = None, *, method: str | None = None, login: str | None = None, **headers: str
    ) -> urllib.request.Request:
        """A request; with a body a POST where nothing else is asked for.

        Args:
            path: below the address.
            body: sent as JSON.
            method: of HTTP.
            login: `user:password`.
            headers: more of them.
        """
        reported = {"Content-Type": "application/json", **headers}
        if login is not None:
            reported["Authorization"] = "Basic " + base64.b64encode(login.encode()).decode()
        data = None if body is None else json.dumps(body).encode()
        return urllib.request.Request(self.url + path, data, reported, method=method)

    def call(self, path: str, body: Any = None, **more: Any) -> tuple[int, Any]:
        """Send one request; returns status and JSON."""
        try:
            with urllib.request.urlopen(self.request(path, body, **more), timeout=ANSWER_S) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"null")

    def draw(self, kind: str = "txt2img", **more: Any) -> Drawn:
        """Draw with few steps; `section` is what the Bootcamp section is given."""
        body = {"prompt": "a red house", "steps": 2, "width": 256, "height": 256, "seed": 1, **more}
        if "section" in body:
            scripts = {**body.get("alwayson_scripts", {}), "bootcamp": {"args": body.pop("section")}}
            body["alwayson_scripts"] = scripts
        status, answer = self.call(f"/sdapi/v1/{kind}", body)
        if status != 200:
            return Drawn(status, answer, [], {})
        return Drawn(status, answer, [pixels(each) for each in answer["images"]], json.loads(answer["info"]))


MINI = "with-mini-sd.safetensors"  # not the first by name: that one is loaded at start


@contextmanager
def with_mini(webui: Webui) -> Iterator[Webui]:
    """The WebUI with the small checkpoint that means something loaded, until the block ends."""
    # two threads that load a checkpoint at once stand in each other's way: the one of the start has to be there
    assert webui.draw(steps=1).status == 200
    before = webui.call("/sdapi/v1/options")[1]["sd_model_checkpoint"]
    assert webui.call("/sdapi/v1/options", {"sd_model_checkpoint": MINI})[0] == 200
    assert f"Model: {Path(MINI).stem}" in webui.draw(steps=1).texts[0]
    try:
        yield webui
    finally:
        webui.call("/sdapi/v1/options", {"sd_model_checkpoint": before})


@dataclass
class Drawn:
    """An answer of txt2img or img2img; pictures are uint8 [H, W, 3]."""

    status: int
    answer: Any
    pictures: list[np.ndarray]
    info: dict[str, Any]

    @property
    def texts(self) -> list[str]:
        """The pictures' infotexts."""
        return list(self.info["infotexts"])


def pixels(encoded: str) -> np.ndarray:
    """A picture in base64 as uint8 [H, W, 3]."""
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(encoded))).convert("RGB"))


def encoded(picture: np.ndarray) -> str:
    """A picture as PNG in base64."""
    out = io.BytesIO()
    Image.fromarray(picture).save(out, "PNG")
    return base64.b64encode(out.getvalue()).decode()


@pytest.fixture(scope="session")
def webui_dir() -> Path:
    """The WebUI to start; skips where there is none."""
    given = os.environ.get("WEBUI_DIR")
    if not given:
        pytest.skip("WEBUI_DIR is not set: give the folder of an AUTOMATIC1111 v1.10.1 with sd-webui-controlnet")
    folder = Path(given)
    if not (folder / "extensions" / "sd-webui-controlnet").is_dir():
        pytest.skip(f"{folder}/extensions/sd-webui-controlnet is not there: install ControlNet in that WebUI")
    return folder


@pytest.fixture(scope="session")
def webui_python(webui_dir: Path) -> str:
    """The WebUI's Python."""
    return os.environ.get("WEBUI_PYTHON") or str(webui_dir / "venv" / "bin" / "python")


@pytest.fixture(scope="session")
def models(webui_dir: Path, webui_python: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the tiny models."""
    out = tmp_path_factory.mktemp("models")
    maker = Path(__file__).with_name("make_models.py")
    command = [webui_python, str(maker), "--webui", str(webui_dir), "--out", str(out)]
    done = subprocess.run(command, cwd=webui_dir, capture_output=True, text=True, check=False, env=environment())
    assert done.returncode == 0, done.stderr[-3000:]
    export_mini(webui_python, out / "checkpoints")
    return out


def export_mini(python: str, folder: Path) -> None:
    """The small checkpoint that means something, written as one file by the program itself with a WebUI's packages."""
    command = [python, "-m", "lib_bootcamp", "--checkpoint", "mini", "export", "--out", str(folder / MINI)]
    own = {**environment(), "BOOTCAMP_VENV": "off"}
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False, env=own)
    assert done.returncode == 0, done.stderr[-3000:]


class Starter:
    """Starts WebUIs and stops them all."""

    FLAGS: tuple[str, ...] = ("--use-cpu", "all", "--no-half")

    def __init__(self, webui_dir: Path, python: str, models: Path, root: Path) -> None:
        self._dir, self._python, self._models, self._root = webui_dir, python, models, root
        self._started: list[Webui] = []

    def start(
        self, *flags: str, extension: bool = True, controlnet: bool = True, named: bool = True, **settings: Any
    ) -> Webui:
        """Start one and wait until it answers.

        Args:
            flags: more flags of the command line.
            extension: whether this checkout is among its extensions.
            controlnet: whether ControlNet is.
            named: whether its address is given with `--server-name`; its page counts as one that others reach then.
            settings: what its config.json holds.
        """
        data = self._root / f"data{len(self._started)}"
        data.mkdir(parents=True)
        self._extensions(data / "extensions", extension=extension, controlnet=controlnet)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [
            self._python, "launch.py", "--skip-prepare-environment", "--skip-torch-cuda-test",
            "--skip-python-version-check", *self.FLAGS, "--no-download-sd-model", "--do-not-download-clip", "--api",
            "--disable-console-progressbars", *(("--server-name", "127.0.0.1") if named else ()), "--port", str(port),
            "--data-dir", str(data), "--models-dir", str(data / "models"),
            "--ckpt-dir", str(self._models / "checkpoints"), *flags,
        ]  # fmt: skip
        if settings:
            (data / "config.json").write_text(json.dumps(settings), encoding="utf-8")
        log = data / "webui.log"
        webui = Webui(f"http://127.0.0.1:{port}", data, log, self._run(command, log))
        self._started.append(webui)
        self._wait(webui)
        return webui

    def kill_and_start(self, webui: Webui) -> None:
        """End a WebUI as `kill -9` does, and start it again with its flags, its port and its data."""
        webui.process.kill()
        webui.process.wait()
        webui.process = self._run(webui.process.args, webui.log)
        self._wait(webui)

    def _run(self, command: Any, log: Path) -> subprocess.Popen[bytes]:
        own = {**environment(), "GRADIO_TEMP_DIR": str(log.parent / UPLOADS)}
        with log.open("wb") as out:
            return subprocess.Popen(command, cwd=self._dir, stdout=out, stderr=subprocess.STDOUT, env=own)

    def _extensions(self, folder: Path, *, extension: bool, controlnet: bool) -> None:
        if controlnet:
            own = folder / "sd-webui-controlnet"
            without = shutil.ignore_patterns("*.safetensors", "*.pth", "*.git", "downloads", "__pycache__")
            shutil.copytree(self._dir / "extensions" / "sd-webui-controlnet", own, ignore=without)
            shutil.copytree(self._models / "controlnet", own / "models", dirs_exist_ok=True)
            shutil.copytree(self._models / "annotator", own / "annotator" / "downloads", dirs_exist_ok=True)
            shim = folder / "zz-narrow-controlnet" / "scripts"
            shim.mkdir(parents=True)
            shutil.copy(self._models / "narrow_controlnet.py", shim)
        if extension:
            self._install(folder)

    @staticmethod
    def _install(folder: Path) -> None:
        for part in PARTS:
            source, target = REPOSITORY / part, folder / "sd-webui-bootcamp" / part
            target.parent.mkdir(parents=True, exist_ok=True)
            copy = shutil.copytree if source.is_dir() else shutil.copy
            copy(source, target)

    @staticmethod
    def _wait(webui: Webui) -> None:
        end = time.monotonic() + START_S
        while time.monotonic() < end:
            if webui.process.poll() is not None:
                break
            # printed after every extension's on_app_started; the API answers a moment earlier
            if b"Startup time:" in webui.log.read_bytes():
                try:
                    webui.call("/sdapi/v1/options")
                except OSError:
                    pass
                else:
                    return
            time.sleep(0.5)
        pytest.fail(f"the WebUI did not start: {webui.log.read_text(errors='replace')[-3000:]}")

    def stop(self) -> None:
        """Stop all."""
        for webui in self._started:
            webui.process.terminate()
            try:
                webui.process.wait(20)
            except subprocess.TimeoutExpired:
                webui.process.kill()


def environment() -> dict[str, str]:
    return {**os.environ, "CUDA_VISIBLE_DEVICES": "", "GRADIO_ANALYTICS_ENABLED": "False", "OMP_WAIT_POLICY": "PASSIVE"}


@pytest.fixture(scope="session")
def starter(
    webui_dir: Path, webui_python: str, models: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Starter]:
    """Starts WebUIs with flags of a test's own."""
    made = Starter(webui_dir, webui_python, models, tmp_path_factory.mktemp("webui"))
    yield made
    made.stop()


@pytest.fixture(scope="session")
def allowed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that callers of the WebUIs may name."""
    return tmp_path_factory.mktemp("allowed")


@pytest.fixture(scope="session")
def webui(starter: Starter, allowed: Path) -> Webui:
    """A WebUI with the extension."""
    return starter.start("--bootcamp-allow-dir", str(allowed))


@pytest.fixture(scope="session")
def guarded(starter: Starter, allowed: Path) -> Webui:
    """One whose API asks for `LOGIN`, without a page."""
    return starter.start("--nowebui", "--api-auth", LOGIN, "--bootcamp-allow-dir", str(allowed))


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium through Playwright; not started where there is no WebUI, for its loop stands in others' way."""
    if not any(os.environ.get(each) for each in ("WEBUI_DIR", "FORGE_DIR")):
        pytest.skip("WEBUI_DIR is not set")
    sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    path = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    if not Path(path).exists():
        pytest.skip(f"{path} is not there; set CHROMIUM")
    with sync_api.sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", RESOLVER])
        yield launched
        launched.close()
