"""An operation's jobs on the page: the chosen one's card and the buttons that steer it, and a table of all."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import gradio as gr

from lib_bootcamp.catalog import find
from lib_bootcamp.errors import BootcampError, InvalidParamError
from lib_bootcamp.jobs.facts import JobInfo, NoJobError
from lib_bootcamp.jobs.manager import Jobs
from lib_bootcamp.jobs.opened import jobs_of
from lib_bootcamp.ports import Host
from lib_bootcamp.surfaces.shared.attempt import attempt
from lib_bootcamp.surfaces.shared.wording import job_labels
from lib_bootcamp.surfaces.shared.work_queue import QUEUES

from .events import quiet_event, supported, supported_arguments
from .fields import Click, filled_table, picked_row
from .job_card import HEADERS, KINDS, SHOWN_MISTAKES, WIDTHS, card, row, undone_text
from .mistakes import WrongValuesError
from .notice import notice
from .work import in_queue

SHOWN_JOBS, SHOWN_NEWEST = 50, 3
NOTHING: dict[str, Any] = {"job": None, "rows": [], "message_about": None}
"""What a page remembers: the chosen job, the table as it is shown, the job and state that the message is about."""
STEERING = {
    "pause": "Pause",
    "resume": "Resume",
    "cancel": "Stop",
    "undo": "Undo",
    "remove": "Remove from list",
}
"""What can be done with a job, and what its button says."""


class JobPanel:
    """The chosen job with its buttons, and the table it is chosen from; without a table it is the newest.

    Args:
        name: of the operation whose jobs are begun here.
        host: what they run on.
        prefix: of the components' ids.
        mistake: the message about a mistake, in the words of the form that begins a job.
        only: whether the operation's own jobs alone are listed; else all.
    """

    def __init__(
        self, name: str, host: Host, prefix: str, *, mistake: Callable[[BootcampError], str], only: bool = False
    ) -> None:
        self.name, self.host, self.prefix, self.only = name, host, prefix, only
        self.mistake = mistake
        self.steering: dict[str, Any] = {}
        self.table: Any = None

    def layout_card(self, message: Any) -> None:
        """The chosen job and its buttons.

        Args:
            message: where sentences are shown.
        """
        self.message = message
        self.card = gr.HTML(
            card(None, (), (), refresh=self._refresh_id, labels={}),
            elem_id=f"{self.prefix}_card",
            **supported(gr.HTML, padding=False),
        )
        with gr.Row(elem_classes=["bootcamp-job-buttons"]):
            for name, title in STEERING.items():
                self.steering[name] = gr.Button(title, elem_id=f"{self.prefix}_{name}", interactive=False)
        self.state = gr.State(NOTHING)
        # by itself: what a press chose is not undone by an older answer of the card's that comes after it
        self.chosen = gr.State(None)

    def layout_table(self) -> None:
        """The jobs; the card follows a press on one."""
        self.table = gr.Dataframe(
            headers=list(HEADERS),
            datatype=list(KINDS),
            type="array",
            interactive=False,
            elem_id=f"{self.prefix}_table",
            visible=False,
            **supported(gr.Dataframe, height=240, max_height=240, column_widths=WIDTHS, buttons=[]),
        )

    def layout_refresh(self) -> None:
        """The button that the card presses."""
        self.refresh = gr.Button("Refresh", elem_id=self._refresh_id)

    @property
    def _refresh_id(self) -> str:
        return f"{self.prefix}_refresh"

    @property
    def components(self) -> list[Any]:
        """The components that show a job."""
        return [self.message, self.card, *self._tables, *self.steering.values(), self.state]

    @property
    def _tables(self) -> list[Any]:
        return [] if self.table is None else [self.table]

    def wire(self, button: Any, raw: Callable[[tuple[Any, ...]], dict[str, Any]], inputs: list[Any]) -> None:
        """Join the buttons and the components.

        Args:
            button: begins a job.
            raw: the job's raw values from those of the inputs.
            inputs: the components that say what it does.
        """
        state, shown = self.state, self.components
        asked, pressed = [state, self.chosen], [*shown, self.chosen]

        def begun(now: dict[str, Any], chosen: int | None, *values: Any) -> list[Any]:
            return _with_choice(self.begun(_acting_on(now, chosen), lambda: raw(values)))

        quiet = supported_arguments(button.click, show_progress="hidden")
        button.click(in_queue(QUEUES.pictures, begun), [*asked, *inputs], pressed, api_name=self.prefix, **quiet)
        for name, each in self.steering.items():
            each.click(
                in_queue(QUEUES.pictures if name == "undo" else QUEUES.quick, self._steered(name)),
                asked,
                pressed,
                **quiet_event(each.click),
            )
        self.refresh.click(in_queue(QUEUES.quick, self.refreshed), asked, shown, **quiet_event(self.refresh.click))

        if self.table is None:
            return

        def picked(now: dict[str, Any], rows: list[list[Any]], event: Click) -> list[Any]:
            try:
                number = int(picked_row(event, rows)[0])
            except (TypeError, ValueError, OverflowError):
                raise WrongValuesError from None
            return _with_choice(self.looked(_acting_on(now, number)))

        self.table.select(picked, [state, self.table], pressed, **quiet_event(self.table.select))

    def _steered(self, name: str) -> Callable[[dict[str, Any], int | None], list[Any]]:
        def steered(now: dict[str, Any], chosen: int | None) -> list[Any]:
            return _with_choice(self.steered(name, _acting_on(now, chosen)))

        return steered

    # --- what a press does

    def begun(self, now: dict[str, Any], raw: Callable[[], dict[str, Any]]) -> list[Any]:
        """Put a folder into the queue; mistakes become the message."""

        def begin() -> tuple[int, str]:
            return self.jobs().start(self.name, raw(), trusted=self.trusted).id, ""

        return self._done(begin, now)

    def steered(self, name: str, now: dict[str, Any]) -> list[Any]:
        """Do with the chosen job what a button says."""

        def steer() -> tuple[int | None, str]:
            number = now.get("job")
            if number is None:
                raise InvalidParamError("Job", "is missing", hint="choose one in the table")
            made = getattr(self.jobs(), name)(number, trusted=self.trusted)
            if name == "undo":
                return number, undone_text(made)
            if name == "remove":
                return None, f"Job {number} is removed from the list; its files stay as they are."
            stops = name in ("pause", "cancel") and made.state == "running"
            return number, "It stops after the pictures that it is at." if stops else ""

        return self._done(steer, now)

    def _done(self, work: Callable[[], tuple[int | None, str]], now: dict[str, Any]) -> list[Any]:
        def done() -> list[Any]:
            number, sentence = work()
            return self._with_message(notice(sentence, kind="note") if sentence else "", {**now, "job": number})

        return attempt(self.name, done, lambda error: self._with_message(self.mistake(error), now))

    def _with_message(self, message: str, now: dict[str, Any]) -> list[Any]:
        _, *shown, then = self.looked({**now, "message_about": None})
        return [message, *shown, {**then, "message_about": then["shown"]} if message else then]

    def refreshed(self, now: dict[str, Any], chosen: int | None) -> list[Any]:
        """The components' values as the jobs are now: of the job that was chosen, else of the newest."""
        return self.looked({**now, "job": chosen})

    def looked(self, now: dict[str, Any]) -> list[Any]:
        """The components' values as the jobs are now; the message stays until its job is in another state."""
        try:
            infos = self._listed()
            info = self._chosen(infos, now.get("job"))
            shown = self._card(info)
        except BootcampError as error:
            nothing = [gr.update() for _ in self.components[2:]]
            return [notice(str(error), kind="error"), *nothing, {**NOTHING, "shown": None}]
        rows = [row(each) for each in infos[:SHOWN_JOBS]]
        table = gr.update() if rows == now.get("rows") else filled_table(rows)
        possible = info.actions if info is not None else ()
        buttons = [gr.update(interactive=name in possible) for name in self.steering]
        about = [info.id, info.state] if info is not None else None
        over = now.get("message_about") is not None and now["message_about"] != about
        then = {
            "job": info.id if info else None,
            "rows": rows,
            "message_about": None if over else now.get("message_about"),
        }
        tables = [table for _ in self._tables]
        return ["" if over else gr.update(), shown, *tables, *buttons, {**then, "shown": about}]

    def _listed(self) -> list[JobInfo]:
        found = self.jobs().listed(trusted=self.trusted)
        return [each for each in found if each.operation == self.name] if self.only else found

    @staticmethod
    def _chosen(infos: list[JobInfo], number: int | None) -> JobInfo | None:
        """The job of this number, else the newest."""
        return next((each for each in infos if each.id == number), infos[0] if infos else None)

    def _card(self, info: JobInfo | None) -> str:
        newest, failed = [], []
        if info is not None and info.state != "undone":
            jobs, trusted = self.jobs(), self.trusted
            with contextlib.suppress(NoJobError):  # somebody else forgot it in this moment
                newest = jobs.newest(info.id, trusted=trusted, limit=SHOWN_NEWEST)
                failed = jobs.failures(info.id, trusted=trusted, limit=SHOWN_MISTAKES) if info.failed else []
        labels = job_labels(info.operation, find) if info is not None else {}
        return card(info, newest, failed, refresh=self._refresh_id, labels=labels)

    # --- what is needed

    @property
    def trusted(self) -> bool:
        """Whether the page's visitors may name any folder."""
        return self.host.trusts_page()

    def jobs(self) -> Jobs:
        """The host's."""
        return jobs_of(self.host, find)


def _acting_on(now: dict[str, Any], chosen: int | None) -> dict[str, Any]:
    """A press acts on the job that was chosen, else on the one that is shown."""
    return now if chosen is None else {**now, "job": chosen}


def _with_choice(shown: list[Any]) -> list[Any]:
    """The components' values, and the job that is shown as the one that was chosen."""
    return [*shown, shown[-1]["job"]]
