"""The training's tab: the plan before the first step; the job, its loss and its samples while it runs."""

from __future__ import annotations

import base64
import html
from pathlib import Path
from typing import Any

import gradio as gr

from lib_bootcamp.core.datasets.pictures import small_jpeg
from lib_bootcamp.core.files.inside import Inside
from lib_bootcamp.core.training.chart import loss_chart
from lib_bootcamp.errors import BootcampError
from lib_bootcamp.jobs.facts import EventInfo
from lib_bootcamp.ports import Host
from lib_bootcamp.surfaces.page.events import quiet_event
from lib_bootcamp.surfaces.page.job_panel import JobPanel
from lib_bootcamp.surfaces.page.notice import notice
from lib_bootcamp.surfaces.page.tab import Tab
from lib_bootcamp.surfaces.page.work import in_queue
from lib_bootcamp.surfaces.shared.work_queue import QUEUES

from .compare import CompareOfTraining
from .use import UseOfTraining

MOST_EVENTS, NEWEST_SAMPLES, SAMPLE_PX = 5_000, 12, 128


class TrainTab(Tab):
    """The declared fields; the plan; the training as a job."""

    def __init__(self, operation: Any, host: Host, outputs: Any) -> None:
        super().__init__(operation, host, outputs)
        self.panel = JobPanel(operation.name, host, f"{self.prefix}_job", mistake=self.mistake, only=True)
        self.use = UseOfTraining(host, self.panel, self.prefix)
        self.compare = CompareOfTraining(host, self.panel, self.use, outputs, self.prefix)
        self.begin: Any = None
        self.seen: Any = None

    def layout_outputs(self) -> None:
        """The buttons, the job with its loss and samples, the plan."""
        with gr.Row():
            self.layout_buttons("Show the plan")
            self.begin = gr.Button("Train", variant="primary", elem_id=f"{self.prefix}_begin")
        self.message = gr.HTML(elem_id=f"{self.prefix}_message")
        self.panel.layout_card(gr.HTML(elem_id=f"{self.prefix}_job_message"))
        self.panel.layout_refresh()  # not in an accordion: the card presses it, and Gradio draws a closed one's later
        self.seen = gr.HTML(elem_id=f"{self.prefix}_seen")
        self.compare.layout()
        self.use.layout()
        with gr.Accordion("All trainings", open=False):
            self.panel.layout_table()
        self.files = gr.File(visible=False, elem_id=f"{self.prefix}_files")
        with gr.Accordion("Plan", open=False):
            self.facts = gr.JSON(label="Plan", elem_id=f"{self.prefix}_facts")

    def layout_buttons(self, label: str) -> None:
        """What shows the plan; training is the main thing."""
        self.button = gr.Button(label, elem_id=f"{self.prefix}_run")

    def wire(self) -> None:
        """Join the buttons and the components."""
        super().wire()
        self.panel.wire(self.begin, self.form.raw, self.form.inputs)
        self.compare.wire()
        self.use.wire()
        refresh = self.panel.refresh
        refresh.click(
            in_queue(QUEUES.quick, lambda now, chosen: self.looked(now, chosen)),
            [self.panel.state, self.panel.chosen],
            [self.seen],
            **quiet_event(refresh.click),
        )

    def looked(self, now: dict[str, Any], chosen: int | None) -> str:
        """The chosen training's warnings, loss and newest samples, as HTML; of the newest where none is chosen."""
        number = chosen if chosen is not None else now.get("job")
        if number is None:
            return ""
        jobs, trusted = self.panel.jobs(), self.panel.trusted
        try:
            info, folder = jobs.info(number, trusted=trusted), jobs.folder(number, trusted=trusted)
            events = jobs.events(number, trusted=trusted, limit=MOST_EVENTS)
        except BootcampError:
            return ""
        sentences = [str(each.facts["sentence"]) for each in events if "sentence" in each.facts]
        warned = {str(each.facts.get("sentence")) for each in events if each.kind == "warning"}
        sentences_shown = "".join(
            notice(each, kind="no" if each in warned else "note") for each in dict.fromkeys(sentences[-5:])
        )
        chart = loss_chart(_points(events), info.total, _numbers_of(events, "validation"), _numbers_of(events, "prior"))
        return f"{sentences_shown}{chart}{self._samples(events, folder)}"

    def _samples(self, events: list[EventInfo], folder: Path) -> str:
        inside = Inside(folder, exact=not self.panel.trusted)
        shown = []
        for each in [each for each in events if each.kind == "sample"][-NEWEST_SAMPLES:]:
            data = small_jpeg(folder / str(each.facts["file"]), SAMPLE_PX, inside)
            if data is None:
                continue
            label = html.escape(f"step {each.facts['step']}: {each.facts['prompt']}")
            source = f"data:image/jpeg;base64,{base64.b64encode(data).decode()}"
            shown.append(
                f'<figure><img src="{source}" alt="{label}" title="{label}"/>'
                f"<figcaption>step {html.escape(str(each.facts['step']))}</figcaption></figure>"
            )
        return f'<div class="bootcamp-samples">{"".join(shown)}</div>' if shown else ""


def _points(events: list[EventInfo]) -> list[tuple[int, float, float]]:
    """Step, loss and smoothed loss; what was done twice once."""
    found = {}
    for each in events:
        loss = each.facts.get("loss")
        if each.kind == "progress" and isinstance(loss, float):
            found[int(each.facts["step"])] = (loss, float(each.facts["smoothed"]))
    return [(step, *found[step]) for step in sorted(found)]


def _numbers_of(events: list[EventInfo], name: str) -> list[tuple[int, float]]:
    """Step and the loss on held-out pictures, or on class pictures; what was done twice once."""
    found = {
        int(each.facts["step"]): float(each.facts[name])
        for each in events
        if each.kind == "progress" and isinstance(each.facts.get(name), float)
    }
    return sorted(found.items())
