"""A job as the page shows it: a card that follows it, a row of the table, what was undone. HTML, and no Gradio."""

from __future__ import annotations

import html
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from lib_bootcamp.jobs.facts import ACTIVE, ItemInfo, JobInfo, Undone, duration
from lib_bootcamp.surfaces.shared.wording import kept_mistake

SHOWN_MISTAKES = 5
HEADERS = ("job", "what", "folder", "state", "done", "left")
KINDS = ("number", "str", "str", "str", "str", "str")
WIDTHS = ["8%", "15%", "27%", "16%", "23%", "11%"]


def card(
    info: JobInfo | None,
    newest: Sequence[ItemInfo],
    failed: Sequence[ItemInfo],
    *,
    refresh: str,
    labels: Mapping[str, str],
) -> str:
    """A job's state, bar, counts, newest results and mistakes.

    Args:
        info: the job; None: there is none.
        newest: pictures that were done last.
        failed: pictures that failed first.
        refresh: the `elem_id` of the button that asks for the card anew; javascript/bootcamp.js presses it.
        labels: what the job's parameters are called on the page.
    """
    active = info is not None and info.state in ACTIVE
    head = f'<div class="bootcamp-job" data-refresh="{refresh}" data-active="{int(active)}" data-stamp="{time.time()}">'
    if info is None:
        return f'{head}<p class="bootcamp-job-none">No job yet. Choose a folder and begin.</p></div>'
    folder, short = html.escape(info.folder), html.escape(_short(info.folder))
    return (
        f'{head}<div class="bootcamp-job-head"><strong>Job {info.id}</strong>'
        f'<span class="bootcamp-job-folder" title="{folder}">{short}</span>'
        f'<span class="bootcamp-job-state bootcamp-job-{info.state}">{info.state}</span></div>'
        f"{_bar_of(info)}<p>{html.escape(_counts(info))}</p>{_items(newest, 'bootcamp-job-newest', labels)}"
        f"{_items(failed[:SHOWN_MISTAKES], 'bootcamp-job-failed', labels)}{_more(info)}{_error(info, labels)}</div>"
    )


def _short(folder: str) -> str:
    """The end of a path, which tells folders apart."""
    parts = Path(folder).parts
    return folder if len(parts) < 4 else str(Path("…", *parts[-2:]))


def _bar_of(info: JobInfo) -> str:
    finished = 0 if info.state == "undone" else info.total - info.left
    return progress_bar(f"Job {info.id}", finished, info.total)


def progress_bar(label: str, done: int, total: int) -> str:
    """How far work is; an empty bar where that is not known."""
    share = 100 * done / total if total else 0.0
    return (
        f'<div class="bootcamp-job-bar" role="progressbar" aria-label="{html.escape(label)}" aria-valuemin="0" '
        f'aria-valuemax="{total}" aria-valuenow="{done}"><span style="width: {share:.1f}%"></span></div>'
    )


def _counts(info: JobInfo) -> str:
    if info.state == "undone":
        return "Its files are as they were before."
    if not info.total:
        return "Waiting for its turn." if info.state == "queued" else "Looking through the folder."
    parts = [f"{info.done:,} of {info.total:,} done"]
    parts += [f"{count:,} {word}" for count, word in ((info.skipped, "left out"), (info.failed, "failed")) if count]
    if info.state == "running":
        remaining = left(info) or ("" if info.total - info.left - info.skipped else "the model is being loaded")
        parts += [remaining] if remaining else []
    elif info.spent_s >= 1:
        parts.append(f"took {duration(info.spent_s)}")
    return " · ".join(parts)


def left(info: JobInfo) -> str:
    """About how long it will go on; empty where that is not known."""
    return f"about {duration(info.eta_s)} left" if info.eta_s is not None and info.state in ACTIVE else ""


def _items(items: Sequence[ItemInfo], kind: str, labels: Mapping[str, str]) -> str:
    if not items:
        return ""
    return f'<ul class="{kind}">{"".join(_item(each, labels) for each in items)}</ul>'


def _item(item: ItemInfo, labels: Mapping[str, str]) -> str:
    text = kept_mistake(item.note, labels) if item.state == "failed" else item.text()
    return f"<li><span>{html.escape(item.path)}</span> {html.escape(text)}</li>"


def _more(info: JobInfo) -> str:
    rest = info.failed - SHOWN_MISTAKES
    return f"<p>and {rest:,} more that failed.</p>" if rest > 0 else ""


def _error(info: JobInfo, labels: Mapping[str, str]) -> str:
    if not info.error:
        return ""
    return f'<p class="bootcamp-job-error">{html.escape(kept_mistake(info.error, labels))}</p>'


def row(info: JobInfo) -> list[object]:
    """A job in the table."""
    return [
        info.id,
        info.operation,
        _short(info.folder),
        info.state,
        f"{info.done:,} of {info.total:,}",
        left(info).removeprefix("about ").removesuffix(" left"),
    ]


def undone_text(undone: Undone) -> str:
    """What undo did, in a sentence or two."""
    text = undone.restored_text()
    if not undone.skipped:
        return text
    named = ", ".join(each.file for each in undone.skipped[:3])
    more = f" and {len(undone.skipped) - 3:,} more" if len(undone.skipped) > 3 else ""
    return f"{text} Skipped, because they were changed since: {named}{more}."
