"""The caption tab: a folder becomes a job that the page follows, steers and takes back; one picture to try it on."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import gradio as gr

from lib_bootcamp.catalog import find
from lib_bootcamp.core.colours import parse_colour
from lib_bootcamp.core.images import decode_image, read_file
from lib_bootcamp.errors import BootcampError, InvalidParamError
from lib_bootcamp.jobs.facts import JobInfo, NoJobError
from lib_bootcamp.jobs.manager import Jobs, jobs_of
from lib_bootcamp.operation import Context
from lib_bootcamp.operations.caption_folder import WHITE
from lib_bootcamp.operations.caption_pictures import PictureCaption
from lib_bootcamp.ports import Host
from lib_bootcamp.surfaces.gradio_fields import Form, picture_input, quiet_event, supported, supported_arguments
from lib_bootcamp.surfaces.page import LOOK, Places, Tab, notice

from .charts import Bar, chart
from .job_card import HEADERS, KINDS, SHOWN_MISTAKES, WIDTHS, card, row, undone_text
from .running import RunProgress, Stops

LOG = logging.getLogger(__name__)
SHOWN_JOBS, SHOWN_NEWEST = 50, 3
NOTHING: dict[str, Any] = {"job": None, "rows": [], "said": None}
"""What a page remembers: the chosen job, the table as it is shown, the job and state that the message is about."""
STEERING = {
    "pause": "Pause",
    "resume": "Go on",
    "cancel": "Stop",
    "undo": "Undo",
    "remove": "Forget",
}
"""What can be done with a job, and what its button says."""
UNEXPECTED = "Something went wrong in the program; the log has the details."


class CaptionTab(Tab):
    """The declared fields; the chosen job with its buttons; all jobs; one picture."""

    def __init__(self, operation: Any, host: Host, outputs: Any) -> None:
        super().__init__(operation, host, outputs)
        self.form = Form(operation.as_job(), self.prefix, look=LOOK)
        self.stops = Stops(host)
        self.parts: dict[str, Any] = {}
        self.steering: dict[str, Any] = {}

    def layout_outputs(self) -> None:
        """The chosen job, its buttons, all jobs, one picture to try."""
        self.button = gr.Button("Caption the folder", variant="primary", elem_id=f"{self.prefix}_run")
        self.message = gr.HTML(elem_id=f"{self.prefix}_message")
        self.parts["card"] = gr.HTML(
            card(None, (), (), refresh=self._refresh_id),
            elem_id=f"{self.prefix}_card",
            **supported(gr.HTML, padding=False),
        )
        with gr.Row(elem_classes=["bootcamp-job-buttons"]):
            for name, title in STEERING.items():
                self.steering[name] = gr.Button(title, elem_id=f"{self.prefix}_{name}", interactive=False)
        with gr.Accordion("All jobs", open=True):
            self.parts["table"] = gr.Dataframe(
                headers=list(HEADERS),
                datatype=list(KINDS),
                type="array",
                interactive=False,
                elem_id=f"{self.prefix}_table",
                **supported(gr.Dataframe, height=240, max_height=240, column_widths=WIDTHS, buttons=[]),
            )
            with gr.Row(elem_classes=["bootcamp-job-buttons"]):
                self.parts["refresh"] = gr.Button("Refresh", elem_id=self._refresh_id)
                self.parts["to_captions"] = gr.Button("Edit its captions", elem_id=f"{self.prefix}_to_captions")
        with gr.Accordion("Try it on one picture", open=False):
            self._layout_trial()
        self.parts["state"] = gr.State(NOTHING)

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
    def _refresh_id(self) -> str:
        return f"{self.prefix}_refresh"

    @property
    def result_components(self) -> list[Any]:
        """The components that show a job."""
        return [self.message, self.parts["card"], self.parts["table"], *self.steering.values(), self.parts["state"]]

    def wire(self) -> None:
        """Join the buttons and the components."""
        state, shown = self.parts["state"], self.result_components
        quiet = supported_arguments(self.button.click, show_progress="hidden")
        self.button.click(self.begun, [state, *self.form.inputs], shown, api_name=self.prefix, **quiet)
        for name, button in self.steering.items():
            button.click(self._steered(name), [state], shown, **quiet_event(button.click))
        refresh = self.parts["refresh"]
        refresh.click(self.looked, [state], shown, **quiet_event(refresh.click))
        table = self.parts["table"]

        def chosen(now: dict[str, Any], rows: list[list[Any]], event: gr.SelectData) -> list[Any]:
            # later Gradios tell the row, which a person may have sorted; Gradio 3 tells its number
            picked = getattr(event, "row_value", None) or rows[event.index[0]]
            return self.looked({**now, "job": int(picked[0])})

        table.select(chosen, [state, table], shown, **quiet_event(table.select))
        self._wire_trial()

    def _steered(self, name: str) -> Callable[[dict[str, Any]], list[Any]]:
        def steered(now: dict[str, Any]) -> list[Any]:
            return self.steered(name, now)

        return steered

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
            lambda now, folder: [self._folder_of(now, folder), *places.show("dataset-captions")],
            [self.parts["state"], self.form.components["folder"]],
            [editor.form.components["folder"], *places.of("dataset-captions")],
            **quiet_event(button.click),
        )

    # --- what a press does

    def begun(self, now: dict[str, Any], *values: Any) -> list[Any]:
        """Put the form's folder into the queue; mistakes become the message."""

        def begin() -> tuple[int, str]:
            return self._jobs().start(self.operation.name, self.form.raw(values), trusted=self._trusted).id, ""

        return self._done(begin, now)

    def steered(self, name: str, now: dict[str, Any]) -> list[Any]:
        """Do with the chosen job what a button says."""

        def steer() -> tuple[int | None, str]:
            number = now.get("job")
            if number is None:
                raise InvalidParamError("Job", "is missing; choose one in the table")
            made = getattr(self._jobs(), name)(number, trusted=self._trusted)
            if name == "undo":
                return number, undone_text(made)
            if name == "remove":
                return None, f"Job {number} is forgotten; its files stay as they are."
            stops = name in ("pause", "cancel") and made.state == "running"
            return number, "It stops after the pictures that it is at." if stops else ""

        return self._done(steer, now)

    def _done(self, work: Callable[[], tuple[int | None, str]], now: dict[str, Any]) -> list[Any]:
        try:
            number, said = work()
        except BootcampError as error:
            return self._said(notice(str(error), kind="error"), now)
        except Exception:
            LOG.exception("%s failed", self.operation.name)
            return self._said(notice(UNEXPECTED, kind="error"), now)
        return self._said(notice(said, kind="note") if said else "", {**now, "job": number})

    def _said(self, message: str, now: dict[str, Any]) -> list[Any]:
        _, *shown, then = self.looked({**now, "said": None})
        return [message, *shown, {**then, "said": then["shown"]} if message else then]

    def looked(self, now: dict[str, Any]) -> list[Any]:
        """The components' values as the jobs are now; the message stays until its job is in another state."""
        try:
            infos = self._jobs().listed(trusted=self._trusted)
            info = self._chosen(infos, now.get("job"))
            shown = self._card(info)
        except BootcampError as error:
            nothing = [gr.update() for _ in self.result_components[2:]]
            return [notice(str(error), kind="error"), *nothing, {**NOTHING, "shown": None}]
        rows = [row(each) for each in infos[:SHOWN_JOBS]]
        table = gr.update() if rows == now.get("rows") else gr.update(value=rows)
        possible = info.actions if info is not None else ()
        buttons = [gr.update(interactive=name in possible) for name in self.steering]
        about = [info.id, info.state] if info is not None else None
        over = now.get("said") is not None and now["said"] != about
        then = {"job": info.id if info else None, "rows": rows, "said": None if over else now.get("said")}
        return ["" if over else gr.update(), shown, table, *buttons, {**then, "shown": about}]

    @staticmethod
    def _chosen(infos: list[JobInfo], number: int | None) -> JobInfo | None:
        """The job of this number, else the newest."""
        return next((each for each in infos if each.id == number), infos[0] if infos else None)

    def _card(self, info: JobInfo | None) -> str:
        newest, failed = [], []
        if info is not None and info.state != "undone":
            jobs, trusted = self._jobs(), self._trusted
            start = max(0, info.total - info.left - SHOWN_NEWEST)
            with contextlib.suppress(NoJobError):  # somebody else forgot it in this moment
                newest = jobs.items(info.id, trusted=trusted, offset=start, limit=SHOWN_NEWEST)
                failed = jobs.failures(info.id, trusted=trusted, limit=SHOWN_MISTAKES) if info.failed else []
        return card(info, [each for each in newest if each.state == "done"], failed, refresh=self._refresh_id)

    def tried(self, picture: Any, values: tuple[Any, ...], progress: RunProgress) -> list[Any]:
        """Caption one picture with the form's settings; writes nothing."""
        known = {each.name for each in self.operation.params.fields()}
        try:
            raw = self.form.raw(values)
            image = _picture(picture, raw.pop("background", WHITE))
            settings = {name: value for name, value in raw.items() if name in known}
            params = self.operation.params_from({**settings, "images": [image]})
            made = self.operation.run(params, Context(self.host, progress, trusted=self._trusted)).captions[0]
        except BootcampError as error:
            return [notice(str(error), kind="error"), gr.update(), ""]
        except Exception:
            LOG.exception("%s failed", self.operation.name)
            return [notice(UNEXPECTED, kind="error"), gr.update(), ""]
        warning = made.warning() or ("" if made.caption else "Nothing was found that the caption could say.")
        return [notice(warning, kind="no") if warning else "", made.caption, _found(made)]

    # --- what is needed

    @property
    def _trusted(self) -> bool:
        return self.host.trusts_page()

    def _jobs(self) -> Jobs:
        return jobs_of(self.host, find)

    def _folder_of(self, now: dict[str, Any], folder: str) -> str:
        """The chosen job's folder, else what stands on the form."""
        try:
            return str(self._jobs().folder(now["job"], trusted=self._trusted)) if now.get("job") else folder
        except BootcampError:
            return folder


def _picture(file: str | None, background: str) -> Any:
    """The picture that was uploaded, read as a folder's pictures are.

    Raises:
        InvalidParamError: there is none.
        ImageError, TooLargeError: it cannot be read.
    """
    if not file:
        raise InvalidParamError("Picture", "is missing; give one")
    return decode_image(read_file(Path(file)), background=parse_colour(background))


def _found(made: PictureCaption) -> str:
    """What the model said, with bars; nothing where it said one sentence."""
    if all(each.value == 1 for each in made.found):
        return ""
    return chart("Found", [Bar(each.label, each.value, f"{100 * each.value:.1f}%") for each in made.found[:20]])
