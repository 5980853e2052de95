"""What quick routes take while heavy requests wait: a server of its own, 50 requests to classify pictures.

A caller measures each quick route in turn, before the heavy requests and for as long as they wait.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from lib_bootcamp.core.images.codec import encode_base64
from lib_bootcamp.operations.describe.classify import CLASSIFY
from lib_bootcamp.surfaces.shared.described import PREFIX

NEEDS = ("torch", "open_clip", "gradio")
HEAVY, PICTURES = 50, 32
QUICK = ("/info", "/operations", "/jobs", "/model")
ROOT = Path(__file__).resolve().parents[1]


@contextmanager
def _serving() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as data:
        environment = {**os.environ, "BOOTCAMP_VENV": "off", "BOOTCAMP_DATA": data}
        command = [sys.executable, "-m", "lib_bootcamp", "serve", "--port", str(port)]
        with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL) as server:
            address = f"http://127.0.0.1:{port}"
            try:
                _wait(address, server)
                yield address
            finally:
                server.terminate()


def _wait(address: str, server: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        try:
            httpx.get(f"{address}{PREFIX}/info", timeout=5, trust_env=False)
        except httpx.HTTPError:
            if server.poll() is not None:
                raise RuntimeError(f"serve ended with {server.returncode}") from None
            time.sleep(0.2)
        else:
            return
    raise RuntimeError("serve did not answer within two minutes")


def _heavy(address: str, text: str) -> int:
    # a connection each, as 50 callers have
    headers = {"content-type": "application/json"}
    return httpx.post(
        f"{address}{PREFIX}{CLASSIFY.path}", content=text, headers=headers, timeout=600, trust_env=False
    ).status_code


def _quick(address: str, goes_on: Callable[[int], bool]) -> dict[str, list[float]]:
    spent: dict[str, list[float]] = {each: [] for each in QUICK}
    with httpx.Client(base_url=address + PREFIX, timeout=60, trust_env=False) as client:
        number = 0
        while goes_on(number):
            for each in QUICK:
                start = time.perf_counter()
                client.get(each)
                spent[each].append(time.perf_counter() - start)
            number += 1
    return spent


def _told(spent: Sequence[float]) -> dict[str, float]:
    return {f"p{share}_ms": round(1000 * float(np.percentile(spent, share)), 1) for share in (50, 95, 100)}


def run(quick: bool) -> dict[str, Any]:  # noqa: FBT001 - the signature of every benchmark
    """Percentiles of each quick route without load and with 50 heavy requests that wait or are worked on."""
    rng = np.random.default_rng(1)
    pictures = [encode_base64(rng.integers(0, 255, (64, 64, 3), np.uint8)) for _ in range(4 if quick else PICTURES)]
    text = json.dumps({"images": pictures, "labels": ["red", "green", "blue"]})
    with _serving() as address, ThreadPoolExecutor(HEAVY) as pool:
        _heavy(address, text)  # the model is loaded
        idle = _quick(address, lambda number: number < (20 if quick else 100))
        before = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
        start = time.perf_counter()
        asked = [pool.submit(_heavy, address, text) for _ in range(HEAVY)]
        loaded = _quick(address, lambda _: sum(not each.done() for each in asked) > HEAVY // 2)
        half = time.perf_counter() - start
        statuses = sorted({each.result() for each in asked})
    rows = [
        {"route": each, "idle": _told(idle[each]), "loaded": _told(loaded[each]), "asked": len(loaded[each])}
        for each in QUICK
    ]
    return {
        "heavy": HEAVY,
        "pictures": len(pictures),
        "statuses": statuses,
        "half_done_s": round(half, 1),
        "machines_load_before": before,
        "rows": rows,
    }


def table(result: dict[str, Any]) -> str:
    """The result as Markdown, in milliseconds."""
    many = f"{result['heavy']} requests of {result['pictures']} pictures to classify"
    lines = [
        f"While more than half of {many} wait (answered with {', '.join(map(str, result['statuses']))}; half of them "
        f"after {result['half_done_s']:g} s).",
        "",
        "| route | median, idle | p95, idle | median | p95 | slowest |",
        "|---|---|---|---|---|---|",
    ]
    for row in result["rows"]:
        values = [
            row["idle"]["p50_ms"],
            row["idle"]["p95_ms"],
            *(row["loaded"][f"p{each}_ms"] for each in (50, 95, 100)),
        ]
        lines.append(f"| `GET {row['route']}` | " + " | ".join(f"{each:g}" for each in values) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table(run(quick=True)))
