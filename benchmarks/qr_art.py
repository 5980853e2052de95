"""QR art on the small checkpoint: how much of it scans, and how much of the prompt is left in it."""

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
from lib_bootcamp.core.qr.layout import QrLayout
from lib_bootcamp.core.scan import decoders as scan_decoders
from lib_bootcamp.core.scan.error_map import error_map
from lib_bootcamp.core.scan.ladder import readers_of
from lib_bootcamp.hosts.standalone import SilentProgress, StandaloneHost
from lib_bootcamp.operations.draw.qr_art import QR_ART, QrArtParams, guidance_of, ladder_score, tries
from lib_bootcamp.operations.draw.txt2img import drawing_of
from lib_bootcamp.operations.qr.code import place_code

NEEDS = ("torch", "diffusers", "open_clip")
ROOT = Path(__file__).resolve().parents[1]
PAGE, BEGIN, END = ROOT / "docs" / "qr-art.md", "<!-- figures -->", "<!-- end of figures -->"
# of versions 1 to 4 at level H, a module a latent pixel
PAYLOADS = ("HELLO", "bootcamp.org", "https://example.com", "https://example.com/bootcamp")
SEEDS, TRIES, STEPS, MODULE_PX, QUIET, LEAST_SIDE = 50, 4, 14, 8, 4, 256
MARGINS, CURVE_SEEDS = (0.05, 0.1, 0.18, 0.25, 0.32, 0.4), 6
STRENGTHS = (0.1, 0.3, 0.6, 1.0)
READERS = ("zxing-cpp", "wechat")
TITLES = {"none": "no control", "guidance": "guidance alone", "loop": f"guidance and touch-up, up to {TRIES} tries"}


@dataclass(frozen=True)
class Task:
    """One seed and code, and what differs from guidance's defaults."""

    seed: int
    payload: str
    prompt: str
    values: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Made:
    """A picture, where its code should lie, how many tries and gray levels it took, and what readers made of it."""

    image: Image
    layout: QrLayout
    tries: int
    touched: int
    read_by: tuple[str, ...]
    ladder: float
    module_error: float


class Studio:
    """Draws and judges with the small models, on one thread of the processor.

    Args:
        data: its data folder.
    """

    def __init__(self, data: Path) -> None:
        import torch

        torch.set_num_threads(1)
        self.context = Context.of_terminal(StandaloneHost(device="cpu", data_dir=data), SilentProgress())
        self.readers = scan_decoders.installed(READERS)

    def draw(self, task: Task) -> list[Made]:
        """The tries of one seed: the first, and the best of all where more than one is allowed."""
        params = _params(task)
        _, layout = place_code(params, params.width or 0, params.height or 0)
        with self.context.host.components() as components:
            drawer = _drawer(params, layout, components, self.context.host.data_dir())
            asked = {**drawing_of(params), "seed": task.seed}
            found = list(tries(drawer, params, self.readers, self.context, asked))
        best = max(found, key=lambda each: each.rank)
        made = [self.read(found[0].drawn.image, layout, 1)]
        if params.max_tries > 1:
            made.append(self.read(best.image, layout, len(found), best.report.touch_up))
        return made

    def read(self, image: Image, layout: QrLayout, count: int, touched: int = 0) -> Made:
        """What readers make of a picture."""
        return Made(
            image=image,
            layout=layout,
            tries=count,
            touched=touched,
            read_by=readers_of(image, self.readers, layout.content),
            ladder=ladder_score(image, self.readers, layout.content),
            module_error=float(error_map(image, layout).wrong.mean()),
        )


_studio: Studio


def _begin(data: Path) -> None:
    """In each process of the pool, once."""
    global _studio
    _studio = Studio(data)


def _draw(task: Task) -> list[Made]:
    return _studio.draw(task)


class Judge:
    """Tells what is still to be seen of the prompt."""

    def __init__(self) -> None:
        from lib_bootcamp.ml.clip.model import load_clip

        self.clip = load_clip(str(MODELS / "mini-clip"), "cpu", "float32")

    def row(self, made: Sequence[Made], scenes: Sequence[Any], prompts: Sequence[str]) -> dict[str, float]:
        """The figures of one row."""
        from tools.mini_models.shapes.measure import KINDS, hits

        pictures = [each.image for each in made]
        found = hits(self.clip, pictures, list(scenes))
        seen = np.concatenate([self.clip.encode_images(pictures[at : at + 50]) for at in range(0, len(pictures), 50)])
        asked = np.concatenate([self.clip.encode_texts(list(prompts)[at : at + 50]) for at in range(0, len(made), 50)])
        row = {
            "exact_zxing": np.mean(["zxing-cpp" in each.read_by for each in made]),
            "exact_wechat": np.mean(["wechat" in each.read_by for each in made]),
            "exact_both": np.mean([set(READERS) <= set(each.read_by) for each in made]),
            "exact_ladder": np.mean([each.ladder > 0 for each in made]),
            "ladder_score": np.mean([each.ladder for each in made]),
            "module_error": np.mean([each.module_error for each in made]),
            "prompt_accuracy": np.mean([found[kind] for kind in KINDS]),
            "prompt_score": float((seen * asked).sum(1).mean()),
            "tries": np.mean([each.tries for each in made]),
            "touched_share": np.mean([each.touched > 0 for each in made]),
            "touched_levels": np.mean([each.touched for each in made]),
            **{kind: found[kind] for kind in KINDS},
        }
        return {name: round(float(value), 4) for name, value in row.items()}


def _params(task: Task) -> QrArtParams:
    version = PAYLOADS.index(task.payload) + 1
    side = max(LEAST_SIDE, (17 + 4 * version + 2 * QUIET) * MODULE_PX)
    asked = {"content": task.payload, "prompt": task.prompt, "width": side, "height": side, "module_px": MODULE_PX}
    asked |= {"version": version, "boost": False, "quiet_zone": QUIET, "steps": STEPS, "seed": task.seed}
    return QR_ART.params_from({**asked, "max_tries": TRIES, "decoders": list(READERS), **task.values})


def _drawer(params: QrArtParams, layout: QrLayout, components: Any, data: Path) -> Any:
    from lib_bootcamp.ml.diffusion.qr_art import CodeDrawer

    return CodeDrawer(components, layout, guidance_of(params), data)


def _scene(seed: int) -> tuple[Any, str]:
    from tools.mini_models.shapes.scenes import plain_prompt, sample_scene

    scene = sample_scene(np.random.default_rng((77, seed)), held_out=bool(seed % 2), plain=1.0)
    return scene, plain_prompt(scene)


def run(quick: bool) -> dict[str, Any]:  # noqa: FBT001 - the signature of every benchmark
    """No control, guidance alone and with its tries on the same seeds; guidance alone over its margin and strength."""
    seeds, few = (2, 1) if quick else (SEEDS, CURVE_SEEDS)
    judge = Judge()
    with (
        tempfile.TemporaryDirectory() as name,
        ProcessPoolExecutor(
            os.cpu_count(),
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_begin,
            initargs=(Path(name),),
        ) as pool,
    ):

        def drawn(count: int, title: str, **values: Any) -> tuple[list[list[Made]], list[Any], list[str]]:
            scenes = [_scene(seed) for seed in range(count) for _ in PAYLOADS]
            tasks = [
                Task(at // len(PAYLOADS), PAYLOADS[at % len(PAYLOADS)], prompt, values)
                for at, (_, prompt) in enumerate(scenes)
            ]
            made = list(tqdm(pool.map(_draw, tasks), desc=title, total=len(tasks), mininterval=10))
            return made, [scene for scene, _ in scenes], [prompt for _, prompt in scenes]

        found, scenes, prompts = drawn(seeds, TITLES["none"], strength=0, max_tries=1)
        both, _, _ = drawn(seeds, TITLES["loop"])
        made = {
            "none": [each[0] for each in found],
            "guidance": [each[0] for each in both],
            "loop": [each[1] for each in both],
        }
        rows = {name: judge.row(pictures, scenes, prompts) for name, pictures in made.items()}
        curve = {}
        for name, value, more in (
            *(("margin", each, {"dead_zone": round(each * 0.6, 3)}) for each in MARGINS),
            *(("strength", each, {}) for each in STRENGTHS),
        ):
            title = f"{name} {value:g}"
            some, some_scenes, some_prompts = drawn(few, title, max_tries=1, **{name: value, **more})
            curve[title] = judge.row([each[0] for each in some], some_scenes, some_prompts)
    if not quick:
        _sheets(made, prompts)
    result = {**rows, "curve": curve, "pictures": len(prompts)}
    if not quick:
        _write_page(result)
    return result


def _sheets(made: dict[str, list[Made]], prompts: Sequence[str]) -> None:
    chosen = range(0, min(len(prompts), 24 * len(PAYLOADS)), 2 * len(PAYLOADS))
    for name in ("none", "loop"):
        pictures = [(prompts[at], made[name][at + at // 8 % 4].image) for at in chosen]
        sheet = contact_sheet(pictures, columns=6, cell_px=200)
        write_image(ROOT / "docs" / "images" / f"qr-art-{name}.png", sheet)


def _write_page(result: dict[str, Any]) -> None:
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}\n{table(result)}\n{END}{rest.partition(END)[2]}", encoding="utf-8")


_COLUMNS = {
    "exact_zxing": "zxing-cpp",
    "exact_wechat": "WeChat",
    "exact_both": "both",
    "exact_ladder": "some condition of the ladder",
    "ladder_score": "ladder score",
    "module_error": "modules wrong",
    "prompt_accuracy": "prompt recognized by mini-clip",
    "prompt_score": "cosine to the prompt",
    "tries": "tries",
    "touched_share": "touched up",
}


def table(result: dict[str, Any]) -> str:
    """The result as Markdown."""
    head = f"| {result['pictures']} pictures | " + " | ".join(_COLUMNS.values()) + " |"
    lines = [head, "|---|" + "---|" * len(_COLUMNS)]
    lines += [_line(title, result[name]) for name, title in TITLES.items()]
    lines += [
        "",
        f"Guidance alone, {CURVE_SEEDS * len(PAYLOADS)} pictures each:",
        "",
        head.replace(str(result["pictures"]), "", 1),
    ]
    lines += ["|---|" + "---|" * len(_COLUMNS)]
    lines += [_line(title, row) for title, row in result["curve"].items()]
    return "\n".join(lines)


def _line(title: str, row: dict[str, float]) -> str:
    shares = {"prompt_score", "tries", "ladder_score"}
    cells = [f"{row[name]:.2f}" if name in shares else f"{row[name]:.1%}" for name in _COLUMNS]
    return f"| {title} | " + " | ".join(cells) + " |"
