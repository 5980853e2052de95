"""DreamBooth as a job: a checkpoint in LDM's layout that draws what the samples show, and is never written over."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.ml.needs import skip_without_models

skip_without_models("diffusers", "transformers")

from lib_bootcamp.context import Context  # noqa: E402
from lib_bootcamp.core.images.codec import decode_image  # noqa: E402
from lib_bootcamp.core.networks.container import model_hash, with_metadata  # noqa: E402
from lib_bootcamp.core.networks.stated import parse_metadata  # noqa: E402
from lib_bootcamp.core.training.chance import Chance  # noqa: E402
from lib_bootcamp.errors import InvalidParamError, ModelError, OutputError  # noqa: E402
from lib_bootcamp.hosts.standalone import StandaloneHost  # noqa: E402
from lib_bootcamp.jobs.journal import Journal  # noqa: E402
from lib_bootcamp.jobs.manager import Jobs  # noqa: E402
from lib_bootcamp.jobs.progress import Stop  # noqa: E402
from lib_bootcamp.ml.checkpoints.load import load_checkpoint  # noqa: E402
from lib_bootcamp.ml.diffusion.text_to_image import draw  # noqa: E402
from lib_bootcamp.operations.networks.compare import COMPARE_LORAS  # noqa: E402
from lib_bootcamp.operations.networks.share import SHARE_LORA  # noqa: E402
from lib_bootcamp.operations.networks.use import USE_LORA  # noqa: E402
from lib_bootcamp.operations.train.class_drawing import DRAWN_WITH  # noqa: E402
from lib_bootcamp.operations.train.train import TRAIN  # noqa: E402
from lib_bootcamp.operations.train.train_settings import PRESETS  # noqa: E402
from lib_bootcamp.operations.train.trainer_settings import rates_of, settings_of  # noqa: E402
from lib_bootcamp.ports import SilentProgress  # noqa: E402
from tests.fakes import FakeProgress  # noqa: E402
from tests.jobs.fake_job import Killed  # noqa: E402
from tests.ml.training import material  # noqa: E402

from .test_work import GIVEN, planned_of, work, written  # noqa: E402

ASKED: dict[str, Any] = {"method": "dreambooth", "learning_rate": 1e-4, "text_rate": 1e-5, "steps": 4}
SAMPLED = {**ASKED, "sample_prompt": "a zorb", "sample_every": 4, "save_every": 2}


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandaloneHost]:
    with material.host(tmp_path_factory.mktemp("data")) as made:
        yield made


@pytest.fixture(scope="module")
def trained(host: StandaloneHost, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output folder of a training."""
    base = tmp_path_factory.mktemp("trained")
    for step in work(host, base, **SAMPLED).steps(0):
        for each in step.writes:
            each.path.parent.mkdir(exist_ok=True)
            each.path.write_bytes(each.after)
    return base / "out"


def header(data: bytes) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    return made


def test_each_file_is_a_whole_checkpoint_in_16_bits_with_its_yaml(trained: Path) -> None:
    names = {each.name for each in trained.iterdir()}
    assert names == {
        *("zorb.safetensors", "zorb.yaml", "zorb-000002.safetensors", "zorb-000002.yaml"),
        *("zorb-text-encoder", "zorb-samples"),
    }
    assert {"config.json", "vocab.json", "merges.txt"} <= {
        each.name for each in (trained / "zorb-text-encoder").iterdir()
    }
    yaml = (trained / "zorb-000002.yaml").read_text(encoding="utf-8")
    assert f"version: {trained.resolve() / 'zorb-text-encoder'}" in yaml
    found = header((trained / "zorb.safetensors").read_bytes())
    stated = found.pop("__metadata__")
    assert {name.partition(".")[0] for name in found} == {"model", "first_stage_model", "cond_stage_model"}
    weights = (each for name, each in found.items() if "position_ids" not in name)  # older transformers count positions
    assert {each["dtype"] for each in weights} == {"F16"}
    assert stated["modelspec.architecture"] == "stable-diffusion-v1"
    assert stated["sshs_model_hash"] == model_hash((trained / "zorb.safetensors").read_bytes())
    assert (stated["ss_steps"], stated["ss_output_name"], stated["ss_unet_lr"]) == ("4", "zorb", "0.0001")
    assert not {"ss_network_dim", "ss_network_alpha", "ss_network_module"} & stated.keys()
    assert str(trained.parent) not in json.dumps(stated)
    assert parse_metadata(stated).kind == "checkpoint"


def test_the_file_draws_what_the_samples_show(trained: Path) -> None:
    sample = decode_image((trained / "zorb-samples" / "000004-1.png").read_bytes())
    components = load_checkpoint(str(trained / "zorb.safetensors"), "cpu")
    seed = Chance(4).of_sample(0)
    asked = {**DRAWN_WITH, "prompt": "a zorb", "width": 64, "height": 64, "seed": seed, "clip_skip": 1}
    again = draw(components, SilentProgress(), **asked)
    before = decode_image((trained / "zorb-samples" / "000000-1.png").read_bytes())
    assert np.abs(again.astype(int) - sample).max() <= 2  # 16 bits
    assert np.abs(before.astype(int) - sample).max() > 10


def test_what_is_not_taught_is_the_checkpoints_own(host: StandaloneHost, trained: Path) -> None:
    import torch

    made = load_checkpoint(str(trained / "zorb.safetensors"), "cpu")
    with host.components() as components:
        own, theirs = components.vae.state_dict(), made.vae.state_dict()
        assert all(torch.equal(own[name], theirs[name]) for name in own)
        assert not torch.equal(components.unet.conv_in.weight, made.unet.conv_in.weight)


def test_killed_after_a_file_was_written_it_goes_on_to_the_same_checkpoint(
    host: StandaloneHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file of the second step is there, and the journal does not know it."""
    given = {**ASKED, **GIVEN, "steps": 4, "save_every": 2}
    whole = {name: model_hash(data) for name, data in written(list(work(host, tmp_path, **given).steps(0))).items()}
    out = tmp_path / "broken"
    out.mkdir()
    done = Journal.step_done

    def killed(journal: Journal, *given: Any, **named: Any) -> None:
        if (out / "zorb-000002.safetensors").exists():
            raise Killed
        done(journal, *given, **named)

    jobs = Jobs(host, {"train": TRAIN}.__getitem__, tmp_path / "jobs")
    try:
        asked = {"folder": str(tmp_path / "pictures"), "output_folder": str(out), **given}
        number = jobs.create("train", asked, trusted=True)
        monkeypatch.setattr(Journal, "step_done", killed)
        with pytest.raises(Killed):
            jobs.run_here(number, FakeProgress(), Stop())
        monkeypatch.setattr(Journal, "step_done", done)
        assert jobs.run_here(number, FakeProgress(), Stop()).state == "done"
    finally:
        jobs.close()
    for name in ("zorb-000002.safetensors", "zorb.safetensors"):
        assert model_hash((out / name).read_bytes()) == whole[name]


@pytest.mark.parametrize(("given", "kept"), [(3, 3), (4, 2)])
def test_it_goes_on_from_its_state(host: StandaloneHost, tmp_path: Path, given: int, kept: int) -> None:
    asked = {**ASKED, "steps": 5, "ema_decay": 0.9}
    whole = model_hash(written(list(work(host, tmp_path, **asked).steps(0)))["zorb.safetensors"])
    steps = work(host, tmp_path, **asked).steps(0)
    for _ in range(kept):
        next(steps)
    steps.close()  # type: ignore[attr-defined]
    assert model_hash(written(list(work(host, tmp_path, **asked).steps(given)))["zorb.safetensors"]) == whole


def test_a_checkpoint_of_another_is_never_written_over(host: StandaloneHost, tmp_path: Path) -> None:
    steps = work(host, tmp_path, **ASKED, save_every=2).steps(0)
    next(steps)
    there = tmp_path / "out" / "zorb-000002.safetensors"
    there.write_bytes(b"somebody's")
    with pytest.raises(OutputError, match=r"^zorb-000002\.safetensors in the output folder is another file"):
        next(steps)
    assert there.read_bytes() == b"somebody's"
    there.unlink()
    assert "zorb-000002.safetensors" in written(list(work(host, tmp_path, **ASKED, save_every=2).steps(1)))


@pytest.mark.parametrize("taken", ["zorb.safetensors", "zorb.yaml", "zorb-000002.safetensors"])
def test_a_name_that_any_of_its_files_has_is_taken(host: StandaloneHost, tmp_path: Path, taken: str) -> None:
    made = work(host, tmp_path, **ASKED)
    (tmp_path / "out" / taken).write_bytes(b"somebody's")
    with pytest.raises(InvalidParamError, match=f"name is taken: {taken} is in the output folder"):
        planned_of(made)


def test_the_plan_states_the_copy_the_files_and_the_memory(host: StandaloneHost, tmp_path: Path) -> None:
    made = planned_of(work(host, tmp_path, **ASKED))
    with host.components() as components:
        unet = sum(each.nbytes for each in components.unet.parameters())
        modules = (components.unet, components.vae, components.text_encoder)
        all_of_it = sum(each.numel() for module in modules for each in module.parameters())
    assert made.memory["weights"] > unet
    assert made.memory["gradients"] == made.memory["weights"]
    assert made.file_bytes == 2 * all_of_it
    assert made.copy_note.startswith("It teaches a copy of ")
    assert "each file has 12 MB" in made.copy_note
    assert made.copy_note in made.lines()
    lora = planned_of(work(host, tmp_path))
    assert (lora.file_bytes, lora.copy_note) == (None, "")


def test_without_rates_they_are_the_methods_own() -> None:
    def rates(**given: Any) -> tuple[float, float]:
        return rates_of(TRAIN.params_from({"folder": "a", **given}))

    assert rates() == rates(method="dora") == (1e-4, 5e-5)
    assert rates(method="dreambooth") == (2e-6, 0.0)
    assert rates(method="dreambooth", text_rate=1e-6) == (2e-6, 1e-6)
    assert rates(learning_rate=1e-3, text_rate=0.0) == (1e-3, 0.0)
    fixed = TRAIN.job.fixed(TRAIN.params_from({"folder": "a", "method": "dreambooth"}))  # type: ignore[union-attr]
    assert (fixed.learning_rate, fixed.text_rate) == (2e-6, 0.0)


def test_what_is_of_networks_alone_has_no_meaning() -> None:
    given = {"folder": "a", **PRESETS["dreambooth"], "rank": 4, "loraplus_ratio": 16.0, "rslora": True}
    made = settings_of(TRAIN.params_from(given))
    assert (made.whole, made.loraplus_ratio, made.rate, made.text_rate) == (True, 1.0, 2e-6, 0.0)
    shown = {each.name: each.spec.when for each in TRAIN.params.fields()}
    for name in ("rank", "alpha", "conv_rank", "rslora", "loraplus_ratio"):
        assert "dreambooth" not in shown[name]["method"]
    assert "dreambooth" in shown["blocks"]["method"]


def test_it_starts_from_no_lora() -> None:
    with pytest.raises(InvalidParamError, match="start_from has no meaning for dreambooth"):
        TRAIN.params_from({"folder": "a", "method": "dreambooth", "start_from": "zorb"})


def test_a_rate_of_loras_is_a_warning(host: StandaloneHost, tmp_path: Path) -> None:
    made = planned_of(work(host, tmp_path, **{**ASKED, "learning_rate": 1e-3}))
    assert any("A learning rate of 0.001 is far above what is usual (2e-6)" in each for each in made.warnings)


def test_a_checkpoint_that_predicts_v_states_that(
    host: StandaloneHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from contextlib import contextmanager

    lend = StandaloneHost.components

    @contextmanager
    def predicting_v(self: StandaloneHost) -> Iterator[Any]:
        with lend(self) as components:
            yield replace(components, scheduler={**components.scheduler, "prediction_type": "v_prediction"})

    monkeypatch.setattr(StandaloneHost, "components", predicting_v)
    files = written(list(work(host, tmp_path, **{**ASKED, "steps": 1}).steps(0)))
    assert b"parameterization: v" in files["zorb.yaml"]


@pytest.mark.parametrize("operation", [USE_LORA, SHARE_LORA, COMPARE_LORAS], ids=lambda each: each.name)
def test_what_is_for_loras_refuses_a_checkpoint_in_one_sentence(
    host: StandaloneHost, trained: Path, operation: Any
) -> None:
    name = "lora" if operation is not COMPARE_LORAS else "name"
    given = {"folder": str(trained), name: "zorb"}
    if operation is USE_LORA:
        given["lora_dir"] = str(trained)
    if operation is COMPARE_LORAS:
        given |= {"prompts": "a zorb", "steps": 1}
    with pytest.raises(
        ModelError, match="is a whole checkpoint, and no LoRA or embedding; draw with it as --checkpoint"
    ):
        operation.run(operation.params_from(given), Context.of_terminal(host, SilentProgress()))


def test_metadata_never_change_what_a_checkpoint_is_known_by(trained: Path) -> None:
    data = (trained / "zorb.safetensors").read_bytes()
    assert model_hash(with_metadata(data, {"a": "b"})) == model_hash(data)
