"""A machine with a secret folder, a host that trusts nobody, and an ear on the interpreter's own file events."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lib_bootcamp.params import Param
from tests.fake_clip import RED, flat_png
from tests.fakes import FakeHost

_heard: list[tuple[str, list[str]]] = []


def _listen(event: str, arguments: tuple[Any, ...]) -> None:
    if _heard and event.split(".")[0] in {"open", "os", "shutil", "sqlite3", "pathlib", "glob"}:
        secret, touched = _heard[-1]
        if any(isinstance(each, (str, bytes, Path)) and secret in str(each) for each in arguments):
            touched.append(f"{event} {arguments[0]}")


sys.addaudithook(_listen)  # for good: Python takes none off


def asked_for(name: object) -> None:
    """A model is about to be loaded: called by what takes the loader's place."""
    if _heard and _heard[-1][0] in str(name):
        _heard[-1][1].append(f"model {name}")


@contextmanager
def touching(folder: Path) -> Iterator[list[str]]:
    """What opens, lists, makes or removes something in a folder within the block."""
    touched: list[str] = []
    _heard.append((str(folder), touched))
    try:
        yield touched
    finally:
        _heard.pop()


@dataclass(frozen=True)
class Machine:
    """Two folders, both with pictures, tables, labels and a model: callers may name `open`, and not `secret`."""

    root: Path

    @classmethod
    def made(cls, root: Path) -> Machine:
        """Write the folders."""
        for name in ("open", "secret"):
            folder = root / name
            folder.mkdir(parents=True)
            (folder / "a.png").write_bytes(flat_png(RED))
            (folder / "a.txt").write_text("red", encoding="utf-8")
            for table in ("artists", "flavors", "mediums", "movements", "trendings", "negative"):
                (folder / f"{table}.txt").write_text("red\nblue\n", encoding="utf-8")
            (folder / "open_clip_config.json").write_text("{}", encoding="utf-8")
            (folder / "model.safetensors").write_bytes(b"")
        return cls(root)

    @property
    def open(self) -> Path:
        """The folder that the owner allowed."""
        return self.root / "open"

    @property
    def secret(self) -> Path:
        """The folder that nobody may name."""
        return self.root / "secret"

    def host(self, *, trusts_page: bool = False) -> FakeHost:
        """A host on this machine."""
        return FakeHost(data_dir=self.root / "data", trusts_page=trusts_page, allowed=(self.open,))

    def spellings(self, param: Param) -> list[str]:
        """The ways that a text parameter could name the secret folder or a file in it."""
        folder, file = str(self.secret), str(self.secret / "model.safetensors")
        if param.spec.format == "folder":
            return [folder, str(self.open / ".." / "secret")]
        if param.spec.format == "model":
            return [folder, file, f"ViT-B-32:{file}", f"blip:{folder}", str(self.open / ".." / "secret")]
        return [str(self.secret / "artists.txt"), f"@{self.secret / 'artists.txt'}"]


def is_text(param: Param) -> bool:
    """Whether a person types it: a text, or a list of texts."""
    return (param.kind == "string" and not param.choices) or (
        param.kind == "list" and param.item is not None and param.item.kind == "string"
    )


def conditions(param: Param, params: dict[str, Param]) -> dict[str, Any]:
    """Values of other parameters under which this one is looked at."""
    found: dict[str, Any] = {}
    for name, values in param.spec.when.items():
        if name in params:
            found |= conditions(params[name], params) | {name: values[0]}
    return found
