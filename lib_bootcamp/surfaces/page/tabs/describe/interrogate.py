"""The interrogate tab: the prompt to copy or to draw with, and charts of the labels that fit."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import starmap
from typing import Any

import gradio as gr

from lib_bootcamp.context import Context
from lib_bootcamp.core.text.bar_chart import Bar, bar_chart
from lib_bootcamp.core.text.scores import LabelScore
from lib_bootcamp.operations.describe.interrogate import InterrogateResult, TableScores
from lib_bootcamp.ports import Host, Progress
from lib_bootcamp.surfaces.page.events import quiet_event, supported
from lib_bootcamp.surfaces.page.notice import notice
from lib_bootcamp.surfaces.page.running import Stops
from lib_bootcamp.surfaces.page.tab import Places, Tab, filled


class InterrogateTab(Tab):
    """The declared fields, and the texts beside them."""

    def __init__(self, operation: Any, host: Host, outputs: Any) -> None:
        super().__init__(operation, host, outputs)
        self.stops = Stops(host, operation)
        self.stop: Any = None
        self.chart: Any = None
        self.to_txt2img: Any = None

    def layout_outputs(self) -> None:
        """The buttons, the message, the texts, the charts and the facts."""
        with gr.Row():
            self.button = gr.Button("Interrogate", variant="primary", elem_id=f"{self.prefix}_run")
            self.stop = gr.Button("Stop", elem_id=f"{self.prefix}_stop")
        self.message = gr.HTML(elem_id=f"{self.prefix}_message")
        for name in ("Prompt", "Negative prompt"):
            self.prompts[name] = self._text(name)
        self.to_txt2img = gr.Button("Draw with it", elem_id=f"{self.prefix}_to_txt2img", visible=False)
        self.chart = gr.HTML(elem_id=f"{self.prefix}_chart")
        with gr.Accordion("Details", open=False):
            self.facts = gr.JSON(label="Result", elem_id=f"{self.prefix}_facts", **supported(gr.JSON, max_height=420))

    def _text(self, name: str) -> Any:
        made = gr.Textbox(
            label=name,
            lines=3,
            interactive=True,
            elem_id=f"{self.prefix}_{name.lower().replace(' ', '_')}_out",
            **supported(gr.Textbox, show_copy_button=True, buttons=["copy"]),
        )
        made.do_not_save_to_config = True
        return made

    @property
    def result_components(self) -> list[Any]:
        """The components a run fills."""
        return [self.message, *self.prompts.values(), self.chart, self.facts]

    def wire(self) -> None:
        """Join the buttons and the components."""
        run = self.stops.begins(self.interrogate)
        self.button.click(run, self.form.inputs, self.result_components, api_name=self.prefix)
        self.stop.click(self.stops.ends(), None, None, **quiet_event(self.stop.click))

    def connect(self, tabs: Mapping[str, Tab], places: Places) -> None:
        """Hand the texts to the tab that draws, where there is one, and show it."""
        txt2img = tabs.get("txt2img")
        if txt2img is None:
            return
        self.to_txt2img.visible = True
        fields = [txt2img.form.components[name] for name in ("prompt", "negative_prompt")]
        self.to_txt2img.click(
            lambda *texts: [*filled(*texts), *places.select("txt2img")],
            list(self.prompts.values()),
            [*fields, *places.of("txt2img")],
            **quiet_event(self.to_txt2img.click),
        )

    def interrogate(self, values: tuple[Any, ...], progress: Progress) -> list[Any]:
        """Run on the form's values; mistakes become the message."""

        def work() -> list[Any]:
            params = self.operation.params_from(self.form.raw(values))
            made = self.operation.run(params, Context.of_page(self.host, progress))
            return [_models_used(made), made.prompt, made.negative or "", charts(made.analysis), made.to_json()]

        return self.attempt(work)

    def failed(self, message: str) -> list[Any]:
        """The components' values after a mistake: the message alone, and what was there before."""
        kept = [gr.update() for _ in self.prompts]
        return [message, *kept, "", None]


def _models_used(made: InterrogateResult) -> str:
    parts = [f"CLIP model {made.model}"] if made.model else []
    parts.append(
        f"caption by {made.captioner}" if made.captioner else "your own caption" if made.caption else "no caption"
    )
    if made.similarity is not None:
        parts.append(f"similarity {made.similarity:.3f}")
    text = ", ".join(parts)
    return notice(text[0].upper() + text[1:] + ".", kind="done")


def charts(analysis: tuple[TableScores, ...]) -> str:
    """A chart for each table: cosines, the longest bar the best of all."""
    longest = max((score.value for each in analysis for score in each.scores), default=0.0)

    def bar(at: int, score: LabelScore) -> Bar:
        return Bar(score.label, score.value / longest if longest > 0 else 0.0, f"{score.value:.3f}", best=not at)

    return "".join(bar_chart(list(starmap(bar, enumerate(e.scores))), title=e.name.capitalize()) for e in analysis)
