"""Choose the stages of the fast cascade: greedy, by new hits per millisecond, on the training split only.

    python -m benchmarks.scan.search [pictures]

Every reader is tried at every size and preparation on every picture once; then stages are taken one by one,
each time the one that reads most of what is still unread for the time it costs on that. The choice was
written into `lib_bootcamp/core/scan/ladder.py` by hand; `benchmarks/scan/suite.py` measures it on the held-out split.
OpenCV's own detector is left out: it reads least and costs most.
"""

from __future__ import annotations

import sys
import time
from itertools import product
from typing import Any

import numpy as np

from benchmarks.scan.stylized import TRAIN_SEED, stylized
from lib_bootcamp.core.scan.decoders import decode_here, installed
from lib_bootcamp.core.scan.views import PREPARATIONS, gray_of, shrink

SIDES = {"zxing-cpp": (192, 256, 384, 512, 768), "wechat": (192, 256, 384), "opencv": ()}
OTHER_SIDES = (256, 384)


def measure(count: int) -> tuple[list[tuple[str, int, str]], Any, Any]:
    """Hits bool [stages, pictures] and CPU milliseconds float [stages, pictures] of every stage.

    CPU time, and every reader in this process, so that a busy machine does not choose the stages.
    """
    names = [each.name for each in installed()]
    stages = [(n, s, p) for n in names for s, p in product(SIDES.get(n, OTHER_SIDES), PREPARATIONS)]
    readers = {each.name: each for each in installed()}
    hits, spent = np.zeros((len(stages), count), bool), np.zeros((len(stages), count))
    for column, sample in enumerate(stylized(count, TRAIN_SEED)):
        gray = gray_of(sample.image)
        for row, (name, side, preparation) in enumerate(stages):
            start = time.process_time()
            texts = decode_here(readers[name], PREPARATIONS[preparation](shrink(gray, side)))
            spent[row, column] = 1e3 * (time.process_time() - start)
            hits[row, column] = sample.text in texts
    return stages, hits, spent


def greedy(stages: list[tuple[str, int, str]], hits: Any, spent: Any, *, least: float) -> list[dict[str, Any]]:
    """Take stages while one of them reads at least `least` more pictures a second."""
    unread, total, taken = np.ones(hits.shape[1], bool), 0.0, []
    while unread.any():
        found = (hits & unread).sum(1)
        cost = spent[:, unread].sum(1)
        best = int(np.argmax(found / cost))
        if found[best] / cost[best] * 1e3 < least:
            break
        total += float(cost[best])
        unread &= ~hits[best]
        taken.append(
            {
                "stage": stages[best],
                "new": int(found[best]),
                "recall": float(1 - unread.mean()),
                "mean_ms": total / hits.shape[1],
            }
        )
    return taken


def main() -> None:
    """Print the table."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 160
    stages, hits, spent = measure(count)
    print(f"{count} pictures, {len(stages)} stages tried, any of them reads {hits.any(0).mean():.1%}")
    for title, rows in {
        "all": np.ones(len(stages), bool),
        "without quirc": np.array([s[0] != "quirc" for s in stages]),
        "zxing-cpp and wechat": np.array([s[0] in {"zxing-cpp", "wechat"} for s in stages]),
    }.items():
        print(title)
        for each in greedy([s for s, k in zip(stages, rows, strict=True) if k], hits[rows], spent[rows], least=0.2):
            print(
                f"  {each['stage']!s:40} +{each['new']:3}  recall {each['recall']:.3f}  mean {each['mean_ms']:.2f} ms"
            )
    print("single stages")
    for row in np.argsort(-hits.sum(1))[:40]:
        print(f"  {stages[row]!s:40} {hits[row].mean():.3f}  {spent[row].mean():.2f} ms")


if __name__ == "__main__":
    main()
