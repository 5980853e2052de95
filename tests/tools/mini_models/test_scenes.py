"""The scenes that the small models are trained on show what their captions tell."""

from __future__ import annotations

import numpy as np
import pytest

from tools.mini_models.shapes.scenes import (
    ATTRIBUTES,
    COLORS,
    Scene,
    draw_scene,
    is_held_out,
    sample_scene,
    truth,
    write_caption,
)

PLAIN = {name: values[0] for name, values in ATTRIBUTES.items()}


def scene(seed: int = 0, **values: str) -> Scene:
    return Scene({**PLAIN, "background": "white", "color": "red", **values}, seed)


def samples(number: int, **options: object) -> list[Scene]:
    rng = np.random.default_rng(5)
    return [sample_scene(rng, **options) for _ in range(number)]  # type: ignore[arg-type]


def test_a_scene_is_drawn_the_same_again() -> None:
    for each in samples(20):
        assert np.array_equal(draw_scene(each, 48), draw_scene(each, 48))


@pytest.mark.parametrize("color", [each for each in COLORS if each != "white"])
def test_the_middle_of_a_large_square_has_its_color_and_the_corner_the_background(color: str) -> None:
    picture = draw_scene(scene(shape="square", size="large", position="center", color=color), 64).astype(int)
    low, high = np.sort(np.array(COLORS[color]), axis=0)
    assert (picture[32, 32] >= low - 6).all()
    assert (picture[32, 32] <= high + 6).all()
    assert picture[0, 0].min() > 230


def test_a_ring_is_hollow() -> None:
    picture = draw_scene(scene(shape="ring", size="large", position="center"), 64)
    center = np.argwhere(picture[..., 1] < 100).mean(axis=0).round().astype(int)
    assert picture[center[0], center[1], 1] > 200


@pytest.mark.parametrize(
    ("position", "axis", "sign"), [("left", 1, -1), ("right", 1, 1), ("top", 0, -1), ("bottom", 0, 1)]
)
def test_a_position_is_where_the_object_lies(position: str, axis: int, sign: int) -> None:
    for seed in range(10):
        picture = draw_scene(scene(seed, shape="circle", size="small", position=position), 64)
        middle = np.argwhere(picture[..., 1] < 120).mean(axis=0) - 31.5
        assert middle[axis] * sign > 6
        assert abs(middle[axis]) > abs(middle[1 - axis])


def test_three_objects_are_three_pieces() -> None:
    cv2 = pytest.importorskip("cv2")
    for seed in range(10):
        picture = draw_scene(scene(seed, shape="circle", count="three", size="small"), 96)
        pieces, _ = cv2.connectedComponents((picture[..., 1] < 120).astype(np.uint8))
        assert pieces - 1 == 3


def test_light_from_the_left_is_brighter_on_the_left() -> None:
    picture = draw_scene(scene(lighting="left", background="gray"), 64).astype(int)
    assert picture[:, :5].mean() > picture[:, -5:].mean() + 30


def test_training_never_sees_a_combination_that_is_kept_out() -> None:
    assert not any(is_held_out(each.shape, each.color, each.background) for each in samples(500))
    assert all(is_held_out(each.shape, each.color, each.background) for each in samples(200, held_out=True))


def test_every_shape_and_color_is_seen_in_training_and_kept_out_somewhere() -> None:
    for held_out in (False, True):
        seen = samples(800, held_out=held_out)
        assert {each.shape for each in seen} == set(ATTRIBUTES["shape"])
        assert {each.color for each in seen} == set(COLORS)


def test_a_caption_is_true_of_its_own_scene_and_names_what_it_describes() -> None:
    rng = np.random.default_rng(1)
    scenes = samples(300)
    captions = [write_caption(each, rng) for each in scenes]
    assert truth(scenes, captions).diagonal().all()
    for each, caption in zip(scenes, captions, strict=True):
        if "shape" in caption.named:
            assert each.shape in caption.text
        if "background" in caption.named:
            assert f"{each.background} background" in caption.text


def test_a_caption_is_false_of_a_scene_that_differs_in_what_it_describes() -> None:
    red, blue = scene(shape="circle"), scene(shape="circle", color="blue")
    rng = np.random.default_rng(0)
    captions = [write_caption(red, rng, full=True), write_caption(blue, rng, full=True)]
    assert truth([red, blue], captions).tolist() == [[True, False], [False, True]]
    assert captions[0].text.endswith("red circle on a white background")


def test_articles_fit_the_word_after_them() -> None:
    rng = np.random.default_rng(2)
    texts = [write_caption(each, rng).text for each in samples(400)]
    assert any(" an orange" in text or text.startswith("an orange") for text in texts)
    assert not any("a orange" in text or "an red" in text for text in texts)
