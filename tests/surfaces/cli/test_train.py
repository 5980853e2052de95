"""A training in a real process, ended by kill -9 and by Ctrl+C: it makes bit for bit what an unbroken one makes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.ml.needs import skip_without_models

skip_without_models()

from lib_bootcamp.core.networks.container import model_hash  # noqa: E402
from tests.ml.training import material  # noqa: E402

ROOT = Path(__file__).resolve().parents[3]
pytestmark = [
    pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them"),
    pytest.mark.skipif(bool(os.environ.get("BOOTCAMP_PINS")), reason="run with the standalone lock alone"),
]


def started(data: Path, *arguments: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "BOOTCAMP_VENV": "off", "BOOTCAMP_DATA": str(data), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "lib_bootcamp", *arguments, "--device", "cpu"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, cwd=ROOT, env=environment, text=True, **pipes)  # type: ignore[call-overload,no-any-return]


def training(data: Path, pictures: Path, out: Path, method: str) -> subprocess.Popen[str]:
    sizes = ("--steps", "12", "--resolution", "64", "--rank", "4", "--seed", "2", "--batch", "2", "--method", method)
    return started(data, "train", str(pictures), "--name", "zorb", "--output-folder", str(out), *sizes)


def until(process: subprocess.Popen[str], step: int) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith(f"step {step}:"):
            return
    assert process.stderr is not None
    raise AssertionError(process.stderr.read())


def ended(process: subprocess.Popen[str], code: int = 0) -> str:
    out, errors = process.communicate(timeout=300)
    assert process.returncode == code, errors
    return out


@pytest.mark.parametrize("method", ["lora", "dreambooth"])
def test_killed_paused_and_resumed_it_makes_the_same_file(tmp_path: Path, method: str) -> None:
    pictures = material.pictures(tmp_path / "pictures")
    ended(training(tmp_path / "whole", pictures, tmp_path / "out-whole", method))
    data, out = tmp_path / "broken", tmp_path / "out-broken"
    killed = training(data, pictures, out, method)
    until(killed, 4)
    killed.kill()
    killed.wait()
    paused = started(data, "jobs", "resume", "1")
    until(paused, 8)
    paused.send_signal(signal.SIGINT)
    assert "To resume it" in ended(paused, 130)
    assert not (out / "zorb.safetensors").exists()
    listed = json.loads(ended(started(data, "jobs", "resume", "1", "--json")))
    assert listed["state"] == "done"
    whole, broken = ((each / "zorb.safetensors").read_bytes() for each in (tmp_path / "out-whole", out))
    assert model_hash(whole) == model_hash(broken)
