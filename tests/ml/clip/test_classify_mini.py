"""Classification with the embedded model: the answers mean something."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pil
from PIL import ImageDraw

from tests.ml.needs import skip_without_models

skip_without_models()

from lib_bootcamp.context import Context  # noqa: E402
from lib_bootcamp.core.images.arrays import Image  # noqa: E402
from lib_bootcamp.ml.clip.classifier import shipped_templates  # noqa: E402
from lib_bootcamp.operations.describe.classify import (  # noqa: E402
    ClassifyParams,
    ClassifyResult,
    ClassifySettings,
    classify,
    classify_files,
)
from tests.fakes import FakeHost, FakeProgress  # noqa: E402

SHAPES = ("circle", "square", "triangle")
COLORS = {"red": (220, 20, 30), "green": (20, 150, 40), "blue": (30, 70, 220), "yellow": (250, 220, 30)}


@pytest.fixture(scope="module")
def host() -> FakeHost:
    """One host, so that the model is loaded once."""
    return FakeHost()


def drawn(shape: str, color: str, side: int = 300) -> Image:
    """A shape on white, drawn by Pillow and not by what drew the training's scenes."""
    canvas = Pil.new("RGB", (side, side), (255, 255, 255))
    draw = ImageDraw.Draw(canvas)
    low, middle, high = side * 0.25, side * 0.5, side * 0.75
    if shape == "circle":
        draw.ellipse((low, low, high, high), fill=COLORS[color])
    elif shape == "square":
        draw.rectangle((low, low, high, high), fill=COLORS[color])
    else:
        draw.polygon([(middle, low), (high, high), (low, high)], fill=COLORS[color])
    return np.asarray(canvas, dtype=np.uint8)


def run(host: FakeHost, *pictures: Image, **values: Any) -> ClassifyResult:
    return classify(ClassifyParams(images=pictures, **values), Context.of_terminal(host, FakeProgress()))


def test_the_red_circle_is_found(host: FakeHost) -> None:
    made = run(host, drawn("circle", "red"), drawn("square", "blue"), labels=("a red circle", "a blue square"))
    assert [each.label for each in made.images] == ["a red circle", "a blue square"]
    assert all(each.value > 0.9 for each in made.images)
    assert made.model == "mini"


def test_shape_and_color_are_found_as_two_groups(host: FakeHost) -> None:
    asked = [(shape, color) for shape in SHAPES for color in COLORS]
    groups = {"shape": [f"a {shape}" for shape in SHAPES], "color": [f"a {color} shape" for color in COLORS]}
    made = run(host, *(drawn(shape, color) for shape, color in asked), groups=groups)
    shapes, colors = zip(*([group.label for group in each.groups] for each in made.images), strict=True)
    assert sum(label == f"a {shape}" for label, (shape, _) in zip(shapes, asked, strict=True)) >= 11
    assert sum(label == f"a {color} shape" for label, (_, color) in zip(colors, asked, strict=True)) >= 11


def test_a_picture_of_nothing_asked_for_is_unknown_by_a_negative_label(host: FakeHost) -> None:
    (made,) = run(
        host, drawn("circle", "red"), labels=("a blue square", "a green triangle"), negative_labels=("a red circle",)
    ).images
    assert made.label is None


def test_files_and_pictures_have_the_same_scores(host: FakeHost, tmp_path: Path) -> None:
    Pil.fromarray(drawn("circle", "red")).save(tmp_path / "a.png")
    labels = ("a red circle", "a blue square")
    (of_file,) = classify_files(
        [tmp_path / "a.png"], ClassifySettings(labels=labels), Context.of_terminal(host, FakeProgress())
    )
    (of_picture,) = run(host, drawn("circle", "red"), labels=labels).images
    assert of_file.scores == of_picture.scores  # type: ignore[union-attr]


def test_the_model_is_loaded_once_and_named(host: FakeHost) -> None:
    run(host, drawn("circle", "red"), labels=("red", "blue"))
    assert [each.name for each in host.info().models] == ["mini"]


@pytest.mark.parametrize(("name", "count"), [("none", 1), ("short", 7), ("openai", 80)])
def test_the_shipped_templates_have_one_place_for_the_label(name: str, count: int) -> None:
    templates = shipped_templates(name)
    assert len(templates) == count
    assert all(each.count("{}") == 1 for each in templates)


@pytest.mark.parametrize("templates", ["short", "openai"])
def test_an_ensemble_finds_the_red_circle_too(host: FakeHost, templates: str) -> None:
    (made,) = run(host, drawn("circle", "red"), labels=("red circle", "blue square"), templates=templates).images
    assert made.label == "red circle"
