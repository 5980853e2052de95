"""Below an operation's tab: the same many times, as a job: maps of a folder, drawings of many seeds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import gradio as gr

from lib_bootcamp.errors import BootcampError
from lib_bootcamp.operation import Operation
from lib_bootcamp.ports import Host
from lib_bootcamp.surfaces.shared.wording import split

from .fields import Form
from .values import FIELD_STYLE

WORDS = {
    "folder": ("Maps of a folder", "Make the maps of the folder"),
    "steps": ("Many pictures", "Draw them into the folder"),
}
"""What the part is called, and its button, by the kind of job."""


class FolderOfMaps:
    """Below a tab: the same for a folder of pictures, or step by step, as a job with the values of the tab's form.

    Args:
        operation: with a job.
        host: what it runs on.
        form: the tab's, above.
        prefix: of the tab's components.
    """

    def __init__(self, operation: Operation[Any, Any], host: Host, form: Form, prefix: str) -> None:
        from .job_panel import JobPanel

        self.operation, self.map_form, self.prefix = operation, form, f"{prefix}_folder"
        job = operation.job
        if job is None or job.own is None:
            raise TypeError(f"{operation.name} has no job below its form")
        self.job, (self.title, self.press) = job, WORDS[job.kind]
        self.form = Form(replace(operation, params=job.own, presets={}), self.prefix, style=FIELD_STYLE)
        self.panel = JobPanel(operation.name, host, self.prefix, mistake=self.mistake, only=True)
        self.button: Any = None

    def mistake(self, error: BootcampError) -> str:
        """The message about a mistake, in the words of the form that has its field."""
        own = any(each.name == split(error.param)[0] for each in self.form.fields)
        return (self.form if own else self.map_form).mistake(error)

    def layout(self) -> None:
        """The folder's fields, the button, the job."""
        with gr.Accordion(self.title, open=False, elem_id=self.prefix):
            self.form.render()
            self.button = gr.Button(self.press, elem_id=f"{self.prefix}_run")
            self.panel.layout_card(gr.HTML(elem_id=f"{self.prefix}_message"))
            self.panel.layout_refresh()

    def wire(self) -> None:
        """Join the button and the components."""
        self.panel.wire(self.button, self.raw, [*self.form.inputs, *self.map_form.inputs])

    def raw(self, values: tuple[Any, ...]) -> dict[str, Any]:
        """The job's values: its own, and those of the form that it takes: all but the picture."""
        count = len(self.form.inputs)
        known = {each.name for each in self.job.params.fields()} | {"preset"}
        own = self.map_form.raw(values[count:])
        return {**{name: value for name, value in own.items() if name in known}, **self.form.raw(values[:count])}
