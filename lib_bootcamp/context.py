"""What a run may use beside its parameters."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .core.files.folders import checked_folder
from .errors import InvalidParamError
from .ports import Host, Progress


@dataclass(frozen=True)
class JobMark:
    """The job that a run is part of.

    Args:
        number: of the job in the journal.
        unfinished: the numbers of all jobs that run, wait or can be resumed now.
    """

    number: int
    unfinished: Callable[[], Collection[int]]


@dataclass(frozen=True)
class Context:
    """What a run may use beside its parameters. The surface that runs it says who asks; there is no default.

    Args:
        host: the program around.
        progress: its display and its stop button.
        trusted: whether who asks may name this machine's files.
        viewer: gets each part of a result that grows, or look at it, as a `Result`, in the thread that works; None:
            nobody looks.
        job: the job that it is part of; None: it is none, or not in the journal yet.
    """

    host: Host
    progress: Progress
    trusted: bool
    viewer: Callable[[Any], None] | None = None
    job: JobMark | None = None

    @classmethod
    def of_terminal(cls, host: Host, progress: Progress) -> Context:
        """Of the command line: the machine's own person."""
        return cls(host, progress, trusted=True)

    @classmethod
    def of_page(cls, host: Host, progress: Progress) -> Context:
        """Of a visitor of the page, who is trusted where it is served to this machine alone."""
        return cls(host, progress, trusted=host.trusts_page())

    @classmethod
    def of_api(cls, host: Host, progress: Progress) -> Context:
        """Of a caller over the network."""
        return cls(host, progress, trusted=False)

    @classmethod
    def of_generation(cls, host: Host, progress: Progress) -> Context:
        """Of a WebUI's generation, which may have been asked for on its page or over its API."""
        return cls(host, progress, trusted=False)

    @classmethod
    def of_job(cls, host: Host, progress: Progress, *, trusted: bool, job: JobMark | None = None) -> Context:
        """Of a job: as trusted as who began it, whoever resumes it."""
        return cls(host, progress, trusted=trusted, job=job)

    def shown_by(self, progress: Progress) -> Context:
        """The same for a part of the work, with another display."""
        return replace(self, progress=progress)

    def watched_by(self, viewer: Callable[[Any], None] | None) -> Context:
        """The same for somebody who looks at the result while it grows, or for nobody."""
        return replace(self, viewer=viewer)

    def show(self, part: Any) -> None:
        """Hand on a part of a result that grows, or a look at it, where somebody looks."""
        if self.viewer is not None:
            self.viewer(part)

    def model(self, given: str, name: str, is_public: Callable[[str], bool], public: str) -> str:
        """The model that a parameter with the format `model` names: a file, a folder, or a name.

        Args:
            given: as it was given.
            name: of the parameter.
            is_public: whether a name can mean no file and nobody else's model.
            public: such names, for a person.
        Raises:
            InvalidParamError: the caller is not trusted, and it is no public name.
        """
        if self.trusted or is_public(given):
            return given
        raise InvalidParamError(
            name,
            f"must be {public} over the network and for visitors",
            hint="the owner may name files and other models",
        )

    def folder(self, given: str, name: str) -> Path:
        """The folder that a parameter with the format `folder` names.

        Raises:
            NotAllowedError: the caller is not trusted, and the owner did not allow it.
            InvalidParamError: there is no such folder.
        """
        return self._folder(given, name, missing=False)

    def output_folder(self, given: str, name: str) -> Path:
        """As `folder`, for one that is written into: it may not be there yet."""
        return self._folder(given, name, missing=True)

    def _folder(self, given: str, name: str, *, missing: bool) -> Path:
        if self.trusted:
            return checked_folder(given, name, missing=missing)
        return checked_folder(given, name, self.host.allowed_folders(), self.host.how_to_allow(), missing=missing)
