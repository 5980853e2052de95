"""What is worked out of the labels once, and not for each picture anew."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from lib_bootcamp.context import Context
from lib_bootcamp.core.datasets import caption_edit
from lib_bootcamp.core.datasets.caption_wording import Wording
from lib_bootcamp.operations.describe.caption_pictures import found_in
from lib_bootcamp.operations.describe.caption_settings import CaptionSettings
from lib_bootcamp.operations.describe.classify import ClassifySettings
from tests.fake_clip import BLUE, GREEN, RED, FakeClip, flat, lend_instead
from tests.fakes import FakeHost, FakeProgress


def counted(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> list[Any]:
    """Every call of a function, from now on."""
    calls: list[Any] = []
    real: Callable[..., Any] = getattr(owner, name)

    def count(*given: Any) -> Any:
        calls.append(given)
        return real(*given)

    monkeypatch.setattr(owner, name, count)
    return calls


@pytest.mark.parametrize("pictures", [1, 9])
def test_labels_are_checked_as_often_for_many_pictures_as_for_one(
    monkeypatch: pytest.MonkeyPatch, pictures: int
) -> None:
    lend_instead(monkeypatch, FakeClip())
    params = CaptionSettings(labels=("red", "green", "blue"))
    checks = counted(monkeypatch, ClassifySettings, "check")
    shown = [flat((RED, GREEN, BLUE)[at % 3]) for at in range(pictures)]
    context = Context.of_job(FakeHost(), FakeProgress(), trusted=True)
    assert len(list(found_in(shown, params, context, lambda picture: picture))) == pictures
    assert len(checks) == 1


def test_tags_that_shall_never_be_there_are_looked_up_and_not_tried_one_by_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = counted(monkeypatch, caption_edit, "pattern_of")
    wording = Wording(never=(*(f"never {at}" for at in range(500)), "*hair"))
    for _ in range(3):
        assert wording.compose([("never 7", 1.0), ("Never 8", 1.0), ("long hair", 1.0), ("dog", 1.0)]) == "dog"
    assert made == [("*hair",)]
