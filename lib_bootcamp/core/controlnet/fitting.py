"""Which installed ControlNets a checkpoint of no known base can use: those that look at a text as wide as its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lib_bootcamp.core.models.files import KNOWN_TEXT_WIDTHS, model_facts

Models = Mapping[str, Path | None]


@dataclass(frozen=True, kw_only=True)
class Fitting:
    """The ControlNet models beside a checkpoint.

    Args:
        models: those that it can use, name to file.
        unfit: why each of the others cannot be used.
        note: what to know of the checkpoint; empty where ControlNets for it may exist.
    """

    models: Models
    unfit: Mapping[str, str] = field(default_factory=dict)
    note: str = ""


def fitting(models: Models, checkpoint: Path | None) -> Fitting:
    """Leave out the models that look at a text of another width than an odd checkpoint's.

    A checkpoint of SD1.5's, SD2's or SDXL's width is not odd: its base tells what fits, and no header is read here.

    Args:
        models: installed ControlNet models, name to file.
        checkpoint: its file; None where it is not known.
    """
    width = model_facts(checkpoint).text_width if checkpoint is not None else None
    if width is None or width in KNOWN_TEXT_WIDTHS:
        return Fitting(models=models)
    widths = {name: model_facts(path).text_width for name, path in models.items() if path is not None}
    unfit = {
        name: f"{name.split(' [')[0]} looks at a text of {other} numbers a token, and the checkpoint's has {width}"
        for name, other in widths.items()
        if other not in {None, width}
    }
    return Fitting(
        models={name: path for name, path in models.items() if name not in unfit},
        unfit=unfit,
        note=f"No ControlNet is known for this checkpoint, whose text encoder is {width} wide: "
        f"choose one of {_either(list(KNOWN_TEXT_WIDTHS.values()))} to use ControlNet.",
    )


def _either(names: list[str]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}"
