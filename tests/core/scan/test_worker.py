from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator

import numpy as np
import pytest

from lib_bootcamp.core.scan import decoders as scan_decoders
from lib_bootcamp.core.scan import worker as scan_worker
from lib_bootcamp.core.scan.reading import read
from lib_bootcamp.core.scan.worker import ReaderLostError, Worker, WorkerPool
from tests.core.scan.scan_pictures import TEXT, FakeDecoder, code


@pytest.fixture
def worker() -> Iterator[Worker]:
    made = Worker()
    yield made
    made.close()


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> Iterator[WorkerPool]:
    made = WorkerPool()
    monkeypatch.setattr(scan_worker, "POOL", made)
    yield made
    made.close()


def test_a_child_process_reads_a_code(worker: Worker) -> None:
    assert worker.read("zxing-cpp", code()) == [TEXT]


def test_a_child_process_reads_one_picture_after_another(worker: Worker) -> None:
    assert [worker.read("zxing-cpp", code(text)) for text in ("one", "two")] == [["one"], ["two"]]


def test_a_picture_without_a_code_gives_nothing(worker: Worker) -> None:
    assert worker.read("zxing-cpp", np.zeros((40, 60), np.uint8)) == []


def test_a_reader_past_its_deadline_is_lost(worker: Worker) -> None:
    with pytest.raises(ReaderLostError):
        worker.read("zxing-cpp", code(), deadline_s=0)


def test_a_reader_is_lost_when_the_person_stops(worker: Worker) -> None:
    with pytest.raises(ReaderLostError):
        worker.read("zxing-cpp", np.tile(code(module_px=1), (40, 40)), 60, lambda: True)


def test_a_child_that_was_killed_is_not_kept(pool: WorkerPool) -> None:
    pool.read("zxing-cpp", code())
    pool._idle[0].killed = True
    pool.read("zxing-cpp", code())
    assert pool._idle == []


def test_a_crashed_child_is_lost_and_not_waited_for(worker: Worker) -> None:
    os.kill(worker._process.pid, signal.SIGKILL if sys.platform != "win32" else signal.SIGTERM)
    worker._process.wait()
    with pytest.raises(ReaderLostError):
        worker.read("zxing-cpp", code())


@pytest.mark.thorough
def test_after_a_crash_the_next_picture_gets_a_new_child(pool: WorkerPool) -> None:
    pool.read("zxing-cpp", code())
    pool._idle[0]._process.kill()
    pool._idle[0]._process.wait()
    with pytest.raises(ReaderLostError):
        pool.read("zxing-cpp", code())
    assert pool.read("zxing-cpp", code()) == [TEXT]


def test_a_child_at_work_ends_with_the_others(pool: WorkerPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan_worker, "_LOOK_S", 0.001)  # it is asked long before the picture is read

    def ended(seen: list[str]) -> None:
        try:
            pool.read("zxing-cpp", np.tile(code(module_px=1), (40, 40)), 60, lambda: bool(pool._busy and pool.close()))
        except ReaderLostError:
            seen.append("lost")

    seen: list[str] = []
    ended(seen)
    assert seen == ["lost"]
    assert not pool._busy


def test_a_child_is_kept_for_the_next_picture(pool: WorkerPool) -> None:
    pool.read("zxing-cpp", code())
    first = pool._idle[0]
    pool.read("zxing-cpp", code())
    assert pool._idle == [first]


def test_readers_in_two_threads_do_not_mix_their_answers(pool: WorkerPool) -> None:
    answers: dict[int, list[str]] = {}

    def one(number: int) -> None:
        answers[number] = pool.read("zxing-cpp", code(f"number {number}"))

    threads = [threading.Thread(target=one, args=(number,)) for number in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert answers == {number: [f"number {number}"] for number in range(2)}


def test_a_large_picture_is_read_in_a_child_process(pool: WorkerPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "read", lambda name, gray, deadline_s, stopped: [f"{name} {gray.shape} {deadline_s:.1f}"])
    reader = FakeDecoder(texts=("here",), largest_side=4096)
    sides = ((1024, 1280), (1024, 1281), (4000, 3000))
    assert [read(reader, np.zeros(shape, np.uint8)) for shape in sides] == [
        ("here",),
        ("zxing-cpp (1024, 1281) 5.4",),
        ("zxing-cpp (4000, 3000) 8.6",),
    ]


def test_a_lost_reader_found_nothing(pool: WorkerPool, monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(*_: object) -> list[str]:
        raise ReaderLostError

    monkeypatch.setattr(pool, "read", lost)
    assert read(FakeDecoder(isolated=True, texts=("never",)), code()) == ()


def test_where_no_process_can_be_started_the_reader_runs_here(
    pool: WorkerPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> list[str]:
        raise PermissionError

    monkeypatch.setattr(pool, "read", refused)
    assert read(FakeDecoder(isolated=True, texts=("here",)), code()) == ("here",)


def test_the_readers_that_can_crash_or_hang_are_isolated() -> None:
    assert {each.name for each in scan_decoders.DECODERS if each.isolated} == {"wechat", "opencv"}
