"""What the terminal of a server shows of an error."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = """
import logging, sys, traceback, types
gradio = types.ModuleType("gradio")
gradio.traceback = traceback
sys.modules["gradio"] = gradio
from lib_bootcamp.surfaces.shared.one_line import tracebacks_on_one_line
tracebacks_on_one_line()
tracebacks_on_one_line()
try:
    raise KeyError("a\\x1b[31m\\nb")
except KeyError:
    logging.getLogger("uvicorn.error").exception("Exception in %s application\\n", "ASGI")
    gradio.traceback.print_exc()
    logging.getLogger("x").warning("%d plain", 1)
assert gradio.traceback.format_exc is traceback.format_exc
"""


def _said(monkeypatch: pytest.MonkeyPatch, wanted: str) -> list[str]:
    monkeypatch.setenv("BOOTCAMP_TRACEBACK", wanted)
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stderr.splitlines()


def test_an_error_is_one_line_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    reason = "(KeyError: 'a\\x1b[31m\\nb'; BOOTCAMP_TRACEBACK=1 shows where)"
    said = _said(monkeypatch, "")
    assert said == [f"Exception in ASGI application {reason}", f"The page could not answer {reason}", "1 plain"]


def test_who_looks_for_a_mistake_of_the_programs_sees_the_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    said = _said(monkeypatch, "1")
    assert said.count("Traceback (most recent call last):") == 2
