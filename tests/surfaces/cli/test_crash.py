"""A real process on a real model, ended in the middle of a folder by kill -9 and by Ctrl+C.

`python -m benchmarks captions` does it with 1,000 pictures and at many points. Each start of a process with a model
takes seconds, which is why these tests do.
"""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image as Pil

from tests.ml.needs import skip_without_models

skip_without_models()

from lib_bootcamp.core.datasets.caption_tables import Table  # noqa: E402
from lib_bootcamp.jobs.journal import Journal  # noqa: E402
from tests.ml.clip.test_classify_mini import COLORS, SHAPES, drawn  # noqa: E402

ROOT = Path(__file__).resolve().parents[3]
PICTURES, BATCH, SIDE = 200, 32, 32
KINDS = [(shape, color) for shape in SHAPES for color in COLORS]
pytestmark = [
    pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them"),
    pytest.mark.skipif(bool(os.environ.get("BOOTCAMP_PINS")), reason="run with the standalone lock alone"),
]


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Where nothing may be written beside the sources, processes share what they compile, which halves their start."""
    if not os.environ.get("PYTHONDONTWRITEBYTECODE"):
        return {}
    return {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(tmp_path_factory.mktemp("compiled"))}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Many small pictures of shapes."""
    folder = tmp_path / "set"
    folder.mkdir()
    files = []
    for kind in KINDS:
        out = io.BytesIO()
        Pil.fromarray(drawn(*kind, SIDE)).save(out, "PNG")
        files.append(out.getvalue())
    for at in range(PICTURES):
        (folder / f"{at:04}.png").write_bytes(files[at % len(files)])
    return folder


class Program:
    """The command line with a data folder of its own."""

    def __init__(self, data: Path, further: dict[str, str]) -> None:
        self._data = data
        self._environment = {**os.environ, "BOOTCAMP_VENV": "off", "BOOTCAMP_DATA": str(data), **further}

    def started(self, *arguments: str) -> subprocess.Popen[str]:
        """A process that goes on."""
        command = [sys.executable, "-m", "lib_bootcamp", *arguments]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(command, cwd=ROOT, env=self._environment, text=True, **pipes)  # type: ignore[call-overload,no-any-return]

    def run(self, *arguments: str) -> str:
        """What a command prints; it ends well."""
        process = self.started(*arguments)
        out, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
        return out

    def journal(self) -> Journal:
        """The journal, as another process reads it."""
        return Journal(self._data / "jobs" / "jobs.sqlite")

    def stopped_at(self, done: int, send: int, *arguments: str) -> tuple[int, str]:
        """Start a job and send a signal when so many pictures are done; the exit code and the errors."""
        process = self.started(*arguments)
        journal = self.journal()
        end = time.monotonic() + 120
        while time.monotonic() < end and process.poll() is None:
            rows = journal.rows()
            if rows and rows[0].info.done >= done:
                process.send_signal(send)
                break
            time.sleep(0.005)
        journal.close()
        _, errors = process.communicate(timeout=60)
        return process.returncode, errors


@pytest.fixture
def program(tmp_path: Path, compiled: dict[str, str]) -> Program:
    return Program(tmp_path / "data", compiled)


def captions(root: Path) -> dict[str, str]:
    """Every file that is not a picture, hidden ones too."""
    return {path.name: path.read_text() for path in root.iterdir() if path.suffix != ".png"}


def arguments(root: Path, output: str) -> list[str]:
    return ["caption", str(root), "--preset", "drawn shapes (mini)", "--output", output, "--quiet"]


def whole() -> dict[str, str]:
    """What a run that nobody ends writes."""
    texts = [f"{color} {shape}" for shape, color in KINDS]
    return {f"{at:04}": texts[at % len(texts)] for at in range(PICTURES)}


def test_kill_9_loses_nothing_repeats_at_most_a_batch_and_leaves_no_half_file(program: Program, root: Path) -> None:
    code, _ = program.stopped_at(PICTURES // 3, signal.SIGKILL, *arguments(root, ".txt"))
    assert code == -signal.SIGKILL
    after_the_kill = {name: text for name, text in captions(root).items() if not name.startswith(".")}
    assert 0 < len(after_the_kill) < PICTURES
    assert [name for name, text in after_the_kill.items() if whole()[Path(name).stem] not in text] == []
    assert "interrupted" in program.run("jobs")
    program.run("jobs", "resume", "1")
    journal = program.journal()
    info = journal.row(1).info
    assert (info.state, info.done, info.failed) == ("done", PICTURES, 0)
    assert journal.repeats(1) <= BATCH
    journal.close()
    written = {Path(name).stem: text for name, text in captions(root).items()}
    assert written.keys() == whole().keys()
    assert [name for name, text in written.items() if whole()[name] not in text] == []
    program.run("jobs", "undo", "1")
    assert captions(root) == {}


def test_a_table_is_whole_after_ctrl_c_and_after_kill_9(program: Program, root: Path) -> None:
    code, errors = program.stopped_at(BATCH, signal.SIGINT, *arguments(root, "captions.csv"))
    assert code == 130
    assert "Pausing after this batch" in errors
    journal = program.journal()
    info = journal.row(1).info
    assert (info.state, journal.repeats(1)) == ("paused", 0)
    assert BATCH <= info.done < PICTURES
    assert len(Table.read(root / "captions.csv").captions) == info.done
    code, _ = program.stopped_at(info.done + BATCH, signal.SIGKILL, "jobs", "resume", "1")
    assert code == -signal.SIGKILL
    assert len(Table.read(root / "captions.csv").captions) == info.done  # it is written when a job ends or pauses
    program.run("jobs", "resume", "1")
    assert journal.repeats(1) <= BATCH
    journal.close()
    assert list(captions(root)) == ["captions.csv"]
    written = {Path(name).stem: text for name, text in Table.read(root / "captions.csv").captions.items()}
    assert written.keys() == whole().keys()
    assert [name for name, text in written.items() if whole()[name] not in text] == []
    program.run("jobs", "undo", "1")
    assert captions(root) == {}
