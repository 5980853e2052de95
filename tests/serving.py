"""A running `serve`, shared by the tests of the page and of the commands in the docs."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A running `serve`."""
    pytest.importorskip("gradio")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    # what the tests make may be named over the network
    allowed = ["--allow-dir", tempfile.gettempdir()]
    command = [sys.executable, "-m", "lib_bootcamp", "serve", "--port", str(port), *allowed]
    environment = {**os.environ, "BOOTCAMP_VENV": "off", "BOOTCAMP_DATA": str(tmp_path_factory.mktemp("data"))}
    with subprocess.Popen(command, cwd=ROOT, env=environment) as server:
        try:
            url = f"http://127.0.0.1:{port}"
            _wait(url, server)
            yield url
        finally:
            server.terminate()


def _wait(url: str, server: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        try:
            with urllib.request.urlopen(f"{url}/bootcamp/v1/info", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            if server.poll() is not None:
                pytest.fail(f"serve ended with {server.returncode}")
            time.sleep(0.2)
    pytest.fail("serve did not answer within two minutes")
