"""Settings from a file that the command line names with `--config`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lib_bootcamp.core.files.toml import read_toml
from lib_bootcamp.job import StepsJob
from lib_bootcamp.operation import Operation

from .outcomes import mention
from .runner import Settings


def with_settings(operation: Operation[Any, Any], settings: Settings, given: Mapping[str, Any]) -> dict[str, Any]:
    """Raw values with those of the file below them; a sentence about what of it is left out is printed.

    Args:
        operation: whose job it is.
        settings: of the command.
        given: on the command line.
    Raises:
        BootcampError: the file cannot be read.
        InvalidParamError: it is no TOML, or states what cannot be.
    """
    job = operation.job
    if settings.config is None or not isinstance(job, StepsJob) or job.settings_file is None:
        return dict(given)
    stated = job.settings_file.read(read_toml(Path(settings.config), "config"))
    if not settings.quiet:
        for note in stated.notes:
            mention(note)
    alternatives = set(job.settings_file.alternatives)
    replaced = alternatives if alternatives & given.keys() else set()
    return {**{name: value for name, value in stated.values.items() if name not in replaced}, **given}
