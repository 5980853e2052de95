"""The files of a training are ranked by what they draw; what cannot be compared is left out and named."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.ml.needs import skip_without_models

skip_without_models()

from safetensors.torch import load_file, save_file  # noqa: E402

from lib_bootcamp.context import Context  # noqa: E402
from lib_bootcamp.core.images.arrays import Image  # noqa: E402
from lib_bootcamp.core.training.finished.ranking import Measured, scores_of  # noqa: E402
from lib_bootcamp.errors import (  # noqa: E402
    BootcampError,
    CancelledError,
    ImageError,
    InvalidParamError,
    ModelError,
    NotAllowedError,
)
from lib_bootcamp.hosts.standalone import StandaloneHost  # noqa: E402
from lib_bootcamp.operations.networks.compare import COMPARE_LORAS, ComparedFile, CompareLorasResult  # noqa: E402
from lib_bootcamp.operations.networks.compare_drawing import SwitchedError  # noqa: E402
from lib_bootcamp.operations.networks.compare_settings import MOST_FILES  # noqa: E402
from lib_bootcamp.operations.networks.time_left import TimeLeft  # noqa: E402
from lib_bootcamp.ports import SilentProgress  # noqa: E402
from tests.ml.networks.loras import random_lora  # noqa: E402
from tests.ml.training import material  # noqa: E402
from tests.operations.networks.trained import trained_in  # noqa: E402

ASKED = {"other_prompts": "a red circle", "pictures_per_prompt": 1, "size": 64, "steps": 2}


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandaloneHost]:
    with material.host(tmp_path_factory.mktemp("data")) as made:
        yield made


@pytest.fixture(scope="module")
def base(host: StandaloneHost, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures in `pictures`; in `out` a training with its files, and made-up files of one named `made`."""
    base = tmp_path_factory.mktemp("trained")
    trained_in(base, host)
    with host.components() as components:
        random_lora(components, base / "out" / "made-000002.safetensors", size=3.0)
    zeros = load_file(base / "out" / "zorb.safetensors")
    save_file(
        {key: value * ("lora_up" not in key) for key, value in zeros.items()}, base / "out" / "made-000001.safetensors"
    )
    return base


class Follower(SilentProgress):
    """Counts what is shown, and stops at a picture's step."""

    def __init__(self, stop_after: int = 10_000) -> None:
        super().__init__()
        self.done: list[int] = []
        self.asked, self.stop_after = 0, stop_after

    def step(self, done: int, note: str = "") -> None:
        self.done.append(done)

    def cancelled(self) -> bool:
        self.asked += 1
        return self.asked > self.stop_after


def compare(host: StandaloneHost, base: Path, progress: Any = None, **given: Any) -> CompareLorasResult:
    params = COMPARE_LORAS.params_from({"folder": str(base / "out"), **ASKED, **given})
    return COMPARE_LORAS.run(params, Context.of_terminal(host, progress or SilentProgress()))


def test_noise_loses_in_the_prompt_and_in_other_concepts_and_zeros_change_nothing(
    host: StandaloneHost, base: Path
) -> None:
    made = compare(host, base, name="made", prompts="a blue square", pictures=str(base / "pictures"))
    by_name = {each.name: each for each in made.ranking}
    zeros, noise = by_name["made-000001"], by_name["made-000002"]
    assert (zeros.prompt_kept, zeros.likeness) == (0.0, made.likeness_alone)
    assert zeros.others_kept == pytest.approx(1.0, abs=1e-5)
    assert noise.prompt_kept < -0.05
    assert noise.others_kept < 0.9
    assert made.best == "made-000001"
    assert made.left_out == made.notes == ()
    numbers = [Measured(likeness=e.likeness, prompt=e.prompt_kept, others=e.others_kept) for e in made.ranking]
    assert [each.score for each in made.ranking] == pytest.approx(scores_of(numbers), abs=1e-5)


def test_likeness_is_the_mean_cosine_to_the_training_pictures(host: StandaloneHost, base: Path, tmp_path: Path) -> None:
    """The checkpoint's own drawings as the training pictures: a file that changes nothing is like them, noise not."""
    from lib_bootcamp.core.images.codec import write_image
    from lib_bootcamp.operations.draw.txt2img import TXT2IMG

    for seed in (1, 2):
        asked = {"prompt": "a blue square", "width": 64, "height": 64, "steps": 2, "seed": seed}
        drawn = TXT2IMG.run(TXT2IMG.params_from(asked), Context.of_terminal(host, SilentProgress()))
        write_image(tmp_path / f"{seed}.png", drawn.image)
    given = {"prompts": "a blue square", "pictures_per_prompt": 2, "other_prompts": "a red circle"}
    made = compare(host, base, name="made", pictures=str(tmp_path), **given)
    likeness = {each.name: each.likeness for each in made.ranking}
    assert likeness["made-000001"] == made.likeness_alone
    assert (made.likeness_alone or 0) > (likeness["made-000002"] or 0) + 0.05
    (tmp_path / "2.png").unlink()
    alone = compare(host, base, loras=["made-000001"], pictures=str(tmp_path), **{**given, "pictures_per_prompt": 1})
    assert alone.likeness_alone == pytest.approx(1.0, abs=1e-4)


def test_a_training_is_compared_with_its_own_prompts_in_the_order_of_its_steps(
    host: StandaloneHost, base: Path
) -> None:
    (base / "out" / "zorb-000003.safetensors").write_bytes((base / "out" / "zorb.safetensors").read_bytes()[:4000])
    rows: list[Image] = []
    progress = Follower()
    params = COMPARE_LORAS.params_from({"folder": str(base / "out"), "name": "zorb", **ASKED})
    made = COMPARE_LORAS.run(
        params, Context.of_terminal(host, progress).watched_by(lambda part: rows.append(part.image))
    )
    assert made.prompts == ("a zorb",)
    assert {each.name for each in made.ranking} == {"zorb", "zorb-000002"}
    assert {each.likeness for each in made.ranking} == {None}
    assert len(made.left_out) == 1
    assert made.left_out[0].startswith("zorb-000003 is left out: ")
    assert "likeness does not count" in made.notes[0]
    assert progress.done[-1] == 4 * 2  # the checkpoint and three files, two prompts each
    assert len(rows) == 2
    assert made.image.shape[1] == rows[0].shape[1] == ComparedFile(image=rows[0]).image.shape[1]
    shown = made.lines()
    assert shown[0].split() == ["score", "likeness", "prompt", "others"]
    assert shown[1].split()[0] == made.best
    assert shown[3].split() == ["none", "+0.000", "1.000"]
    assert json.loads(json.dumps(made.to_json()))["best"] == made.best
    assert made.summary().startswith(f"{made.best} is the best of 2: prompt ")


def test_the_same_question_has_the_same_answer_and_the_checkpoint_is_as_it_was(
    host: StandaloneHost, base: Path
) -> None:
    given = {"name": "made", "prompts": "a blue square <lora:made-000002:1>"}
    first, second = compare(host, base, **given), compare(host, base, **given)
    assert first.to_json() == second.to_json()
    assert np.array_equal(first.image, second.image)
    assert first.prompts == ("a blue square",)


def test_files_of_any_names_are_compared_each_once(host: StandaloneHost, base: Path) -> None:
    same = compare(host, base, loras=["made-000001", "zorb", "made-000001"], prompts="a blue square", weight=0.05)
    assert same.best == same.ranking[0].name
    assert {each.name for each in same.ranking} == {"made-000001", "zorb"}


def test_an_embedding_is_the_word_that_the_training_is_called(host: StandaloneHost, base: Path, tmp_path: Path) -> None:
    from torch import Generator, randn, zeros

    with host.components() as components:
        width = components.text_encoder.config.hidden_size
    (tmp_path / "out").mkdir()
    save_file(
        {"emb_params": randn(2, width, generator=Generator().manual_seed(1)) * 2}, tmp_path / "out" / "blip.safetensors"
    )
    save_file({"emb_params": zeros(2, width + 8)}, tmp_path / "out" / "blip-000002.safetensors")
    made = compare(host, tmp_path, name="blip", prompts="a blip circle")
    assert made.best == "blip"
    assert made.ranking[0].prompt_kept != 0
    assert made.ranking[0].others_kept == pytest.approx(1.0, abs=1e-5)
    assert made.left_out[0].startswith("blip-000002 is left out: ")
    assert "not for the loaded checkpoint" in made.left_out[0]


def test_it_stops_within_a_picture(host: StandaloneHost, base: Path) -> None:
    progress = Follower(stop_after=4)
    with pytest.raises(CancelledError):
        compare(host, base, progress, name="made", prompts="a blue square", steps=20)
    assert progress.asked < 9
    assert max(progress.done, default=0) < 6


def test_of_thousands_of_files_a_few_are_compared(host: StandaloneHost, base: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    for step in range(1, 3001):
        (tmp_path / "out" / f"many-{step:06}.safetensors").write_bytes(b"")
    with pytest.raises(ModelError, match=f"None of {MOST_FILES} files can be used. many-000001 is left out"):
        compare(host, tmp_path, name="many", prompts="a blue square")
    good = (base / "out" / "zorb.safetensors").read_bytes()
    (tmp_path / "out" / "many-003000.safetensors").write_bytes(good)
    made = compare(host, tmp_path, name="many", prompts="a blue square", steps=1)
    assert made.best == "many-003000"
    assert len(made.left_out) == MOST_FILES - 1
    assert made.notes[0] == f"Of 3,000 files {MOST_FILES} are compared, at equal distances."


@pytest.mark.parametrize(
    ("given", "kind", "words"),
    [
        ({}, InvalidParamError, "name is missing; name the training"),
        ({"name": "zork"}, InvalidParamError, "of which no file is in the folder"),
        ({"name": "../out/zorb"}, InvalidParamError, "of which no file is in the folder"),
        ({"loras": ["../pictures/x"]}, InvalidParamError, "not in the folder"),
        ({"name": "made"}, InvalidParamError, "prompts is missing"),
        ({"name": "made", "prompts": "<lora:made:1>"}, InvalidParamError, "prompts is missing"),
        ({"name": "zorb", "prompts": "\n".join("abcdefg")}, InvalidParamError, "at most 6 lines"),
        ({"name": "zorb", "pictures": "nowhere"}, InvalidParamError, "pictures"),
        ({"name": "zorb", "pictures": "{out}/zorb-samples"}, ImageError, "no pictures"),
    ],
)
def test_what_cannot_be_compared_is_one_sentence(
    host: StandaloneHost, base: Path, given: dict[str, Any], kind: type[BootcampError], words: str
) -> None:
    given = {name: each.format(out=base / "out") if isinstance(each, str) else each for name, each in given.items()}
    with pytest.raises(kind, match=words):
        compare(host, base, **given)


def test_another_checkpoint_ends_it(host: StandaloneHost, base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = iter(["one", "two"])
    monkeypatch.setattr(StandaloneHost, "checkpoint", lambda _: next(names))
    with pytest.raises(SwitchedError, match="began on one, and two is loaded"):
        compare(host, base, name="made", prompts="a blue square", steps=1)


def test_over_the_network_both_folders_have_to_be_allowed(host: StandaloneHost, base: Path, tmp_path: Path) -> None:
    for allowed in ((base / "out",), (base / "pictures",)):
        stranger = StandaloneHost(device="cpu", data_dir=tmp_path / "data", allowed=allowed)
        given = {"folder": str(base / "out"), "name": "zorb", "pictures": str(base / "pictures"), **ASKED}
        with pytest.raises(NotAllowedError):
            COMPARE_LORAS.run(COMPARE_LORAS.params_from(given), Context.of_api(stranger, SilentProgress()))


def test_what_a_file_states_of_its_training_is_not_trusted(host: StandaloneHost, base: Path, tmp_path: Path) -> None:
    tensors = load_file(base / "out" / "zorb.safetensors")
    (tmp_path / "out").mkdir()
    for stated in ("[" * 9000, "[]", '{"sample_prompt": 7}', '{"sample_prompt": "' + "x" * 9000 + '"}'):
        metadata = {"bootcamp.train": stated, "ss_clip_skip": "99"}
        save_file(tensors, tmp_path / "out" / "odd.safetensors", metadata)
        if "xx" not in stated:
            with pytest.raises(InvalidParamError, match="prompts is missing"):
                compare(host, tmp_path, name="odd")
    made = compare(host, tmp_path, name="odd", steps=1)
    assert made.prompts == ("x" * 1000,)


def test_the_time_left_is_that_of_what_was_done() -> None:
    notes: list[str] = []

    class Shown(SilentProgress):
        def step(self, done: int, note: str = "") -> None:
            notes.append(note)

    now = iter([0.0, 100.0, 110.0, 400.0])
    shown = TimeLeft(Shown(), lambda: next(now))
    shown.start("Compare", 40, "picture")
    for done in (0, 1, 20, 40):
        shown.step(done)
    assert notes == ["", "about 6 min left", "about 5 min left", ""]
