"""A training's files compared: what they draw, which is best, and a press that chooses one of them for prompts."""

from __future__ import annotations

import contextlib
from typing import Any

import gradio as gr

from lib_bootcamp.context import Context
from lib_bootcamp.errors import BootcampError, InvalidParamError
from lib_bootcamp.operations.networks.compare import ALONE, COMPARE_LORAS, CompareLorasResult
from lib_bootcamp.ports import Host
from lib_bootcamp.surfaces.page.events import quiet_event, supported, supported_arguments
from lib_bootcamp.surfaces.page.fields import Click, Form, picked_row, picture_output
from lib_bootcamp.surfaces.page.growth import Growth
from lib_bootcamp.surfaces.page.job_panel import JobPanel
from lib_bootcamp.surfaces.page.notice import notice
from lib_bootcamp.surfaces.page.outputs import Outputs
from lib_bootcamp.surfaces.page.running import Stops
from lib_bootcamp.surfaces.page.values import FIELD_STYLE
from lib_bootcamp.surfaces.shared.attempt import attempt

from .use import UseOfTraining, training_of

HEADERS = ("file", "score", "likeness", "prompt kept", "others kept")
OF_TRAINING = ("folder", "name", "loras")
"""What the training says that is shown."""


class CompareOfTraining:
    """Compares the files of the chosen training; the best one, or one that is pressed, is chosen for prompts.

    Args:
        host: the program around.
        panel: of the trainings.
        use: where the chosen file goes.
        outputs: where the grid lies while it is shown.
        prefix: head of every `elem_id`.
    """

    def __init__(self, host: Host, panel: JobPanel, use: UseOfTraining, outputs: Outputs, prefix: str) -> None:
        self._host, self._panel, self._use, self._outputs = host, panel, use, outputs
        self._prefix = f"{prefix}_compare"
        self.form = Form(COMPARE_LORAS, self._prefix, skip=OF_TRAINING, style=FIELD_STYLE)
        self._stops = Stops(host, COMPARE_LORAS)
        self._button: Any = None
        self._stop: Any = None
        self._message: Any = None
        self._grid: Any = None
        self._table: Any = None

    def layout(self) -> None:
        """The fields, the buttons, the grid and the table."""
        with gr.Accordion("Which step is best", open=False, elem_id=self._prefix):
            self.form.render()
            with gr.Row():
                self._button = gr.Button("Compare", elem_id=f"{self._prefix}_run")
                self._stop = gr.Button("Stop", elem_id=f"{self._prefix}_stop")
            self._message = gr.HTML(elem_id=f"{self._prefix}_message")
            self._grid = picture_output("Grid", f"{self._prefix}_grid")
            self._grid.visible = False
            self._table = gr.Dataframe(
                headers=list(HEADERS),
                datatype=["str"] * len(HEADERS),
                type="array",
                interactive=False,
                visible=False,
                elem_id=f"{self._prefix}_table",
                **supported(gr.Dataframe, wrap=True, buttons=[]),
            )

    def wire(self) -> None:
        """Join the buttons, the table and the choice of the file."""
        state, file = [self._panel.state, self._panel.chosen], self._use.file
        outputs = [self._message, self._grid, self._table, file]
        grows = self._stops.grows(self.compared, self._failed)
        hidden = supported_arguments(self._button.click, show_progress="hidden")
        self._button.click(grows, [*state, *self.form.inputs], outputs, api_name=self._prefix, **hidden)
        self._stop.click(self._stops.ends(), None, None, **quiet_event(self._stop.click))

        def picked(now: dict[str, Any], chosen: int | None, rows: list[list[Any]], event: Click) -> Any:
            name = str(picked_row(event, rows)[0])
            return gr.update() if name == ALONE else self._use.listed(now, chosen, name)

        self._table.select(picked, [*state, self._table], [file], **quiet_event(self._table.select))

    def compared(self, values: tuple[Any, ...], growth: Growth) -> list[Any]:
        """The message, the grid, the table and the choice, after a comparison or a mistake."""
        now, chosen, *fields = values

        def work() -> list[Any]:
            context = Context.of_page(self._host, growth).watched_by(growth.show)
            params = COMPARE_LORAS.params_from(self._given(now, chosen, fields, context))
            result = COMPARE_LORAS.run(params, context)
            grid = self._outputs.write(COMPARE_LORAS, params, result)["image"]
            return [
                _message(result),
                gr.update(value=grid, visible=True),
                gr.update(value=[list(each) for each in result.table()], visible=True),
                self._use.listed(now, chosen, result.best),
            ]

        return attempt(COMPARE_LORAS.name, work, lambda error: self._failed(self.form.mistake(error)))

    def _given(self, now: dict[str, Any], chosen: int | None, fields: list[Any], context: Context) -> dict[str, Any]:
        """The form's values, with the training's own folder, name and pictures."""
        given = self.form.raw(fields)
        try:
            info, folder = training_of(self._panel, now, chosen)
        except InvalidParamError:
            raise InvalidParamError(
                "Job", "is missing", hint="begin a training first, or choose one under All trainings"
            ) from None
        given |= {"folder": str(folder), "name": str(info.params.get("name", ""))}
        own = [info.params.get("folder"), *(each.get("folder") for each in info.params.get("concepts") or ())]
        folders = [each for each in own if isinstance(each, str) and each]
        if not given.get("pictures") and len(folders) == 1:
            with contextlib.suppress(BootcampError):  # it is gone, or not for this visitor: likeness is left out
                given["pictures"] = str(context.folder(folders[0], "pictures"))
        return given

    @staticmethod
    def _failed(message: str) -> list[Any]:
        return [message, *(gr.update() for _ in range(3))]


def _message(result: CompareLorasResult) -> str:
    more = "".join(notice(each, kind="no") for each in (*result.left_out, *result.notes))
    return notice(f"{result.summary()}. It is chosen below.", kind="done") + more
