"""A LoRA's steps on the small checkpoint: ours, kohya-ss/sd-scripts where it is there, and a bare loop, in turn.

`SD_SCRIPTS_DIR` and `SD_SCRIPTS_PYTHON` name a checkout of sd-scripts and the Python that it runs with.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.learning.concepts import CONCEPTS, PICTURES, SIDE
from lib_bootcamp.core.models.files import MODELS

from .exact import difference, killed

NEEDS = ("torch", "diffusers")
ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
ROUNDS, STEPS, BATCH = 3, 60, 4
TITLES = {"bare": "bare loop", "ours": "ours", "sd-scripts": "sd-scripts"}
FILE, EXACT_STEPS = "zorb.safetensors", 24
SEED, RANK, ALPHA, RATE = 1, 16, 8, 1e-4


def _peer() -> tuple[Path, str] | None:
    """sd-scripts' folder and its Python."""
    folder, python = os.environ.get("SD_SCRIPTS_DIR"), os.environ.get("SD_SCRIPTS_PYTHON")
    return (Path(folder), python) if folder and python else None


class _Bench:
    """The pictures, and a run of each trainer on them.

    Args:
        folder: an empty one.
        steps: of each run that is timed.
    """

    def __init__(self, folder: Path, steps: int) -> None:
        self.folder, self.steps = folder, steps
        concept = CONCEPTS[0]
        concept.write(folder / "pictures", SEED)
        shutil.copytree(MODELS / "mini-sd" / "tokenizer", folder / "tokenizers" / "openai_clip-vit-large-patch14")
        self._number = 0

    def out(self) -> Path:
        """A new folder."""
        self._number += 1
        made = self.folder / f"out-{self._number}"
        made.mkdir()
        return made

    def run(self, name: str) -> dict[str, Any]:
        """Run a trainer in a process of its own; gives what its clock measured."""
        out = self.out()
        if name == "bare":
            command = [sys.executable, "-m", "benchmarks.train.bare", *self._clocked(out), str(self.steps), str(BATCH)]
            self.call(command, ROOT, out)
        elif name == "ours":
            ours = [sys.executable, "-m", "benchmarks.train.with_ours", *self._clocked(out)]
            self.call([*ours, *self.train(out, self.steps)], ROOT, out)
        else:
            self.sd_scripts(out, "--max_train_steps", str(self.steps))
        found: dict[str, Any] = json.loads((out / "report.json").read_text(encoding="utf-8"))
        return found

    def exact(self, steps: int) -> dict[str, Any]:
        """How far files of trainings that were broken off lie from those that were not."""
        whole, broken = self.out(), self.out()
        command = [sys.executable, "-m", "lib_bootcamp"]
        self.call([*command, *self.train(whole, steps)], ROOT, whole)
        at = killed(
            [*command, *self.train(broken, steps)],
            [*command, "jobs", "resume", "1"],
            steps,
            cwd=ROOT,
            env=self._environment(broken),
        )
        found: dict[str, Any] = {"killed_at": at, "of": steps, "ours": difference(whole / FILE, broken / FILE)}
        if _peer():
            whole, resumed = self.out(), self.out()
            per_epoch = PICTURES // BATCH
            given = ("--max_train_steps", str(2 * per_epoch), "--save_every_n_epochs", "1", "--save_state")
            self.sd_scripts(whole, *given)
            self.sd_scripts(resumed, *given, "--resume", str(whole / "zorb-000001-state"))
            found["sd-scripts"] = difference(whole / FILE, resumed / FILE)
        return found

    def train(self, out: Path, steps: int) -> list[str]:
        """Our command's arguments."""
        return [
            "train", str(self.folder / "pictures"), "--name", "zorb", "--output-folder", str(out),
            "--steps", str(steps), "--batch", str(BATCH), "--rank", str(RANK), "--alpha", str(ALPHA),
            "--learning-rate", str(RATE), "--text-rate", "0", "--resolution", str(SIDE), "--seed", str(SEED),
            "--sample-every", "0", "--schedule", "constant", "--warmup", "0",
        ]  # fmt: skip

    def sd_scripts(self, out: Path, *more: str) -> None:
        """Run sd-scripts with the same settings."""
        peer = _peer()
        assert peer is not None
        command = [
            peer[1], str(HERE / "with_sd_scripts.py"), *self._clocked(out),
            "--pretrained_model_name_or_path", str(MODELS / "mini-sd"),
            "--tokenizer_cache_dir", str(self.folder / "tokenizers"),
            "--train_data_dir", str(self._kohya()), "--caption_extension", ".txt",
            "--resolution", str(SIDE), "--output_dir", str(out), "--output_name", "zorb",
            "--network_module", "networks.lora", "--network_dim", str(RANK), "--network_alpha", str(ALPHA),
            "--network_train_unet_only", "--learning_rate", str(RATE), "--lr_scheduler", "constant",
            "--optimizer_type", "AdamW", "--train_batch_size", str(BATCH),
            "--mixed_precision", "no", "--save_precision", "fp16", "--save_model_as", "safetensors",
            "--cache_latents", "--max_data_loader_n_workers", "0", "--seed", str(SEED), "--min_snr_gamma", "5", *more,
        ]  # fmt: skip
        self.call(command, peer[0], out)

    def call(self, command: Sequence[str], cwd: Path, out: Path) -> None:
        """Run a command to its end.

        Raises:
            RuntimeError: it did not end well.
        """
        made = subprocess.run(command, cwd=cwd, env=self._environment(out), capture_output=True, text=True, check=False)
        if made.returncode:
            raise RuntimeError(f"{command[1:3]}: exit code {made.returncode}\n{made.stderr[-2000:]}")

    def _clocked(self, out: Path) -> tuple[str, str]:
        return str(out / "report.json"), str(time.time())

    def _environment(self, out: Path) -> dict[str, str]:
        return {
            **os.environ,
            "BOOTCAMP_VENV": "off",
            "BOOTCAMP_DATA": str(out / "data"),
            "OMP_NUM_THREADS": "1",
            "OMP_WAIT_POLICY": "PASSIVE",
            "HF_HUB_OFFLINE": "1",
            "PYTHONUNBUFFERED": "1",
        }

    def _kohya(self) -> Path:
        """The pictures as sd-scripts wants them, in a folder whose name has the repeats."""
        folder = self.folder / "kohya"
        if not folder.is_dir():
            shutil.copytree(self.folder / "pictures", folder / "1_zorb")
        return folder


def run(quick: bool) -> dict[str, Any]:  # noqa: FBT001 - the signature of every benchmark
    """Rounds of all in turn; each ratio is the median of the rounds' own."""
    names = ["bare", "ours", *(["sd-scripts"] if _peer() else [])]
    with tempfile.TemporaryDirectory() as folder:
        bench = _Bench(Path(folder), 12 if quick else STEPS)
        exact = bench.exact(EXACT_STEPS)
        rounds = [{name: bench.run(name) for name in names} for _ in range(1 if quick else ROUNDS)]
    return {
        "exact": exact,
        "rounds": len(rounds),
        "steps": bench.steps,
        "rows": {name: _row([each[name] for each in rounds], [each["ours"] for each in rounds]) for name in names},
    }


def _row(own: Sequence[dict[str, Any]], ours: Sequence[dict[str, Any]]) -> dict[str, Any]:
    def middle(key: str) -> float:
        return round(statistics.median(each[key] for each in own), 4)

    def ratio(key: str) -> float:
        return round(statistics.median(each[key] / mine[key] for each, mine in zip(own, ours, strict=True)), 3)

    keys = ("step_s", "first_step_s", "peak_mb")
    return {key: middle(key) for key in keys} | {f"{key}_to_ours": ratio(key) for key in keys}


def table(result: dict[str, Any]) -> str:
    """The result as Markdown."""
    lines = [
        f"A LoRA of rank {RANK} on mini-sd, the UNet's attention alone, batch {BATCH}, {SIDE} px, 32 bits, one thread, "
        f"latents kept; {result['steps']} steps, {result['rounds']} rounds in turn, medians. "
        "In brackets: to ours. sd-scripts computes the text in each step; ours keeps it.",
        "",
        "| | a step | start to first step | peak memory |",
        "|---|---|---|---|",
    ]
    for name, row in result["rows"].items():
        cells = [
            TITLES[name],
            f"{1000 * row['step_s']:.0f} ms ({row['step_s_to_ours']:.2f})",
            f"{row['first_step_s']:.1f} s ({row['first_step_s_to_ours']:.2f})",
            f"{row['peak_mb']:.0f} MB ({row['peak_mb_to_ours']:.2f})",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    exact = result["exact"]
    steps = ", ".join(map(str, exact["killed_at"]))
    lines += [
        "",
        f"Killed (`kill -9`) at steps {steps} of {exact['of']} and resumed each time, ours {_apart(exact['ours'])} "
        "a training that was not.",
    ]
    if "sd-scripts" in exact:
        lines[-1] += (
            " sd-scripts, resumed once at the end of an epoch from the state that it had saved, "
            f"{_apart(exact['sd-scripts'])} its own."
        )
    return "\n".join(lines)


def _apart(share: float) -> str:
    return "gives the same file, bit for bit, as" if not share else f"differs by {share:.1%} of the length of `up` from"
