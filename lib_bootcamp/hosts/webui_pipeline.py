"""Drawing picture after picture with a WebUI's own pipeline, as the scripts of its Script dropdown do."""

from __future__ import annotations

import copy
import dataclasses
import importlib
from collections.abc import Sequence
from typing import Any

from lib_bootcamp.hosts.webui import texts_of_none

_PASSES = {True: 2, False: 1}


def _module(name: str) -> Any:
    return importlib.import_module(f"modules.{name}")


class WebUiPipeline:
    """A1111's and Forge's `process_images`, with their progress bar, buttons, grids and files; one for each run."""

    def __init__(self) -> None:
        self._cut_short = ""

    def fix_seed(self, p: Any) -> None:
        """Decide a random seed, of the variation too."""
        if isinstance(p.seed, list):
            p.seed = p.seed[0]
        if isinstance(p.subseed, list):
            p.subseed = p.subseed[0]
        _module("processing").fix_seed(p)

    def copy(self, p: Any, number: int, count: int = 1) -> Any:
        """A generation as `p`, of `count` pictures from seed `p.seed + number` on, in one batch."""
        made = copy.copy(p)
        made.extra_generation_params = dict(p.extra_generation_params)
        made.override_settings, made.styles = dict(p.override_settings), list(p.styles)
        made.n_iter, made.batch_size = 1, count
        made.do_not_save_grid = True  # also keeps it out of what is given back
        if not p.subseed_strength:
            made.seed = p.seed + number
        made.subseed = p.subseed + number
        if hasattr(made, "extra_result_images"):  # Forge
            made.extra_result_images = []
        return made

    def over(self, p: Any, picture: Any, mask: Any, denoising: float) -> Any:
        """A generation as `p` that draws the part of a picture (Pillow) anew that is white in the mask."""
        kind = _module("processing").StableDiffusionProcessingImg2Img
        taken = {each.name for each in dataclasses.fields(kind) if each.init}
        own = {each.name: getattr(p, each.name) for each in dataclasses.fields(p) if each.init and each.name in taken}
        own |= {
            "init_images": [picture], "mask": mask, "denoising_strength": denoising, "resize_mode": 0,
            "width": picture.width, "height": picture.height, "mask_blur": 0, "mask_blur_x": 0, "mask_blur_y": 0,
            "inpainting_fill": 1, "inpaint_full_res": False, "inpainting_mask_invert": 0, "latent_mask": None,
            "sampler_index": None, "extra_generation_params": dict(p.extra_generation_params),
        }  # fmt: skip
        made = kind(**{name: value for name, value in own.items() if name in taken})
        made.is_api, made.user = getattr(p, "is_api", False), getattr(p, "user", None)
        made.scripts, made.script_args = p.scripts, p.script_args
        return made

    def draw(self, p: Any) -> Any:
        """Draw; gives the WebUI's `Processed`. A button that is pressed after the last step cut nothing short."""
        sample = p.sample

        def sampled(*args: Any, **more: Any) -> Any:
            made, state = sample(*args, **more), _module("shared").state
            self._cut_short = "interrupted" if state.interrupted else "skipped" if state.skipped else ""
            return made

        self._cut_short, p.sample = "", sampled
        return _module("processing").process_images(p)

    def explained(self, p: Any, sentence: str) -> Any:
        """A `Processed` without pictures, whose comment says why."""
        p.comment(f"Bootcamp: {sentence}")
        return _module("processing").Processed(p, [], p.seed, "", infotexts=texts_of_none(p))

    def stopped(self) -> bool:
        """Whether Interrupt was pressed, at once or after the picture."""
        state = _module("shared").state
        return bool(state.interrupted or getattr(state, "stopping_generation", False))

    def skipped(self) -> bool:
        """Whether Skip was pressed for what was drawn last."""
        return bool(_module("shared").state.skipped)

    def cut_short(self) -> str:
        """What ended what was drawn last before its last step: `skipped`, `interrupted`; empty: nothing did."""
        return self._cut_short

    def show(self, p: Any, done: int, total: int, text: str) -> None:
        """Move the progress bar to the `done`th of `total` generations like `p`."""
        state, passes = _module("shared").state, _PASSES[bool(getattr(p, "enable_hr", False))]
        state.job, state.processing_has_refined_job_count = text, True
        state.job_count, state.job_no = total * passes, done * passes

    def infotext(self, p: Any, processed: Any, at: int) -> str:
        """The infotext of one picture of a generation that is drawn, as its `extra_generation_params` are now."""
        return str(processed.infotext(p, at))

    def written_into(self, picture: Any, infotext: str) -> Any:
        """The picture (Pillow) with its infotext where the WebUI writes it into files."""
        if _module("shared").opts.data.get("enable_pnginfo", True):
            picture.info["parameters"] = infotext
        return picture

    def save(self, p: Any, picture: Any, infotext: str, *, seed: int, prompt: str) -> None:
        """Write a picture as the WebUI would, where `p` and the settings want pictures written."""
        opts = _module("shared").opts
        if p.do_not_save_samples or not opts.data.get("samples_save", True):
            return
        _module("images").save_image(
            picture, p.outpath_samples, "", seed, prompt, opts.samples_format, info=infotext, p=p
        )

    def save_grid(self, p: Any, grid: Any, infotext: str, *, seed: int, prompt: str) -> None:
        """Write a grid as the WebUI would, where `p` and the settings want grids written."""
        opts = _module("shared").opts
        if p.do_not_save_grid or not opts.data.get("grid_save", True):
            return
        _module("images").save_image(
            grid, p.outpath_grids, "bootcamp", seed, prompt, opts.grid_format, info=infotext,
            short_filename=not opts.grid_extended_filename, grid=True, p=p,
        )  # fmt: skip

    def grid(self, cells: Sequence[Any], columns: Sequence[str], rows: Sequence[str]) -> Any:
        """Pictures of one size (Pillow), row by row, with titles above the columns and beside the rows."""
        images = _module("images")
        made = images.image_grid(list(cells), rows=len(rows))
        above, beside = ([[images.GridAnnotation(each)] for each in titles] for titles in (columns, rows))
        return images.draw_grid_annotations(made, cells[0].width, cells[0].height, above, beside)

    def font(self, px: int) -> Any:
        """The font that grids are labeled in (Pillow)."""
        return _module("images").get_font(px)

    def shows_grids(self) -> bool:
        """Whether the settings want grids among the pictures."""
        return bool(_module("shared").opts.data.get("return_grid", True))
