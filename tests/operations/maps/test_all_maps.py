from __future__ import annotations

import numpy as np
import pytest

from lib_bootcamp.catalog import OPERATIONS
from lib_bootcamp.context import Context
from lib_bootcamp.core.images.codec import read_image
from lib_bootcamp.errors import CancelledError, InvalidParamError
from lib_bootcamp.operations.maps.all_maps import ALL_MAPS, MAPS
from tests.fakes import FakeHost, FakeProgress
from tests.goldens import PHOTO

FEW = {"map_side": 64, "cell": 64}


def run(image, progress=None, **values):
    return ALL_MAPS.run(
        ALL_MAPS.params_from({"image": image, **FEW, **values}),
        Context.of_terminal(FakeHost(), progress or FakeProgress()),
    )


def test_every_map_that_needs_nothing_but_a_picture_is_on_the_sheet():
    pure = {
        each.name
        for each in OPERATIONS
        if each.kind == "control-map"
        and not each.needs
        and any(param.name == "image" and param.kind == "image" for param in each.params.fields())
    }
    assert {operation.name for _, operation, _ in MAPS} == pure


def test_the_sheet_has_the_picture_and_every_map():
    found = run(read_image(PHOTO), columns=7)
    assert len(found.maps) == len({*found.maps}) == len(MAPS)
    assert found.image.shape[1] == 7 * (64 + 16) + 16
    rows = -(-(len(MAPS) + 1) // 7)
    assert found.image.shape[0] == rows * (64 + 26 + 16) + 16
    # no cell is left as paper
    assert (found.image[16:80, 96:160] < 200).any()


def test_a_gray_picture_of_one_pixel_has_all_maps_too():
    assert len(run(np.zeros((1, 1), np.uint8)).maps) == len(MAPS)


def test_progress_counts_maps_and_stops_between_them():
    progress = FakeProgress(stop_after=3)
    with pytest.raises(CancelledError, match="after 3"):
        run(np.zeros((8, 8, 3), np.uint8), progress)
    assert progress.started == [("All maps", len(MAPS), "map")]


def test_a_cell_that_is_too_small_is_named():
    with pytest.raises(InvalidParamError, match="cell must be"):
        run(np.zeros((8, 8, 3), np.uint8), cell=8)
