"""Tracebacks as one line in the terminal of whoever started the server; BOOTCAMP_TRACEBACK=1 leaves them whole.

For a process that is ours alone: a WebUI's log is its own.
"""

from __future__ import annotations

import logging
import os
import sys
import traceback
from typing import Any

from lib_bootcamp.core.text.terminal import on_one_line
from lib_bootcamp.errors import first_line

PAGE_LOG = logging.getLogger("gradio")
_MORE = "BOOTCAMP_TRACEBACK=1 shows where"


def tracebacks_on_one_line() -> None:
    """Write what went wrong in a request, which log it goes to and how Gradio prints it, as one line from now on."""
    if os.environ.get("BOOTCAMP_TRACEBACK"):
        return
    make = logging.getLogRecordFactory()
    if not isinstance(make, _OneLine):
        logging.setLogRecordFactory(_OneLine(make))
    for name, module in list(sys.modules.items()):
        if name.split(".")[0] == "gradio" and vars(module).get("traceback") is traceback:
            vars(module)["traceback"] = _Printed()


class _OneLine:
    """Makes log records whose traceback is a reason in brackets."""

    def __init__(self, make: Any) -> None:
        self._make = make

    def __call__(self, *args: Any, **more: Any) -> logging.LogRecord:
        """As `logging.LogRecord`."""
        record: logging.LogRecord = self._make(*args, **more)
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            record.msg = on_one_line(f"{record.getMessage().strip()} ({_reason(error)}; {_MORE})")
            record.args, record.exc_info = (), None
        return record


class _Printed:
    """Stands for the module `traceback` in Gradio's, which print what they cannot answer without any log."""

    def __getattr__(self, name: str) -> Any:
        return getattr(traceback, name)

    def print_exc(self, *args: Any, **more: Any) -> None:
        """As `traceback.print_exc`, as one line."""
        del args, more
        PAGE_LOG.error("The page could not answer", exc_info=True)


def _reason(error: BaseException) -> str:
    while error.__cause__ is not None:
        error = error.__cause__
    return f"{type(error).__name__}: {first_line(error)}"
