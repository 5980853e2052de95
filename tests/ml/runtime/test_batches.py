"""Items through a model batch by batch: the queue between batches, stopping, memory, mistakes in their places."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib_bootcamp.context import Context
from lib_bootcamp.errors import CancelledError, ImageError, OutOfMemoryError
from lib_bootcamp.hosts.a1111 import A1111Host
from lib_bootcamp.ml.runtime.batches import in_batches, is_out_of_memory, prepared_in_batches
from tests.fakes import FakeHost, FakeProgress
from tests.hosts.fakes_webui import FakeWebui


def context(progress: FakeProgress | None = None) -> Context:
    return Context.of_terminal(FakeHost(), progress or FakeProgress())


def double(batch: list[int]) -> list[int]:
    return [2 * each for each in batch]


class Tight:
    """Work that holds so many items at most, and remembers the sizes it did."""

    def __init__(self, room: int, error: type[Exception] = RuntimeError) -> None:
        self.room, self.error, self.sizes = room, error, []

    def __call__(self, batch: list[int]) -> list[int]:
        if len(batch) > self.room:
            raise self.error("CUDA out of memory. Tried to allocate 2.00 GiB")
        self.sizes.append(len(batch))
        return double(batch)


def run(items: Sequence[int], work=double, size: int = 4, around: Context | None = None) -> list[int]:
    return list(in_batches(around or context(), items, work, size=size, title="Double", unit="number"))


def test_results_come_in_order() -> None:
    assert run(range(10)) == list(range(0, 20, 2))


def test_no_items_hold_no_queue() -> None:
    around = context()
    assert (run([], around=around), around.host.jobs) == ([], [])


def test_the_queue_is_held_once_for_each_batch() -> None:
    around = context()
    run(range(10), around=around)
    assert around.host.jobs == ["Double", "Double", "Double"]


def test_the_queue_is_free_while_results_are_taken() -> None:
    around = context()
    for _ in in_batches(around, range(10), double, size=4, title="Double", unit="number"):
        with around.host.gpu("somebody else's"):
            pass
    assert around.host.jobs.count("somebody else's") == 10


def test_another_persons_picture_gets_its_turn_between_batches(tmp_path: Path) -> None:
    host = A1111Host(FakeWebui(tmp_path).module)
    in_first, order = threading.Event(), []

    def somebody() -> None:
        in_first.wait(10)
        with host.gpu("txt2img"):
            order.append("txt2img")

    def work(batch: list[int]) -> list[int]:
        order.append("batch")
        in_first.set()
        return batch

    other = threading.Thread(target=somebody)
    other.start()
    for done, _ in enumerate(
        in_batches(Context.of_terminal(host, FakeProgress()), [1, 2], work, size=1, title="T", unit="u")
    ):
        if not done:
            other.join(10)
    assert order == ["batch", "txt2img", "batch"]


def test_progress_is_reported_after_each_batch_and_before_the_next() -> None:
    progress = FakeProgress()
    run(range(10), around=context(progress))
    assert progress.started == [("Double", 10, "number")]
    assert progress.steps == [(4, ""), (4, ""), (8, ""), (8, ""), (10, "")]


def test_stopping_ends_within_one_batch() -> None:
    with pytest.raises(CancelledError, match="after 4"):
        run(range(10), around=context(FakeProgress(stop_after=1)))


def test_what_was_done_before_the_stop_is_kept() -> None:
    around = context(FakeProgress(stop_after=1))
    results = in_batches(around, range(10), double, size=4, title="Double", unit="number")
    assert [next(results) for _ in range(4)] == [0, 2, 4, 6]


def test_a_stop_in_the_last_batch_stops_nothing() -> None:
    assert run(range(4), around=context(FakeProgress(stop_after=4))) == [0, 2, 4, 6]


def test_the_webuis_interrupt_button_is_heard(tmp_path: Path) -> None:
    fake = FakeWebui(tmp_path)
    host = A1111Host(fake.module)

    def work(batch: list[int]) -> list[int]:
        fake.state.interrupted = True  # pressed while the batch runs; cleared when the next job begins
        return batch

    with pytest.raises(CancelledError, match="after 2"):
        list(in_batches(Context.of_terminal(host, host.progress()), range(6), work, size=2, title="T", unit="u"))


def between_two_batches(tmp_path: Path, pressed: Callable[[A1111Host, FakeWebui], None]) -> list[int]:
    """Run batches of 2 of 6 numbers, with something that happens after the first; returns what was finished."""
    fake = FakeWebui(tmp_path)
    host = A1111Host(fake.module)
    results = in_batches(Context.of_terminal(host, host.progress()), range(6), double, size=2, title="T", unit="u")
    made = [next(results), next(results)]
    pressed(host, fake)
    with suppress(CancelledError):
        made += results
    return made


def test_the_webuis_interrupt_is_heard_between_two_batches_too(tmp_path: Path) -> None:
    def press(host: A1111Host, fake: FakeWebui) -> None:
        del host
        fake.state.interrupted = True

    assert between_two_batches(tmp_path, press) == [0, 2, 4, 6]


def test_an_interrupt_for_somebody_elses_picture_stops_nothing(tmp_path: Path) -> None:
    def draw(host: A1111Host, fake: FakeWebui) -> None:
        def other() -> None:
            with host.gpu("txt2img"):
                fake.state.interrupted = True

        drawing = threading.Thread(target=other)
        drawing.start()
        drawing.join(10)

    assert between_two_batches(tmp_path, draw) == [0, 2, 4, 6, 8, 10]


def test_an_interrupt_after_a_run_is_not_for_the_next_one(tmp_path: Path) -> None:
    fake = FakeWebui(tmp_path)
    host = A1111Host(fake.module)
    for _ in range(2):
        run(range(6), around=Context.of_terminal(host, host.progress()))
        fake.state.interrupted = True


def test_the_webuis_bar_is_ours_again_after_another_job(tmp_path: Path) -> None:
    fake = FakeWebui(tmp_path)
    host = A1111Host(fake.module)
    results = in_batches(Context.of_terminal(host, host.progress()), range(4), double, size=2, title="T", unit="u")
    next(results)
    with host.gpu("txt2img"):
        fake.state.sampling_steps = 20
    list(results)
    assert (fake.state.sampling_step, fake.state.sampling_steps) == (4, 4)


def test_the_webuis_bar_stands_where_the_last_batch_left_it_while_the_next_one_runs(tmp_path: Path) -> None:
    fake = FakeWebui(tmp_path)
    host = A1111Host(fake.module)
    seen = []

    def work(batch: list[int]) -> list[int]:
        state = fake.state  # the WebUI empties it for each batch
        seen.append((state.job_count, state.sampling_step, state.sampling_steps, state.textinfo))
        return batch

    list(in_batches(Context.of_terminal(host, host.progress()), range(6), work, size=2, title="T", unit="u"))
    assert seen == [(1, 0, 6, "T"), (1, 2, 6, "T: 2/6 u"), (1, 4, 6, "T: 4/6 u")]


@pytest.mark.thorough
@pytest.mark.parametrize("error", [RuntimeError, MemoryError])
def test_a_batch_that_does_not_fit_is_halved(error: type[Exception]) -> None:
    work = Tight(3, error)
    assert run(range(8), work, size=8) == list(range(0, 16, 2))
    assert work.sizes == [2, 2, 2, 2]


def test_the_queue_is_given_back_between_two_tries() -> None:
    around = context()
    run(range(4), Tight(2), size=4, around=around)
    assert len(around.host.jobs) == 3


def test_one_item_that_does_not_fit_is_an_error_of_the_server() -> None:
    with pytest.raises(OutOfMemoryError, match="not enough memory") as caught:
        run(range(4), Tight(0), size=4)
    assert caught.value.status == 507


def test_another_error_is_passed_on() -> None:
    def fail(batch: list[int]) -> list[int]:
        raise RuntimeError("shapes do not fit")

    with pytest.raises(RuntimeError, match="shapes"):
        run(range(4), fail)


@pytest.mark.parametrize(
    "text",
    [
        "CUDA out of memory. Tried to allocate 20.00 MiB",
        "MPS backend out of memory (MPS allocated: 8 GB)",
        "[enforce fail at alloc_cpu.cpp:117] DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes",
        "[ONNXRuntimeError] : 6 : RUNTIME_EXCEPTION : Failed to allocate memory for requested buffer of size 8",
    ],
)
def test_out_of_memory_is_known_in_the_words_of_each_library(text: str) -> None:
    assert is_out_of_memory(RuntimeError(text))


def test_our_own_sentence_is_not_taken_for_a_librarys() -> None:
    assert not is_out_of_memory(OutOfMemoryError("Classify"))


def odd_only(item: int) -> int:
    if item % 2 == 0:
        raise ImageError(f"{item} cannot be read.")
    return item


def prepared(items: Sequence[int], work=double, size: int = 4, *, ahead: bool, around: Context | None = None) -> list:
    return list(
        prepared_in_batches(
            around or context(), items, odd_only, work, size=size, title="Double", unit="number", ahead=ahead
        )
    )


@pytest.mark.parametrize("ahead", [False, True])
def test_what_cannot_be_prepared_is_reported_in_its_place(*, ahead: bool) -> None:
    made = prepared(range(6), ahead=ahead)
    assert [str(each) for each in made] == [
        "0 cannot be read.",
        "2",
        "2 cannot be read.",
        "6",
        "4 cannot be read.",
        "10",
    ]


@pytest.mark.parametrize("ahead", [False, True])
def test_a_batch_without_a_good_item_needs_no_model(*, ahead: bool) -> None:
    def unexpected(batch: list[int]) -> list[int]:
        raise AssertionError("called with nothing")

    assert len(prepared([0, 2, 4], unexpected, ahead=ahead)) == 3


def test_an_error_that_is_no_persons_mistake_ends_the_work() -> None:
    def fail(item: int) -> int:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(prepared_in_batches(context(), [1], fail, double, size=4, title="T", unit="u"))


@pytest.mark.parametrize(("ahead", "far"), [(False, 4), (True, 3 + 12)])
def test_no_more_than_this_batch_and_the_next_two_is_prepared(*, ahead: bool, far: int) -> None:
    begun = []

    def prepare(item: int) -> int:
        begun.append(item)
        return item

    results = prepared_in_batches(context(), range(100), prepare, double, size=4, title="T", unit="u", ahead=ahead)
    next(results)
    results.close()
    assert 4 <= len(begun) <= far


def test_no_thread_is_left_when_the_results_are_not_taken_to_the_end() -> None:
    before = threading.active_count()
    results = prepared_in_batches(context(), range(100), odd_only, double, size=4, title="T", unit="u", ahead=True)
    next(results)
    results.close()
    assert threading.active_count() == before


@pytest.mark.thorough
@given(
    count=st.integers(0, 30),
    size=st.integers(1, 9),
    room=st.integers(1, 9),
    bad=st.sets(st.integers(0, 29)),
    ahead=st.booleans(),
)
def test_every_item_has_its_result_in_its_place(
    *, count: int, size: int, room: int, bad: set[int], ahead: bool
) -> None:
    def prepare(item: int) -> int:
        if item in bad:
            raise ImageError("It cannot be read.")
        return item

    made = prepared_in_batches(
        context(), range(count), prepare, Tight(room), size=size, title="T", unit="u", ahead=ahead
    )
    assert [None if isinstance(each, ImageError) else each for each in made] == [
        None if item in bad else 2 * item for item in range(count)
    ]
