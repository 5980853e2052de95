"""Values of an edge map that go with a family of ControlNet models.

Each names the values by which another differs, so that one can be chosen after the other.
"""

from __future__ import annotations

from typing import Any

EDGE_FAMILIES: dict[str, dict[str, Any]] = {
    "canny": {
        "method": "canny", "style": "lines", "sigma": 0.0, "thresholds": "manual", "low_threshold": 100.0,
        "high_threshold": 200.0, "min_length": 1, "thickness": 1,
    },
    "lineart": {
        "method": "xdog", "style": "soft", "sigma": 1.2, "thresholds": "manual", "sharpness": 20.0, "epsilon": 0.1,
        "phi": 6.0, "min_length": 1, "thickness": 1,
    },
    "softedge": {
        "method": "scharr", "style": "soft", "sigma": 1.4, "thresholds": "manual", "min_length": 1, "thickness": 1,
    },
    "scribble": {
        "method": "canny", "style": "lines", "sigma": 3.0, "thresholds": "otsu", "min_length": 40, "thickness": 5,
    },
}  # fmt: skip
