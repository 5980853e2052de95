"""Prompts with weights, embeddings and more than 75 tokens, as what the UNet attends to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.ml.needs import skip_without_models

skip_without_models("diffusers", "transformers")

from lib_bootcamp.errors import InvalidParamError  # noqa: E402
from lib_bootcamp.hosts.standalone import StandaloneHost  # noqa: E402
from lib_bootcamp.ml.diffusion.prompts import prompts_for  # noqa: E402
from lib_bootcamp.ml.diffusion.text_to_image import _pipeline, draw  # noqa: E402
from lib_bootcamp.ml.diffusion.words import Word  # noqa: E402
from lib_bootcamp.ports import Components, SilentProgress  # noqa: E402
from tests.ml.networks.embeddings import random_vectors  # noqa: E402
from tests.ml.tiny_sdxl import tiny_sdxl  # noqa: E402

torch: Any = pytest.importorskip("torch")


@pytest.fixture(scope="module")
def sd1(tmp_path_factory: pytest.TempPathFactory) -> Components:
    with StandaloneHost(device="cpu", data_dir=tmp_path_factory.mktemp("data")).components() as components:
        return components


@pytest.fixture(scope="module", params=["sd1", "sdxl"])
def components(request: pytest.FixtureRequest, sd1: Components) -> Components:
    return sd1 if request.param == "sd1" else tiny_sdxl(sd1)


def states(components: Components, prompt: str, words: Any = ()) -> Any:
    return prompts_for(components, prompt, "", 1, words)["prompt_embeds"]


def piped(components: Components, prompt: str) -> Any:
    """What diffusers' own pipeline makes of a prompt."""
    given = {"device": "cpu", "num_images_per_prompt": 1, "do_classifier_free_guidance": True}
    return _pipeline(components, "DDIM").encode_prompt(prompt=prompt, negative_prompt=None, **given)


def test_what_diffusers_reads_alike_is_left_to_it(components: Components) -> None:
    word = Word("zorb", random_vectors(components))
    assert prompts_for(components, "a red circle, {big}", "", 1, [word]) == {
        "prompt": "a red circle, {big}",
        "negative_prompt": None,
    }
    assert prompts_for(components, "a", "b", 1)["negative_prompt"] == "b"
    for text in ("a (red) circle", "a BREAK b", "red " * 76, "a zorb", r"\(a\)"):
        assert "prompt_embeds" in prompts_for(components, text, "", 1, [word]), text
        assert "prompt_embeds" in prompts_for(components, "a", text, 1, [word]), text


def test_it_is_what_diffusers_makes_where_nothing_is_weighed(components: Components) -> None:
    with torch.inference_mode():
        expected = piped(components, "a red (circle)")
        made = prompts_for(components, r"a red \(circle\)", "", 1)
    assert torch.allclose(made["prompt_embeds"], expected[0], atol=1e-6)
    assert torch.allclose(made["negative_prompt_embeds"], expected[1], atol=1e-6)
    if components.family == "sdxl":
        assert torch.allclose(made["pooled_prompt_embeds"], expected[2], atol=1e-6)
        assert torch.equal(made["negative_pooled_prompt_embeds"], torch.zeros_like(expected[3]))


def test_ends_of_lines_are_blanks_to_every_tokenizer(components: Components) -> None:
    """One by one they cost a slow one a look at each line."""
    assert prompts_for(components, "a red\r\ncircle\n", "\n", 1)["prompt"] == "a red  circle "
    lines, blanks = (
        prompts_for(components, text, "", 2)["prompt_embeds"] for text in ("a red\ncircle", "a red circle")
    )
    assert torch.equal(lines, blanks)


def test_clip_skip_takes_an_earlier_layer_of_both_prompts(components: Components) -> None:
    """The last norm is put on it, but for SDXL, whose first layer is the one before the last."""
    ids = components.tokenizer("a red circle", padding="max_length", max_length=77, return_tensors="pt").input_ids
    with torch.inference_mode():
        hidden = components.text_encoder(ids, output_hidden_states=True).hidden_states
    expected = hidden[-3]
    if components.family == "sd1":
        inner = getattr(components.text_encoder, "text_model", components.text_encoder)
        expected = inner.final_layer_norm(hidden[-2])
    made = prompts_for(components, "a red circle", "a red circle", 2)
    width = expected.shape[-1]
    assert torch.allclose(made["prompt_embeds"][..., :width], expected, atol=1e-6)
    assert torch.equal(made["prompt_embeds"], made["negative_prompt_embeds"])


def test_a_picture_is_drawn_with_clip_skip(sd1: Components) -> None:
    given = {"negative_prompt": "b", "width": 64, "height": 64, "steps": 2, "cfg_scale": 5.0, "sampler": "DDIM"}
    one, other = (
        draw(sd1, SilentProgress(), prompt="a red circle", seed=1, clip_skip=skip, **given) for skip in (1, 2)
    )
    assert (one != other).any()


def test_a_word_is_its_vectors_where_its_name_stands(components: Components) -> None:
    """The vectors of tokens that there are give what these tokens give."""
    tokens = components.tokenizer("red circle", add_special_tokens=False).input_ids
    encoders = {"text_encoder": components.text_encoder, "text_encoder_2": components.text_encoder_2}
    own = {
        part: each.get_input_embeddings().weight[tokens].float() for part, each in encoders.items() if each is not None
    }
    with torch.inference_mode():
        expected = piped(components, "a red circle here")
    made = prompts_for(components, "a Zorb-2 here", "", 1, [Word("zorb-2", own)])
    assert torch.allclose(made["prompt_embeds"], expected[0], atol=1e-6)
    if components.family == "sdxl":
        assert torch.allclose(made["pooled_prompt_embeds"], expected[2], atol=1e-6)


def test_a_weight_is_on_all_vectors_and_the_mean_stays(sd1: Components) -> None:
    word = Word("zorb", random_vectors(sd1, 3))
    plain, weighed = states(sd1, "a zorb here", [word]), states(sd1, "a (zorb:1.5) here", [word])
    ratio = (weighed / plain).median(-1).values[0]
    factors = ratio / ratio[0]
    assert factors[2:5].tolist() == pytest.approx([1.5] * 3, rel=1e-3)
    assert [*factors[:2].tolist(), *factors[5:].tolist()] == pytest.approx([1] * 74, rel=1e-3)
    assert float(weighed.mean()) == pytest.approx(float(plain.mean()), rel=1e-3)


def test_vectors_count_as_tokens_of_a_chunk_and_stay_together(sd1: Components) -> None:
    word = Word("zorb", random_vectors(sd1, 4))
    assert states(sd1, f"{'red ' * 71}zorb", [word]).shape[1] == 77
    two = states(sd1, f"{'red ' * 72}zorb", [word])
    assert two.shape[1] == 154
    alone = states(sd1, "zorb", [word])
    assert torch.allclose(two[:, 77:], alone, atol=1e-5)


def test_the_shorter_prompt_is_filled_with_empty_chunks(components: Components) -> None:
    made = prompts_for(components, "red " * 80, "blue", 1)
    assert made["prompt_embeds"].shape == made["negative_prompt_embeds"].shape
    assert made["prompt_embeds"].shape[1] == 154
    again = prompts_for(components, "(blue:1)", "red " * 80, 1)
    assert torch.equal(again["prompt_embeds"], made["negative_prompt_embeds"])


@pytest.mark.parametrize("given", [("BREAK " * 65, ""), ("", "red " * 75 * 64 + "red"), ("", "a BREAK " * 64 + "a")])
def test_more_chunks_than_are_drawn_are_refused(sd1: Components, given: tuple[str, str]) -> None:
    with pytest.raises(InvalidParamError, match="makes 65 chunks of 75 tokens; at most 64 are drawn") as caught:
        prompts_for(sd1, *given, 1)
    assert caught.value.param == ("prompt" if given[0] else "negative_prompt")


def test_the_table_and_the_encoder_are_as_they_were(components: Components) -> None:
    table = components.text_encoder.get_input_embeddings().weight
    before = table.clone()
    states(components, "a (zorb:1.3)", [Word("zorb", random_vectors(components))])
    assert torch.equal(table, before)
    hooks = [hook for each in components.text_encoder.modules() for hook in each._forward_hooks.values()]
    assert not [hook for hook in hooks if "bootcamp" in hook.__module__]


def test_sdxl_is_drawn_with_words(sd1: Components, tmp_path: Path) -> None:
    components = tiny_sdxl(sd1)
    word = Word("zorb", random_vectors(components))
    given = {"negative_prompt": "", "width": 64, "height": 64, "steps": 2, "cfg_scale": 5.0, "sampler": "DDIM"}
    one, other = (
        draw(components, SilentProgress(), prompt="a zorb", seed=1, clip_skip=1, words=words, **given)
        for words in ((), (word,))
    )
    assert one.shape == other.shape == (64, 64, 3)
    assert (one != other).any()
