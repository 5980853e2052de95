"""Measure the small models on combinations they never saw; writes docs/models.json, docs/models.md and a picture."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from tools.mini_models.shapes.scenes import ATTRIBUTES, Scene, draw_scene, plain_prompt, sample_scene

SCENES, SIDE, SEED = 1_000, 224, 77
PROMPTS, DRAWN_SIDES, SCALES, STEPS = 48, (128, 256), (3.0, 5.0, 7.0), 20
SHAPES, COLORS = ATTRIBUTES["shape"], ATTRIBUTES["color"]
KINDS = ("shape", "color", "background")


BEGIN, END = "<!-- figures -->", "<!-- end of figures -->"


def questions(name: str, value: str) -> list[str]:
    """The prompts of one value, whose features are averaged: it, with all values of another attribute."""
    if name == "shape":
        texts = [f"a {color} {value}" for color in COLORS]
    elif name == "color":
        texts = [f"a {value} {shape}" for shape in SHAPES]
    else:
        texts = [f"a {shape} on a {value} background" for shape in SHAPES]
    return [text.replace("a orange", "an orange") for text in texts]


def hits(clip: Any, pictures: list[NDArray[np.uint8]], scenes: list[Scene]) -> dict[str, float]:
    """The share of pictures in which each attribute is recognized, zero-shot."""
    features = np.concatenate([clip.encode_images(pictures[at : at + 50]) for at in range(0, len(pictures), 50)])
    found = {}
    for name in KINDS:
        asked = np.stack([clip.encode_texts(questions(name, value)).mean(0) for value in ATTRIBUTES[name]])
        asked /= np.linalg.norm(asked, axis=1, keepdims=True)
        best = (features @ asked.T).argmax(1)
        wanted = [ATTRIBUTES[name].index(scene.values[name]) for scene in scenes]
        found[name] = round(float((best == np.array(wanted)).mean()), 4)
    return found


def measure_clip(clip: Any) -> dict[str, Any]:
    """mini-clip on drawn scenes whose combinations it has never seen."""
    figures: dict[str, Any] = {"pictures": SCENES}
    for title, plain in (("plain scenes", 1.0), ("all scenes", 0.5)):
        rng = np.random.default_rng(SEED)
        scenes = [sample_scene(rng, held_out=True, plain=plain) for _ in range(SCENES)]
        pictures = [draw_scene(each, SIDE) for each in tqdm(scenes, desc=title, mininterval=5)]
        figures[title] = hits(clip, pictures, scenes)
    return figures


def measure_sd(clip: Any, out: Path) -> dict[str, Any]:
    """mini-sd: what it draws, labeled by mini-clip; half of the prompts are combinations it has never seen."""
    from lib_bootcamp.core.images.codec import write_image
    from lib_bootcamp.core.images.contact_sheet import contact_sheet
    from lib_bootcamp.ml.checkpoints.load import load_checkpoint
    from lib_bootcamp.ml.diffusion.text_to_image import draw
    from lib_bootcamp.ports import SilentProgress

    components = load_checkpoint(str(out / "mini-sd"), "cpu")
    figures: dict[str, Any] = {"prompts": PROMPTS, "steps": STEPS, "sampler": "DPM++ 2M"}
    for side in DRAWN_SIDES:
        for scale in SCALES:
            rng = np.random.default_rng(SEED)
            scenes = [sample_scene(rng, held_out=bool(at % 2), plain=1.0) for at in range(PROMPTS)]
            pictures = []
            for at, scene in enumerate(tqdm(scenes, desc=f"{side} px, CFG {scale:g}", mininterval=5)):
                asked = {"prompt": plain_prompt(scene), "negative_prompt": "", "steps": STEPS}
                asked |= {"width": side, "height": side}
                asked |= {"cfg_scale": scale, "sampler": "DPM++ 2M", "seed": at, "clip_skip": 1}
                pictures.append(draw(components, SilentProgress(), **asked))
            figures[f"{side} px, CFG {scale:g}"] = hits(clip, pictures, scenes)
            if side == max(DRAWN_SIDES) and scale == SCALES[1]:
                titles = [f"{scene.color} {scene.shape} on {scene.background}" for scene in scenes]
                sheet = contact_sheet(list(zip(titles, pictures, strict=True))[:12], columns=6, cell_px=200)
                write_image(out.parent / "docs" / "images" / "mini-sd.png", sheet)
    return figures


def main(work: Path, out: Path) -> None:
    """Measure what is in `out`, print it and write docs/models.json."""
    from lib_bootcamp.ml.clip.model import load_clip

    del work
    clip = load_clip(str(out / "mini-clip"), "cpu", "float32")
    figures: dict[str, Any] = {"mini-clip": measure_clip(clip)}
    if (out / "mini-sd" / "model_index.json").exists():
        figures["mini-sd"] = measure_sd(clip, out)
    text = json.dumps(figures, indent=2)
    print(text)
    docs = out.parent / "docs"
    (docs / "models.json").write_text(text + "\n", encoding="utf-8")
    page = docs / "models.md"
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    page.write_text(before + BEGIN + table(figures) + END + rest.partition(END)[2], encoding="utf-8")


def table(figures: dict[str, Any]) -> str:
    """The figures as a table of the docs."""
    lines = ["", "| model | | " + " | ".join(KINDS) + " |", "|---|---|" + "---|" * len(KINDS)]
    for model, shares in figures.items():
        for name, values in shares.items():
            if isinstance(values, dict):
                cells = " | ".join(f"{values[kind]:.1%}" for kind in KINDS)
                lines.append(f"| {model} | {name} | {cells} |")
    return "\n".join(lines) + "\n"
