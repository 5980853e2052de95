"""Colors: as they are written, and distinct ones that tell things apart."""

from __future__ import annotations

import colorsys

GOLDEN = 0.618033988749895


def parse_color(text: str) -> tuple[int, int, int]:
    """`#rrggbb` as RGB; the declaration has checked its form."""
    red, green, blue = bytes.fromhex(text.removeprefix("#"))
    return red, green, blue


def distinct_colors(count: int) -> list[tuple[int, int, int]]:
    """RGB, 0 to 255: neighbors in the list lie far apart on the circle of hues; none is black."""
    made = []
    for number in range(count):
        hue, value = number * GOLDEN % 1.0, (1.0, 0.75, 0.9)[number % 3]
        red, green, blue = colorsys.hsv_to_rgb(hue, (0.85, 0.65)[number % 2], value)
        made.append((round(255 * red), round(255 * green), round(255 * blue)))
    return made
