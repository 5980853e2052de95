"""Memory of a training: whether it will fit, and what happens in a step where it runs out."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from lib_bootcamp.core.training.examples import Found
from lib_bootcamp.core.training.levers import next_lever
from lib_bootcamp.core.training.memory import Memory, amount
from lib_bootcamp.errors import OutOfMemoryError
from lib_bootcamp.job import Event
from lib_bootcamp.ports import Components

from .train_settings import TrainParams
from .trainer_settings import rates_of

HALF = 2
"""Bytes of a number in a checkpoint's file."""


@dataclass(frozen=True)
class Forecast:
    """What a training needs and what there is, in bytes.

    Args:
        need: by what it is for.
        free: None: nothing tells.
        lever: the next setting to change where it does not fit; empty: there is none.
        file: of each file, where a copy of the checkpoint's own weights is taught; else 0.
    """

    need: Memory
    free: int | None
    lever: str
    file: int = 0

    @property
    def fits(self) -> bool:
        """Whether it will, as far as is known."""
        return self.free is None or self.need.total <= self.free

    def sentence(self) -> str:
        """What is needed, how that was found, and what is free."""
        beside = "" if self.free is None else f"; {amount(self.free)} are free"
        return f"{self.need.sentence()}, from the layers, the largest bucket and the batch{beside}"

    def copied(self) -> str:
        """What is copied and how large its files are; empty where nothing is."""
        if not self.file:
            return ""
        state = self.need.weights + self.need.optimizer + self.need.average
        return (
            f"It teaches a copy of {amount(self.need.weights)}, in 32 bits, and leaves the checkpoint as it is; "
            f"each file has {amount(self.file)}, and the state in the data folder up to {amount(state)}"
        )

    def warning(self) -> str:
        """What to change; empty where it fits."""
        if self.fits or self.free is None:
            return ""
        hint = f"; next: {self.lever}" if self.lever else ""
        return f"It will not fit into memory: {amount(self.need.total)} are needed, {amount(self.free)} are free{hint}."

    def parts(self) -> dict[str, int]:
        """Bytes by what they are for."""
        return {each.name: getattr(self.need, each.name) for each in dataclasses.fields(self.need)}


def forecast(
    params: TrainParams, found: Found, components: Components, settings: Any, networks: Sequence[Any]
) -> Forecast:
    """What a training needs, and what is free on its device.

    Args:
        params: of the training.
        found: its pictures.
        components: the checkpoint.
        settings: the trainer's.
        networks: that learn.
    """
    from lib_bootcamp.ml.training.memory import free_bytes, memory_needed
    from lib_bootcamp.ml.training.whole import weights_in

    largest = max((each.placed.bucket for each in found.examples), key=lambda size: size[0] * size[1])
    need = memory_needed(components, settings, networks, largest, params.batch)
    file = HALF * weights_in(components) if settings.whole else 0
    return Forecast(need, free_bytes(components.device), lever_of(params, max(largest)), file)


def lever_of(params: TrainParams, resolution: int, trainer: Any = None) -> str:
    """The next setting to change.

    Args:
        params: of the training.
        resolution: in px.
        trainer: may have pulled some already.
    """
    lever = next_lever(
        checkpointing=params.checkpointing if trainer is None else trainer.checkpointing,
        batch=params.batch if trainer is None else trainer.piece,
        text_rate=0.0 if params.method == "embedding" else rates_of(params)[1],
        optimizer=params.optimizer,
        resolution=resolution,
    )
    return lever or ("a LoRA (method lora)" if params.method == "dreambooth" else "")


@dataclass(frozen=True)
class Limits:
    """Of what happens where memory runs out.

    Args:
        params: of the training.
        resolution: in px.
        title: of the work, for the sentence.
    """

    params: TrainParams
    resolution: int
    title: str = "Training"

    @contextmanager
    def guarded(self, device: Any, trainer: Any = None) -> Iterator[None]:
        """Whatever runs out of memory inside of the block is one sentence.

        Args:
            device: that is worked on.
            trainer: None: it is not there yet.
        Raises:
            OutOfMemoryError: memory ran out.
        """
        message = None
        try:
            yield
        except (RuntimeError, MemoryError) as error:
            from lib_bootcamp.ml.runtime.batches import is_out_of_memory

            if not is_out_of_memory(error):
                raise
            message = str(error)
        if message is not None:
            raise self._mistake(message, device, trainer)

    def taken(self, trainer: Any, components: Components, keep: Callable[[], Any]) -> tuple[Any, list[Event]]:
        """The trainer's next step; where memory runs out it goes on with less, if the person allowed that.

        Args:
            trainer: of the training.
            components: the checkpoint.
            keep: gives the last state that was kept.
        Returns:
            what came of the step, and a warning for each time that memory ran out.
        Raises:
            OutOfMemoryError: memory ran out, and nothing more may be done about it; the trainer is as before the step,
                or as at the last state that was kept.
        """
        from lib_bootcamp.ml.runtime.batches import is_out_of_memory

        events: list[Event] = []
        while True:
            try:
                return trainer.take(components, keep), events
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                message = str(error)
            # outside of `except`, whose traceback keeps the tensors of the failed step alive
            at = trainer.step + 1
            trainer.free(keep)
            pulled = trainer.pull() if self.params.on_out_of_memory == "next-lever" else ""
            if not pulled:
                raise self._mistake(message, components.device, trainer)
            sentence = f"Memory ran out in step {at:,}; it goes on with {pulled}."
            events.append(Event(kind="warning", facts={"sentence": sentence, "step": at}))

    def _mistake(self, message: str, device: Any, trainer: Any) -> OutOfMemoryError:
        from lib_bootcamp.ml.training.memory import asked_for, free_bytes

        asked, free = asked_for(message), free_bytes(device)
        where = "" if trainer is None else f" after step {trainer.step:,}"
        known = [f"{asked} more were asked for" if asked else "", "" if free is None else f"{amount(free)} are free"]
        listed = " and ".join(filter(None, known))
        lever = lever_of(self.params, self.resolution, trainer)
        kept = "" if trainer is None else "; its state is kept and it can be resumed"
        return OutOfMemoryError(
            self.title,
            f"memory ran out{where}{f' ({listed})' if listed else ''}{kept}",
            hint=f"free memory, or next time: {lever}" if lever else "free memory",
        )
