"""What the scripts ask of a WebUI's pipeline; adapters are in `hosts/`, fakes in the tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol


class Pipeline(Protocol):
    """Draws with the WebUI's own pipeline. `p` is its generation object; pictures are Pillow's."""

    def fix_seed(self, p: Any) -> None:
        """Decide a random seed."""

    def copy(self, p: Any, number: int, count: int = 1) -> Any:
        """A generation as `p`, of `count` pictures from seed `p.seed + number` on, in one batch."""

    def over(self, p: Any, picture: Any, mask: Any, denoising: float) -> Any:
        """A generation as `p` that draws the part of a picture anew that is white in the mask."""

    def draw(self, p: Any) -> Any:
        """Draw; gives the WebUI's `Processed`."""

    def explained(self, p: Any, sentence: str) -> Any:
        """A `Processed` without pictures, whose comment says why."""

    def stopped(self) -> bool:
        """Whether Interrupt was pressed, at once or after the picture."""

    def skipped(self) -> bool:
        """Whether Skip was pressed for what was drawn last."""

    def cut_short(self) -> str:
        """What ended what was drawn last before its last step: `skipped`, `interrupted`; empty: nothing did."""

    def show(self, p: Any, done: int, total: int, text: str) -> None:
        """Move the progress bar to the `done`th of `total` generations like `p`."""

    def infotext(self, p: Any, processed: Any, at: int) -> str:
        """The infotext of one picture of a generation that is drawn."""

    def written_into(self, picture: Any, infotext: str) -> Any:
        """The picture with its infotext where the WebUI writes it into files."""

    def save(self, p: Any, picture: Any, infotext: str, *, seed: int, prompt: str) -> None:
        """Write a picture, where `p` and the settings want pictures written."""

    def save_grid(self, p: Any, grid: Any, infotext: str, *, seed: int, prompt: str) -> None:
        """Write a grid, where `p` and the settings want grids written."""

    def grid(self, cells: Sequence[Any], columns: Sequence[str], rows: Sequence[str]) -> Any:
        """Pictures of one size, row by row, with titles above the columns and beside the rows."""

    def font(self, px: int) -> Any:
        """The font that grids are labeled in."""

    def shows_grids(self) -> bool:
        """Whether the settings want grids among the pictures."""
