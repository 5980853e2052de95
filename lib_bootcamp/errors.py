"""Errors whose text is one sentence for the person and whose status is an HTTP one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


class BootcampError(Exception):
    """A mistake the person can mend; `str(error)` is what they read.

    `status` is the HTTP status of the answer over the API, `exit_code` the one of the command line
    (2: a parameter is wrong, 3: a file cannot be read or written or something is missing).

    Args:
        message: what is wrong, without its remedy.
        param: the parameter that it is about, dotted inside lists and objects; empty where it is about none.
        hint: the remedy.
        place: a folder of this machine that the remedy names; only who sits at it reads where that is.
    """

    status = 400
    exit_code = 3

    def __init__(self, message: str = "", *, param: str = "", hint: str = "", place: Path | None = None) -> None:
        self.message, self.param, self.hint = _without_stop(message), param, _without_stop(hint)
        self.place = place
        super().__init__(self.sentence())

    def sentence(self, called: Callable[[str], str] = str) -> str:
        """All of it as one sentence.

        Args:
            called: what a surface calls a parameter: its flag, its label; str leaves its name.
        """
        sentence = self._about(called(self.param)) if self.param else self.message
        text = f"{sentence}; {self.hint}" if self.hint else sentence
        return text if text.endswith((".", "!", "?")) or not text else f"{text}."

    def _about(self, name: str) -> str:
        return f"{name}: {self.message}"


class InvalidParamError(BootcampError, ValueError):
    """A parameter is missing, unknown, of the wrong type or out of its bounds."""

    status = 422
    exit_code = 2

    def __init__(self, param: str, message: str, *, hint: str = "") -> None:
        super().__init__(message, param=param, hint=hint)

    @property
    def is_missing(self) -> bool:
        """Whether nothing is wrong but that it is not given, or not yet."""
        return self.message == "is missing"

    def _about(self, name: str) -> str:
        return f"{name} {self.message}"


class ImageError(BootcampError, ValueError):
    """Bytes that were given as a picture cannot be used as one."""

    status = 422


class TooLargeError(BootcampError, ValueError):
    """The input is larger than the program accepts."""

    status = 413


class MissingPackageError(BootcampError):
    """A feature waits for a package that is not installed."""

    status = 501

    def __init__(self, package: str, feature: str) -> None:
        super().__init__(f"{feature} needs the package {package}: install it with `pip install {package}`.")


class ModelError(BootcampError):
    """The host has no checkpoint, or one that cannot be used for this."""

    status = 409


class NoNumbersError(ModelError):
    """A model computed what is no number (NaN, infinite).

    Args:
        what: what makes none.
        dtype: that it was computed in, as torch or numpy names it.
        hint: the remedy where that has 16 bits; in 32 it is no matter of precision.
        otherwise: the remedy there.
    """

    def __init__(self, what: str, dtype: object, *, hint: str, otherwise: str = "choose another one") -> None:
        kind = str(dtype).removeprefix("torch.")
        super().__init__(f"{what} makes no numbers (NaN) in {kind}", hint=hint if "16" in kind else otherwise)


class OutOfMemoryError(BootcampError, RuntimeError):
    """One item alone, or a step, does not fit into the device's memory.

    Args:
        title: of what needs it.
        problem: what does not fit.
        hint: the remedy.
    """

    status = 507

    def __init__(
        self,
        title: str,
        problem: str = "there is not enough memory on the device for one item alone",
        *,
        hint: str = "choose a smaller model, or free memory (unload the checkpoint) and try again.",
    ) -> None:
        super().__init__(f"{title}: {problem}", hint=hint)


class NotAllowedError(BootcampError):
    """A caller over the network names a folder that the owner of this machine did not allow."""

    status = 403


class OutputError(BootcampError, OSError):
    """A result cannot be written where it was asked for."""

    status = 500


class StorageError(OutputError):
    """The disk takes nothing more: it is full, at its quota, read-only or broken. What comes next would fail too."""

    status = 507


class OutputPlaceError(OutputError):
    """As `OutputError`, where a parameter says where: who gave it can give another place."""

    status = 422


class HubError(BootcampError):
    """The hub of models cannot be reached, or refuses what it is asked."""

    status = 502


class QueueFullError(BootcampError):
    """As much work waits already as may; `retry_after_s` is when to ask again."""

    status = 503

    def __init__(self, retry_after_s: int, what: str = "The queue") -> None:
        self.retry_after_s = retry_after_s
        super().__init__(f"{what} is full", hint=f"try again in {retry_after_s} seconds.")


class StoppingError(BootcampError):
    """The program ends, and what it worked on with it."""

    status = 503

    def __init__(self) -> None:
        super().__init__("The server is stopping", hint="ask again when it runs.")


class CancelledError(BootcampError):
    """The person stopped the work; what was finished before is kept."""

    status = 409
    exit_code = 130

    def __init__(self, done: int = 0) -> None:
        super().__init__(f"Stopped after {done} finished.")


class UnexpectedError(BootcampError):
    """A mistake of the program's own; what it is stands in the log.

    Args:
        what: what failed.
        hint: where to look for it.
    """

    status = 500
    exit_code = 70  # EX_SOFTWARE of BSD's sysexits

    def __init__(self, what: str = "The program", hint: str = "the log has the details") -> None:
        super().__init__(f"{what} failed unexpectedly", hint=hint)


@contextmanager
def named_by(param: str) -> Iterator[None]:
    """What cannot be written inside of the block is where this parameter says: its mistake names it.

    Raises:
        OutputPlaceError, StorageError: as they came, with the parameter.
    """
    try:
        yield
    except OutputError as error:
        if error.param:
            raise
        hint = error.hint or "give another place"
        kind = StorageError if isinstance(error, StorageError) else OutputPlaceError
        raise kind(error.message, param=param, hint=hint) from None


def _without_stop(text: str) -> str:
    return text if text.endswith("...") else text.removesuffix(".")


def first_line(error: BaseException, limit: int = 300) -> str:
    """The first line of a library's error without its full stop, to be put into a sentence of ours.

    Of what the system refused its reason alone: which file of this machine it was is nobody's business.
    """
    if isinstance(error, OSError) and error.strerror and isinstance(error.strerror, str):
        return error.strerror.rstrip(".")[:limit]
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")[:limit]
