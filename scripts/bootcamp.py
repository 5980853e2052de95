"""The WebUI loads this file: it joins the host to the surfaces. Everything else is in lib_bootcamp.

The WebUI re-runs it on "Reload UI" while lib_bootcamp stays loaded, so callbacks are registered here only.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any, NamedTuple

from modules import script_callbacks, scripts

# sys.path holds this extension's folder only while this file runs; a loaded package finds its own modules later.
import lib_bootcamp  # noqa: F401


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
        built = parts().section.build(img2img=is_img2img)
        self.infotext_fields, self.paste_field_names = built.infotext_fields, built.paste_field_names
        parts().sections.built.setdefault("img2img" if is_img2img else "txt2img", built)
        return built.inputs

    def before_process(self, p: Any, *args: Any) -> None:
        """Make the map and fill ControlNet's units, before ControlNet reads them in its `process`."""
        with parts().host.queue_held(bar=False):  # the WebUI calls hooks under its queue, which cannot be taken twice
            runner().before_process(p, args)

    def process_before_every_sampling(self, p: Any, *args: Any, **kwargs: Any) -> None:
        """The checkpoint is loaded: measure its VAE where the steps are guided."""
        with parts().host.queue_held(bar=False):
            runner().before_sampling(p)

    def postprocess_image_after_composite(self, p: Any, pp: Any, *args: Any) -> None:
        """Scan the finished picture, and touch it up; its infotext and file are written next."""
        pp.image = runner().after_picture(p, pp.image)

    def postprocess(self, p: Any, processed: Any, *args: Any) -> None:
        """Leave plain texts behind."""
        runner().after_all(p, processed)


class Selectable:
    """What a script of the Script dropdown does; no script itself, for the WebUI makes one of each class of them."""

    form_name: str
    form: str
    infotext_fields: Any
    paste_field_names: Any

    def title(self) -> str:
        """The name over the API is this in lower case."""
        return self.form

    def show(self, is_img2img: bool) -> Any:
        """In both tabs."""
        return True

    def ui(self, is_img2img: bool) -> list[Any]:
        """Build its form."""
        from lib_bootcamp.surfaces.webui.scripts.page import Around, build_script

        around = Around(parts().host, parts().webui, parts().section.controlnet)
        built = build_script(self.form_name, self.form, around, img2img=is_img2img)
        self.infotext_fields, self.paste_field_names = built.infotext_fields, built.paste_field_names
        return built.inputs

    def run(self, p: Any, *args: Any) -> Any:
        """Draw all of it."""
        from lib_bootcamp.hosts.webui_pipeline import WebUiPipeline
        from lib_bootcamp.surfaces.webui.scripts.declared import form_named
        from lib_bootcamp.surfaces.webui.scripts.runner import ScriptRunner

        with parts().host.queue_held(bar=False):  # the WebUI runs scripts under its queue
            return ScriptRunner(parts().host, parts().webui, WebUiPipeline()).run(form_named(self.form_name), p, args)


class UntilItScans(Selectable, scripts.Script):
    """Seeds and strengths until a code is read."""

    form_name, form = "until_it_scans", "QR art until it scans"


class CompareControl(Selectable, scripts.Script):
    """Control maps beside each other."""

    form_name, form = "compare_control", "Compare control"


class Parts(NamedTuple):
    """What one run of this file is made of."""

    host: Any
    webui: Any
    section: Any
    sections: Any
    steps: Any


_MADE: dict[str, Parts] = {}
_RUNNER: dict[str, Any] = {}


def parts() -> Parts:
    """The parts, made when they are first asked for; whoever asks at the same time gets the same ones."""
    return _MADE.get("parts") or _MADE.setdefault("parts", _join())


def _join() -> Parts:
    from lib_bootcamp.hosts.controlnet import find_controlnet
    from lib_bootcamp.hosts.detect import current_host
    from lib_bootcamp.hosts.webui import WebUiPage
    from lib_bootcamp.hosts.webui_guidance import GuidedSteps
    from lib_bootcamp.surfaces.webui.panel.always_visible import SectionUi
    from lib_bootcamp.surfaces.webui.tab import SectionsOfPage

    host, webui = current_host(), WebUiPage()
    return Parts(host, webui, SectionUi(host, webui, find_controlnet), SectionsOfPage(), GuidedSteps())


def runner() -> Any:
    """What draws for the section, made at the first generation."""
    return _RUNNER.get("runner") or _RUNNER.setdefault("runner", _section_runner())


def _section_runner() -> Any:
    from lib_bootcamp.hosts.controlnet import find_controlnet
    from lib_bootcamp.surfaces.webui.section_run import SectionRunner

    return SectionRunner(parts().host, parts().webui, find_controlnet)


def mount_routes(demo: Any, app: Any) -> None:
    """The routes, also without a page (`demo` is None then)."""
    from lib_bootcamp.surfaces.http.access import access_dependency
    from lib_bootcamp.surfaces.http.late import include_late
    from lib_bootcamp.surfaces.shared.described import PREFIX

    def check(request: Any, read_infotext: Any) -> None:
        from lib_bootcamp.surfaces.webui.scripts.values import form_of
        from lib_bootcamp.surfaces.webui.section_request import check_request

        check_request(request, read_infotext)
        is_ours = form_of(getattr(request, "script_name", None)) is not None
        if is_ours or "Bootcamp script" in str(getattr(request, "infotext", "")):
            from lib_bootcamp.surfaces.webui.scripts.runner import check_script

            check_script(request, read_infotext)

    host = parts().host
    parts().webui.check_requests(check)
    doors = [access_dependency(host.access_rules()), *host.auth_dependencies()]

    def routers() -> list[Any]:
        from lib_bootcamp.surfaces.http.routes import build_router

        return [build_router(host, doors), *(page_routers() if demo is not None else [])]

    include_late(app, PREFIX, routers)
    if demo is not None:
        mount_page(demo, app)


def page_routers() -> list[Any]:
    """What the section in the WebUI's page asks for."""
    from lib_bootcamp.surfaces.http.access import access_dependency
    from lib_bootcamp.surfaces.webui.forms.routes import form_router
    from lib_bootcamp.surfaces.webui.panel.routes import panel_router
    from lib_bootcamp.surfaces.webui.scripts.preview import preview_script

    host = parts().host
    doors = [access_dependency(host.access_rules()), *host.page_auth_dependencies()]
    return [form_router(doors), panel_router(runner(), preview_script, doors)]


def mount_page(demo: Any, app: Any) -> None:
    """The page in the Bootcamp tab's frame, and the doors around the WebUI's own."""
    from lib_bootcamp.surfaces.webui.access import keep_from_page, remember_callers
    from lib_bootcamp.surfaces.webui.frame import mount_frame

    host, webui = parts().host, parts().webui

    def page() -> Any:
        from lib_bootcamp.surfaces.webui.frame_page import build_frame_page
        from lib_bootcamp.surfaces.webui.panel.saved_defaults import keep_tab_defaults

        keep_tab_defaults(webui.saved_defaults())
        with webui.building():
            return build_frame_page(host, webui)

    def taking() -> Any:
        from lib_bootcamp.surfaces.webui.tab import taking as listed

        return listed(host)

    keep_from_page(demo, host.data_dir())
    mount_frame(app, page, taking, rules=host.access_rules(), login=host.page_login(), kept=host.data_dir())
    remember_callers(app, host.access_rules())


def add_axes() -> None:
    """The XYZ plot's axes."""
    from lib_bootcamp.surfaces.webui.panel.at_start import known_at_start
    from lib_bootcamp.surfaces.webui.xyz import register_axes

    found = known_at_start(parts().host.data_dir()).axes
    register_axes(parts().webui, lambda *given, **more: runner().check_axis(*given, **more), found)


def keep_saved_defaults() -> None:
    """What ui-config.json holds under labels of the version before."""
    from lib_bootcamp.surfaces.webui.panel.saved_defaults import keep_section_defaults

    keep_section_defaults(parts().webui.saved_defaults())


def before_page() -> None:
    """What the page is made from."""
    keep_saved_defaults()
    add_axes()


def add_settings() -> None:
    """The section of the Settings tab."""
    from lib_bootcamp.surfaces.webui.panel.at_start import known_at_start
    from lib_bootcamp.surfaces.webui.settings import add_settings as add

    host = parts().host
    add(parts().webui, known_at_start(host.data_dir()).scan, trusts_page=host.trusts_page())


def add_tab() -> list[tuple[Any, str, str]]:
    """The Bootcamp tab."""
    from lib_bootcamp.surfaces.webui.access import guard_functions
    from lib_bootcamp.surfaces.webui.tab import build_tab

    tab = build_tab(parts().webui, parts().sections)
    guard_functions(tab, parts().host.access_rules())
    return [(tab, "Bootcamp", "bootcamp")]


def before_step(params: Any) -> None:
    """Each step of each generation comes here; those that the section never touched cost nothing."""
    if _MADE:
        parts().steps.before(params)


def after_step(params: Any) -> None:
    """The same step, after classifier-free guidance."""
    if _MADE:
        parts().steps.after(params)


def register(category: str, callback: Callable[..., Any]) -> None:
    """As `script_callbacks.on_...` do, without their search through the stack for this file's name (50 ms each)."""
    try:
        callbacks = script_callbacks.callback_map[f"callbacks_{category}"]
        script_callbacks.add_callback(callbacks, callback, category=category, filename=__file__)
    except (AttributeError, KeyError, TypeError):  # a WebUI before 1.9
        getattr(script_callbacks, f"on_{category}")(callback)


def get_ready() -> None:
    """Read what the page is made from now, while nothing else runs.

    Where the page is made the WebUI loads its checkpoint in a thread beside it, and a file takes three times as long.
    What cannot be had yet, or goes wrong, is asked for again there.
    """
    with contextlib.suppress(Exception):
        from lib_bootcamp.surfaces.webui.panel import saved_defaults  # noqa: F401
        from lib_bootcamp.surfaces.webui.panel.at_start import known_at_start

        known_at_start(parts().host.data_dir())


register("app_started", mount_routes)
register("before_ui", before_page)
register("ui_settings", add_settings)
register("ui_tabs", add_tab)
register("cfg_denoiser", before_step)
register("cfg_after_cfg", after_step)
get_ready()
