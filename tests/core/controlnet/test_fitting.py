"""Which ControlNets a checkpoint of an odd text width can use, on files of headers alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lib_bootcamp.core.controlnet.fitting import fitting

CHECKPOINT = "model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight"
CONTROLNET = "control_model.input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight"
DIFFUSERS = "down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.weight"


def model(path: Path, tensor: str, width: int) -> Path:
    """A file of one tensor, written by hand: what is tested needs no safetensors."""
    size = 4 * 8 * width
    header = json.dumps({tensor: {"dtype": "F32", "shape": [8, width], "data_offsets": [0, size]}}).encode()
    path.write_bytes(len(header).to_bytes(8, "little") + header + bytes(size))
    return path


@pytest.fixture
def models(tmp_path: Path) -> dict[str, Path | None]:
    (tmp_path / "old.pth").write_bytes(b"no header")
    return {
        "canny [1234]": model(tmp_path / "canny.safetensors", CONTROLNET, 768),
        "own": model(tmp_path / "own.safetensors", DIFFUSERS, 48),
        "adapter": model(tmp_path / "adapter.safetensors", "adapter.body.0.block1.weight", 64),
        "old": tmp_path / "old.pth",
        "gone": None,
    }


def test_a_model_of_another_width_does_not_fit_and_says_why(models: dict[str, Path | None], tmp_path: Path) -> None:
    found = fitting(models, model(tmp_path / "small.safetensors", CHECKPOINT, 48))
    assert list(found.models) == ["own", "adapter", "old", "gone"]
    assert found.unfit == {"canny [1234]": "canny looks at a text of 768 numbers a token, and the checkpoint's has 48"}
    assert found.note == (
        "No ControlNet is known for this checkpoint, whose text encoder is 48 wide: "
        "choose one of SD1.5, SD2.1 or SDXL to use ControlNet."
    )


@pytest.mark.parametrize("width", [768, 1024, 2048])
def test_a_checkpoint_of_a_known_base_is_left_to_its_base(
    width: int, models: dict[str, Path | None], tmp_path: Path
) -> None:
    found = fitting(models, model(tmp_path / "usual.safetensors", CHECKPOINT, width))
    assert (found.models, found.unfit, found.note) == (models, {}, "")


def test_a_checkpoint_whose_width_is_not_known_leaves_all_in(models: dict[str, Path | None], tmp_path: Path) -> None:
    (tmp_path / "flux.safetensors").write_bytes(b"")
    for checkpoint in (None, tmp_path / "flux.safetensors", tmp_path / "gone.safetensors"):
        assert fitting(models, checkpoint).models == models
