"""Jobs over the real WebUI's port: followed, stopped, undone; confined; beside drawing; through "Reload UI" and kill.

What a job's own routes answer in every case is in tests/contract; here it is that the WebUI around changes none of it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from .conftest import LOGIN, Webui
from .datasets import (
    JOBS,
    LARGE,
    TAGS,
    bar,
    begin,
    captions,
    dataset,
    done_in_journal,
    events,
    interrupt,
    job,
    until,
    wanted,
)
from .page import reload_ui

BATCH = 32


def test_a_folder_is_captioned_and_the_job_undone_and_forgotten(webui: Webui, allowed: Path) -> None:
    folder = dataset(allowed / "whole", 40)
    number = begin(webui, folder)
    reported = until(webui, number, "done")
    assert (reported["total"], reported["done"], reported["folder"]) == (40, 40, str(folder))
    assert captions(folder) == done_in_journal(webui, number) == wanted(range(40))
    assert number in [each["id"] for each in webui.call(JOBS)[1]]
    status, undone = webui.call(f"{JOBS}/{number}/undo", {})
    assert (status, undone["restored"], captions(folder)) == (200, 40, {})
    assert webui.call(f"{JOBS}/{number}", method="DELETE") == (204, None)
    assert webui.call(f"{JOBS}/{number}")[0] == 404


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_events_come_while_the_job_goes_on_and_delete_ends_it(webui: Webui, allowed: Path, *, packed: bool) -> None:
    folder = dataset(allowed / f"events-{packed}", 3000, LARGE)
    number = begin(webui, folder)
    seen, asked = [], False
    for name, facts in events(webui, number, packed=packed):
        seen.append((name, facts["state"]))
        if facts["done"] and facts["state"] == "running" and not asked:
            asked = True
            assert webui.call(f"{JOBS}/{number}", method="DELETE")[0] == 200
    assert ("progress", "running") in seen
    assert seen[-1] == ("end", "cancelled")  # had the events come at the end, it would be done
    assert captions(folder) == done_in_journal(webui, number)
    assert 0 < len(captions(folder)) < 3000


def test_a_callers_folder_lies_in_one_that_the_owner_allowed(webui: Webui, allowed: Path, tmp_path: Path) -> None:
    secret = dataset(tmp_path / "secret", 2)
    (allowed / "link").symlink_to(secret, target_is_directory=True)
    for named in (str(secret), "/", f"{allowed}/../{secret.name}", str(allowed / "link"), "\0", "relative"):
        status, answer = webui.call(f"{JOBS}/caption", {"folder": named, **TAGS})
        assert status in (403, 422), (named, answer)
        assert {"error", "detail"} <= set(answer)
    assert webui.call(f"{JOBS}/caption", {"folder": str(secret), **TAGS})[0] == 403
    assert captions(secret) == {}


def test_a_picture_is_drawn_between_two_batches_and_its_interrupt_is_its_own(webui: Webui, allowed: Path) -> None:
    alone = webui.draw().pictures[0]
    folder = dataset(allowed / "beside", 3000, LARGE)
    number = begin(webui, folder)
    before = until(webui, number, "running", done=1)
    assert np.array_equal(webui.draw().pictures[0], alone)
    after = job(webui, number)
    assert after["state"] == "running", "drawing waited for the whole job, or stopped it"
    assert after["done"] > before["done"]
    webui.call(f"{JOBS}/{number}", method="DELETE")
    until(webui, number, "cancelled")


def test_the_webuis_bar_shows_the_job_and_its_interrupt_pauses_it(webui: Webui, allowed: Path) -> None:
    folder = dataset(allowed / "interrupted", 3000, LARGE)
    number = begin(webui, folder)
    shown, progress = bar(webui)
    assert shown > 0
    assert progress == pytest.approx(shown / 3000 + 0.01, abs=0.001)  # the WebUI's API begins at 0.01
    reported = interrupt(webui, number)
    assert reported["state"] == "paused"
    assert 0 < reported["done"] < 3000
    assert captions(folder) == done_in_journal(webui, number)
    webui.call(f"{JOBS}/{number}/resume", {})
    until(webui, number, "running", done=reported["done"] + 1)
    webui.call(f"{JOBS}/{number}", method="DELETE")
    until(webui, number, "cancelled")


def test_reload_ui_loses_nothing_of_a_job(webui: Webui, allowed: Path, browser: Any) -> None:
    folder = dataset(allowed / "reloaded", 20000, LARGE)
    number = begin(webui, folder)
    until(webui, number, "running", done=1)
    reload_ui(browser, webui)
    # the button also is an Interrupt: it pauses the job, where no picture is drawn in the same moment
    reported = until(webui, number, "running", "paused")
    if reported["state"] == "paused":
        assert webui.call(f"{JOBS}/{number}/resume", {})[0] == 200
    until(webui, number, "running", done=reported["done"] + 1)
    webui.call(f"{JOBS}/{number}", method="DELETE")
    ended = until(webui, number, "cancelled")
    assert reported["done"] < ended["done"] == len(captions(folder)) < 20000
    assert captions(folder) == done_in_journal(webui, number)
    assert b"Traceback" not in webui.log.read_bytes().split(b"Restarting UI...")[-1]


def test_strangers_reach_no_job_and_owners_all_of_it(guarded: Webui, allowed: Path) -> None:
    folder = dataset(allowed / "guarded", 1000, LARGE)
    number = begin(guarded, folder, login=LOGIN)
    paths = {"": None, f"/{number}": None, f"/{number}/items": None, f"/{number}/events": None,
             "/caption": {"folder": str(folder), **TAGS}, f"/{number}/pause": {}, f"/{number}/resume": {},
             f"/{number}/undo": {}}  # fmt: skip
    for path, body in paths.items():
        for login in (None, "me:wrong"):
            status, answer = guarded.call(JOBS + path, body, login=login)
            assert (status, set(answer)) == (401, {"error", "detail"}), path
    assert guarded.call(f"{JOBS}/{number}", method="DELETE", login="me:wrong")[0] == 401
    asked = False
    for _, facts in events(guarded, number, login=LOGIN):
        if facts["done"] and facts["state"] == "running" and not asked:  # once it is cancelled, it would be forgotten
            assert guarded.call(f"{JOBS}/{number}", method="DELETE", login=LOGIN)[0] == 200
            asked = True
    assert facts["state"] == "cancelled"
    assert guarded.call(f"{JOBS}/{number}/undo", {}, login=LOGIN)[0] == 200
    assert captions(folder) == {}


def test_a_killed_webui_loses_nothing_and_repeats_a_batch_at_most(guarded: Webui, starter: Any, allowed: Path) -> None:
    folder = dataset(allowed / "killed", 400, LARGE)
    number = begin(guarded, folder, login=LOGIN)
    until(guarded, number, "running", done=BATCH, login=LOGIN)
    starter.kill_and_start(guarded)
    reported = job(guarded, number, LOGIN)
    assert reported["state"] == "interrupted"
    assert "resume" in reported["actions"]
    before = {path.name: path.stat().st_mtime_ns for path in folder.glob("*.txt")}
    assert abs(reported["done"] - len(before)) <= BATCH  # what the journal has is written when it is resumed
    assert guarded.call(f"{JOBS}/{number}/resume", {}, login=LOGIN)[0] == 200
    assert until(guarded, number, "done", login=LOGIN)["done"] == 400
    assert captions(folder) == wanted(range(400))
    assert sum((folder / name).stat().st_mtime_ns != moment for name, moment in before.items()) <= BATCH
    assert [path.name for path in folder.iterdir() if path.suffix not in (".png", ".txt")] == []
