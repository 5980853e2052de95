"""The dataset tab: the report as a page within the page, as files, and its tags for the caption editor."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from typing import Any

import gradio as gr

from lib_bootcamp.context import Context
from lib_bootcamp.core.files.atomic import write_atomically
from lib_bootcamp.operations.datasets.report import DatasetReport
from lib_bootcamp.ports import Host, Progress
from lib_bootcamp.surfaces.page.events import quiet_event
from lib_bootcamp.surfaces.page.notice import notice
from lib_bootcamp.surfaces.page.running import Stops
from lib_bootcamp.surfaces.page.tab import Places, Tab


class DatasetTab(Tab):
    """The declared fields, and the report beside them."""

    def __init__(self, operation: Any, host: Host, outputs: Any) -> None:
        super().__init__(operation, host, outputs)
        self.stops = Stops(host, operation)
        self.stop: Any = None
        self.report: Any = None
        self.to_captions: Any = None

    def layout(self) -> None:
        """The fields in a narrow column, the report in a wide one."""
        with gr.Column(scale=1, min_width=320):
            self.layout_inputs()
        with gr.Column(scale=3, min_width=480):
            self.layout_outputs()

    def layout_outputs(self) -> None:
        """The buttons, the message, the report and the files."""
        with gr.Row():
            self.button = gr.Button("Make the report", variant="primary", elem_id=f"{self.prefix}_run")
            self.stop = gr.Button("Stop", elem_id=f"{self.prefix}_stop")
            self.to_captions = gr.Button("Edit captions", elem_id=f"{self.prefix}_to_captions")
        self.message = gr.HTML(elem_id=f"{self.prefix}_message")
        self.report = gr.HTML(elem_id=f"{self.prefix}_report")
        self.files = gr.File(
            label="Download", elem_id=f"{self.prefix}_files", interactive=False, visible=False, file_count="multiple"
        )

    @property
    def result_components(self) -> list[Any]:
        """The components a run fills."""
        return [self.message, self.report, self.files]

    def wire(self) -> None:
        """Join the buttons and the components."""
        run = self.stops.begins(self.examine)
        self.button.click(run, self.form.inputs, self.result_components, api_name=self.prefix)
        self.stop.click(self.stops.ends(), None, None, **quiet_event(self.stop.click))

    def connect(self, tabs: Mapping[str, Tab], places: Places) -> None:
        """Hand the folder to the caption editor, and show it."""
        captions = tabs.get("dataset-captions")
        if captions is not None:
            self.to_captions.click(
                lambda folder: [folder, *places.select("dataset-captions")],
                [self.form.components["folder"]],
                [captions.form.components["folder"], *places.of("dataset-captions")],
                **quiet_event(self.to_captions.click),
            )

    def examine(self, values: tuple[Any, ...], progress: Progress) -> list[Any]:
        """Run on the form's values; mistakes become the message."""

        def work() -> list[Any]:
            params = self.operation.params_from(self.form.raw(values))
            context = Context.of_page(self.host, progress)
            return self._shown(self.operation.run(params, context), context)

        return self.attempt(work)

    def failed(self, message: str) -> list[Any]:
        """The components' values after a mistake: the message alone."""
        return [message, "", gr.update(value=None, visible=False)]

    def _shown(self, made: DatasetReport, context: Context) -> list[Any]:
        page = self.operation.page(made, context) if self.operation.page else ""
        folder = self.outputs.new_folder()
        files = {"dataset-report.html": page, "dataset-report.json": json.dumps(made.to_json(), ensure_ascii=False)}
        for name, text in files.items():
            write_atomically(folder / name, text.encode("utf-8", "replace"))
        worst = any(each.level == "fix" for each in made.verdicts)
        return [
            notice(made.summary(), kind="no" if worst else "done"),
            framed(page),
            gr.update(value=[str(folder / name) for name in files], visible=True),
        ]


def framed(page: str) -> str:
    """A page of one file within the page: it may run nothing, load nothing and reach nothing."""
    return (
        '<iframe class="bootcamp-report" title="Dataset report" sandbox="" referrerpolicy="no-referrer" '
        f'srcdoc="{html.escape(page, quote=True)}"></iframe>'
    )
