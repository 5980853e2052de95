"""A 768 x 768 QR map against the picture that the `qrcode` package draws itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import qrcode

from lib_bootcamp.context import Context
from lib_bootcamp.core.qr.draw import Style, draw
from lib_bootcamp.core.qr.placement import Canvas, EncodeRequest, solve
from lib_bootcamp.hosts.standalone import SilentProgress, StandaloneHost
from lib_bootcamp.operations.qr.qr import QR

from .timing import medians

CONTENT = "https://example.com/a/page/with/a/name/of/sixty/characters/x"
SIDE = 768


def _fresh(number: list[int]) -> str:
    """A new text of the same length each time, so that no cache helps."""
    number[0] += 1
    return f"{CONTENT[:-6]}{number[0]:06d}"


def _package(content: str) -> Any:
    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_H, border=4, box_size=10)
    code.add_data(content)
    code.make(fit=True)
    return code.make_image().get_image().resize((SIDE, SIDE))


def _operation(content: str, context: Context) -> Any:
    return QR.run(QR.params_from({"content": content, "width": SIDE, "height": SIDE}), context)


def run(quick: bool) -> dict[str, Any]:  # noqa: FBT001 - the signature of every benchmark
    """Milliseconds, and how many times faster than the package's own picture."""
    context = Context.of_terminal(StandaloneHost(device="cpu"), SilentProgress())
    counters = [0], [100_000]
    symbol, layout = solve(EncodeRequest(content=CONTENT, boost=False), Canvas(width=SIDE, height=SIDE))
    style = Style()
    source = np.zeros((SIDE, SIDE, 3), np.uint8)
    found = medians(
        {
            "package": lambda: _package(_fresh(counters[0])),
            "operation": lambda: _operation(_fresh(counters[1]), context),
            "same_again": lambda: _operation(CONTENT, context),
            "redraw": lambda: draw(symbol.modules, layout, style),
            "copy": source.copy,
        },
        rounds=20 if quick else 100,
    )
    ratios = {f"{name}_times_faster": round(found["package"] / found[name], 1) for name in ("operation", "redraw")}
    return {**{f"{name}_ms": round(value, 3) for name, value in found.items()}, **ratios}


def table(result: dict[str, Any]) -> str:
    """The result as Markdown."""
    rows = [
        ("`qrcode`'s own picture, resized", result["package_ms"], "1"),
        ("`qr` operation, new text each time", result["operation_ms"], f"{result['operation_times_faster']} x faster"),
        ("`qr` operation, the same text again", result["same_again_ms"], ""),
        ("drawing again from a cached matrix", result["redraw_ms"], f"{result['redraw_times_faster']} x faster"),
        ("a memory copy of the map", result["copy_ms"], ""),
    ]
    lines = [f"| {name} | {time:.3f} | {ratio} |" for name, time, ratio in rows]
    return "\n".join(["| 768 x 768, 60 characters, level H | ms | ratio |", "|---|---|---|", *lines])
