"""Bars below each other as HTML, on the page and in reports. Their look is in style.css; every text is escaped."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from lib_bootcamp.shipped import SHIPPED

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


def bar_chart(bars: Sequence[Bar], *, title: str = "", label: str = "") -> str:
    """Bars below each other, under a title where there is one; of very many the first.

    Args:
        bars: them.
        title: what stands above them.
        label: what the chart shows, for people who cannot see it.
    """
    head = f'<h4 class="bootcamp-bars-title">{html.escape(title)}</h4>' if title else ""
    name = f' aria-label="{html.escape(label or title)}"' if label or title else ""
    rows = "".join(map(_row, bars[:MOST_BARS]))
    return f'{head}<div class="bootcamp-bars" role="list"{name}>{rows}</div>'


@cache
def bar_style() -> str:
    """The bars' part of style.css, for a page of one file; its colors are variables of Gradio's."""
    lines = (SHIPPED / "style.css").read_text("utf-8").splitlines()
    return "\n".join(line for line in lines if line.startswith(".bootcamp-bar"))


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
