"""A batch of the section: what its grid says, and whether there is one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.surfaces.webui.generations import QR, Generation, run, runner

BLANK = np.full((256, 256, 3), 255, np.uint8)


def drawn(scanning: tuple[int, ...], count: int = 5, **section: Any) -> Generation:
    """A generation whose pictures of these numbers, counted from 1, show the code; the others are blank."""
    p, made = Generation(n_iter=count, do_not_save_grid=False), runner(bootcamp_scan_depth="fast")
    made.before_process(p, ({**QR, **section},))
    code = p.units()[0]["image"]
    for p.iteration in range(count):
        made.after_picture(p, Image.fromarray(code if p.iteration + 1 in scanning else BLANK))
    return p


@pytest.mark.parametrize(
    ("scanning", "text"),
    [((), "0 of 5 scan"), ((4,), "1 of 5 scans (picture 4)"), ((2, 4), "2 of 5 scan (pictures 2, 4)")],
)
def test_a_grid_says_which_of_its_pictures_scan(scanning: tuple[int, ...], text: str) -> None:
    p = drawn(scanning)
    assert p.extra_generation_params["Bootcamp scan"](p=p, index=0, use_main_prompt=True) == text


def test_before_a_picture_is_drawn_there_is_nothing_to_say() -> None:
    p = run(Generation(), QR)
    assert p.extra_generation_params["Bootcamp scan"](p=p, index=0, use_main_prompt=True) is None


def test_a_stopped_batch_counts_what_was_drawn() -> None:
    p = drawn((2,), 2, stop_at_first=True)
    assert p.extra_generation_params["Bootcamp scan"](use_main_prompt=True) == "1 of 2 scans (picture 2)"


@pytest.mark.parametrize(
    ("scanning", "only", "no_grid"), [((), True, True), ((3,), True, False), ((1,), True, False), ((), False, False)]
)
def test_there_is_no_grid_where_no_picture_is_saved(scanning: tuple[int, ...], only: bool, no_grid: bool) -> None:
    assert drawn(scanning, save_only_scanning=only).do_not_save_grid is no_grid


def test_the_next_run_of_the_same_object_has_its_grid_again() -> None:
    p = drawn((), save_only_scanning=True)
    run(p, {"control": "none"})
    assert p.do_not_save_grid is False


def test_a_grid_that_is_not_wanted_stays_away() -> None:
    p, section = Generation(do_not_save_grid=True), runner()
    section.before_process(p, ({**QR, "save_only_scanning": True},))
    section.after_picture(p, Image.fromarray(p.units()[0]["image"]))
    assert p.do_not_save_grid is True
