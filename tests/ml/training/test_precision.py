"""The precision that is computed in: where none is chosen as it always was; exact in 16 bits; a scaler for fp16."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.ml.needs import skip_without_models

skip_without_models()

from lib_bootcamp.errors import InvalidParamError  # noqa: E402
from lib_bootcamp.hosts.standalone import StandaloneHost  # noqa: E402
from lib_bootcamp.ml.training import precision as precisions  # noqa: E402
from lib_bootcamp.ml.training.state import State  # noqa: E402
from lib_bootcamp.ml.training.trainer import Trainer  # noqa: E402
from tests.ml.training import material  # noqa: E402

torch: Any = pytest.importorskip("torch")


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandaloneHost]:
    with material.host(tmp_path_factory.mktemp("data")) as made:
        yield made


def begun(host: StandaloneHost, folder: Path, precision: str, **changed: Any) -> Trainer:
    found = material.examples(folder / "pictures")
    with host.components() as components:
        return Trainer(found, material.settings(precision=precision, **changed), folder / "latents", components)


def go_on(host: StandaloneHost, trainer: Trainer, steps: int) -> list[Any]:
    made = []
    for _ in range(steps):
        with host.components() as components:
            made.append(trainer.take(components))
    return made


def values(trainer: Trainer) -> list[Any]:
    return [each.detach().clone() for each in trainer._parameters()]


def are_same(one: list[Any], other: list[Any]) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.fixture
def fp16(host: StandaloneHost) -> None:
    try:
        with host.components() as components:
            precisions.refuse_precision("fp16", components)
    except InvalidParamError:
        pytest.skip("this torch does not compute in fp16 on the processor")


def test_automatic_is_the_checkpoints_own_bit_for_bit(host: StandaloneHost, tmp_path: Path) -> None:
    automatic, single = (begun(host, tmp_path, each) for each in ("automatic", "fp32"))
    with host.components() as components:
        assert precisions.dtype_of("automatic", components) == next(components.unet.parameters()).dtype
    assert go_on(host, automatic, 3) == go_on(host, single, 3)
    assert are_same(values(automatic), values(single))
    assert automatic.scaler is None


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_in_16_bits_it_learns_in_32_and_goes_on_exactly(
    host: StandaloneHost, tmp_path: Path, request: pytest.FixtureRequest, precision: str
) -> None:
    if precision == "fp16":
        request.getfixturevalue("fp16")
    whole, single = begun(host, tmp_path, precision), begun(host, tmp_path, "fp32")
    losses = [each.loss for each in go_on(host, whole, 5)]
    apart = [abs(each.loss / loss - 1) for each, loss in zip(go_on(host, single, 5), losses, strict=True)]
    assert 0 < max(apart) < 0.1
    assert {each.dtype for each in values(whole)} == {torch.float32}
    first = begun(host, tmp_path, precision)
    go_on(host, first, 2)
    first.state().write(tmp_path / "state")
    second, kept = begun(host, tmp_path, precision), State.read(tmp_path / "state")
    assert kept is not None
    second.load(kept)
    assert [each.loss for each in go_on(host, second, 3)] == losses[2:]
    assert are_same(values(whole), values(second))
    assert second.state().facts == whole.state().facts


def test_a_gradient_that_overflows_halves_the_scale_and_is_no_bad_step(
    host: StandaloneHost, tmp_path: Path, fp16: None
) -> None:
    trainer = begun(host, tmp_path, "fp16")
    trainer.scaler.load_state_dict({**trainer.scaler.state_dict(), "scale": 2.0**120, "_growth_tracker": 7})
    before = values(trainer)
    (made,) = go_on(host, trainer, 1)
    assert made.loss is not None
    assert (made.step, made.returned, trainer._bad) == (1, None, 0)
    assert are_same(values(trainer), before)
    assert trainer.state().facts["scaler"] == {
        **trainer.scaler.state_dict(),
        "scale": 2.0**119,
        "_growth_tracker": 0,
    }


def test_a_gradient_that_overflows_at_the_least_scale_is_a_bad_step(
    host: StandaloneHost, tmp_path: Path, fp16: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = begun(host, tmp_path, "fp16")
    trainer.scaler.load_state_dict({**trainer.scaler.state_dict(), "scale": 1.0})
    monkeypatch.setattr(torch.nn.utils, "clip_grad_norm_", lambda *_: torch.tensor(float("inf")))
    (made,) = go_on(host, trainer, 1)
    assert made.loss is None
    assert trainer._bad == 1


def test_a_loss_that_is_no_number_is_a_bad_step_as_ever(
    host: StandaloneHost, tmp_path: Path, fp16: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = begun(host, tmp_path, "fp16")
    loss = trainer.noise.loss
    monkeypatch.setattr(trainer.noise, "loss", lambda *given: loss(*given) * float("nan"))
    before = values(trainer)
    (made,) = go_on(host, trainer, 1)
    assert made.loss is None
    assert trainer._bad == 1
    assert are_same(values(trainer), before)


def test_the_scalers_state_is_taken_and_given_back(host: StandaloneHost, tmp_path: Path, fp16: None) -> None:
    first = begun(host, tmp_path, "fp16")
    first.scaler.load_state_dict({**first.scaler.state_dict(), "scale": 512.0, "_growth_tracker": 1999})
    first.state().write(tmp_path / "state")
    kept = State.read(tmp_path / "state")
    assert kept is not None
    second = begun(host, tmp_path, "fp16")
    second.load(kept)
    go_on(host, second, 1)  # the 2,000th step without an overflow
    assert second.scaler.get_scale() == 1024.0


def test_what_torch_cannot_do_is_one_sentence(
    host: StandaloneHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_for(device: Any) -> Any:
        raise RuntimeError(f"no scaler for {device}")

    monkeypatch.setattr(precisions, "scaler_of", none_for)
    with pytest.raises(InvalidParamError, match="precision cannot be fp16: this torch does not compute so on the dev"):
        begun(host, tmp_path, "fp16")


def test_32_bits_need_a_checkpoint_in_32_bits(host: StandaloneHost) -> None:
    class Half:
        device = "cpu"
        unet = torch.nn.Linear(2, 2).half()

    with pytest.raises(InvalidParamError, match="cannot be fp32: the checkpoint is loaded in float16; load it in 32"):
        precisions.refuse_precision("fp32", Half())  # type: ignore[arg-type]
    precisions.refuse_precision("automatic", Half())  # type: ignore[arg-type]
