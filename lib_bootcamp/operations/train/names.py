"""What the files of a training are called."""

from __future__ import annotations

from lib_bootcamp.core.networks.file_names import ENDING, MOST_BYTES
from lib_bootcamp.core.training.samples import file_after, samples_of
from lib_bootcamp.errors import InvalidParamError

from .train_settings import TrainParams


def refuse_long_name(params: TrainParams) -> None:
    """Refuse a name whose files could not be written when so many steps are done.

    Temporary names have 40 characters of it, and are never the longest.

    Raises:
        InvalidParamError: it is too long.
    """
    last = (params.steps - 1) // params.save_every * params.save_every if params.save_every else 0
    names = [f"{params.name}{ENDING}", samples_of(params.name)]
    names += [file_after(params.name, last)] if last else []
    over = max(len(each.encode()) for each in names) - MOST_BYTES
    if over > 0:
        raise InvalidParamError(
            "name", f"is too long by {over} bytes: no file can be called so", hint="give a shorter one"
        )
