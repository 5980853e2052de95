"""The classify tab: bars for one picture; for several a table, a gallery by label, and both as files."""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

from lib_bootcamp.context import Context
from lib_bootcamp.core.files.atomic import write_atomically
from lib_bootcamp.core.images.codec import read_image, write_image
from lib_bootcamp.core.images.resize import resize
from lib_bootcamp.core.text.bar_chart import Bar, bar_chart
from lib_bootcamp.core.text.scores import GroupScores
from lib_bootcamp.errors import BootcampError, CancelledError
from lib_bootcamp.operations.describe.classify import ImageScores, classify_files
from lib_bootcamp.ports import Host, Progress
from lib_bootcamp.surfaces.page.events import quiet_event, supported
from lib_bootcamp.surfaces.page.fields import Form
from lib_bootcamp.surfaces.page.notice import notice
from lib_bootcamp.surfaces.page.running import Stops
from lib_bootcamp.surfaces.page.tab import Tab
from lib_bootcamp.surfaces.page.upload_folder import public_text
from lib_bootcamp.surfaces.page.values import FIELD_STYLE, some_uploads
from lib_bootcamp.surfaces.shared.tables import csv_bytes, jsonl_bytes, record_of

from .given import pictures_input

MOST_FILES, MOST_ROWS, MOST_THUMBNAILS = 2000, 500, 120
THUMBNAIL_PX = 256
UNKNOWN = "unknown"


class ClassifyTab(Tab):
    """The declared fields, with one picture or many above them."""

    def __init__(self, operation: Any, host: Host, outputs: Any) -> None:
        super().__init__(operation, host, outputs)
        self.form = Form(operation, self.prefix, skip=("images",), style=FIELD_STYLE)
        self.picture: Any = None
        self.uploads: Any = None
        self.stop: Any = None
        self.chart: Any = None
        self.gallery: Any = None
        self.stops = Stops(host, operation)

    def layout_inputs(self) -> None:
        """The picture, the files, the declared fields."""
        self.picture, self.uploads = pictures_input(f"{self.prefix}_image", f"{self.prefix}_uploads", height=260)
        super().layout_inputs()

    def layout_outputs(self) -> None:
        """The buttons, the message, the chart or the table, the gallery, the files and the facts."""
        with gr.Row():
            self.button = gr.Button("Classify", variant="primary", elem_id=f"{self.prefix}_run")
            self.stop = gr.Button("Stop", elem_id=f"{self.prefix}_stop")
        self.message = gr.HTML(elem_id=f"{self.prefix}_message")
        self.chart = gr.HTML(elem_id=f"{self.prefix}_chart")
        self.gallery = gr.Gallery(
            label="By label",
            elem_id=f"{self.prefix}_gallery",
            visible=False,
            **supported(gr.Gallery, columns=4, height="auto", object_fit="contain", interactive=False),
        )
        self.files = gr.File(
            label="Download", elem_id=f"{self.prefix}_files", interactive=False, visible=False, file_count="multiple"
        )
        with gr.Accordion("Details", open=False):
            self.facts = gr.JSON(label="Result", elem_id=f"{self.prefix}_facts", **supported(gr.JSON, max_height=420))

    @property
    def result_components(self) -> list[Any]:
        """The components a run fills."""
        return [self.message, self.chart, self.gallery, self.files, self.facts]

    def wire(self) -> None:
        """Join the buttons and the components."""
        begins = self.stops.begins(lambda given, shown: self.classify(given[0], given[1], given[2:], shown))
        inputs = [self.picture, self.uploads, *self.form.inputs]
        self.button.click(begins, inputs, self.result_components, api_name=self.prefix)
        self.stop.click(self.stops.ends(), None, None, **quiet_event(self.stop.click))

    def classify(self, picture: Any, uploads: Any, values: tuple[Any, ...], progress: Progress) -> list[Any]:
        """Run over the uploaded files; mistakes become the message, bad files a row each.

        Args:
            picture: a file's path, or None.
            uploads: several files as Gradio gives them, or None.
            values: the form's.
            progress: stops the run within one batch.
        """
        done: list[tuple[str, ImageScores | BootcampError]] = []

        def work() -> list[Any]:
            note = ""
            paths = some_uploads([picture, *(uploads or [])], "Picture", MOST_FILES)
            params = self.operation.settings_from(self.form.raw(values))
            context = Context.of_page(self.host, progress)
            made = classify_files([path for path, _ in paths], params, context)
            try:
                done.extend((name, each) for (_, name), each in zip(paths, made, strict=True))
            except CancelledError:
                note = "Stopped. "
            return self._shown(paths, done, note)

        return self.attempt(work)

    def failed(self, message: str) -> list[Any]:
        """The components' values after a mistake: the message alone."""
        nothing = gr.update(value=None, visible=False)
        return [message, "", nothing, nothing, None]

    def _shown(
        self, paths: Sequence[tuple[Path, str]], done: Sequence[tuple[str, ImageScores | BootcampError]], note: str
    ) -> list[Any]:
        good = [(name, each) for name, each in done if isinstance(each, ImageScores)]
        if not good:
            first = next((str(each) for _, each in done), "Stopped before the first picture.")
            return self.failed(notice(first, kind="error"))
        records = [record_of(name, each) for name, each in done]
        if len(done) == 1:
            message, chart, thumbnails = good[0][1].summary(), bars(good[0][1]), None
        else:
            failed = len(done) - len(good)
            message = f"{len(good)} classified" + (f", {failed} failed" if failed else "")
            chart = table(done)
            thumbnails = self._thumbnails([path for path, _ in paths], [each for _, each in good])
        return [
            notice(note + message, kind="no" if note or len(good) < len(done) else "done"),
            chart,
            gr.update(value=thumbnails, visible=bool(thumbnails)),
            gr.update(value=self._files(records, good), visible=True),
            records[0] if len(records) == 1 else records,
        ]

    def _thumbnails(self, paths: Sequence[Path], good: Sequence[ImageScores]) -> list[tuple[str, str]]:
        """Small files with their captions, by label, the best first."""
        folder = self.outputs.new_folder()
        ordered = sorted(good, key=lambda each: (each.label is None, each.label or "", -each.value))
        made = []
        for each in ordered[:MOST_THUMBNAILS]:
            try:
                picture = read_image(paths[each.index])
            except BootcampError:  # it is gone by now
                continue
            scale = min(1.0, THUMBNAIL_PX / max(picture.shape[:2]))
            height, width = (max(1, round(side * scale)) for side in picture.shape[:2])
            small = resize(picture, width, height)
            path = folder / f"{each.index}.jpg"
            write_image(path, np.ascontiguousarray(small))
            made.append((str(path), f"{each.label or UNKNOWN} {each.value:.2f}"))
        return made

    def _files(self, records: list[dict[str, Any]], good: Sequence[tuple[str, ImageScores]]) -> list[str]:
        folder = self.outputs.new_folder()
        write_atomically(folder / "classify.jsonl", jsonl_bytes(records))
        rows = [{"path": name, **each.row()} for name, each in good]
        columns = list(dict.fromkeys(column for row in rows for column in row))
        write_atomically(folder / "classify.csv", csv_bytes(rows, columns))
        return [str(folder / "classify.csv"), str(folder / "classify.jsonl")]


def bars(made: ImageScores) -> str:
    """A bar for each score; groups below each other under their names."""
    return "".join(map(_bars_of, made.answers))


def _bars_of(group: GroupScores) -> str:
    bars = [
        Bar(score.label, score.value, f"{100 * score.value:.1f}%", best=score.label == group.label)
        for score in group.scores
    ]
    return bar_chart(bars, title=group.name)


def table(done: Sequence[tuple[str, ImageScores | BootcampError]]) -> str:
    """A row for each file: its name, its answers, how sure they are."""
    names = next(([group.name for group in each.groups] for _, each in done if isinstance(each, ImageScores)), [])
    head = "".join(f"<th>{html.escape(each)}</th>" for each in ("picture", "label", "value", *names))
    rows = [_row(name, each, len(names)) for name, each in done[:MOST_ROWS]]
    rest = len(done) - len(rows)
    more = f"<p>and {rest} more, which the files have.</p>" if rest else ""
    body = f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    return f'<div class="bootcamp-table">{body}{more}</div>'


def _row(name: str, made: ImageScores | BootcampError, groups: int) -> str:
    if isinstance(made, BootcampError):
        sentence = html.escape(public_text(str(made)))
        return f'<tr><td>{html.escape(name)}</td><td colspan="{2 + groups}">{sentence}</td></tr>'
    cells = [name, made.label or UNKNOWN, f"{made.value:.3f}", *(e.label or UNKNOWN for e in made.groups)]
    return f"<tr>{''.join(f'<td>{html.escape(each)}</td>' for each in cells)}</tr>"
