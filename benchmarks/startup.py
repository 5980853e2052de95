"""What starting costs: processor time of whole commands, and of what they could not do without, in one run."""

from __future__ import annotations

import importlib.util
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
# what a WebUI has loaded when it runs scripts/bootcamp.py
WEBUI = """
import argparse, typing, types, sys, time, collections.abc
modules = types.ModuleType("modules")
modules.script_callbacks = types.SimpleNamespace(callback_map={}, add_callback=print)
modules.script_callbacks.__getattr__ = lambda name: lambda callback: None
modules.scripts = types.SimpleNamespace(Script=object, AlwaysVisible=object())
for each in ("app_started", "before_ui", "ui_settings", "ui_tabs", "cfg_denoiser", "cfg_after_cfg"):
    modules.script_callbacks.callback_map["callbacks_" + each] = []
modules.script_callbacks.add_callback = lambda *_, **__: None
sys.modules["modules"] = modules
source = open("scripts/bootcamp.py").read()
code = compile(source, "scripts/bootcamp.py", "exec")
began = time.process_time()
exec(code, {"__name__": "bootcamp", "__file__": "scripts/bootcamp.py"})
print(1000 * (time.process_time() - began))
"""
GUARDED = "from lib_bootcamp.ml.runtime.torchvision_guard import import_torchvision as found; found(); import "
BARE = {
    "python": "pass",
    "import numpy, PIL": "import numpy, PIL.Image",
    "import lib_bootcamp.catalog, all operations": "from lib_bootcamp.catalog import OPERATIONS",
}
MODELS = {
    "import torch": "import torch",
    "import torch, open_clip": f"{GUARDED}open_clip",
    "import torch, diffusers": f"{GUARDED}diffusers",
    "import torch, diffusers' pipeline": f"{GUARDED}diffusers; diffusers.StableDiffusionPipeline",
}
COMMANDS: dict[str, tuple[str, ...]] = {"--help": ("--help",), "qr --help": ("qr", "--help")}
WITH_MODELS: dict[str, tuple[str, ...]] = {
    "classify": ("classify", "examples/photo.jpg", "--labels", '["a red circle", "a blue square"]', "--quiet"),
    "txt2img": ("txt2img", "a red circle", "--seed", "1", "--out", "{folder}/drawn.png", "--quiet"),
}


def _seconds(arguments: Sequence[str]) -> float:
    """Processor time of a process in the user's own code, with bytecode, as everybody has it after the first start."""
    left_out = {"PYTHONDONTWRITEBYTECODE"}
    environment = {name: value for name, value in os.environ.items() if name not in left_out}
    environment |= {"BOOTCAMP_VENV": "off", "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    subprocess.run(
        [sys.executable, *arguments],
        check=True,
        env=environment,
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before


def _load_scripts() -> float:
    """Milliseconds of the WebUI's "load scripts"."""
    done = subprocess.run([sys.executable, "-c", WEBUI], check=True, cwd=ROOT, capture_output=True, text=True)
    return float(done.stdout)


def run(quick: bool) -> dict[str, Any]:  # noqa: FBT001 - the signature of every benchmark
    """Seconds of processor time of each, and milliseconds of "load scripts"."""
    models = all(importlib.util.find_spec(each) for each in ("torch", "open_clip", "diffusers"))
    with tempfile.TemporaryDirectory() as folder:
        statements = {**BARE, **(MODELS if models else {})}
        commands = {**COMMANDS, **(WITH_MODELS if models else {})}
        calls = {name: ["-c", each] for name, each in statements.items()}
        for name, words in commands.items():
            calls[name] = ["-m", "lib_bootcamp", *(word.format(folder=folder) for word in words)]
        times: dict[str, list[float]] = {name: [] for name in calls}
        for counted in (False, *[True] * (1 if quick else 3)):  # the first round writes bytecode
            for name, call in calls.items():
                if counted or name not in statements:
                    seconds = _seconds(call)
                    if counted:
                        times[name].append(seconds)
    return {
        "user_s": {name: round(statistics.median(each), 3) for name, each in times.items()},
        "load_scripts_ms": round(statistics.median(_load_scripts() for _ in range(5)), 2),
    }


def table(result: dict[str, Any]) -> str:
    """The result as Markdown."""
    rows = [f"| {name} | {seconds:.2f} |" for name, seconds in result["user_s"].items()]
    last = f'"load scripts" in the WebUI takes {result["load_scripts_ms"]:.1f} ms.'
    return "\n".join(["| a process of its own | user time in s |", "|---|---|", *rows, "", last])
