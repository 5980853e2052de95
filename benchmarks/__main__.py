"""Run the benchmarks, print their tables and, without --quick, write docs/benchmarks.md."""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
from pathlib import Path
from typing import Any

from lib_bootcamp.hosts.versions import installed_versions

from . import api, captions, clip, dataset, guidance, interrogate, load, maps, qr, qr_art, startup, webui_page
from .learning import suite as learning
from .scan import suite as scan
from .train import suite as train

ROOT = Path(__file__).resolve().parents[1]
SUITES: dict[str, tuple[str, Any]] = {
    "qr": ("QR maps", qr),
    "maps": ("Brightness and lighting maps", maps),
    "scan": ("Scanning", scan),
    "clip": ("CLIP over a folder", clip),
    "interrogate": ("Interrogation", interrogate),
    "captions": ("Captions of a folder as a job", captions),
    "dataset": ("Dataset report", dataset),
    "guidance": ("Luminance guidance", guidance),
    "qr_art": ("QR art", qr_art),
    "learning": ("What a training teaches", learning),
    "train": ("Training beside others", train),
    "startup": ("Start-up", startup),
    "api": ("API", api),
    "load": ("API under load", load),
    "webui_page": ("In the WebUI: what the extension adds to the page", webui_page),
}


def main() -> None:
    """Run the named suites, or all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(SUITES)}; default: all")
    parser.add_argument("--quick", action="store_true", help="fewer rounds and sizes; writes nothing")
    arguments = parser.parse_args()
    unknown = set(arguments.names) - set(SUITES)
    if unknown:
        parser.error(f"no benchmark is called {', '.join(sorted(unknown))}")
    for name in arguments.names or SUITES:
        title, suite = SUITES[name]
        print(f"\n## {title}\n", flush=True)
        missing = [each for each in getattr(suite, "NEEDS", ()) if importlib.util.find_spec(each) is None]
        if missing:
            print(f"skipped: {', '.join(missing)} not installed")
            continue
        reason = getattr(suite, "why_not", lambda: None)()
        if reason:
            print(f"skipped: {reason}")
            continue
        result = suite.run(arguments.quick)
        print(suite.table(result), flush=True)
        if not arguments.quick:
            path = ROOT / "benchmarks" / "results" / f"{name}.json"
            path.parent.mkdir(exist_ok=True)
            path.write_text(json.dumps({"machine": _machine(), **result}, indent=1) + "\n", encoding="utf-8")
    if not arguments.quick:
        _write_page()


def _machine() -> dict[str, Any]:
    return {
        "processor": platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "packages": installed_versions(),
    }


def _write_page() -> None:
    parts = [
        "# Benchmarks",
        "Written by `python -m benchmarks`. Medians; the alternatives of one table were measured in turn in one run. "
        "Ratios hold from machine to machine, milliseconds do not.",
    ]
    for name, (title, suite) in SUITES.items():
        path = ROOT / "benchmarks" / "results" / f"{name}.json"
        if not path.is_file():
            continue
        result = json.loads(path.read_text(encoding="utf-8"))
        machine = result.pop("machine")
        packages = ", ".join(f"{key} {value}" for key, value in machine["packages"].items())
        note = f"{machine['cores']} cores, {machine['processor']}, Python {machine['python']}, {packages}."
        parts += [f"## {title}", suite.table(result), note]
    (ROOT / "docs" / "benchmarks.md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
