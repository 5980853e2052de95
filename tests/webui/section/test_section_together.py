"""The section beside what else goes on in a WebUI: other people, the refiner, an interrupted run."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from tests.webui.conftest import Drawn, Webui
from tests.webui.section_requests import QR, made

LINKS = ("https://example.com/a", "https://example.org/b")


def drawn_map(link: str) -> np.ndarray:
    return made("qr", content=link, grid_px=1, surround="gray", width=256, height=256)


def test_two_people_at_once_get_their_own_maps(webui: Webui) -> None:
    with ThreadPoolExecutor(2) as people:
        answers: list[Drawn] = list(people.map(lambda link: webui.draw(section=[{**QR, "content": link}]), LINKS * 2))
    for link, answer in zip(LINKS * 2, answers, strict=True):
        assert answer.status == 200, answer.answer
        assert np.array_equal(answer.pictures[1], drawn_map(link))
    assert np.array_equal(answers[0].pictures[0], answers[2].pictures[0])


def test_the_refiner_draws_with_the_section(webui: Webui) -> None:
    refined = webui.draw(section=[QR], steps=4, refiner_checkpoint="tiny-sd15.safetensors", refiner_switch_at=0.5)
    assert refined.status == 200, refined.answer
    assert np.array_equal(refined.pictures[1], drawn_map("https://example.com"))
    assert "Bootcamp scan" in refined.texts[0]


def test_an_interrupted_run_ends_early_and_leaves_nothing_behind(webui: Webui) -> None:
    before = webui.draw(section=[QR])
    answers: list[Drawn] = []
    running = threading.Thread(target=lambda: answers.append(webui.draw(section=[QR], steps=100, n_iter=4)))
    running.start()
    for _ in range(600):
        if webui.call("/sdapi/v1/progress?skip_current_image=true")[1]["state"]["sampling_step"] > 1:
            break
        time.sleep(0.1)
    webui.call("/sdapi/v1/interrupt", {})
    running.join()
    assert answers[0].status == 200, answers[0].answer
    # one picture and its map instead of four
    assert len(answers[0].texts) < 4
    after = webui.draw(section=[QR])
    assert np.array_equal(after.pictures[0], before.pictures[0])
