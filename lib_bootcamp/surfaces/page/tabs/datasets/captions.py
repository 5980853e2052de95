"""The caption editor: find captions, look through the pictures, write one by hand, change many, undo."""

from __future__ import annotations

import functools
import html
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from lib_bootcamp.context import Context
from lib_bootcamp.core.datasets.pictures import small_jpeg
from lib_bootcamp.core.files.atomic import write_atomically
from lib_bootcamp.core.files.inside import Inside
from lib_bootcamp.errors import InvalidParamError
from lib_bootcamp.operations.datasets.captions import CaptionsResult
from lib_bootcamp.operations.datasets.captions_settings import CaptionChange
from lib_bootcamp.ports import Host, Progress
from lib_bootcamp.surfaces.page.events import quiet_event, supported
from lib_bootcamp.surfaces.page.fields import Click, Form, filled_table, picked_number, picked_row
from lib_bootcamp.surfaces.page.notice import result_notice
from lib_bootcamp.surfaces.page.running import Stops
from lib_bootcamp.surfaces.page.tab import Tab
from lib_bootcamp.surfaces.page.values import FIELD_STYLE
from lib_bootcamp.surfaces.page.work import in_queue
from lib_bootcamp.surfaces.shared.work_queue import QUEUES

PICTURES_ON_A_PAGE, THUMBNAIL_PX, MOST_CHANGES, MOST_TAGS = 24, 256, 200, 300
# What the buttons and the text field give; the other fields are on the form.
BY_BUTTONS = ("files", "text", "expected_caption", "dry_run", "undo")
NOTHING: dict[str, Any] = {"folder": "", "found": [], "page": 0, "chosen": None}


class CaptionsTab(Tab):
    """The declared fields; pictures with their captions; one caption to write; tags; changes before and after."""

    def __init__(self, operation: Any, host: Host, outputs: Any) -> None:
        super().__init__(operation, host, outputs)
        self.form = Form(operation, self.prefix, skip=BY_BUTTONS, style=FIELD_STYLE)
        self.stops = Stops(host, operation)
        self.parts: dict[str, Any] = {}

    def layout_inputs(self) -> None:
        """The fields and the buttons of edits."""
        super().layout_inputs()
        with gr.Row():
            self.parts["preview"] = gr.Button("Preview", elem_id=f"{self.prefix}_preview")
            self.parts["apply"] = gr.Button("Apply", variant="primary", elem_id=f"{self.prefix}_apply")
            self.parts["undo"] = gr.Button("Undo", elem_id=f"{self.prefix}_undo")

    def layout_outputs(self) -> None:
        """What was found: pictures by pages, the chosen one's caption, tags, changes."""
        with gr.Row():
            self.button = gr.Button("Find", variant="primary", elem_id=f"{self.prefix}_run")
            self.parts["stop"] = gr.Button("Stop", elem_id=f"{self.prefix}_stop")
        self.message = gr.HTML(elem_id=f"{self.prefix}_message")
        self.parts["state"] = gr.State(NOTHING)
        self.parts["gallery"] = gr.Gallery(
            label="Found",
            elem_id=f"{self.prefix}_gallery",
            **supported(
                gr.Gallery, columns=4, height="auto", object_fit="contain", interactive=False, allow_preview=False
            ),
        )
        with gr.Row():
            self.parts["back"] = gr.Button("Page before", elem_id=f"{self.prefix}_back")
            self.parts["place"] = gr.HTML(elem_id=f"{self.prefix}_place")
            self.parts["next"] = gr.Button("Next page", elem_id=f"{self.prefix}_next")
        self.parts["text"] = gr.Textbox(
            label="Caption of the chosen picture", lines=3, elem_id=f"{self.prefix}_text", interactive=True
        )
        self.parts["text"].do_not_save_to_config = True
        self.parts["save"] = gr.Button("Save this caption", elem_id=f"{self.prefix}_save")
        with gr.Accordion("Tags", open=True):
            gr.Markdown("Click one to ask for it.")
            self.parts["tags"] = gr.Dataframe(
                headers=["tag", "captions"],
                datatype=["str", "number"],
                type="array",
                interactive=False,
                elem_id=f"{self.prefix}_tags",
                visible=False,
                **supported(gr.Dataframe, height=260, max_height=260, wrap=True),
            )
        with gr.Accordion("Changes", open=True):
            self.parts["changes"] = gr.HTML(elem_id=f"{self.prefix}_changes")

    @property
    def result_components(self) -> list[Any]:
        """The components a run fills."""
        names = ("state", "gallery", "place", "text", "tags", "changes")
        return [self.message, *(self.parts[name] for name in names)]

    def wire(self) -> None:
        """Join the buttons and the components."""

        def runs(**extra: Any) -> Any:
            return self.stops.begins(functools.partial(self.edit, **extra))

        find = runs(only_find=True)
        self.button.click(find, self.form.inputs, self.result_components, api_name=self.prefix)
        for name, extra in {"preview": {"dry_run": True}, "apply": {}, "undo": {"undo": True}}.items():
            button = self.parts[name]
            button.click(runs(**extra), self.form.inputs, self.result_components, api_name=f"{self.prefix}_{name}")
        self._wire_pages()
        self._wire_chosen()
        tags = self.parts["tags"]

        def asked(where: str, rows: list[list[Any]], event: Click) -> Any:
            return self.asked(where, picked_row(event, rows)[0])

        where = self.form.components["where"]
        # a click on a tag asks for it, and the answer is shown at once
        tags.select(asked, [where, tags], [where], **quiet_event(tags.select)).then(
            find, self.form.inputs, self.result_components
        )

        self.parts["stop"].click(self.stops.ends(), None, None, **quiet_event(self.parts["stop"].click))

    def _wire_pages(self) -> None:
        shown = [self.parts[name] for name in ("state", "gallery", "place", "text")]
        for name, step in {"back": -1, "next": 1}.items():

            def turn(state: dict[str, Any], step: int = step) -> list[Any]:
                return self.turned(state, step)

            self.parts[name].click(
                in_queue(QUEUES.pictures, turn), [self.parts["state"]], shown, **quiet_event(self.parts[name].click)
            )

    def _wire_chosen(self) -> None:
        state, gallery, text = (self.parts[name] for name in ("state", "gallery", "text"))

        def chosen(now: dict[str, Any], event: Click) -> list[Any]:
            return self.chosen(now, picked_number(event, PICTURES_ON_A_PAGE))

        gallery.select(chosen, [state], [state, text], **quiet_event(gallery.select))
        self.parts["save"].click(
            in_queue(QUEUES.pictures, self.save),
            [state, text, *self.form.inputs],
            [self.message, state, gallery, self.parts["changes"]],
            api_name=f"{self.prefix}_save",
        )

    def edit(
        self,
        values: tuple[Any, ...],
        progress: Progress,
        *,
        only_find: bool = False,
        dry_run: bool = False,
        undo: bool = False,
    ) -> list[Any]:
        """Run on the form's values; mistakes become the message.

        Args:
            values: the form's.
            progress: the bar.
            only_find: leave the edits of the form out.
            dry_run: list the changes and write nothing.
            undo: take the newest edit back.
        """

        def work() -> list[Any]:
            raw = self.form.raw(values)
            if only_find or undo:
                raw = {
                    name: each for name, each in raw.items() if name in {"folder", "where", "recursive", "separator"}
                }
            params = self.operation.params_from({**raw, "dry_run": dry_run, "undo": undo})
            return self._found(self.operation.run(params, self._context(progress)))

        return self.attempt(work)

    def _found(self, made: CaptionsResult) -> list[Any]:
        state = {**NOTHING, "folder": made.folder, "found": [(each.path, each.caption) for each in made.found]}
        return [
            result_notice(made),
            *self._page(state),
            filled_table([[tag, count] for tag, count in list(made.tags.items())[:MOST_TAGS]]),
            changes_table(made),
        ]

    def _context(self, progress: Any) -> Context:
        return Context.of_page(self.host, progress)

    def failed(self, message: str) -> list[Any]:
        """The components' values after a mistake: the message alone, the rest as it is."""
        return [message, *(gr.update() for _ in self.result_components[1:])]

    def _page(self, state: dict[str, Any]) -> list[Any]:
        """The state, the gallery, the place and the empty text of one page of what was found."""
        pages = max(1, -(-len(state["found"]) // PICTURES_ON_A_PAGE))
        page = min(max(0, state["page"]), pages - 1)
        state = {**state, "page": page, "chosen": None}
        start = page * PICTURES_ON_A_PAGE
        place = f'<div class="bootcamp-place">Page {page + 1} of {pages}</div>'
        gallery = self._gallery(state["folder"], state["found"][start : start + PICTURES_ON_A_PAGE])
        return [state, gr.update(value=gallery), place, ""]

    def _gallery(self, root: str, found: Sequence[tuple[str, str | None]]) -> list[tuple[str, str]]:
        """Small files with their captions; a gray one where a picture cannot be read."""
        folder = self.outputs.new_folder()
        inside = None if self.host.trusts_page() else Inside(Path(root), exact=True)
        shown = []
        for at, (path, caption) in enumerate(found):
            file = folder / f"{at}.jpg"
            write_atomically(file, small_jpeg(Path(root) / path, THUMBNAIL_PX, inside) or _gray())
            shown.append((str(file), caption or "(no caption)"))
        return shown

    def turned(self, state: dict[str, Any], step: int) -> list[Any]:
        """The page before or after."""
        return self._page({**state, "page": state["page"] + step})

    def chosen(self, state: dict[str, Any], index: int) -> list[Any]:
        """The state with one picture chosen, and its caption."""
        at = state["page"] * PICTURES_ON_A_PAGE + index
        if not 0 <= at < len(state["found"]):
            return [state, ""]
        path, caption = state["found"][at]
        return [{**state, "chosen": at}, gr.update(value=caption or "", label=f"Caption of {path}")]

    def asked(self, where: str, tag: Any) -> str:
        """The question with one tag more."""
        word = "".join(f"\\{char}" if char in '\\"|!' else char for char in str(tag))
        terms = [each.strip() for each in (where or "").split(",") if each.strip()]
        return ", ".join([*terms, *([] if word in terms else [word])])

    def save(self, state: dict[str, Any], text: str, *values: Any) -> list[Any]:
        """Write the chosen picture's caption, where it is as it was seen."""

        def work() -> list[Any]:
            if state["chosen"] is None:
                raise InvalidParamError("Caption", "has no picture", hint="click one above")
            path, caption = state["found"][state["chosen"]]
            raw = {name: each for name, each in self.form.raw(values).items() if name in {"recursive", "extension"}}
            params = self.operation.params_from(
                {**raw, "folder": state["folder"], "files": [path], "text": text, "expected_caption": caption or ""}
            )
            return self._saved(state, self.operation.run(params, self._context(self.host.progress())))

        return self.attempt(work, lambda message: [message, state, gr.update(), gr.update()])

    def _saved(self, state: dict[str, Any], made: CaptionsResult) -> list[Any]:
        path, _ = state["found"][state["chosen"]]
        found = list(state["found"])
        found[state["chosen"]] = (path, made.found[0].caption)
        state = {**state, "found": found}
        start = state["page"] * PICTURES_ON_A_PAGE
        gallery = self._gallery(state["folder"], found[start : start + PICTURES_ON_A_PAGE])
        return [result_notice(made), state, gr.update(value=gallery), changes_table(made)]


def _gray() -> bytes:
    import io

    from PIL import Image as Pil

    out = io.BytesIO()
    Pil.new("RGB", (64, 64), (128, 128, 128)).save(out, "JPEG")
    return out.getvalue()


def changes_table(made: CaptionsResult) -> str:
    """Each change before and after; what is left with its reason."""
    if not made.changes:
        return ""
    rows = "".join(map(_change, made.changes[:MOST_CHANGES]))
    rest = len(made.changes) - MOST_CHANGES
    more = f"<p>and {rest:,} more.</p>" if rest > 0 else ""
    head = "<tr><th>picture</th><th>before</th><th>after</th></tr>"
    return f'<div class="bootcamp-table"><table><thead>{head}</thead><tbody>{rows}</tbody></table>{more}</div>'


def _change(each: CaptionChange) -> str:
    path = html.escape(each.path)
    if each.note:
        return f'<tr><td>{path}</td><td colspan="2">{html.escape(each.note)}</td></tr>'
    before, after = (html.escape(text) if text is not None else "<i>none</i>" for text in (each.before, each.after))
    return f"<tr><td>{path}</td><td>{before}</td><td>{after}</td></tr>"
