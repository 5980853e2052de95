"""The caption tab: a folder becomes a job that the page follows, steers and takes back; one picture to try it on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gradio as gr

from lib_bootcamp.context import Context
from lib_bootcamp.core.images.codec import decode_image, read_file
from lib_bootcamp.core.images.colors import parse_color
from lib_bootcamp.core.text.bar_chart import Bar, bar_chart
from lib_bootcamp.errors import BootcampError, InvalidParamError
from lib_bootcamp.operations.describe.caption_folder import WHITE
from lib_bootcamp.operations.describe.caption_pictures import PictureCaption
from lib_bootcamp.ports import Host, Progress
from lib_bootcamp.surfaces.page.fields import Form, picture_input, quiet_event, supported
from lib_bootcamp.surfaces.page.job_panel import JobPanel
from lib_bootcamp.surfaces.page.notice import notice
from lib_bootcamp.surfaces.page.running import Stops
from lib_bootcamp.surfaces.page.tab import Places, Tab
from lib_bootcamp.surfaces.page.values import FIELD_STYLE


class CaptionTab(Tab):
    """The declared fields; the chosen job with its buttons; all jobs; one picture."""

    def __init__(self, operation: Any, host: Host, outputs: Any) -> None:
        super().__init__(operation, host, outputs)
        self.form = Form(operation.as_job(), self.prefix, style=FIELD_STYLE)
        self.stops = Stops(host, operation)
        self.panel = JobPanel(operation.name, host, self.prefix, mistake=self.mistake)
        self.parts: dict[str, Any] = {}

    def layout_outputs(self) -> None:
        """The chosen job, its buttons, all jobs, one picture to try."""
        self.button = gr.Button("Caption the folder", variant="primary", elem_id=f"{self.prefix}_run")
        self.message = gr.HTML(elem_id=f"{self.prefix}_message")
        self.panel.layout_card(self.message)
        with gr.Accordion("All jobs", open=True):
            self.panel.layout_table()
            with gr.Row(elem_classes=["bootcamp-job-buttons"]):
                self.panel.layout_refresh()
                self.parts["to_captions"] = gr.Button("Edit its captions", elem_id=f"{self.prefix}_to_captions")
        with gr.Accordion("Try it on one picture", open=False):
            self._layout_trial()

    def _layout_trial(self) -> None:
        self.parts["picture"] = picture_input(
            type="filepath",
            label="Picture",
            elem_id=f"{self.prefix}_picture",
            **supported(gr.Image, height=220, sources=["upload", "clipboard"]),
        )
        self.parts["picture"].do_not_save_to_config = True
        self.parts["try"] = gr.Button("Caption this picture", elem_id=f"{self.prefix}_try")
        self.parts["text"] = gr.Textbox(
            label="Caption",
            lines=2,
            interactive=True,
            elem_id=f"{self.prefix}_text",
            **supported(gr.Textbox, show_copy_button=True, buttons=["copy"]),
        )
        self.parts["text"].do_not_save_to_config = True
        self.parts["chart"] = gr.HTML(elem_id=f"{self.prefix}_chart")

    @property
    def result_components(self) -> list[Any]:
        """The components that show a job."""
        return self.panel.components

    def wire(self) -> None:
        """Join the buttons and the components."""
        self.panel.wire(self.button, self.form.raw, self.form.inputs)
        self._wire_trial()

    def _wire_trial(self) -> None:
        self.parts["try"].click(
            self.stops.begins(lambda given, shown: self.tried(given[0], given[1:], shown)),
            [self.parts["picture"], *self.form.inputs],
            [self.message, self.parts["text"], self.parts["chart"]],
            api_name=f"{self.prefix}_try",
        )

    def connect(self, tabs: Mapping[str, Tab], places: Places) -> None:
        """Hand a job's folder to the caption editor, and show it."""
        editor = tabs.get("dataset-captions")
        button = self.parts["to_captions"]
        if editor is None:
            button.visible = False
            return
        button.click(
            lambda now, folder: [self._folder_of(now, folder), *places.select("dataset-captions")],
            [self.panel.state, self.form.components["folder"]],
            [editor.form.components["folder"], *places.of("dataset-captions")],
            **quiet_event(button.click),
        )

    # --- what a press does

    def tried(self, picture: Any, values: tuple[Any, ...], progress: Progress) -> list[Any]:
        """Caption one picture with the form's settings; writes nothing."""
        known = {each.name for each in self.operation.params.fields()}

        def work() -> list[Any]:
            raw = self.form.raw(values)
            image = _picture(picture, raw.pop("background", WHITE))
            settings = {name: value for name, value in raw.items() if name in known}
            params = self.operation.params_from({**settings, "images": [image]})
            made = self.operation.run(params, Context.of_page(self.host, progress)).captions[0]
            warning = made.warning() or ("" if made.caption else "Nothing was found that the caption could say.")
            return [notice(warning, kind="no") if warning else "", made.caption, _found(made)]

        return self.attempt(work, lambda message: [message, gr.update(), ""])

    # --- what is needed

    def _folder_of(self, now: dict[str, Any], folder: str) -> str:
        """The chosen job's folder, else what stands on the form."""
        try:
            return str(self.panel.jobs().folder(now["job"], trusted=self.panel.trusted)) if now.get("job") else folder
        except BootcampError:
            return folder


def _picture(file: str | None, background: str) -> Any:
    """The picture that was uploaded, read as a folder's pictures are.

    Raises:
        InvalidParamError: there is none.
        ImageError, TooLargeError: it cannot be read.
    """
    if not file:
        raise InvalidParamError("Picture", "is missing", hint="give one")
    return decode_image(read_file(Path(file)), background=parse_color(background))


def _found(made: PictureCaption) -> str:
    """What the model found, with bars; nothing where it gave one sentence."""
    if all(each.value == 1 for each in made.found):
        return ""
    found = [Bar(each.label, each.value, f"{100 * each.value:.1f}%") for each in made.found[:20]]
    return bar_chart(found, title="Found")
