"""The numbers that a training computes with."""

from __future__ import annotations

from typing import Literal, TypeAlias

Precision: TypeAlias = Literal["automatic", "fp32", "bf16", "fp16"]
TITLES: dict[Precision, str] = {
    "automatic": "As the checkpoint is loaded",
    "fp32": "32 bits (fp32)",
    "bf16": "16 bits (bf16)",
    "fp16": "16 bits (fp16, with a scaler)",
}
