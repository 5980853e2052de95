"""Named sets of lights."""

from __future__ import annotations

from typing import Any


def _lights(*lights: dict[str, Any]) -> dict[str, Any]:
    return {"lights": list(lights)}


LIGHTING_PRESETS: dict[str, dict[str, Any]] = {
    "left": {"gradient": "left"},
    "right": {"gradient": "right"},
    "top": {"gradient": "top"},
    "bottom": {"gradient": "bottom"},
    "top_left": {"gradient": "top_left"},
    "top_right": {"gradient": "top_right"},
    "bottom_left": {"gradient": "bottom_left"},
    "bottom_right": {"gradient": "bottom_right"},
    "center_glow": _lights({"kind": "point", "falloff": "smooth", "radius": 1.0, "z": 0.3, "intensity": 1.2}),
    "spotlight": _lights(
        {"kind": "spot", "x": 0.5, "y": 0.0, "z": 0.8, "azimuth": 90, "elevation": 58, "angle": 42,
         "falloff": "none", "intensity": 1.1},
        {"kind": "ambient", "intensity": 0.05},
    ),
    "window": _lights(
        {"kind": "spot", "x": -0.35, "y": 0.1, "z": 0.6, "azimuth": 162, "elevation": 36, "angle": 70,
         "softness": 0.5, "radius": 1.0, "intensity": 1.6, "color": "#fff1dc"},
        {"kind": "gradient", "azimuth": 160, "elevation": 40, "intensity": 0.3, "color": "#dfe9ff"},
        {"kind": "ambient", "intensity": 0.06, "color": "#b8c8ff"},
    ),
    "three_point": _lights(
        {"kind": "point", "x": 0.15, "y": 0.1, "z": 0.6, "radius": 0.8, "color": "#fff4e5"},
        {"kind": "point", "x": 0.95, "y": 0.4, "z": 0.8, "radius": 0.6, "intensity": 0.45, "color": "#e6efff"},
        {"kind": "point", "x": 0.8, "y": -0.1, "z": 0.3, "radius": 0.4, "intensity": 0.3},
    ),
    "sunset": _lights(
        {"kind": "gradient", "azimuth": 200, "elevation": 20, "intensity": 1.0, "color": "#ff9a4d"},
        {"kind": "gradient", "azimuth": 60, "elevation": 50, "intensity": 0.35, "color": "#5a78ff"},
    ),
    "neon": _lights(
        {"kind": "point", "x": 0.0, "y": 0.5, "z": 0.3, "radius": 0.4, "color": "#ff2bd6"},
        {"kind": "point", "x": 1.0, "y": 0.5, "z": 0.3, "radius": 0.4, "color": "#19c8ff"},
    ),
    "estimate": {"mode": "estimate"},
    "estimate_edges": {"mode": "estimate", "edge_preserving": True},
}  # fmt: skip
