"""zxing-cpp alone, WeChat alone, a fast scan and a full one on public test pictures of QR readers.

    python -m benchmarks.scan.public FOLDER [FOLDER ...] [--write]

Folders as `public_pictures.py` beside it knows them: checkouts of zxing-cpp, jsQR, node-quirc, or boofcv's QR pictures.
zxing-cpp is shown the picture at full size; WeChat too, in a process that is killed after twenty seconds. A full scan
contains a fast one, so that it is made only where the fast one reads nothing. A picture is read when one of its texts
is; where nobody wrote its texts down, any text counts. A text that is not among those written down is marked so: it
is false, or a code that nobody counted. `--write` puts a folder's result into `benchmarks/results/scan_corpora.json`.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.scan.public_pictures import Sample, samples
from lib_bootcamp.context import Context
from lib_bootcamp.core.images.codec import decode_image
from lib_bootcamp.core.scan.decoders import DECODERS
from lib_bootcamp.core.scan.views import luma_of
from lib_bootcamp.core.scan.worker import POOL, ReaderLostError
from lib_bootcamp.errors import BootcampError
from lib_bootcamp.hosts.standalone import SilentProgress, StandaloneHost
from lib_bootcamp.operations.qr.scan import ScanParams, scan

RESULT = Path(__file__).resolve().parents[1] / "results" / "scan_corpora.json"
_WECHAT_S = 20.0
Texts = tuple[str, ...]


def _zxing(image: Any) -> Texts:
    return tuple(dict.fromkeys(DECODERS[0].decode(luma_of(image))))


def _wechat(image: Any) -> Texts:
    try:
        return tuple(dict.fromkeys(POOL.read("wechat", luma_of(image), _WECHAT_S)))
    except ReaderLostError:
        return ()


def _scan(depth: str) -> Callable[[Any], Texts]:
    def row(image: Any) -> Texts:
        params = ScanParams(image=image, depth=depth)  # type: ignore[arg-type]
        return scan(params, Context.of_terminal(StandaloneHost(), SilentProgress())).texts

    return row


ROWS: dict[str, Callable[[Any], Texts]] = {
    "zxing-cpp alone": _zxing,
    "WeChat alone": _wechat,
    "fast scan": _scan("fast"),
    "full scan": _scan("full"),
}


def measure(folder: Path, rows: Collection[str] = tuple(ROWS)) -> dict[str, Any]:
    """The rows on one corpus: pictures read, texts found, unknown ones among them, milliseconds."""
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
        found: dict[str, Texts] = {}
        for row in rows:
            start = time.perf_counter()
            texts = found[row] = found.get("fast scan") or ROWS[row](image)
            spent[row].append(1e3 * (time.perf_counter() - start))
            codes[row] += len(texts)
            unknown = _unknown(sample, texts)
            if len(unknown) < len(texts):
                read[row].add(name)
            false[row] += [name] * len(unknown)
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
                "not_written_down": false[row],
                "median_ms": float(np.median(spent[row])) if names and row != "full scan" else None,
                "mean_ms": float(np.mean(spent[row])) if names and row != "full scan" else None,
            }
            for row in rows
        ],
    }


def _unknown(sample: Sample, texts: Texts) -> list[str]:
    """The texts that nobody wrote down for this picture; line ends and blanks at the end are the text file's own."""
    known = {_bare(text) for text in sample.texts or ()}
    return [] if sample.texts is None else [text for text in texts if _bare(text) not in known]


def _bare(text: str) -> str:
    return "\n".join(text.splitlines()).rstrip()


def table(result: dict[str, Any]) -> str:
    """The result as a Markdown table: pictures read, and different texts in them."""
    lines = [
        "| pictures | of | " + " | ".join(ROWS) + " | read by one of the first two |",
        "| --- | ---: |" + " ---: |" * 5,
    ]
    for name, corpus in result["corpora"].items():
        rows = {row["name"]: row for row in corpus["rows"]}
        cells = [f"{rows[row]['read']} ({rows[row]['texts']} texts)" if row in rows else "" for row in ROWS]
        lines.append(f"| {name} | {corpus['pictures']} | {' | '.join(cells)} | {corpus['union']} |")
    return "\n".join(lines)


def main() -> None:
    """Measure the folders that are named."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scan.public", description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=list(ROWS), help="only these")
    parser.add_argument("--write", action="store_true", help="write the result")
    arguments = parser.parse_args()
    result: dict[str, Any] = {"corpora": {}}
    if RESULT.is_file():
        result = json.loads(RESULT.read_text(encoding="utf-8"))
    for folder in arguments.folders:
        result["corpora"][folder.name] = measure(folder, arguments.rows)
        print(json.dumps(result["corpora"][folder.name], indent=1, ensure_ascii=False), flush=True)
    print(table(result))
    if arguments.write:
        RESULT.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
