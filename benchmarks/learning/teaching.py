"""A training of the small checkpoint in a folder of its own, and drawings with what it learned."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from lib_bootcamp.context import Context
from lib_bootcamp.core.images.arrays import Image
from lib_bootcamp.core.images.codec import write_image
from lib_bootcamp.hosts.standalone import SilentProgress, StandaloneHost
from lib_bootcamp.operations.draw.txt2img import TXT2IMG
from lib_bootcamp.operations.train.train import TRAIN
from lib_bootcamp.operations.train.work import TrainWork
from tools.mini_models.shapes.scenes import plain_prompt, sample_scene

from .concepts import SIDE, Concept

DRAWN: dict[str, Any] = {"width": SIDE, "height": SIDE, "steps": 12, "cfg_scale": 5.0}
CLASS_PICTURES = 64
"""What mini-sd draws of plain prompts, so that it is not forgotten."""


class Teaching:
    """The folders of a training.

    Args:
        concept: what is taught.
        context: of the terminal.
        folder: an empty one.
        seed: of the pictures and of the training.
    """

    def __init__(self, concept: Concept, context: Context, folder: Path, seed: int) -> None:
        self.concept, self.context, self.seed = concept, context, seed
        self.pictures, self.classes, self.out = folder / "pictures", folder / "class", folder / "out"
        self.is_whole = False
        self._with: dict[str, Context] = {}

    def train(self, settings: dict[str, Any], *, prior: bool) -> None:
        """Train.

        Args:
            settings: of the training.
            prior: whether it sees class pictures, which are drawn first.
        """
        self.concept.write(self.pictures, self.seed)
        self.is_whole = settings.get("method") == "dreambooth"
        asked: dict[str, Any] = {"name": self.concept.name, "seed": self.seed, "resolution": SIDE, "sample_every": 0}
        if prior:
            self._write_class()
            row = {
                "folder": str(self.pictures),
                "class_folder": str(self.classes),
                "class_count": CLASS_PICTURES,
            }
            asked["concepts"] = [row]
        else:
            asked["folder"] = str(self.pictures)
        params = TRAIN.params_from({**asked, **settings})
        self.out.mkdir()
        for step in TrainWork(self.out, params, self.context).steps(0):
            for each in step.writes:
                each.path.parent.mkdir(exist_ok=True)
                each.path.write_bytes(each.after)

    def draw(self, prompt: str, at: int, strength: float = 0.0, steps: int = 0) -> Image:
        """A picture, by the same chance for each training.

        Args:
            prompt: its text.
            at: its number.
            strength: of what was learned; of a whole checkpoint any is all of it.
            steps: after which it was learned; 0: all.
        """
        name = f"{self.concept.name}-{steps:06}" if steps else self.concept.name
        is_whole = self.is_whole and strength > 0
        tag = f" <lora:{name}:{strength}>" if strength and not is_whole else ""
        folder = str(self.out) if self.out.is_dir() else None
        seed = 10_000 * self.seed + at
        params = TXT2IMG.params_from({"prompt": prompt + tag, "seed": seed, "lora_dir": folder, **DRAWN})
        return TXT2IMG.run(params, self._context_of(name) if is_whole else self.context).image

    def _context_of(self, name: str) -> Context:
        """Where a checkpoint that was trained whole is loaded; of several the last."""
        if name not in self._with:
            host = StandaloneHost(device="cpu", data_dir=self.out, checkpoint=str(self.out / f"{name}.safetensors"))
            self._with = {name: Context.of_terminal(host, SilentProgress())}
        return self._with[name]

    def _write_class(self) -> None:
        """Write class pictures and their captions: what the checkpoint draws of plain prompts by itself."""
        self.classes.mkdir()
        rng = np.random.default_rng((self.seed, 31))
        for at in range(CLASS_PICTURES):
            text = plain_prompt(sample_scene(rng, plain=1.0))
            write_image(self.classes / f"{at:02}.png", self.draw(text, 5_000 + at))
            (self.classes / f"{at:02}.txt").write_text(text, encoding="utf-8")
