"""Make `import torchvision` work beside a torch it was not built for.

torchvision from PyPI is built for CUDA. Beside a CPU-only torch its compiled operators cannot load, and its own import
then ends with "operator torchvision::nms does not exist"; open_clip, transformers and diffusers import it. They need
its transforms only, so that defining the schemas of the operators it registers shapes for is enough.
Source: torchvision/_meta_registrations.py, torchvision/extension.py.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import sys
import threading
from pathlib import Path
from typing import Any

SCHEMAS = {
    "nms": "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms": "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
}
_lock = threading.Lock()
_kept: list[Any] = []  # a library's definitions go when it does


def import_torchvision() -> None:
    """Import torchvision, with schemas of its operators defined first where its compiled ones do not load.

    Raises:
        ImportError: torchvision is not installed.
    """
    with _lock:  # an operator has one schema: two models that load side by side would both define it
        if "torchvision" not in sys.modules and not _operators_load():
            import torch

            # another program may bring the same remedy: a namespace has one "DEF" only, an operator one schema
            library = torch.library.Library("torchvision", "FRAGMENT")
            for name, schema in SCHEMAS.items():
                if not hasattr(torch.ops.torchvision, name):
                    library.define(name + schema)
            _kept.append(library)
        import torchvision  # noqa: F401


def _operators_load() -> bool:
    """Try the compiled operators, and leave them loaded: torchvision finds them there."""
    import torch

    if hasattr(torch.ops.torchvision, "nms"):
        return True
    found = importlib.util.find_spec("torchvision")
    if found is None or found.origin is None:
        return True  # the import reports its absence
    for suffix in importlib.machinery.EXTENSION_SUFFIXES:
        library = Path(found.origin).parent / f"_C{suffix}"
        if library.exists():
            try:
                torch.ops.load_library(str(library))
            except OSError:
                return False
            return hasattr(torch.ops.torchvision, "nms")
    return False
