"""Many pictures of one prompt, a seed each, as a job of steps."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from lib_bootcamp.context import Context
from lib_bootcamp.core.files.inside import Inside
from lib_bootcamp.core.images.png import encode_png
from lib_bootcamp.job import Event, Step, StepsJob, Write
from lib_bootcamp.operation import Operation
from lib_bootcamp.params import Params, Spec
from lib_bootcamp.ports import SilentProgress

from .txt2img import Txt2ImgParams, chosen_seed

MAX_SEED = 2**32


@dataclass(frozen=True, kw_only=True)
class SeriesFields(Params):
    """How many drawings there are, and where they go."""

    count: Annotated[
        int, Spec("Pictures", "Each of the next seed, in a file that is named after it.", ge=1, le=100_000)
    ] = 10
    output_folder: Annotated[
        str,
        Spec(
            "Output folder",
            "On the machine that the program runs on; a relative one begins where it was started.",
            format="folder",
            min_length=1,
        ),
    ]


@dataclass(frozen=True, kw_only=True)
class SeriesParams(Txt2ImgParams, SeriesFields):
    """A drawing, and how many there are of it."""


class SeriesWork:
    """A picture for each step; the checkpoint is given back between two of them."""

    def __init__(self, operation: Operation[Any, Any], folder: Path, params: SeriesParams, context: Context) -> None:
        self.operation, self.folder, self.params, self.context = operation, folder, params, context
        self.total = params.count
        self.inside = Inside(folder, exact=not context.trusted)

    def steps(self, done: int) -> Iterator[Step]:
        """Each picture, when it is drawn."""
        for number in range(done, self.total):
            yield self._drawn((self.params.seed + number) % MAX_SEED)

    def forget(self) -> None:
        """Nothing is kept: the seed and the number are all."""

    def _drawn(self, seed: int) -> Step:
        values = {each.name: getattr(self.params, each.name) for each in self.operation.params.fields()}
        params = self.operation.params_from({**values, "seed": seed})
        # the job's display counts pictures; the steps of each are not shown, but can be stopped between
        result = self.operation.run(params, self.context.shown_by(SilentProgress(self.context.progress)))
        path = self.folder / f"{self.operation.name}-{seed}.png"
        data = encode_png(result.image, self.operation.made_text(params, result))
        write = Write(path=path, before=self.inside.held(path), after=data)
        return Step(writes=(write,), events=(Event(kind="sample", facts={"file": path.name, "seed": seed}),))


def with_series(operation: Operation[Any, Any]) -> Operation[Any, Any]:
    """An operation that draws one picture, with its job that draws many."""

    def work(folder: Path, params: SeriesParams, context: Context) -> SeriesWork:
        return SeriesWork(operation, folder, params, context)

    def fixed(params: SeriesParams) -> SeriesParams:
        return dataclasses.replace(params, seed=chosen_seed(params))

    return dataclasses.replace(
        operation, job=StepsJob(params=SeriesParams, work=work, fixed=fixed, own=SeriesFields, more=("count",))
    )
