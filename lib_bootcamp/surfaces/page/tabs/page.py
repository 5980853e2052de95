"""The page: one tab for each operation, with previews, downloads and clear errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradio as gr

from lib_bootcamp.catalog import offered
from lib_bootcamp.core.models.files import BANNER, EMBEDDED
from lib_bootcamp.operation import SECTIONS, Operation
from lib_bootcamp.ports import Host
from lib_bootcamp.surfaces.page.growing_tab import GrowingTab
from lib_bootcamp.surfaces.page.notice import notice
from lib_bootcamp.surfaces.page.outputs import Outputs
from lib_bootcamp.surfaces.page.tab import Places, Tab

from .own import HOSTED_BY, own_tabs


def build_tabs(host: Host, *, below: Callable[[Tab], None] | None = None) -> dict[str, Tab]:
    """Put a tab for each operation where the caller stands.

    Args:
        host: what the operations run on.
        below: puts more into each tab, below its result.
    Returns:
        operation name to tab.
    """
    outputs, places = Outputs(), Places()
    tabs: dict[str, Tab] = {}
    own = [each for each in offered(host.name) if each.name not in HOSTED_BY]
    with gr.Tabs(elem_id="bootcamp_tabs") as sections:
        for section in dict.fromkeys(each for each in SECTIONS if any(one.place == each for one in own)):
            slug = section.lower().replace(" ", "_")
            with (
                gr.Tab(section, id=section, elem_id=f"bootcamp_section_{slug}"),
                gr.Tabs(elem_id=f"bootcamp_tabs_{slug}", elem_classes=["bootcamp-tabs"]) as inside,
            ):
                for operation in (each for each in own if each.place == section):
                    name = operation.name
                    with gr.Tab(operation.title, id=name, elem_id=f"bootcamp_tab_{name.replace('-', '_')}"):
                        tabs[name] = tab_class(operation)(operation, host, outputs)
                        tabs[name].build()
                        if below is not None:
                            below(tabs[name])
                    places.add(name, (sections, section), (inside, name))
    for tab in tabs.values():
        tab.connect(tabs, places)
    return tabs


def tab_class(operation: Operation[Any, Any]) -> type[Tab]:
    """The tab an operation is shown in: one of its own, or the generated one."""
    return own_tabs().get(operation.name, GrowingTab if operation.stream else Tab)


def build_page(host: Host) -> Any:
    """The standalone page; the WebUI's tab holds the same tabs.

    Returns:
        a `gradio.Blocks`.
    """
    with gr.Blocks(title="Bootcamp", analytics_enabled=False) as page:
        gr.Markdown("# Bootcamp\nControl maps, QR codes that scan, image captioning, and data sets.")
        if host.checkpoint() == EMBEDDED:
            gr.HTML(notice(BANNER, kind="note"), elem_id="bootcamp_banner")
        build_tabs(host)
    return page
