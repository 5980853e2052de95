"""A training as a job of steps: files, samples and events, and the state that it goes on from."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lib_bootcamp.context import Context
from lib_bootcamp.core.files.atomic import private_folder
from lib_bootcamp.core.files.folders import is_there
from lib_bootcamp.core.files.inside import Inside
from lib_bootcamp.core.images.png import encode_png
from lib_bootcamp.core.training.captions import Wording
from lib_bootcamp.core.training.chance import Chance
from lib_bootcamp.core.training.rates import Rates
from lib_bootcamp.errors import InvalidParamError, MissingPackageError, ModelError
from lib_bootcamp.job import Event, Step, Write
from lib_bootcamp.ports import Components, SilentProgress

from .plan import examples_for, planned, resolution_of, step_of
from .train_settings import TrainParams

MOST_PROGRESS = 500
"""Events of progress that a training leaves."""
ROLLBACK_EVERY = 50
STATE_EVERY_S = 120.0
KEPT_STATES = 3
MOST_PROMPTS = 16
SAMPLE = {"negative_prompt": "", "steps": 20, "cfg_scale": 5.0, "sampler": "DPM++ 2M"}


class TrainWork:
    """One training.

    Args:
        folder: where its files go.
        params: what was asked for; the seed is decided.
        context: of the job.
    """

    def __init__(self, folder: Path, params: TrainParams, context: Context) -> None:
        self.folder, self.params, self.context = folder, params, context
        self.total = params.steps
        self.inside = Inside(folder, exact=not context.trusted)
        context.folder(params.folder, "folder")
        self.prompts = [each.strip() for each in params.sample_prompt.splitlines() if each.strip()]
        if len(self.prompts) > MOST_PROMPTS:
            raise InvalidParamError("sample_prompt", f"must have at most {MOST_PROMPTS} lines")
        self._saved, self.started = time.monotonic(), time.time()

    @property
    def state_folder(self) -> Path:
        """Where the state lies: of this training alone, in the data folder."""
        of = json.dumps([str(self.folder.absolute()), self.params.to_mapping()], sort_keys=True)
        name = hashlib.sha256(of.encode()).hexdigest()[:32]
        return private_folder(self.context.host.data_dir() / "training" / f"state-{name}")

    def steps(self, done: int) -> Iterator[Step]:
        """Each step, when it is done; see `StepsWork`."""
        try:
            from lib_bootcamp.ml.training.state import State
        except ImportError as error:
            raise MissingPackageError(str(error.name), "Training") from error
        state = self.state_folder / "state.safetensors"
        if not done:
            self._refuse_present()
            self._make_room()
        trainer: Any = None
        first: list[Event] = []
        try:
            for number in range(done, self.total):
                with self.context.host.components() as components:
                    self._check_checkpoint(trainer)
                    if trainer is None:
                        trainer, first = self._begun(components, done, State.read(state))
                    events, writes = self._reach(trainer, number + 1, components)
                yield Step(events=(*first, *events), writes=tuple(writes))
                first = []
                if time.monotonic() - self._saved > STATE_EVERY_S:
                    self._save(trainer, state)
        finally:
            if trainer is not None and trainer.step:
                self._save(trainer, state)

    def _make_room(self) -> None:
        """Begin without a state, and drop those of trainings that ended long ago."""
        for each in self.state_folder.iterdir():
            each.unlink()
        others = [each for each in self.state_folder.parent.glob("state-*") if each != self.state_folder]
        for old in sorted(others, key=lambda each: each.stat().st_mtime)[:-KEPT_STATES]:
            shutil.rmtree(old, ignore_errors=True)

    def _refuse_present(self) -> None:
        path = self.folder / f"{self.params.name}.safetensors"
        if is_there(path):
            raise InvalidParamError("name", f"is taken: {path.name} is in the output folder", hint="give another one")

    def _check_checkpoint(self, trainer: Any) -> None:
        """What was begun on one checkpoint goes on on that one alone.

        Raises:
            ModelError: the host has another one loaded now.
        """
        name = self.context.host.checkpoint() or ""
        if trainer is not None and name != trainer.checkpoint:
            raise ModelError(
                f"The training began on {trainer.checkpoint}, and {name} is loaded", hint="load it again and resume."
            )

    def _begun(self, components: Components, done: int, state: Any) -> tuple[Any, list[Event]]:
        from lib_bootcamp.ml.training.trainer import Trainer

        resolution = resolution_of(self.params, components)
        found = examples_for(self.params, self.context, resolution, step_of(components))
        plan = planned(self.params, found, resolution)
        self.found, self.resolution = found, resolution
        cache = self.context.host.data_dir() / "training" / "latents"
        trainer = Trainer(found, settings_of(self.params), cache, components)
        trainer.checkpoint = self.context.host.checkpoint() or ""
        if done and state is not None and state.step <= done:
            trainer.load(state)
            self._check_checkpoint(trainer)
        if done:
            return trainer, []
        warnings = [Event(kind="warning", facts={"sentence": each}) for each in plan.warnings]
        return trainer, [Event(kind="progress", facts={"sentence": plan.summary()}), *warnings]

    def _reach(self, trainer: Any, target: int, components: Components) -> tuple[list[Event], list[Write]]:
        """Train until so many steps are done, also those that were done before and are not in the state."""
        from lib_bootcamp.ml.training.state import State

        writes: list[Write] = []
        events: list[Event] = []
        rollback = self.state_folder / "rollback.safetensors"
        if target == 1 and trainer.step == 0:
            self._samples(trainer, components, events, writes)
        while trainer.step < target:
            if trainer.step % ROLLBACK_EVERY == 0:
                trainer.state().write(rollback)
            made = trainer.take(components, lambda: State.read(rollback))
            if made.loss is None:
                where = f"; back to step {made.returned} with half the rate" if made.returned is not None else ""
                events.append(
                    Event(kind="warning", facts={"sentence": f"The loss was no number{where}.", "step": made.step})
                )
        step = trainer.step
        if step == self.total or step % max(1, self.total // MOST_PROGRESS) == 0:
            facts = {"step": step, "loss": made.loss, "smoothed": round(made.smoothed, 5), "rate": made.rate}
            events.append(Event(kind="progress", facts=facts))
        if step == self.total or (self.params.sample_every and step % self.params.sample_every == 0):
            self._samples(trainer, components, events, writes)
        if step == self.total or (self.params.save_every and step % self.params.save_every == 0):
            writes.append(self._file(trainer, components, step))
        return events, writes

    def _samples(self, trainer: Any, components: Components, events: list[Event], writes: list[Write]) -> None:
        from lib_bootcamp.ml.diffusion.text_to_image import draw

        if not (self.prompts and self.params.sample_every):
            return
        chance = Chance(self.params.seed)
        with trainer.drawing(components):
            for at, prompt in enumerate(self.prompts):
                seed = chance.of_sample(at)
                image = draw(
                    components,
                    SilentProgress(self.context.progress),
                    **SAMPLE,
                    prompt=prompt,
                    width=self.resolution,
                    height=self.resolution,
                    seed=seed,
                    clip_skip=self.params.clip_skip,
                )
                path = self.folder / f"{self.params.name}-samples" / f"{trainer.step:06}-{at + 1}.png"
                writes.append(Write(path=path, before=self.inside.read(path), after=encode_png(image)))
                name = path.relative_to(self.folder).as_posix()
                events.append(
                    Event(kind="sample", facts={"file": name, "step": trainer.step, "prompt": prompt, "seed": seed})
                )

    def _file(self, trainer: Any, components: Components, step: int) -> Write:
        from lib_bootcamp.ml.training.saved import Origin, network_file

        is_last = step == self.total
        name = self.params.name if is_last else f"{self.params.name}-{step:06}"
        path = self.folder / f"{name}.safetensors"
        origin = Origin(
            name=name,
            checkpoint=self.context.host.checkpoint() or "",
            params=self._kept_params(),
            found=self.found,
            resolution=self.resolution,
            started=self.started,
            finished=time.time(),
        )
        return Write(path=path, before=self.inside.read(path), after=network_file(trainer, components, origin))

    def _kept_params(self) -> dict[str, Any]:
        """What the file keeps of the settings: all that is not where things lie on this machine."""
        places = {each.name for each in self.params.fields() if each.spec.format == "folder"}
        return {name: value for name, value in self.params.to_mapping().items() if name not in places}

    def _save(self, trainer: Any, state: Path) -> None:
        trainer.state().write(state)
        self._saved = time.monotonic()


def settings_of(params: TrainParams) -> Any:
    """The trainer's settings."""
    from lib_bootcamp.ml.training.adapters import Shape
    from lib_bootcamp.ml.training.objective import Objective
    from lib_bootcamp.ml.training.trainer import Settings

    conv = params.conv_rank if params.method == "locon" else 0
    return Settings(
        steps=params.steps,
        shape=Shape(
            rank=params.rank,
            alpha=params.alpha,
            conv_rank=conv,
            conv_alpha=conv * params.alpha / params.rank,
            dora=params.method == "dora",
        ),
        rate=params.learning_rate,
        text_rate=params.text_rate,
        rates=Rates(schedule=params.schedule, steps=params.steps, warmup=params.warmup),
        batch=params.batch,
        accumulate=params.accumulate,
        flip=params.flip,
        wording=Wording(
            template=params.template,
            name=params.name,
            shuffle=params.shuffle,
            keep=params.keep_tokens,
            tag_dropout=params.tag_dropout,
            dropout=params.dropout,
        ),
        objective=Objective(
            weighting=params.weighting, gamma=params.gamma, loss=params.loss, noise_offset=params.noise_offset
        ),
        seed=params.seed,
        clip_skip=params.clip_skip,
        checkpointing=params.checkpointing,
    )
