"""The section's maps applied by luminance guidance: when, to what, and with which numbers."""

from __future__ import annotations

import copy
import re
from typing import Any

import numpy as np
import pytest

from lib_bootcamp.errors import ModelError
from lib_bootcamp.hosts.standalone import StandaloneHost
from lib_bootcamp.ports import STEER, SilentProgress
from lib_bootcamp.surfaces.webui import section_scan
from lib_bootcamp.surfaces.webui.infotext import KEY, parse
from lib_bootcamp.surfaces.webui.section_run import SectionRunner
from tests.ml.needs import skip_without_models
from tests.surfaces.webui.generations import QR, FakeControlNet, FakeWebUi, Generation, run

skip_without_models()

import torch  # noqa: E402, TID253

from lib_bootcamp.ml.diffusion.luminance import LuminanceFit  # noqa: E402

# luma is the first channel
FIT = LuminanceFit(
    channels=(1.0, 0.0),
    bias=0.5,
    kernel=(((0, 0, 0), (0, 1, 0), (0, 0, 0)), ((0, 0, 0), (0, 0, 0), (0, 0, 0))),
    kernel_bias=0.5,
    r2=1.0,
    kernel_r2=1.0,
    factor=8,
)
SIDE, BLOCKS = 296, 37
CODE = {"control": "qr", "content": "HELLO", "grid_px": 8, "apply_by": "guidance", "margin": 0.25, "dead_zone": 0.15}
LIGHT = {"control": "lighting", "gradient": "left", "apply_by": "guidance"}


class Host(StandaloneHost):
    """A host whose VAE is measured by hand."""

    def __init__(self, fit: Any = FIT) -> None:
        super().__init__(device="cpu")
        self.fit, self.asked = fit, 0

    def luminance(self) -> Any:
        self.asked += 1
        if isinstance(self.fit, Exception):
            raise self.fit
        return self.fit


def guided(section: dict[str, Any], host: Host | None = None, net: Any = None, **values: Any) -> Generation:
    """A generation after the section's hooks before sampling."""
    p = Generation(**{"width": SIDE, "height": SIDE, **values})
    made = SectionRunner(host or Host(), FakeWebUi(), lambda: net)
    made.before_process(p, (section,))
    made.before_sampling(p)
    return p


def steer(p: Generation) -> Any:
    return getattr(p, STEER)


def luma(latents: torch.Tensor) -> np.ndarray:
    return FIT.luma(latents)[0].numpy()


def test_without_any_controlnet_a_code_is_drawn_by_guidance() -> None:
    p = guided({**CODE, "apply_by": "automatic"})
    assert not hasattr(p, "refused")
    assert p.units() == []
    made = luma(steer(p)(torch.zeros(1, 2, BLOCKS, BLOCKS), 0.5))
    assert made.min() == pytest.approx(0.5 - 0.25 * 1.5, abs=0.02)  # finders go further
    assert made.max() == pytest.approx(0.5 + 0.25 * 1.5, abs=0.02)
    assert parse(p.extra_generation_params[KEY])[0]["apply_by"] == "guidance"


def test_where_no_model_that_fits_is_installed_automatic_takes_guidance_and_else_controlnet() -> None:
    without = guided({**CODE, "apply_by": "automatic"}, net=FakeControlNet("control_v11p_sd15_canny"))
    assert without.units() == []
    assert steer(without) is not None
    fits = guided({**CODE, "apply_by": "automatic"}, net=FakeControlNet("control_v1p_sd15_qrcode_monster_v2"))
    assert len(fits.units()) == 1
    assert not hasattr(fits, STEER)
    assert "apply_by" not in fits.extra_generation_params[KEY]


def test_both_fills_a_unit_and_guides() -> None:
    p = guided({**CODE, "apply_by": "both"}, net=FakeControlNet("control_v1p_sd15_qrcode_monster_v2"))
    assert len(p.units()) == 1
    assert steer(p) is not None
    assert parse(p.extra_generation_params[KEY])[0]["apply_by"] == "both"


def test_both_without_controlnet_says_what_to_install() -> None:
    assert "install and enable sd-webui-controlnet" in guided({**CODE, "apply_by": "both"}).refused[0]


def test_a_map_of_something_else_than_brightness_is_no_target() -> None:
    p = guided({"control": "edges", "image": np.zeros((64, 64, 3), np.uint8), "apply_by": "guidance"})
    assert p.refused == (
        "apply_by cannot be luminance guidance: that follows brightness, and Edge map has none; choose ControlNet.",
        422,
    )


def test_a_map_of_light_is_followed_within_the_tolerance() -> None:
    p = guided({**LIGHT, "tolerance": 0.05})
    made = luma(steer(p)(torch.zeros(1, 2, BLOCKS, BLOCKS), 0.0))
    from lib_bootcamp.ml.diffusion.luminance import block_luma

    wanted = block_luma(steer(p).maps[0][None], 8)[0]
    assert wanted.max() - wanted.min() > 0.5
    assert np.abs(made - wanted).max() < 0.06


def test_start_end_and_strength_are_the_sections() -> None:
    p = guided({**LIGHT, "guidance_start": 0.2, "guidance_end": 0.6, "strength": 0.5, "tolerance": 0.0})
    still = torch.zeros(1, 2, BLOCKS, BLOCKS)
    assert [bool(steer(p)(still, share).any()) for share in (0.0, 0.2, 0.59, 0.6)] == [False, True, True, False]
    full = guided({**LIGHT, "tolerance": 0.0})
    half = luma(steer(p)(still, 0.3)) - 0.5
    np.testing.assert_allclose(half, (luma(steer(full)(still, 0.3)) - 0.5) / 2, atol=0.02)


def test_the_hires_pass_has_its_own_target_and_other_sizes_none() -> None:
    p = guided(CODE, enable_hr=True, hr_scale=2.0)
    low, high = (luma(steer(p)(torch.zeros(1, 2, BLOCKS * times, BLOCKS * times), 0.5)) > 0.5 for times in (1, 2))
    np.testing.assert_array_equal(np.repeat(np.repeat(low, 2, 0), 2, 1), high)
    tile = torch.zeros(1, 2, 16, 16)
    assert torch.equal(steer(p)(tile, 0.5), tile)


def test_the_vae_is_measured_once_for_all_passes() -> None:
    host = Host()
    p = Generation(width=SIDE, height=SIDE)
    made = SectionRunner(host, FakeWebUi(), lambda: None)
    made.before_process(p, (CODE,))
    assert host.asked == 0  # the checkpoint is not loaded yet
    for _ in range(2):
        made.before_sampling(p)
    steer(p)(torch.zeros(1, 2, BLOCKS, BLOCKS), 0.5)
    assert host.asked == 1


@pytest.mark.parametrize(("mistake", "status"), [(ModelError("no numbers"), 409), (ValueError("x"), 500)])
def test_a_vae_that_cannot_be_measured_ends_the_generation(mistake: Exception, status: int) -> None:
    p = guided(CODE, Host(mistake))
    assert p.refused[1] == status


def test_a_copy_of_a_guided_generation_without_the_section_is_not_guided() -> None:
    p = copy.copy(guided(CODE))
    SectionRunner(Host(), FakeWebUi(), lambda: None).before_process(p, ({"enabled": False},))
    assert not hasattr(p, STEER)


def test_a_dead_zone_over_the_margin_is_refused() -> None:
    assert "dead_zone" in guided({**CODE, "margin": 0.1, "dead_zone": 0.2}).refused[0]


def test_after_a_picture_that_scans_no_more_batches_are_drawn() -> None:
    from PIL import Image

    for stop in (True, False):
        p, webui = Generation(width=SIDE, height=SIDE, n_iter=4), FakeWebUi()
        made = SectionRunner(Host(), webui, lambda: None)
        made.before_process(p, ({**CODE, "stop_at_first": stop},))
        made.after_picture(p, Image.new("RGB", (SIDE, SIDE)))
        assert not webui.stopped
        made.after_picture(p, Image.fromarray(steer(p).maps[0]))
        assert webui.stopped is stop


def pale(code: np.ndarray) -> np.ndarray:
    """The code as hardly more than grain on gray: its modules are right, and zxing-cpp finds none."""
    grain = np.random.default_rng(0).normal(0, 4, code.shape[:2])[..., None]
    return np.clip(150 + (code.astype(float) - 128) / 40 + grain, 0, 255).astype(np.uint8)


def test_a_picture_that_nearly_scans_is_touched_up() -> None:
    from PIL import Image

    for most, text in ((64, r"^read by [\w-]+, touched up by \d+ gray levels$"), (0, r"^read by no reader$")):
        p = Generation(width=SIDE, height=SIDE)
        made = SectionRunner(Host(), FakeWebUi(), lambda: None)
        made.before_process(p, ({**CODE, "touch_up": most},))
        picture = Image.fromarray(pale(steer(p).maps[0]))
        shown = made.after_picture(p, picture)
        made.after_all(p)
        assert re.match(text, p.extra_generation_params["Bootcamp scan"][0])
        assert (shown is picture) == (most == 0)


@pytest.mark.parametrize(("when", "is_touched"), [("before", True), ("meanwhile", False)])
def test_interrupt_ends_a_touch_that_has_begun(when: str, is_touched: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    from PIL import Image

    host, progress = Host(), SilentProgress()
    monkeypatch.setattr(host, "progress", lambda: progress)
    if when == "before":
        progress.cancel()
    else:
        search = section_scan.least_touch
        monkeypatch.setattr(section_scan, "least_touch", lambda *asked: (progress.cancel(), search(*asked))[1])
    p = Generation(width=SIDE, height=SIDE)
    made = SectionRunner(host, FakeWebUi(), lambda: None)
    made.before_process(p, (CODE,))
    picture = Image.fromarray(pale(steer(p).maps[0]))
    assert (made.after_picture(p, picture) is not picture) == is_touched


@pytest.mark.parametrize("size", [(SIDE, SIDE), (SIDE, 2 * SIDE)])
def test_an_inpainting_and_a_picture_of_another_shape_are_not_touched(size: tuple[int, int]) -> None:
    from PIL import Image

    p = Generation(width=SIDE, height=SIDE)
    if size == (SIDE, SIDE):
        p.image_mask = object()
    made = SectionRunner(Host(), FakeWebUi(), lambda: None)
    made.before_process(p, (CODE,))
    picture = Image.fromarray(pale(steer(p).maps[0])).resize(size)
    assert made.after_picture(p, picture) is picture
    made.after_all(p)
    assert "not done" not in p.extra_generation_params["Bootcamp scan"][0]


def test_controlnet_alone_is_not_guided() -> None:
    p = run(Generation(), {**QR, "apply_by": "controlnet"})
    assert not hasattr(p, STEER)
    assert len(p.units()) == 1
