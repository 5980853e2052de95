"""The PNG info tab: fields, raw texts and differences of files, their infotext to send or to write, whole folders."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from lib_bootcamp.context import Context
from lib_bootcamp.core.files.atomic import write_atomically
from lib_bootcamp.core.images.codec import read_file
from lib_bootcamp.errors import BootcampError, InvalidParamError
from lib_bootcamp.operations.png_info.edit import PNG_INFO_EDIT
from lib_bootcamp.operations.png_info.read import FileInfo
from lib_bootcamp.ports import Host, Progress, SilentProgress
from lib_bootcamp.surfaces.page.events import quiet_event, supported
from lib_bootcamp.surfaces.page.fields import Form, picture_output
from lib_bootcamp.surfaces.page.notice import notice
from lib_bootcamp.surfaces.page.running import Stops
from lib_bootcamp.surfaces.page.tab import Places, Tab
from lib_bootcamp.surfaces.page.values import FIELD_STYLE, some_uploads, uploads
from lib_bootcamp.surfaces.page.work import in_queue
from lib_bootcamp.surfaces.shared.work_queue import QUEUES

from .files import (
    comparison,
    label_of,
    one_of,
    public_sentence,
    shown_picture,
    stem_of,
    summary_of,
    write_tables,
)
from .folder import folder_tables
from .html import fields_table, raw_view
from .send import drawing_values

NOTHING = "Nothing"
INFOTEXT = "As the WebUI pastes it, from whatever tool's fields. It may be changed before it is used below."
VIEWS = ("chosen", "against", "infotext", "picture", "fields", "differences", "raw")


class PngInfoTab(Tab):
    """The declared fields and a folder on the left; what the chosen file says on the right."""

    def __init__(self, operation: Any, host: Host, outputs: Any) -> None:
        super().__init__(operation, host, outputs)
        self.stops = Stops(host, operation)
        self.parts: dict[str, Any] = {}
        self.edit = Form(PNG_INFO_EDIT, f"{self.prefix}_edit", skip=("file", "changes"), style=FIELD_STYLE)
        self.to_txt2img: Any = None

    def layout(self) -> None:
        """A narrow column for the files, a wide one for what they say."""
        with gr.Column(scale=2, min_width=320):
            self.layout_inputs()
        with gr.Column(scale=3, min_width=480):
            self.layout_outputs()

    def layout_inputs(self) -> None:
        """The files, the chosen one's picture, a folder."""
        self.form.place("files")
        super().layout_inputs()
        self.button = gr.Button("Read", variant="primary", elem_id=f"{self.prefix}_run")
        self.parts["picture"] = picture_output("Picture", f"{self.prefix}_image_out")
        with gr.Accordion("A whole folder", open=False):
            self.parts["folder"] = gr.Textbox(
                label="Folder",
                info="On the machine that runs this page; every picture in it is a row of the tables.",
                elem_id=f"{self.prefix}_folder",
            )
            self.parts["recursive"] = gr.Checkbox(label="Include subfolders", elem_id=f"{self.prefix}_recursive")
            with gr.Row():
                self.parts["tables"] = gr.Button("Make the tables", elem_id=f"{self.prefix}_tables")
                self.parts["stop"] = gr.Button("Stop", elem_id=f"{self.prefix}_stop")
            self.parts["folder_message"] = gr.HTML(elem_id=f"{self.prefix}_folder_message")
            self.parts["folder_files"] = self._download("folder_files")

    def layout_outputs(self) -> None:
        """The message, the choice among several files, the infotext, the views, the copy."""
        self.message = gr.HTML(elem_id=f"{self.prefix}_message")
        with gr.Row():
            for name, label in (("chosen", "Shown"), ("against", "Compared with")):
                self.parts[name] = gr.Dropdown(
                    label=label, choices=[], visible=False, interactive=True, elem_id=f"{self.prefix}_{name}"
                )
        text = self.parts["infotext"] = self.edit.place("infotext")
        text.info, text.lines, text.max_lines = INFOTEXT, 4, 12
        text.do_not_save_to_config = True
        for name, value in supported(gr.Textbox, show_copy_button=True, buttons=["copy"]).items():
            setattr(text, name, value)
        self.pasted = (text, self.parts["picture"])
        self.to_txt2img = gr.Button("Draw with it", elem_id=f"{self.prefix}_to_txt2img", visible=False)
        with gr.Tabs(elem_id=f"{self.prefix}_views"):
            for name, title in (("fields", "Fields"), ("differences", "Differences"), ("raw", "Raw texts")):
                with gr.Tab(title, id=name):
                    self.parts[name] = gr.HTML(elem_id=f"{self.prefix}_{name}")
            with gr.Tab("Write a copy", id="copy"):
                self._layout_copy()
        self.files = self._download("files")

    def _layout_copy(self) -> None:
        gr.Markdown("The file itself stays as it is; the copy's pixels are not encoded again.")
        self.edit.place("keep_other")
        with gr.Row():
            self.parts["write"] = gr.Button("Copy with the infotext above", elem_id=f"{self.prefix}_write")
            self.parts["strip"] = gr.Button("Copy without metadata", elem_id=f"{self.prefix}_strip")
        self.parts["copy_message"] = gr.HTML(elem_id=f"{self.prefix}_copy_message")
        self.parts["copy"] = self._download("copy")

    def _download(self, name: str) -> Any:
        return gr.File(
            label="Download", elem_id=f"{self.prefix}_{name}", interactive=False, visible=False, file_count="multiple"
        )

    @property
    def views(self) -> list[Any]:
        """The components that show the chosen file."""
        return [self.parts[name] for name in VIEWS]

    @property
    def result_components(self) -> list[Any]:
        """The components that reading fills."""
        return [self.message, *self.views, self.files]

    def wire(self) -> None:
        """Join the components: files are read when they are given, and when the button is pressed."""
        files = self.form.components["files"]
        queued = functools.partial(in_queue, QUEUES.of(self.operation))
        self.button.click(queued(self.read), self.form.inputs, self.result_components, api_name=self.prefix)
        files.change(queued(self.given), self.form.inputs, self.result_components, **_private(files.change))
        which = [self.parts["chosen"], self.parts["against"]]
        for each in which:
            each.input(queued(self.choose), [*which, *self.form.inputs], self.result_components, **_private(each.input))
        copy = [self.parts["copy_message"], self.parts["copy"]]
        for name, kept in (("write", True), ("strip", False)):
            event = self.parts[name].click

            def pressed(*values: Any, kept: bool = kept) -> list[Any]:
                return self.copy(*values, with_infotext=kept)

            event(queued(pressed), [which[0], files, *self.edit.inputs], copy, **_private(event))
        self._wire_folder()

    def _wire_folder(self) -> None:
        begins = self.stops.begins(lambda values, shown: self.tables(*values, progress=shown))
        inputs = [self.parts["folder"], self.parts["recursive"], *self.form.inputs]
        outputs = [self.parts["folder_message"], self.parts["folder_files"]]
        self.parts["tables"].click(begins, inputs, outputs, api_name=f"{self.prefix}_tables")
        self.parts["stop"].click(self.stops.ends(), None, None, **quiet_event(self.parts["stop"].click))

    def connect(self, tabs: Mapping[str, Tab], places: Places) -> None:
        """Hand the fields that have counterparts to the tab that draws, where there is one, and show it."""
        txt2img = tabs.get("txt2img")
        if txt2img is None:
            return
        self.to_txt2img.visible = True

        def send(text: str | None) -> list[Any]:
            values, note = drawing_values(text or "", txt2img.form)
            return [*values, notice(note, kind="note"), *places.select("txt2img")]

        targets = [*txt2img.form.inputs, txt2img.message, *places.of("txt2img")]
        self.to_txt2img.click(send, [self.parts["infotext"]], targets, **quiet_event(self.to_txt2img.click))

    def given(self, *values: Any) -> list[Any]:
        """As `read`; where the files were taken away, nothing is shown, and that is no mistake."""
        if not uploads(self._files_of(values)):
            return ["", *self._empty(), gr.update(value=None, visible=False)]
        return self.read(*values)

    def read(self, *values: Any) -> list[Any]:
        """Read all files and show the first, against the second where there are two."""
        return self.attempt(lambda: self._read(values))

    def choose(self, chosen: Any, against: Any, *values: Any) -> list[Any]:
        """Show another of the files; they are read again, so that nothing of theirs is kept in memory."""
        return self.attempt(lambda: [gr.update(), *self._views(values, chosen, against), gr.update()])

    def copy(self, chosen: Any, files: Any, *values: Any, with_infotext: bool) -> list[Any]:
        """Write a copy of the chosen file."""

        def work() -> list[Any]:
            path, name = one_of(files, chosen)
            raw = self.edit.raw(values)
            if not with_infotext:
                raw.pop("infotext", None)
            elif not raw.get("infotext", "").strip():
                raise InvalidParamError("Infotext", "is empty", hint="write one, or make a copy without metadata")
            params = PNG_INFO_EDIT.params_from({**raw, "file": read_file(path)})
            made = PNG_INFO_EDIT.run(params, self._context(SilentProgress()))
            ending = f"{'infotext' if with_infotext else 'bare'}{made.suffix()}"
            out = self.outputs.new_folder() / f"{stem_of(name)}-{ending}"
            write_atomically(out, made.file)
            return [notice(made.summary(), kind="done"), gr.update(value=[str(out)], visible=True)]

        return self.attempt(work, _without_file)

    def tables(self, folder: str, recursive: Any, *values: Any, progress: Progress) -> list[Any]:
        """Read a folder into two files."""

        def work() -> list[Any]:
            out, context = self.outputs.new_folder(), self._context(progress)

            def read(paths: list[Path]) -> Any:
                return self._over(paths, values, context)

            sentence = folder_tables(folder, read, context, out, recursive=bool(recursive))
            written = [str(each) for each in sorted(out.iterdir())]
            return [notice(sentence, kind="done"), gr.update(value=written, visible=True)]

        return self.attempt(work, _without_file)

    def _read(self, values: Sequence[Any]) -> list[Any]:
        param = next(each for each in self.form.fields if each.name == "files")
        named = some_uploads(self._files_of(values), "Files", param.max_length or 0, ", more as a folder")
        done = list(zip([name for _, name in named], self._infos([path for path, _ in named], values), strict=True))
        good = [(name, each) for name, each in done if isinstance(each, FileInfo)]
        if not good:
            first = next(each for _, each in done if isinstance(each, BootcampError))
            return self.failed(self.mistake(first))
        labels = [label_of(at, name) for at, (name, _) in enumerate(done)]
        several = len(done) > 1
        first_good = next(at for at, (_, each) in enumerate(done) if isinstance(each, FileInfo))
        against = labels[1] if len(done) == len(good) == 2 else NOTHING
        shown = self._views(values, labels[first_good], against)
        shown[0] = gr.update(choices=labels, value=labels[first_good], visible=several)
        shown[1] = gr.update(choices=[NOTHING, *labels], value=against, visible=several)
        return [summary_of(done), *shown, gr.update(value=write_tables(done, self.outputs.new_folder()), visible=True)]

    def _views(self, values: Sequence[Any], chosen: Any, against: Any) -> list[Any]:
        """The values of `views` for one of the files, and another it is compared with."""
        files = self._files_of(values)
        picked = [one_of(files, chosen)]
        if against and against != NOTHING:
            picked.append(one_of(files, against))
        infos = self._infos([path for path, _ in picked], values)
        for each in infos:
            if isinstance(each, BootcampError):
                raise each
        read = [each for each in infos if isinstance(each, FileInfo)]
        names = [name for _, name in picked]
        return [
            gr.update(),
            gr.update(),
            read[0].infotext,
            shown_picture(picked[0][0]),
            fields_table(read[0]),
            comparison(names, read),
            raw_view(read[0]),
        ]

    def _infos(self, paths: list[Path], values: Sequence[Any]) -> list[FileInfo | BootcampError]:
        return list(self._over(paths, values, self._context(SilentProgress())))

    def _over(self, paths: list[Path], values: Sequence[Any], context: Context) -> Any:
        """For each file what it says, or the mistake about it; the form's values but the files say how it is read."""
        over: Any = self.operation.over_files
        named = dict(zip((param.name for param in self.form.fields), values, strict=True))
        settings = {name: value for name, value in named.items() if name != "files"}
        return over.run(paths, self.operation.settings_from(settings), context)

    def _files_of(self, values: Sequence[Any]) -> Any:
        return values[[param.name for param in self.form.fields].index("files")]

    def _context(self, progress: Any) -> Context:
        return Context.of_page(self.host, progress)

    def mistake(self, error: BootcampError) -> str:
        """As the form words it, without the folder that Gradio keeps an uploaded file in."""
        return public_sentence(super().mistake(error))

    def failed(self, message: str) -> list[Any]:
        """The components' values after a mistake: the message, and what could be chosen before."""
        shown = self._empty()
        shown[:2] = [gr.update(), gr.update()]
        return [message, *shown, gr.update(value=None, visible=False)]

    @staticmethod
    def _empty() -> list[Any]:
        hidden = [gr.update(choices=[], value=None, visible=False) for _ in range(2)]
        return [*hidden, "", None, "", "", ""]


def _without_file(message: str) -> list[Any]:
    """The message and the file's place after a mistake."""
    return [message, gr.update(value=None, visible=False)]


def _private(event: Any) -> dict[str, Any]:
    """As `quiet_event`, with the display that something goes on."""
    return {name: value for name, value in quiet_event(event).items() if name not in {"show_progress", "queue"}}
