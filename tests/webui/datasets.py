"""Folders of pictures for jobs in the real WebUI, and what is asked about a job over its port."""

from __future__ import annotations

import json
import os
import re
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from .conftest import ANSWER_S, Webui
from .test_classify import drawn

JOBS = "/bootcamp/v1/jobs"
TAGS = {"clip": "mini", "labels": ["red circle", "blue square"], "templates": "custom", "template": ["a {}"],
        "threshold": 0.2}  # fmt: skip
SHAPES = {"red circle": ("circle", (220, 20, 30)), "blue square": ("square", (30, 70, 220))}
SMALL, LARGE = 64, 1400
"""Sides in pixels. A thousand large ones keep a processor busy for many seconds."""


def dataset(folder: Path, count: int, side: int = SMALL) -> Path:
    """A folder of circles and squares by turns; the files are links to two, so that many are made at once."""
    folder.mkdir(parents=True)
    firsts = []
    for at, (shape, color) in enumerate(SHAPES.values()):
        firsts.append(folder / f"{at:04}.png")
        Image.fromarray(drawn(shape, color, side)).save(firsts[-1])
    for at in range(len(firsts), count):
        os.link(firsts[at % 2], folder / f"{at:04}.png")
    return folder


def captions(folder: Path) -> dict[str, str]:
    """The captions that lie in a folder, by the picture's name without its ending."""
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.txt"))}


def wanted(numbers: range | list[int]) -> dict[str, str]:
    """The captions that pictures of a `dataset` are to get."""
    return {f"{at:04}": list(SHAPES)[at % 2] for at in numbers}


def begin(webui: Webui, folder: Path, **more: Any) -> int:
    """Begin a job; returns its number."""
    login = more.pop("login", None)
    status, job = webui.call(f"{JOBS}/caption", {"folder": str(folder), **TAGS, **more}, login=login)
    assert status == 202, job
    return int(job["id"])


def job(webui: Webui, number: int, login: str | None = None) -> dict[str, Any]:
    """A job as the API answers it."""
    status, reported = webui.call(f"{JOBS}/{number}", login=login)
    assert status == 200, reported
    return dict(reported)


def until(webui: Webui, number: int, *states: str, done: int = 0, login: str | None = None) -> dict[str, Any]:
    """Wait for a job to be in one of some states with so many pictures done."""
    end = time.monotonic() + ANSWER_S
    while True:
        reported = job(webui, number, login)
        if reported["state"] in states and reported["done"] >= done:
            return reported
        assert time.monotonic() < end, reported
        time.sleep(0.05)


def bar(webui: Webui) -> tuple[int, float]:
    """How many pictures the WebUI's bar says are done, once some are, and how far it is, from 0 to 1."""
    end = time.monotonic() + ANSWER_S
    while time.monotonic() < end:
        reported = webui.call("/sdapi/v1/progress?skip_current_image=true")[1]
        found = re.search(r": ([1-9]\d*)/\d+ picture", reported["textinfo"] or "")
        if found and reported["state"]["job"]:
            return int(found[1]), float(reported["progress"])
        time.sleep(0.02)
    pytest.fail("the WebUI's bar shows nothing")


def interrupt(webui: Webui, number: int, press: Callable[[], Any] | None = None) -> dict[str, Any]:
    """Press Interrupt once, and wait until the job goes on no more."""
    (press or (lambda: webui.call("/sdapi/v1/interrupt", {})))()
    return until(webui, number, "paused", "done")


def done_in_journal(webui: Webui, number: int, login: str | None = None) -> dict[str, str]:
    """The captions of a job's pictures that are done, as the journal has them."""
    found: dict[str, str] = {}
    for offset in range(0, 100_000, 1000):
        status, page = webui.call(f"{JOBS}/{number}/items?offset={offset}&limit=1000", login=login)
        assert status == 200, page
        found |= {
            Path(each["path"]).stem: each["result"]["caption"] for each in page["items"] if each["state"] == "done"
        }
        if offset + 1000 >= page["total"]:
            break
    return found


def events(webui: Webui, number: int, *, packed: bool = False, login: str | None = None) -> Iterator[tuple[str, Any]]:
    """A job's server-sent events, each when it comes.

    Args:
        webui: whose.
        number: of the job.
        packed: say that gzip is read, as browsers do.
        login: `user:password`.
    """
    asked = webui.request(f"{JOBS}/{number}/events", login=login, **{"Accept-Encoding": "gzip"} if packed else {})
    with urllib.request.urlopen(asked, timeout=ANSWER_S) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["content-encoding"] == "identity"
        text = ""
        while data := answer.read1(65536):
            text += data.decode()
            *blocks, text = text.split("\n\n")
            for block in blocks:
                if block.startswith("event: "):
                    name, facts = block.split("\n")
                    yield name.removeprefix("event: "), json.loads(facts.removeprefix("data: "))
