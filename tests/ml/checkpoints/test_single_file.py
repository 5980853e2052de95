"""One file in LDM's layout, read and written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.ml.needs import skip_without_models

skip_without_models("diffusers", "transformers")

import torch  # noqa: E402, TID253

from lib_bootcamp.core.networks.container import with_metadata  # noqa: E402
from lib_bootcamp.errors import CancelledError, ModelError  # noqa: E402
from lib_bootcamp.ml.checkpoints.ldm_config import ldm_config  # noqa: E402
from lib_bootcamp.ml.checkpoints.ldm_names import to_ldm  # noqa: E402
from lib_bootcamp.ml.checkpoints.load import load_checkpoint  # noqa: E402
from lib_bootcamp.ml.checkpoints.single_file import checkpoint_kind, write_single_file  # noqa: E402
from lib_bootcamp.ml.diffusion.text_to_image import SAMPLERS, draw, native_side  # noqa: E402
from lib_bootcamp.ports import SilentProgress  # noqa: E402
from tests.ml.tiny_sd import parts, tiny_folder  # noqa: E402

ASKED: dict[str, Any] = {
    "prompt": "a red circle",
    "negative_prompt": "",
    "width": 64,
    "height": 128,
    "steps": 2,
    "cfg_scale": 4.0,
    "sampler": "DPM++ 2M",
    "seed": 3,
    "clip_skip": 1,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_folder(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def components(folder: Path) -> Any:
    return load_checkpoint(str(folder), "cpu")


@pytest.fixture(scope="module")
def single(components: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("single") / "tiny.safetensors"
    write_single_file(parts(components), path)
    return path


def test_a_file_written_and_read_again_holds_the_same_weights(components: Any, single: Path) -> None:
    again = load_checkpoint(str(single), "cpu")
    for name in ("unet", "vae", "text_encoder"):
        before, after = getattr(components, name).state_dict(), getattr(again, name).state_dict()
        assert before.keys() == after.keys()
        assert all(torch.equal(before[key].half(), after[key].half()) for key in before)


def test_the_license_of_a_file_is_lent_with_it(components: Any, single: Path, tmp_path: Path) -> None:
    named = tmp_path / "named.safetensors"
    named.write_bytes(with_metadata(single.read_bytes(), {"modelspec.license": "openrail"}))
    assert load_checkpoint(str(named), "cpu").license == "openrail"
    assert components.license == ""


def test_the_picture_is_the_same_from_the_folder_and_from_the_file(components: Any, single: Path) -> None:
    again = load_checkpoint(str(single), "cpu")
    first, second = draw(components, SilentProgress(), **ASKED), draw(again, SilentProgress(), **ASKED)
    assert np.abs(first.astype(int) - second.astype(int)).mean() < 2  # the file has 16 bits
    assert first.shape == (128, 64, 3)


def test_shapes_alone_give_the_configuration_but_for_the_heads(components: Any, single: Path) -> None:
    yaml = pytest.importorskip("yaml")
    shapes = {name: value.shape for name, value in to_ldm(*list(parts(components).values())[:3]).items()}
    reported = ldm_config(shapes)["model"]["params"]
    written = yaml.safe_load(single.with_suffix(".yaml").read_text())["model"]["params"]
    reported["unet_config"]["params"]["num_heads"] = written["unet_config"]["params"]["num_heads"]
    assert reported["unet_config"] == written["unet_config"]
    assert reported["first_stage_config"] == written["first_stage_config"]


def test_the_file_is_known_from_its_header(single: Path, tmp_path: Path) -> None:
    assert checkpoint_kind(single) == "sd1"
    half = tmp_path / "half.safetensors"
    half.write_bytes(single.read_bytes()[:5000])
    with pytest.raises(ModelError, match=r"^half\.safetensors is cut off"):
        checkpoint_kind(half)


def test_numbers_of_a_type_that_nothing_here_reads_are_one_sentence_of_ours(tmp_path: Path) -> None:
    path = tmp_path / "future.safetensors"
    header = json.dumps({"a": {"dtype": "X9", "shape": [1], "data_offsets": [0, 1]}}).encode()
    path.write_bytes(len(header).to_bytes(8, "little") + header + b"\0")
    with pytest.raises(ModelError, match=r"^future\.safetensors holds numbers of a type .*does not know\.$"):
        checkpoint_kind(path)


def test_a_pickle_is_refused(tmp_path: Path) -> None:
    pickle = tmp_path / "model.ckpt"
    pickle.write_bytes(b"\x80\x04")
    with pytest.raises(ModelError, match=r"only \.safetensors"):
        load_checkpoint(str(pickle), "cpu")


def test_a_missing_file_and_a_folder_without_an_index_say_so(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="There is no checkpoint"):
        load_checkpoint(str(tmp_path / "none.safetensors"), "cpu")
    with pytest.raises(ModelError, match=r"model_index\.json"):
        load_checkpoint(str(tmp_path), "cpu")


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_every_sampler_draws_and_repeats_itself(components: Any, sampler: str) -> None:
    asked = {**ASKED, "sampler": sampler, "height": 64}
    first, second = (draw(components, SilentProgress(), **asked) for _ in range(2))
    assert np.array_equal(first, second)
    assert first.std() > 0


def test_another_seed_is_another_picture(components: Any) -> None:
    first, second = (draw(components, SilentProgress(), **{**ASKED, "seed": seed}) for seed in (1, 2))
    assert not np.array_equal(first, second)


def test_a_stop_ends_the_drawing_within_a_step(components: Any) -> None:
    progress = SilentProgress()
    progress.cancel()
    with pytest.raises(CancelledError):
        draw(components, progress, **ASKED)


def test_the_native_side_is_the_latents_times_the_vae_s_factor(components: Any) -> None:
    assert native_side(components) == 128
