"""Scenes of things and what their captions tell, without the sets of pictures."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tests.ml.needs import skip_without_models

skip_without_models()

from tools.mini_models.loop import Recipe  # noqa: E402
from tools.mini_models.things.scenes import (  # noqa: E402
    GROUNDS,
    Ground,
    Item,
    Scene,
    sample_scene,
    truth,
    with_article,
    write_caption,
)
from tools.mini_models.things.sets import Thing  # noqa: E402

NAMES = ("cat", "apple", "rocket", "grapes", "bus", "trolleybus", "glass of milk", "bread")
PAIRS = [(Thing(name, "some", {"flat": name, "noto": name}), style) for name in NAMES for style in ("flat", "noto")]


def scenes(number: int, *, two: float = 0.5) -> list[Scene]:
    rng = np.random.default_rng(3)
    return [sample_scene(PAIRS, rng, two=two) for _ in range(number)]


def test_a_caption_is_true_of_its_own_scene() -> None:
    rng = np.random.default_rng(4)
    found = scenes(200)
    captions = [write_caption(each, rng) for each in found]
    assert truth(found, captions).diagonal().all()


def test_a_full_caption_names_things_style_and_ground() -> None:
    rng = np.random.default_rng(5)
    for each in scenes(200):
        text = write_caption(each, rng, full=True).text
        assert all(item.thing in text for item in each.items)
        assert f"{each.style} style" in text
        assert all(name in text for name in each.ground.names)


def test_a_caption_is_not_true_of_the_same_thing_in_another_style() -> None:
    scene = Scene((Item("cat", 0.5, 0.5, 0.8, 0.0),), "flat", Ground(("red", "red"), (GROUNDS["red"],) * 2))
    other = dataclasses.replace(scene, style="noto")
    named = write_caption(scene, np.random.default_rng(0), full=True)
    assert truth([scene, other], [named]).tolist() == [[True], [False]]


def test_two_things_share_a_style_and_do_not_lie_on_each_other() -> None:
    for each in (scene for scene in scenes(300) if len(scene.items) == 2):
        first, second = each.items
        apart = max(abs(first.x - second.x), abs(first.y - second.y))
        assert apart >= (first.size + second.size) / 2 - 0.06
        assert first.thing != second.thing


def test_left_and_above_are_where_the_things_are() -> None:
    rng = np.random.default_rng(6)
    for each in (scene for scene in scenes(300) if len(scene.items) == 2):
        text = write_caption(each, rng).text
        first, second = each.items
        assert (" on the left" not in text) or first.x < second.x
        assert (" above " not in text) or first.y < second.y


def test_things_stay_in_the_picture() -> None:
    for item in (item for each in scenes(300) for item in each.items):
        assert item.size / 2 - 0.04 <= min(item.x, item.y)
        assert max(item.x, item.y) <= 1.04 - item.size / 2


@pytest.mark.parametrize(
    ("name", "written"),
    [("cat", "a cat"), ("apple", "an apple"), ("grapes", "grapes"), ("bus", "a bus"), ("bread", "bread")],
)
def test_articles_are_english(name: str, written: str) -> None:
    assert with_article(name) == written


def test_a_steady_rate_rises_and_stays() -> None:
    recipe = Recipe(steps=1_000, rate=1e-3, seed=1, warmup=10, steady=True)
    assert recipe.rate_at(0) == pytest.approx(1e-4)
    assert recipe.rate_at(10) == recipe.rate_at(999) == 1e-3
