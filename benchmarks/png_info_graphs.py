"""PNG info of ComfyUI on a folder of public pictures and workflows, beside an independent reader.

    python -m benchmarks.png_info_graphs FOLDER ... [--list]

The other reader is sd-parsers (`pip install sd-parsers`, Pillow 10.4 or newer); without it only what was found is
counted. It gives each sampler of a graph with what is linked to it, so the two agree where one of its samplers has our
seed, steps, CFG, sampler and schedule, and its prompts are ours. A picture that holds both a prompt graph and the
page's workflow is read once more, by its workflow alone, and both must tell the same.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lib_bootcamp.core.png_info.extract import extract
from lib_bootcamp.core.png_info.generation import Generation
from lib_bootcamp.core.png_info.readers.comfy import read_comfy
from lib_bootcamp.errors import ImageError

PICTURES = frozenset({".png", ".webp", ".jpg", ".jpeg"})
_FIELDS = {"seed": ("seed", "noise_seed"), "steps": ("steps",), "cfg_scale": ("cfg",), "scheduler": ("scheduler",)}


def graphs(folders: list[Path]) -> Iterator[tuple[Path, dict[str, str], tuple[int, int]]]:
    """Every file below the folders that holds a graph, with its texts and its picture's size."""
    for path in sorted(each for folder in folders for each in folder.rglob("*") if each.is_file()):
        ending = path.suffix.lower()
        if ending in PICTURES:
            try:
                found = extract(path.read_bytes(), hidden=False)
            except ImageError:
                continue
            if "prompt" in found.texts or "workflow" in found.texts:
                yield path, found.texts, (found.width, found.height)
        elif ending == ".json":
            text = path.read_text(encoding="utf-8", errors="replace")
            name = "prompt" if '"class_type"' in text else "workflow" if '"nodes"' in text else ""
            if name:
                yield path, {name: text}, (0, 0)


def agrees(made: Generation, path: Path) -> tuple[bool, bool] | None:
    """Whether the other reader tells the same sampling, and the same prompts of it; None where it tells none."""
    try:
        import sd_parsers
        from sd_parsers.exceptions import ParserError
    except ImportError:
        return None
    try:
        info = sd_parsers.ParserManager().parse(path)
    except (ParserError, OSError, TypeError, KeyError, ValueError):
        return None
    if info is None or not info.samplers:
        return None
    same = [each for each in info.samplers if _sampling_agrees(made, each)]
    return bool(same), any(_prompts_agree(made, each) for each in same)


def _sampling_agrees(made: Generation, sampler: Any) -> bool:
    given = {field: next((sampler.parameters[n] for n in names if n in sampler.parameters), None)
            for field, names in _FIELDS.items()}  # fmt: skip
    pairs = [
        (getattr(made, field), value) for field, value in given.items() if not isinstance(value, (list, type(None)))
    ]
    return all(ours == theirs for ours, theirs in pairs) and made.sampler == sampler.name


def _prompts_agree(made: Generation, sampler: Any) -> bool:
    return all(
        {line for line in ours.split("\n") if line}
        == {line.strip() for each in theirs for line in str(each.value).split("\n") if line.strip()}
        for ours, theirs in ((made.prompt, sampler.prompts), (made.negative_prompt, sampler.negative_prompts))
    )


def _fields(made: Generation | None) -> dict[str, Any]:
    found = {} if made is None else made.known_fields()
    found["extras"] = {name: each for name, each in found.get("extras", {}).items() if not name.endswith("odes")}
    return found


def run(folders: list[Path]) -> tuple[Counter[str], list[str]]:
    """The counts, and a line for each file that is not read, or read otherwise by the other reader."""
    counts: Counter[str] = Counter()
    lines: list[str] = []
    for path, texts, size in graphs(folders):
        made = read_comfy(texts, size)
        kind = "prompt graphs" if "prompt" in texts else "workflows alone"
        if made is None:
            continue
        counts[kind] += 1
        if made.sampler or made.scheduler:
            counts[f"{kind}: sampling found"] += 1
        else:
            lines.append(f"{path}: no sampling")
        other = agrees(made, path) if path.suffix.lower() in PICTURES else None
        if other is not None:
            counts["also by the other reader"] += 1
            counts["the same sampling"] += other[0]
            counts["the same prompts too"] += all(other)
            lines += [] if all(other) else [f"{path}: other {'prompts' if other[0] else 'sampling'}"]
        if "prompt" in texts and "workflow" in texts:
            counts["both a prompt graph and a workflow"] += 1
            again = read_comfy({"workflow": texts["workflow"]}, size)
            counts["both read the same"] += _fields(made) == _fields(again)
            lines += [] if _fields(made) == _fields(again) else [f"{path}: the workflow reads otherwise"]
    return counts, lines


def main() -> None:
    """Print the counts as JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.png_info_graphs", description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    parser.add_argument("--list", action="store_true", help="name the files that are read otherwise")
    arguments = parser.parse_args()
    counts, lines = run(arguments.folders)
    print(json.dumps(counts, indent=1))
    print("\n".join(lines) if arguments.list else "")


if __name__ == "__main__":
    main()
