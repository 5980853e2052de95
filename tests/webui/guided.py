"""Drawing a code by luminance guidance on a real WebUI, and reading it back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import zxingcpp
from PIL import Image

from lib_bootcamp.catalog import find
from lib_bootcamp.context import Context
from lib_bootcamp.core.scan.error_map import error_map
from lib_bootcamp.hosts.standalone import SilentProgress, StandaloneHost

from .conftest import Drawn, Webui

SIDE = 232  # 29 modules of 8 px, quiet zone and all
PROMPT = {"prompt": "a blue star on a yellow background", "width": SIDE, "height": SIDE, "steps": 12, "cfg_scale": 5}
CODE = {"control": "qr", "content": "HELLO", "grid_px": 8, "apply_by": "guidance", "margin": 0.4, "dead_zone": 0.3}


def draw(webui: Webui, section: dict[str, Any] | None = None, kind: str = "txt2img", **more: Any) -> Drawn:
    drawn = webui.draw(kind, **({"section": [section]} if section else {}), **{**PROMPT, **more})
    assert drawn.status == 200, drawn.answer
    return drawn


def layout() -> Any:
    operation = find("qr")
    asked = {"content": "HELLO", "grid_px": 8, "width": SIDE, "height": SIDE}
    return operation.run(operation.params_from(asked), Context.of_terminal(StandaloneHost(), SilentProgress())).layout


def wrong(picture: np.ndarray) -> float:
    """Share of modules that a reader would get wrong."""
    return float(error_map(picture, layout()).wrong.mean())


def read(picture: np.ndarray) -> list[str]:
    return [each.text for each in zxingcpp.read_barcodes(Image.fromarray(picture))]


def shrunk(picture: np.ndarray) -> np.ndarray:
    """A hires picture at the size before."""
    return np.asarray(Image.fromarray(picture).resize((SIDE, SIDE), Image.Resampling.BOX))


def samplers(webui: Webui) -> list[str]:
    return [each["name"] for each in webui.call("/sdapi/v1/samplers")[1]]


def assert_samplers_draw_the_code(webui: Webui, record_property: Callable[[str, object], None], least: int) -> None:
    """Each of a WebUI's samplers, at least so many, draws it, and most are read."""
    found = {}
    for name in samplers(webui):
        picture = draw(webui, CODE, sampler_name=name).pictures[0]
        found[name] = (round(wrong(picture), 3), read(picture) == ["HELLO"])
    record_property("samplers", found)
    assert len(found) >= least
    assert {name: each for name, each in found.items() if each[0] > 0.1} == {}
    assert sum(each[1] for each in found.values()) >= len(found) * 0.8
