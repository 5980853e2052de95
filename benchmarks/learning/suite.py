"""What a training teaches: a subject and a style that mini-sd cannot draw, by each method and with three seeds."""

from __future__ import annotations

import multiprocessing
import os
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from lib_bootcamp.context import Context
from lib_bootcamp.core.images.arrays import Image
from lib_bootcamp.core.images.codec import write_image
from lib_bootcamp.core.images.contact_sheet import contact_sheet
from lib_bootcamp.core.models.files import MODELS
from lib_bootcamp.hosts.standalone import SilentProgress, StandaloneHost
from lib_bootcamp.operations.draw.txt2img import TXT2IMG
from lib_bootcamp.operations.train.train import TRAIN
from lib_bootcamp.operations.train.work import TrainWork
from tools.mini_models.shapes.measure import KINDS, hits
from tools.mini_models.shapes.scenes import plain_prompt, sample_scene

from .concepts import CONCEPTS, PICTURES, SIDE, Concept, within

NEEDS = ("torch", "diffusers", "open_clip")
ROOT = Path(__file__).resolve().parents[2]
STEPS, EVERY, SEEDS = 300, 100, 3
SAMPLES, OTHERS = 134, 67
"""Of each seed: 402 pictures that ask for the concept, and 201 that do not."""
DRAWN: dict[str, Any] = {"width": SIDE, "height": SIDE, "steps": 12, "cfg_scale": 5.0}
COMMON: dict[str, Any] = {"steps": STEPS, "save_every": EVERY, "sample_every": 0, "resolution": SIDE, "batch": 8}
METHODS: dict[str, dict[str, Any]] = {
    "lora": {"rank": 32, "alpha": 32.0, "learning_rate": 5e-3, "text_rate": 1e-3},
    "locon": {"rank": 32, "alpha": 32.0, "conv_rank": 16, "learning_rate": 4e-3, "text_rate": 1e-3},
    "dora": {"rank": 32, "alpha": 32.0, "learning_rate": 5e-3, "text_rate": 1e-3},
}
METHODS["prior"] = {**METHODS["locon"], "method": "locon"}
METHODS["dreambooth"] = {"learning_rate": 6e-4, "text_rate": 0.0}
TITLES = {"lora": "LoRA", "locon": "LoCon", "dora": "DoRA", "prior": "LoCon with class pictures"}
TITLES["dreambooth"] = "DreamBooth"
CLASS_PICTURES = 64
"""What mini-sd draws of plain prompts, so that it is not forgotten."""
RESAMPLED = 2_000


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
    """Train, and judge the pictures of each file by its steps; 0: of the checkpoint alone."""
    import torch

    torch.set_num_threads(1)
    concept = next(each for each in CONCEPTS if each.name == task.concept)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        context = Context.of_terminal(StandaloneHost(device="cpu", data_dir=folder / "data"), SilentProgress())
        judge = _Judge(concept, context, folder / "out", task)
        if not task.method:
            return {0: judge.outcome("", task.others)}
        concept.write(folder / "pictures", task.seed)
        if task.method == "prior":
            judge.write_class(folder / "class")
        _train(task, context, folder)
        steps = [EVERY * at for at in range(1, STEPS // EVERY)] if task.seed == 0 else []
        found = {at: judge.outcome(f"{concept.name}-{at:06}", 0) for at in steps}
        return {**found, STEPS: judge.outcome(concept.name, task.others)}


def _train(task: Task, context: Context, folder: Path) -> None:
    asked: dict[str, Any] = {"name": task.concept, "method": task.method, "seed": task.seed}
    if task.method == "prior":
        row = {"folder": str(folder / "pictures"), "class_folder": str(folder / "class"), "class_count": CLASS_PICTURES}
        asked["concepts"] = [row]
    else:
        asked["folder"] = str(folder / "pictures")
    params = TRAIN.params_from({**asked, **COMMON, **METHODS[task.method]})
    (folder / "out").mkdir()
    for step in TrainWork(folder / "out", params, context).steps(0):
        for each in step.writes:
            each.path.parent.mkdir(exist_ok=True)
            each.path.write_bytes(each.after)


class _Judge:
    """Draws with a LoRA or a checkpoint, the same prompts and seeds for each, and looks at the pictures."""

    def __init__(self, concept: Concept, context: Context, folder: Path, task: Task) -> None:
        from lib_bootcamp.ml.clip.model import load_clip

        self.concept, self.context, self.folder, self.task = concept, context, folder, task
        self.clip = load_clip(str(MODELS / "mini-clip"), "cpu", "float32")

    def outcome(self, file: str, others: int) -> Outcome:
        """The pictures that ask for the concept, and `others` that do not."""
        is_checkpoint = bool(file) and self.task.method == "dreambooth"
        if is_checkpoint:
            path = str(self.folder / f"{file}.safetensors")
            host = StandaloneHost(device="cpu", data_dir=self.folder.parent / "data", checkpoint=path)
            self.context = Context.of_terminal(host, SilentProgress())
        tag = f" <lora:{file}:1>" if file and not is_checkpoint else ""
        rng = np.random.default_rng((self.task.seed, 21))
        asked = [self.concept.prompt(rng) for _ in range(self.task.samples)]
        drawn = [self._draw(text + tag, at) for at, (text, _) in enumerate(asked)]
        scenes = [sample_scene(rng, plain=1.0) for _ in range(others)]
        plain = [self._draw(plain_prompt(scene) + tag, at) for at, scene in enumerate(scenes)]
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

    def write_class(self, folder: Path) -> None:
        """Write class pictures and their captions: what the checkpoint draws of plain prompts by itself."""
        folder.mkdir()
        rng = np.random.default_rng((self.task.seed, 31))
        for at in range(CLASS_PICTURES):
            text = plain_prompt(sample_scene(rng, plain=1.0))
            write_image(folder / f"{at:02}.png", self._draw(text, 5_000 + at))
            (folder / f"{at:02}.txt").write_text(text, encoding="utf-8")

    def _draw(self, prompt: str, at: int) -> Image:
        seed = 10_000 * self.task.seed + at
        params = TXT2IMG.params_from({"prompt": prompt, "seed": seed, "lora_dir": self._lora_dir(), **DRAWN})
        return TXT2IMG.run(params, self.context).image

    def _lora_dir(self) -> str | None:
        return str(self.folder) if self.folder.is_dir() else None

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
