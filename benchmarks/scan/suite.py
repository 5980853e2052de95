"""Single readers, the fast cascade and the full ladder on held-out stylized codes, side by side in one run.

    python -m benchmarks scan [--quick]

Each picture goes through every row before the next is drawn. A hit is the exact text. Times include turning the
picture gray and, for OpenCV's readers, the pipe to their process; drawing the pictures is not counted.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from benchmarks.scan import ratio
from benchmarks.scan.stylized import HELD_OUT_SEED, stylized
from lib_bootcamp.context import Context
from lib_bootcamp.core.scan.decoders import DECODERS, Decoder, installed
from lib_bootcamp.core.scan.ladder import FAST, cascade, ladder
from lib_bootcamp.core.scan.reading import read
from lib_bootcamp.core.scan.views import gray_of, shrink
from lib_bootcamp.hosts.standalone import SilentProgress, StandaloneHost
from lib_bootcamp.operations.qr.scan import ScanParams, scan

Row = Callable[[Any, str], bool]


def _single(reader: Decoder, side: int) -> Row:
    return lambda image, text: text in read(reader, shrink(gray_of(image), side))


def _all_formats(image: Any, text: str) -> bool:
    import zxingcpp

    return text in [each.text for each in zxingcpp.read_barcodes(gray_of(image), text_mode=zxingcpp.TextMode.Plain)]


def _fast(names: tuple[str, ...]) -> Row:
    readers = installed(names)

    def row(image: Any, text: str) -> bool:
        return any(each.passed(text) for each in cascade(gray_of(image), readers, text).values())

    return row


def _scan(image: Any, text: str) -> bool:
    params = ScanParams(image=image, expected=text, depth="fast")
    return scan(params, Context.of_terminal(StandaloneHost(), SilentProgress())).scans


def _full(image: Any, text: str) -> bool:
    tallies = list(ladder(gray_of(image), installed()))[-1]
    return any(each.passed(text) for each in tallies.values())


def _rows() -> Iterator[tuple[str, Row]]:
    here = {each.name: each for each in installed()}
    yield "zxing-cpp, all formats, 768 px", _all_formats
    for name, sides in (
        ("zxing-cpp", (768, 512, 256)),
        ("wechat", (512, 256)),
        ("opencv", (768,)),
        ("pyzbar", (768, 256)),
        ("quirc", (768, 256)),
    ):
        if name in here:
            for side in sides:
                yield f"{name}, {side} px", _single(here[name], side)
    yield "fast cascade, zxing-cpp only", _fast(("zxing-cpp",))
    if "wechat" in here:
        yield "fast cascade, zxing-cpp and wechat", _fast(("zxing-cpp", "wechat"))
        yield "fast cascade, all but wechat", _fast(tuple(name for name in here if name != "wechat"))
    yield f"fast cascade, {len(here)} readers", _fast(())
    yield f"fast scan, {len(here)} readers", _scan


def run(quick: bool) -> dict[str, Any]:  # noqa: FBT001 - the signature of every benchmark
    """Measure on the held-out split.

    Args:
        quick: 36 pictures instead of 240; the full ladder gets every sixth.
    Returns:
        `pictures`, `any` (share that any row reads), `missing` readers, `rows`: name, recall, median and mean
        ms, slowest ms, ms per hit, pictures, and `ratios` as `benchmarks/scan/ratio.py` tells them.
    """
    rows = dict(_rows())
    rows[f"full ladder, {len(installed())} readers"] = _full
    hits: dict[str, list[bool]] = {name: [] for name in rows}
    spent: dict[str, list[float]] = {name: [] for name in rows}
    count, read_by_any = (36 if quick else 240), 0
    for row in rows.values():
        row(np.full((768, 768, 3), 255, np.uint8), "warm up")
    for index, sample in enumerate(stylized(count, HELD_OUT_SEED)):
        for name, row in rows.items():
            if row is _full and index % 6:
                continue
            start = time.perf_counter()
            hits[name].append(row(sample.image, sample.text))
            spent[name].append(1e3 * (time.perf_counter() - start))
        read_by_any += any(hits[name][-1] for name, row in rows.items() if row is not _full)
    measured = [
        {
            "name": name,
            "recall": float(np.mean(hits[name])),
            "median_ms": float(np.median(spent[name])),
            "mean_ms": float(np.mean(spent[name])),
            "slowest_ms": float(np.max(spent[name])),
            "ms_per_hit": float(np.sum(spent[name]) / max(1, sum(hits[name]))),
            "pictures": len(hits[name]),
        }
        for name in rows
    ]
    here = {each.name for each in installed()}
    return {
        "pictures": count,
        "any": read_by_any / count,
        "missing": [each.name for each in DECODERS if each.name not in here],
        "stages": len(FAST),
        "rows": measured,
        "ratios": ratio.measure(12 if quick else 60),
    }


def table(result: dict[str, Any]) -> str:
    """The result as a Markdown table."""
    lines = [
        "| reader | recall | median ms | mean ms | slowest ms | ms per hit | pictures |",
        "| --- |" + " ---: |" * 6,
    ]
    lines += [
        f"| {row['name']} | {row['recall']:.1%} | {row['median_ms']:.2f} | {row['mean_ms']:.2f} "
        f"| {row['slowest_ms']:.0f} | {row['ms_per_hit']:.1f} | {row['pictures']} |"
        for row in result["rows"]
    ]
    lines.append(f"\nAny of them but the ladder: {result['any']:.1%} of {result['pictures']} held-out pictures.")
    if result["missing"]:
        lines.append(f"Not installed: {', '.join(result['missing'])}.")
    if "ratios" in result:
        lines.append("\n" + ratio.table(result["ratios"]))
    return "\n".join(lines)


if __name__ == "__main__":
    print(table(run("--quick" in sys.argv)))
