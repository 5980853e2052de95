"""What each setting of a training does, as pictures for docs/training.md: `python -m benchmarks.learning.knobs`.

Every picture shows the same prompts at the same seeds, a row for each value. What is there already is left, so that it
can be broken off; `--again` makes all anew.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tqdm import tqdm

from lib_bootcamp.context import Context
from lib_bootcamp.core.images.arrays import Image
from lib_bootcamp.core.images.codec import write_image
from lib_bootcamp.core.images.named_grid import named_grid
from lib_bootcamp.hosts.standalone import StandaloneHost
from lib_bootcamp.ports import SilentProgress
from lib_bootcamp.surfaces.cli.demo_training import LOCON

from .concepts import STYLE, SUBJECT, Concept
from .teaching import Teaching

IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images" / "training"
CELL, STEPS, BATCH, SEED = 128, 200, 8, 0
PROMPTS: Mapping[str, Sequence[str]] = {
    SUBJECT.name: (
        "a zorb on a green background",
        "a zorb on a white background",
        "a zorb on a gray background",
        "a yellow star on a green background",
        "a blue circle on a white background",
        "a red square on a gray background",
    ),
    STYLE.name: (
        "a red circle on a white background, glim style",
        "a green star on a yellow background, glim style",
        "a blue square on a pink background, glim style",
        "a red circle on a white background",
        "a green star on a yellow background",
        "a blue square on a pink background",
    ),
}
"""Three that ask for what was taught, and three that do not."""


@dataclass(frozen=True)
class Row:
    """One value of a setting.

    Args:
        title: of the row.
        settings: that differ from `LOCON` and the common ones.
        strength: the LoRA is drawn with; 0: the checkpoint alone.
        after: the steps; 0: all.
        prior: whether class pictures are seen.
    """

    title: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    strength: float = 1.0
    after: int = 0
    prior: bool = False


@dataclass(frozen=True)
class Knob:
    """A setting, and what it does.

    Args:
        rows: its values.
        concept: what is taught.
    """

    rows: Sequence[Row]
    concept: Concept = SUBJECT


def _values(name: str, *values: Any, **more: Any) -> Sequence[Row]:
    return [Row(f"{name} {value}", {name: value, **more}) for value in values]


KNOBS: Mapping[str, Knob] = {
    "steps": Knob(
        [
            Row("before", strength=0.0),
            *(Row(f"{at} steps", {"save_every": 50, "steps": 400}, after=at) for at in (50, 100, 200)),
            Row("400 steps", {"save_every": 50, "steps": 400}),
        ]
    ),
    "strength": Knob([Row(f"<lora:zorb:{at}>", strength=at) for at in (0.25, 0.5, 1.0, 1.5)]),
    "learning_rate": Knob(_values("learning_rate", 4e-4, 4e-3, 4e-2)),
    "text_rate": Knob(_values("text_rate", 0.0, 1e-3)),
    "rank": Knob(
        [Row(f"rank {at}", {"rank": at, "alpha": float(at), "conv_rank": max(1, at // 2)}) for at in (1, 4, 32)]
    ),
    "alpha": Knob(_values("alpha", 2.0, 8.0, 32.0)),
    "rslora": Knob([Row("alpha / rank", {"alpha": 8.0}), Row("alpha / sqrt(rank)", {"alpha": 8.0, "rslora": True})]),
    "method": Knob([Row("lora", {"method": "lora"}), Row("locon"), Row("dora", {"method": "dora"})]),
    "blocks": Knob([*(Row(each, {"blocks": [each]}) for each in ("down", "mid", "up")), Row("all")], STYLE),
    "layers": Knob(
        [
            *(
                Row(each, {"method": "lora", "layers": [each], "learning_rate": 5e-3})
                for each in ("self-attention", "cross-attention", "feed-forward", "other")
            ),
            Row("all", {"method": "lora", "learning_rate": 5e-3}),
        ]
    ),
    "prior_weight": Knob(
        [Row("none"), *(Row(f"prior_weight {at}", {"prior_weight": at}, prior=True) for at in (0.2, 1.0))], STYLE
    ),
    "flip": Knob([Row("no flip"), Row("flip", {"flip": True})]),
    "dropout": Knob(_values("dropout", 0.0, 0.5), STYLE),
    "noise_offset": Knob(_values("noise_offset", 0.0, 0.3), STYLE),
    "weighting": Knob(_values("weighting", "none", "min-snr", "debiased")),
    "loss": Knob(_values("loss", "l2", "huber")),
    "optimizer": Knob(_values("optimizer", "adamw", "adafactor")),
    "loraplus_ratio": Knob(_values("loraplus_ratio", 1.0, 16.0, learning_rate=1e-3)),
    "ema_decay": Knob(_values("ema_decay", 0.0, 0.99, learning_rate=1e-2)),
    "schedule": Knob(_values("schedule", "constant", "cosine", "rex")),
    "batch": Knob(_values("batch", 1, 8)),
}


def picture(knob: Knob) -> Image:
    """Train for each row, and draw all of them."""
    rows: list[tuple[str, list[list[Image]]]] = []
    prompts = PROMPTS[knob.concept.name]
    taught: dict[str, Teaching] = {}
    with tempfile.TemporaryDirectory() as name:
        host = StandaloneHost(device="cpu", data_dir=Path(name) / "data")
        context = Context.of_terminal(host, SilentProgress())
        for each in knob.rows:
            key = repr((sorted(each.settings.items()), each.prior))
            teaching = taught.get(key)
            if teaching is None and each.strength:
                folder = Path(name) / f"{len(taught)}"
                folder.mkdir()
                teaching = taught[key] = Teaching(knob.concept, context, folder, SEED)
                common = {"steps": STEPS, "batch": BATCH, "schedule": "cosine"}
                teaching.train({**LOCON, **common, **each.settings}, prior=each.prior)
            drawer = teaching or Teaching(knob.concept, context, Path(name) / "none", SEED)
            made = [[drawer.draw(text, at, each.strength, each.after)] for at, text in enumerate(prompts)]
            rows.append((each.title, made))
    return named_grid(rows, [text.replace(" background", "") for text in prompts], cell_px=CELL)


def main() -> None:
    """Make the pictures that are not there."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.learning.knobs", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(KNOBS)}; default: all")
    parser.add_argument("--again", action="store_true", help="those too that are there")
    arguments = parser.parse_args()
    unknown = set(arguments.names) - set(KNOBS)
    if unknown:
        parser.error(f"no setting is called {', '.join(sorted(unknown))}")
    IMAGES.mkdir(exist_ok=True)
    for name in tqdm(arguments.names or list(KNOBS)):
        path = IMAGES / f"{name}.jpg"
        if arguments.again or not path.is_file():
            write_image(path, picture(KNOBS[name]))


if __name__ == "__main__":
    main()
