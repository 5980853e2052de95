"""The small checkpoint that comes along draws what a prompt asks for, in both of its forms."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.ml.needs import skip_without_models

skip_without_models("diffusers", "transformers")

from lib_bootcamp.context import Context  # noqa: E402
from lib_bootcamp.core.images.arrays import Image  # noqa: E402
from lib_bootcamp.core.images.codec import read_image  # noqa: E402
from lib_bootcamp.core.models.files import MODELS  # noqa: E402
from lib_bootcamp.hosts.standalone import StandaloneHost  # noqa: E402
from lib_bootcamp.operations.describe.classify import ClassifyParams, classify  # noqa: E402
from lib_bootcamp.operations.draw.txt2img import Txt2ImgParams, Txt2ImgResult, draw_picture  # noqa: E402
from lib_bootcamp.ports import SilentProgress  # noqa: E402
from lib_bootcamp.surfaces.cli import demo  # noqa: E402
from tests.ml.tiny_sd import parts  # noqa: E402

SHAPES = tuple(f"a {each}" for each in ("circle", "square", "triangle", "star", "cross", "ring", "heart", "diamond"))
COLORS = tuple(
    f"a {each} shape" for each in ("red", "yellow", "green", "blue", "purple", "pink", "white", "black", "gray")
)
ASKED = (
    ("circle", "red", "white"),
    ("square", "blue", "yellow"),
    ("star", "yellow", "blue"),
    ("cross", "green", "white"),
    ("triangle", "red", "black"),
    ("heart", "pink", "black"),
    ("diamond", "purple", "white"),
    ("ring", "black", "yellow"),
)


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> StandaloneHost:
    """One host on the processor, so that models are loaded once."""
    return StandaloneHost(device="cpu", data_dir=tmp_path_factory.mktemp("data"))


def drawn(host: StandaloneHost, prompt: str, **values: Any) -> Txt2ImgResult:
    return draw_picture(
        Txt2ImgParams(prompt=prompt, **{"seed": 1, **values}), Context.of_terminal(host, SilentProgress())
    )


def reported(host: StandaloneHost, pictures: list[Image], groups: dict[str, Any]) -> list[tuple[str | None, ...]]:
    """What mini-clip says of each group."""
    made = classify(ClassifyParams(images=tuple(pictures), groups=groups), Context.of_terminal(host, SilentProgress()))
    return [tuple(each.label for each in image.groups) for image in made.images]


@pytest.mark.parametrize("side", [128, 256])
def test_shape_and_color_of_most_pictures_are_those_of_the_prompt(host: StandaloneHost, side: int) -> None:
    prompts = [f"a {color} {shape} on a {behind} background" for shape, color, behind in ASKED]
    pictures = [drawn(host, prompt, width=side, height=side).image for prompt in prompts]
    assert all(each.shape == (side, side, 3) for each in pictures)
    seen = reported(host, pictures, {"shape": SHAPES, "color": COLORS})
    hits = [
        (shape == f"a {asked[0]}") + (color == f"a {asked[1]} shape")
        for (shape, color), asked in zip(seen, ASKED, strict=True)
    ]
    assert sum(hits) >= 10, seen  # of 16: colors are drawn nearly always, shapes mostly


def test_a_seed_draws_the_same_picture_again_and_another_seed_another(host: StandaloneHost) -> None:
    first, again, other = (drawn(host, "a red circle", seed=seed, steps=6).image for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first.astype(int) - other).mean() > 2


def test_the_side_is_the_checkpoints_own_where_none_is_given(host: StandaloneHost) -> None:
    made = drawn(host, "a red circle", steps=1)
    assert (made.width, made.height, made.checkpoint) == (128, 128, "mini")


def test_written_as_one_file_it_draws_the_same_picture(host: StandaloneHost, tmp_path: Path) -> None:
    from lib_bootcamp.ml.checkpoints.single_file import write_single_file

    with host.components() as components:
        write_single_file(parts(components), tmp_path / "mini-sd.safetensors")
    file = StandaloneHost(device="cpu", data_dir=tmp_path, checkpoint=str(tmp_path / "mini-sd.safetensors"))
    ours, theirs = (drawn(each, "a green star on a white background").image for each in (host, file))
    assert np.abs(ours.astype(int) - theirs).max() <= 1


def test_its_text_encoder_is_mini_clips_text_tower_whichever_transformers_reads_it(host: StandaloneHost) -> None:
    from safetensors import safe_open

    with safe_open(str(MODELS / "mini-clip" / "open_clip_model.safetensors"), "np") as clip:
        scale = clip.get_tensor("ln_final.weight")
    with host.components() as components:
        text = components.text_encoder
        norm = getattr(text, "text_model", text).final_layer_norm
        np.testing.assert_array_equal(norm.weight.numpy(), scale.astype(np.float32))


def test_the_small_models_are_safetensors_and_text_of_at_most_20_mb_with_cards() -> None:
    files = [path for path in MODELS.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} == {".safetensors", ".json", ".txt", ".md"}
    assert sum(path.stat().st_size for path in files) <= 20_000_000
    assert all((folder / "README.md").read_text(encoding="utf-8") for folder in MODELS.iterdir())


def test_demo_and_serve_say_that_they_draw_with_the_small_checkpoint(
    host: StandaloneHost, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    import argparse

    given = {"out": str(tmp_path), "content": "https://example.com", "train_steps": 2}
    assert demo.run(host, argparse.Namespace(**given)) == 0
    out, err = capsys.readouterr()
    assert "--checkpoint" in err
    assert "a red shape" in out.partition("drawn with mini")[2]
    assert "a yellow shape" in out.partition("drawn with mini")[2]
    assert out.count("caption:") == out.count("prompt: ") == 2
    assert (tmp_path / "drawn-1.png").is_file()
    assert "zorb.safetensors was taught: 16 pictures, 16 with a caption, 2 steps of 128 px" in out
    before, after = (read_image(tmp_path / f"{name}.png") for name in ("before", "after"))
    assert not np.array_equal(before, after)
