"""The QR tab: the generated one, and a button that scans the code in the scan tab with its layout."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gradio as gr

from lib_bootcamp.errors import InvalidParamError
from lib_bootcamp.params import Param
from lib_bootcamp.surfaces.page.tab import Places, Tab
from lib_bootcamp.surfaces.page.values import show


class QrTab(Tab):
    """The generated tab with "Scan this code" below the picture."""

    def layout_outputs(self) -> None:
        """The generated outputs and the button."""
        super().layout_outputs()
        self.scan_button = gr.Button("Scan this code", elem_id=f"{self.prefix}_to_scan")

    def connect(self, tabs: Mapping[str, Tab], places: Places) -> None:
        """Fill the scan tab from the last result, show it, and scan."""
        scan = tabs["scan"]
        layout: Param = next(each for each in scan.form.fields if each.name == "layout")

        def hand_over(picture: Any, facts: dict[str, Any] | None) -> list[Any]:
            if not facts:
                raise InvalidParamError("Code", "is missing", hint="make one first")
            if not (isinstance(facts, dict) and "layout" in facts):
                raise InvalidParamError("Result", "is not one of this tab's", hint="make the code again")
            return [picture, show(layout, facts["layout"]), *places.select("scan")]

        targets = [scan.form.components["image"], scan.form.components["layout"], *places.of("scan")]
        handed_over = self.scan_button.click(hand_over, [self.pictures["image"], self.facts], targets)
        handed_over.success(scan.pressed, scan.form.inputs, scan.result_components)
