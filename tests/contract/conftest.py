"""The surfaces are tested with a model that needs no torch."""

from __future__ import annotations

import pytest

from tests.fake_clip import FakeClip, lend_instead


@pytest.fixture(autouse=True)
def fake_clip(monkeypatch: pytest.MonkeyPatch) -> FakeClip:
    """What classifies in every test here."""
    return lend_instead(monkeypatch, FakeClip())
