"""What a run is over: one item, the pictures that are named, or a batch; and where the file of each goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lib_bootcamp.core.files.atomic import check_writable, write_atomically
from lib_bootcamp.core.files.folders import distinct, is_folder, is_there
from lib_bootcamp.core.files.inside import Inside
from lib_bootcamp.core.images.codec import SUFFIXES
from lib_bootcamp.errors import OutputError, named_by
from lib_bootcamp.operation import Operation

ANOTHER = "give another name."


@dataclass(frozen=True)
class Item:
    """One run.

    Args:
        values: its raw values.
        source: the picture that it is made from.
        out: where its picture goes.
        inside: the folder of those of several runs.
        is_named: whether the person named the file, and not we.
    """

    values: Mapping[str, Any]
    source: Path | None
    out: Path | None
    inside: Inside | None = None
    is_named: bool = False

    def check_writable(self) -> None:
        """Find out whether it can be written, before what takes long.

        Raises:
            StorageError, OutputError: it cannot; `--out` is named.
        """
        if self.out is None:
            return
        with named_by("out"):
            if self.inside is not None:
                self.inside.check_writable(self.inside.root)
            else:
                check_writable(self.out)

    def write(self, path: Path, data: bytes) -> None:
        """Write a file of this run: of several, in their folder and never through a link that leads out of it."""
        with named_by("out"):
            if self.inside is not None:
                self.inside.write(path, data)
            else:
                write_atomically(path, data)


def one_item(operation: Operation[Any, Any], values: Mapping[str, Any], source: Path | None, given: str | None) -> Item:
    """A single run.

    Args:
        operation: what is run.
        values: its raw values.
        source: the picture.
        given: the text of `--out`.
    Raises:
        OutputError: nothing can be written there.
    """
    name = source.stem if source else operation.name
    if given is None:
        if operation.kind == "analysis":
            return Item(values, source, None)
        return Item(values, source, Path(f"{name}-{operation.name}.png" if source else f"{name}.png"), Inside(Path()))
    out, inside = Path(given), None
    if is_folder(out) or given.endswith(("/", "\\")):
        inside, out = Inside(out), out / f"{name}.png"
    refuse_other_endings("--out", out)
    if source is not None and is_there(out) and out.samefile(source):
        raise OutputError(f"--out {out} is the input itself", hint=ANOTHER)
    return Item(values, source, out, inside, is_named=True)


def refuse_other_endings(flag: str, out: Path) -> None:
    """Pictures are written under endings of picture formats only.

    Raises:
        OutputError: it is none.
    """
    if out.suffix.lower() not in SUFFIXES:
        raise OutputError(f"{flag} {out}: no picture format has this ending", hint="use .png, .jpg or .webp.")


def batch_items(operation: Operation[Any, Any], rows: Sequence[Mapping[str, Any]], given: str | None) -> list[Item]:
    """A run for each row of values; their files are numbered."""
    folder = out_folder(operation, given)
    width = max(4, len(str(len(rows))))
    names = [f"{operation.name}-{number:0{width}d}.png" for number in range(1, len(rows) + 1)]
    return _into(folder, [(row, None, Path(name)) for row, name in zip(rows, names, strict=True)])


def picture_items(
    operation: Operation[Any, Any],
    values: Mapping[str, Any],
    found: Sequence[tuple[Path, Path]],
    given: str | None,
) -> list[Item]:
    """A run for each picture; their files lie as the pictures do.

    Args:
        operation: what is run.
        values: its raw values.
        found: each picture, and its path below the source that it was found in.
        given: the text of `--out`.
    """
    folder = out_folder(operation, given, found)
    names = distinct(below.with_suffix(".png") for _, below in found)
    return _into(folder, [(values, path, name) for (path, _), name in zip(found, names, strict=True)])


def _into(folder: Path | None, runs: Sequence[tuple[Mapping[str, Any], Path | None, Path]]) -> list[Item]:
    inside = None if folder is None else Inside(folder)
    return [Item(values, source, None if folder is None else folder / name, inside) for values, source, name in runs]


def out_folder(
    operation: Operation[Any, Any], given: str | None, found: Sequence[tuple[Path, Path]] = ()
) -> Path | None:
    """The folder that several files are written into; None where none are.

    Raises:
        OutputError: it is no folder, or that of the inputs.
    """
    if given is None:
        return None if operation.kind == "analysis" else Path(f"{operation.name}-out")
    folder = Path(given)
    if folder.suffix.lower() in SUFFIXES or (is_there(folder) and not is_folder(folder)):
        raise OutputError(f"--out {folder} must be a folder, because several pictures are made.")
    if is_there(folder) and any(folder.samefile(path.parent) for path, _ in found):
        raise OutputError(f"--out {folder} is the folder of the inputs", hint="give another one.")
    return folder
