"""Standard streams of the command line: what is printed is shown as text, and never obeyed by the terminal."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable, Iterator
from typing import Any, cast

from lib_bootcamp.core.text.terminal import shown


class _Shown:
    """A text stream that writes `shown` texts; all else is the stream's own."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write; returns the length of what was given."""
        self._stream.write(shown(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write each."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextlib.contextmanager
def plain_streams() -> Iterator[None]:
    """Standard output and standard error write `shown` texts meanwhile."""
    with (
        contextlib.redirect_stdout(cast("Any", _Shown(sys.stdout))),
        contextlib.redirect_stderr(cast("Any", _Shown(sys.stderr))),
    ):
        yield
