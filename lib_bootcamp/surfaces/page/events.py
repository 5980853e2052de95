"""Settings of components and events, as far as the installed Gradio takes them; it imports nothing."""

from __future__ import annotations

import inspect
from typing import Any


def supported(component: Any, **settings: Any) -> dict[str, Any]:
    """Those settings that the installed Gradio's component takes."""
    return supported_arguments(component.__init__, **settings)


def supported_arguments(function: Any, **arguments: Any) -> dict[str, Any]:
    """Those arguments that the installed Gradio's function takes."""
    known = inspect.signature(function).parameters
    return {name: value for name, value in arguments.items() if name in known}


def script_argument(function: Any, script: str) -> dict[str, Any]:
    """A script for an event: Gradio 3 calls the argument `_js`, later ones `js`; Forge's events do not name it."""
    return {"_js" if "_js" in inspect.signature(function).parameters else "js": script}


def quiet_event(event: Any) -> dict[str, Any]:
    """Settings of an event that shows no progress and no API entry, as far as the Gradio takes them."""
    wanted = {"show_progress": "hidden", "queue": False, "show_api": False, "api_visibility": "private"}
    return supported_arguments(event, **wanted)
