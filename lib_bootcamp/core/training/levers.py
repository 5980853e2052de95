"""What makes a training smaller, in the order of what it costs."""

from __future__ import annotations

from .optimizers import Optimizer

SMALL_OPTIMIZERS: tuple[Optimizer, ...] = ("adamw8bit", "adafactor")
LEAST_PX, STEP_PX = 256, 64


def next_lever(*, checkpointing: bool, batch: int, text_rate: float, optimizer: Optimizer, resolution: int) -> str:
    """The next setting to change, in words that follow "next"; empty where all are.

    Args:
        checkpointing: whether activations are computed again in place of kept.
        batch: pictures that are computed at once.
        text_rate: of the text encoder, where it is taught beside the UNet; else 0.
        optimizer: which.
        resolution: in px.
    """
    if not checkpointing:
        return "gradient checkpointing (checkpointing)"
    if batch > 1:
        return "one picture at a time (batch 1, accumulate for the others)"
    if text_rate:
        return "leave the text encoder alone (text_rate 0)"
    if optimizer not in SMALL_OPTIMIZERS:
        return "a smaller optimizer (optimizer adafactor or adamw8bit)"
    lower = max(LEAST_PX, int(resolution * 0.75) // STEP_PX * STEP_PX)
    return f"a lower resolution (resolution {lower})" if lower < resolution else ""
