"""The steps of a training on a checkpoint that is lent for each of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lib_bootcamp.core.images.arrays import Image
from lib_bootcamp.core.training.captions import Wording
from lib_bootcamp.core.training.chance import Batches, Chance
from lib_bootcamp.core.training.example_list import picture_of
from lib_bootcamp.core.training.examples import Example, Found
from lib_bootcamp.core.training.rates import Rates
from lib_bootcamp.errors import ModelError
from lib_bootcamp.ports import Components

from .adapters import Network, Shape, learnable
from .latents import Latents, sampled, weights_hash
from .objective import Noise, Objective
from .state import State, load_optimizer, optimizer_tensors
from .texts import Prompted, prompted

BAD_STEPS = 3
"""Steps in a row without a number, after which it goes back to the last state with half the rate."""
MOST_RETURNS = 4
SMOOTHING = 0.95
MOST_TEXTS = 500
"""Texts whose states are in memory: 0.2 MB each with Stable Diffusion 1, 0.6 with SDXL."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How a training goes.

    Args:
        steps: in all.
        shape: of the networks.
        rate: the UNet's highest learning rate.
        text_rate: the text encoder's; 0: it is not taught.
        rates: the shape of the rates.
        batch: examples in a step's part.
        accumulate: parts of a step.
        flip: whether half of the pictures are mirrored.
        wording: of the captions.
        objective: what is minimized.
        seed: of all chance.
        clip_skip: which of the text encoder's last layers is used.
        clip_norm: the longest gradient.
        decay: weight decay.
        checkpointing: whether activations are computed again in place of kept.
    """

    steps: int
    shape: Shape = field(default_factory=Shape)
    rate: float = 1e-4
    text_rate: float = 5e-5
    rates: Rates
    batch: int = 1
    accumulate: int = 1
    flip: bool = False
    wording: Wording = field(default_factory=Wording)
    objective: Objective = field(default_factory=Objective)
    seed: int = 0
    clip_skip: int = 1
    clip_norm: float = 1.0
    decay: float = 0.01
    checkpointing: bool = False


@dataclass(frozen=True, kw_only=True)
class Done:
    """What came of a step.

    Args:
        step: its number, from 1.
        loss: None where it was no number, and the step was left out.
        smoothed: the loss over the last steps.
        rate: of the UNet.
        returned: the step that the training went back to; None: it did not.
    """

    step: int
    loss: float | None
    smoothed: float
    rate: float
    returned: int | None = None


class Trainer:
    """A training; between two of its calls it holds nothing of the checkpoint.

    Args:
        found: what is trained on.
        settings: how.
        cache: the folder of latents.
        components: the checkpoint, for the length of this call.
    """

    def __init__(self, found: Found, settings: Settings, cache: Path, components: Components) -> None:
        self.examples, self.settings = found.examples, settings
        self._root, self._inside = found.root, found.inside
        self.chance = Chance(settings.seed)
        self.batches = Batches(
            [each.placed.bucket for each in found.examples],
            [each.repeats for each in found.examples],
            settings.batch,
            self.chance,
        )
        self.latents = Latents(cache, weights_hash(components.vae))
        self.noise = Noise(components.scheduler, settings.objective)
        self.networks = [Network("unet", components.unet, settings.shape, settings.seed)]
        if settings.text_rate:
            for part in ("text_encoder", "text_encoder_2"):
                if getattr(components, part) is not None:
                    self.networks.append(Network(part, getattr(components, part), settings.shape, settings.seed))
        for each in self.networks:
            each.to(components.device)
        self.optimizer = torch.optim.AdamW(
            [{"params": list(each.parameters()), "lr": self._highest(each)} for each in self.networks],
            weight_decay=settings.decay,
        )
        self._texts: dict[str, Prompted] = {}
        self.checkpoint = ""  # what it was begun on, where its owner says so
        self.step, self.smoothed, self.halvings, self._bad = 0, 0.0, 0, 0

    def _highest(self, network: Network) -> float:
        return self.settings.rate if network.part == "unet" else self.settings.text_rate

    def take(self, components: Components, keep: Callable[[], State | None] = lambda: None) -> Done:
        """Do the next step.

        Args:
            components: the checkpoint.
            keep: gives the last state that was kept; where steps make no numbers it is gone back to.
        Raises:
            ModelError: it has gone back too often.
            ImageError, TooLargeError: a picture cannot be read any more.
        """
        with self._at_work(components):
            loss = self._backward(components)
            factor = self.settings.rates.at(self.step) * 0.5**self.halvings
            for group, network in zip(self.optimizer.param_groups, self.networks, strict=True):
                group["lr"] = self._highest(network) * factor
            norm = torch.nn.utils.clip_grad_norm_(self._parameters(), self.settings.clip_norm)
        if not (np.isfinite(loss) and bool(torch.isfinite(norm))):
            return self._left_out(factor, keep)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self._bad = 0
        keep_share = min(SMOOTHING, self.step / (self.step + 1))
        self.smoothed = keep_share * self.smoothed + (1 - keep_share) * loss
        self.step += 1
        return Done(step=self.step, loss=loss, smoothed=self.smoothed, rate=self.settings.rate * factor)

    def _left_out(self, factor: float, keep: Callable[[], State | None]) -> Done:
        self.optimizer.zero_grad(set_to_none=True)
        self._bad += 1
        returned = None
        if self._bad >= BAD_STEPS:
            state = keep()
            if state is None or self.halvings >= MOST_RETURNS:
                raise ModelError(
                    "The loss is no number any more", hint="lower the learning rate, or train in single precision."
                )
            halvings = self.halvings + 1
            self.load(state)
            self.halvings, self._bad, returned = halvings, 0, state.step
        else:
            self.step += 1
        return Done(
            step=self.step, loss=None, smoothed=self.smoothed, rate=self.settings.rate * factor, returned=returned
        )

    def _parameters(self) -> Iterator[torch.nn.Parameter]:
        for each in self.networks:
            yield from each.parameters()

    @contextmanager
    def drawing(self, components: Components) -> Iterator[None]:
        """The checkpoint draws with what was learned, for the length of a block."""
        with ExitStack() as stack:
            for each in self.networks:
                stack.enter_context(each.attached(getattr(components, each.part)))
            yield

    @contextmanager
    def _at_work(self, components: Components) -> Iterator[None]:
        unet = components.unet
        with ExitStack() as stack:
            stack.enter_context(torch.inference_mode(mode=False))
            stack.enter_context(torch.enable_grad())
            for each in self.networks:
                stack.enter_context(learnable(getattr(components, each.part)))
            if not self.settings.text_rate:
                stack.enter_context(learnable(components.text_encoder))
            stack.enter_context(self.drawing(components))
            if self.settings.checkpointing:
                unet.train()
                unet.enable_gradient_checkpointing()
            try:
                yield
            finally:
                if self.settings.checkpointing:
                    unet.disable_gradient_checkpointing()
                    unet.eval()

    def _backward(self, components: Components) -> float:
        total = 0.0
        for part in range(self.settings.accumulate):
            source = self.chance.of_step(self.step, part)
            chosen = [self.examples[at] for at in self.batches.at(self.step * self.settings.accumulate + part)]
            latents = torch.stack(
                [
                    sampled(
                        self._latents_of(components, each, flipped=self.settings.flip and bool(source.random() < 0.5)),
                        source,
                    )
                    for each in chosen
                ]
            ).to(components.device)
            texts = [self.settings.wording.of(each.caption, source) for each in chosen]
            drawn = self.noise.drawn(latents, source)
            loss = self.noise.loss(self._predicted(components, drawn, latents, texts), latents, drawn).mean()
            (loss / self.settings.accumulate).backward()
            total += loss.item() / self.settings.accumulate
        return total

    def _predicted(self, components: Components, drawn: Any, latents: torch.Tensor, texts: list[str]) -> torch.Tensor:
        kind = next(components.unet.parameters()).dtype
        with torch.autocast(torch.device(components.device).type, kind, enabled=kind != torch.float32):
            seen = self._seen(components, texts)
            extra: dict[str, Any] = {}
            if seen.pooled is not None:
                height, width = (side * 8 for side in latents.shape[-2:])
                ids = torch.tensor([[height, width, 0, 0, height, width]], device=latents.device)
                extra = {"added_cond_kwargs": {"text_embeds": seen.pooled, "time_ids": ids.repeat(len(texts), 1)}}
            noised = drawn.noised(latents).to(kind)
            return components.unet(noised, drawn.times, seen.states.to(kind), **extra).sample

    def _seen(self, components: Components, texts: list[str]) -> Prompted:
        if self.settings.text_rate:
            return prompted(components, texts, self.settings.clip_skip)
        if len(self._texts) >= MOST_TEXTS:  # shuffled tags make a text of their own in each step
            self._texts.clear()
        for text in texts:
            if text not in self._texts:
                with torch.no_grad():
                    self._texts[text] = prompted(components, [text], self.settings.clip_skip)
        found = [self._texts[text] for text in texts]
        longest = max(each.states.shape[1] for each in found)
        states = [
            each.states if each.states.shape[1] == longest else self._longer(components, text, longest)
            for text, each in zip(texts, found, strict=True)
        ]
        pooled = [each.pooled for each in found if each.pooled is not None]
        return Prompted(states=torch.cat(states), pooled=torch.cat(pooled) if pooled else None)

    def _longer(self, components: Components, text: str, length: int) -> torch.Tensor:
        """A text's states with empty pieces after them, as the others of its batch have."""
        with torch.no_grad():
            empty = prompted(components, [""], self.settings.clip_skip).states
        own = self._texts[text].states
        return torch.cat([own, *[empty] * ((length - own.shape[1]) // empty.shape[1])], 1)

    def _latents_of(self, components: Components, example: Example, *, flipped: bool) -> torch.Tensor:
        def read() -> Image:
            return picture_of(example, self._root, self._inside)

        return self.latents.of(example.identity, example.placed, flipped=flipped, read=read, vae=components.vae)

    # --- what survives

    def state(self) -> State:
        """What it needs to go on as if it had not been stopped."""
        tensors, rest = optimizer_tensors(self.optimizer)
        for network in self.networks:
            tensors |= {f"{network.part}.{name}": value for name, value in network.state_dict().items()}
        facts = {"optimizer": rest, "smoothed": self.smoothed, "halvings": self.halvings, "bad": self._bad}
        facts["checkpoint"] = self.checkpoint
        return State(self.step, tensors, facts)

    def load(self, state: State) -> None:
        """Go on from a state."""
        for network in self.networks:
            own = f"{network.part}."
            network.load_state_dict(
                {name[len(own) :]: value for name, value in state.tensors.items() if name.startswith(f"{own}adapters.")}
            )
        load_optimizer(self.optimizer, state.tensors, state.facts["optimizer"])
        self.step, self.smoothed = state.step, float(state.facts["smoothed"])
        self.halvings, self._bad = int(state.facts["halvings"]), int(state.facts["bad"])
        self.checkpoint = str(state.facts["checkpoint"])
