"""What the page says above a result."""

from __future__ import annotations

import html

from .upload_folder import public_text


def notice(text: str, *, kind: str, field: str = "") -> str:
    """A line above the result.

    Args:
        text: what it says.
        kind: `error`, `done`, `no` or `note`.
        field: the id of the component that it is about; javascript/bootcamp.js marks it.
    """
    role = "alert" if kind == "error" else "status"
    about = f' data-field="{html.escape(field)}"' if field else ""
    return f'<div class="bootcamp-notice bootcamp-{kind}" role="{role}"{about}>{html.escape(public_text(text))}</div>'
