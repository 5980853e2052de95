"""Charts of labels and how well they fit, as HTML that follows the page's theme."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass

MOST_BARS = 30


@dataclass(frozen=True)
class Bar:
    """One row of a chart.

    Args:
        label: what it is of.
        share: its length, 0 to 1.
        value: what is written behind it.
        best: whether it stands out.
    """

    label: str
    share: float
    value: str
    best: bool = False


def chart(title: str, bars: Sequence[Bar]) -> str:
    """Bars below each other, under a title where there is one; of very many the first."""
    head = f'<h4 class="bootcamp-bars-title">{html.escape(title)}</h4>' if title else ""
    rows = "".join(map(_row, bars[:MOST_BARS]))
    return f'{head}<div class="bootcamp-bars" role="list">{rows}</div>'


def _row(bar: Bar) -> str:
    label = html.escape(bar.label)
    best = " bootcamp-bar-best" if bar.best else ""
    length = f"{100 * min(max(bar.share, 0.0), 1.0):.1f}%"
    return (
        f'<div class="bootcamp-bar{best}" role="listitem">'
        f'<span class="bootcamp-bar-label" title="{label}">{label}</span>'
        f'<span class="bootcamp-bar-track"><span style="width: {length}"></span></span>'
        f'<span class="bootcamp-bar-value">{html.escape(bar.value)}</span></div>'
    )
