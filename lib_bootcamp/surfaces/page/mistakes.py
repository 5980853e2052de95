"""What a page's client sends and Gradio cannot take: one sentence and a status of the caller's, not a crash.

Gradio looks up and converts what a request says without asking what it is, and answers whatever goes wrong with 500.
"""

from __future__ import annotations

import contextlib
import copy
import errno
import inspect
import logging
from collections.abc import Callable, Iterator
from typing import Any, cast

import httpx
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lib_bootcamp.errors import BootcampError, UnexpectedError
from lib_bootcamp.surfaces.http.access import refuse
from lib_bootcamp.surfaces.http.work import note_error, noted_error
from lib_bootcamp.surfaces.shared.described import PREFIX

from .upload_folder import public_text

logger = logging.getLogger(__name__)
_RELOAD = "reload the page and try again"
_OF_THE_CALLER = (ValueError, TypeError, AttributeError, AssertionError, IsADirectoryError, httpx.InvalidURL)
"""What Gradio's routes raise where a request holds other things than they expect; a file named `..` is a folder."""


class UnknownPartError(BootcampError):
    """A request names a function or a component that the page does not have."""

    status = 404

    def __init__(self) -> None:
        super().__init__("The request names a function or a part that this page does not have", hint=_RELOAD)


class WrongRequestError(BootcampError):
    """A request is not what the route takes."""

    status = 400

    def __init__(self) -> None:
        super().__init__("The request is not one that this page can answer", hint=_RELOAD)


class WrongValuesError(BootcampError, ValueError):
    """A function's values are too few, too many, or of other types than its components give."""

    status = 422

    def __init__(self) -> None:
        super().__init__("The values are not what this part of the page sends", hint=_RELOAD)


@contextlib.contextmanager
def shown_errors(unknown: Callable[[], BootcampError]) -> Iterator[None]:
    """Raise whatever goes wrong inside as the error that Gradio shows to the page's client.

    Args:
        unknown: makes the mistake that an error without a sentence of ours is.
    Raises:
        gradio.Error: instead of any other.
    """
    import gradio as gr

    try:
        yield
    except Exception as error:
        mistake = error if isinstance(error, BootcampError) else unknown()
        note_error(mistake)
        if isinstance(error, gr.Error):
            raise
        raise page_error(mistake) from error


def page_error(mistake: BootcampError) -> Exception:
    """The error that has Gradio show a mistake's sentence.

    Args:
        mistake: what went wrong.
    Returns:
        a `gradio.Error` that reads as its sentence: Gradio 3 puts what it makes of it between quotation marks.
    """
    import gradio as gr

    class PageError(gr.Error):  # type: ignore[misc] # Gradio is not there for it
        def __str__(self) -> str:
            return str(self.message)

    return PageError(public_text(str(mistake)))


def show_mistakes(page: Any) -> None:
    """Have a page's functions raise errors that its client is shown, whichever route or queue they are called by.

    The methods are replaced on the instance: they are Gradio's of any version.

    Args:
        page: a `gradio.Blocks`.
    """
    page.preprocess_data = _shown(_with_memory(page), WrongValuesError)
    page.process_api = _shown(page.process_api, lambda: UnexpectedError("The page"))


def _with_memory(page: Any) -> Callable[..., Any]:
    """A page's `preprocess_data`; Gradio 3's gives a caller without a session None for each `gradio.State`."""
    prepare = page.preprocess_data
    if inspect.iscoroutinefunction(prepare):
        return cast("Callable[..., Any]", prepare)

    def prepared(number: int, inputs: list[Any], state: dict[int, Any]) -> Any:
        blocks = page.blocks.items() if not state else ()  # a session has each of them
        blank = {key: copy.deepcopy(each.value) for key, each in blocks if getattr(each, "stateful", False)}
        return prepare(number, inputs, state or blank)

    return prepared


def _shown(work: Callable[..., Any], unknown: Callable[[], BootcampError]) -> Callable[..., Any]:
    if not inspect.iscoroutinefunction(work):  # as Gradio 3 has `preprocess_data`
        return shown_errors(unknown)(work)

    async def shown(*args: Any, **more: Any) -> Any:
        with shown_errors(unknown):
            return await work(*args, **more)

    return shown


class AnswersMistakes:
    """An ASGI middleware around Gradio's app: what its routes raise is answered, and is one line in the log.

    Args:
        app: the one inside.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan" or scope["path"].startswith(f"{PREFIX}/"):
            await self._app(scope, receive, send)
            return
        held: list[Message] = []  # a server's error, which Starlette answers before it raises what it was
        started = False

        async def sent(message: Message) -> None:
            nonlocal started
            if held or message.get("status") == 500:
                held.append(message)
                return
            started = started or message["type"] != "websocket.accept"
            await send(message)

        try:
            await self._app(scope, receive, sent)
        except Exception as error:
            if started and scope["type"] == "http":
                raise
            mistake = _mistake(error)
            logger.warning("%s: %s", scope["path"], mistake, exc_info=error)
            with contextlib.suppress(RuntimeError):  # a websocket that is closed
                await refuse(mistake, scope, receive, send)
            return
        for message in held:
            # Gradio 3 says so of a name that it does not know: no function ran
            unknown = "status" in message and noted_error() is None
            await send({**message, "status": UnknownPartError.status} if unknown else message)


def _mistake(error: Exception) -> BootcampError:
    if isinstance(error, BootcampError):
        return error
    too_long = isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG  # no file of the page's is called so
    if too_long or isinstance(error, (LookupError, _not_found())):
        return UnknownPartError()
    return WrongRequestError() if isinstance(error, _OF_THE_CALLER) else UnexpectedError("The page")


def _not_found() -> type[Exception]:
    """What Gradio 4 and later raises for a function's name that there is none of."""
    import gradio

    return getattr(getattr(gradio, "route_utils", None), "FnIndexInferError", LookupError)
