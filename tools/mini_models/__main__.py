"""Make the small models, each stage from what comes before it.

`python -m tools.mini_models shapes clip|vae|unet|measure` makes the drawn shapes' models in `models/`;
`python -m tools.mini_models things fetch|vae|clip|unet|sheet|all` those of things from emoji sets; `things kept` puts
their weights as they are now beside the code, from where another machine goes on. A stage that is
stopped, by Ctrl+C or kill -9, goes on from its last minute when it is called again.
"""

from __future__ import annotations

import argparse
import importlib
import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STAGES = {
    "shapes": ("clip", "vae", "unet", "measure"),
    "things": ("fetch", "vae", "clip", "unet", "sheet"),
}
ASKED_FOR = ("kept",)
"""What is done with the things' models when it is asked for by name."""


def work_folder() -> Path:
    """Where stopped runs go on from: `$BOOTCAMP_MINI_MODELS`, else a folder that outlives a checkout."""
    named = os.environ.get("BOOTCAMP_MINI_MODELS")
    return Path(named) if named else Path.home() / ".cache" / "sd-webui-bootcamp" / "mini-models"


def main() -> None:
    """Run one stage, or all of them in their order."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.mini_models", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("kind", choices=tuple(STAGES))
    named = dict.fromkeys(each for some in (*STAGES.values(), ASKED_FOR) for each in some)
    parser.add_argument("stage", choices=(*named, "all"))
    parser.add_argument("--work", type=Path, default=work_folder(), help="where stopped runs go on from")
    parser.add_argument("--out", type=Path, default=None, help="where the finished models go (shapes: models/)")
    given = parser.parse_args()
    stages = STAGES[given.kind] if given.stage == "all" else (given.stage,)
    if not set(stages) <= {*STAGES[given.kind], *(ASKED_FOR if given.kind == "things" else ())}:
        parser.error(f"{given.kind} has the stages {', '.join(STAGES[given.kind])}")
    work = given.work / given.kind
    out = given.out or (ROOT / "models" if given.kind == "shapes" else work / "models")
    work.mkdir(parents=True, exist_ok=True)
    for each in stages:
        importlib.import_module(f"tools.mini_models.{given.kind}.{each}").main(work, out)


if __name__ == "__main__":
    main()
