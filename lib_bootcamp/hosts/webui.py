"""What the section, the tab and the settings use of the WebUI's page; the same modules under A1111 and Forge."""

from __future__ import annotations

import functools
import importlib
import inspect
import logging
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lib_bootcamp.errors import BootcampError

if TYPE_CHECKING:
    from lib_bootcamp.core.images.arrays import Image
    from lib_bootcamp.core.models.files import Base

LOG = logging.getLogger(__name__)
SERVERS_OWN = 500
# On the wrapped method: the WebUI's own.
CHECKED = "bootcamp_checked"
_BUILDING = threading.Lock()


def _module(name: str) -> Any:
    return importlib.import_module(f"modules.{name}")


class NothingToSendError(BootcampError):
    """A send-to button was pressed before there was a picture."""

    def __init__(self) -> None:
        super().__init__("There is no picture to send.")


class WebUiPage:
    """The WebUI this process runs in."""

    def option(self, name: str, default: Any) -> Any:
        """A setting's value; the default where it does not exist."""
        return _module("shared").opts.data.get(name, default)

    def checkpoint_base(self, p: Any = None) -> Base | None:
        """The base of the checkpoint that is chosen (for this generation), read from its file."""
        from lib_bootcamp.core.models.files import base_of_file

        path = self.checkpoint_file(p)
        return base_of_file(path) if path is not None else None

    def checkpoint_file(self, p: Any = None) -> Path | None:
        """The file of the checkpoint that is chosen (for this generation)."""
        overridden = (getattr(p, "override_settings", None) or {}).get("sd_model_checkpoint")
        sd_models = _module("sd_models")
        chosen = overridden or _module("shared").opts.data.get("sd_model_checkpoint")
        info = sd_models.get_closet_checkpoint_match(chosen) if chosen else None
        if info is None:
            info = next(iter(sd_models.checkpoints_list.values()), None)
        return Path(info.filename) if info is not None else None

    def accordion(self, label: str, elem_id: str, *, value: bool) -> Any:
        """An accordion with a checkbox."""
        return _module("ui_components").InputAccordion(value, label=label, elem_id=elem_id)

    def tool_button(self, label: str, elem_id: str, tooltip: str) -> Any:
        """A small button."""
        return _module("ui_components").ToolButton(value=label, elem_id=elem_id, tooltip=tooltip)

    def refuse(self, p: Any, sentence: str, status: int) -> None:
        """Make the generation raise, or on the page draw nothing and say why.

        The WebUI swallows what a script's hook raises and draws on without it. So the error is put where it calls
        the generation object itself, next after the hooks. As FastAPI's own kind it reaches a client with its
        status and sentence. For the page the WebUI would write it into its log with a stack and all arguments.
        """

        def setup_prompts() -> None:
            if status >= SERVERS_OWN or not _is_of_page(p):
                raise self.mistake(sentence, status)
            type(p).setup_prompts(p)
            _draw_nothing(p, sentence)

        setup_prompts.bootcamp_refusal = True  # type: ignore[attr-defined]
        p.setup_prompts = setup_prompts

    def refuse_sampling(self, p: Any, sentence: str, status: int) -> None:
        """Make the generation raise where the WebUI calls its sampler, which it does next."""

        def sample(*_: Any, **__: Any) -> None:
            raise self.mistake(sentence, status)

        p.sampler.sample = p.sampler.sample_img2img = sample

    def mistake(self, sentence: str, status: int) -> Exception:
        """As FastAPI's own kind: a client gets its status and sentence, the page shows class and text."""
        made: Exception = _error_class()(status_code=status, detail=sentence)
        return made

    def is_mistake(self, error: Exception) -> bool:
        """Whether it is one of `mistake`."""
        return isinstance(error, _error_class())

    def check_requests(self, check: Callable[[Any, Callable[[str], Mapping[str, Any]]], None]) -> None:
        """Have each request of txt2img and img2img looked at before it waits in the queue; with no API nothing is done.

        The WebUI has no hook there, and none that sees more of a request than a script has places for: so the method
        that reads a request's script arguments is wrapped, once for however many "Reload UI".

        Args:
            check: given the request and the WebUI's reader of infotexts; what it raises is answered.
        """

        def checked(own: Callable[..., Any]) -> Callable[..., Any]:
            def init_script_args(api: Any, request: Any, *args: Any, **more: Any) -> Any:
                try:
                    check(request, _module("infotext_utils").parse_generation_parameters)
                except BootcampError as error:
                    raise self.mistake(str(error), error.status) from None
                return own(api, request, *args, **more)

            return init_script_args

        _wrap_api("init_script_args", checked)

    @contextmanager
    def building(self) -> Iterator[None]:
        """Hold while a page is built in a request.

        Gradio keeps the page that is being built in one place for all threads, and the WebUI's API builds one at its
        first request: one of them waits for the other.
        """

        def alone(own: Callable[..., Any]) -> Callable[..., Any]:
            def init_default_script_args(*args: Any, **more: Any) -> Any:
                with _BUILDING:
                    return own(*args, **more)

            return init_default_script_args

        _wrap_api("init_default_script_args", alone)
        with _BUILDING:
            yield

    def stop_generation(self) -> None:
        """As the WebUI's own button does it when a batch is to be finished first."""
        _module("shared").state.stopping_generation = True

    def saved_defaults(self) -> Path | None:
        """The file that `--ui-config-file` names."""
        name = getattr(_module("shared").cmd_opts, "ui_config_file", None)
        return Path(name) if name else None

    def add_settings(self, section: tuple[str, str], settings: Mapping[str, Mapping[str, Any]]) -> None:
        """Add a section to the Settings tab."""
        shared = _module("shared")
        for name, setting in settings.items():
            known = inspect.signature(shared.OptionInfo).parameters  # a WebUI before 1.7 has no `restrict_api`
            arguments = {key: value for key, value in setting.items() if key in known}
            info = str(setting.get("info", ""))
            option = shared.OptionInfo(**arguments, section=section)
            shared.opts.add_option(name, option.info(info) if info else option)

    def bind_send(self, button: Any, tab: str, picture: Any) -> bool:
        """Send a picture and its size to a tab when a button is pressed; False where there is no such tab.

        The WebUI's own binding takes a picture component's value for base64 where it is a file's path.
        """
        shared, target = _module("shared"), _module("infotext_utils").paste_fields.get(tab)
        if target is None or target["init_img"] is None:
            return False
        sides = {str(key): made for made, key in target["fields"] or () if isinstance(key, str)}
        wanted = tab != "inpaint" and shared.opts.data.get("send_size", True)
        size = [sides[key] for key in ("Size-1", "Size-2") if key in sides and wanted]

        def send(path: str | None) -> Any:
            if not path:
                raise NothingToSendError
            opened = _opened(path)
            return [opened, *opened.size] if size else opened

        button.click(send, [picture], [target["init_img"], *size], show_progress=False)
        return True

    def bind_paste(self, button: Any, tab: str, text: Any, picture: Any) -> None:
        """Paste an infotext as the WebUI's own PNG info tab does, its picture too where the tab has a place for one.

        The size is the infotext's: that of a picture after hires fix is not the one to draw at.
        """
        infotext = _module("infotext_utils")
        target = infotext.paste_fields.get(tab)
        if target is None:
            return
        if target["init_img"] is not None:
            button.click(_opened, [picture], [target["init_img"]], show_progress=False)
        # joined once the whole page is made; shows the tab too
        binding = infotext.ParamBinding(paste_button=button, tabname=tab, source_text_component=text)
        infotext.register_paste_params_button(binding)

    def xyz(self) -> tuple[Callable[..., Any], list[Any]] | None:
        """The XYZ plot's option class and list."""
        for each in _module("scripts").scripts_data:
            if Path(each.path).name == "xyz_grid.py":
                return each.module.AxisOption, each.module.axis_options
        return None

    def save_map(self, picture: Image, folder: str) -> None:
        """Write a control map as PNG; a relative folder is below the data folder."""
        from lib_bootcamp.core.images.codec import write_image

        name = datetime.now(tz=timezone.utc).strftime("%Y%m%d-%H%M%S-%f.png")
        write_image(Path(_module("paths").data_path) / folder / name, picture)

    def paste_components(self, tab: str) -> Sequence[tuple[Any, Any]]:
        """A tab's components with their infotext keys; empty before the tab is made."""
        return tuple(_module("infotext_utils").paste_fields.get(tab, {}).get("fields") or ())

    def theme(self) -> Any:
        """The theme that the Settings tab names."""
        return _module("shared").gradio_theme

    def saved_values(self, page: Any, path: str) -> tuple[list[Any], Callable[..., str]]:
        """By the WebUI's own reader of ui-config.json, which its Defaults tab uses for the fields of its own page."""
        kept = _module("ui_loadsave").UiLoadsave(_module("shared").cmd_opts.ui_config_file)
        before = dict(kept.ui_settings)
        kept.add_block(page, path)
        if kept.ui_settings != before:
            kept.dump_defaults()
        return list(kept.component_mapping.values()), kept.ui_apply


def _wrap_api(name: str, wrap: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
    """Wrap a method of the WebUI's API, once for however many "Reload UI"; where there is no API nothing is done."""
    api = getattr(sys.modules.get("modules.api.api"), "Api", None)
    own = getattr(api, name, None)
    if own is None:
        return
    own = getattr(own, CHECKED, own)
    wrapped = functools.wraps(own)(wrap(own))
    setattr(wrapped, CHECKED, own)
    setattr(api, name, wrapped)


def _opened(path: str | None) -> Any:
    """The picture that a component holds; None where it holds none."""
    from lib_bootcamp.core.images.codec import load_image, read_file

    return load_image(read_file(Path(path)))[0].convert("RGB") if path else None


_CLASSES: dict[str, type[Exception]] = {}


def _is_of_page(p: Any) -> bool:
    """Whether a button of the page began a generation, not a caller or a script that awaits pictures."""
    script = next(iter(p.script_args or ()), 0)
    return not getattr(p, "is_api", False) and script in (None, 0)


def texts_of_none(p: Any) -> list[str]:
    """The infotexts of a generation without pictures; the gallery's upscale button puts the first in its place."""
    return [""] if getattr(p, "txt2img_upscale", False) else []


class _NoScripts:
    """In the place of a generation's scripts: no other script works for no picture, and it has no infotext."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *_, **__: None

    def postprocess(self, p: Any, processed: Any) -> None:
        """Take away the text that the WebUI writes of a picture that would come."""
        processed.info, processed.infotexts = "", texts_of_none(p)


def _draw_nothing(p: Any, sentence: str) -> None:
    """Have a generation whose prompts are set up end without a picture, with a sentence where comments are shown."""
    LOG.warning("Bootcamp: %s", sentence)
    p.comment(f"Bootcamp: {sentence}")
    p.n_iter, p.do_not_save_grid = 0, True
    p.scripts = _NoScripts()
    p.init = lambda *_, **__: None  # nor a picture's encoding


def _error_class() -> Any:
    """`Bootcamp`, an HTTPException whose text is the sentence; made late, because FastAPI is the WebUI's."""
    base = sys.modules["fastapi"].HTTPException
    return _CLASSES.get("Bootcamp") or _CLASSES.setdefault(
        "Bootcamp", type("Bootcamp", (base,), {"__str__": lambda self: str(self.detail)})
    )
