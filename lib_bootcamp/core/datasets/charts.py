"""Small charts as inline SVG: a histogram, points. Colors come from the page's CSS; every text is escaped."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence

WIDTH_PX = 560


def histogram(
    values: Sequence[float], edges: Sequence[float], *, label: str, unit: str = "", mark: float | None = None
) -> str:
    """Upright bars of how many values lie between neighboring edges; the last bar takes all that are higher.

    Args:
        values: any numbers.
        edges: rising lower ends of the bars.
        label: what the chart shows.
        unit: stands behind the axis.
        mark: a value with a line through it: a limit.
    """
    counts = [0] * len(edges)
    for value in values:
        counts[max(0, sum(value >= edge for edge in edges) - 1)] += 1
    most = max(counts, default=0) or 1
    high, first = 120, 16
    step = (WIDTH_PX - 2 * first) / len(edges)
    parts = []
    for at, (edge, count) in enumerate(zip(edges, counts, strict=True)):
        tall = high * count / most
        left = first + at * step
        name = f"{edge:g}" + ("+" if at == len(edges) - 1 else "")
        parts.append(
            f"<g><title>{name} {_safe(unit)}: {count:,}</title>"
            f'<rect class="bar" x="{left + 1:.1f}" y="{18 + high - tall:.1f}" width="{step - 2:.1f}" '
            f'height="{tall:.1f}" rx="2"/>'
            + (_count(left + step / 2, 14 + high - tall, count) if count else "")
            + f'<text class="name" x="{left:.1f}" y="{high + 34}" text-anchor="middle">{name}</text></g>'
        )
    if mark is not None:
        below = sum(mark >= edge for edge in edges) - 1
        inside = 0.0
        if 0 <= below < len(edges) - 1:
            inside = (mark - edges[below]) / (edges[below + 1] - edges[below])
        at_px = first + step * (max(0, below) + inside)
        parts.append(f'<line class="mark" x1="{at_px:.1f}" y1="10" x2="{at_px:.1f}" y2="{18 + high}"/>')
    parts.append(f'<line class="axis" x1="{first}" y1="{18 + high}" x2="{WIDTH_PX - first}" y2="{18 + high}"/>')
    parts.append(f'<text class="name" x="{WIDTH_PX - 10}" y="{high + 50}" text-anchor="end">{_safe(unit)}</text>')
    return _chart("".join(parts), high + 56, label)


def _count(x: float, y: float, count: int) -> str:
    return f'<text class="value" x="{x:.1f}" y="{y:.1f}" text-anchor="middle">{count:,}</text>'


def points(
    places: Sequence[tuple[float, float]], *, label: str, unit: str, lines: tuple[float, float] | None = None
) -> str:
    """Points in a square plane whose axes begin at 0 and have one scale.

    Args:
        places: across and up.
        label: what the chart shows.
        unit: of both axes.
        lines: a level on each axis that is marked.
    """
    side, left, top = 300, 60, 12
    most = max((max(each) for each in places), default=1) or 1
    step = _step(most)
    end = step * math.ceil(most / step)
    parts = []
    for number in range(int(end / step) + 1):
        value = number * step
        at = side * value / end
        parts.append(
            f'<line class="grid" x1="{left + at:.1f}" y1="{top}" x2="{left + at:.1f}" y2="{top + side}"/>'
            f'<line class="grid" x1="{left}" y1="{top + side - at:.1f}" x2="{left + side}" y2="{top + side - at:.1f}"/>'
            f'<text class="name" x="{left + at:.1f}" y="{top + side + 16}" text-anchor="middle">{value:g}</text>'
            f'<text class="name" x="{left - 6}" y="{top + side - at + 4:.1f}" text-anchor="end">{value:g}</text>'
        )
    if lines is not None:
        across, up = (side * min(each, end) / end for each in lines)
        parts.append(
            f'<line class="mark" x1="{left + across:.1f}" y1="{top}" x2="{left + across:.1f}" y2="{top + side}"/>'
        )
        parts.append(
            f'<line class="mark" x1="{left}" y1="{top + side - up:.1f}" x2="{left + side}" y2="{top + side - up:.1f}"/>'
        )
    parts += [
        f'<circle class="point" cx="{left + side * x / end:.1f}" cy="{top + side - side * y / end:.1f}" r="3.5"/>'
        for x, y in places
    ]
    parts.append(
        f'<text class="name" x="{left + side}" y="{top + side + 32}" text-anchor="end">width, {_safe(unit)}</text>'
        f'<text class="name" x="{left + side + 8}" y="{top + 10}">height, {_safe(unit)}</text>'
    )
    return _chart("".join(parts), top + side + 38, label)


def _step(most: float) -> float:
    """A round distance of about five lines up to `most`."""
    rough = most / 5
    ten = 10.0 ** math.floor(math.log10(rough)) if rough > 0 else 1.0
    return next(ten * each for each in (1, 2, 5, 10) if ten * each >= rough)


def _chart(inside: str, height: float, label: str) -> str:
    return (
        f'<svg class="chart" viewBox="0 0 {WIDTH_PX} {height:g}" width="{WIDTH_PX}" height="{height:g}" role="img" '
        f'aria-label="{_safe(label)}">{inside}</svg>'
    )


def _safe(text: str) -> str:
    return html.escape(text, quote=True)
