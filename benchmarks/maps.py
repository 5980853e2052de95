"""Brightness and lighting maps against a memory copy of the same bytes and against OpenCV's own calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np

from lib_bootcamp.hosts.standalone import SilentProgress, StandaloneHost
from lib_bootcamp.operation import Context
from lib_bootcamp.operations.brightness import BRIGHTNESS
from lib_bootcamp.operations.lighting import LIGHTING

from .timing import medians


def _photograph(side: int) -> Any:
    rng = np.random.default_rng(1)
    small = rng.integers(0, 256, (max(2, side // 32), max(2, side // 32), 3), dtype=np.uint8)
    noise = rng.integers(0, 24, (side, side, 3), dtype=np.uint8)
    return cv2.add(cv2.resize(small, (side, side), interpolation=cv2.INTER_CUBIC), noise)


def _calls(side: int) -> dict[str, Callable[[], Any]]:
    photograph = _photograph(side)
    context = Context(StandaloneHost(device="cpu"), SilentProgress())
    size = {"width": side, "height": side}

    def brightness(**values: Any) -> Callable[[], Any]:
        return lambda: BRIGHTNESS.run(BRIGHTNESS.params_from({"image": photograph, **values}), context)

    def lighting(**values: Any) -> Callable[[], Any]:
        return lambda: LIGHTING.run(LIGHTING.params_from(values), context)

    point = {"kind": "point", "x": 0.3, "y": 0.3}
    return {
        "copy": photograph.copy,
        "cv2 L*": lambda: cv2.cvtColor(photograph, cv2.COLOR_RGB2LAB)[:, :, 0],
        "brightness L*": brightness(),
        "brightness Rec. 709 linear light": brightness(luminance="linear"),
        "brightness max": brightness(luminance="max"),
        "brightness L*, tone, posterise": brightness(gamma=1.4, black_point=0.1, posterise=6, invert=True),
        "lighting gradient": lighting(gradient="left", **size),
        "lighting point": lighting(lights=[point], **size),
        "lighting 3 lights on the picture": lighting(preset="three_point", image=photograph),
        "illumination": lighting(mode="estimate", image=photograph),
        "illumination, edges kept": lighting(mode="estimate", image=photograph, edge_preserving=True),
    }


def _gaussian(side: int) -> float:
    """One run of what a person would write: OpenCV's Gaussian blur over the brightness; it is far too slow for more."""
    grey = cv2.cvtColor(_photograph(side), cv2.COLOR_RGB2GRAY)
    return medians({"blur": lambda: cv2.GaussianBlur(grey, (0, 0), side / 16)}, rounds=3, warm_up=0)["blur"]


def run(quick: bool) -> dict[str, Any]:  # noqa: FBT001 - the signature of every benchmark
    """For each side: milliseconds of each map and how many memory copies of the picture it costs."""
    sides = {}
    for side in (512, 1024) if quick else (512, 1024, 2048, 4096):
        found = medians(_calls(side), rounds=5 if side > 2048 else 15)
        blur = _gaussian(side) if side <= 2048 else None
        sides[str(side)] = {
            "ms": {name: round(value, 3) for name, value in found.items()},
            "copies": {name: round(value / found["copy"], 1) for name, value in found.items()},
            "gaussian_blur_ms": blur and round(blur, 1),
            "illumination_times_faster_than_blur": blur and round(blur / found["illumination"], 1),
        }
    return {"sides": sides}


def table(result: dict[str, Any]) -> str:
    """The result as Markdown: milliseconds and, in brackets, memory copies."""
    sides = result["sides"]
    names = next(iter(sides.values()))["ms"]
    lines = [
        "| ms (memory copies) | " + " | ".join(f"{side} px" for side in sides) + " |",
        "|---" * (len(sides) + 1) + "|",
    ]
    for name in names:
        cells = [f"{each['ms'][name]:.2f} ({each['copies'][name]:g})" for each in sides.values()]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    blurs = [f"{each['gaussian_blur_ms']:g}" if each["gaussian_blur_ms"] else "-" for each in sides.values()]
    lines.append("| `cv2.GaussianBlur`, sigma = side / 16 | " + " | ".join(blurs) + " |")
    times = [each["illumination_times_faster_than_blur"] for each in sides.values()]
    lines.append(
        "| illumination against that blur | " + " | ".join(f"{t:g} x faster" if t else "-" for t in times) + " |"
    )
    return "\n".join(lines)
