"""A training's files, one of which is put where prompts find it: a choice and a button below the training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr

from lib_bootcamp.context import Context
from lib_bootcamp.core.files.inside import Inside
from lib_bootcamp.core.networks.file_names import ENDING
from lib_bootcamp.core.training.samples import is_file_of
from lib_bootcamp.errors import BootcampError, InvalidParamError
from lib_bootcamp.jobs.facts import JobInfo
from lib_bootcamp.operations.networks.use import USE_LORA
from lib_bootcamp.ports import Host
from lib_bootcamp.surfaces.page.events import quiet_event
from lib_bootcamp.surfaces.page.job_panel import JobPanel
from lib_bootcamp.surfaces.page.notice import notice
from lib_bootcamp.surfaces.page.work import in_queue
from lib_bootcamp.surfaces.shared.attempt import attempt
from lib_bootcamp.surfaces.shared.wording import worded
from lib_bootcamp.surfaces.shared.work_queue import QUEUES

LABELS = {"lora": "File", "name": "Name", "lora_dir": "LoRA folder", "replace": "Replace"}


class UseOfTraining:
    """Puts a file of the chosen training where prompts find it.

    Args:
        host: the program around.
        panel: of the trainings.
        prefix: head of every `elem_id`.
    """

    def __init__(self, host: Host, panel: JobPanel, prefix: str) -> None:
        self._host, self._panel, self._prefix = host, panel, prefix
        self.file: Any = None
        """The choice of a file, which other parts of the tab set."""
        self._name: Any = None
        self._folder: Any = None
        self._replace: Any = None
        self._button: Any = None
        self._message: Any = None

    def layout(self) -> None:
        """The files, what the chosen one is called in prompts, and the button."""
        fields = {each.name: each.spec for each in USE_LORA.params.fields()}
        has_own = {"lora", "embedding"} <= self._host.model_folders().keys()
        with gr.Accordion("Use in prompts", open=False, elem_id=f"{self._prefix}_use"):
            with gr.Row():
                self.file = gr.Dropdown([], label=LABELS["lora"], elem_id=f"{self._prefix}_use_file", interactive=True)
                self._name = gr.Textbox(
                    label=LABELS["name"], info=fields["name"].help, elem_id=f"{self._prefix}_use_name"
                )
            self._folder = gr.Textbox(
                label=LABELS["lora_dir"],
                info="Where the LoRAs of prompts lie.",
                visible=not has_own,
                elem_id=f"{self._prefix}_use_folder",
            )
            self._replace = gr.Checkbox(
                label=LABELS["replace"], info=fields["replace"].help, elem_id=f"{self._prefix}_use_replace"
            )
            self._button = gr.Button("Put where prompts find it", elem_id=f"{self._prefix}_use_run")
            self._message = gr.HTML(elem_id=f"{self._prefix}_use_message")

    def wire(self) -> None:
        """The files follow the training that is shown."""
        state = [self._panel.state, self._panel.chosen]
        refresh = self._panel.refresh
        refresh.click(
            in_queue(QUEUES.quick, self.listed), [*state, self.file], [self.file], **quiet_event(refresh.click)
        )
        self._button.click(
            in_queue(QUEUES.of(USE_LORA), self.put),
            [*state, self.file, self._name, self._folder, self._replace],
            [self._message],
            **quiet_event(self._button.click),
        )

    def listed(self, now: dict[str, Any], chosen: int | None, held: str | None) -> Any:
        """The choices: names of the training's files, the newest first."""
        try:
            folder, name = of_training(self._panel, now, chosen)
        except BootcampError:
            return gr.update(choices=[], value=None)
        names = Inside(folder, exact=not self._panel.trusted).names(folder)
        found = sorted(each.removesuffix(ENDING) for each in names if is_file_of(name, each))
        found.sort(key=lambda each: each != name)  # the training's own first
        return gr.update(choices=found, value=held if held in found else next(iter(found), None))

    def put(  # noqa: PLR0913 - one a component
        self,
        now: dict[str, Any],
        chosen: int | None,
        lora: str | None,
        name: str,
        lora_dir: str,
        replace: bool,  # noqa: FBT001 - a component's value
    ) -> str:
        """The message after a file was put there, or of the mistake."""

        def work() -> str:
            folder, _ = of_training(self._panel, now, chosen)
            if not lora:
                raise InvalidParamError("lora", "is missing", hint="train until a file is written")
            given = {"folder": str(folder), "lora": lora, "name": name.strip(), "replace": replace}
            if lora_dir.strip():
                given["lora_dir"] = lora_dir.strip()
            context = Context.of_page(self._host, self._host.progress())
            result = USE_LORA.run(USE_LORA.params_from(given), context)
            return notice(result.summary(), kind="done" if result.succeeded() else "no")

        return attempt(USE_LORA.name, work, lambda error: notice(worded(error, LABELS), kind="error"))


def of_training(panel: JobPanel, now: dict[str, Any], chosen: int | None) -> tuple[Path, str]:
    """The output folder and the name of the training that is shown.

    Raises:
        InvalidParamError: none is.
        NoJobError: it is gone.
    """
    info, folder = training_of(panel, now, chosen)
    return folder, str(info.params.get("name", ""))


def training_of(panel: JobPanel, now: dict[str, Any], chosen: int | None) -> tuple[JobInfo, Path]:
    """The training that is shown, and its output folder.

    Raises:
        InvalidParamError: none is.
        NoJobError: it is gone.
    """
    number = chosen if chosen is not None else now.get("job")
    if number is None:
        raise InvalidParamError("lora", "is missing", hint="begin a training first")
    jobs, trusted = panel.jobs(), panel.trusted
    return jobs.info(number, trusted=trusted), jobs.folder(number, trusted=trusted)
