"""The WebUI's pipeline as the scripts use it: copies of a generation, an inpainting of a picture, what is written."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from PIL import Image

from lib_bootcamp.hosts.webui_pipeline import WebUiPipeline


@dataclass
class Processing:
    """A1111's `StableDiffusionProcessing`, as far as it matters here."""

    prompt: str = "a house"
    seed: Any = 5
    subseed: Any = 9
    subseed_strength: float = 0
    n_iter: int = 4
    batch_size: int = 2
    width: int = 64
    height: int = 64
    styles: list[str] = field(default_factory=list)
    do_not_save_samples: bool = False
    do_not_save_grid: bool = False
    sampler_index: Any = None
    override_settings: dict[str, Any] = field(default_factory=dict)
    extra_generation_params: dict[str, Any] = field(default_factory=dict)
    all_seeds: Any = field(default=None, init=False)


@dataclass
class Txt2Img(Processing):
    enable_hr: bool = False


@dataclass
class Img2Img(Processing):
    init_images: Any = None
    mask: Any = None
    mask_blur: int = 4
    denoising_strength: float = 0.75
    inpainting_fill: int = 0
    inpaint_full_res: bool = True


@pytest.fixture
def webui(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """`modules`, and what was written."""
    made = SimpleNamespace(saved=[], state=SimpleNamespace(job_count=-1, job_no=0), options={})
    opts = SimpleNamespace(data=made.options, samples_format="png", grid_format="jpg", grid_extended_filename=False)
    parts = {
        "shared": {"state": made.state, "opts": opts},
        "images": {"save_image": lambda picture, path, name, *_, **more: made.saved.append((path, name, more["info"]))},
        "processing": {"StableDiffusionProcessingImg2Img": Img2Img},
    }
    for name, values in parts.items():
        module = ModuleType(f"modules.{name}")
        vars(module).update(values)
        monkeypatch.setitem(sys.modules, f"modules.{name}", module)
    monkeypatch.setitem(sys.modules, "modules", ModuleType("modules"))
    return made


def test_a_copy_has_its_own_seed_and_leaves_the_asked_one_alone() -> None:
    asked = Txt2Img()
    made = WebUiPipeline().copy(asked, 3, count=2)
    made.extra_generation_params["x"] = 1
    assert (made.seed, made.n_iter, made.batch_size, made.do_not_save_grid) == (8, 1, 2, True)
    assert (asked.seed, asked.extra_generation_params, asked.do_not_save_grid) == (5, {}, False)


def test_with_a_variation_strength_a_copy_varies_the_variation() -> None:
    made = WebUiPipeline().copy(Txt2Img(subseed_strength=0.5), 3)
    assert (made.seed, made.subseed) == (5, 12)


def test_a_part_is_drawn_anew_at_the_pictures_size_from_its_own_content(webui: Any) -> None:
    p = Txt2Img(prompt="a tree")
    p.scripts, p.script_args = "runner", ("args",)  # type: ignore[attr-defined]
    picture, mask = Image.new("RGB", (128, 96)), Image.new("L", (128, 96))
    made = WebUiPipeline().over(p, picture, mask, 0.6)
    assert (made.prompt, made.width, made.height, made.seed) == ("a tree", 128, 96, 5)
    assert (made.init_images, made.mask, made.denoising_strength) == ([picture], mask, 0.6)
    assert (made.mask_blur, made.inpainting_fill, made.inpaint_full_res) == (0, 1, False)
    assert (made.scripts, made.script_args) == ("runner", ("args",))


def test_the_bar_counts_both_passes_of_hires_fix(webui: Any) -> None:
    WebUiPipeline().show(Txt2Img(enable_hr=True), 2, 5, "seed 1")
    assert (webui.state.job_no, webui.state.job_count, webui.state.job) == (4, 10, "seed 1")


@pytest.mark.parametrize(
    ("options", "asked", "count"),
    [({}, {}, 2), ({"samples_save": False, "grid_save": False}, {}, 0),
     ({}, {"do_not_save_samples": True, "do_not_save_grid": True}, 0)],
)  # fmt: skip
def test_pictures_and_grids_are_written_where_the_settings_and_the_caller_want_them(
    webui: Any, options: dict[str, Any], asked: dict[str, Any], count: int
) -> None:
    webui.options.update(options)
    p = Txt2Img(**asked)
    p.outpath_samples, p.outpath_grids = "samples", "grids"  # type: ignore[attr-defined]
    WebUiPipeline().save(p, Image.new("RGB", (8, 8)), "text", seed=1, prompt="x")
    WebUiPipeline().save_grid(p, Image.new("RGB", (8, 8)), "all of it", seed=1, prompt="x")
    assert webui.saved == [("samples", "", "text"), ("grids", "bootcamp", "all of it")][:count]


def test_what_is_explained_is_a_comment_and_no_picture(webui: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Any] = []
    monkeypatch.setattr(
        sys.modules["modules.processing"],
        "Processed",
        lambda *given, **more: made.append((*given, more)),
        raising=False,
    )
    p: Any = Txt2Img()
    p.comments = {}
    p.comment = lambda text: p.comments.update({text: 1})
    WebUiPipeline().explained(p, "Content is missing.")
    assert list(p.comments) == ["Bootcamp: Content is missing."]
    assert made == [(p, [], 5, "", {"infotexts": []})]


@pytest.mark.parametrize("button", ["skipped", "interrupted"])
@pytest.mark.parametrize("late", [False, True], ids=["at a step", "after the last step"])
def test_a_button_cuts_a_picture_short_only_before_its_last_step(
    webui: Any, monkeypatch: pytest.MonkeyPatch, button: str, *, late: bool
) -> None:
    state, pipeline = webui.state, WebUiPipeline()
    state.skipped = state.interrupted = False

    class Sampled(Txt2Img):
        def sample(self, pressed: bool) -> str:
            setattr(state, button, pressed)
            return "latents"

    def process_images(p: Any) -> Any:
        latents = p.sample(pressed=not late)
        setattr(state, button, True)
        return latents

    monkeypatch.setattr(sys.modules["modules.processing"], "process_images", process_images, raising=False)
    assert pipeline.draw(Sampled()) == "latents"
    assert pipeline.cut_short() == ("" if late else button)
