"""The LoRA and embedding files of a folder, found by the name that a prompt gives; none is read outside of it."""

from __future__ import annotations

import contextlib
import difflib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lib_bootcamp.core.files.inside import Inside
from lib_bootcamp.core.files.places import Place
from lib_bootcamp.core.files.regular import READ, checked
from lib_bootcamp.core.files.walk import Walk
from lib_bootcamp.core.models.headers import MAX_HEADER_BYTES, MAX_HEADER_VALUES
from lib_bootcamp.errors import BootcampError, InvalidParamError, ModelError
from lib_bootcamp.params import has_too_many_values

SAFETENSORS = ".safetensors"
PICKLES = frozenset({".pt", ".ckpt", ".bin", ".pth"})
_MAX_FILES = 20_000


class LoraFolder:
    """A folder of LoRA or embedding files, folders inside of it too.

    Args:
        root: the folder.
        exact: take no link on the way to `root` either: it is a path that was resolved, and checked, before.
    """

    def __init__(self, root: Path, *, exact: bool = False) -> None:
        self.root, self.inside = root, Inside(root, exact=exact)

    def files(self) -> Iterator[Path]:
        """The safetensors files and the pickles in it, sorted folder by folder; hidden ones and links out are not."""
        for at, path in enumerate(Walk(self.root, follow_out=False).files()):
            if at >= _MAX_FILES:
                return
            if path.suffix.lower() in {SAFETENSORS, *PICKLES}:
                yield path

    def named(self) -> tuple[dict[str, Path], set[str]]:
        """The safetensors files by their names, and the names of pickles; of files of one name the first.

        A name whose bytes are no text is left out: no prompt can give it.
        """
        named: dict[str, Path] = {}
        pickles: set[str] = set()
        for path in self.files():
            if not _is_text(path.stem):
                continue
            if path.suffix.lower() == SAFETENSORS:
                named.setdefault(path.stem, path)
            else:
                pickles.add(path.stem)
        return named, pickles

    def find(self, name: str, param: str) -> Path:
        """The file that a prompt means: the one that is called so, else the one that states so (`ss_output_name`).

        Args:
            name: exact in its letters; without the ending.
            param: the parameter that names it, for mistakes.
        Raises:
            InvalidParamError: no file has the name, or only a pickle.
        """
        named, pickles = self.named()
        if name in named:
            return named[name]
        if name in pickles:
            raise InvalidParamError(
                param, f"names the LoRA {name[:100]}, whose file may hold a program: only .safetensors files are read"
            )
        stated = self._stated(named)
        if name in stated:
            return stated[name]
        near = difflib.get_close_matches(name[:100], {**named, **stated}, 3, 0.4) or sorted(named)[:6]
        hint = f"there is {', '.join(near)}" if near else "there is none in this folder"
        raise InvalidParamError(param, f"names the LoRA {name[:100]!r}, which is not in the folder", hint=hint)

    def metadata(self, path: Path) -> dict[str, Any]:
        """What a file states of itself; nothing where that cannot be read."""
        with (
            contextlib.suppress(OSError, ValueError, BootcampError, RecursionError),
            self.inside.place(path) as place,
        ):
            return _metadata(place)
        return {}

    def read(self, path: Path, limit: int) -> bytes:
        """The whole of a file that was found.

        Args:
            path: of `find` or `files`.
            limit: bytes at most.
        Raises:
            ModelError: it is gone.
            LeadsOutError, OutputError, TooLargeError: as `Inside.read`.
        """
        data = self.inside.read(path, limit)
        if data is None:
            raise ModelError(f"{path.name} is gone", place=path)
        return data

    def _stated(self, named: dict[str, Path]) -> dict[str, Path]:
        """The files by the name that their own metadata give them."""
        found: dict[str, Path] = {}
        for path in named.values():
            stated = self.metadata(path).get("ss_output_name")
            if isinstance(stated, str) and stated:
                found.setdefault(stated, path)
        return found


def _is_text(name: str) -> bool:
    """Whether a file's name is text: those of other bytes have lone surrogates in their place."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _metadata(place: Place) -> dict[str, Any]:
    """The metadata of a file's header.

    Raises:
        OSError, ValueError, RecursionError: it has none that can be read.
    """
    with checked(place.open(READ), place.path) as file:
        length = int.from_bytes(file.read(8) or b"", "little")
        if length > min(MAX_HEADER_BYTES, os.fstat(file.fileno()).st_size):
            return {}
        text = file.read(length).decode("utf-8")
        header = {} if has_too_many_values(text, MAX_HEADER_VALUES) else json.loads(text)
    found = header.get("__metadata__") if isinstance(header, dict) else None
    return found if isinstance(found, dict) else {}
