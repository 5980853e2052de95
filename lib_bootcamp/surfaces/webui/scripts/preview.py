"""What a script would draw at a picture's size, before it does: its code's map, or what is missing for its maps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lib_bootcamp.errors import BootcampError, InvalidParamError
from lib_bootcamp.surfaces.webui.forms.fields import keyed_text
from lib_bootcamp.surfaces.webui.panel.preview import PanelPreview, PreviewParams, preview
from lib_bootcamp.surfaces.webui.section import control_maps, map_fields, section_fields
from lib_bootcamp.surfaces.webui.section_run import SectionRunner

from .compare import rows_of
from .declared import FORMS, CompareParams, ScriptForm, names_of, sentence_of
from .page import page_values
from .until_it_scans import request_of
from .values import Asked, ask


def preview_script(runner: SectionRunner, params: PreviewParams) -> PanelPreview:
    """Plan a script's pictures and make the map; mistakes are notes, because the person is still typing.

    Raises:
        InvalidParamError: there is no such script.
    """
    form = next((each for each in FORMS if each.name == params.script), None)
    if form is None:
        raise InvalidParamError(
            "script", "is none of ours", hint=f"give one of {', '.join(each.name for each in FORMS)}"
        )
    try:
        raw = page_values(form, (params.values, params.unsaved))
        asked = ask(form, raw)
        shared = {name: raw[name] for name in asked.shared if name in raw}
        if isinstance(asked.own, CompareParams):
            return _compared(runner, params, asked, {**raw, "content": asked.own.content}, shared)
        request_of(asked)
    except BootcampError as error:
        return PanelPreview(fits=False, notes=(sentence_of(error, names_of(form, labels=True)),))
    return _previewed(runner, params, form, form.control, shared)


def _previewed(
    runner: SectionRunner, params: PreviewParams, form: ScriptForm, control: str, values: Mapping[str, Any]
) -> PanelPreview:
    """The section's preview of a map's values by name."""
    own = {each.name for each in section_fields()}
    keyed = {name if name in own else f"{control}.{name}": value for name, value in values.items()}
    of_map = replace(params, values=keyed_text({**keyed, "control": control}), unsaved="", script="")
    return preview(runner, of_map, names_of(form, labels=True))


def _compared(
    runner: SectionRunner, params: PreviewParams, asked: Asked, raw: Mapping[str, Any], shared: Mapping[str, Any]
) -> PanelPreview:
    """What is missing for each map; those with settings of their own are checked alone."""
    own = asked.own
    assert isinstance(own, CompareParams)
    rows_of(own, dict(asked.shared))
    notes, side = [], None
    for operation in control_maps():
        if operation.name not in own.controls:
            continue
        names = {each.name for each in map_fields(operation)}
        given: dict[str, Any] = {name: raw[name] for name in ("content", "image") if name in names and raw.get(name)}
        made = _previewed(runner, params, asked.form, operation.name, {**given, **shared})
        if not made.fits:
            notes.append(f"{operation.title}: {made.notes[0]}")
            side = max(side or 0, made.side) if made.side else side
    return PanelPreview(fits=not notes, notes=tuple(notes), side=side)
