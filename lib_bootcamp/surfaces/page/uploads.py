"""Files that a page's caller names: only what was uploaded through the page, whatever Gradio itself checks.

Gradio's components take files as objects with a path, and some versions read that path without a question where the
page was not started by `launch`. So it is asked here, before a component reads its value, and by `upload_guard` before
Gradio sees the request (standalone).
"""

from __future__ import annotations

import functools
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from lib_bootcamp.core.files.folders import is_inside
from lib_bootcamp.errors import BootcampError

from .mistakes import WrongValuesError, shown_errors
from .upload_folder import upload_folder


class NotUploadedError(BootcampError):
    """A request names a file that did not come through the page."""

    status = 403

    def __init__(self) -> None:
        super().__init__("The request names a file that was not uploaded through this page", hint="upload it.")


def check_uploads(value: Any) -> None:
    """Look at every file that a component's value names, however deep it lies.

    Args:
        value: plain JSON, or Gradio's models of it.
    Raises:
        NotUploadedError: one was not uploaded.
    """
    folder = upload_folder()
    for named in _named_files(value):
        for key in ("path", "name"):
            path = named.get(key)
            if isinstance(path, str) and not _is_uploaded(path, folder):
                raise NotUploadedError
        url = named.get("url")
        if isinstance(url, str) and urlsplit(url).scheme not in {"", "data"} and "file=" not in urlsplit(url).path:
            raise NotUploadedError


def _is_uploaded(path: str, folder: Path) -> bool:
    """Whether it names a file in the folder of uploads, or nothing there; a folder or a pipe is no upload."""
    if "\0" in path or not (Path(path).is_absolute() and is_inside(Path(path), folder)):
        return False
    try:
        return stat.S_ISREG(Path(path).stat().st_mode)
    except FileNotFoundError:  # reported when it is opened
        return True
    except (OSError, ValueError):
        return False


def _named_files(value: Any) -> Iterator[dict[str, Any]]:
    """The objects that name a file: with a `path`, or as Gradio 3 has them with a `name` and `is_file`, or both."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        dump = getattr(each, "model_dump", None)
        each = dump() if callable(dump) else each
        if isinstance(each, dict):
            waiting += each.values()
            if isinstance(each.get("path"), str):
                yield {key: each.get(key) for key in ("path", "url")}
            if each.get("is_file"):
                yield {"name": each.get("name")}
        elif isinstance(each, (list, tuple)):
            waiting += each


def from_uploads(component: Any) -> Any:
    """A component that reads no file but what was uploaded.

    The method is replaced on the instance, because Gradio writes a file beside every subclass of a component.
    """
    read = component.preprocess

    @shown_errors(WrongValuesError)
    def preprocess(payload: Any) -> Any:
        check_uploads(payload)
        return read(payload)

    component.preprocess = preprocess
    return component


def without_addresses(component: Any) -> Any:
    """A component that fetches nothing: Gradio 4 asks any address that a request names, whatever takes it."""
    for name in ("move_resource_to_block_cache", "async_move_resource_to_block_cache"):
        move = getattr(component, name, None)
        if move is not None:
            setattr(component, name, functools.partial(_moved, move))
    return component


def _moved(move: Callable[[Any], Any], named: Any) -> Any:
    if str(named).lower().startswith(("http:", "https:")):
        raise NotUploadedError
    return move(named)
