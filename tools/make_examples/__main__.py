"""Makes what lies in examples/ and is not from elsewhere: `python -m tools.make_examples`.

A test holds that the notebook and the captions are what this makes, and that the pictures show it.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from benchmarks.learning.concepts import SUBJECT

from .notebook import NAME, notebook

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
SEED = 0


def main() -> None:
    """Write the subject's pictures with their captions, and the notebook that teaches it."""
    pictures = EXAMPLES / SUBJECT.name
    shutil.rmtree(pictures, ignore_errors=True)
    SUBJECT.write(pictures, SEED)
    (EXAMPLES / NAME).write_text(notebook(), encoding="utf-8")


if __name__ == "__main__":
    main()
