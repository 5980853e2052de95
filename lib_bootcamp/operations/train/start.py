"""The LoRA or embedding that a training starts from: found where who asks may read, and followed where nothing else
was asked for."""

from __future__ import annotations

import contextlib
import dataclasses
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lib_bootcamp.context import Context
from lib_bootcamp.core.files.folders import is_file
from lib_bootcamp.core.networks.file_names import ENDING
from lib_bootcamp.core.networks.folder import LoraFolder
from lib_bootcamp.core.text.valid_text import valid_text
from lib_bootcamp.errors import InvalidParamError
from lib_bootcamp.ports import Components

from .train_settings import TrainParams
from .trainer_settings import settings_of

PARAM = "start_from"


@dataclass(frozen=True)
class Source:
    """A file and the folder that it has to lie in."""

    path: Path
    folder: LoraFolder


def parted(params: TrainParams) -> tuple[str, str]:
    """The folder and the file's name; a path is both, so that what it leads to is guarded as any folder is."""
    given, folder = params.start_from.strip(), params.start_folder
    if folder or not (Path(given).name != given or given.lower().endswith(ENDING)):
        return folder, given
    return str(Path(given).parent), Path(given).name


def source_of(params: TrainParams, context: Context) -> Source | None:
    """Where the file lies; None: nothing is started from. Nothing of it is read.

    Over the network its folder has to be an allowed one, whether it is named apart or in the path.

    Raises:
        NotAllowedError: the folder is not for this caller.
        InvalidParamError: there is no folder, or no such file.
    """
    of, name = parted(params)
    if not name:
        return None
    own = [of] if of else _own(params, context)
    if not own:
        raise InvalidParamError(PARAM, "is a name without a folder", hint="give start_folder, or a path")
    named_by = "start_folder" if params.start_folder or not of else PARAM
    folders = [LoraFolder(context.folder(each, named_by), exact=not context.trusted) for each in own]
    for folder in folders[:-1]:
        with contextlib.suppress(InvalidParamError):
            return Source(_found(folder, name), folder)
    return Source(_found(folders[-1], name), folders[-1])


def _found(folder: LoraFolder, name: str) -> Path:
    if Path(name).name != name:
        raise InvalidParamError(PARAM, "must be a name where start_folder is given", hint="give one of them as a path")
    if name.lower().endswith(ENDING):
        if is_file(folder.root / name):
            return folder.root / name
        name = name[: -len(ENDING)]
    return folder.find(name, PARAM)


def _own(params: TrainParams, context: Context) -> list[str]:
    kind = "embedding" if params.method == "embedding" else "lora"
    return [str(each) for each in context.host.model_folders().get(kind, ())]


def start_of(params: TrainParams, context: Context, components: Components) -> Any:
    """What is started from (`ml.training.start.Start`), read; None: nothing is.

    Raises:
        NotAllowedError, InvalidParamError: as `source_of`; or it does not fit.
        ModelError: the file is damaged, too large, or none of the method's.
    """
    source = source_of(params, context)
    if source is None:
        return None
    from lib_bootcamp.ml.networks.embedding_file import read_embedding
    from lib_bootcamp.ml.networks.file import read_lora
    from lib_bootcamp.ml.training.start import Start

    if params.method == "embedding":
        return Start.of_embedding(read_embedding(source.path, source.folder.inside), components)
    return Start.of_lora(read_lora(source.path, source.folder.inside), components)


def followed(params: TrainParams, start: Any) -> TrainParams:
    """The parameters with rank, alpha and vectors as what is started from has them, where none were given.

    Args:
        params: as they were asked for.
        start: of `start_of`.
    Raises:
        InvalidParamError: others were given.
    """
    if start is None:
        return params
    params = dataclasses.replace(params, start_from=valid_text(start.name), start_folder="")
    if start.count:
        return dataclasses.replace(params, vectors=_same("vectors", params.vectors, start.count, start))
    linear, spread = start.strength(spread=False), start.strength(spread=True)
    if linear is not None:
        rank, strength = linear
        alpha = strength / math.sqrt(rank) if params.rslora else strength
        params = dataclasses.replace(
            params,
            rank=_same("rank", params.rank, rank, start),
            alpha=_same("alpha", params.alpha, alpha, start),
        )
    if spread is not None and params.method == "locon":
        params = dataclasses.replace(params, conv_rank=_same("conv_rank", params.conv_rank, spread[0], start))
    return params


def _same(name: str, given: Any, held: Any, start: Any) -> Any:
    if given is None or math.isclose(given, held, rel_tol=1e-4):
        return held
    raise InvalidParamError(name, f"is {given:g}, and {start.name} has {held:g}", hint="leave it out")


def settings_from(params: TrainParams, start: Any) -> Any:
    """The trainer's settings.

    Args:
        params: of `followed`.
        start: of `start_of`.
    """
    made = settings_of(params)
    spread = None if start is None else start.strength(spread=True)
    if spread is None:
        return made
    return dataclasses.replace(made, shape=dataclasses.replace(made.shape, conv_alpha=spread[1]))


def sentence_of(start: Any) -> str:
    """What is started from, for a person; empty: nothing."""
    if start is None:
        return ""
    strength = start.strength(spread=False) or start.strength(spread=True)
    what = f"{start.count} vectors" if strength is None else f"rank {strength[0]}, alpha {strength[1]:g}"
    return f"It starts from {valid_text(start.name)} ({what}, hash {start.hash[:12]})"
