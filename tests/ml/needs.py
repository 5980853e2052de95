"""What the tests of models need, and a sentence where it is missing."""

from __future__ import annotations

import importlib
import importlib.util

import pytest

PACKAGES = ("torch", "open_clip", "safetensors")


def missing(*further: str) -> list[str]:
    """Those of the packages that are not installed."""
    return [name for name in (*PACKAGES, *further) if importlib.util.find_spec(name) is None]


def skip_without_models(*further: str) -> None:
    """At the top of a test file: skip it where the packages of requirements/models.txt are not installed."""
    if missing(*further):
        pytest.skip(f"{', '.join(missing(*further))} not installed", allow_module_level=True)
