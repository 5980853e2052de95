"""What undo says of the files that it put back."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from lib_bootcamp.jobs.facts import Undone


@pytest.mark.parametrize(
    ("restored", "message"),
    [
        (0, "0 files are as they were before job 7."),
        (1, "1 file is as it was before job 7."),
        (2000, "2,000 files are as they were before job 7."),
    ],
)
def test_undo_of_one_file_is_in_the_singular(restored: int, message: str) -> None:
    job: Any = SimpleNamespace(id=7)
    assert Undone(restored=restored, skipped=(), job=job).restored_text() == message
