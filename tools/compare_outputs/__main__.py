"""Make about 300 outputs in a checkout and compare them with another checkout's.

Control maps with many settings, QR codes, QR art and pictures on the small checkpoint, scans, CLIP labels, prompts and
captions with the small CLIP, PNG info, data set reports and edits: over the command line and over HTTP, in one process.
Pictures are compared bit for bit; JSON through the `renamed` table of the newer checkout's declarations.

    python -m tools.compare_outputs BASE --keep base-outputs              # once: makes the base's outputs
    python -m tools.compare_outputs . --against base-outputs              # makes this checkout's and compares

Exit code 0: nothing differs but the wording of sentences, and what is added; 1: something does. A few minutes on
one core.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from .compare import ADDED, WORDED, Difference, compare

HOME = Path(__file__).resolve().parents[2]


def main() -> int:
    """Make, and compare where that is asked for."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.compare_outputs",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("checkout", type=Path, help="the folder of the checkout whose outputs are made")
    parser.add_argument("--python", default=sys.executable, help="the Python that runs it (default: this one)")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="where its outputs go (default: they are not kept)")
    parser.add_argument("--against", type=Path, metavar="FOLDER", help="outputs of an older checkout, kept before")
    parser.add_argument(
        "--words", action="store_true", help="list sentences that are worded anew and what is added, too"
    )
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as spare:
        folder = (asked.keep or Path(spare) / "outputs").resolve()
        command = [asked.python, "-m", "tools.compare_outputs.make", str(asked.checkout.resolve()), str(folder)]
        subprocess.run(command, cwd=HOME, check=True)
        new = _read(folder)
    crashed = [name for name, each in new["results"].items() if "crash" in each]
    print(f"{len(new['results'])} outputs made; {len(crashed)} crashed {', '.join(crashed)}".rstrip())
    return _print(compare(_read(asked.against), new), words=asked.words) if asked.against else 0


def _read(folder: Path) -> Any:
    return json.loads((folder / "outputs.json").read_text("utf-8"))


def _print(found: Iterable[tuple[str, list[Difference]]], *, words: bool) -> int:
    wrong = worded = 0
    for name, differences in found:
        real = [each for each in differences if each[1] not in {WORDED, ADDED}]
        wrong, worded = wrong + bool(real), worded + (not real)
        for where, what in differences if words else real:
            print(f"{name}{where}: {what}")
    print(f"{wrong} differ; {worded} only in the wording of a sentence, or by what is added.")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
