"""The WebUI's queue, its progress bar and its buttons."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from lib_bootcamp.ports import Progress


class WebuiProgress:
    """The WebUI's progress bar and its Interrupt and Skip buttons.

    Writes only while this thread holds the WebUI's queue: at any other time the bar and the buttons
    are those of somebody else's picture. Inside a generation's hooks the bar stays the generation's.

    Args:
        host: knows what this thread holds.
    """

    def __init__(self, host: WebuiQueue) -> None:
        self._host = host
        self._title, self._total, self._unit = "", 0, ""

    def start(self, title: str, total: int, unit: str) -> None:
        """Begin a bar of `total` items."""
        self._title, self._total, self._unit = title, total, unit
        self._show(0, title)

    def step(self, done: int, note: str = "") -> None:
        """Move the bar to `done`."""
        self._show(done, " - ".join(filter(None, (f"{self._title}: {done}/{self._total} {self._unit}", note))))

    def _show(self, done: int, text: str) -> None:
        """All of the bar: between two batches of ours it was somebody else's."""
        if self._host.owns_bar():
            state = self._host.state()
            state.job_count, state.job_no = 1, 0
            state.sampling_steps, state.sampling_step = self._total, done
            state.textinfo = text

    def cancelled(self) -> bool:
        """Whether Interrupt or Skip was pressed for what this thread does."""
        if not self._host.holds_queue():
            return False
        state = self._host.state()
        return bool(state.interrupted or state.skipped or getattr(state, "stopping_generation", False))


def _wait_for_checkpoint() -> None:
    """Wait while A1111 loads its first checkpoint, which it does beside its queue.

    Until that is done torch's own `load_state_dict` and layers are replaced by ones that suit that checkpoint alone.
    Source: modules/sd_disable_initialization.py and sd_models.py of AUTOMATIC1111 1.10.
    """
    lock = getattr(getattr(sys.modules.get("modules.sd_models"), "model_data", None), "lock", None)
    if lock is not None:
        with lock:
            return


class WebuiQueue:
    """The part of a WebUI's host that waits for its queue and shows how far a run is."""

    _webui: Callable[[str], Any]
    _thread: threading.local

    @contextmanager
    def gpu(self, job: str) -> Iterator[None]:
        """Wait for the WebUI's queue, mark it busy, give it back; nothing more where this thread holds it already.

        The queue's lock cannot be taken twice: code that the WebUI itself calls under it (script hooks,
        functions wrapped in `wrap_gradio_gpu_call`) runs inside `queue_held`.
        """
        if self.holds_queue():
            yield
            return
        state = self.state()
        with self._webui("call_queue").queue_lock:
            _wait_for_checkpoint()
            if self._was_last(state):  # `begin` would forget what is pressed on this run's bar between two batches
                state.job, state.job_count = job, -1
            else:
                state.begin(job=job)
            self._thread.began = state.time_start
            try:
                with self.queue_held():
                    yield
            finally:
                state.end()

    def _was_last(self, state: Any) -> bool:
        """Whether nobody else had the queue since this thread's run had it."""
        began = getattr(self._thread, "began", None)
        return began is not None and began == state.time_start

    @contextmanager
    def queue_held(self, *, bar: bool = True) -> Iterator[None]:
        """Say that the WebUI has taken its queue for this thread.

        Args:
            bar: whether the progress bar is ours; False in a generation's hooks.
        """
        before = getattr(self._thread, "held", None)
        self._thread.held = bar
        try:
            yield
        finally:
            self._thread.held = before

    def holds_queue(self) -> bool:
        """Whether this thread is inside `gpu` or `queue_held`."""
        return getattr(self._thread, "held", None) is not None

    def owns_bar(self) -> bool:
        """Whether the progress bar is this thread's."""
        return getattr(self._thread, "held", None) is True

    def state(self) -> Any:
        """The WebUI's state of the job that runs: the bar and the buttons."""
        return self._webui("shared").state

    def progress(self) -> Progress:
        """The WebUI's bar, for a run that begins in this thread."""
        self._thread.began = None  # what was pressed before is not meant for it
        return WebuiProgress(self)
