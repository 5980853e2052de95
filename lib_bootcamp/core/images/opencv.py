"""OpenCV, imported when it is first needed (0.1 s) and untyped: its stubs change from version to version."""

from __future__ import annotations

from typing import Any


def opencv() -> Any:
    """The module cv2, of whichever OpenCV package is installed."""
    import cv2

    return cv2
