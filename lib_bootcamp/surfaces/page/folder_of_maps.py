"""Below a map's tab: the same for a folder of pictures, as a job."""

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


class FolderOfMaps:
    """Below a map's tab: the same for a folder of pictures, as a job, with the values of the tab's form.

    Args:
        operation: with a job.
        host: what it runs on.
        form: the tab's, above.
        prefix: of the tab's components.
    """

    def __init__(self, operation: Operation[Any, Any], host: Host, form: Form, prefix: str) -> None:
        from lib_bootcamp.operations.maps.folder import MapsFolder

        from .job_panel import JobPanel

        self.operation, self.map_form, self.prefix = operation, form, f"{prefix}_folder"
        self.form = Form(replace(operation, params=MapsFolder, presets={}), self.prefix, style=FIELD_STYLE)
        self.panel = JobPanel(operation.name, host, self.prefix, mistake=self.mistake, only=True)
        self.button: Any = None

    def mistake(self, error: BootcampError) -> str:
        """The message about a mistake, in the words of the form that has its field."""
        own = any(each.name == split(error.param)[0] for each in self.form.fields)
        return (self.form if own else self.map_form).mistake(error)

    def layout(self) -> None:
        """The folder's fields, the button, the job."""
        with gr.Accordion("Maps of a folder", open=False, elem_id=self.prefix):
            self.form.render()
            self.button = gr.Button("Make the maps of the folder", elem_id=f"{self.prefix}_run")
            self.panel.layout_card(gr.HTML(elem_id=f"{self.prefix}_message"))
            self.panel.layout_refresh()

    def wire(self) -> None:
        """Join the button and the components."""
        self.panel.wire(self.button, self.raw, [*self.form.inputs, *self.map_form.inputs])

    def raw(self, values: tuple[Any, ...]) -> dict[str, Any]:
        """The job's values: the folder's and the form's, but for its pictures."""
        count = len(self.form.inputs)
        pictures = {each.name for each in self.operation.params.fields() if each.kind == "image"}
        own = self.map_form.raw(values[count:])
        return {**{name: value for name, value in own.items() if name not in pictures}, **self.form.raw(values[:count])}
