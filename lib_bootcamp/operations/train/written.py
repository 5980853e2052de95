"""The files that a step of a training leaves: of a network one, of a whole checkpoint several."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lib_bootcamp.core.files.folders import what_is_there
from lib_bootcamp.core.networks.container import model_hash
from lib_bootcamp.core.networks.file_names import ENDING
from lib_bootcamp.core.networks.folder import LoraFolder
from lib_bootcamp.errors import OutputError
from lib_bootcamp.job import Write
from lib_bootcamp.ports import Components


def files_of(trainer: Any, components: Components, origin: Any, last: Path, folder: LoraFolder) -> list[Write]:
    """What is written; what is there already as it would be is not.

    Args:
        trainer: after any of its steps.
        components: the checkpoint.
        origin: what a file states of it (`ml.training.saved.Origin`).
        last: the training's last file.
        folder: that they are written into.
    Raises:
        ModelError: a value does not fit into 16 bits.
        OutputError: another checkpoint is there by now.
    """
    if not trainer.settings.whole:
        from lib_bootcamp.ml.training.saved import network_file

        path = last.with_name(f"{origin.name}{ENDING}")
        return [_write(path, network_file(trainer, components, origin), folder)]
    from lib_bootcamp.ml.training.saved_whole import checkpoint_files

    (checkpoint, data), *others = checkpoint_files(trainer, components, origin, last).items()
    writes = [_write(path, each, folder) for path, each in others]
    if what_is_there(checkpoint) != checkpoint:
        return [*writes, Write(path=checkpoint, before=None, after=data)]
    # killed between the file and its step; it has gigabytes, so that it is not kept to be put back
    if folder.metadata(checkpoint).get("sshs_model_hash") != model_hash(data):
        raise OutputError(
            f"{checkpoint.name} in the output folder is another file than this training makes",
            hint="move it away and resume.",
        )
    return writes


def _write(path: Path, data: bytes, folder: LoraFolder) -> Write:
    return Write(path=path, before=folder.inside.held(path), after=data)
