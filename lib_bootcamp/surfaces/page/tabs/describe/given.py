"""The pictures that a tab is given: one that is shown, or several files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from lib_bootcamp.errors import InvalidParamError
from lib_bootcamp.surfaces.page.fields import file_input, picture_input, supported
from lib_bootcamp.surfaces.page.values import uploads


def pictures_input(picture_id: str, files_id: str, *, height: int) -> tuple[Any, Any]:
    """The two components; their values together are what `uploaded_pictures` takes.

    Args:
        picture_id: `elem_id` of the first.
        files_id: of the second.
        height: of the picture, in px.
    """
    picture = picture_input(
        label="Picture",
        type="filepath",
        elem_id=picture_id,
        **supported(gr.Image, height=height, sources=["upload", "clipboard"]),
    )
    files = file_input(
        label="Several pictures", file_count="multiple", elem_id=files_id, **supported(gr.File, height=140)
    )
    picture.do_not_save_to_config = files.do_not_save_to_config = True
    return picture, files


def uploaded_pictures(values: Sequence[Any], most: int) -> list[tuple[Path, str]]:
    """Files' paths on this machine, and the names they were uploaded by.

    Raises:
        InvalidParamError: there is none, or too many.
    """
    given = uploads(values)
    if not given:
        raise InvalidParamError("Picture", "is missing", hint="give one, or several")
    if len(given) > most:
        raise InvalidParamError("Several pictures", f"are {len(given)}", hint=f"at most {most} are taken here")
    return given
