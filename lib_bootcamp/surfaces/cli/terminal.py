"""Standard streams of the command line: what is printed is shown as text, and never obeyed by the terminal."""

from __future__ import annotations

import codecs
import contextlib
import json
import sys
from collections.abc import Iterable, Iterator
from typing import Any, cast

from lib_bootcamp.core.text.terminal import shown

ESCAPED = "bootcamp-escaped"


def _escaped(error: UnicodeError) -> tuple[str, int]:
    """What an encoding lacks, as JSON escapes it."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return json.dumps(error.object[error.start : error.end])[1:-1], error.end


codecs.register_error(ESCAPED, _escaped)


class _Shown:
    """A text stream that writes `shown` texts; all else is the stream's own.

    What its encoding lacks (Japanese on a Windows pipe, the bytes of a name that are not UTF-8) is escaped as JSON does
    it, so that `--json` stays the same data.
    """

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write; returns the length of what was given."""
        encoding = getattr(self._stream, "encoding", None) or "utf-8"
        self._stream.write(shown(text).encode(encoding, ESCAPED).decode(encoding))
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
