"""What puts a picture into a sentence: BLIP, the WebUI's own BLIP, and captioners that others add.

A further captioner is a function `(host, argument)` that gives a context manager of a `Captioner`. It joins by
`register_captioner("name", function)`, or from an installed package by an entry point of the group
`sd_webui_bootcamp.captioners`. A person asks for it by `name` or `name:argument`.

Importing this file does not import torch.
"""

from __future__ import annotations

import importlib.metadata
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol, TypeAlias

from lib_bootcamp.core.files.folders import is_folder
from lib_bootcamp.core.images.arrays import Image
from lib_bootcamp.errors import InvalidParamError, MissingPackageError, ModelError, first_line
from lib_bootcamp.ports import Host

GROUP = "sd_webui_bootcamp.captioners"
BLIP, WEBUI_BLIP, AUTO = "blip", "webui-blip", "auto"
DEFAULT_BLIP = "Salesforce/blip-image-captioning-large"
"""clip-interrogator's own default."""


class Captioner(Protocol):
    """Pictures to sentences; called while the host's queue is held (`ml.runtime.batches.in_batches`)."""

    @property
    def name(self) -> str:
        """The model, as a person knows it."""

    @property
    def at_once(self) -> int:
        """How many pictures one call should be given at most."""

    def caption(self, pictures: Sequence[Image]) -> list[str]:
        """A sentence for each picture.

        Args:
            pictures: each uint8 [H, W, 3] RGB or [H, W], of any size.
        """


Factory: TypeAlias = Callable[[Host, str], AbstractContextManager[Captioner]]
_registered: dict[str, Factory] = {}
_lock = threading.Lock()


def register_captioner(name: str, factory: Factory) -> None:
    """Add a captioner, or put another in the place of the one of this name.

    Args:
        name: lower-case words joined by hyphens.
        factory: from the host and what stood after the colon (empty where nothing did) to a context manager that
            lends the captioner, loaded on the host's device and best kept on `host.model_cache`.
    Raises:
        ValueError: the name is not of that form, or is `auto` or `none`.
    """
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name) or name in (AUTO, "none"):
        raise ValueError(f"{name!r} cannot be a captioner's name: use lower-case words joined by hyphens")
    with _lock:
        _registered[name] = factory


def known() -> tuple[str, ...]:
    """The names that can be asked for, without loading any of them."""
    with _lock:
        own = tuple(_registered)
    return (*own, *(each.name for each in _entry_points() if each.name not in own))


def is_public(name: str) -> bool:
    """Whether a caller over the network may ask for it: a name alone means no file and nobody else's model."""
    return name in (AUTO, "none") or name in known()


@contextmanager
def lend_captioner(host: Host, name: str) -> Iterator[Captioner]:
    """The captioner of this name for the length of a block.

    Args:
        host: whose model cache, device and own captioner are used.
        name: one of `known()`, alone or as `name:argument`; a folder or `owner/model` of the hub, which is a BLIP;
            or `auto`, see `automatic`.

    Raises:
        InvalidParamError: there is no captioner of this name.
        MissingPackageError: torch or transformers is not installed.
        ModelError: its model is not here and cannot be fetched, or cannot be used.
    """
    if name == AUTO:
        name = automatic(host) or BLIP
    word, _, argument = name.partition(":")
    factory = _found(word)
    if factory is None and ("/" in name or "\\" in name or is_folder(Path(name).expanduser())):
        factory, argument = _registered[BLIP], name
    if factory is None:
        raise InvalidParamError(
            "captioner",
            f"must be one of {', '.join((AUTO, *known()))}, a folder or a BLIP of the hub, not {name[:60]!r}",
        )
    with factory(host, argument) as captioner:
        yield captioner


def automatic(host: Host) -> str | None:
    """What `auto` means: the host's own captioner where its model is here, else the BLIP where that is here, else None.

    Nothing is fetched and nothing is loaded to find out.
    """
    own = host.captioner()
    if own is not None and own.is_here:
        return WEBUI_BLIP
    try:
        from .blip import is_here
    except ImportError:
        return None
    return BLIP if is_here(DEFAULT_BLIP) else None


def _entry_points() -> tuple[importlib.metadata.EntryPoint, ...]:
    return tuple(importlib.metadata.entry_points(group=GROUP))


def _found(name: str) -> Factory | None:
    with _lock:
        factory = _registered.get(name)
    if factory is not None:
        return factory
    for entry in _entry_points():
        if entry.name == name:
            try:
                loaded: Factory = entry.load()
            except Exception as error:
                raise ModelError(
                    f"The captioner {name} cannot be loaded ({first_line(error)}): fix or remove the package "
                    f"that brings it ({entry.value})."
                ) from error
            return loaded
    return None


@contextmanager
def _blip(host: Host, argument: str) -> Iterator[Captioner]:
    try:
        from .blip import load_blip
    except ImportError as error:
        raise MissingPackageError(error.name or "transformers", "Captions by BLIP") from error
    device, dtype, spec = host.device(), host.dtype(), argument or DEFAULT_BLIP
    with host.model_cache.borrow(f"blip {spec} {device} {dtype}", lambda: load_blip(spec, device, dtype)) as model:
        yield model


class _OfTheHost:
    """The host's own captioner."""

    name, at_once = WEBUI_BLIP, 1

    def __init__(self, caption: Callable[[Sequence[Image]], list[str]]) -> None:
        self.caption = caption


@contextmanager
def _webui_blip(host: Host, argument: str) -> Iterator[Captioner]:
    own = host.captioner()
    if own is None:
        raise ModelError(
            "There is no WebUI here to borrow a captioner from: choose blip, or give the caption yourself."
        )
    yield _OfTheHost(own.caption)


register_captioner(BLIP, _blip)
register_captioner(WEBUI_BLIP, _webui_blip)
