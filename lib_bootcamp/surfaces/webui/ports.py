"""What the section, the tab and the settings ask of a WebUI; adapters are in `hosts/`, fakes in the tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from lib_bootcamp.core.images.arrays import Image
    from lib_bootcamp.core.models.files import Base

# Marks what `WebUi.refuse` leaves on a generation object, so that it can be taken off again.
REFUSAL = "bootcamp_refusal"

Pass = Literal["Both", "Low res only", "High res only"]


@dataclass(frozen=True)
class UnitSettings:
    """One ControlNet unit without its map; start and end are shares of the sampling steps."""

    model: str
    weight: float
    start: float
    end: float
    control_mode: str = "Balanced"


@dataclass(frozen=True, kw_only=True)
class Unit(UnitSettings):
    """One ControlNet unit as this package fills it; `image` is uint8 [H, W, 3]."""

    image: Image
    hires: Pass = "Both"


class ControlNet(Protocol):
    """The WebUI's ControlNet."""

    def models(self) -> Mapping[str, Path | None]:
        """Installed models, name to file."""

    def folder(self) -> Path:
        """Where a model's file goes."""

    def free_units(self, p: Any) -> list[int]:
        """The numbers of the units the person has not enabled, counted from 0.

        Raises:
            BootcampError: this generation has no ControlNet.
        """

    def fill(self, p: Any, units: Mapping[int, Unit]) -> None:
        """Put units into the generation's arguments; those of other generations stay as they are."""


class WebUi(Protocol):
    """The WebUI around the section."""

    def option(self, name: str, default: Any) -> Any:
        """A setting's value."""

    def checkpoint_base(self, p: Any = None) -> Base | None:
        """The base of the checkpoint this generation will use; loads nothing."""

    def checkpoint_file(self, p: Any = None) -> Path | None:
        """The file of that checkpoint."""

    def accordion(self, label: str, elem_id: str, *, value: bool) -> Any:
        """A context manager: an accordion whose state is a value."""

    def tool_button(self, label: str, elem_id: str, tooltip: str) -> Any:
        """A small button."""

    def refuse(self, p: Any, sentence: str, status: int) -> None:
        """Make this generation draw nothing and say why: an answer over the API, a comment on the page."""

    def refuse_sampling(self, p: Any, sentence: str, status: int) -> None:
        """As `refuse`, for a generation whose sampling is about to begin."""

    def mistake(self, sentence: str, status: int) -> Exception:
        """An error whose status and sentence reach a caller of the WebUI's own routes, and its page."""

    def is_mistake(self, error: Exception) -> bool:
        """Whether it is one of `mistake`."""

    def stop_generation(self) -> None:
        """Draw no more batches after the one that is drawn."""

    def saved_defaults(self) -> Path | None:
        """The file in which the WebUI keeps what fields begin with (ui-config.json)."""

    def add_settings(self, section: tuple[str, str], settings: Mapping[str, Mapping[str, Any]]) -> None:
        """Add a section to the Settings tab."""

    def bind_send(self, button: Any, tab: str, picture: Any) -> bool:
        """Send a picture to a tab when a button is pressed; False where there is no such tab."""

    def bind_paste(self, button: Any, tab: str, text: Any, picture: Any) -> None:
        """Paste an infotext into a tab as the WebUI does when a button is pressed, with its picture where one goes."""

    def xyz(self) -> tuple[Callable[..., Any], list[Any]] | None:
        """The XYZ plot's option class and list; None where there is no such script."""

    def save_map(self, picture: Image, folder: str) -> None:
        """Write a control map into a folder of the outputs."""

    def paste_components(self, tab: str) -> Sequence[tuple[Any, Any]]:
        """A tab's components with their infotext keys."""

    def theme(self) -> Any:
        """The theme of the WebUI's page, for Gradio."""

    def saved_values(self, page: Any, path: str) -> tuple[list[Any], Callable[..., str]]:
        """Have the fields of a page of its own begin with what ui-config.json keeps for a tab.

        Args:
            page: a `gradio.Blocks`.
            path: the tab, as the keys of ui-config.json begin.
        Returns:
            the fields, and what keeps their values of this moment there; it answers with a sentence.
        """

    def building(self) -> AbstractContextManager[None]:
        """Hold while a page is built in a request: the WebUI may build one at the same time."""
