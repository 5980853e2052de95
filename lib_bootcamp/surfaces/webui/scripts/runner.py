"""A script's run, from raw arguments to what the WebUI is given back."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lib_bootcamp.errors import BootcampError, InvalidParamError
from lib_bootcamp.ports import Host
from lib_bootcamp.surfaces.webui.drawn_over import check_drawn_over
from lib_bootcamp.surfaces.webui.ports import WebUi
from lib_bootcamp.surfaces.webui.section_request import SCRIPT
from lib_bootcamp.surfaces.webui.section_values import args_of, is_off, parse

from .compare import CompareControl, rows_of
from .declared import COMPARE, UNTIL_IT_SCANS, CompareParams, ScriptForm, names_of, sentence_of
from .form import page_values
from .page import PLACES
from .ports import Pipeline
from .run import ScriptRun
from .until_it_scans import UntilItScans, request_of
from .values import Asked, ask, by_name, form_of
from .written import KEY, SCRIPT_KEY, pasted

LOG = logging.getLogger(__name__)
INSTEAD = "The Bootcamp section is on too; the script's own settings were used in its place."
_RUNS: Mapping[str, type[ScriptRun]] = {UNTIL_IT_SCANS.name: UntilItScans, COMPARE.name: CompareControl}


class ScriptRunner:
    """Runs the scripts. Holds no state: it is shared by all generations.

    Args:
        host: what operations run on.
        webui: the WebUI around.
        pipeline: draws.
    """

    def __init__(self, host: Host, webui: WebUi, pipeline: Pipeline) -> None:
        self.host, self.webui, self.pipeline = host, webui, pipeline

    def run(self, form: ScriptForm, p: Any, args: Sequence[Any]) -> Any:
        """Run a script; a mistake ends the generation with one sentence, on the page and over the API.

        Args:
            form: the script.
            p: the generation that the person asked for.
            args: one object, or the texts of the page's form.
        """
        by_api = bool(args) and isinstance(args[0], Mapping)
        names = names_of(form, labels=not by_api)
        try:
            check_drawn_over(p)
            asked = ask(form, args[0] if by_api else page_values(form, args))
            made = _RUNS[form.name](self.host, self.webui, self.pipeline, p, asked, names)
            if _section_is_on(p):
                made.comments.append(INSTEAD)
            return made.run()
        except BootcampError as error:
            mistake = self.webui.mistake(sentence_of(error, names), error.status)
        except Exception as error:
            if not self.webui.is_mistake(error):
                raise
            mistake = error
        if by_api:
            raise mistake
        # the WebUI's log would have a traceback of what is raised, after all arguments of the page
        LOG.warning("Bootcamp: %s", mistake)
        return self.pipeline.explained(p, str(mistake))


def _section_is_on(p: Any) -> bool:
    args = args_of(p)
    return args is not None and not is_off(args)


def check_script(request: Any, read_infotext: Callable[[str], Mapping[str, Any]]) -> None:
    """Check what a request of the WebUI's API gives a script of ours, before it waits in the queue.

    Its `script_args` are put as the script's places want them: an object first. Where there are none, they are what the
    request's `infotext` says. The section beside it, which is left aside, is checked too.

    Raises:
        InvalidParamError: a value is wrong, by its name, or an infotext is a script's that the request does not name.
    """
    name, text = getattr(request, "script_name", None), getattr(request, "infotext", None)
    form, written = form_of(name), read_infotext(text) if text else {}
    if form is None:
        if not name:
            _check_no_script(written)
        return
    check_drawn_over(request)
    args = list(getattr(request, "script_args", None) or ())
    pasted_values = pasted(form, written, strict=True) or {}
    raw = by_name(form, args) if args else pasted_values
    check(ask(form, raw))
    for each, entry in (getattr(request, "alwayson_scripts", None) or {}).items():
        if each.lower() == SCRIPT and entry.get("args"):
            parse(entry["args"])
    request.script_args = [raw, *[""] * (PLACES - 1)]


def _check_no_script(written: Mapping[str, Any]) -> None:
    drawn_by = form_of(written.get(SCRIPT_KEY))
    if drawn_by is not None and written.get(KEY):
        hint = f'give "script_name": "{drawn_by.title}", or leave {KEY} out of the infotext'
        raise InvalidParamError("script_name", f"is missing: the infotext is one of {drawn_by.title}", hint=hint)


def check(asked: Asked) -> None:
    """Check also what the section takes.

    Raises:
        InvalidParamError: a value is wrong.
    """
    if isinstance(asked.own, CompareParams):
        rows_of(asked.own, dict(asked.shared))
    else:
        request_of(asked)
