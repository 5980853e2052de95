"""What the WebUI's page says of the declarations from its start on, kept from start to start.

Reading them all takes a tenth of a second, and a page needs little: the XYZ plot's list of axes and the choices of two
settings. So that is kept in a file, which counts as long as no file of this package has changed.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lib_bootcamp.errors import BootcampError
from lib_bootcamp.surfaces.webui.settings import ScanChoices, scan_choices
from lib_bootcamp.surfaces.webui.xyz import Axis, axes

FILE = "webui-start.json"
PACKAGE = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class AtStart:
    """What a page begins with."""

    axes: tuple[Axis, ...]
    scan: ScanChoices


@functools.lru_cache(maxsize=1)
def known_at_start(folder: Path) -> AtStart:
    """What the file in a folder keeps, or, where the package is another, what the declarations say now."""
    file, stamp = folder / FILE, stamp_of(PACKAGE)
    try:
        return _read(json.loads(file.read_bytes()), stamp)
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        pass
    made = AtStart(tuple(axes()), scan_choices())
    _keep(file, {"stamp": stamp, **asdict(made)})
    return made


def _read(kept: Any, stamp: str) -> AtStart:
    if kept["stamp"] != stamp:
        raise ValueError(stamp)
    scan = kept["scan"]
    return AtStart(
        tuple(Axis(str(each["label"]), str(each["kind"]), _choices(each["choices"])) for each in kept["axes"]),
        ScanChoices(_texts(scan["depths"]), str(scan["help"]), _texts(scan["readers"])),
    )


def _choices(kept: Any) -> list[str] | None:
    return None if kept is None else _texts(kept)


def _texts(kept: Any) -> list[str]:
    if not isinstance(kept, list):
        raise TypeError(kept)
    return [str(each) for each in kept]


def _keep(file: Path, kept: Any) -> None:
    from lib_bootcamp.core.files.atomic import write_atomically

    try:
        write_atomically(file, json.dumps(kept).encode())
    except BootcampError:
        return  # a folder that cannot be written: each start reads the declarations


def stamp_of(package: Path) -> str:
    """Another text whenever a Python file below has come, gone or changed; as Python looks at its compiled files."""
    found = hashlib.blake2b(digest_size=16)
    for folder, inside, files in os.walk(package):
        inside.sort()
        for name in sorted(files):
            if name.endswith(".py"):
                facts = Path(folder, name).stat()
                found.update(f"{folder}/{name} {facts.st_mtime_ns} {facts.st_size}\n".encode())
    return found.hexdigest()
