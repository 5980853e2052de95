"""What a caller of the WebUI's API gives the section: its shape, before any value of it is looked at.

The WebUI copies of `args` what it has places for, and lets all else fall without a word: a misspelled `args`, an object
too many, the rest of a list that is too long. So the request itself is looked at, before it waits in the queue.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lib_bootcamp.errors import InvalidParamError
from lib_bootcamp.params import unknown

from . import infotext
from .settings import check_overrides

SCRIPT = "bootcamp"
WHERE = f"alwayson_scripts.{SCRIPT}"
PAGE_VALUES = 3
ONE_OBJECT = 'give one object, as {"args": [{"control": "qr", "content": "https://example.com"}]}'


def check_request(request: Any, read_infotext: Any) -> None:
    """Refuse what a request of txt2img or img2img gives this extension and nobody would read.

    Args:
        request: the WebUI's; `alwayson_scripts`, `infotext` and `override_settings` of it are looked at.
        read_infotext: the WebUI's own reader of an infotext, which gives a dict.
    Raises:
        InvalidParamError: what is not understood, by its name.
    """
    check_scripts(getattr(request, "alwayson_scripts", None))
    check_overrides(getattr(request, "override_settings", None) or {})
    text = getattr(request, "infotext", None)
    if text:
        written = read_infotext(text).get(infotext.KEY)
        if isinstance(written, str) and written:
            infotext.parse(written, strict=True)


def check_scripts(scripts: Any) -> None:
    """Look at `alwayson_scripts`, whose names the WebUI takes in any case.

    Raises:
        InvalidParamError: what stands for this extension there is not understood.
    """
    if not isinstance(scripts, Mapping):
        return
    names = [name for name in scripts if isinstance(name, str) and name.lower() == SCRIPT]
    if len(names) > 1:
        raise InvalidParamError(
            "alwayson_scripts", f"holds {' and '.join(names)}, which are one script", hint="give it once"
        )
    for name in names:
        _check_entry(scripts[name])


def _check_entry(entry: Any) -> None:
    if not isinstance(entry, Mapping):
        raise InvalidParamError(WHERE, "must be an object with args", hint=f"{ONE_OBJECT}")
    for name in entry:
        if name != "args":
            raise unknown(name, ("args",), path=f"{WHERE}.")
    if "args" in entry:
        _check_args(entry["args"])


def _check_args(args: Any) -> None:
    where = f"{WHERE}.args"
    if not isinstance(args, list):
        raise InvalidParamError(where, "must be a list", hint=f"{ONE_OBJECT}")
    objects = [at for at, each in enumerate(args) if isinstance(each, Mapping)]
    if objects and len(args) > 1:
        at = objects[1] if objects[:1] == [0] and len(objects) > 1 else objects[0] or 1
        raise InvalidParamError(f"{where}[{at}]", "is one too many: an object is given alone", hint=f"{ONE_OBJECT}")
    if objects or not args or args == [False]:
        return
    if len(args) != PAGE_VALUES:
        raise InvalidParamError(
            where,
            f"has {len(args)} values",
            hint=f"{ONE_OBJECT}; the page's own three are whether it is on and its form's two texts",
        )
