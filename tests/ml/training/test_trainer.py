"""Steps of a training on the small checkpoint: exact, harmless to the checkpoint, watchful."""

from __future__ import annotations

import dataclasses
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lib_bootcamp.core.images.png import encode_png
from tests.ml.needs import skip_without_models

skip_without_models()

from lib_bootcamp.core.training.optimizers import PLACES  # noqa: E402
from lib_bootcamp.errors import BootcampError, MissingPackageError, ModelError  # noqa: E402
from lib_bootcamp.hosts.standalone import StandaloneHost  # noqa: E402
from lib_bootcamp.ml.training.adapters import Shape  # noqa: E402
from lib_bootcamp.ml.training.losses import Losses  # noqa: E402
from lib_bootcamp.ml.training.state import State  # noqa: E402
from lib_bootcamp.ml.training.trainer import Trainer  # noqa: E402
from lib_bootcamp.operations.train.optimizer import refuse_missing  # noqa: E402
from tests.ml.training import material  # noqa: E402

torch: Any = pytest.importorskip("torch")


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandaloneHost]:
    with material.host(tmp_path_factory.mktemp("data")) as made:
        yield made


def white() -> bytes:
    return encode_png(np.full((64, 64, 3), 255, np.uint8))


def begun(host: StandaloneHost, folder: Path, **changed: Any) -> Trainer:
    found = material.examples(folder / "pictures")
    with host.components() as components:
        return Trainer(found, material.settings(**changed), folder / "latents", components)


def go_on(host: StandaloneHost, trainer: Trainer, until: int) -> list[Any]:
    made = []
    while trainer.step < until:
        with host.components() as components:
            made.append(trainer.take(components))
    return made


def values(trainer: Trainer) -> list[Any]:
    return [each.detach().clone() for network in trainer.networks for each in network.parameters()]


ALL = {"ema_decay": 0.9, "loraplus_ratio": 4.0, "validation_split": 0.3, "shape": Shape(rank=4, alpha=2.0, rslora=True)}


@pytest.mark.parametrize(
    ("stopped", "more"),
    [(1, {}), (4, {}), (3, ALL), (3, {"optimizer": "adafactor"}), (3, {"optimizer": "prodigy"})],
    ids=["early", "late", "with everything", "adafactor", "prodigy"],
)
def test_a_training_that_was_stopped_ends_bit_for_bit_as_one_that_was_not(
    host: StandaloneHost, tmp_path: Path, stopped: int, more: dict[str, Any]
) -> None:
    if more.get("optimizer") == "prodigy":
        pytest.importorskip("prodigyopt")
    whole = begun(host, tmp_path, **more)
    losses = [each.loss for each in go_on(host, whole, 6)]
    first = begun(host, tmp_path, **more)
    go_on(host, first, stopped)
    first.state().write(tmp_path / "state")
    kept = State.read(tmp_path / "state")
    assert kept is not None
    second = begun(host, tmp_path, **more)
    second.load(kept)
    rest = [each.loss for each in go_on(host, second, 6)]
    assert rest == losses[stopped:]
    assert all(torch.equal(a, b) for a, b in zip(values(whole), values(second), strict=True))
    with whole.learned(), second.learned():
        assert all(torch.equal(a, b) for a, b in zip(values(whole), values(second), strict=True))
    assert second.smoothed == whole.smoothed


def test_the_checkpoint_is_the_same_between_steps_and_after_them(host: StandaloneHost, tmp_path: Path) -> None:
    with host.components() as components:
        before = {name: value.clone() for name, value in components.unet.state_dict().items()}
        text = {name: value.clone() for name, value in components.text_encoder.state_dict().items()}
    trainer = begun(host, tmp_path, checkpointing=True)
    go_on(host, trainer, 2)
    with host.components() as components:
        assert all(torch.equal(value, before[name]) for name, value in components.unet.state_dict().items())
        assert all(torch.equal(value, text[name]) for name, value in components.text_encoder.state_dict().items())
        assert not any(each.requires_grad for each in components.unet.parameters() if each.grad is not None)
        for each in (*components.unet.modules(), *components.text_encoder.modules()):
            hooks = (*each._forward_hooks.values(), *each._forward_pre_hooks.values())
            assert not [hook for hook in hooks if "bootcamp" in hook.__module__]
        assert not components.unet.training


def test_it_learns(host: StandaloneHost, tmp_path: Path) -> None:
    trainer = begun(host, tmp_path, steps=40, rate=3e-3, text_rate=0.0)
    found = material.examples(tmp_path / "pictures")

    def held_out() -> float:
        with host.components() as components, trainer.drawing(components), torch.no_grad():
            source = trainer.chance.of_step(10**6)
            latents = torch.stack([trainer._latents_of(components, found.examples[0], flipped=False)[0]] * 4)
            drawn = trainer.noise.drawn(latents, source, steps=[200, 400, 600, 800])
            predicted = trainer.predictor(components, drawn, latents, ["a zorb, pink, on gray"] * 4)
            return float(trainer.noise.loss(predicted, latents, drawn).mean())

    before = held_out()
    go_on(host, trainer, 40)
    assert held_out() < 0.8 * before


def test_the_average_is_drawn_with_and_the_steps_go_on_from_what_was_learned(
    host: StandaloneHost, tmp_path: Path
) -> None:
    plain, averaged = begun(host, tmp_path), begun(host, tmp_path, ema_decay=0.999)
    go_on(host, plain, 4)
    mean = [each.clone() for each in values(averaged)]
    for step in range(4):
        go_on(host, averaged, step + 1)
        decay = min(0.999, (2 + step) / (11 + step))
        mean = [old * decay + new * (1 - decay) for old, new in zip(mean, values(averaged), strict=True)]
    assert all(torch.equal(a, b) for a, b in zip(values(plain), values(averaged), strict=True))
    with averaged.learned():
        assert all(torch.allclose(a, b, atol=1e-7) for a, b in zip(mean, values(averaged), strict=True))
    assert all(torch.equal(a, b) for a, b in zip(values(plain), values(averaged), strict=True))


def test_with_lora_plus_the_up_factors_have_so_many_times_the_rate(host: StandaloneHost, tmp_path: Path) -> None:
    trainer = begun(host, tmp_path, loraplus_ratio=16.0, text_rate=0.0)
    (made,) = go_on(host, trainer, 1)
    rest, ups = trainer.optimizer.param_groups
    assert (rest["lr"], ups["lr"]) == pytest.approx((made.rate, 16 * made.rate))
    assert len(ups["params"]) == len(rest["params"]) == len(trainer.networks[0].paths)
    assert any(bool(each.any()) for each in ups["params"]) is not bool(made.rate == 0)


def test_validation_is_the_same_each_time_and_changes_nothing(host: StandaloneHost, tmp_path: Path) -> None:
    trainer, plain = (begun(host, tmp_path, validation_split=0.3) for _ in range(2))
    assert len(trainer.held) == 2
    assert not {each.path for each in trainer.held} & {each.path for each in trainer.examples}

    def validated() -> Any:
        with host.components() as components:
            return trainer.validate(components)

    first = validated()
    assert first == validated() > 0
    losses = [go_on(host, trainer, step + 1)[0].loss for step in range(3) if validated()]
    assert losses == [each.loss for each in go_on(host, plain, 3)]
    assert validated() != first
    assert begun(host, tmp_path).held == ()


def test_blocks_and_layers_that_leave_nothing_are_one_sentence(host: StandaloneHost, tmp_path: Path) -> None:
    with pytest.raises(BootcampError, match="leave nothing of this checkpoint to teach"):
        begun(host, tmp_path, shape=Shape(rank=4, blocks=()), text_rate=0.0)
    assert begun(host, tmp_path, shape=Shape(rank=4, blocks=()), text_rate=1e-4).networks[1].paths


def test_an_optimizer_that_is_not_there_is_a_sentence_before_the_first_step_too(
    host: StandaloneHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PLACES, "prodigy", "not_installed_here.prodigy.Prodigy")
    with pytest.raises(MissingPackageError, match="not_installed_here"):
        begun(host, tmp_path, optimizer="prodigy")
    with pytest.raises(MissingPackageError, match="not_installed_here"):
        refuse_missing("prodigy")
    refuse_missing("adamw")


def fused(trainer: Trainer) -> list[bool]:
    return [bool(each.get("fused")) for each in trainer.optimizer.param_groups]


def test_adamw_is_fused_where_it_can_be_and_goes_on_where_it_cannot(
    host: StandaloneHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    try:
        torch.optim.AdamW([torch.nn.Parameter(torch.zeros(1))], fused=True)
    except RuntimeError:
        pytest.skip("this torch has no fused AdamW on a processor")
    first = begun(host, tmp_path)
    assert all(fused(first))
    go_on(host, first, 2)
    first.state().write(tmp_path / "state")
    with_all = torch.optim.AdamW

    def without(groups: Any, **more: Any) -> Any:
        if more.get("fused"):
            raise RuntimeError("`fused=True` requires another device")
        return with_all(groups, **more)

    monkeypatch.setattr(sys.modules["torch.optim.adamw"], "AdamW", without)
    second = begun(host, tmp_path)
    second.load(State.read(tmp_path / "state"))
    assert not any(fused(second))
    assert go_on(host, second, 3)[0].loss == pytest.approx(go_on(host, first, 3)[0].loss, rel=1e-4)


def test_another_seed_is_another_training(host: StandaloneHost, tmp_path: Path) -> None:
    one, other = begun(host, tmp_path), begun(host, tmp_path, seed=6)
    assert [each.loss for each in go_on(host, one, 2)] != [each.loss for each in go_on(host, other, 2)]


def test_a_step_without_a_number_is_left_out_and_three_go_back(host: StandaloneHost, tmp_path: Path) -> None:
    trainer = begun(host, tmp_path, steps=20)
    go_on(host, trainer, 2)
    kept = trainer.state()
    before = values(trainer)
    whole = trainer.predictor
    trainer.predictor = lambda *given: whole(*given) * float("nan")  # type: ignore[assignment]
    with host.components() as components:
        made = [trainer.take(components, lambda: kept) for _ in range(3)]
    assert [each.loss for each in made] == [None] * 3
    assert [each.returned for each in made] == [None, None, 2]
    assert trainer.step == 2
    assert all(torch.equal(a, b) for a, b in zip(before, values(trainer), strict=True))
    trainer.predictor = whole
    rate = go_on(host, trainer, 3)[0].rate
    assert rate == pytest.approx(trainer.settings.rate * trainer.settings.rates.at(2) / 2)


def test_what_never_makes_a_number_ends_with_a_sentence(host: StandaloneHost, tmp_path: Path) -> None:
    trainer = begun(host, tmp_path)
    trainer._backward = lambda components: Losses(total=float("nan"))  # type: ignore[method-assign]

    def for_ever(components: Any) -> None:
        while True:
            trainer.take(components, trainer.state)

    with host.components() as components, pytest.raises(ModelError, match="no number any more"):
        for_ever(components)


def test_captions_of_several_lengths_are_in_one_batch(host: StandaloneHost, tmp_path: Path) -> None:
    material.pictures(tmp_path / "pictures")
    (tmp_path / "pictures" / "0.txt").write_text(", ".join(f"tag{each}" for each in range(60)), encoding="utf-8")
    found = material.examples(tmp_path / "pictures")
    del found
    for text_rate in (0.0, 1e-4):
        trainer = begun(host, tmp_path, text_rate=text_rate, batch=6)
        assert go_on(host, trainer, 1)[0].loss is not None


def test_texts_in_memory_are_so_many_and_change_nothing(
    host: StandaloneHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = begun(host, tmp_path, text_rate=0.0)
    go_on(host, whole, 6)
    monkeypatch.setattr("lib_bootcamp.ml.training.predictor.MOST_TEXTS", 1)
    bounded = begun(host, tmp_path, text_rate=0.0)
    go_on(host, bounded, 6)
    assert len(bounded.predictor._texts) <= 2
    assert all(torch.equal(a, b) for a, b in zip(values(whole), values(bounded), strict=True))


def test_a_picture_that_became_a_link_out_of_an_allowed_folder_is_not_read(
    host: StandaloneHost, tmp_path: Path
) -> None:
    outside = material.pictures(tmp_path / "outside", 1) / "0.png"
    found = material.examples(tmp_path / "pictures", trusted=False)
    picture = found.examples[0].path
    picture.unlink()
    picture.symlink_to(outside)
    with host.components() as components:
        trainer = Trainer(found, material.settings(), tmp_path / "latents", components)
        with pytest.raises(BootcampError):
            trainer._latents_of(components, found.examples[0], flipped=False)


def test_a_damaged_state_is_none(tmp_path: Path) -> None:
    assert State.read(tmp_path / "missing") is None
    (tmp_path / "state").write_bytes(b"nothing of use")
    assert State.read(tmp_path / "state") is None
    State(3, {"a": torch.ones(2)}).write(tmp_path / "state")
    whole = (tmp_path / "state").read_bytes()
    (tmp_path / "state").write_bytes(whole[:-4])
    assert State.read(tmp_path / "state") is None


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda path, other: path.unlink(), "The file is not there any more; put it back and resume."),
        (lambda path, other: (path.unlink(), path.symlink_to(other)), "The file is outside the folder; put it back"),
        (lambda path, other: (path.unlink(), os.mkfifo(path)), "The file cannot be read: "),
        (lambda path, other: path.write_bytes(b"no picture"), ""),
        (lambda path, other: path.write_bytes(white()), "It is another picture than when the training began; put it"),
        (lambda path, other: path.write_bytes(bytes(65 * 2**20)), "The file has more than 64 MiB; put it back"),
    ],
    ids=["gone", "link", "pipe", "no picture", "another", "large"],
)
def test_a_picture_that_changed_since_it_began_is_named(
    host: StandaloneHost, tmp_path: Path, spoil: Any, why: str
) -> None:
    other = material.pictures(tmp_path / "other") / "0.png"
    found = material.examples(tmp_path / "pictures" / "sub", trusted=False)
    folder = dataclasses.replace(found.folders[0], root=tmp_path / "pictures")
    found = dataclasses.replace(found, folders=(folder,))
    for each in found.examples:
        spoil(each.path, other)
    with host.components() as components, pytest.raises(BootcampError) as caught:
        Trainer(found, material.settings(), tmp_path / "latents", components).take(components)
    assert re.match(r"sub/\d\.png cannot be learned from any more: ", str(caught.value))
    assert why in str(caught.value)
    assert "skipped" not in str(caught.value)
    assert caught.value.status in (413, 422)
