"""Which processes live: a lock tells it, also after kill -9."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lib_bootcamp.jobs.owners import ENDING, FORGET_S, Owner

ROOT = Path(__file__).resolve().parents[2]
CODE = (
    "import sys; from pathlib import Path; from lib_bootcamp.jobs.owners import Owner; "
    "owner = Owner(Path(sys.argv[1])); print(owner.name, flush=True); sys.stdin.read()"
)


@contextmanager
def other_process(folder: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Another process, and its name."""
    command = [sys.executable, "-c", CODE, str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip(), process
        process.kill()


@pytest.fixture
def owner(tmp_path: Path) -> Iterator[Owner]:
    made = Owner(tmp_path)
    yield made
    made.close()


def test_this_process_lives(owner: Owner) -> None:
    assert owner.lives(owner.name)


def test_nobody_of_an_unknown_name_lives(owner: Owner) -> None:
    assert not owner.lives("f" * 32)


def test_another_process_lives_until_it_is_killed(owner: Owner, tmp_path: Path) -> None:
    with other_process(tmp_path) as (name, process):
        assert owner.lives(name)
        assert owner.lives(name)  # looking does not end it
        process.send_signal(signal.SIGKILL if os.name == "posix" else signal.SIGTERM)
        process.wait()
        assert not owner.lives(name)
    assert not (tmp_path / f"{name}{ENDING}").exists()


def test_two_that_look_at_once_do_not_take_each_other_for_a_living_one(tmp_path: Path) -> None:
    if os.name != "posix":
        pytest.skip("Windows has no shared locks of this kind")
    import fcntl

    one = Owner(tmp_path)
    dead = tmp_path / f"{'d' * 32}{ENDING}"
    with dead.open("w") as looking:
        fcntl.flock(looking, fcntl.LOCK_SH)
        assert not one.lives("d" * 32)
    one.close()


def test_a_process_that_ends_well_leaves_nothing(tmp_path: Path) -> None:
    Owner(tmp_path).close()
    assert list(tmp_path.iterdir()) == []


def test_what_killed_processes_left_is_removed_later_and_a_living_ones_is_not(owner: Owner, tmp_path: Path) -> None:
    fresh, old = tmp_path / f"fresh{ENDING}", tmp_path / f"old{ENDING}"
    long_ago = time.time() - FORGET_S - 60
    for path in (fresh, old):
        path.touch()
    os.utime(old, (long_ago, long_ago))
    os.utime(tmp_path / f"{owner.name}{ENDING}", (long_ago, long_ago))
    Owner(tmp_path).close()
    assert sorted(each.name for each in tmp_path.iterdir()) == sorted([f"{owner.name}{ENDING}", fresh.name])
