"""A script's run, from raw arguments to what the WebUI is given back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lib_bootcamp.errors import BootcampError
from lib_bootcamp.ports import Host
from lib_bootcamp.surfaces.shared.wording import worded
from lib_bootcamp.surfaces.webui.ports import WebUi
from lib_bootcamp.surfaces.webui.section_values import is_off

from .compare import CompareControl, rows_of
from .declared import COMPARE, UNTIL_IT_SCANS, CompareParams, ScriptForm
from .page import PLACES, page_values
from .ports import Pipeline
from .run import ScriptRun
from .until_it_scans import UntilItScans, request_of
from .values import Asked, ask, by_name, form_of
from .written import pasted

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

        try:
            asked = ask(form, args[0] if by_api else page_values(form, args))
            made = _RUNS[form.name](self.host, self.webui, self.pipeline, p, asked)
            if _section_is_on(p):
                made.comments.append(INSTEAD)
            return made.run()
        except BootcampError as error:
            names = {} if by_api else {each.name: each.spec.title for each in form.fields}
            raise self.webui.mistake(worded(error, names), error.status) from None


def _section_is_on(p: Any) -> bool:
    for script in getattr(getattr(p, "scripts", None), "alwayson_scripts", None) or ():
        if str(script.title()) == "Bootcamp":
            return not is_off(p.script_args[script.args_from : script.args_to])
    return False


def check_script(request: Any, read_infotext: Callable[[str], Mapping[str, Any]]) -> None:
    """Check what a request of the WebUI's API gives a script of ours, before it waits in the queue.

    Its `script_args` are put as the script's places want them: an object first. Where there are none, they are what the
    request's `infotext` says.

    Raises:
        InvalidParamError: a value is wrong, by its name.
    """
    form = form_of(getattr(request, "script_name", None))
    if form is None:
        return
    args = list(getattr(request, "script_args", None) or ())
    text = getattr(request, "infotext", None)
    raw = by_name(form, args) if args or not text else pasted(form, read_infotext(text)) or {}
    check(ask(form, raw))
    request.script_args = [raw, *[""] * (PLACES - 1)]


def check(asked: Asked) -> None:
    """Check also what the section takes.

    Raises:
        InvalidParamError: a value is wrong.
    """
    if isinstance(asked.own, CompareParams):
        rows_of(asked.own, dict(asked.shared))
    else:
        request_of(asked)
