"""A training's loss as a small chart: inline SVG in the page's own text color, no script."""

from __future__ import annotations

import html
from collections.abc import Sequence

WIDTH_PX, HEIGHT_PX = 560, 150
_LEFT, _TOP, _RIGHT, _BOTTOM = 52, 10, 10, 22


def loss_chart(
    points: Sequence[tuple[int, float, float]],
    steps: int,
    validated: Sequence[tuple[int, float]] = (),
    prior: Sequence[tuple[int, float]] = (),
) -> str:
    """The loss of each step as dots and smoothed as a line; empty where there is nothing to show.

    Args:
        points: step, loss, smoothed loss; rising steps.
        steps: of the whole training: where the chart ends.
        validated: step and the loss on pictures that are not learned from: a dashed line.
        prior: step and the smoothed loss on class pictures: a dotted line.
    """
    if not points:
        return ""
    highest = max(
        1e-9,
        *(smooth for _, _, smooth in points),
        *(loss for _, loss in (*validated, *prior)),
        sorted(loss for _, loss, _ in points)[-1 - len(points) // 20],
    )
    wide, high = WIDTH_PX - _LEFT - _RIGHT, HEIGHT_PX - _TOP - _BOTTOM

    def at(step: int, value: float) -> str:
        return f"{_LEFT + wide * step / max(1, steps):.1f},{_TOP + high * (1 - min(1.0, value / highest)):.1f}"

    dots = "".join(f'<circle cx="{x}" cy="{y}" r="1.6"/>' for x, y in (at(s, v).split(",") for s, v, _ in points))
    line = " ".join(at(step, smooth) for step, _, smooth in points)
    step, _, last = points[-1]
    text = f"Loss up to step {step:,} of {steps:,}: {last:.4f} smoothed"
    dashed = ""
    if prior:
        text += f"; on class pictures (dotted) {prior[-1][1]:.4f}"
        dashed = _line(" ".join(at(*each) for each in prior), "2 3")
    if validated:
        best = min(validated, key=lambda each: each[1])
        text += f"; on held-out pictures (dashed) {validated[-1][1]:.4f}, lowest {best[1]:.4f} at step {best[0]:,}"
        path = " ".join(at(*each) for each in validated)
        dashed += _line(path, "5 4")
    label = html.escape(text)
    return (
        f'<svg class="bootcamp-loss" viewBox="0 0 {WIDTH_PX} {HEIGHT_PX}" role="img" aria-label="{label}" '
        f'style="width:100%;max-width:{WIDTH_PX}px"><title>{label}</title>'
        f'<g fill="currentColor" opacity="0.35">{dots}</g>'
        f'<polyline points="{line}" fill="none" stroke="currentColor" stroke-width="2"/>{dashed}'
        f'<g fill="currentColor" font-size="11">'
        f'<text x="{_LEFT - 6}" y="{_TOP + 9}" text-anchor="end">{highest:.3g}</text>'
        f'<text x="{_LEFT - 6}" y="{_TOP + high}" text-anchor="end">0</text>'
        f'<text x="{_LEFT}" y="{HEIGHT_PX - 6}">0</text>'
        f'<text x="{WIDTH_PX - _RIGHT}" y="{HEIGHT_PX - 6}" text-anchor="end">{steps:,} steps</text></g>'
        f'<path d="M{_LEFT} {_TOP}V{_TOP + high}H{WIDTH_PX - _RIGHT}" fill="none" stroke="currentColor" opacity="0.5"/>'
        "</svg>"
    )


def _line(points: str, dashes: str) -> str:
    return (
        f'<polyline points="{points}" fill="none" stroke="currentColor" stroke-width="2" stroke-dasharray="{dashes}"/>'
    )
