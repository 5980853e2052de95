"""The tab of an operation whose result grows: it is seen while it is made, and can be stopped."""

from __future__ import annotations

from typing import Any

import gradio as gr

from lib_bootcamp.context import Context
from lib_bootcamp.operation import Operation
from lib_bootcamp.ports import Host

from .events import quiet_event, supported_arguments
from .growth import Growth
from .outputs import Outputs
from .running import Stops
from .tab import Tab


class GrowingTab(Tab):
    """The generated tab; while it works, the message is how far it is and what there is so far."""

    def __init__(self, operation: Operation[Any, Any], host: Host, outputs: Outputs) -> None:
        super().__init__(operation, host, outputs)
        self.stops = Stops(host, operation)
        self.stop: Any = None

    def layout_buttons(self, label: str) -> None:
        """The button that begins, and the one that ends."""
        with gr.Row():
            super().layout_buttons(label)
            self.stop = gr.Button("Stop", elem_id=f"{self.prefix}_stop")

    def wire(self) -> None:
        """Join the buttons and the components."""
        grows = self.stops.grows(self.draw, self.failed)
        hidden = supported_arguments(self.button.click, show_progress="hidden")
        self.button.click(grows, self.form.inputs, self.result_components, api_name=self.prefix, **hidden)
        self.stop.click(self.stops.ends(), None, None, **quiet_event(self.stop.click))

    def draw(self, values: tuple[Any, ...], growth: Growth) -> list[Any]:
        """Run on the form's values; mistakes become the message."""
        return self.made(values, lambda: Context.of_page(self.host, growth).watched_by(growth.show))
