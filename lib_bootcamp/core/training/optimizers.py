"""The optimizers of a training, by their names, and where each comes from."""

from __future__ import annotations

from typing import Literal, TypeAlias

Optimizer: TypeAlias = Literal["adamw", "adamw8bit", "prodigy", "adafactor"]
TITLES: dict[Optimizer, str] = {
    "adamw": "AdamW",
    "adamw8bit": "AdamW, 8 bits (needs bitsandbytes)",
    "prodigy": "Prodigy (finds the rate; needs prodigyopt)",
    "adafactor": "Adafactor (least memory)",
}
PLACES: dict[Optimizer, str] = {
    "adamw": "torch.optim.adamw.AdamW",
    "adamw8bit": "bitsandbytes.optim.adamw.AdamW8bit",
    "prodigy": "prodigyopt.prodigy.Prodigy",
    "adafactor": "transformers.optimization.Adafactor",
}
"""Where each is, by its package; as sd-scripts names them in a file's `ss_optimizer`."""
OWN_RATE: dict[Optimizer, float] = {"prodigy": 1.0}
"""The highest rate of those that find it themselves, of every part."""


def package_of(name: Optimizer) -> str:
    """The package that an optimizer comes from."""
    return PLACES[name].partition(".")[0]
