"""A fake of the WebUI's pipeline: it runs the section's hooks, and draws the code as clearly as a test wants."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
from PIL import Image, ImageFont

from lib_bootcamp.hosts.standalone import StandaloneHost
from lib_bootcamp.hosts.webui_pipeline import WebUiPipeline
from lib_bootcamp.surfaces.webui.plan import driven_of
from lib_bootcamp.surfaces.webui.scripts.runner import ScriptRunner
from lib_bootcamp.surfaces.webui.scripts.values import form_of
from lib_bootcamp.surfaces.webui.section_run import SectionRunner
from tests.surfaces.webui.generations import MONSTER, FakeControlNet, FakeWebUi, Generation, Refusal

UNTIL, COMPARE = "QR art until it scans", "Compare control"
SIDE = 232
CLEAR, HIDDEN = 1.0, 0.0
QUICK = {"bootcamp_scan_depth": "fast", "bootcamp_scan_decoders": ["zxing-cpp"]}


def asked_of_webui(**values: Any) -> Generation:
    """A generation as the page or the API begins it."""
    given = {
        "width": SIDE, "height": SIDE, "seed": 7, "subseed": 1, "subseed_strength": 0, "prompt": "a house",
        "styles": [], "override_settings": {}, "do_not_save_samples": False, "do_not_save_grid": False,
    }  # fmt: skip
    return Generation(**{**given, **values})


class Pipeline(WebUiPipeline):
    """Draws gray noise with a code over it.

    Args:
        clarity: of a generation's picture, by (generation, place in its batch): 1 shows the code, 0 nothing of it.
        stop_after, skip_at: generations after which Interrupt is pressed, and at which Skip is.
        late: whether Skip is pressed after the last step.
    """

    def __init__(
        self,
        clarity: Callable[[Any, int], float],
        *,
        stop_after: int = 0,
        skip_at: tuple[int, ...] = (),
        late: bool = False,
    ) -> None:
        self.clarity, self.stop_after, self.skip_at, self.late = clarity, stop_after, skip_at, late
        self.drawn: list[Any] = []
        self.saved: list[tuple[Any, str]] = []
        self.grids: list[tuple[Any, str]] = []
        self.bar: list[tuple[int, int, str]] = []
        self.runner: SectionRunner | None = None

    def fix_seed(self, p: Any) -> None:
        if p.seed == -1:
            p.seed = 1234

    def over(self, p: Any, picture: Any, mask: Any, denoising: float) -> Any:
        made = self.copy(p, 0)
        made.seed, made.width, made.height = p.seed, *picture.size
        made.init_images, made.image_mask, made.denoising_strength, made.enable_hr = [picture], mask, denoising, False
        return made

    def draw(self, p: Any) -> Any:
        assert self.runner is not None
        self.runner.before_process(p, ({"enabled": False},))
        if hasattr(p, "refused"):
            raise Refusal(*p.refused)
        self.drawn.append(p)
        p.all_prompts = p.all_negative_prompts = [p.prompt] * p.batch_size
        p.all_seeds = [p.seed + at for at in range(p.batch_size)]
        size = (p.width * 2, p.height * 2) if getattr(p, "enable_hr", False) else (p.width, p.height)
        pictures = []
        for at in range(p.batch_size):
            p.batch_index = at
            pictures.append(self.runner.after_picture(p, self._picture(p, at, size)))
        self.runner.after_all(p)
        made = SimpleNamespace(
            images=pictures, all_prompts=p.all_prompts, all_negative_prompts=p.all_prompts, all_seeds=p.all_seeds,
            all_subseeds=[p.subseed] * p.batch_size, seed=p.all_seeds[0], comments="", extra_images=["a map"],
        )  # fmt: skip
        made.infotexts = [self.infotext(p, made, at) for at in range(p.batch_size)]
        if not p.do_not_save_samples:
            self.saved.extend(zip(pictures, made.infotexts, strict=True))
        made.images.append(Image.new("RGB", (8, 8)))  # as ControlNet shows its map
        return made

    def _picture(self, p: Any, at: int, size: tuple[int, int]) -> Any:
        noise = np.random.default_rng(p.seed + at).normal(128, 30, (p.height, p.width, 1)).repeat(3, 2)
        driven, clear = driven_of(p), self.clarity(p, at)
        shown = noise if driven is None or driven.first is None else _blended(noise, driven.first.image, clear)
        made = Image.fromarray(np.uint8(np.clip(shown, 0, 255))).resize(size, Image.Resampling.NEAREST)
        if getattr(p, "init_images", None) and getattr(p, "image_mask", None) is not None:
            return Image.composite(made, p.init_images[0], p.image_mask.convert("L"))
        return made

    def explained(self, p: Any, sentence: str) -> Any:
        return SimpleNamespace(images=[], infotexts=[], info="", comments=f"{sentence}\n")

    def stopped(self) -> bool:
        return bool(self.stop_after) and len(self.drawn) >= self.stop_after

    def skipped(self) -> bool:
        return len(self.drawn) in self.skip_at

    def cut_short(self) -> str:
        return "interrupted" if self.stopped() else "skipped" if self.skipped() and not self.late else ""

    def show(self, p: Any, done: int, total: int, text: str) -> None:
        self.bar.append((done, total, text))

    def infotext(self, p: Any, processed: Any, at: int) -> str:
        shown = {"Seed": p.all_seeds[at], **p.extra_generation_params}
        for key, each in list(shown.items()):
            shown[key] = each(p=p, index=at) if callable(each) else each[at] if isinstance(each, list) else each
        return ", ".join(f"{key}: {value}" for key, value in shown.items() if value is not None)

    def written_into(self, picture: Any, infotext: str) -> Any:
        picture.info["parameters"] = infotext
        return picture

    def save(self, p: Any, picture: Any, infotext: str, *, seed: int, prompt: str) -> None:
        if not p.do_not_save_samples:
            self.saved.append((picture, infotext))

    def save_grid(self, p: Any, grid: Any, infotext: str, *, seed: int, prompt: str) -> None:
        self.grids.append((grid, infotext))

    def font(self, px: int) -> Any:
        return ImageFont.load_default()

    def grid(self, cells: Any, columns: Any, rows: Any) -> Any:
        made = Image.new("RGB", (cells[0].width * len(columns), cells[0].height * len(rows)))
        for at, each in enumerate(cells):
            made.paste(each, (at % len(columns) * each.width, at // len(columns) * each.height))
        made.info["titles"] = (list(columns), list(rows))
        return made

    def shows_grids(self) -> bool:
        return True


def _blended(noise: Any, code: Any, clear: float) -> Any:
    code = code if code.ndim == 3 else code[:, :, None].repeat(3, 2)
    wide = np.asarray(Image.fromarray(code).resize(noise.shape[1::-1], Image.Resampling.NEAREST)).astype(float)
    return wide * clear + noise * (1 - clear)


def run(title: str, pipeline: Pipeline, p: Any, *args: Any, models: tuple[str, ...] = (MONSTER,), **webui: Any) -> Any:
    """Run a script as the WebUI does; what it gives back."""
    host, fake = StandaloneHost(device="cpu"), FakeWebUi(**{**QUICK, **webui})
    net = FakeControlNet(*models)
    pipeline.runner = SectionRunner(host, fake, lambda: net)
    form = form_of(title)
    assert form is not None
    return ScriptRunner(host, fake, pipeline).run(form, p, args)
