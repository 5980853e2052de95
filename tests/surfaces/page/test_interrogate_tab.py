"""The interrogate tab without a browser, and without a model: what a run puts into its components."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from lib_bootcamp.errors import CancelledError, InvalidParamError, UnexpectedError
from lib_bootcamp.operations.describe.interrogate import INTERROGATE, InterrogateResult, LabelScore, TableScores
from tests.fakes import FakeHost, FakeProgress

gr = pytest.importorskip("gradio")

from lib_bootcamp.surfaces.page.outputs import Outputs  # noqa: E402
from lib_bootcamp.surfaces.page.tab import filled  # noqa: E402
from lib_bootcamp.surfaces.page.tabs.describe.interrogate import InterrogateTab, charts  # noqa: E402

ANALYSIS = (
    TableScores(
        name="mediums", scores=(LabelScore(label="a <b>photo</b>", value=0.2), LabelScore(label="a map", value=0.1))
    ),
    TableScores(name="flavors", scores=(LabelScore(label="red", value=0.4),)),
)
FOUND = InterrogateResult(
    prompt="a cat, red",
    negative="noise",
    caption="a cat",
    captioner="blip",
    similarity=0.3125,
    analysis=ANALYSIS,
    model="mini",
)


def tab(run: Any) -> InterrogateTab:
    with gr.Blocks():
        made = InterrogateTab(dataclasses.replace(INTERROGATE, run=run), FakeHost(), Outputs())
        made.build()
    return made


def interrogated(made: InterrogateTab, **given: Any) -> dict[str, Any]:
    """Run on the fields' defaults but those given; the components' values by name."""
    values = [given.get(param.name, made.form.components[param.name].value) for param in made.form.fields]
    shown = made.interrogate(tuple(values), FakeProgress())  # type: ignore[arg-type]
    return dict(zip(("message", "prompt", "negative", "chart", "facts"), shown, strict=True))


def picture(tmp_path_factory: pytest.TempPathFactory) -> str:
    import numpy as np
    from PIL import Image as Pil

    path = tmp_path_factory.mktemp("pictures") / "a.png"
    Pil.fromarray(np.zeros((4, 4, 3), np.uint8)).save(path)
    return str(path)


@pytest.fixture
def image(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return picture(tmp_path_factory)


def test_every_declared_field_is_on_the_form() -> None:
    made = tab(lambda params, context: FOUND)
    assert {each.name for each in INTERROGATE.params.fields()} == set(made.form.components)


def test_a_run_fills_the_texts_and_the_charts(image: Any) -> None:
    shown = interrogated(tab(lambda params, context: FOUND), image=image)
    assert (shown["prompt"], shown["negative"]) == ("a cat, red", "noise")
    assert "CLIP model mini, caption by blip, similarity 0.312" in shown["message"]
    assert shown["chart"].count("bootcamp-bars-title") == 2
    assert shown["facts"]["prompt"] == "a cat, red"


def test_bars_are_as_long_as_their_cosines_against_the_best_of_all() -> None:
    made = charts(ANALYSIS)
    assert [f'style="width: {each}%"' in made for each in ("50.0", "25.0", "100.0")] == [True] * 3
    assert made.count("bootcamp-bar-best") == 2
    assert "0.200" in made


def test_a_label_is_never_html() -> None:
    assert "<b>photo" not in charts(ANALYSIS)


def test_labels_that_are_all_unlike_have_no_bars() -> None:
    made = charts((TableScores(name="x", scores=(LabelScore(label="a", value=-0.1),)),))
    assert 'style="width: 0.0%"' in made


@pytest.mark.parametrize("error", [InvalidParamError("clip", "is wrong"), CancelledError(0), RuntimeError("boom")])
def test_a_mistake_is_the_message_and_the_texts_stay(image: Any, error: Exception) -> None:
    def fail(params: Any, context: Any) -> Any:
        raise error

    shown = interrogated(tab(fail), image=image)
    text = str(UnexpectedError()) if isinstance(error, RuntimeError) and str(error) == "boom" else ""
    assert (text or str(error).replace("clip", "CLIP model")) in shown["message"]
    assert "boom" not in shown["message"]
    assert "value" not in shown["prompt"]
    assert shown["facts"] is None


def test_without_a_picture_the_message_says_so() -> None:
    assert "Picture is missing" in interrogated(tab(lambda params, context: FOUND))["message"]


def test_texts_are_handed_over_and_an_empty_one_leaves_the_field() -> None:
    first, second = filled("a cat", "")
    assert first["value"] == "a cat"
    assert "value" not in second
    assert filled("a cat")["value"] == "a cat"


def test_the_buttons_run_stop_and_hand_over() -> None:
    made = tab(lambda params, context: FOUND)
    assert list(made.prompts) == ["Prompt", "Negative prompt"]
    assert made.to_txt2img.visible is False  # before `connect` finds a tab that draws
