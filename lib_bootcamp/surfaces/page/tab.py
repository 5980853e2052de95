"""The tab of one operation, laid out from its declaration."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import gradio as gr

from lib_bootcamp.context import Context
from lib_bootcamp.errors import BootcampError
from lib_bootcamp.operation import Operation
from lib_bootcamp.params import fields_of
from lib_bootcamp.ports import Host, Progress, Relay
from lib_bootcamp.results import Result
from lib_bootcamp.surfaces.shared.attempt import attempt
from lib_bootcamp.surfaces.shared.work_queue import QUEUES, stop_of_this_work

from .events import supported
from .fields import Form, picture_output
from .folder_of_maps import FolderOfMaps
from .notice import result_notice
from .outputs import Outputs
from .values import FIELD_STYLE
from .work import on_page

BAR_S = 1.0
"""A page's bar moves so often at most."""


class GradioProgress(Relay):
    """The page's own progress bar as the `Progress` port, beside the host's, whose button stops it.

    A page as large as a WebUI is drawn anew for each message, which takes a slow computer a quarter of a second: with
    more than one a second a click on Stop waits for all of them.

    Args:
        bar: Gradio's.
        host: the host's.
        clock: seconds.
    """

    def __init__(self, bar: Any, host: Progress, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(host)
        self._bar, self._clock = bar, clock
        self._left = stop_of_this_work()
        self._title, self._total = "", 1
        self._next: float | None = None

    def start(self, title: str, total: int, unit: str) -> None:
        """Begin a bar of `total` items."""
        if title != self._title:
            self._next = None
        self._title, self._total = title, max(1, total)
        self._show(0.0, title)
        super().start(title, total, unit)

    def step(self, done: int, note: str = "") -> None:
        """Move the bar to `done`."""
        self._show(min(1.0, done / self._total), f"{self._title} {note}".strip())
        super().step(done, note)

    def _show(self, share: float, text: str) -> None:
        now = self._clock()
        if self._next is None or now >= self._next:
            self._next = now + BAR_S
            self._bar(share, desc=text)

    def cancelled(self) -> bool:
        """Whether the host's button was pressed, or the visitor left."""
        return self._left.is_set() or super().cancelled()


def filled(*texts: str | None) -> Any:
    """Texts for fields; those that are empty leave theirs as it is."""
    updates = [gr.update(value=each) if each else gr.update() for each in texts]
    return updates[0] if len(updates) == 1 else updates


class Tab:
    """The tab of one operation, laid out from its declaration; a tab of its own overrides `layout`."""

    def __init__(self, operation: Operation[Any, Any], host: Host, outputs: Outputs) -> None:
        self.operation = operation
        self.host = host
        self.outputs = outputs
        self.prefix = f"bootcamp_{operation.name.replace('-', '_')}"
        self.form = Form(operation, self.prefix, style=FIELD_STYLE)
        self.picture_names = [each.name for each in fields_of(operation.result) if each.kind == "image"]
        self.message: Any = None
        self.pictures: dict[str, Any] = {}
        self.prompts: dict[str, Any] = {}  # texts to draw with, by the WebUI's name of the field
        self.pasted: tuple[Any, Any] | None = None  # an infotext and its picture, for the WebUI's paste
        self.facts: Any = None
        self.files: Any = None
        self.button: Any = None
        self.pressed: Any = None  # what the button calls, for tabs that hand over to this one
        self.folder = (
            FolderOfMaps(operation, host, self.form, self.prefix)
            if operation.job is not None and operation.job.own is not None
            else None
        )

    def build(self) -> None:
        """Put the tab where the caller stands."""
        gr.Markdown(self.operation.summary)
        with gr.Row(elem_classes=["bootcamp-tab"]):
            self.layout()
        self.wire()
        if self.folder is not None:
            self.folder.wire()

    def layout(self) -> None:
        """Two columns: what is asked, what came of it."""
        with gr.Column(scale=1, min_width=320):
            self.layout_inputs()
        with gr.Column(scale=1, min_width=320):
            self.layout_outputs()

    def layout_inputs(self) -> None:
        """The declared fields."""
        self.form.render()

    def layout_outputs(self) -> None:
        """The button, the message, the pictures, the download and the facts."""
        label = "Make the map" if self.operation.kind == "control-map" else self.operation.title
        self.layout_buttons(label)
        self.message = gr.HTML(elem_id=f"{self.prefix}_message")
        declared = {each.name: each for each in fields_of(self.operation.result)}
        for name in self.picture_names:
            self.pictures[name] = picture_output(declared[name].spec.title, f"{self.prefix}_{name}_out")
            self.pictures[name].visible = self._waits(name)
        self.files = gr.File(
            label="Download", elem_id=f"{self.prefix}_files", interactive=False, visible=False, file_count="multiple"
        )
        with gr.Accordion("Details", open=self.operation.kind == "analysis"):
            self.facts = gr.JSON(label="Result", elem_id=f"{self.prefix}_facts", **supported(gr.JSON, max_height=420))
        if self.folder is not None:
            self.folder.layout()

    def layout_buttons(self, label: str) -> None:
        """What begins a run."""
        self.button = gr.Button(label, variant="primary", elem_id=f"{self.prefix}_run")

    def _waits(self, name: str) -> bool:
        """Whether a picture's place is shown before there is one: a map's own picture."""
        return self.operation.kind == "control-map" and name == self.picture_names[0]

    def connect(self, tabs: Mapping[str, Tab], places: Places) -> None:
        """Join this tab with others, once all are built; for tabs of their own.

        Args:
            tabs: operation name to tab.
            places: how each of them is brought to the front.
        """

    @property
    def result_components(self) -> list[Any]:
        """The components a run fills, in the order `run` returns their values."""
        return [self.message, *self.pictures.values(), self.files, self.facts]

    def wire(self) -> None:
        """Join the button and the components."""
        handler: Callable[..., Any] = self.run

        # the bar comes first, because Gradio 3 gives one only to parameters before the values
        async def pressed(progress: Any = gr.Progress(), *values: Any) -> Any:  # noqa: B008 - Gradio finds it by this default
            return await on_page(QUEUES.of(self.operation), lambda: handler(values, progress))

        self.pressed = pressed
        self.button.click(pressed, self.form.inputs, self.result_components, api_name=self.prefix)

    def run(self, values: tuple[Any, ...], progress: Any) -> list[Any]:
        """Run the operation on the components' values; mistakes become the message."""
        return self.made(values, lambda: Context.of_page(self.host, GradioProgress(progress, self.host.progress())))

    def made(self, values: tuple[Any, ...], around: Callable[[], Context]) -> list[Any]:
        """The components' values after a run with what is around it, or after a mistake."""

        def work() -> list[Any]:
            params = self.operation.params_from(self.form.raw(values))
            result = self.operation.run(params, around())
            return self.finished(result, self.outputs.write(self.operation, params, result))

        return self.attempt(work)

    def attempt(self, work: Callable[[], list[Any]], failed: Callable[[str], list[Any]] | None = None) -> list[Any]:
        """The components' values after `work`, or those after a mistake: `failed` of the message about it."""
        return attempt(self.operation.name, work, lambda error: (failed or self.failed)(self.mistake(error)))

    def mistake(self, error: BootcampError) -> str:
        """The message about a mistake, in the words of the form."""
        return self.form.mistake(error)

    def failed(self, message: str) -> list[Any]:
        """The components' values after a mistake: the message alone."""
        pictures = [gr.update(value=None, visible=self._waits(name)) for name in self.pictures]
        return [message, *pictures, gr.update(value=None, visible=False), None]

    def finished(self, result: Result, written: dict[str, str]) -> list[Any]:
        """The components' values after a run."""
        pictures = [
            gr.update(value=written.get(name), visible=name in written or self._waits(name)) for name in self.pictures
        ]
        files = gr.update(value=list(written.values()) or None, visible=bool(written))
        return [result_notice(result), *pictures, files, result.to_json()]


class Places:
    """Where each operation's tab stands, and how it is brought to the front: as outputs of an event."""

    def __init__(self) -> None:
        self._steps: dict[str, tuple[tuple[Any, str], ...]] = {}

    def add(self, name: str, *steps: tuple[Any, str]) -> None:
        """Say what is chosen in which `gradio.Tabs`, from the outside to the inside."""
        self._steps[name] = steps

    def of(self, name: str) -> list[Any]:
        """The components that change when a tab is shown."""
        return [tabs for tabs, _ in self._steps[name]]

    def select(self, name: str, *, if_: bool = True) -> list[Any]:
        """Their values; where `if_` is false all stays as it is."""
        return [gr.update(selected=chosen) if if_ else gr.update() for _, chosen in self._steps[name]]
