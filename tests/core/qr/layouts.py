"""Where codes lie in tests of drawing."""

from __future__ import annotations

from typing import Any

from lib_bootcamp.core.qr.layout import QrLayout


def layout(**values: Any) -> QrLayout:
    """A layout with these values; only the place matters where modules are given."""
    known = {"content": "drawing", "version": 1, "error_correction": "M", "mask": 0, "correctable_modules": 0}
    return QrLayout(**{**known, **values})
