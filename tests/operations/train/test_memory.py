"""Memory of a training: what its plan says, and a step where it runs out, by a stand-in that raises."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.ml.needs import skip_without_models

skip_without_models("diffusers", "transformers")

import lib_bootcamp.ml.training.memory as measured  # noqa: E402
from lib_bootcamp.core.networks.container import model_hash  # noqa: E402
from lib_bootcamp.errors import OutOfMemoryError  # noqa: E402
from lib_bootcamp.hosts.standalone import StandaloneHost  # noqa: E402
from lib_bootcamp.job import Step  # noqa: E402
from lib_bootcamp.ml.training.predictor import Predictor  # noqa: E402
from tests.ml.training import material  # noqa: E402

from .test_work import planned_of, work, written  # noqa: E402

torch: Any = pytest.importorskip("torch")

OURS = {"batch": 4, "steps": 4}
SENTENCE = "CUDA out of memory. Tried to allocate 2.50 GiB. GPU 0 has a total capacity of 6.00 GiB"


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandaloneHost]:
    with material.host(tmp_path_factory.mktemp("data")) as made:
        yield made


def runs_out(
    monkeypatch: pytest.MonkeyPatch, *, at: int, more_than: int, error: Exception | None = None, checkpointed: int = 64
) -> list[int]:
    """From a call on the UNet has memory for so many pictures alone; the sizes of what it was given."""
    seen: list[int] = []
    predict = Predictor.__call__

    def smaller(self: Predictor, components: Any, drawn: Any, latents: Any, texts: list[str]) -> Any:
        seen.append(len(texts))
        if len(seen) >= at and len(texts) > (checkpointed if components.unet.training else more_than):
            raise error or getattr(torch, "OutOfMemoryError", RuntimeError)(SENTENCE)
        return predict(self, components, drawn, latents, texts)

    monkeypatch.setattr(Predictor, "__call__", smaller)
    return seen


def warnings(steps: list[Step]) -> list[str]:
    return [str(each.facts["sentence"]) for step in steps for each in step.events if each.kind == "warning"]


def test_the_plan_tells_what_it_takes_and_what_is_free(
    host: StandaloneHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measured, "free_bytes", lambda _: 5_000_000_000)
    plan = planned_of(work(host, tmp_path, **OURS))
    assert plan.memory_free == 5_000_000_000
    assert set(plan.memory) == {"weights", "gradients", "optimizer", "average", "activations"}
    assert plan.memory["weights"] == plan.memory["gradients"]
    assert (
        "activations (estimated), from the layers, the largest bucket and the batch; 5.0 GB are free"
        in plan.memory_note
    )
    assert plan.memory_note in plan.lines()
    assert not [each for each in plan.warnings if "memory" in each]
    smaller = planned_of(work(host, tmp_path, **{**OURS, "checkpointing": True}))
    assert smaller.memory["activations"] < plan.memory["activations"]
    first = next(iter(work(host, tmp_path, **OURS).steps(0)))
    assert plan.memory_note in [each.facts.get("sentence") for each in first.events]


@pytest.mark.parametrize(
    ("given", "lever"),
    [
        ({}, "gradient checkpointing (checkpointing)"),
        ({"checkpointing": True}, "batch 1"),
        ({"checkpointing": True, "batch": 1}, "text_rate 0"),
        ({"checkpointing": True, "batch": 1, "method": "embedding"}, "optimizer adafactor or adamw8bit"),
    ],
)
def test_what_does_not_fit_is_a_warning_with_the_next_lever(
    host: StandaloneHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: dict[str, Any], lever: str
) -> None:
    monkeypatch.setattr(measured, "free_bytes", lambda _: 1000)
    (warning,) = [each for each in planned_of(work(host, tmp_path, **{**OURS, **given})).warnings if "memory" in each]
    assert warning.startswith("It will not fit into memory: ")
    assert "are needed, 1 KB are free; next: " in warning
    assert lever in warning


@pytest.mark.parametrize(
    "error",
    [None, RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"), MemoryError()],
    ids=["cuda", "cpu", "python"],
)
def test_memory_that_runs_out_is_one_sentence_and_the_job_goes_on_exactly_later(
    host: StandaloneHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception | None
) -> None:
    whole = model_hash(written(list(work(host, tmp_path, **OURS).steps(0)))["zorb.safetensors"])
    monkeypatch.setattr(measured, "free_bytes", lambda _: 820_000)
    steps = work(host, tmp_path, **OURS).steps(0)
    with monkeypatch.context() as short:
        runs_out(short, at=3, more_than=0, error=error)
        next(steps)
        next(steps)
        with pytest.raises(OutOfMemoryError) as caught:
            next(steps)
    asked = "2.50 GiB more were asked for and " if error is None else ""
    assert str(caught.value) == (
        f"Training: memory ran out after step 2 ({asked}820 KB are free); its state is kept and it can be resumed; "
        "free memory, or next time: gradient checkpointing (checkpointing)."
    )
    assert caught.value.status == 507
    rest = list(work(host, tmp_path, **OURS).steps(2))
    assert model_hash(written(rest)["zorb.safetensors"]) == whole
    assert not warnings(rest)


def test_where_it_is_allowed_it_goes_on_with_less(
    host: StandaloneHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from safetensors.torch import load

    whole = written(list(work(host, tmp_path, **OURS).steps(0)))["zorb.safetensors"]
    asked = {**OURS, "on_out_of_memory": "next-lever"}
    first = work(host, tmp_path, **asked)
    with monkeypatch.context() as short:
        seen = runs_out(short, at=2, more_than=0, checkpointed=1)
        made = list(first.steps(0))
    assert seen == [4, 4, 4, 2, *[1] * 12]
    step = "Memory ran out in step 2; it goes on with"
    assert warnings(made) == [
        f"{step} gradient checkpointing.",
        f"{step} its batch of 4 pictures in pieces of 2.",
        f"{step} its batch of 4 pictures in pieces of 1.",
    ]
    before, after = load(whole), load(written(made)["zorb.safetensors"])
    assert all(torch.allclose(before[name].float(), after[name].float(), atol=1e-3) for name in before)


def test_a_resumed_job_keeps_the_levers_that_were_pulled(
    host: StandaloneHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = {**OURS, "on_out_of_memory": "next-lever"}
    with monkeypatch.context() as short:
        runs_out(short, at=1, more_than=0, checkpointed=2)
        whole = model_hash(written(list(work(host, tmp_path, **asked).steps(0)))["zorb.safetensors"])
        steps = work(host, tmp_path, **asked).steps(0)
        next(steps)
        next(steps)
        steps.close()  # type: ignore[attr-defined]
        rest = list(work(host, tmp_path, **asked).steps(2))
    assert not warnings(rest)
    assert model_hash(written(rest)["zorb.safetensors"]) == whole


def test_it_stops_where_no_lever_leaves_what_a_step_means(
    host: StandaloneHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs_out(monkeypatch, at=1, more_than=0, checkpointed=0)
    asked = {**OURS, "batch": 1, "on_out_of_memory": "next-lever"}
    with pytest.raises(OutOfMemoryError, match="next time: leave the text encoder alone"):
        next(iter(work(host, tmp_path, **asked).steps(0)))


def test_what_the_optimizer_had_half_changed_is_taken_back(
    host: StandaloneHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = model_hash(written(list(work(host, tmp_path, **OURS).steps(0)))["zorb.safetensors"])
    steps = work(host, tmp_path, **OURS).steps(0)
    next(steps)
    step = torch.optim.AdamW.step

    def half(self: Any, *given: Any) -> Any:
        step(self, *given)
        raise MemoryError

    with monkeypatch.context() as short:
        short.setattr(torch.optim.AdamW, "step", half)
        with pytest.raises(OutOfMemoryError):
            next(steps)
    rest = list(work(host, tmp_path, **OURS).steps(1))
    assert model_hash(written(rest)["zorb.safetensors"]) == whole


def test_samples_that_do_not_fit_are_one_sentence_too(
    host: StandaloneHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import lib_bootcamp.ml.diffusion.text_to_image as drawing

    def none(*given: Any, **more: Any) -> Any:
        raise MemoryError

    monkeypatch.setattr(drawing, "draw", none)
    steps = work(host, tmp_path, sample_prompt="a zorb", sample_every=2).steps(0)
    with pytest.raises(OutOfMemoryError, match=r"^Training: memory ran out"):
        next(steps)
