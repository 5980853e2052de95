"""The demo's training: a thing that the small checkpoint has never seen, drawn before and after."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from lib_bootcamp.context import Context
from lib_bootcamp.core.files.atomic import write_atomically
from lib_bootcamp.ports import Host, SilentProgress, track

NAME = "zorb"
PROMPT = f"a {NAME} on a yellow background"
TAG = f"<lora:{NAME}:1>"
STEPS = 120
LOCON: dict[str, Any] = {
    "method": "locon",
    "rank": 32,
    "alpha": 32.0,
    "conv_rank": 16,
    "learning_rate": 4e-3,
    "text_rate": 1e-3,
}
"""What teaches the small checkpoint a subject in the fewest seconds (benchmarks/learning)."""
SETTINGS: dict[str, Any] = {"name": NAME, **LOCON, "batch": 8, "sample_every": 0, "seed": 0}


def teach(host: Host, pictures: Path, out: Path, steps: int) -> str:
    """Train a LoRA of the pictures and write it into a folder; returns the sentence about what it was trained on.

    It is no job: what Ctrl+C ends leaves nothing.

    Args:
        host: whose checkpoint is taught.
        pictures: their folder.
        out: where the file is written; one that is there is replaced.
        steps: of the training.
    """
    from lib_bootcamp.operations.train.train import TRAIN
    from lib_bootcamp.operations.train.work import TrainWork

    params = TRAIN.params_from({**SETTINGS, "folder": str(pictures), "steps": steps})
    context = Context.of_terminal(host, SilentProgress())
    sentences: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        work = TrainWork(Path(folder), params, context)
        try:
            taken = track(host.progress(), work.steps(0), title=f"Teaching {NAME}", total=steps, unit="step")
            for step in taken:
                sentences += [str(each.facts["sentence"]) for each in step.events if "sentence" in each.facts]
                for each in step.writes:
                    write_atomically(out / each.path.name, each.after)
        finally:
            work.forget()
    return sentences[0]
