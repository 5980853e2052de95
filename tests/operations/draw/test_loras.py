"""`<lora:name:1>` in the prompt of a standalone drawing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.ml.needs import skip_without_models

skip_without_models("diffusers", "transformers")

from lib_bootcamp.context import Context  # noqa: E402
from lib_bootcamp.core.png_info.infotext import parse, read  # noqa: E402
from lib_bootcamp.errors import InvalidParamError, ModelError, NoNumbersError, NotAllowedError  # noqa: E402
from lib_bootcamp.hosts.standalone import StandaloneHost  # noqa: E402
from lib_bootcamp.ml.networks.file import read_lora  # noqa: E402
from lib_bootcamp.operations.draw.loras import loras_of_prompt  # noqa: E402
from lib_bootcamp.operations.draw.txt2img import TXT2IMG, Txt2ImgParams, Txt2ImgResult, draw_picture  # noqa: E402
from lib_bootcamp.ports import SilentProgress  # noqa: E402
from tests.ml.networks.loras import random_lora  # noqa: E402

PROMPT = "a red circle"


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> StandaloneHost:
    return StandaloneHost(device="cpu", data_dir=tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def folder(host: StandaloneHost, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("loras")
    with host.components() as components:
        random_lora(components, made / "shapes.safetensors", output_name="by_its_own_name")
    return made


def params_of(prompt: str, folder: Path | None) -> Txt2ImgParams:
    return Txt2ImgParams(prompt=prompt, seed=1, steps=2, lora_dir=str(folder) if folder else None)


def drawn(host: StandaloneHost, prompt: str, folder: Path | None) -> Txt2ImgResult:
    return draw_picture(params_of(prompt, folder), Context.of_terminal(host, SilentProgress()))


def test_a_lora_changes_the_picture_and_leaves_no_trace_in_the_next(host: StandaloneHost, folder: Path) -> None:
    before = drawn(host, PROMPT, folder).image
    changed = drawn(host, f"{PROMPT} <lora:shapes:1>", folder).image
    none = drawn(host, f"{PROMPT} <lora:shapes:0>", folder).image
    after = drawn(host, PROMPT, None).image
    assert np.abs(before.astype(int) - changed).mean() > 2
    np.testing.assert_array_equal(before, none)
    np.testing.assert_array_equal(before, after)


def test_text_encoder_and_unet_have_their_own_weights(host: StandaloneHost, folder: Path) -> None:
    both, text, unet = (
        drawn(host, f"{PROMPT} <lora:shapes:{weights}>", folder).image for weights in ("1", "1:0", "te=0:unet=1")
    )
    assert not np.array_equal(both, text)
    assert not np.array_equal(text, unet)
    assert not np.array_equal(both, unet)


def test_the_infotext_has_the_prompt_as_given_and_the_hash_as_the_webui_writes_it(
    host: StandaloneHost, folder: Path
) -> None:
    prompt = f"{PROMPT} <lora:by_its_own_name:0.5>"
    result = drawn(host, prompt, folder)
    texts = TXT2IMG.made_text(params_of(prompt, folder), result)
    text = texts["parameters"]
    assert str(folder) not in "".join(texts.values())
    short = read_lora(folder / "shapes.safetensors").short_hash
    assert len(short) == 12
    assert parse(text).prompt == prompt
    assert f'Lora hashes: "by_its_own_name: {short}"' in text
    lora = read(text).loras[0]
    assert (lora.name, lora.weight, lora.hash) == ("by_its_own_name", 0.5, short)
    assert (read(text).seed, read(text).steps, read(text).width) == (1, 2, 128)


def test_a_name_that_is_not_there_is_one_sentence_before_anything_is_loaded(folder: Path) -> None:
    nothing: Any = None
    context = Context.of_terminal(nothing, SilentProgress())
    with pytest.raises(InvalidParamError, match="'shape', which is not in the folder; there is shapes"):
        loras_of_prompt("<lora:shape:1>", str(folder), context)
    with pytest.raises(InvalidParamError, match="lora_dir is not given, and the prompt names the LoRA shapes"):
        loras_of_prompt("<lora:shapes:1>", None, context)


def test_a_caller_over_the_network_may_name_allowed_folders_only(folder: Path, tmp_path: Path) -> None:
    allowed = StandaloneHost(device="cpu", data_dir=tmp_path, allowed=(folder,))
    assert loras_of_prompt("<lora:shapes:1>", str(folder), Context.of_api(allowed, SilentProgress())).prompt == ""
    other = Context.of_api(StandaloneHost(device="cpu", data_dir=tmp_path), SilentProgress())
    with pytest.raises(NotAllowedError, match="lora_dir"):
        loras_of_prompt("<lora:shapes:1>", str(folder), other)


def test_a_damaged_file_is_a_sentence_without_its_place(tmp_path: Path) -> None:
    (tmp_path / "bad.safetensors").write_bytes(b"\xff" * 100)
    nothing: Any = None
    with pytest.raises(ModelError, match=r"bad\.safetensors is not a safetensors file") as caught:
        loras_of_prompt("<lora:bad:1>", str(tmp_path), Context.of_terminal(nothing, SilentProgress()))
    assert str(tmp_path) not in str(caught.value)


def test_a_lora_that_leaves_no_numbers_is_named_and_precision_is_not_to_blame(
    host: StandaloneHost, tmp_path: Path
) -> None:
    with host.components() as components:
        random_lora(components, tmp_path / "huge.safetensors", size=250)
        random_lora(components, tmp_path / "mild.safetensors", size=0.01)
    with pytest.raises(ModelError, match=r"^With huge the checkpoint makes no numbers \(NaN\); lower its weight\.$"):
        drawn(host, f"{PROMPT} <lora:huge:1e30>", tmp_path)
    with pytest.raises(ModelError, match=r"^With mild, huge the checkpoint makes .*; lower their weights\.$"):
        drawn(host, f"{PROMPT} <lora:mild:1> <lora:huge:1e30>", tmp_path)
    assert drawn(host, PROMPT, None).image.any()


def test_a_checkpoint_that_makes_no_numbers_in_32_bits_is_not_to_be_run_in_32(host: StandaloneHost) -> None:
    with host.components() as components:
        weight = next(components.unet.parameters())
        kept = weight.detach().clone()
        weight.detach().fill_(float("nan"))
        try:
            with pytest.raises(NoNumbersError, match="in float32; it may be damaged"):
                drawn(host, PROMPT, None)
        finally:
            weight.detach().copy_(kept)
