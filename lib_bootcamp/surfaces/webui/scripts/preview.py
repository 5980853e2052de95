"""What a script would draw at a picture's size, before it does: its code's map, or what is missing for its maps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lib_bootcamp.errors import BootcampError, InvalidParamError
from lib_bootcamp.surfaces.webui.panel.preview import PanelPreview, PreviewParams, preview_of
from lib_bootcamp.surfaces.webui.section import is_code
from lib_bootcamp.surfaces.webui.section_run import SectionRunner

from .compare import Row, rows_of
from .declared import FORMS, CompareParams, names_of, sentence_of
from .form import page_values
from .until_it_scans import request_of
from .values import ask


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
    names = names_of(form, labels=True)
    try:
        asked = ask(form, page_values(form, (params.values, params.unsaved)))
        if isinstance(asked.own, CompareParams):
            return _compared(runner, params, rows_of(asked.own, dict(asked.shared)), names)
        return preview_of(runner, request_of(asked), params, names)
    except BootcampError as error:
        return PanelPreview(fits=False, notes=(sentence_of(error, names),))


def _compared(
    runner: SectionRunner, params: PreviewParams, rows: Sequence[Row], names: Mapping[str, str]
) -> PanelPreview:
    """The code's map with what is to be known of it; of the others how they are applied, or what is missing."""
    firsts = {row.request.operation.name: row for row in reversed(rows)}
    shown = [row for row in rows if firsts[row.request.operation.name] is row]
    made = [(row, preview_of(runner, row.request, params, names)) for row in shown]
    code = next((each for row, each in made if is_code(row.request.operation)), None)
    notes = [f"{row.title}: {_about(each, is_whole=each is code)}" for row, each in made]
    return PanelPreview(
        image=code.image if code else None,
        fits=all(each.fits for _, each in made),
        notes=tuple(notes),
        side=max((each.side for _, each in made if each.side), default=None),
    )


def _about(row: PanelPreview, *, is_whole: bool) -> str:
    """All that is to be known of a row; or what it lacks, else how it is applied, which stands last."""
    return " ".join(row.notes) if is_whole else row.notes[-1 if row.fits else 0]
