"""What a page shows while a result grows: once in a second at most, and Stop is heard at once."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lib_bootcamp.errors import CancelledError, ModelError
from lib_bootcamp.operations.draw.txt2img import TXT2IMG, DrawingPreview, Txt2ImgResult
from tests.fakes import FakeHost

gr = pytest.importorskip("gradio")

from lib_bootcamp.surfaces.page import work as page_work  # noqa: E402
from lib_bootcamp.surfaces.page.growing_tab import GrowingTab  # noqa: E402
from lib_bootcamp.surfaces.page.growth import BEGUN, WAITING, Growth, listed  # noqa: E402
from lib_bootcamp.surfaces.page.outputs import Outputs  # noqa: E402
from lib_bootcamp.surfaces.page.tabs.page import tab_class  # noqa: E402
from lib_bootcamp.surfaces.shared.work_queue import WorkQueue  # noqa: E402

PICTURE = np.zeros((8, 8, 3), np.uint8)
TICK_S = 0.02


class Visitor:
    """Who asks, as Gradio has it."""

    session_hash = "me"


@pytest.fixture(autouse=True)
def quick_ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_work, "LOOK_S", TICK_S)


def pressed(
    draw: Callable[[Any, Any], Any], then: Callable[[GrowingTab, list[Any]], None], tmp_path: Path
) -> list[str]:
    """The messages of one run; `then` is called after each with those so far."""
    with gr.Blocks():
        tab = GrowingTab(replace(TXT2IMG, run=draw, needs=""), FakeHost(data_dir=tmp_path), Outputs())
        tab.build()
    values = [tab.form.components[each.name].value for each in tab.form.fields]
    tab.stops._queue = WorkQueue("test", threads=1)
    told: list[str] = []

    async def run() -> None:
        async for each in tab.stops.grows(tab.draw, tab.failed)(Visitor(), *values):
            told.append(each[0])
            then(tab, told)

    asyncio.run(run())
    return told


def nothing(tab: GrowingTab, told: list[str]) -> None:
    """Nobody does anything."""


def result() -> Txt2ImgResult:
    return Txt2ImgResult(image=PICTURE, seed=1, width=8, height=8, checkpoint="none")


def test_an_operation_that_grows_has_a_tab_with_a_stop_button() -> None:
    assert tab_class(TXT2IMG) is GrowingTab


def test_steps_and_previews_are_seen_and_the_last_message_is_the_results(tmp_path: Path) -> None:
    looked = threading.Event()

    def draw(params: Any, context: Any) -> Txt2ImgResult:
        context.progress.start("txt2img", 4, "step")
        context.progress.step(2)
        context.show(DrawingPreview(image=PICTURE))
        assert looked.wait(30)
        return result()

    def then(tab: GrowingTab, told: list[str]) -> None:
        if "<img" in told[-1]:
            looked.set()

    *seen, last = pressed(draw, then, tmp_path)
    assert WAITING in seen[0]
    assert "txt2img: step 2 of 4" in seen[-1]
    assert 'aria-valuenow="2"' in seen[-1]
    assert 'src="data:image/jpeg;base64,' in seen[-1]
    assert "bootcamp-done" in last


def test_however_many_steps_a_tick_has_one_message(tmp_path: Path) -> None:
    def draw(params: Any, context: Any) -> Txt2ImgResult:
        context.progress.start("txt2img", 10_000, "step")
        for step in range(10_000):
            context.progress.step(step + 1)
            context.show(DrawingPreview(image=PICTURE))
        return result()

    assert len(pressed(draw, nothing, tmp_path)) < 1000


def test_stop_ends_it_between_two_steps(tmp_path: Path) -> None:
    begun = threading.Event()

    def draw(params: Any, context: Any) -> Txt2ImgResult:
        context.progress.start("txt2img", 4, "step")
        begun.set()
        context.progress.step(2)  # seen after it has begun: before, Stop would take it out of the queue
        while not context.progress.cancelled():
            threading.Event().wait(0.001)
        raise CancelledError(2)

    def stop(tab: GrowingTab, told: list[str]) -> None:
        if begun.is_set():
            tab.stops.stop(Visitor())

    assert "Stopped after 2 finished." in pressed(draw, stop, tmp_path)[-1]


def test_stop_ends_the_wait_for_a_turn(tmp_path: Path) -> None:
    drawn = []
    goes_on = threading.Event()

    async def run() -> list[str]:
        with gr.Blocks():
            tab = GrowingTab(
                replace(TXT2IMG, run=lambda *_: drawn.append(1), needs=""), FakeHost(data_dir=tmp_path), Outputs()
            )
            tab.build()
        tab.stops._queue = queue = WorkQueue("test", threads=1)
        other = asyncio.ensure_future(queue.run(lambda _: goes_on.wait(30)))
        values = [tab.form.components[each.name].value for each in tab.form.fields]
        told = []
        async for each in tab.stops.grows(tab.draw, tab.failed)(Visitor(), *values):
            told.append(each[0])
            tab.stops.stop(Visitor())
        goes_on.set()
        await other
        await queue.run(lambda _: None)
        return told

    assert "Stopped before it began." in asyncio.run(run())[-1]
    assert drawn == []


def test_a_mistake_is_the_last_message(tmp_path: Path) -> None:
    def draw(params: Any, context: Any) -> Txt2ImgResult:
        raise ModelError("There is no checkpoint.")

    last = pressed(draw, nothing, tmp_path)[-1]
    assert "bootcamp-error" in last
    assert "There is no checkpoint." in last


def test_a_look_at_what_did_not_change_is_none(tmp_path: Path) -> None:
    growth = Growth(threading.Event())
    growth.begin(FakeHost(data_dir=tmp_path))
    assert BEGUN in str(growth.look())
    assert growth.look() is None
    growth.start("txt2img", 4, "step")
    assert growth.look() is not None


def test_texts_are_never_html() -> None:
    made = listed(["<b>", "c"], ["<i>"])
    assert re.findall(r"<\w+>", made) == ["<li>", "<span>", "<li>"]
