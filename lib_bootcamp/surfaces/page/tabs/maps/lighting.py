"""The light designer: lights are dragged on a stage; the declared fields stay the truth.

The stage (javascript/bootcamp_stage.js) reads and writes the `lights` field, draws its controls from the declaration
of a light, and presses the button when a drag ends.
"""

from __future__ import annotations

import html
import json

import gradio as gr

from lib_bootcamp.core.maps.lighting import Light
from lib_bootcamp.schema import json_schema
from lib_bootcamp.surfaces.page.tab import Tab


class LightingTab(Tab):
    """The generated tab with a stage above its fields."""

    def layout_inputs(self) -> None:
        """The stage, then the declared fields and the button."""
        gr.HTML(self._stage(), elem_id=f"{self.prefix}_stage")
        super().layout_inputs()

    def _stage(self) -> str:
        wiring = {
            "data-schema": json.dumps(json_schema(Light)),
            "data-lights": f"{self.prefix}_lights",
            "data-picture": f"{self.prefix}_image_out",
            "data-run": f"{self.prefix}_run",
        }
        attributes = " ".join(f'{name}="{html.escape(value, quote=True)}"' for name, value in wiring.items())
        hint = "Drag a light to move it; an arrow's handle turns it, towards the middle raises it."
        return f'<div class="bootcamp-stage" {attributes}><p class="bootcamp-stage-hint">{hint}</p></div>'
