"""A training that is killed at five steps by chance and goes on each time, against one that was not."""

from __future__ import annotations

import contextlib
import random
import re
import signal
import subprocess
from pathlib import Path
from typing import Any

import numpy as np

KILLS = 5
_STEP = re.compile(r"^step (\d+):")


def killed(first: list[str], resume: list[str], steps: int, **environment: Any) -> list[int]:
    """Run a training that prints its steps, kill -9 it at some of them, and let it end.

    Args:
        first: the command that begins it.
        resume: the one that goes on.
        steps: of the training.
        environment: of `subprocess.Popen`.
    Returns:
        the steps at which it was killed.
    Raises:
        RuntimeError: it did not end well.
    """
    source = random.Random(7)
    at = sorted(source.sample(range(2, steps - 1), KILLS))
    for number, step in enumerate(at):
        with subprocess.Popen(resume if number else first, stdout=subprocess.PIPE, text=True, **environment) as run:
            assert run.stdout is not None
            for line in run.stdout:
                found = _STEP.match(line)
                if found is not None and int(found[1]) >= step:
                    break
            run.send_signal(signal.SIGKILL)
            with contextlib.suppress(ValueError):
                run.stdout.close()
    made = subprocess.run(resume, capture_output=True, text=True, check=False, **environment)
    if made.returncode:
        raise RuntimeError(made.stderr[-2000:])
    return at


def difference(one: Path, other: Path) -> float:
    """How far the `up` factors of two files lie apart, as a share of the first one's length; 0: all bits are equal.

    Args:
        one: a safetensors file.
        other: of the same keys.
    """
    from safetensors.numpy import load_file

    first, second = load_file(one), load_file(other)
    assert first.keys() == second.keys()
    apart = whole = 0.0
    for key, value in first.items():
        if key.endswith("lora_up.weight"):
            apart += float(np.square(value.astype(np.float64) - second[key]).sum())
            whole += float(np.square(value.astype(np.float64)).sum())
    same = all(np.array_equal(value, second[key]) for key, value in first.items())
    return 0.0 if same else max((apart / whole) ** 0.5, 1e-12)
