"""Weights of trainings that are under way, in half precision beside the code: from where a new machine goes on.

What the optimizer knew is not kept: a training that goes on from here begins with a small rate again.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch

FOLDER = Path(__file__).parent / "kept"
MODELS = ("vae", "clip", "unet")


@dataclass(frozen=True, kw_only=True)
class Begun:
    """A training as it was kept.

    Args:
        number: of the round.
        step: how many of its steps were done.
        values: the averaged parameters, in single precision.
    """

    number: int
    step: int
    values: dict[str, torch.Tensor]

    def step_of(self, number: int) -> int:
        """How many steps of a round were done."""
        return self.step if number == self.number else 0


def begun(model: str, work: Path) -> Begun | None:
    """The newest round of a model that was kept; None where the work folder has its training, or nothing was kept.

    Args:
        model: one of `MODELS`.
        work: the folder of the states.
    """
    from safetensors import safe_open

    if any(work.glob(f"{model}-*.pt")) or not _files(model):
        return None
    file = _files(model)[-1]
    with safe_open(file, "pt") as opened:
        values = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118 - it is no dict
        step = int(opened.metadata()["step"])
    single = {name: value.float() if value.is_floating_point() else value for name, value in values.items()}
    print(f"{file.name} goes on from step {step:,}", flush=True)
    return Begun(number=int(file.stem.rpartition("-")[2]), step=step, values=single)


def keep(model: str, work: Path) -> Path | None:
    """Write the average of a model's newest round in `work` beside the code, in place of what was kept of it."""
    from safetensors.torch import save_file

    states = sorted(work.glob(f"{model}-*.pt"))
    if not states:
        return None
    found = torch.load(states[-1], weights_only=True)
    halved = {
        name: (value.half() if value.is_floating_point() else value).contiguous()
        for name, value in found["average"].items()
    }
    FOLDER.mkdir(exist_ok=True)
    before, file = _files(model), FOLDER / f"{states[-1].stem}.safetensors"
    save_file(halved, file, metadata={"step": str(found["step"])})
    for each in before:
        if each != file:
            each.unlink()
    return file


def _files(model: str) -> list[Path]:
    return sorted(FOLDER.glob(f"{model}-*.safetensors"))


def main(work: Path, out: Path) -> None:
    """Keep what there is."""
    del out
    for model in MODELS:
        file = keep(model, work)
        print(f"{file.name}, {file.stat().st_size / 2**20:.1f} MiB" if file else f"Nothing of {model} to keep.")
