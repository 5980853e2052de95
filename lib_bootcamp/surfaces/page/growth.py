"""A result on the page while it is made: how far the work is, and what there is so far. HTML, and no Gradio."""

from __future__ import annotations

import base64
import html
import threading
from collections.abc import Sequence

from lib_bootcamp.core.images.arrays import Image
from lib_bootcamp.core.images.codec import encode_image
from lib_bootcamp.ports import Host, Progress, SilentProgress
from lib_bootcamp.results import Result
from lib_bootcamp.surfaces.shared.work_queue import stop_of_this_work

from .job_card import progress_bar

WAITING, BEGUN = "Waiting for its turn.", "Loading the model."


class Growth:
    """The display of one run: the thread that works fills it, the page looks at it now and then.

    Args:
        stop: set by the page's Stop button.
    """

    def __init__(self, stop: threading.Event) -> None:
        self._stop, self._left = stop, threading.Event()
        self._host: Progress = SilentProgress()
        self._lock = threading.Lock()
        self._text, self._done, self._total = WAITING, 0, 0
        self._title, self._unit = "", ""
        self._picture: Image | None = None
        self._texts: list[str] = []
        self._shown = ""
        self.has_begun = False
        self.names: Sequence[str] = ()

    def begin(self, host: Host) -> None:
        """Say that its turn has come; called in the thread that works, whose run a WebUI's bar is from now on."""
        self._host, self._left = host.progress(), stop_of_this_work()
        self._text, self.has_begun = BEGUN, True

    # --- for the work

    def start(self, title: str, total: int, unit: str) -> None:
        """Begin a piece of work of `total` items."""
        self._host.start(title, total, unit)
        with self._lock:
            self._title, self._total, self._unit = title, total, unit
            self._text, self._done = title, 0

    def step(self, done: int, note: str = "") -> None:
        """`done` items of the current piece are finished."""
        self._host.step(done, note)
        with self._lock:
            self._done = done
            self._text = f"{self._title}: {self._unit} {done} of {self._total} {note}".strip()

    def cancelled(self) -> bool:
        """Whether the page's Stop or the host's own was pressed, or the visitor left."""
        return self._stop.is_set() or self._left.is_set() or self._host.cancelled()

    def show(self, part: Result) -> None:
        """A part of the result, or a look at it: the newest picture, and the texts one below the other."""
        picture = next(iter(part.pictures().values()), None)
        with self._lock:
            if picture is not None:
                self._picture = picture
            else:
                self._texts.append(part.summary())

    # --- for the page

    def look(self) -> str | None:
        """What there is so far; None where nothing happened since the last look."""
        with self._lock:
            bar = progress_bar(self._title or "Progress", self._done, self._total)
            picture, texts, text = self._picture, listed(self._texts, self.names), html.escape(self._text)
        seen = f'<div class="bootcamp-growth"><p>{text}</p>{bar}{_drawn(picture)}{texts}</div>'
        if seen == self._shown:
            return None
        self._shown = seen
        return seen


def listed(texts: Sequence[str], names: Sequence[str] = ()) -> str:
    """Texts one below the other, each behind the name of what it is about, where there are names."""
    if not texts:
        return ""
    heads = [f"<span>{html.escape(each)}</span> " for each in names]
    heads += [""] * (len(texts) - len(heads))
    items = (f"<li>{head}{html.escape(text)}</li>" for head, text in zip(heads, texts, strict=False))
    return f'<ol class="bootcamp-texts">{"".join(items)}</ol>'


def _drawn(picture: Image | None) -> str:
    """In the page itself: a file for each look would stay in Gradio's folder."""
    if picture is None:
        return ""
    data = base64.b64encode(encode_image(picture, ".jpg")).decode("ascii")
    return f'<img alt="The picture so far" src="data:image/jpeg;base64,{data}">'
