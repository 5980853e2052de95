"""Looks at a drawing while it is made: they change nothing, and take little of the time."""

from __future__ import annotations

import dataclasses
from typing import Any, get_args

import numpy as np
import pytest
from PIL import Image as Pil

from tests.ml.needs import skip_without_models

skip_without_models("diffusers")

torch = pytest.importorskip("torch")

from lib_bootcamp.context import Context  # noqa: E402
from lib_bootcamp.hosts.standalone import StandaloneHost  # noqa: E402
from lib_bootcamp.ml.diffusion import preview  # noqa: E402
from lib_bootcamp.ml.diffusion.preview import Preview  # noqa: E402
from lib_bootcamp.operations.draw.qr_art import QR_ART  # noqa: E402
from lib_bootcamp.operations.draw.txt2img import TXT2IMG, Sampler  # noqa: E402
from lib_bootcamp.ports import SilentProgress  # noqa: E402


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> StandaloneHost:
    return StandaloneHost(device="cpu", data_dir=tmp_path_factory.mktemp("data"))


@pytest.fixture
def at_every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preview, "EVERY_S", 0)
    monkeypatch.setattr(preview, "SHARE", 1e9)


def drawn(operation: Any, host: StandaloneHost, **values: Any) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    """The picture without and with looks at it, and the looks."""
    params = operation.params_from({"prompt": "a red circle on a white background", "seed": 1, **values})
    context, seen = Context.of_terminal(host, SilentProgress()), []
    alone = operation.run(params, context).image
    return alone, operation.run(params, context.watched_by(lambda part: seen.append(part.image))).image, seen


@pytest.mark.parametrize("sampler", get_args(Sampler))
@pytest.mark.usefixtures("at_every_step")
def test_looks_come_closer_and_the_picture_stays_bit_for_bit(sampler: str, host: StandaloneHost) -> None:
    alone, watched, seen = drawn(TXT2IMG, host, sampler=sampler, steps=6)
    assert (alone == watched).all()
    assert len(seen) >= 6
    away = [float(np.abs(each.astype(float) - alone).mean()) for each in seen]
    assert away[0] > 10
    assert away[-1] < 2


@pytest.mark.usefixtures("at_every_step")
def test_qr_art_is_seen_as_it_is_steered_and_stays_bit_for_bit(host: StandaloneHost) -> None:
    alone, watched, seen = drawn(QR_ART, host, content="HELLO", steps=6, max_tries=2, decoders=["zxing-cpp"])
    assert (alone == watched).all()
    assert len(seen) >= 6
    assert {each.shape for each in seen} == {(256, 256, 3)}


class Clock:
    """Seconds that a test sets."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def look_of(host: StandaloneHost, clock: Clock, show: Any) -> tuple[Preview, Any]:
    with host.components() as components:
        return Preview(components, show, clock), torch.zeros(1, components.vae.config.latent_channels, 32, 32)


@pytest.mark.parametrize(("took", "wait"), [(0.01, 1), (0.5, 5), (3, 30)])
def test_the_next_is_due_after_a_second_and_ten_times_what_the_last_took(
    took: float, wait: float, host: StandaloneHost, clock: Clock
) -> None:
    def show(_: Any) -> None:
        clock.now += took

    looks, latents = look_of(host, clock, show)
    assert looks.is_due()
    looks.look(latents)
    clock.now = took + wait - 0.001
    assert not looks.is_due()
    clock.now = took + wait + 0.001
    assert looks.is_due()


def test_where_there_are_no_numbers_nothing_more_is_shown(host: StandaloneHost, clock: Clock) -> None:
    shown: list[Any] = []
    looks, latents = look_of(host, clock, shown.append)
    looks.look(latents * float("nan"))
    clock.now = 100
    assert (shown, looks.is_due()) == ([], False)


def test_a_vae_that_fails_ends_the_looks_and_not_the_drawing(
    host: StandaloneHost, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks, latents = look_of(host, clock, lambda _: None)

    def full(_: Any) -> Any:
        raise RuntimeError("CUDA out of memory")

    monkeypatch.setattr(looks._vae, "decode", full)
    looks.look(latents)
    clock.now = 100
    assert not looks.is_due()


def test_a_large_picture_is_shown_small(host: StandaloneHost, clock: Clock) -> None:
    shown: list[Any] = []
    looks, latents = look_of(host, clock, shown.append)
    looks.look(latents.repeat(1, 1, 4, 8))
    assert max(shown[0].shape[:2]) == preview.SIDE_PX
    assert shown[0].shape[0] * 2 == shown[0].shape[1]
    assert np.asarray(Pil.fromarray(shown[0])).dtype == np.uint8


def test_a_vae_that_waits_on_another_device_is_not_fetched(host: StandaloneHost, clock: Clock) -> None:
    with host.components() as components:
        elsewhere = dataclasses.replace(components, vae=components.vae)
        looks = Preview(elsewhere, lambda _: None, clock)
        assert looks._decoded(torch.zeros(1, 4, 8, 8, device="meta")) is None
