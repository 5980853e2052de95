"""The caption tab: a folder becomes a job that the page follows, steers and takes back; some pictures to try it on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import gradio as gr

from lib_bootcamp.context import Context
from lib_bootcamp.core.images.codec import decode_image, read_file
from lib_bootcamp.core.images.colors import parse_color
from lib_bootcamp.core.text.bar_chart import Bar, bar_chart
from lib_bootcamp.errors import BootcampError
from lib_bootcamp.operations.describe.caption_folder import WHITE
from lib_bootcamp.operations.describe.caption_pictures import PictureCaption
from lib_bootcamp.ports import Host
from lib_bootcamp.surfaces.page.events import quiet_event, supported, supported_arguments
from lib_bootcamp.surfaces.page.fields import Form
from lib_bootcamp.surfaces.page.growth import Growth, listed
from lib_bootcamp.surfaces.page.job_panel import JobPanel
from lib_bootcamp.surfaces.page.notice import notice
from lib_bootcamp.surfaces.page.running import Stops
from lib_bootcamp.surfaces.page.tab import Places, Tab
from lib_bootcamp.surfaces.page.values import FIELD_STYLE, some_uploads

from .given import pictures_input


class CaptionTab(Tab):
    """The declared fields; the chosen job with its buttons; all jobs; some pictures to try."""

    def __init__(self, operation: Any, host: Host, outputs: Any) -> None:
        super().__init__(operation, host, outputs)
        self.form = Form(operation.as_job(), self.prefix, style=FIELD_STYLE)
        self.stops = Stops(host, operation)
        self.panel = JobPanel(operation.name, host, self.prefix, mistake=self.mistake)
        self.parts: dict[str, Any] = {}

    def layout_outputs(self) -> None:
        """The chosen job, its buttons, all jobs, some pictures to try."""
        self.button = gr.Button("Caption the folder", variant="primary", elem_id=f"{self.prefix}_run")
        self.message = gr.HTML(elem_id=f"{self.prefix}_message")
        self.panel.layout_card(self.message)
        with gr.Accordion("All jobs", open=True):
            self.panel.layout_table()
            with gr.Row(elem_classes=["bootcamp-job-buttons"]):
                self.panel.layout_refresh()
                self.parts["to_captions"] = gr.Button("Edit its captions", elem_id=f"{self.prefix}_to_captions")
        with gr.Accordion("Try it on some pictures", open=False):
            self._layout_trial()

    def _layout_trial(self) -> None:
        inputs = pictures_input(f"{self.prefix}_picture", f"{self.prefix}_uploads", height=220)
        self.parts["picture"], self.parts["uploads"] = inputs
        with gr.Row():
            self.parts["try"] = gr.Button("Caption the pictures", elem_id=f"{self.prefix}_try")
            self.parts["stop"] = gr.Button("Stop", elem_id=f"{self.prefix}_stop")
        self.parts["message"] = gr.HTML(elem_id=f"{self.prefix}_try_message")
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
        button, stop = self.parts["try"], self.parts["stop"]

        def tried(given: tuple[Any, ...], growth: Growth) -> list[Any]:
            return self.tried([given[0], *(given[1] or [])], given[2:], growth)

        button.click(
            self.stops.grows(tried, lambda seen: [seen, gr.update(), ""]),
            [self.parts["picture"], self.parts["uploads"], *self.form.inputs],
            [self.parts["message"], self.parts["text"], self.parts["chart"]],
            api_name=f"{self.prefix}_try",
            **supported_arguments(button.click, show_progress="hidden"),
        )
        stop.click(self.stops.ends(), None, None, **quiet_event(stop.click))

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

    def tried(self, pictures: Sequence[Any], values: tuple[Any, ...], growth: Growth) -> list[Any]:
        """Caption pictures with the form's settings; writes nothing.

        Args:
            pictures: files as Gradio gives them, None among them.
            values: the form's.
            growth: shows each caption when it is made, and stops between two batches; then those that were made stay.
        """
        fields = {each.name: each for each in self.operation.params.fields()}
        made: list[PictureCaption] = []

        def seen(part: Any) -> None:
            made.append(part)
            growth.show(part)

        def work() -> list[Any]:
            raw = self.form.raw(values)
            color = next(each for each in self.operation.as_job().params.fields() if each.name == "background")
            background = parse_color(color.check(raw.pop("background", WHITE)))
            given = some_uploads(pictures, "Picture", fields["images"].spec.max_length or 1)
            growth.names = [name for _, name in given]
            images = [decode_image(read_file(path), background=background) for path, _ in given]
            settings = {name: value for name, value in raw.items() if name in fields}
            params = self.operation.params_from({**settings, "images": images})
            self.operation.run(params, Context.of_page(self.host, growth).watched_by(seen))
            return [_warned(made), *_shown(made, growth.names)]

        return self.attempt(work, lambda message: [message, *(_shown(made, growth.names) or [gr.update(), ""])])

    # --- what is needed

    def _folder_of(self, now: dict[str, Any], folder: str) -> str:
        """The chosen job's folder, else what stands on the form."""
        try:
            return str(self.panel.jobs().folder(now["job"], trusted=self.panel.trusted)) if now.get("job") else folder
        except BootcampError:
            return folder


def _warned(made: Sequence[PictureCaption]) -> str:
    """What a person should know of the captions; each sentence once."""
    nothing = "Nothing was found that the caption could say."
    sentences = dict.fromkeys(each.warning() or ("" if each.caption else nothing) for each in made)
    return "".join(notice(each, kind="no") for each in sentences if each)


def _shown(made: Sequence[PictureCaption], names: Sequence[str]) -> list[str]:
    """The captions to copy, and below them what was found in one picture, or each picture's own; none: nothing."""
    if not made:
        return []
    texts = [each.caption for each in made]
    return ["\n".join(texts), _found(made[0]) if len(names) == 1 else listed(texts, names)]


def _found(made: PictureCaption) -> str:
    """What the model found, with bars; nothing where it gave one sentence."""
    if all(each.value == 1 for each in made.found):
        return ""
    found = [Bar(each.label, each.value, f"{100 * each.value:.1f}%") for each in made.found[:20]]
    return bar_chart(found, title="Found")
