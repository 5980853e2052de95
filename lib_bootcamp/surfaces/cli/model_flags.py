"""The flags that choose the models: before the command, and after one that needs them."""

from __future__ import annotations

import argparse
import re
from typing import Any

CHECKPOINT_HELP = (
    "what pictures are drawn with: a .safetensors file, a diffusers folder, a hub id, or mini (the default: "
    "a small model of this project's own)"
)
CLIP_HELP = "the CLIP model where an operation names none: as classify's --clip"


_DEVICE = re.compile(r"(cpu|cuda|mps|xpu|hpu|npu|mtia|privateuseone)(:\d{1,3})?")


def device(given: str) -> str:
    """A torch device's name.

    Raises:
        ArgumentTypeError: there is none of this kind.
    """
    if _DEVICE.fullmatch(given) is None:
        raise argparse.ArgumentTypeError(f"{given!r} is no torch device: give cpu, cuda, cuda:1, mps or xpu")
    return given


def add_model_flags(parser: Any, *, checkpoint: bool = True, clip: bool = True) -> None:
    """`--device`, `--checkpoint` and `--clip`."""
    text = "torch device for models (cuda, cuda:1, mps, cpu); default: the best there is"
    parser.add_argument("--device", type=device, default=argparse.SUPPRESS, help=text)
    if checkpoint:
        parser.add_argument("--checkpoint", metavar="MODEL", default=argparse.SUPPRESS, help=CHECKPOINT_HELP)
    if clip:
        parser.add_argument("--clip", metavar="MODEL", dest="host_clip", default=argparse.SUPPRESS, help=CLIP_HELP)
