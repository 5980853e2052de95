"""What a training teaches: a subject and a style that mini-sd cannot draw, by three methods and three seeds."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import pickle
import shutil
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from lib_bootcamp.context import Context
from lib_bootcamp.core.files.atomic import write_atomically
from lib_bootcamp.core.images.arrays import Image
from lib_bootcamp.core.images.codec import write_image
from lib_bootcamp.core.images.contact_sheet import contact_sheet
from lib_bootcamp.core.models.files import MODELS
from lib_bootcamp.hosts.standalone import SilentProgress, StandaloneHost
from tools.mini_models.shapes.measure import KINDS, hits
from tools.mini_models.shapes.scenes import plain_prompt, sample_scene

from .concepts import CONCEPTS, PICTURES, SIDE, within
from .teaching import CLASS_PICTURES, DRAWN, Teaching

NEEDS = ("torch", "diffusers", "open_clip")
ROOT = Path(__file__).resolve().parents[2]
STEPS, EVERY, SEEDS = 300, 100, 3
SAMPLES, OTHERS = 134, 67
"""Of each seed: 402 pictures that ask for the concept, and 201 that do not."""
COMMON: dict[str, Any] = {"steps": STEPS, "save_every": EVERY, "sample_every": 0, "resolution": SIDE, "batch": 8}
METHODS: dict[str, dict[str, Any]] = {
    "lora": {"rank": 32, "alpha": 32.0, "learning_rate": 5e-3, "text_rate": 1e-3},
    "locon": {"rank": 32, "alpha": 32.0, "conv_rank": 16, "learning_rate": 4e-3, "text_rate": 1e-3},
    "dora": {"rank": 32, "alpha": 32.0, "learning_rate": 5e-3, "text_rate": 1e-3},
}
METHODS["prior"] = {**METHODS["locon"], "method": "locon"}
TITLES = {"lora": "LoRA", "locon": "LoCon", "dora": "DoRA", "prior": "LoCon with class pictures"}
RESAMPLED = 2_000
KEPT = Path.home() / ".cache" / "sd-webui-bootcamp" / "benchmarks" / "learning"


@dataclass(frozen=True)
class Task:
    """One training, and the pictures that are drawn with it; without a method the checkpoint's own alone."""

    concept: str
    method: str
    seed: int
    samples: int
    others: int


@dataclass(frozen=True)
class Outcome:
    """What was drawn after a number of steps; a flag for each picture.

    Args:
        shows: whether it shows the concept.
        kept: whether it shows what else was asked for.
        others: the share of attributes that mini-clip recognizes where the concept was not asked for.
        pictures: the first ones.
    """

    shows: list[bool]
    kept: list[bool]
    others: list[float]
    pictures: list[tuple[str, Image]]


def work(task: Task) -> dict[int, Outcome]:
    """What a task gives, kept until the table is done: an hour that is broken off goes on where it was."""
    asked = (task, STEPS, EVERY, DRAWN, COMMON, METHODS.get(task.method), CLASS_PICTURES)
    kept = KEPT / f"{hashlib.sha256(repr(asked).encode()).hexdigest()[:16]}.pickle"
    if not kept.is_file():
        kept.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(kept, pickle.dumps(_work(task)))
    found: dict[int, Outcome] = pickle.loads(kept.read_bytes())
    return found


def _work(task: Task) -> dict[int, Outcome]:
    """Train, and judge the pictures of each file by its steps; 0: of the checkpoint alone."""
    import torch

    torch.set_num_threads(1)
    concept = next(each for each in CONCEPTS if each.name == task.concept)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        context = Context.of_terminal(StandaloneHost(device="cpu", data_dir=folder / "data"), SilentProgress())
        teaching = Teaching(concept, context, folder, task.seed)
        judge = _Judge(teaching, task)
        if not task.method:
            return {0: judge.outcome(0, task.others)}
        teaching.train({"method": task.method, **COMMON, **METHODS[task.method]}, prior=task.method == "prior")
        steps = [EVERY * at for at in range(1, STEPS // EVERY)] if task.seed == 0 else []
        found = {at: judge.outcome(at, 0) for at in steps}
        return {**found, STEPS: judge.outcome(STEPS, task.others)}


class _Judge:
    """Draws with a LoRA, the same prompts and seeds for each, and looks at the pictures."""

    def __init__(self, teaching: Teaching, task: Task) -> None:
        from lib_bootcamp.ml.clip.model import load_clip

        self.teaching, self.task, self.concept = teaching, task, teaching.concept
        self.clip = load_clip(str(MODELS / "mini-clip"), "cpu", "float32")

    def outcome(self, after: int, others: int) -> Outcome:
        """The pictures after so many steps that ask for the concept, and `others` that do not."""

        def draw(text: str, at: int) -> Image:
            return self.teaching.draw(text, at, float(after > 0), after % STEPS)

        rng = np.random.default_rng((self.task.seed, 21))
        asked = [self.concept.prompt(rng) for _ in range(self.task.samples)]
        drawn = [draw(text, at) for at, (text, _) in enumerate(asked)]
        scenes = [sample_scene(rng, plain=1.0) for _ in range(others)]
        plain = [draw(plain_prompt(scene), at) for at, scene in enumerate(scenes)]
        kept = self.concept.kept
        return Outcome(
            shows=[self.concept.shows(each) for each in drawn],
            kept=[
                kept(each, what) if kept else self._recognized(within(each), what) > 0.5
                for each, (_, what) in zip(drawn, asked, strict=True)
            ],
            others=[self._recognized(each, scene) for each, scene in zip(plain, scenes, strict=True)],
            pictures=[(text, each) for (text, _), each in zip(asked[:6], drawn[:6], strict=True)],
        )

    def _recognized(self, picture: Image, scene: Any) -> float:
        found = hits(self.clip, [picture], [scene])
        return float(np.mean([found[kind] for kind in KINDS]))


def run(quick: bool) -> dict[str, Any]:  # noqa: FBT001 - the signature of every benchmark
    """Every concept by every method and seed, beside the checkpoint alone on the same prompts and seeds."""
    seeds, samples, others = (1, 4, 2) if quick else (SEEDS, SAMPLES, OTHERS)
    methods = ("lora",) if quick else tuple(METHODS)
    tasks = [
        Task(concept.name, method, seed, samples, others)
        for concept in CONCEPTS
        for method in ("", *methods)
        for seed in range(seeds)
    ]
    with ProcessPoolExecutor(os.cpu_count(), mp_context=multiprocessing.get_context("spawn")) as pool:
        outcomes = list(tqdm(pool.map(work, tasks), total=len(tasks), mininterval=10))
    found = dict(zip(tasks, outcomes, strict=True))
    result: dict[str, Any] = {"seeds": seeds, "samples": samples * seeds, "others": others * seeds, "concepts": {}}
    sheet: list[tuple[str, Image]] = []
    for concept in CONCEPTS:
        rows = {}
        base = [found[Task(concept.name, "", seed, samples, others)][0] for seed in range(seeds)]
        for method in methods:
            made = [found[Task(concept.name, method, seed, samples, others)] for seed in range(seeds)]
            rows[method] = _row(base, [each[STEPS] for each in made])
            rows[method]["curve"] = {at: _share(each.shows) for at, each in made[0].items()}
        result["concepts"][concept.name] = rows
        first = [base[0], *(found[Task(concept.name, each, 0, samples, others)][STEPS] for each in methods)]
        for title, each in zip(("before", *(TITLES[name] for name in methods)), first, strict=True):
            sheet += [(f"{title}: {text}", picture) for text, picture in each.pictures]
    if not quick:
        shutil.rmtree(KEPT)
        write_image(ROOT / "docs" / "images" / "learned.png", contact_sheet(sheet, columns=6, cell_px=140))
    return result


def _share(flags: Sequence[float]) -> float:
    return round(float(np.mean(flags)), 4)


def _row(base: Sequence[Outcome], made: Sequence[Outcome]) -> dict[str, Any]:
    """The shares before and after, and the interval of their difference, paired by prompt and seed."""
    before, after = (np.array([flag for each in some for flag in each.shows], float) for some in (base, made))
    rng = np.random.default_rng(0)
    drawn = rng.integers(0, len(before), (RESAMPLED, len(before)))
    low, high = np.percentile((after - before)[drawn].mean(1), (2.5, 97.5))
    others = [[value for each in some for value in each.others] for some in (base, made)]
    return {
        "before": _share(before),
        "after": _share(after),
        "by_seed": [_share(each.shows) for each in made],
        "difference": [round(float(low), 4), round(float(high), 4)],
        "kept_before": _share([flag for each in base for flag in each.kept]),
        "kept": _share([flag for each in made for flag in each.kept]),
        "others_before": _share(others[0]),
        "others": _share(others[1]),
    }


def table(result: dict[str, Any]) -> str:
    """The result as Markdown."""
    lines = [
        f"{PICTURES} pictures, {STEPS} steps of 8, {result['seeds']} seeds; {result['samples']} drawings that ask for "
        f"what was taught and {result['others']} that do not, with the same prompts and seeds before and after.",
        "",
        "| | shows it before | after | difference, 95 % | each seed | rest of the prompt kept (before) "
        "| other concepts kept (before) | after 100, 200, 300 steps |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for concept, rows in result["concepts"].items():
        for method, row in rows.items():
            low, high = row["difference"]
            cells = [
                f"{concept}, {TITLES[method]}",
                f"{row['before']:.1%}",
                f"{row['after']:.1%}",
                f"{low:+.1%} to {high:+.1%}",
                ", ".join(f"{each:.0%}" for each in row["by_seed"]),
                f"{row['kept']:.1%} ({row['kept_before']:.1%})",
                f"{row['others']:.1%} ({row['others_before']:.1%})",
                ", ".join(f"{each:.0%}" for each in row["curve"].values()),
            ]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)
