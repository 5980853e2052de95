"""Captions for a folder as a job: what the journal costs, memory over 10,000 pictures, and kill -9 at many points.

The model is the small CLIP that comes along: it is the quickest there is, so that the journal's share is the largest.
"""

from __future__ import annotations

import contextlib
import io
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from PIL import Image as Pil
from PIL import ImageDraw

from lib_bootcamp.core.text.scores import LabelScore
from lib_bootcamp.hosts.standalone import StandaloneHost
from lib_bootcamp.jobs.folder_run import FolderRun
from lib_bootcamp.jobs.journal import Journal
from lib_bootcamp.jobs.manager import Jobs
from lib_bootcamp.jobs.progress import Stop
from lib_bootcamp.jobs.records import Outcome, Row, Written
from lib_bootcamp.operations.describe import caption_pictures
from lib_bootcamp.operations.describe.caption import CAPTION
from lib_bootcamp.operations.describe.caption_settings import CaptionSettings
from lib_bootcamp.operations.describe.classify import ImageScores
from lib_bootcamp.ports import SilentProgress

from .clip import _resident

NEEDS = ("torch", "open_clip")
ROOT = Path(__file__).resolve().parents[1]
PRESET = "drawn shapes (mini)"
SIDE, BATCH = 64, 32
COLORS = {"red": (220, 20, 30), "green": (20, 150, 40), "blue": (30, 70, 220), "yellow": (250, 220, 30)}


def _pictures(folder: Path, count: int) -> Path:
    """Small pictures of circles and squares; each a file of its own."""
    folder.mkdir()
    files = []
    for color in COLORS.values():
        for draw in ("ellipse", "rectangle"):
            canvas = Pil.new("RGB", (SIDE, SIDE), "white")
            getattr(ImageDraw.Draw(canvas), draw)((16, 16, 48, 48), fill=color)
            out = io.BytesIO()
            canvas.save(out, "PNG")
            files.append(out.getvalue())
    for at in range(count):
        (folder / f"{at:06}.png").write_bytes(files[at % len(files)])
    return folder


def _wanted(at: int) -> str:
    color = list(COLORS)[at // 2 % len(COLORS)]
    return f"{color} {('circle', 'square')[at % 2]}"


class NoJournal:
    """What a run asks of a journal, kept nowhere: the time of the rest."""

    def __init__(self) -> None:
        self._items: list[tuple[int, str, int]] = []

    @contextlib.contextmanager
    def transaction(self, **more: Any) -> Iterator[None]:
        """Nothing."""
        yield

    def list_items(self, number: int, pictures: Iterable[tuple[str, str]]) -> None:
        """Only what `todo` gives."""
        self._items = [(at, path, 0) for at, (path, _) in enumerate(pictures)]

    def todo(self, number: int) -> list[tuple[int, str, int]]:
        """All of them."""
        return self._items

    def pending(self, number: int) -> list[Written]:
        """None."""
        return []

    def pictures(self, number: int) -> dict[str, bytes]:
        """None."""
        return {}

    def record(self, number: int, outcomes: Sequence[Outcome], writes: Sequence[Written], *more: Any) -> None:
        """Nothing."""

    def begin(self, number: int, items: Sequence[int], **more: Any) -> None:
        """Nothing."""

    def release(self, number: int) -> None:
        """Nothing."""

    def crashed(self, number: int) -> None:
        """Nothing."""

    def drop_content(self, number: int) -> None:
        """Nothing."""

    def requested(self, number: int) -> str:
        """Nobody asks."""
        return ""

    def results(self, number: int) -> Iterator[Any]:
        """None."""
        return iter(())

    def move(self, number: int, state: str, **more: Any) -> bool:
        """Nothing."""
        return True


class _Watching(SilentProgress):
    """Notes the resident memory when so many pictures are done."""

    def __init__(self, *marks: int) -> None:
        super().__init__()
        self.found: dict[int, float] = {}
        self._marks, self._title = marks, ""

    def start(self, title: str, total: int, unit: str) -> None:
        """Remember what is shown."""
        self._title = title

    def step(self, done: int, note: str = "") -> None:
        """Look at the memory at the marks."""
        for mark in self._marks:
            if self._title == "Classify" and done >= mark and mark not in self.found:
                self.found[mark] = _resident()


def _job(jobs: Jobs, folder: Path, **more: Any) -> Row:
    number = jobs.create("caption", {"preset": PRESET, "folder": str(folder), **more}, trusted=True)
    jobs.journal.claim(number, jobs._owner.name, "running", among=("queued",))
    return jobs.journal.row(number)


def _clear(folder: Path, text: str | None) -> None:
    """The folder before a run: without captions, or with old ones."""
    for path in folder.glob("*.png"):
        file = path.with_suffix(".txt")
        if text is None:
            file.unlink(missing_ok=True)
        else:
            file.write_text(text, encoding="utf-8")


def _cost(folder: Path, data: Path, rounds: int) -> dict[str, Any]:
    """Seconds of the same run with the journal and with one that does nothing, in turn."""
    host = StandaloneHost(device="cpu", data_dir=data)
    jobs = Jobs(host, {"caption": CAPTION}.__getitem__, data)
    count = sum(1 for _ in folder.glob("*.png"))
    rows = {}
    for name, text in {"new": None, "overwritten": "an old caption"}.items():
        times: dict[str, list[tuple[float, float]]] = {"journal": [], "nothing": []}
        for number in range(rounds + 1):
            # each goes first in turn: who comes second finds the disk busier
            for kind in sorted(times, reverse=bool(number % 2)):
                _clear(folder, text)
                row = _job(jobs, folder, existing="overwrite")
                journal: Any = jobs.journal if kind == "journal" else NoJournal()
                start, processor = time.perf_counter(), time.process_time()
                state = FolderRun(journal, row, CAPTION, host, SilentProgress(), Stop()).run()
                if number:
                    times[kind].append((time.perf_counter() - start, time.process_time() - processor))
                assert state == "done", state
                jobs.journal.move(row.info.id, "done", among=("running",))
        wall, processors = (
            {kind: statistics.median(each[at] for each in found) for kind, found in times.items()} for at in (0, 1)
        )
        rows[name] = {
            "with": round(count / wall["journal"], 1),
            "without": round(count / wall["nothing"], 1),
            "percent": round(100 * (wall["journal"] / wall["nothing"] - 1), 2),
            "percent_cpu": round(100 * (processors["journal"] / processors["nothing"] - 1), 2),
        }
    size = sum(path.stat().st_size for path in data.glob("jobs.sqlite*"))
    jobs.close()
    return {"pictures": count, "rounds": rounds, "rows": rows, "journal_mib": round(size / 2**20, 1)}


def _memory(root: Path, count: int) -> dict[str, Any]:
    """Resident memory a tenth through a folder and at its end, in a process of its own."""
    code = (
        "import sys, json; from pathlib import Path; from benchmarks.captions import measured; "
        "print(json.dumps(measured(Path(sys.argv[1]), int(sys.argv[2]))))"
    )
    folder = _pictures(root / "memory", count)
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder), str(count)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    import json

    return dict(json.loads(done.stdout.splitlines()[-1]))


def measured(folder: Path, count: int) -> dict[str, Any]:
    """One job over a folder, and the memory on the way."""
    with tempfile.TemporaryDirectory() as data:
        jobs = Jobs(StandaloneHost(device="cpu", data_dir=Path(data)), {"caption": CAPTION}.__getitem__, Path(data))
        number = jobs.create("caption", {"preset": PRESET, "folder": str(folder)}, trusted=True)
        watching = _Watching(count // 10, count)
        start = time.perf_counter()
        info = jobs.run_here(number, watching, Stop())
        assert (info.state, info.done) == ("done", count), info
        seconds = time.perf_counter() - start
        jobs.close()
    tenth, end = watching.found[count // 10], watching.found[count]
    return {"pictures": count, "tenth_mib": round(tenth), "end_mib": round(end), "seconds": round(seconds, 1)}


# --- many labels


def _of_labels(count: int, rounds: int) -> dict[str, Any]:
    """Milliseconds of the processor's that a picture's tags take to be chosen and worded, with so many labels."""
    labels = tuple(f"label number {at}" for at in range(count))
    params = CaptionSettings(labels=labels, never=tuple(f"never {at}" for at in range(500)), threshold=0)
    scores = tuple(LabelScore(label=label, value=0.5) for label in labels)
    scored = ImageScores(index=0, path=None, label=labels[0], scores=scores, groups=())
    sets, wording = {"": labels}, params.wording()
    wording.compose(caption_pictures._tags(scored, sets, params))
    start = time.process_time()
    for _ in range(rounds):
        wording.compose(caption_pictures._tags(scored, sets, params))
    return {"labels": count, "ms": round(1000 * (time.process_time() - start) / rounds, 2)}


# --- kill -9


def _started(data: Path, *arguments: str) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "BOOTCAMP_VENV": "off", "BOOTCAMP_DATA": str(data)}
    command = [sys.executable, "-m", "lib_bootcamp", *arguments]
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def _killed_at(folder: Path, data: Path, done: int, delay_s: float) -> int:
    """Begin a job and kill it a moment after so many pictures are done; returns how many were done then."""
    process = _started(data, "caption", str(folder), "--preset", PRESET, "--quiet")
    journal = Journal(data / "jobs" / "jobs.sqlite")
    while process.poll() is None:
        rows = journal.rows()
        if rows and rows[0].listed and rows[0].info.done >= done:
            time.sleep(delay_s)
            process.send_signal(signal.SIGKILL)
            break
        time.sleep(0.002)
    process.communicate()
    info = journal.row(1).info
    journal.close()
    return info.done


def _crash(root: Path, count: int, done: int, delay_s: float) -> dict[str, Any]:
    folder, data = _pictures(root / f"crash-{done}", count), root / f"data-{done}"
    after = _killed_at(folder, data, done, delay_s)
    half = sum(_is_wrong(path) for path in folder.glob("*.txt"))
    resumed = _started(data, "jobs", "resume", "1")
    _, errors = resumed.communicate()
    assert resumed.returncode == 0, errors.decode()
    journal = Journal(data / "jobs" / "jobs.sqlite")
    repeated = journal.repeats(1)
    journal.close()
    texts = {path.stem for path in folder.glob("*.txt") if not _is_wrong(path)}
    strays = [path for path in folder.iterdir() if path.suffix not in (".png", ".txt")]
    return {
        "asked": done,
        "done": after,
        "lost": count - len(texts),
        "repeated": repeated,
        "half": half + len(strays),
    }


def _is_wrong(path: Path) -> bool:
    return _wanted(int(path.stem)) not in path.read_text(encoding="utf-8")


def run(quick: bool) -> dict[str, Any]:  # noqa: FBT001 - the signature of every benchmark
    """The journal's cost, the memory, and the crashes."""
    many, rounds = (200, 2) if quick else (10_000, 4)
    killed = 100 if quick else 1000
    points = [killed // 2] if quick else [0, 1, 100, 200, 300, 400, 500, 600, 700, 800, 900, 960]
    delays = random.Random(1)
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        memory = _memory(root, many)
        cost = _cost(_pictures(root / "cost", many), root / "cost-data", rounds)
        crashes = [_crash(root, killed, done, delays.uniform(0, 0.1)) for done in points]
    labels = [_of_labels(count, 20) for count in (225, 450, 900)]
    return {"labels": labels, "memory": memory, "cost": cost, "killed": killed, "crashes": crashes}


def _label_lines(labels: list[dict[str, Any]]) -> list[str]:
    return [
        "| labels, and 500 that are never written | " + " | ".join(f"{each['labels']}" for each in labels) + " |",
        "|---" * (len(labels) + 1) + "|",
        "| a picture's tags chosen and worded, ms | " + " | ".join(f"{each['ms']:g}" for each in labels) + " |",
    ]


def table(result: dict[str, Any]) -> str:
    """The result as Markdown."""
    cost, memory = result["cost"], result["memory"]
    lines = [
        f"| captions of {cost['pictures']:,} pictures of {SIDE} px, pictures/s | with the journal "
        "| with one that does nothing | the journal's cost, in time | in the processor's time |",
        "|---|---|---|---|---|",
    ]
    for name, row in cost["rows"].items():
        lines.append(
            f"| {name} | {row['with']:g} | {row['without']:g} | {row['percent']:g} % | {row['percent_cpu']:g} % |"
        )
    if "labels" in result:
        lines += ["", *_label_lines(result["labels"])]
    lines += [
        "",
        f"Resident memory: {memory['tenth_mib']} MiB after a tenth of {memory['pictures']:,} pictures, "
        f"{memory['end_mib']} MiB at the end ({memory['seconds']:g} s).",
        "",
        f"| kill -9 in the middle of {result['killed']:,} pictures, then `jobs resume` | "
        + "|".join(f" {each['done']} done " for each in result["crashes"])
        + "|",
        "|---" * (len(result["crashes"]) + 1) + "|",
    ]
    for name, title in {"lost": "captions lost", "repeated": "pictures worked on twice", "half": "half files"}.items():
        lines.append(f"| {title} | " + " | ".join(str(each[name]) for each in result["crashes"]) + " |")
    return "\n".join(lines)
