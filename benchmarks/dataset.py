"""The dataset report without CLIP beside a plain loop that decodes and scales the same files, and memory over many."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as Pil

from lib_bootcamp.context import Context
from lib_bootcamp.hosts.standalone import SilentProgress, StandaloneHost
from lib_bootcamp.operations.datasets.report import DatasetParams, dataset_report

from .clip import _resident

SIDE, SCALED = 1024, 512
TITLES = {
    "plain": f"Pillow: open, decode, scale to {SCALED} px",
    "report": "the report: decode, hash, sharpness, alpha, bucket, caption, tags, what is alike",
}


def _files(folder: Path, count: int, kind: str) -> list[Path]:
    """Photograph-like pictures of 1024 px with captions."""
    rng = np.random.default_rng(1)
    paths = []
    for number in range(count):
        soft = Pil.fromarray(rng.integers(0, 256, (24, 24, 3), dtype=np.uint8)).resize(
            (SIDE, SIDE), Pil.Resampling.BICUBIC
        )
        noisy = (np.asarray(soft) + rng.normal(0, 5, (SIDE, SIDE, 3))).clip(0, 255).astype(np.uint8)
        paths.append(folder / f"{number:05}.{kind}")
        Pil.fromarray(noisy).save(paths[-1], **({"quality": 90} if kind == "jpg" else {"compress_level": 4}))
        paths[-1].with_suffix(".txt").write_text(f"a soft picture, number {number}, colors", encoding="utf-8")
    return paths


def _plain(paths: Sequence[Path]) -> None:
    for path in paths:
        with Pil.open(path) as picture:
            picture.convert("RGB").resize((SCALED, SCALED))


def _report(folder: Path) -> Any:
    host = StandaloneHost(device="cpu")
    return dataset_report(DatasetParams(folder=str(folder)), Context.of_terminal(host, SilentProgress()))


def _per_second(calls: dict[str, Callable[[], Any]], count: int, rounds: int) -> dict[str, float]:
    """Files a second of each, in turn."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for number in range(rounds + 1):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            if number:
                times[name].append(time.perf_counter() - start)
    return {name: round(count / statistics.median(found), 1) for name, found in times.items()}


class _Watching(SilentProgress):
    """Notes the resident memory a quarter through and at the end."""

    def __init__(self) -> None:
        super().__init__()
        self.total, self.quarter, self.end = 1, 0.0, 0.0

    def start(self, title: str, total: int, unit: str) -> None:
        """Remember how many there are."""
        self.total = total

    def step(self, done: int, note: str = "") -> None:
        """Look at the memory twice."""
        if done == self.total // 4:
            self.quarter = _resident()
        if done == self.total:
            self.end = _resident()


def _memory(paths: Sequence[Path], count: int) -> dict[str, Any]:
    """A folder of many names of few files (hard links), each with its caption."""
    with tempfile.TemporaryDirectory(dir=paths[0].parent.parent) as name:
        for at in range(count):
            source = paths[at % len(paths)]
            os.link(source, Path(name) / f"{at:06}{source.suffix}")
            os.link(source.with_suffix(".txt"), Path(name) / f"{at:06}.txt")
        watching = _Watching()
        start = time.perf_counter()
        made = dataset_report(DatasetParams(folder=name), Context.of_terminal(StandaloneHost(device="cpu"), watching))
        seconds = time.perf_counter() - start
    return {
        "pictures": made.count,
        "quarter_mib": round(watching.quarter),
        "end_mib": round(watching.end),
        "whole_mib": round(_resident()),
        "seconds": round(seconds, 1),
    }


def run(quick: bool) -> dict[str, Any]:  # noqa: FBT001 - the signature of every benchmark
    """Files a second of the report and of the plain loop, for JPEG and PNG, and the memory of a long folder."""
    count, rounds, many = (16, 2, 64) if quick else (64, 5, 10_000)
    rows: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name:
        memory: dict[str, Any] = {}
        for kind in ("jpg", "png"):
            folder = Path(name) / kind
            folder.mkdir()
            paths = _files(folder, count, kind)
            calls: dict[str, Callable[[], Any]] = {
                "plain": lambda paths=paths: _plain(paths),
                "report": lambda folder=folder: _report(folder),
            }
            found = _per_second(calls, count, rounds)
            rows[kind] = {**found, "times": round(found["report"] / found["plain"], 2)}
            if kind == "jpg":
                memory = _memory(paths, many)
    return {"rows": rows, "memory": memory}


def table(result: dict[str, Any]) -> str:
    """The result as Markdown."""
    rows = result["rows"]
    lines = [
        f"| files/s, {SIDE} px | " + " | ".join(each.upper() for each in rows) + " |",
        "|---" * (len(rows) + 1) + "|",
    ]
    for name, title in TITLES.items():
        lines.append(f"| {title} | " + " | ".join(f"{each[name]:g}" for each in rows.values()) + " |")
    lines.append(
        "| the report against the loop | " + " | ".join(f"{each['times']:g} x" for each in rows.values()) + " |"
    )
    memory = result["memory"]
    summary = (
        f"Resident memory: {memory['quarter_mib']} MiB a quarter through a folder of {memory['pictures']:,} pictures, "
        f"{memory['end_mib']} MiB at its end, {memory['whole_mib']} MiB with the finished report "
        f"({memory['seconds']:g} s)."
    )
    return "\n".join([*lines, "", summary])
