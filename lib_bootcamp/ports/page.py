"""What an operation asks of the program around it: who it is, its settings, and who sees its page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeVar

from .models import KeptModel

T = TypeVar("T")


@dataclass(frozen=True)
class HostInfo:
    """What `GET /info` and `info` report of the host."""

    name: str
    version: str
    device: str
    checkpoint: str | None
    packages: dict[str, str]
    models: tuple[KeptModel, ...] = ()


class PageHost(Protocol):
    """The part of a host that has a page and settings."""

    name: str

    def info(self) -> HostInfo:
        """Describe the host; never loads a model."""

    def trusts_page(self) -> bool:
        """Whether visitors of the page may name any folder of this machine: it is served to this machine alone."""

    def setting(self, name: str, default: T) -> T:
        """A value of the host's settings page, or `default` where the host has none of that name."""
