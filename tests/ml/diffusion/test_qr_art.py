"""QR art on the small checkpoint: it scans, its tries mend it, and it can be had again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.ml.needs import skip_without_models

skip_without_models("diffusers", "transformers")

import zxingcpp  # noqa: E402
from PIL import Image as Pil  # noqa: E402

from lib_bootcamp.context import Context  # noqa: E402
from lib_bootcamp.core.scan import decoders as scan_decoders  # noqa: E402
from lib_bootcamp.errors import CancelledError, InvalidParamError  # noqa: E402
from lib_bootcamp.hosts.standalone import StandaloneHost  # noqa: E402
from lib_bootcamp.operation import CHUNK  # noqa: E402
from lib_bootcamp.operations.draw import qr_art_tries  # noqa: E402
from lib_bootcamp.operations.draw.qr_art import QR_ART, QrArtResult  # noqa: E402
from lib_bootcamp.ports import SilentProgress  # noqa: E402

ASKED = {"content": "HELLO", "prompt": "a blue star on a white background", "width": 232, "height": 232, "seed": 5}
ASKED |= {"steps": 8, "decoders": ["zxing-cpp"]}


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> StandaloneHost:
    """One host on the processor, so that models are loaded once."""
    return StandaloneHost(device="cpu", data_dir=tmp_path_factory.mktemp("data"))


def made(host: StandaloneHost, progress: Any = None, **values: Any) -> QrArtResult:
    return QR_ART.run(QR_ART.params_from({**ASKED, **values}), Context.of_terminal(host, progress or SilentProgress()))


def test_guidance_makes_a_code_that_scans_and_without_it_there_is_none(host: StandaloneHost) -> None:
    guided, free = made(host, preset="sure"), made(host, strength=0, max_tries=1)
    assert guided.image is not None
    assert [each.text for each in zxingcpp.read_barcodes(Pil.fromarray(guided.image))] == ["HELLO"]
    assert guided.scans
    assert guided.read_by == ("zxing-cpp",)
    assert guided.module_error < 0.1
    assert not free.scans
    assert free.module_error > 0.3


def test_what_a_picture_records_of_itself_draws_it_again(host: StandaloneHost) -> None:
    params = QR_ART.params_from({**ASKED, "seed": -1})
    first = QR_ART.run(params, Context.of_terminal(host, SilentProgress()))
    reported = json.loads(QR_ART.made_text(params, first)[CHUNK])
    again = QR_ART.run(
        QR_ART.params_from({**reported["params"], "seed": reported["result"]["seed"]}),
        Context.of_terminal(host, SilentProgress()),
    )
    np.testing.assert_array_equal(first.image, again.image)
    assert reported["result"]["chosen_try"] == first.chosen_try == again.chosen_try


def test_each_try_has_fewer_wrong_modules_until_it_scans(host: StandaloneHost) -> None:
    found = made(
        host, margin=0.06, dead_zone=0.03, touch_up=0, max_tries=4, prompt="a black square on a gray background"
    )
    assert len(found.tries) > 1
    assert [each.method for each in found.tries] == ["drawn", "stronger guidance", "repaired", "stronger guidance"][
        : len(found.tries)
    ]
    assert min(each.wrong for each in found.tries[1:]) < found.tries[0].wrong
    assert found.module_error == min(each.module_error for each in found.tries if each.scans == found.scans)


def test_a_picture_that_nearly_scans_is_touched_up_and_records_it(host: StandaloneHost) -> None:
    asked = {"margin": 0.06, "dead_zone": 0.03, "max_tries": 1, "prompt": "a black square on a gray background"}
    plain, touched = made(host, touch_up=0, **asked), made(host, **asked)
    assert not plain.scans
    assert touched.scans
    levels = touched.tries[0].touch_up
    assert 0 < levels <= 192
    assert touched.chosen_try == f"try 1 of seed 5, drawn, touched up by {levels} gray levels"
    assert touched.lines()[0].startswith(f"seed 5, try 1: drawn, touched up by {levels} gray levels, ")
    assert plain.image is not None
    assert touched.image is not None
    assert [each.text for each in zxingcpp.read_barcodes(Pil.fromarray(touched.image))] == ["HELLO"]
    assert np.abs(plain.image.astype(int) - touched.image).max() <= levels + 1


def test_a_repair_leaves_everything_but_the_weak_modules(host: StandaloneHost) -> None:
    from lib_bootcamp.core.qr_art.target import module_weights
    from lib_bootcamp.ml.diffusion.guidance import Guidance
    from lib_bootcamp.ml.diffusion.qr_art import CodeDrawer
    from lib_bootcamp.operations.draw.txt2img import drawing_of
    from lib_bootcamp.operations.qr.code import place_code

    params = QR_ART.params_from(ASKED)
    _, layout = place_code(params, 232, 232)
    weak = np.zeros((layout.modules, layout.modules), bool)
    weak[2:6, 10:14] = True
    asked = {**drawing_of(params), "width": 232, "height": 232}
    with host.components() as components:
        drawer = CodeDrawer(components, layout, Guidance(margin=0.3, dead_zone=0.2), host.data_dir())
        first = drawer.draw(SilentProgress(), module_weights(layout), "first", asked)
        second = drawer.repair(SilentProgress(), module_weights(layout), first, weak, "second", {**asked, "seed": 9})
    changed = np.abs(first.image.astype(int) - second.image).mean(2)
    top, left = layout.top + 2 * 8, layout.left + 10 * 8
    inside = changed[top : top + 32, left : left + 32].mean()
    assert inside > 4
    assert changed[160:].mean() < inside / 10  # far below the place that was mended


def test_seeds_are_tried_until_one_scans(host: StandaloneHost, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([(), ("zxing-cpp",), ("zxing-cpp",)])
    monkeypatch.setattr(qr_art_tries, "readers_of", lambda *_: next(answers))
    found = made(host, max_tries=1, seeds=3, steps=2, touch_up=0)
    assert [(each.seed, each.scans) for each in found.tries] == [(5, False), (6, True)]
    assert (found.seed, found.scans) == (6, True)


def test_where_only_pictures_that_scan_are_wanted_there_is_none_that_does_not(host: StandaloneHost) -> None:
    found = made(host, strength=0, max_tries=1, steps=2, only_scanning=True)
    assert found.image is None
    assert not found.succeeded()
    assert found.pictures() == {}


class StopAfter(SilentProgress):
    """Is stopped after so many pieces of work."""

    def __init__(self, pieces: int) -> None:
        super().__init__()
        self.pieces = pieces

    def start(self, title: str, total: int, unit: str) -> None:
        self.pieces -= 1
        if self.pieces < 0:
            self.cancel()


def test_stopped_later_the_best_picture_so_far_is_kept(host: StandaloneHost) -> None:
    found = made(host, StopAfter(1), strength=0, steps=2, max_tries=4)
    assert found.stopped
    assert len(found.tries) == 1
    assert found.image is not None


def test_stopped_while_it_is_touched_up_the_picture_is_kept_as_drawn(
    host: StandaloneHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    progress, search = SilentProgress(), qr_art_tries.least_touch
    monkeypatch.setattr(qr_art_tries, "readers_of", lambda *_: ())
    monkeypatch.setattr(qr_art_tries, "least_touch", lambda *asked: (progress.cancel(), search(*asked))[1])
    found = made(host, progress, steps=2, max_tries=4)
    assert found.stopped
    assert [each.touch_up for each in found.tries] == [0]
    assert found.image is not None


def test_stopped_before_the_first_picture_there_is_nothing(host: StandaloneHost) -> None:
    with pytest.raises(CancelledError):
        made(host, StopAfter(0))


def test_the_last_steps_through_the_vae_come_nearer_to_the_code(host: StandaloneHost) -> None:
    fitted, exact = (made(host, max_tries=1, exact=each, margin=0.2, dead_zone=0.2) for each in (False, True))
    assert exact.module_error <= fitted.module_error
    assert not np.array_equal(fitted.image, exact.image)


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"content": ""}, "content"),
        ({"dead_zone": 0.5, "margin": 0.1}, "dead_zone"),
        ({"guidance_start": 0.5, "guidance_end": 0.5}, "guidance_start"),
        ({"decoders": ["zxing-cpp", "zxing-cpp"]}, "decoders"),
    ],
)
def test_a_mistake_names_its_field(wrong: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidParamError) as caught:
        QR_ART.params_from({**ASKED, **wrong})
    assert caught.value.param == named


def test_a_reader_that_is_not_here_is_named(host: StandaloneHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan_decoders, "installed", lambda names=(): [])
    with pytest.raises(InvalidParamError, match="zxing-cpp, which is not installed"):
        made(host)


def test_without_a_size_a_module_has_two_latent_pixels(host: StandaloneHost) -> None:
    found = made(host, width=None, height=None, steps=1, max_tries=1)
    assert (found.width, found.height, found.layout.module_px) == (512, 512, 16)


def test_the_fit_is_kept_for_the_next_drawing(host: StandaloneHost) -> None:
    assert list(Path(host.data_dir(), "luminance").glob("luminance-*.json"))
