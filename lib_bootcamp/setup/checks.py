"""What is held without running the tests. Standard library only."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from .bootstrap import ROOT

_SPELLED = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "docs", "lib_bootcamp", "scripts", "javascript", "tools")
CHECKS = {
    "ruff": ("-m", "ruff", "check", "."),
    "format": ("-m", "ruff", "format", "--check", "."),
    "codespell": ("-c", "import sys; from codespell_lib import main; sys.exit(main(*sys.argv[1:]))", *_SPELLED),
    "prose": ("-m", "tools.prose"),
    "mypy": ("-m", "mypy"),
    "imports": ("-c", "from importlinter.cli import lint_imports_command as run; run()"),
    # the docs' site, its internal links checked; under -q mkdocs counts no warnings, and --strict would hold nothing
    "docs": ("-m", "mkdocs", "build", "--strict", "-d", str(ROOT / "site")),
}


def run(python: Path, names: Sequence[str]) -> list[str]:
    """Run checks, show the output of those that failed; returns their names."""
    failed = []
    for name in names:
        started = time.monotonic()
        done = subprocess.run([python, *CHECKS[name]], cwd=ROOT, capture_output=True, text=True, check=False)
        print(f"{name:12} {'failed' if done.returncode else 'ok':6} {time.monotonic() - started:5.1f} s", flush=True)
        if done.returncode:
            failed.append(name)
            print(done.stdout + done.stderr, flush=True)
    return failed
