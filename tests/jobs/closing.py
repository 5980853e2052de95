"""The end of jobs that a surface began in this process."""

from __future__ import annotations

from pathlib import Path

from lib_bootcamp.jobs import opened as opened_jobs


def close_jobs(data: Path) -> None:
    """Wait for the jobs of the host with this data folder, and close its journal, where one was opened."""
    opened = opened_jobs._open.pop((data / "jobs").absolute(), None)
    if opened is not None:
        for each in opened.listed(trusted=True):
            opened.wait(each.id, 30)
        opened.close()
