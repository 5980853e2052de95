"""The compatibility tab: the generated one, and the installed models as a table with a reason each."""

from __future__ import annotations

import html
from typing import Any

import gradio as gr

from lib_bootcamp.operations.controlnet.compatibility import Compatibility
from lib_bootcamp.results import Result
from lib_bootcamp.surfaces.page.tab import Tab

_MARKS = {True: "\u2713", False: "\u2717", None: "?"}


class CompatibilityTab(Tab):
    """The generated tab with a table below the message."""

    def layout_outputs(self) -> None:
        """The generated outputs and the table."""
        super().layout_outputs()
        self.table = gr.HTML(elem_id=f"{self.prefix}_table")

    @property
    def result_components(self) -> list[Any]:
        """The components a run fills."""
        return [*super().result_components, self.table]

    def failed(self, message: str) -> list[Any]:
        """The components' values after a mistake."""
        return [*super().failed(message), ""]

    def finished(self, result: Result, written: dict[str, str]) -> list[Any]:
        """The components' values after a run."""
        shown = models_table(result) if isinstance(result, Compatibility) else ""
        return [*super().finished(result, written), shown]


def models_table(result: Compatibility) -> str:
    """The installed models and the advice, as HTML."""
    advice = "".join(f'<p class="bootcamp-note">{html.escape(each)}</p>' for each in result.advice)
    if not result.models:
        return advice
    rows = "".join(
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells) + "</tr>"
        for each in result.models
        for cells in [(_MARKS[each.fits], each.reason, ", ".join(each.maps), f"{each.weight:g}")]
    )
    head = "<tr><th>Fits</th><th>Why</th><th>Maps</th><th>Weight</th></tr>"
    return f'<div class="bootcamp-table"><table><thead>{head}</thead><tbody>{rows}</tbody></table></div>{advice}'
