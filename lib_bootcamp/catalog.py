"""The only list of operations. What `--help` lists is read from their files without importing what these stand on."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .operation import Operation


@dataclass(frozen=True)
class Entry:
    """Where an operation is declared.

    Args:
        module: its file, below `operations`.
        attribute: the `Operation` in it.
        job: the function, below `operations`, that adds the job which does it many times; empty: its file says it all.
        is_map: whether it makes a control map, so that a WebUI's start imports these alone.
    """

    module: str
    attribute: str
    job: str = ""
    is_map: bool = False

    @property
    def alone(self) -> Operation[Any, Any]:
        """The operation without the job that is added; its file is imported when it is first asked for."""
        made: Operation[Any, Any] = getattr(import_module(self._name), self.attribute)
        return made

    @cached_property
    def operation(self) -> Operation[Any, Any]:
        """The operation; its file and what that stands on are imported when it is first asked for."""
        if not self.job:
            return self.alone
        file, _, function = self.job.rpartition(".")
        made: Operation[Any, Any] = getattr(import_module(f"{__package__}.operations.{file}"), function)(self.alone)
        return made

    @property
    def words(self) -> tuple[str, ...]:
        """What is typed on the command line to run it."""
        return tuple((self._written.get("command") or self._written["name"]).split())

    @property
    def summary(self) -> str:
        """What it is for, in one sentence."""
        return self._written["summary"]

    @property
    def _name(self) -> str:
        return f"{__package__}.operations.{self.module}"

    @cached_property
    def _written(self) -> dict[str, str]:
        """The texts in the call that declares it, from its source: importing all of it takes a second."""
        spec = find_spec(self._name)
        source = getattr(spec.loader, "get_source", lambda _: None)(self._name) if spec else None
        if not source:  # a program without sources
            made = self.operation
            return {"name": made.name, "command": made.command, "summary": made.summary}
        for line in reversed(ast.parse(source).body):
            targets = line.targets if isinstance(line, ast.Assign) else [getattr(line, "target", None)]
            value = getattr(line, "value", None)
            if isinstance(value, ast.Call) and any(getattr(each, "id", "") == self.attribute for each in targets):
                given = {each.arg: each.value for each in value.keywords}
                names = given.keys() & {"name", "command", "summary"}
                return {str(name): ast.literal_eval(given[name]) for name in names}
        raise LookupError(f"{self._name} declares no {self.attribute}")


WITH_FOLDER = "maps.folder.with_folder"
ENTRIES = (
    Entry("qr.qr", "QR", is_map=True),
    Entry("maps.brightness", "BRIGHTNESS", job=WITH_FOLDER, is_map=True),
    Entry("maps.lighting", "LIGHTING", job=WITH_FOLDER, is_map=True),
    Entry("maps.recolor", "RECOLOR", job=WITH_FOLDER, is_map=True),
    Entry("maps.edges", "EDGES", job=WITH_FOLDER, is_map=True),
    Entry("maps.detect", "DETECT", job=WITH_FOLDER, is_map=True),
    Entry("maps.all_maps", "ALL_MAPS", job=WITH_FOLDER),
    Entry("controlnet.compatibility", "COMPATIBILITY"),
    Entry("qr.scan", "SCAN"),
    Entry("describe.classify", "CLASSIFY"),
    Entry("describe.interrogate", "INTERROGATE"),
    Entry("png_info.read", "PNG_INFO"),
    Entry("png_info.edit", "PNG_INFO_EDIT"),
    Entry("describe.caption", "CAPTION"),
    Entry("datasets.report", "DATASET_REPORT"),
    Entry("datasets.captions", "DATASET_CAPTIONS"),
    Entry("train.train", "TRAIN"),
    Entry("networks.compare", "COMPARE_LORAS"),
    Entry("networks.use", "USE_LORA"),
    Entry("networks.share", "SHARE_LORA"),
    Entry("draw.txt2img", "TXT2IMG", job="draw.series.with_series"),
    Entry("draw.qr_art", "QR_ART"),
)
OPERATIONS: tuple[Operation[Any, Any], ...]
"""All of them, in the order of the tabs; imported when they are first asked for."""


def __getattr__(name: str) -> Any:
    if name != "OPERATIONS":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = made = tuple(each.operation for each in ENTRIES)
    return made


def offered(host: str, operations: Iterable[Operation[Any, Any]] | None = None) -> tuple[Operation[Any, Any], ...]:
    """The operations that a host of this name offers, of all or of these."""
    known = (each.operation for each in ENTRIES) if operations is None else operations
    return tuple(each for each in known if not each.hosts or host in each.hosts)


def control_maps() -> tuple[Operation[Any, Any], ...]:
    """The operations that make a control map, for one picture at a time; no others and no jobs are imported."""
    return tuple(each.alone for each in ENTRIES if each.is_map)


def find(name: str) -> Operation[Any, Any]:
    """The operation of this name.

    Raises:
        KeyError: there is none.
    """
    return {each.operation.name: each.operation for each in ENTRIES}[name]


def names() -> tuple[str, ...]:
    """The operations' names, in the order of the tabs."""
    return tuple(each.operation.name for each in ENTRIES)
