"""The words an interrogation chooses from: clip-interrogator's own lists, or a folder of a person's text files.

Source: clip_interrogator/data and `Interrogator.load_clip_model` of clip-interrogator 0.6.0 (MIT). The package is
never imported here, which would take seconds: its files are read where it lies.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass, fields
from pathlib import Path

from lib_bootcamp.core.files.regular import read_regular
from lib_bootcamp.errors import BootcampError, MissingPackageError, TooLargeError

PACKAGE = "clip_interrogator"
FILES = ("artists", "flavors", "mediums", "movements", "negative", "trendings")
SITES = (
    *("Artstation", "behance", "cg society", "cgsociety", "deviantart", "dribble", "flickr", "instagram", "pexels"),
    *("pinterest", "pixabay", "pixiv", "polycount", "reddit", "shutterstock", "tumblr", "unsplash", "zbrush central"),
)
MAX_FILE_BYTES, MAX_LABELS, MAX_LABEL_CHARACTERS = 32 * 2**20, 500_000, 500


class LabelTableError(BootcampError, ValueError):
    """A person's own list cannot be used."""

    status = 422


@dataclass(frozen=True, kw_only=True)
class LabelTables:
    """Labels by what they say, in the order of their files; an empty table takes no part.

    Args:
        artists: `by ...` and `inspired by ...`.
        flavors: everything else that prompts are seasoned with.
        mediums: what a picture is.
        movements: of art.
        trendings: of websites.
        negative: what negative prompts begin with.
    """

    artists: tuple[str, ...] = ()
    flavors: tuple[str, ...] = ()
    mediums: tuple[str, ...] = ()
    movements: tuple[str, ...] = ()
    trendings: tuple[str, ...] = ()
    negative: tuple[str, ...] = ()

    def named(self) -> dict[str, tuple[str, ...]]:
        """The tables by name, in the order in which clip-interrogator joins them."""
        return {each.name: getattr(self, each.name) for each in fields(self)}


def package_tables() -> LabelTables:
    """The lists of the installed clip-interrogator, to the letter: one of them has an empty line, which stays.

    Raises:
        MissingPackageError: it is not installed, or without its lists.
    """
    spec = importlib.util.find_spec(PACKAGE)
    for place in (spec.submodule_search_locations if spec else None) or ():
        folder = Path(place) / "data"
        if (folder / "flavors.txt").is_file():
            read = {name: _package_lines(folder / f"{name}.txt") for name in FILES[:5]}
            return _tables(read)
    raise MissingPackageError("clip-interrogator==0.6.0", "Interrogating without tables of your own")


def folder_tables(folder: Path, *, links: bool = True) -> LabelTables:
    """A person's own lists: artists.txt, flavors.txt, mediums.txt, movements.txt, trendings.txt, negative.txt.

    Each is a label a line, UTF-8; empty lines and repeated labels are passed over. Files may be missing; without
    trendings.txt there are those of clip-interrogator.

    Args:
        folder: where they lie.
        links: whether a file may be a link to somewhere else.
    Raises:
        LabelTableError: there is no such folder, none of the files is in it, or one is too large, no UTF-8, has a label
            that is too long, or cannot be read.
    """
    found = {name: folder / f"{name}.txt" for name in FILES if (folder / f"{name}.txt").is_file()}
    if not links:
        real = folder.resolve()
        found = {name: path for name, path in found.items() if path.resolve().parent == real}
    if not found:
        names = ", ".join(f"{name}.txt" for name in FILES)
        raise LabelTableError(
            f"tables: {folder} has none of {names}", hint="put a label a line into at least one of them."
        )
    return _tables({name: _own_lines(path) for name, path in found.items()})


def trending_labels(sites: tuple[str, ...] = SITES) -> tuple[str, ...]:
    """What clip-interrogator says of each site."""
    patterns = ("{}", "trending on {}", "featured on {}", "{} contest winner")
    return tuple(pattern.format(site) for pattern in patterns for site in sites)


def _tables(read: dict[str, tuple[str, ...]]) -> LabelTables:
    artists = read.pop("artists", ())
    by = tuple(f"{how} {artist}" for how in ("by", "inspired by") for artist in artists)
    return LabelTables(artists=by, trendings=read.pop("trendings", trending_labels()), **read)


def _package_lines(path: Path) -> tuple[str, ...]:
    with path.open(encoding="utf-8", errors="replace") as file:
        return tuple(line.strip() for line in file)


def _own_lines(path: Path) -> tuple[str, ...]:
    try:
        text = read_regular(path, MAX_FILE_BYTES).decode("utf-8-sig")
    except TooLargeError:
        raise LabelTableError(
            f"tables: {path} has more than {MAX_FILE_BYTES // 2**20} MiB", hint="shorten it."
        ) from None
    except UnicodeDecodeError:
        raise LabelTableError(f"tables: {path} is not UTF-8", hint="save it as UTF-8.") from None
    except OSError as error:
        raise LabelTableError(f"tables: {path} cannot be read: {error.strerror or error}.") from None
    lines = tuple(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))
    if len(lines) > MAX_LABELS:
        raise LabelTableError(f"tables: {path} has {len(lines)} labels", hint=f"at most {MAX_LABELS} are allowed.")
    long = next((line for line in lines if len(line) > MAX_LABEL_CHARACTERS), None)
    if long is not None:
        raise LabelTableError(
            f"tables: {path} has a label of {len(long)} characters ({long[:40]!r}...)",
            hint=f"at most {MAX_LABEL_CHARACTERS} are allowed.",
        )
    return lines
