"""What the page says above a result."""

from __future__ import annotations

import html

from .uploads import public_text


def notice(text: str, *, kind: str) -> str:
    """A line above the result; `kind` is `error`, `done`, `no` or `note`."""
    role = "alert" if kind == "error" else "status"
    return f'<div class="bootcamp-notice bootcamp-{kind}" role="{role}">{html.escape(public_text(text))}</div>'
