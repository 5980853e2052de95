"""The pictures that a tab is given: one that is shown, or several files."""

from __future__ import annotations

from typing import Any

import gradio as gr

from lib_bootcamp.surfaces.page.events import supported
from lib_bootcamp.surfaces.page.fields import file_input, picture_input


def pictures_input(picture_id: str, files_id: str, *, height: int) -> tuple[Any, Any]:
    """The two components; their values together are what `some_uploads` takes.

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
