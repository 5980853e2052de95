"""What an operation asks of its host's folders."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

ALLOWED_FOLDERS = "Folders that callers may use"
"""The title of the setting that a host with a settings page has for it."""


class FolderHost(Protocol):
    """The part of a host that knows where files lie, and who may name which."""

    def data_dir(self) -> Path:
        """A folder of this package's own for journals and caches; made on demand."""

    def model_folders(self) -> dict[str, tuple[Path, ...]]:
        """Where models lie, by kind (`checkpoint`, `vae`, `lora`, `embedding`, `controlnet`, `annotator`).

        The first folder of a kind is the one to put new files into; folders may not exist yet.
        """

    def allowed_folders(self) -> tuple[Path, ...]:
        """The folders that callers over the network may name; none, where the owner named none."""

    def how_to_allow(self) -> str:
        """How the owner allows callers a folder here, in words that go into a sentence."""
