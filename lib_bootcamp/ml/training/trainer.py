"""The steps of a training on a checkpoint that is lent for each of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lib_bootcamp.core.images.arrays import Image
from lib_bootcamp.core.training.chance import Batches, Chance
from lib_bootcamp.core.training.example_list import picture_of
from lib_bootcamp.core.training.examples import Example, Found
from lib_bootcamp.core.training.held_out import TIMES, parted
from lib_bootcamp.core.training.optimizers import OWN_RATE
from lib_bootcamp.errors import ModelError
from lib_bootcamp.ml.diffusion.words import Word
from lib_bootcamp.ml.runtime.model_cache import free_memory
from lib_bootcamp.ports import Components

from .adapters import learnable
from .average import Average
from .latents import Latents, sampled, weights_hash
from .losses import Losses, mean_of, smoothed
from .networks import begin, networks_of
from .objective import Noise
from .optimizers import optimizer_of
from .precision import LEAST_SCALE, needs_scaler, refuse_precision, resolved, scaler_of
from .predictor import Predictor
from .settings import Done, Settings
from .start import Start
from .state import State, load_optimizer, optimizer_tensors
from .vectors import Vectors, word_of
from .whole import Whole

BAD_STEPS = 3
"""Steps in a row without a number, after which it goes back to the last state with half the rate."""
MOST_RETURNS = 4
SMOOTHING = 0.95


class Trainer:
    """A training; between two of its calls it holds nothing of the checkpoint.

    Args:
        found: what is trained on.
        settings: how.
        cache: the folder of latents.
        components: the checkpoint, for the length of this call.
        start: what the networks begin as; None: with no change at all.
    Raises:
        InvalidParamError: nothing is taught, `start` has other layers, or there is no such precision here.
        MissingPackageError: the optimizer's package is not installed.
    """

    def __init__(
        self, found: Found, settings: Settings, cache: Path, components: Components, start: Start | None = None
    ) -> None:
        refuse_precision(settings.precision, components)
        self.examples, self.held = parted(found, settings.validation_split, settings.seed)
        self.settings = settings
        self._found = found
        self.chance = Chance(settings.seed)
        self.batches = Batches(
            [each.placed.bucket for each in self.examples],
            [each.repeats for each in self.examples],
            settings.batch,
            self.chance,
        )
        self.latents = Latents(cache, weights_hash(components.vae))
        self.noise = Noise(components.scheduler, settings.objective)
        self.start = start
        self.networks = networks_of(components, settings, start)
        begin(self.networks, components)
        learned = [each for each in self.networks if isinstance(each, Vectors)]
        self.words = (word_of(settings.wording.name, learned),) if learned else ()
        groups = [group for each in self.networks for group in self._groups(each)]
        self._rates = [group["lr"] for group in groups]
        self.optimizer = optimizer_of(settings.optimizer, groups, settings.decay)
        self.average = Average(settings.ema_decay, self._parameters()) if settings.ema_decay else None
        self.predictor = Predictor(
            settings.clip_skip,
            texts_change=bool(settings.text_rate),
            words=self.words,
            precision=resolved(settings.precision, components) if settings.whole else settings.precision,
        )
        self._device = torch.device(components.device)
        self.scaler = scaler_of(self._device) if needs_scaler(settings, components) else None
        self.checkpointing, self.piece = settings.checkpointing, settings.batch
        self.is_whole = True
        self.checkpoint = ""  # what it was begun on, where its owner says so
        self.step, self.halvings, self._bad = 0, 0, 0
        self.smoothed: float | None = None
        self.prior: float | None = None

    def _groups(self, network: Any) -> list[dict[str, Any]]:
        """The network's parameters with their highest rate; with LoRA+ those of `up` apart."""
        rate = self.settings.rate if network.part == "unet" else self.settings.text_rate
        rate = OWN_RATE.get(self.settings.optimizer, rate)
        if self.settings.loraplus_ratio == 1:
            return [{"params": list(network.parameters()), "lr": rate}]
        ups = [value for name, value in network.named_parameters() if name.endswith(".up")]
        rest = [value for name, value in network.named_parameters() if not name.endswith(".up")]
        return [{"params": rest, "lr": rate}, {"params": ups, "lr": rate * self.settings.loraplus_ratio}]

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
            losses = self._backward(components)
            factor = self.settings.rates.at(self.step) * 0.5**self.halvings
            for group, rate in zip(self.optimizer.param_groups, self._rates, strict=True):
                group["lr"] = rate * factor
            if self.scaler is not None:
                self.scaler.unscale_(self.optimizer)
            norm = torch.nn.utils.clip_grad_norm_(self._parameters(), self.settings.clip_norm)
        is_number, fits, scale = bool(np.isfinite(losses.total)), bool(torch.isfinite(norm)), self._scale_anew()
        if not (is_number and (fits or scale > LEAST_SCALE)):
            return self._left_out(factor, keep)
        if fits:
            self._learn()
        self.optimizer.zero_grad(set_to_none=True)
        self._bad = 0
        keep_share = min(SMOOTHING, self.step / (self.step + 1))
        own, rate = mean_of(losses.own), self._rates[0] * factor
        self.smoothed = smoothed(self.smoothed, own, keep_share)
        self.prior = smoothed(self.prior, mean_of(losses.of_class), keep_share)
        self.step += 1
        return Done(step=self.step, loss=losses.total, smoothed=self.smoothed, rate=rate, own=own, prior=self.prior)

    def _scale_anew(self) -> float:
        """Let the scaler follow the gradients; the scale that they had, 0 where there is none."""
        if self.scaler is None:
            return 0.0
        scale = float(self.scaler.get_scale())
        self.scaler.update()
        return scale

    def _learn(self) -> None:
        """Change what is learned; until that is done it is not whole."""
        self.is_whole = False
        self.optimizer.step()
        if self.settings.keep_norm:
            for each in self.networks:
                each.keep_norm()
        if self.average is not None:
            self.average.take(self._parameters())
        self.is_whole = True

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
        return Done(step=self.step, loss=None, smoothed=self.smoothed, rate=self._rates[0] * factor, returned=returned)

    def _parameters(self) -> Iterator[torch.nn.Parameter]:
        for each in self.networks:
            yield from each.parameters()

    @contextmanager
    def drawing(self, components: Components) -> Iterator[tuple[Word, ...]]:
        """The checkpoint draws with what was learned, for the length of a block; yields the words that it learned."""
        with self.learned(), ExitStack() as stack:
            for each in self.networks:
                module = getattr(components, each.part)
                is_whole = isinstance(each, Whole)
                stack.enter_context(each.drawn_with(module) if is_whole else each.attached(module))
            yield self.words

    @contextmanager
    def learned(self) -> Iterator[None]:
        """The networks hold what is drawn with and written, for the length of a block: the average, if there is one."""
        if self.average is None:
            yield
            return
        with self.average.in_place_of(list(self._parameters())):
            yield

    @contextmanager
    def attached(self, components: Components) -> Iterator[None]:
        """The checkpoint computes with what learns, for the length of a block."""
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
            for each in (unet, components.text_encoder, components.text_encoder_2):
                if each is not None:
                    stack.enter_context(learnable(each))
            stack.enter_context(self.attached(components))
            checkpointing = self.checkpointing
            if checkpointing:
                unet.train()
                unet.enable_gradient_checkpointing()
            try:
                yield
            finally:
                if checkpointing:
                    unet.disable_gradient_checkpointing()
                    unet.eval()

    def _backward(self, components: Components) -> Losses:
        made = Losses()
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
            for at in range(0, len(chosen), self.piece):
                some = slice(at, at + self.piece)
                predicted = self.predictor(components, drawn.of(some), latents[some], texts[some])
                losses = self.noise.loss(predicted, latents[some], drawn.of(some))
                loss = made.weighted(losses, [self._found.folder_of(each) for each in chosen[some]])
                loss = loss * (len(losses) / len(chosen))
                part_of = loss / self.settings.accumulate
                (part_of if self.scaler is None else self.scaler.scale(part_of)).backward()
                made.total += loss.item() / self.settings.accumulate
        return made

    def _latents_of(self, components: Components, example: Example, *, flipped: bool) -> torch.Tensor:
        def read() -> Image:
            return picture_of(example, self._found)

        return self.latents.of(example.identity, example.placed, flipped=flipped, read=read, vae=components.vae)

    def validate(self, components: Components) -> float | None:
        """The loss on the pictures that are not learned from, with the same noise each time; None where there are none.

        Raises:
            ImageError, TooLargeError: a picture cannot be read any more.
        """
        losses = []
        whole = dataclasses.replace(self.settings.wording, shuffle=False, tag_dropout=0.0, dropout=0.0)
        with torch.no_grad(), self.drawing(components):
            for at, each in enumerate(self.held):
                source = np.random.default_rng([self.settings.seed, at])
                latents = sampled(self._latents_of(components, each, flipped=False), source).to(components.device)
                text = whole.of(each.caption, source)
                for time in TIMES:
                    step = [time * len(self.noise.alphas) // 1000]
                    drawn = self.noise.drawn(latents[None], source, step)
                    predicted = self.predictor(components, drawn, latents[None], [text])
                    losses.append(self.noise.loss(predicted, latents[None], drawn).item())
        return float(np.mean(losses)) if losses else None

    # --- where memory runs out

    def free(self, keep: Callable[[], State | None]) -> None:
        """Drop what a step that failed has left; where it had begun to change what is learned, go back.

        Args:
            keep: gives the last state that was kept.
        """
        self.optimizer.zero_grad(set_to_none=True)
        if self.scaler is not None:  # it may know gradients of the step that failed
            kept, self.scaler = self.scaler.state_dict(), scaler_of(self._device)
            self.scaler.load_state_dict(kept)
        free_memory()
        state = None if self.is_whole else keep()
        if state is not None:
            self.load(state)

    def pull(self) -> str:
        """Take less memory from now on, in a way that leaves what a step means; what was done, empty: nothing can be.

        Sums of the same numbers in another order differ in their last bits.
        """
        if not self.checkpointing:
            self.checkpointing = True
            return "gradient checkpointing"
        if self.piece > 1:
            self.piece = -(-self.piece // 2)
            return f"its batch of {self.settings.batch} pictures in pieces of {self.piece}"
        return ""

    # --- what survives

    def state(self) -> State:
        """What it needs to go on as if it had not been stopped."""
        tensors, rest = optimizer_tensors(self.optimizer)
        for network in self.networks:
            tensors |= {f"{network.part}.{name}": value for name, value in network.state_dict().items()}
        if self.average is not None:
            tensors |= self.average.tensors()
        facts: dict[str, Any] = {"optimizer": rest, "smoothed": self.smoothed, "prior": self.prior}
        facts |= {"halvings": self.halvings, "bad": self._bad, "checkpoint": self.checkpoint}
        facts["averaged"] = self.average.taken if self.average is not None else 0
        facts |= {"checkpointing": self.checkpointing, "piece": self.piece}
        if self.scaler is not None:
            facts["scaler"] = self.scaler.state_dict()
        if self.start is not None:
            facts["start"] = self.start.facts(self.networks)
        return State(self.step, tensors, facts)

    def load(self, state: State) -> None:
        """Go on from a state."""
        for network in self.networks:
            names = network.state_dict()
            network.load_state_dict({name: state.tensors[f"{network.part}.{name}"] for name in names})
        load_optimizer(self.optimizer, state.tensors, state.facts["optimizer"])
        if self.average is not None:
            self.average.load(state.tensors, int(state.facts["averaged"]))
        self.step, self.smoothed, self.prior = state.step, state.facts["smoothed"], state.facts.get("prior")
        self.halvings, self._bad = int(state.facts["halvings"]), int(state.facts["bad"])
        self.checkpoint = str(state.facts["checkpoint"])
        self.checkpointing = self.checkpointing or bool(state.facts.get("checkpointing"))
        self.piece = min(self.piece, int(state.facts.get("piece", self.piece)))
        if self.scaler is not None and state.facts.get("scaler"):
            self.scaler.load_state_dict(state.facts["scaler"])
        self.is_whole = True
