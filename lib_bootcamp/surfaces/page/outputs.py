"""The files of runs, while the page shows them."""

from __future__ import annotations

import itertools
import shutil
import tempfile
import threading
from pathlib import Path
from typing import Any

from lib_bootcamp.core.files.atomic import write_atomically
from lib_bootcamp.core.images.codec import write_image
from lib_bootcamp.operation import Operation
from lib_bootcamp.params import Params
from lib_bootcamp.results import Result

KEPT_RUNS = 100


class Outputs:
    """Where pictures lie while the page shows them; only the newest runs are kept."""

    def __init__(self) -> None:
        self._root = tempfile.TemporaryDirectory(prefix="bootcamp-")
        self._numbers = itertools.count()
        self._lock = threading.Lock()

    def new_folder(self) -> Path:
        """Where one run's files go; the oldest run's are gone after this."""
        number = next(self._numbers)
        folder = Path(self._root.name) / str(number)
        with self._lock:
            shutil.rmtree(folder.parent / str(number - KEPT_RUNS), ignore_errors=True)
        return folder

    def write(self, operation: Operation[Any, Any], params: Params, result: Result) -> dict[str, str]:
        """Write a result's pictures.

        Returns:
            the files' paths by field name.
        """
        folder = self.new_folder()
        written, text = {}, operation.made_text(params, result)
        for name, picture in result.pictures().items():
            stem = operation.name if name == "image" else f"{operation.name}-{name.replace('_', '-')}"
            path = folder / f"{stem}.png"
            write_image(path, picture, text)
            written[name] = str(path)
        for name, data in result.files().items():
            path = folder / f"{operation.name}{result.suffix()}"
            write_atomically(path, data)
            written[name] = str(path)
        return written
