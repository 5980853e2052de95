"""`python -m training clip|vae|unet|measure`: make the small models in `models/`, each from what comes before it."""

from __future__ import annotations

import argparse
import importlib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STAGES = ("clip", "vae", "unet", "measure")


def main() -> None:
    """Run one stage."""
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    parser.add_argument("stage", choices=STAGES)
    parser.add_argument(
        "--work", type=Path, default=ROOT / "outputs" / "training", help="where stopped runs go on from"
    )
    parser.add_argument("--out", type=Path, default=ROOT / "models", help="where the finished models go")
    given = parser.parse_args()
    stage = importlib.import_module(f"training.{given.stage}")
    stage.main(given.work, given.out)


if __name__ == "__main__":
    main()
