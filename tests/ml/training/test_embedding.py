"""Vectors of a new word that learn beside a checkpoint, which stays bit for bit what it was."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.ml.needs import skip_without_models

skip_without_models("diffusers", "transformers")

from lib_bootcamp.core.training.captions import Wording  # noqa: E402
from lib_bootcamp.errors import InvalidParamError  # noqa: E402
from lib_bootcamp.hosts.standalone import StandaloneHost  # noqa: E402
from lib_bootcamp.ml.diffusion.text_to_image import draw  # noqa: E402
from lib_bootcamp.ml.diffusion.words import Lexicon, tokens_of  # noqa: E402
from lib_bootcamp.ml.training.state import State  # noqa: E402
from lib_bootcamp.ml.training.texts import pieces_of, prompted  # noqa: E402
from lib_bootcamp.ml.training.trainer import Trainer  # noqa: E402
from lib_bootcamp.ports import Components, SilentProgress  # noqa: E402
from tests.ml.tiny_sdxl import WIDTHS, tiny_sdxl  # noqa: E402
from tests.ml.training import material  # noqa: E402

torch: Any = pytest.importorskip("torch")
ASKED = {"negative_prompt": "", "width": 64, "height": 64, "steps": 2, "cfg_scale": 5.0, "sampler": "DDIM", "seed": 1}
CAPTION = "a zorb, pink, on gray"


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandaloneHost]:
    with material.host(tmp_path_factory.mktemp("data")) as made:
        yield made


@pytest.fixture(scope="module")
def sd1(host: StandaloneHost) -> Components:
    with host.components() as components:
        return components


@pytest.fixture(scope="module")
def sdxl(sd1: Components) -> Components:
    return tiny_sdxl(sd1)


def settings(**changed: Any) -> Any:
    given = {"vectors": 3, "text_rate": 5e-3, "decay": 0.0, "wording": Wording(name="zorb", word=True)}
    return material.settings(**{**given, **changed})


def begun(components: Components, folder: Path, **changed: Any) -> Trainer:
    return Trainer(material.examples(folder / "pictures"), settings(**changed), folder / "latents", components)


def go_on(trainer: Trainer, components: Components, until: int) -> list[Any]:
    return [trainer.take(components) for _ in range(until - trainer.step)]


def vectors(trainer: Trainer) -> list[Any]:
    return [each.detach().clone() for each in trainer.words[0].vectors.values()]


def drawn(components: Components, prompt: str, words: Any = ()) -> Any:
    return draw(components, SilentProgress(), prompt=prompt, clip_skip=1, words=words, **ASKED)


def weights(components: Components) -> dict[str, Any]:
    parts = ("unet", "text_encoder", "text_encoder_2")
    modules = {part: getattr(components, part) for part in parts if getattr(components, part) is not None}
    return {
        f"{part}.{name}": value.clone() for part, each in modules.items() for name, value in each.state_dict().items()
    }


@pytest.mark.parametrize("family", ["sd1", "sdxl"])
def test_only_the_new_vectors_change_and_the_checkpoint_draws_between_steps_what_it_drew(
    request: pytest.FixtureRequest, tmp_path: Path, family: str
) -> None:
    components: Components = request.getfixturevalue(family)
    before, picture = weights(components), drawn(components, CAPTION)
    trainer = begun(components, tmp_path, checkpointing=family == "sdxl")
    first = vectors(trainer)
    assert [tuple(each.shape) for each in first] == [(3, width) for width in (WIDTHS if family == "sdxl" else (48,))]
    for step in (1, 2):
        (made,) = go_on(trainer, components, step)
        assert made.loss is not None
        np.testing.assert_array_equal(drawn(components, CAPTION), picture)
    after = weights(components)
    assert [name for name, value in before.items() if not torch.equal(value, after[name])] == []
    assert all(bool((old != new).any(1).all()) for old, new in zip(first, vectors(trainer), strict=True))
    for each in (components.unet, components.text_encoder):
        assert all(value.grad is None for value in each.parameters())
        hooks = [hook for module in each.modules() for hook in module._forward_hooks.values()]
        assert not [hook for hook in hooks if "bootcamp" in hook.__module__]
    with trainer.drawing(components) as words:
        assert not np.array_equal(drawn(components, CAPTION, words), picture)
        np.testing.assert_array_equal(drawn(components, "a star", words), drawn(components, "a star"))


@pytest.mark.parametrize(
    ("family", "more"),
    [
        ("sd1", {}),
        ("sdxl", {"ema_decay": 0.9, "validation_split": 0.3, "keep_norm": True, "accumulate": 2}),
        ("sd1", {"optimizer": "adafactor", "loraplus_ratio": 4.0}),
    ],
    ids=["plain", "sdxl with everything", "adafactor"],
)
def test_an_embedding_that_was_stopped_ends_bit_for_bit_as_one_that_was_not(
    request: pytest.FixtureRequest, tmp_path: Path, family: str, more: dict[str, Any]
) -> None:
    components: Components = request.getfixturevalue(family)
    whole = begun(components, tmp_path, steps=4, **more)
    losses = [each.loss for each in go_on(whole, components, 4)]
    first = begun(components, tmp_path, steps=4, **more)
    go_on(first, components, 2)
    first.state().write(tmp_path / "state")
    kept = State.read(tmp_path / "state")
    assert kept is not None
    second = begun(components, tmp_path, steps=4, **more)
    second.load(kept)
    assert [each.loss for each in go_on(second, components, 4)] == losses[2:]
    assert all(torch.equal(a, b) for a, b in zip(vectors(whole), vectors(second), strict=True))
    with whole.learned(), second.learned():
        assert all(torch.equal(a, b) for a, b in zip(vectors(whole), vectors(second), strict=True))


def test_an_embedding_learns(sd1: Components, tmp_path: Path) -> None:
    trainer = begun(sd1, tmp_path, steps=40, text_rate=5e-2, batch=4)
    found = material.examples(tmp_path / "pictures")

    def held_out() -> float:
        with trainer.drawing(sd1), torch.no_grad():
            source = trainer.chance.of_step(10**6)
            latents = torch.stack([trainer._latents_of(sd1, found.examples[0], flipped=False)[0]] * 4)
            drawn = trainer.noise.drawn(latents, source, steps=[200, 400, 600, 800])
            predicted = trainer.predictor(sd1, drawn, latents, [CAPTION] * 4)
            return float(trainer.noise.loss(predicted, latents, drawn).mean())

    before = held_out()
    go_on(trainer, sd1, 40)
    assert held_out() < 0.9 * before


def test_words_that_are_fewer_than_the_vectors_are_repeated_as_the_webui_does(sd1: Components, tmp_path: Path) -> None:
    table = sd1.text_encoder.get_input_embeddings().weight.float()
    tokens = tokens_of(sd1.tokenizer, "red circle")
    assert len(tokens) == 2
    (begun_as,) = vectors(begun(sd1, tmp_path, vectors=5, init_text="red circle"))
    expected = [tokens[at * 2 // 5] for at in range(5)]
    assert expected == [tokens[0]] * 3 + [tokens[1]] * 2
    assert torch.equal(begun_as, table[expected])
    (fewer,) = vectors(begun(sd1, tmp_path, vectors=1, init_text="red circle"))
    assert torch.equal(fewer, table[tokens[:1]])
    with pytest.raises(InvalidParamError, match="init_text has no word"):
        begun(sd1, tmp_path, init_text="  ")


def test_vectors_that_keep_their_norm_are_as_long_as_the_checkpoints_own(sd1: Components, tmp_path: Path) -> None:
    usual = sd1.text_encoder.get_input_embeddings().weight.float().norm(dim=1).median()
    kept, free = begun(sd1, tmp_path, keep_norm=True, text_rate=0.1), begun(sd1, tmp_path, text_rate=0.1)
    go_on(kept, sd1, 2)
    go_on(free, sd1, 2)
    assert torch.allclose(vectors(kept)[0].norm(dim=1), usual, rtol=1e-4)
    assert not torch.allclose(vectors(free)[0].norm(dim=1), usual, rtol=1e-2)


def test_a_batch_without_the_word_teaches_nothing_and_is_no_mistake(sd1: Components, tmp_path: Path) -> None:
    trainer = begun(sd1, tmp_path, wording=Wording(name="another", dropout=0))
    before = vectors(trainer)
    (made,) = go_on(trainer, sd1, 1)
    assert made.loss is not None
    assert torch.equal(before[0], vectors(trainer)[0])


def test_a_step_without_a_number_leaves_the_vectors_alone(sd1: Components, tmp_path: Path) -> None:
    trainer = begun(sd1, tmp_path)
    before, whole = vectors(trainer), trainer.predictor
    trainer.predictor = lambda *given: whole(*given) * float("nan")  # type: ignore[assignment]
    (made,) = go_on(trainer, sd1, 1)
    assert made.loss is None
    assert torch.equal(before[0], vectors(trainer)[0])


def test_a_word_that_does_not_fit_into_a_piece_begins_the_next(sd1: Components, tmp_path: Path) -> None:
    word = begun(sd1, tmp_path, vectors=4).words
    lexicon = Lexicon(word, sd1.tokenizer, "text_encoder")
    pieces = pieces_of(sd1.tokenizer, f"{'red ' * 73}zorb", lexicon)
    assert [len(each) for each in pieces] == [77, 77]
    assert pieces[0][74] == sd1.tokenizer.eos_token_id
    assert pieces[1][1:6] == [-1, -2, -3, -4, sd1.tokenizer.eos_token_id]


def test_without_words_captions_are_encoded_as_before(sd1: Components, tmp_path: Path) -> None:
    texts = ["a red circle", "red " * 80]
    word = begun(sd1, tmp_path).words
    with torch.no_grad():
        plain, beside = prompted(sd1, texts, 1), prompted(sd1, texts, 1, word)
        ids = sd1.tokenizer(texts[:1], padding="max_length", max_length=77, return_tensors="pt").input_ids
        own = sd1.text_encoder(ids).last_hidden_state
    assert torch.equal(plain.states, beside.states)
    assert torch.allclose(plain.states[0, :77], own[0], atol=1e-5)
