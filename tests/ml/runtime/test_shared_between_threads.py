"""What threads share is published whole: nobody sees it half made, and nobody's end undoes what another still needs."""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.fakes import FakeHost
from tests.ml.needs import skip_without_models

skip_without_models()


class PausedLabels(list):  # type: ignore[type-arg]
    """Labels whose walk stops in the middle until it is let go."""

    def __init__(self, labels: list[str]) -> None:
        super().__init__(labels)
        self.halfway, self.go_on = threading.Event(), threading.Event()

    def __iter__(self) -> Iterator[str]:
        for at, each in enumerate(super().__iter__()):
            if at == len(self) // 2 and not self.halfway.is_set():
                self.halfway.set()
                self.go_on.wait(10)
            yield each


def test_a_label_is_found_while_another_thread_makes_the_table_of_places(tmp_path: Path) -> None:
    import torch

    from lib_bootcamp.core.text.label_tables import folder_tables
    from lib_bootcamp.ml.clip.label_features import MERGED, LabelFeatures

    for table in (*MERGED, "negative"):
        (tmp_path / f"{table}.txt").write_text(f"{table}\n", encoding="utf-8")
    tables = folder_tables(tmp_path)
    vectors = {name: torch.zeros(len(labels), 2) for name, labels in tables.named().items()}
    features = LabelFeatures("made", tables, vectors)
    features.labels = PausedLabels(["a", "b", "c", "d"])
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(features.place, "a")
        assert features.labels.halfway.wait(10)
        second = pool.submit(features.place, "d")
        time.sleep(0.05)
        features.labels.go_on.set()
        assert (first.result(10), second.result(10)) == (0, 3)


@pytest.mark.parametrize("name", ["quiet_output", "quiet_log"])
def test_two_that_are_quiet_at_once_leave_the_output_and_the_log_as_they_were(name: str) -> None:
    from lib_bootcamp.ml.runtime import quiet

    block = getattr(quiet, name)
    before = (sys.stdout, logging.getLogger().level)
    one, other = block(), block()
    one.__enter__()
    other.__enter__()
    one.__exit__(None, None, None)
    assert (sys.stdout, logging.getLogger().level) != before
    other.__exit__(None, None, None)
    assert (sys.stdout, logging.getLogger().level) == before


def test_torchvisions_operators_are_defined_by_one_thread_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    from lib_bootcamp.ml.runtime import torchvision_guard

    torchvision_guard.import_torchvision()
    inside: list[int] = []
    most: list[int] = []

    def operators_load() -> bool:
        inside.append(1)
        most.append(len(inside))
        time.sleep(0.02)
        inside.pop()
        return True

    monkeypatch.setattr(torchvision_guard, "sys", SimpleNamespace(modules={}))
    monkeypatch.setattr(torchvision_guard, "_operators_load", operators_load)
    with ThreadPoolExecutor(4) as pool:
        for each in [pool.submit(torchvision_guard.import_torchvision) for _ in range(4)]:
            each.result(60)
    assert max(most) == 1


def test_the_end_of_one_run_of_a_visitor_leaves_their_other_one_stoppable() -> None:
    pytest.importorskip("gradio")
    from lib_bootcamp.operations.controlnet.compatibility import COMPATIBILITY
    from lib_bootcamp.surfaces.page.running import Stops

    stops, request = Stops(FakeHost(), COMPATIBILITY), SimpleNamespace(session_hash="s")
    with stops.progress(request, None) as first:
        with stops.progress(request, None):
            pass
        stops.stop(request)
        assert first.cancelled()
