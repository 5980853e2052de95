"""How a training goes, and what comes of each of its steps."""

from __future__ import annotations

from dataclasses import dataclass, field

from lib_bootcamp.core.training.captions import Wording
from lib_bootcamp.core.training.optimizers import Optimizer
from lib_bootcamp.core.training.precision import Precision
from lib_bootcamp.core.training.rates import Rates

from .adapters import Shape
from .objective import Objective


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How a training goes.

    Args:
        steps: in all.
        shape: of the networks.
        rate: the UNet's highest learning rate.
        text_rate: the text encoder's; 0: it is not taught.
        rates: the shape of the rates.
        batch: examples in a step's part.
        accumulate: parts of a step.
        flip: whether half of the pictures are mirrored.
        wording: of the captions.
        objective: what is minimized.
        seed: of all chance.
        clip_skip: which of the text encoder's last layers is used.
        clip_norm: the longest gradient.
        decay: weight decay.
        checkpointing: whether activations are computed again in place of kept.
        optimizer: which one.
        loraplus_ratio: how many times the rate `up` has (LoRA+, arXiv 2402.12354); 1: the same.
        ema_decay: the decay of the average of the weights, which is what is drawn with and written; 0: there is none.
        validation_split: the share of the pictures that is not learned from, 0 to below 1.
        vectors: of a new word, which is taught in place of a network, with `text_rate`; 0: a network is.
        init_text: what they begin as.
        precision: that is computed in.
        keep_norm: whether they have the length of the checkpoint's own after each step.
        whole: whether a copy of the checkpoint's own weights is taught in place of a network (DreamBooth).
    """

    steps: int
    shape: Shape = field(default_factory=Shape)
    rate: float = 1e-4
    text_rate: float = 5e-5
    rates: Rates
    batch: int = 1
    accumulate: int = 1
    flip: bool = False
    wording: Wording = field(default_factory=Wording)
    objective: Objective = field(default_factory=Objective)
    seed: int = 0
    clip_skip: int = 1
    clip_norm: float = 1.0
    decay: float = 0.01
    checkpointing: bool = False
    optimizer: Optimizer = "adamw"
    loraplus_ratio: float = 1.0
    ema_decay: float = 0.0
    validation_split: float = 0.0
    vectors: int = 0
    init_text: str = "*"
    keep_norm: bool = False
    precision: Precision = "automatic"
    whole: bool = False


@dataclass(frozen=True, kw_only=True)
class Done:
    """What came of a step.

    Args:
        step: its number, from 1.
        loss: None where it was no number, and the step was left out.
        smoothed: the loss on the concepts' pictures over the last steps; None: none of them came yet.
        own: the loss on those among the step's pictures; None: there are none.
        prior: the loss on class pictures over the last steps; None: none of them came yet.
        rate: of the UNet.
        returned: the step that the training went back to; None: it did not.
    """

    step: int
    loss: float | None
    smoothed: float | None
    rate: float
    returned: int | None = None
    own: float | None = None
    prior: float | None = None
