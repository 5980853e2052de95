"""The jobs of each data folder that this process has opened."""

from __future__ import annotations

import threading
from pathlib import Path

from lib_bootcamp.ports import Host

from .known import Find
from .manager import Jobs

_open: dict[Path, Jobs] = {}
_guard = threading.Lock()


def jobs_of(host: Host, find: Find) -> Jobs:
    """The jobs of a host's data folder; the same for every host of this process that has this folder.

    Raises:
        OutputError: the journal cannot be opened.
    """
    folder = (host.data_dir() / "jobs").absolute()
    with _guard:
        jobs = _open.get(folder)
        if jobs is None:
            jobs = _open[folder] = Jobs(host, find, folder)
        jobs.host, jobs.find = host, find
        return jobs
