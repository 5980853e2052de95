"""A training as a job of steps: files, samples and events, and the state that it goes on from."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from lib_bootcamp.context import Context
from lib_bootcamp.core.files.atomic import PRIVATE, private_folder, write_atomically
from lib_bootcamp.core.files.folders import what_is_there
from lib_bootcamp.core.files.inside import MAX_READ, Inside
from lib_bootcamp.core.files.regular import read_regular
from lib_bootcamp.core.images.png import encode_png
from lib_bootcamp.core.networks.file_names import ENDING
from lib_bootcamp.core.networks.folder import LoraFolder
from lib_bootcamp.core.training import example_list
from lib_bootcamp.core.training.chance import Chance
from lib_bootcamp.core.training.examples import Found, sizes_for
from lib_bootcamp.core.training.finished.run_files import files_of_run
from lib_bootcamp.core.training.samples import MARK, file_after, sample_file, samples_of
from lib_bootcamp.errors import (
    ImageError,
    InvalidParamError,
    MissingPackageError,
    ModelError,
    NoNumbersError,
    TooLargeError,
)
from lib_bootcamp.job import Event, Step, Write
from lib_bootcamp.params import Params
from lib_bootcamp.ports import Components, SilentProgress

from .class_drawing import DRAWN_WITH, Drawing
from .concepts import Finder, folders_of, refuse_folders
from .memory import Limits, forecast
from .names import refuse_long_name
from .optimizer import refuse_missing
from .plan import examples_for, planned, resolution_of, step_of
from .push import NOT_IN_FILES, license_warnings, pushed
from .start import followed, sentence_of, settings_from, start_of
from .train_settings import TrainParams
from .word import refuse_captions_without_word, refuse_unreadable_name

MOST_PROGRESS = 500
"""Events of progress that a training leaves."""
ROLLBACK_EVERY = 50
STATE_EVERY_S, WHOLE_STATE_EVERY_S = 120.0, 600.0
"""Of a whole checkpoint a state has gigabytes."""
_STATE, _EXAMPLES, _STATE_FILE = "state-", "examples.json", "state.safetensors"
MOST_PROMPTS = 16


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
        refuse_folders(params, context)
        self.prompts = [each.strip() for each in params.sample_prompt.splitlines() if each.strip()]
        refuse_long_name(params)
        refuse_unreadable_name(params)
        refuse_missing(params.optimizer)
        if len(self.prompts) > MOST_PROMPTS:
            raise InvalidParamError("sample_prompt", f"must have at most {MOST_PROMPTS} lines")
        self._saved, self.started = time.monotonic(), time.time()

    @property
    def is_whole(self) -> bool:
        """Whether a whole checkpoint is taught."""
        return self.params.method == "dreambooth"

    @property
    def state_folder(self) -> Path:
        """Where the state lies: of this training alone, in the data folder."""
        of = json.dumps([str(self.folder.absolute()), self.params.to_mapping()], sort_keys=True)
        digest, job = hashlib.sha256(of.encode()).hexdigest()[:32], self.context.job
        name = f"{_STATE}{digest}-{job.number if job else 0}"
        return private_folder(self.context.host.data_dir() / "training" / name)

    def steps(self, done: int) -> Iterator[Step]:
        """Each step, when it is done; see `StepsWork`."""
        try:
            from lib_bootcamp.ml.training.state import State
        except ImportError as error:
            raise MissingPackageError(str(error.name), "Training") from error
        state = self.state_folder / _STATE_FILE
        if not done:
            self.refuse_taken()
            self._make_room()
        yield from self._class_pictures(State.read(state) if done else None)
        trainer: Any = None
        number = done
        try:
            while number < self.total:
                with (
                    self.context.host.components() as components,
                    self.limits.guarded(components.device, trainer),
                ):
                    self._check_checkpoint(trainer)
                    events: list[Event] = []
                    writes: list[Write] = []
                    if trainer is None:
                        trainer, events = self._begun(components, done, State.read(state))
                        if not done:
                            self._validate(trainer, components, events)
                            self._samples(trainer, components, events, writes)
                    self._go_on(trainer, number, done, components, events, writes)
                again = trainer.step <= number
                yield Step(events=tuple(events), writes=tuple(writes), again=again)
                number += not again
                if time.monotonic() - self._saved > (WHOLE_STATE_EVERY_S if self.is_whole else STATE_EVERY_S):
                    self._save(trainer, state)
        finally:
            if trainer is not None and trainer.step:
                self._save(trainer, state)

    def ended(self) -> Iterator[Event]:
        """Share the file, where that was asked for; see `pushed`."""
        return pushed(self.params, self.folder, self.context)

    def forget(self) -> None:
        """See `StepsWork`."""
        shutil.rmtree(self.state_folder, ignore_errors=True)

    def _class_pictures(self, state: Any) -> Iterator[Step]:
        """Draw the class pictures that are missing: each is a step of nothing, so that others have their turn."""
        with self.context.host.components() as components:
            if state is not None:
                self._refuse_other(str(state.facts["checkpoint"]))
            self.licenses = license_warnings(self.params, self.context, components)
            self.resolution = resolution_of(self.params, components)
            self.limits = Limits(self.params, self.resolution)
            self.drawing = Drawing.of(self.params, self.context, components, self.resolution)
            samples = self.folder / samples_of(self.params.name)
            sizes = sizes_for(self.resolution, step_of(components))
        self.finder = Finder(self.params, self.context, samples, sizes, self.drawing)
        if self.drawing.weights:
            for concept, count in list(self.finder.wanted()):
                yield from self.drawing.draw_missing(concept, count)

    def _make_room(self) -> None:
        """Begin without a state, and drop those that no job can go on from any more."""
        own = self.state_folder
        for each in own.iterdir():
            each.unlink()
        if self.context.job is None:
            return
        kept = {str(each) for each in self.context.job.unfinished()}
        for other in own.parent.glob(f"{_STATE}*"):
            if other != own and other.name.rpartition("-")[2] not in kept:
                shutil.rmtree(other, ignore_errors=True)

    def refuse_taken(self) -> None:
        """Refuse a name that a file in the output folder has.

        Raises:
            InvalidParamError: it is taken.
        """
        name = self.params.name
        for path in (self.folder / f"{name}{ENDING}", *(self._of_checkpoints() if self.is_whole else ())):
            if what_is_there(path) == path:  # a link that leads nowhere too
                raise InvalidParamError(
                    "name", f"is taken: {path.name} is in the output folder", hint="give another one"
                )

    def _of_checkpoints(self) -> list[Path]:
        """What a checkpoint would be written over: files that large are never kept to be put back."""
        name = self.params.name
        return [self.folder / f"{name}.yaml", *files_of_run(name, self.inside.names(self.folder), self.folder)]

    def _check_checkpoint(self, trainer: Any) -> None:
        """What was begun on one checkpoint goes on on that one alone.

        Raises:
            ModelError: the host has another one loaded now.
        """
        if trainer is not None:
            self._refuse_other(trainer.checkpoint)

    def _refuse_other(self, began_on: str) -> None:
        name = self.context.host.checkpoint() or ""
        if name != began_on:
            raise ModelError(
                f"The training began on {began_on}, and {name} is loaded", hint="load it again and resume."
            )

    def _begun(self, components: Components, done: int, state: Any) -> tuple[Any, list[Event]]:
        from lib_bootcamp.ml.training.start import Start
        from lib_bootcamp.ml.training.trainer import Trainer

        is_kept = bool(done) and state is not None and state.step <= done + 1
        # a step more where its files could not be written
        start = (
            Start.of_state(state.facts, state.tensors) if is_kept else start_of(self.params, self.context, components)
        )
        self.followed = followed(self.params, start)
        found, notes = self._gone_on() if done else (None, [])
        if found is None:
            found = examples_for(self.params, self.finder)
            refuse_captions_without_word(self.followed, found, components.tokenizer)
            write_atomically(self.state_folder / _EXAMPLES, example_list.to_bytes(found), PRIVATE)
        self.found = found
        cache = self.context.host.data_dir() / "training" / "latents"
        trainer = Trainer(found, settings_from(self.followed, start), cache, components, start)
        trainer.checkpoint = self.context.host.checkpoint() or ""
        if done:
            if is_kept:
                trainer.load(state)
                self._check_checkpoint(trainer)
            else:
                what = "step is" if done == 1 else f"{done:,} steps are"
                notes.insert(0, f"The state of this training is missing: its first {what} done again.")
            return trainer, _warnings(notes)
        if start is not None:  # from here on its file is not needed any more
            trainer.state().write(self.state_folder / _STATE_FILE)
        memory = forecast(self.followed, found, components, trainer.settings, trainer.networks)
        plan = planned(self.params, found, self.resolution).beginning(sentence_of(start), memory)
        sentences = [plan.summary(), *plan.lines()]
        return trainer, [*(_sentence(each) for each in sentences), *_warnings([*plan.warnings, *self.licenses])]

    def _gone_on(self) -> tuple[Found | None, list[str]]:
        """The pictures that it began with, and what is to be known of its folder now; None where that was not kept.

        Raises:
            ImageError: one of them is gone or another one.
        """
        try:
            data = read_regular(self.state_folder / _EXAMPLES, MAX_READ)
        except (OSError, TooLargeError):
            return None, []
        kept = example_list.from_bytes(data, folders_of(self.params, self.context, self.drawing))
        if kept is None:
            return None, []
        try:
            now = dataclasses.replace(self.finder, all_there=True).found()
        except ImageError:
            now = None
        example_list.refuse_changed(kept, now)
        return kept, [] if now is None else example_list.changes(kept, now)

    def _go_on(  # noqa: PLR0913 - the state of one loop
        self,
        trainer: Any,
        number: int,
        done: int,
        components: Components,
        events: list[Event],
        writes: list[Write],
    ) -> None:
        """Take one step, and make what the step after `number` leaves once the trainer is there.

        It is before it where steps are done again, because the state is older or the loss was no number; and there
        already where the step was taken and its files could not be written.
        """
        made: Any = None
        if trainer.step <= number:
            is_known = trainer.step < done
            made = self._take(trainer, components, events)
            if made.loss is None and not is_known:
                where = f"; back to step {made.returned} with half the rate" if made.returned is not None else ""
                sentence = f"The loss was no number{where}."
                events.append(Event(kind="warning", facts={"sentence": sentence, "step": made.step}))
        step = trainer.step
        if step <= number:
            return
        if made is not None and (step == self.total or step % max(1, self.total // MOST_PROGRESS) == 0):
            events.append(Event(kind="progress", facts=_numbers(made)))
        if step == self.total or step % self.params.validate_every == 0:
            self._validate(trainer, components, events)
        if step == self.total or (self.params.sample_every and step % self.params.sample_every == 0):
            self._samples(trainer, components, events, writes)
        if step == self.total or (self.params.save_every and step % self.params.save_every == 0):
            writes += self._files(trainer, components, step)

    def _take(self, trainer: Any, components: Components, events: list[Event]) -> Any:
        from lib_bootcamp.ml.training.state import State

        rollback = self.state_folder / "rollback.safetensors"
        if trainer.step % (max(ROLLBACK_EVERY, self.total // 5) if self.is_whole else ROLLBACK_EVERY) == 0:
            trainer.state().write(rollback)
        made, warnings = self.limits.taken(trainer, components, lambda: State.read(rollback))
        events += warnings
        return made

    def _validate(self, trainer: Any, components: Components, events: list[Event]) -> None:
        loss = trainer.validate(components)
        if loss is not None:
            events.append(Event(kind="progress", facts={"step": trainer.step, "validation": round(loss, 6)}))

    def _samples(self, trainer: Any, components: Components, events: list[Event], writes: list[Write]) -> None:
        from lib_bootcamp.ml.diffusion.text_to_image import draw

        if not (self.prompts and self.params.sample_every):
            return
        chance = Chance(self.params.seed)
        with trainer.drawing(components) as words:
            for at, prompt in enumerate(self.prompts):
                seed = chance.of_sample(at)
                try:
                    image = draw(
                        components,
                        SilentProgress(self.context.progress),
                        **DRAWN_WITH,
                        prompt=prompt,
                        width=self.resolution,
                        height=self.resolution,
                        seed=seed,
                        clip_skip=self.params.clip_skip,
                        words=words,
                    )
                except NoNumbersError:
                    if not trainer.step:
                        raise
                    what = f"With what was learned in {trainer.step:,} steps the checkpoint makes no numbers (NaN)"
                    raise ModelError(what, hint="lower the learning rate") from None
                path = self.folder / samples_of(self.params.name) / sample_file(trainer.step, at + 1)
                data = encode_png(image, {MARK: self.params.name})
                writes.append(Write(path=path, before=self.inside.held(path), after=data))
                name = path.relative_to(self.folder).as_posix()
                events.append(
                    Event(kind="sample", facts={"file": name, "step": trainer.step, "prompt": prompt, "seed": seed})
                )

    def _files(self, trainer: Any, components: Components, step: int) -> list[Write]:
        from lib_bootcamp.ml.training.saved import Origin

        from .written import files_of

        name = self.params.name if step == self.total else file_after(self.params.name, step).removesuffix(ENDING)
        origin = Origin(
            name=name,
            checkpoint=self.context.host.checkpoint() or "",
            params=self._kept_params(),
            found=self.found,
            resolution=self.resolution,
            started=self.started,
            finished=time.time(),
        )
        folder = LoraFolder(self.folder, exact=not self.context.trusted)
        return files_of(trainer, components, origin, self.folder / f"{self.params.name}{ENDING}", folder)

    def _kept_params(self) -> dict[str, Any]:
        """What the file keeps of the settings: all that is not where things lie on this machine."""
        made = _without_places(self.followed)
        made = {name: value for name, value in made.items() if name not in NOT_IN_FILES}
        return {**made, "concepts": [_without_places(each) for each in self.followed.concepts]}

    def _save(self, trainer: Any, state: Path) -> None:
        trainer.state().write(state)
        self._saved = time.monotonic()


def _without_places(params: Params) -> dict[str, Any]:
    places = {each.name for each in params.fields() if each.spec.format == "folder"}
    return {name: value for name, value in params.to_mapping().items() if name not in places}


def _numbers(made: Any) -> dict[str, Any]:
    """What is known of a step: the loss on class pictures stands apart."""
    facts: dict[str, Any] = {"step": made.step}
    if made.loss is None or made.own is not None:
        facts |= {"loss": made.own, "smoothed": None if made.smoothed is None else round(made.smoothed, 5)}
    if made.prior is not None:
        facts["prior"] = round(made.prior, 5)
    return {**facts, "rate": made.rate}


def _sentence(text: str) -> Event:
    return Event(kind="progress", facts={"sentence": text})


def _warnings(sentences: Iterable[str]) -> list[Event]:
    return [Event(kind="warning", facts={"sentence": each}) for each in sentences]
