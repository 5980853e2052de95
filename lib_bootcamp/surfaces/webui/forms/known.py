"""The forms of the page by name, which is all that the WebUI's start needs of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .fields import FormFields

FORMS: dict[str, Callable[[], FormFields]] = {}
"""Forms by name; each is asked for anew when it is drawn, because what is installed changes."""


def register_form(name: str, fields: Callable[[], FormFields]) -> None:
    """Make a form known under a name; what had it before, of a page that was reloaded, is replaced."""
    FORMS[name] = fields
