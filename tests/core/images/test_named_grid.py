"""Pictures in rows and columns that have names."""

from __future__ import annotations

import numpy as np

from lib_bootcamp.core.images.named_grid import fitted, named_grid

RED, BLUE, GRAY = np.array([255, 0, 0], np.uint8), np.array([0, 0, 255], np.uint8), np.full((9, 9), 100, np.uint8)


def flat(color: np.ndarray, height: int = 32, width: int = 32) -> np.ndarray:
    return np.tile(color, (height, width, 1))


def test_each_picture_stands_in_its_row_and_column() -> None:
    rows = [("none", [[flat(RED), flat(BLUE)], [flat(BLUE)]]), ("zorb", [[flat(BLUE), flat(RED)], [GRAY]])]
    sheet = named_grid(rows, ["a zorb", "other: a car"], cell_px=32, name_px=60)

    def color(row: int, across: int) -> list[int]:
        top = sheet.shape[0] - (2 - row) * 36 + 16
        return list(sheet[top, 60 + 4 + across + 16])

    second = 2 * 36 - 4 + 14
    assert [color(0, 0), color(0, 36), color(0, second)] == [[255, 0, 0], [0, 0, 255], [0, 0, 255]]
    assert [color(1, 0), color(1, 36), color(1, second)] == [[0, 0, 255], [255, 0, 0], [100, 100, 100]]
    assert (sheet[-70:, :60] < 200).any()  # the rows' names


def test_names_of_any_kind_are_drawn_and_change_no_columns() -> None:
    cells = [[flat(RED)]]
    wide = [
        named_grid([(name, cells)], [name], cell_px=64).shape[1]
        for name in ("a", "\ud800\n\x00" * 90, "b " * 900, "猫 の 絵")
    ]
    assert len(set(wide)) == 1


def test_a_picture_keeps_its_proportions() -> None:
    assert fitted(flat(RED, 100, 50), 20).shape == (20, 10, 3)
    assert fitted(flat(RED, 1, 500), 20).shape == (1, 20, 3)
