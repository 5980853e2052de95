"""A very short training, for what is done with its files."""

from __future__ import annotations

from pathlib import Path

from lib_bootcamp.context import Context
from lib_bootcamp.hosts.standalone import StandaloneHost
from lib_bootcamp.operations.train.train import TRAIN
from lib_bootcamp.operations.train.work import TrainWork
from lib_bootcamp.ports import SilentProgress
from tests.ml.training import material

ASKED = {"name": "zorb", "steps": 4, "seed": 4, "resolution": 64, "rank": 4, "save_every": 2}


def trained_in(base: Path, host: StandaloneHost) -> Path:
    """Train in a folder; returns the output folder: files after steps 2 and 4, samples of steps 0, 2 and 4."""
    material.pictures(base / "pictures")
    (base / "out").mkdir()
    given = {"folder": str(base / "pictures"), **ASKED, "sample_prompt": "a zorb", "sample_every": 2}
    work = TrainWork(base / "out", TRAIN.params_from(given), Context.of_terminal(host, SilentProgress()))
    for step in work.steps(0):
        for each in step.writes:
            each.path.parent.mkdir(exist_ok=True)
            each.path.write_bytes(each.after or b"")
    return base / "out"
