"""A form that the browser draws when it is first shown: on the page are two hidden texts and an empty place.

`javascript/bootcamp_form.js` asks for the form's description (`routes`), draws native controls and writes what is
set into the texts, so that a hundred fields cost the WebUI's page three components.
"""

from __future__ import annotations

import html
from typing import Any

HIDDEN = "bootcamp-form-values"


def drawn_form(form: str, prefix: str, *, label: str = "Bootcamp", note: str = "") -> list[Any]:
    """Put a form where the caller stands.

    Args:
        form: its name at `known.register_form`.
        prefix: head of the texts' `elem_id`.
        label: what ui-config.json knows its values by: `<label> values`.
        note: a sentence above it.
    Returns:
        two textboxes, whose values `fields.read_values` reads: what is saved in ui-config.json, and what is not.
    """
    import gradio as gr

    values = _hidden(f"{label} values", f"{prefix}_values")
    unsaved = _hidden(f"{label} unsaved values", f"{prefix}_unsaved")
    unsaved.do_not_save_to_config = True
    place = {"id": f"{prefix}_form", "class": "bootcamp-form", "data-form": form, "data-prefix": prefix}
    attributes = " ".join(f'{name}="{html.escape(text)}"' for name, text in place.items())
    above = f'<p class="bootcamp-note">{html.escape(note)}</p>' if note else ""
    gr.HTML(value=f"{above}<div {attributes}></div>")  # an elem_id would stand twice on the page of Gradio 3
    return [values, unsaved]


def _hidden(label: str, elem_id: str) -> Any:
    """A text that is on the page, where scripts reach it, and is not shown; `visible=False` would leave it out."""
    import gradio as gr

    return gr.Textbox(value="", label=label, lines=1, max_lines=1, elem_id=elem_id, elem_classes=[HIDDEN])
