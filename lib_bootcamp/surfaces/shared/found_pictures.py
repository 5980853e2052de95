"""The pictures in the files and folders that a person names on the command line or in the page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lib_bootcamp.core.datasets.folder import list_folder, no_pictures
from lib_bootcamp.core.files.folders import is_folder


def find_pictures(
    sources: Sequence[Path], left_out: dict[str, str], *, recursive: bool, follow_out: bool = True
) -> list[tuple[Path, Path]]:
    """Each picture with its path below the source it was found in; a file named by hand is always taken.

    Args:
        sources: files and folders.
        left_out: gets what was left out of the folders, with a sentence about each.
        recursive: whether folders inside folders are taken.
        follow_out: whether links may lead out of the folders.
    Raises:
        ImageError: there is none.
    """
    found: list[tuple[Path, Path]] = []
    left: dict[Path, str] = {}
    for source in sources:
        if not is_folder(source):
            found.append((source, Path(source.name)))
            continue
        listing = list_folder(source, recursive=recursive, follow_out=follow_out)
        found += [(path, path.relative_to(source)) for path in listing.pictures]
        left |= listing.left_out()
    left_out |= {str(path): why for path, why in left.items()}
    if not found:
        hint = "" if recursive else "; --recursive looks into folders inside"
        raise no_pictures(", ".join(map(str, sources)), left, hint)
    return found
