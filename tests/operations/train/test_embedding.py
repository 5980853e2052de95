"""A training of an embedding as a job: its file, its word in every caption, and its use in the next prompt."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.ml.needs import skip_without_models

skip_without_models("diffusers", "transformers")

from lib_bootcamp.core.images.codec import decode_image  # noqa: E402
from lib_bootcamp.core.networks.container import model_hash  # noqa: E402
from lib_bootcamp.core.training.chance import Chance  # noqa: E402
from lib_bootcamp.errors import BootcampError, InvalidParamError  # noqa: E402
from lib_bootcamp.hosts.standalone import StandaloneHost  # noqa: E402
from lib_bootcamp.ml.diffusion.text_to_image import draw  # noqa: E402
from lib_bootcamp.ml.diffusion.words import Word  # noqa: E402
from lib_bootcamp.ml.networks.embedding_file import read_embedding  # noqa: E402
from lib_bootcamp.operations.train.class_drawing import DRAWN_WITH  # noqa: E402
from lib_bootcamp.operations.train.train import TRAIN  # noqa: E402
from lib_bootcamp.ports import SilentProgress  # noqa: E402
from tests.ml.training import material  # noqa: E402

from .test_work import planned_of, work, written  # noqa: E402

ASKED = {"method": "embedding", "vectors": 2, "steps": 4}


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandaloneHost]:
    with material.host(tmp_path_factory.mktemp("data")) as made:
        yield made


def captioned(folder: Path, *captions: str) -> Path:
    """Pictures of which the first have these captions, the others none."""
    made = material.pictures(folder / "pictures", 3)
    for at in range(3):
        (made / f"{at}.txt").write_text(captions[at] if at < len(captions) else "", encoding="utf-8")
    return made


def test_the_file_has_its_vectors_and_the_samples_are_drawn_with_them(host: StandaloneHost, tmp_path: Path) -> None:
    asked = {**ASKED, "embedding_rate": 0.5, "sample_prompt": "a zorb\na star", "sample_every": 4, "save_every": 2}
    made = list(work(host, tmp_path, **asked).steps(0))
    files = written(made)
    assert {name for name in files if name.endswith(".safetensors")} == {"zorb-000002.safetensors", "zorb.safetensors"}
    assert files["000000-1.png"] != files["000004-1.png"]
    assert files["000000-2.png"] == files["000004-2.png"]
    (tmp_path / "zorb.safetensors").write_bytes(files["zorb.safetensors"])
    file = read_embedding(tmp_path / "zorb.safetensors")
    assert {part: tuple(each.shape) for part, each in file.vectors.items()} == {"text_encoder": (2, 48)}
    stated = file.metadata
    assert stated["modelspec.architecture"] == "stable-diffusion-v1/textual-inversion"
    assert (stated["modelspec.trigger_phrase"], stated["ss_steps"]) == ("zorb", "4")
    assert float(stated["ss_text_encoder_lr"]) == 0.5
    assert "ss_unet_lr" not in stated
    assert "ss_network_module" not in stated
    assert json.loads(stated["bootcamp.train"])["method"] == "embedding"
    assert str(tmp_path) not in json.dumps(dict(stated))
    with host.components() as components:
        again = draw(
            components,
            SilentProgress(),
            **DRAWN_WITH,
            prompt="a zorb",
            width=64,
            height=64,
            seed=Chance(4).of_sample(0),
            clip_skip=1,
            words=[Word("zorb", dict(file.vectors))],
        )
    np.testing.assert_array_equal(again, decode_image(files["000004-1.png"]))


def test_a_job_that_was_stopped_and_whose_state_is_older_ends_with_the_same_bits(
    host: StandaloneHost, tmp_path: Path
) -> None:
    asked = {**ASKED, "ema_decay": 0.9, "keep_norm": True}
    whole = model_hash(written(list(work(host, tmp_path, **asked).steps(0)))["zorb.safetensors"])
    steps = work(host, tmp_path, **asked).steps(0)
    next(steps)
    next(steps)
    steps.close()  # type: ignore[attr-defined]
    rest = list(work(host, tmp_path, **asked).steps(3))
    assert [step.again for step in rest] == [True, False]
    assert model_hash(written(rest)["zorb.safetensors"]) == whole


@pytest.mark.parametrize(
    ("template", "captions"),
    [("", ()), ("", ("a red thing", "the zorb")), ("[name]", ()), ("[filewords]", ("a zorb", "zorb, red", "Zorb"))],
)
def test_captions_that_hold_the_word_or_are_given_it_are_trained(
    host: StandaloneHost, tmp_path: Path, template: str, captions: tuple[str, ...]
) -> None:
    captioned(tmp_path, *captions)
    made = work(host, tmp_path, **{**ASKED, "steps": 1}, template=template)
    assert planned_of(made).count == 3
    assert "zorb.safetensors" in written(list(made.steps(0)))


WITHOUT: dict[str, tuple[dict[str, Any], tuple[str, ...], str]] = {
    "a template without it": (
        {"template": "a photo, [filewords]"},
        ("a zorb", "red", "blue"),
        r"template has no \[name\], and 2 of 3 captions do not hold zorb either",
    ),
    "an alternative without it": (
        {"template": "[filewords]"},
        ("a zorb\na thing", "zorb", "zorb"),
        r"template has no \[name\], and 1 of 3 captions does not hold zorb either",
    ),
    "cut off": (
        {"template": "[filewords], [name]"},
        ("red " * 230, "red", "blue"),
        r"template puts zorb where the text encoder does not find it as a word in the caption of 0\.png, of 1 in all",
    ),
    "one token with the comma after it": (
        {"name": "zorb-"},
        ("red", "blue"),
        r"template puts zorb- where the text encoder does not find it as a word in the caption of 0\.png, of 2 in all",
    ),
    "brackets": ({"name": "zorb (v2)"}, (), r"letters, digits, blanks and \. - _ alone"),
    "a comma": ({"name": "zorb, red"}, (), "letters, digits, blanks"),
    "no word to begin as": ({"init_text": " "}, ("zorb",), "init_text has no word"),
    "no vectors": ({"vectors": 0}, (), "vectors"),
    "too many vectors": ({"vectors": 33}, (), "vectors"),
    "no rate": ({"embedding_rate": 0}, (), "embedding_rate"),
}


@pytest.mark.parametrize("kind", WITHOUT)
def test_what_would_teach_the_word_nothing_is_one_sentence_before_the_first_step(
    host: StandaloneHost, tmp_path: Path, kind: str
) -> None:
    asked, captions, what = WITHOUT[kind]
    captioned(tmp_path, *captions)
    with pytest.raises(BootcampError, match=what) as caught:
        next(work(host, tmp_path, **{**ASKED, **asked}).steps(0))
    assert "\n" not in str(caught.value)
    if kind == "no word to begin as":  # the plan computes nothing
        return
    with pytest.raises(InvalidParamError) as planned:
        planned_of(work(host, tmp_path, **{**ASKED, **asked}))
    assert str(planned.value) == str(caught.value)


@pytest.mark.parametrize("name", ["BREAK", "AND"])
def test_a_word_that_divides_prompts_is_no_name(host: StandaloneHost, tmp_path: Path, name: str) -> None:
    captioned(tmp_path, "red")
    with pytest.raises(InvalidParamError, match=f"cannot be {name}: prompts read it as a sign"):
        work(host, tmp_path, **{**ASKED, "name": name})
    work(host, tmp_path, **{**ASKED, "name": name.lower()})


def test_other_methods_may_have_captions_and_names_without_a_word(host: StandaloneHost, tmp_path: Path) -> None:
    captioned(tmp_path, "red", "blue", "green")
    made = work(host, tmp_path, name="zorb (v2)", template="[filewords]", steps=1)
    assert "zorb (v2).safetensors" in written(list(made.steps(0)))


def test_the_plan_warns_of_a_rate_that_is_far_above_what_is_usual(host: StandaloneHost, tmp_path: Path) -> None:
    far = planned_of(work(host, tmp_path, **ASKED, embedding_rate=0.5))
    assert any("A learning rate of 0.5 is far above what is usual (5e-3)." in each for each in far.warnings)
    usual = planned_of(work(host, tmp_path, **ASKED, learning_rate=0.5))
    assert not any("far above" in each for each in usual.warnings)


def test_class_pictures_have_no_place_in_an_embedding(tmp_path: Path) -> None:
    concept = {"folder": str(tmp_path), "class_prompt": "a dog"}
    with pytest.raises(InvalidParamError, match="an embedding never changes it; leave class_prompt"):
        TRAIN.params_from({"concepts": [concept], "method": "embedding"})
    assert TRAIN.params_from({"concepts": [concept]}).concepts[0].has_class
