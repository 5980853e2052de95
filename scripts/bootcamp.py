"""The WebUI loads this file: it joins the host to the surfaces. Everything else is in lib_bootcamp.

The WebUI re-runs it on "Reload UI" while lib_bootcamp stays loaded, so callbacks are registered here only.
"""

from __future__ import annotations

from typing import Any

from modules import script_callbacks, scripts

# sys.path holds this extension's folder only while this file runs.
from lib_bootcamp.hosts.controlnet import find_controlnet
from lib_bootcamp.hosts.detect import current_host
from lib_bootcamp.hosts.webui import WebUiPage
from lib_bootcamp.surfaces.always_visible import SectionUi
from lib_bootcamp.surfaces.section_run import SectionRunner
from lib_bootcamp.surfaces.webui_settings import add_settings
from lib_bootcamp.surfaces.webui_tab import SectionsOfPage, build_tab
from lib_bootcamp.surfaces.xyz import register_axes

WEBUI = WebUiPage()
HOST = current_host()
SECTION = SectionUi(WEBUI, find_controlnet)
RUNNER = SectionRunner(HOST, WEBUI, find_controlnet)
SECTIONS = SectionsOfPage()


class Bootcamp(scripts.Script):
    """The always-visible section."""

    def title(self) -> str:
        """The name over the API is this in lower case."""
        return "Bootcamp"

    def show(self, is_img2img: bool) -> Any:
        """In both tabs."""
        return scripts.AlwaysVisible

    def ui(self, is_img2img: bool) -> list[Any]:
        """Build the section. The API calls this again for the components' values; the page's come first."""
        built = SECTION.build(img2img=is_img2img)
        self.infotext_fields, self.paste_field_names = built.infotext_fields, built.paste_field_names
        SECTIONS.fields.setdefault("img2img" if is_img2img else "txt2img", built.fields)
        return built.inputs

    def before_process(self, p: Any, *args: Any) -> None:
        """Make the map and fill ControlNet's units, before ControlNet reads them in its `process`."""
        RUNNER.before_process(p, args)

    def postprocess_image_after_composite(self, p: Any, pp: Any, *args: Any) -> None:
        """Scan the finished picture; its infotext and file are written next."""
        RUNNER.after_picture(p, pp.image)

    def postprocess(self, p: Any, processed: Any, *args: Any) -> None:
        """Leave plain texts behind."""
        RUNNER.after_all(p)


def mount_routes(demo: Any, app: Any) -> None:
    """The routes, also without a page (`demo` is None then)."""
    from lib_bootcamp.surfaces.routes import build_router

    app.include_router(build_router(HOST, HOST.auth_dependencies()))


script_callbacks.on_app_started(mount_routes)
script_callbacks.on_before_ui(lambda: register_axes(WEBUI))
script_callbacks.on_ui_settings(lambda: add_settings(WEBUI))
script_callbacks.on_ui_tabs(lambda: [(build_tab(HOST, WEBUI, SECTIONS), "Bootcamp", "bootcamp")])
