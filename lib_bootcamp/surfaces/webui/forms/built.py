"""What the WebUI needs to know of a form that was put on its page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

KEY = "Bootcamp"
"""In a picture's infotext, of what the section was set to."""
SCRIPTS_KEY = "Bootcamp script"
"""Of what a script of the Script dropdown was set to."""


class Pasted(str):
    """A field's key in infotext, which can also read the field's value out of pasted parameters.

    The WebUI compares keys as texts when it sends fields from tab to tab, and calls them when it pastes.
    """

    __slots__ = ("_read",)
    _read: Callable[[Mapping[str, Any]], Any]

    def __new__(cls, key: str, reader: Callable[[Mapping[str, Any]], Any]) -> Pasted:
        """A key that reads with `reader`."""
        made = super().__new__(cls, key)
        made._read = reader
        return made

    def __call__(self, params: Mapping[str, Any]) -> Any:
        """The component's update for pasted parameters; None leaves it as it is."""
        return self._read(params)


@dataclass(frozen=True)
class BuiltForm:
    """What the WebUI wants to know of a script.

    Args:
        inputs: its arguments.
        infotext_fields: (component, key) pairs; a key reads pasted parameters.
        paste_field_names: the keys, for sending from tab to tab.
    """

    inputs: list[Any]
    infotext_fields: list[tuple[Any, Pasted]]
    paste_field_names: list[str]


class BuiltSection(BuiltForm):
    """The same of the section, whose arguments are whether it is on, and its form's two texts."""

    @property
    def enabled(self) -> Any:
        """The component that says whether the section is on."""
        return self.inputs[0]

    @property
    def values(self) -> Any:
        """The text with what is set in the form."""
        return self.inputs[1]
