"""Written for any Python: when each step of an optimizer in this process was done, and what memory it took."""

import json
import resource
import statistics
import sys
import time
from pathlib import Path

WARM_UP = 8


class Clock:
    """Times the steps of the process's optimizers.

    Args:
        started: of the process, in seconds as `time.time`.
    """

    def __init__(self, started: float) -> None:
        from torch.optim.optimizer import register_optimizer_step_post_hook

        self.started = started
        self.done: list[float] = []
        register_optimizer_step_post_hook(lambda *_: self.done.append(time.time()))

    def write(self, path: str) -> None:
        """Write what was measured as JSON.

        Args:
            path: of the file.
        """
        counted = self.done[WARM_UP:]
        between = [counted[at + 1] - counted[at] for at in range(len(counted) - 1)]
        unit = 1024**2 if sys.platform == "darwin" else 1024
        found = {
            "first_step_s": self.done[0] - self.started,
            "step_s": statistics.median(between) if between else None,
            "steps": len(self.done),
            "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit,
        }
        Path(path).write_text(json.dumps(found), encoding="utf-8")
