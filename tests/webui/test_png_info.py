"""The infotext reader beside the WebUI's own `parse_generation_parameters`, on texts of all kinds, in one process."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lib_bootcamp.core.png_info.infotext import parse, read, write

# Runs in the WebUI's Python: reads texts as JSON, writes what the WebUI's reader makes of each, or None where it fails.
PEER = """
import json, sys
asked, answered, data = sys.argv[1:4]
sys.argv = ["webui.py", "--data-dir", data, "--use-cpu", "all", "--no-half", "--skip-torch-cuda-test"]
from modules import initialize
initialize.imports()
from modules.infotext_utils import parse_generation_parameters
out = []
for text in json.load(open(asked, encoding="utf-8")):
    try:
        out.append(parse_generation_parameters(text))
    except Exception:
        out.append(None)
json.dump(out, open(answered, "w", encoding="utf-8"))
"""

# What the WebUI's reader adds where an infotext does not say it.
DEFAULTS = {
    "Clip skip": "1", "Hires resize-1": 0, "Hires resize-2": 0, "Hires sampler": "Use same sampler",
    "Hires schedule type": "Use same scheduler", "Hires checkpoint": "Use same checkpoint", "Hires prompt": "",
    "Hires negative prompt": "", "Mask mode": "Inpaint masked", "Masked content": "original",
    "Inpaint area": "Whole picture", "Masked area padding": 32, "RNG": "GPU", "Schedule type": "Automatic",
    "Schedule max sigma": 0, "Schedule min sigma": 0, "Schedule rho": 0, "VAE Encoder": "Full", "VAE Decoder": "Full",
    "FP8 weight": "Disable", "Cache FP16 weight for LoRA": False, "Emphasis": "Original",
    "Refiner switch by sampling steps": False,
}  # fmt: skip
# What it adds by the version that wrote the text.
BY_VERSION = {
    "Old prompt editing timelines": True, "Pad conds v0": True, "Downcast alphas_cumprod": True,
    "Refiner switch by sampling steps": True,
}  # fmt: skip

KNOWN = ["Steps", "Sampler", "CFG scale", "Seed", "Size", "Model hash", "Model", "Version", "Hypernet", "Clip skip",
         "First pass size", "Hires upscale", "ADetailer model", "ControlNet 0", "Lora hashes", "RNG"]  # fmt: skip
NAMES = st.sampled_from(KNOWN) | st.text("ab Z0-/_é:", min_size=1, max_size=8)
VALUES = st.one_of(
    st.sampled_from(
        ["20", "7.5", "512x768", "0x0", "v1.10.1", "1.5.2", '"a, b: c"', '"x', '""', '"', '"a" b', "Euler a"]
    ),
    st.text('ab",:\\ \t1xé', max_size=12),
    st.text(max_size=12).map(lambda each: json.dumps(each, ensure_ascii=False)),
)
LINES = st.text('ab ,:"(<>[]\n\t\\1', max_size=20) | st.sampled_from(["Negative prompt: bad", "", "  ", "(a:1.2) [b]"])
SETTINGS = st.lists(st.tuples(NAMES, VALUES), max_size=7).map(lambda each: ", ".join(f"{k}: {v}" for k, v in each))
TEXTS = st.tuples(st.lists(LINES, max_size=4), SETTINGS).map(lambda each: "\n".join([*each[0], each[1]]))


def examples(count: int) -> list[str]:
    """Many different texts."""
    found: dict[str, None] = {}

    @settings(max_examples=count, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(TEXTS)
    def collect(text: str) -> None:
        found.setdefault(text.encode("utf-8", "replace").decode())

    collect()
    return list(found)


def asked_of_the_webui(texts: list[str], webui_dir: Path, python: str, folder: Path) -> list[dict[str, Any] | None]:
    asked, answered = folder / "asked.json", folder / "answered.json"
    asked.write_text(json.dumps(texts), encoding="utf-8")
    (folder / "data").mkdir()
    command = [python, "-c", PEER, str(asked), str(answered), str(folder / "data")]
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "", "PYTHONPATH": str(webui_dir)}
    done = subprocess.run(command, cwd=webui_dir, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return list(json.loads(answered.read_text(encoding="utf-8")))


def disagreement(text: str, theirs: dict[str, Any]) -> str:
    """What is not the same; empty where all is."""
    made = parse(text)
    ours = {**made.fields, "Prompt": made.prompt, "Negative prompt": made.negative_prompt}
    for name, value in ours.items():
        reported = theirs.get(name)
        if reported != value and str(reported) != value and not (name in BY_VERSION and reported is True):
            return f"{name}: {value!r} here, {reported!r} there"
    for name in theirs.keys() - ours.keys():
        if theirs[name] != DEFAULTS.get(name) and theirs[name] != BY_VERSION.get(name):
            return f"{name}: only there, {theirs[name]!r}"
    return ""


def test_the_infotext_reader_agrees_with_the_webuis(webui_dir: Path, webui_python: str, tmp_path: Path) -> None:
    texts = examples(3000)
    # what is written from a record is read by the WebUI as the record's fields
    written = [write(read(text)) for text in texts]
    answers = asked_of_the_webui([*texts, *written], webui_dir, webui_python, tmp_path)
    read_by_both = [
        (text, theirs) for text, theirs in zip([*texts, *written], answers, strict=True) if theirs is not None
    ]
    assert len(read_by_both) > len(texts)
    wrong = [(text, found) for text, theirs in read_by_both if (found := disagreement(text, theirs))]
    assert not wrong, wrong[:5]
