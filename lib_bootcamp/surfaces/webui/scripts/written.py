"""A script's values in a picture's infotext, and back into its form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lib_bootcamp.core.controlnet.unit_presets import UNIT_PRESETS
from lib_bootcamp.surfaces.webui import infotext
from lib_bootcamp.surfaces.webui.ports import WebUi

from .declared import ScriptForm

KEY = infotext.SCRIPTS_KEY
SCRIPT_KEY = "Script"
"""Under which the WebUI's dropdown finds itself in an infotext."""


def written(form: ScriptForm, raw: Mapping[str, Any], webui: WebUi) -> str | None:
    """What differs from the declared defaults, or from what a unit preset may set, as one line; None: nothing does.

    Args:
        form: the script.
        raw: its values by name.
        webui: its settings say whether a person's own texts are written.
    """
    with_payload = bool(webui.option("bootcamp_payload_in_infotext", default=True))
    shown = [each for each in form.fields if with_payload or not infotext.is_payload(each)]
    of_presets = {name for each in UNIT_PRESETS for name in each.values.get(form.control, {})}
    given = [(each, raw[each.name]) for each in shown if each.name in raw]
    return infotext.write_fields(given, always=of_presets) or None


def pasted(form: ScriptForm, params: Mapping[str, Any], *, strict: bool = False) -> dict[str, Any] | None:
    """A script's raw values in pasted parameters; None where another script, or none, drew the picture.

    Args:
        form: the script.
        params: an infotext's, by key.
        strict: refuse what is not known here; else it is left out.
    Raises:
        InvalidParamError: a value is of another kind, or its name is not known.
    """
    if str(params.get(SCRIPT_KEY, "")).lower() != form.title.lower():
        return None
    return infotext.read_written(str(params.get(KEY) or ""), form.fields, KEY, strict=strict)
