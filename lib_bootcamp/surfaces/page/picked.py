"""What was clicked in a table or a gallery; a caller without the page may claim any click, or none."""

from __future__ import annotations

from typing import Any

import gradio as gr

from .mistakes import WrongValuesError


class Click(gr.EventData):  # type: ignore[misc] # Gradio is not there for it
    """What a select event's function is given in place of `gradio.SelectData`, which fails where a caller names none.

    Args:
        target: the component.
        data: what the page says of the click.
    """

    def __init__(self, target: Any, data: Any) -> None:
        super().__init__(target, data)
        fields = data if isinstance(data, dict) else {}
        self.index, self.row_value = fields.get("index"), fields.get("row_value")


def picked_row(event: Click, rows: Any) -> list[Any]:
    """The row of a table that was clicked.

    Later Gradios give the row, which a person may have sorted; Gradio 3 gives its number.

    Args:
        event: the click.
        rows: the table's values.
    Returns:
        the row, of one cell or more.
    Raises:
        WrongValuesError: there is no such row.
    """
    row = event.row_value
    if row is None:
        place = event.index
        if not (isinstance(place, (list, tuple)) and place and isinstance(rows, list)):
            raise WrongValuesError
        row = rows[_number(place[0], len(rows))]
    if not (isinstance(row, list) and row):
        raise WrongValuesError
    return row


def picked_number(event: Click, count: int) -> int:
    """The number of a gallery's picture that was clicked.

    Args:
        event: the click.
        count: of the pictures.
    Returns:
        the number, from 0 to below `count`.
    Raises:
        WrongValuesError: there is no such picture.
    """
    return _number(event.index, count)


def _number(value: Any, count: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < count:
        raise WrongValuesError
    return value
