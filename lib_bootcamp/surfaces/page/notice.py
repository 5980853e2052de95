"""What the page says above a result."""

from __future__ import annotations

import html

from lib_bootcamp.results import Result

from .upload_folder import public_text

MOST_CAUTIONS = 20


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


def result_notice(result: Result) -> str:
    """The summary of a result, and below it what a person should look at."""
    cautions = result.cautions()
    rest = len(cautions) - MOST_CAUTIONS
    more = [f"and {rest:,} more."] if rest > 0 else []
    shown = "".join(notice(each, kind="no") for each in [*cautions[:MOST_CAUTIONS], *more])
    return notice(result.summary(), kind="done" if result.succeeded() else "no") + shown
