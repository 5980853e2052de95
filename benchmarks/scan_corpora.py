"""zxing-cpp alone, WeChat alone, a fast scan and a full one on public test pictures of QR readers.

    python -m benchmarks.scan_corpora FOLDER [FOLDER ...] [--write]

Folders as `benchmarks/corpora.py` knows them: checkouts of zxing-cpp, jsQR, node-quirc, or boofcv's QR pictures. zxing-cpp is
shown the picture at full size; WeChat too, in a process that is killed after twenty seconds. A full scan contains a fast
one, so that it is made only where the fast one reads nothing. A picture is read when one of its texts is; where nobody wrote
its texts down, any text counts. A false text is one that is not among those written down. `--write` puts the result into
`benchmarks/results/scan_corpora.json`.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.corpora import Sample, samples
from lib_bootcamp.core.images import decode_image
from lib_bootcamp.core.scan_decoders import DECODERS
from lib_bootcamp.core.scan_ladder import luma_of
from lib_bootcamp.core.scan_worker import POOL, ReaderLostError
from lib_bootcamp.errors import BootcampError
from lib_bootcamp.hosts.standalone import SilentProgress, StandaloneHost
from lib_bootcamp.operation import Context
from lib_bootcamp.operations.scan import ScanParams, scan

RESULT = Path(__file__).parent / "results" / "scan_corpora.json"
_WECHAT_S = 20.0
Texts = tuple[str, ...]


def _zxing(image: Any) -> Texts:
    return tuple(DECODERS[0].decode(luma_of(image)))


def _wechat(image: Any) -> Texts:
    try:
        return tuple(POOL.read("wechat", luma_of(image), _WECHAT_S))
    except ReaderLostError:
        return ()


def _scan(depth: str) -> Callable[[Any], Texts]:
    def row(image: Any) -> Texts:
        params = ScanParams(image=image, depth=depth)  # type: ignore[arg-type]
        return scan(params, Context(StandaloneHost(), SilentProgress())).texts

    return row


ROWS: dict[str, Callable[[Any], Texts]] = {
    "zxing-cpp alone": _zxing,
    "WeChat alone": _wechat,
    "fast scan": _scan("fast"),
    "full scan": _scan("full"),
}


def measure(folder: Path) -> dict[str, Any]:
    """All rows on one corpus: pictures read, texts found, false texts, milliseconds, names of what is not read."""
    read: dict[str, set[str]] = {name: set() for name in ROWS}
    false: dict[str, list[str]] = {name: [] for name in ROWS}
    codes, spent = dict.fromkeys(ROWS, 0), {name: list[float]() for name in ROWS}
    names: list[str] = []
    for sample in samples(folder):
        try:
            image = decode_image(sample.path.read_bytes())
        except BootcampError:
            continue
        name = str(sample.path.relative_to(folder))
        names.append(name)
        for row, reader in ROWS.items():
            start = time.perf_counter()
            texts = last if row == "full scan" and last else reader(image)  # noqa: F821 - the fast scan's
            spent[row].append(1e3 * (time.perf_counter() - start))
            last = texts
            codes[row] += len(texts)
            if _is_right(sample, texts):
                read[row].add(name)
            elif texts:
                false[row].append(name)
    union = read["zxing-cpp alone"] | read["WeChat alone"]
    return {
        "pictures": len(names),
        "union": len(union),
        "union_not_in_full": sorted(union - read["full scan"]),
        "full_not_in_fast": sorted(read["full scan"] - read["fast scan"]),
        "rows": [
            {
                "name": row,
                "read": len(read[row]),
                "texts": codes[row],
                "false": false[row],
                "median_ms": float(np.median(spent[row])) if names else 0.0,
                "mean_ms": float(np.mean(spent[row])) if names else 0.0,
            }
            for row in ROWS
        ],
    }


def _is_right(sample: Sample, texts: Texts) -> bool:
    return bool(texts) and (sample.texts is None or any(text in sample.texts for text in texts))


def table(result: dict[str, Any]) -> str:
    """The result as a Markdown table: pictures read, and different texts in them."""
    lines = ["| pictures | of | " + " | ".join(ROWS) + " | one of the two alone |", "| --- | ---: |" + " ---: |" * 5]
    for name, corpus in result["corpora"].items():
        cells = [f"{row['read']} ({row['texts']} texts)" for row in corpus["rows"]]
        lines.append(f"| {name} | {corpus['pictures']} | {' | '.join(cells)} | {corpus['union']} |")
    return "\n".join(lines)


def main() -> None:
    """Measure the folders that are named."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scan_corpora", description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--write", action="store_true", help="write the result")
    arguments = parser.parse_args()
    result: dict[str, Any] = {"corpora": {}}
    for folder in arguments.folders:
        result["corpora"][folder.name] = measure(folder)
        print(json.dumps(result["corpora"][folder.name], indent=1, ensure_ascii=False), flush=True)
    print(table(result))
    if arguments.write:
        RESULT.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
