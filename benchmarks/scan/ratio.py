"""How long a fast scan takes as a multiple of one zxing-cpp reading of the same picture at full size.

That reading is once `zxingcpp.read_barcodes(picture)` as its page shows it, which looks for barcodes of all kinds, and
once the same for QR codes alone. All are timed in turn on each picture, each the best of three. The pictures are drawn:
held-out stylized codes; pages, screens and photographs of up to 12 megapixels with a code of 2 or 4 px a module and
without one; and the smooth pictures on which zxing-cpp spends least: grounds, soft and colored photographs, a code out
of focus and one with a hole.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import cv2
import numpy as np
import zxingcpp
from numpy.typing import NDArray

from benchmarks.scan.stylized import HELD_OUT_SEED, stylized
from lib_bootcamp.context import Context
from lib_bootcamp.core.images.arrays import Image, to_rgb
from lib_bootcamp.core.qr.encode import qr_matrix
from lib_bootcamp.core.scan.decoders import DECODERS
from lib_bootcamp.core.scan.views import luma_of
from lib_bootcamp.hosts.standalone import SilentProgress, StandaloneHost
from lib_bootcamp.operations.qr.scan import ScanParams, scan

SIZES = ((768, 768), (1920, 1080), (2480, 3508), (3840, 2160), (4032, 3024))
SMALL_SIZES = ((512, 512), (640, 480), (768, 768))
STYLIZED = "stylized codes, 768 px"


def _ground(kind: str, width: int, height: int) -> Image:
    random = np.random.default_rng(0)
    if kind == "photograph":
        coarse = random.integers(60, 200, (height // 48, width // 48), dtype=np.uint8)
        smooth = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC).astype(np.int16)
        return np.clip(smooth + random.integers(-8, 9, (height, width)), 0, 255).astype(np.uint8)
    page = np.full((height, width), 240, np.uint8)
    for top in range(40, height, 24):
        words = " ".join(("quick", "brown", "fox", "jumps")[each] for each in random.integers(0, 4, width // 60))
        cv2.putText(page, words, (20, top), cv2.FONT_HERSHEY_SIMPLEX, 0.5, 40, 1, cv2.LINE_AA)
    return page


def _large() -> Iterator[tuple[bool, Image]]:
    modules = np.pad(np.array(qr_matrix("https://example.com", "M").modules), 4)
    for width, height in SIZES:
        for kind in ("page", "photograph"):
            yield False, to_rgb(_ground(kind, width, height))
            for module_px in (2, 4):
                picture = _ground(kind, width, height)
                code = np.where(np.kron(modules, np.ones((module_px, module_px))) > 0, 30, 220).astype(np.uint8)
                picture[height // 2 : height // 2 + len(code), width // 3 : width // 3 + len(code)] = code
                yield True, to_rgb(picture)


def _smooth_layer(random: np.random.Generator, width: int, height: int) -> Image:
    """Shapes of all sizes, the larger the stronger, as in photographs."""
    out = np.zeros((height, width), np.float32)
    for power in range(2, 10):
        cells = random.normal(0, 1, (2**power, 2**power)).astype(np.float32)
        out += 0.5**power * cv2.resize(cells, (width, height), interpolation=cv2.INTER_CUBIC)
    return ((out - out.min()) / np.ptp(out) * 255).astype(np.uint8)


def _smooth() -> Iterator[tuple[str, Image]]:
    modules = np.pad(np.array(qr_matrix("https://example.com", "L").modules), 4)
    code = np.where(np.kron(modules, np.ones((4, 4))) > 0, 0, 255).astype(np.uint8)
    holed = code.copy()
    holed[50:100, 50:100] = 255
    random = np.random.default_rng(1)
    for width, height in SMALL_SIZES:
        layers = [_smooth_layer(random, width, height) for _ in range(3)]
        yield "smooth", to_rgb(np.full((height, width), 255, np.uint8))
        yield "smooth", to_rgb(np.linspace(0, 255, width).astype(np.uint8)[None].repeat(height, 0))
        yield "smooth", to_rgb(layers[0])
        yield "smooth", to_rgb(cv2.GaussianBlur(layers[0], (0, 0), 6))
        yield "smooth, colored", np.ascontiguousarray(np.stack(layers, -1))
        yield "smooth, colored", cv2.GaussianBlur(np.stack(layers, -1), (0, 0), 3)
        for shown, blur_px in ((code, 2.0), (code, 3.2), (holed, 0.0)):
            picture = layers[0].copy()
            picture[height // 4 : height // 4 + len(code), width // 3 : width // 3 + len(code)] = shown
            yield (
                "smooth, a code that is hard",
                to_rgb(cv2.GaussianBlur(picture, (0, 0), blur_px) if blur_px else picture),
            )


def _best_ms(call: Callable[[], Any]) -> tuple[float, Any]:
    spent, out = [], None
    for _ in range(3):
        start = time.perf_counter()
        out = call()
        spent.append(1e3 * (time.perf_counter() - start))
    return min(spent), out


def measure(count: int) -> list[dict[str, Any]]:
    """Of each kind of picture: how many, the times, and the ratios' median, 95th percentile and largest."""
    context = Context.of_terminal(StandaloneHost(), SilentProgress())
    kinds: dict[str, list[tuple[float, float, float, bool]]] = {}
    drawn = [(STYLIZED, each.image) for each in stylized(count, HELD_OUT_SEED)]
    large = (("with a code" if code else "without a code", image) for code, image in _large())
    for kind, image in (*drawn, *_smooth(), *large):
        gray = luma_of(image)
        zxing_ms, _ = _best_ms(lambda gray=gray: DECODERS[0].decode(gray))  # type: ignore[misc]
        plain_ms, _ = _best_ms(lambda gray=gray: zxingcpp.read_barcodes(gray))  # type: ignore[misc]
        params = ScanParams(image=image, depth="fast")
        fast_ms, result = _best_ms(lambda params=params: scan(params, context))  # type: ignore[misc]
        size = (
            ""
            if kind == STYLIZED or "smooth" in kind
            else f", {'above' if gray.size >= 1_000_000 else 'below'} 1 megapixel"
        )
        name = f"{kind}{size}, {'read' if result.scans else 'nothing read'}"
        kinds.setdefault(name, []).append((plain_ms, zxing_ms, fast_ms, result.scans))
    return [_row(name, rows) for name, rows in kinds.items()]


def _row(name: str, rows: list[tuple[float, float, float, bool]]) -> dict[str, Any]:
    plain_ms, zxing_ms, fast_ms = (np.array([each[column] for each in rows]) for column in range(3))
    return {
        "name": name,
        "pictures": len(rows),
        "plain_ms": float(np.median(plain_ms)),
        "zxing_ms": float(np.median(zxing_ms)),
        "fast_ms": float(np.median(fast_ms)),
        "plain": _spread(fast_ms / plain_ms),
        "ratio": _spread(fast_ms / zxing_ms),
    }


def _spread(ratios: NDArray[np.float64]) -> dict[str, float]:
    return {"median": float(np.median(ratios)), "p95": float(np.percentile(ratios, 95)), "largest": float(ratios.max())}


def table(rows: list[dict[str, Any]]) -> str:
    """The rows as a Markdown table."""
    lines = [
        "| pictures | of | zxing-cpp ms | zxing-cpp, QR alone, ms | fast scan ms "
        "| times zxing-cpp: median, p95, largest | times zxing-cpp for QR alone |",
        "| --- |" + " ---: |" * 6,
    ]
    lines += [
        f"| {row['name']} | {row['pictures']} | {row['plain_ms']:.1f} | {row['zxing_ms']:.1f} | {row['fast_ms']:.1f} "
        f"| {_cells(row['plain'])} | {_cells(row['ratio'])} |"
        for row in rows
    ]
    return "\n".join(lines)


def _cells(spread: dict[str, float]) -> str:
    return ", ".join(f"{each:.1f}" for each in spread.values())


if __name__ == "__main__":
    print(table(measure(60)))
