"""Detectors as one kind of thing: loaded from their files, lent by the model cache, a picture in and a map out."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from lib_bootcamp.core.controlnet.detector_options import Options, needed
from lib_bootcamp.core.controlnet.detectors import DETECTORS, Detector, Name, Weights
from lib_bootcamp.core.images.arrays import Image
from lib_bootcamp.errors import MissingPackageError, OutOfMemoryError
from lib_bootcamp.ml.runtime.quiet import quiet_output
from lib_bootcamp.ports import Host, Progress

from .base import Detected, Loaded
from .files import folders, provide


@dataclass
class Ready:
    """A detector on its device, as the model cache keeps it."""

    name: str
    detector: Detector
    loaded: Loaded
    device: str
    dtype: str
    files: dict[Weights, Path] = field(default_factory=dict)

    @property
    def bytes(self) -> int:
        """Of its weights."""
        parts = (each for module in self.loaded.modules() for each in (*module.parameters(), *module.buffers()))
        return sum(each.numel() * each.element_size() for each in parts)

    def detect(self, image: Image, options: Options) -> Detected:
        """Make the map, in the device's precision where the detector can.

        Raises:
            OutOfMemoryError: one picture does not fit.
        """
        half = self.dtype == "float16" and self.detector.half and self.device.startswith("cuda")
        try:
            with torch.no_grad(), torch.autocast("cuda", torch.float16, enabled=half), quiet_output():
                return self.loaded.detect(image, options)
        except torch.cuda.OutOfMemoryError as error:
            raise OutOfMemoryError(self.detector.title) from error


@contextlib.contextmanager
def lent(options: Options, host: Host, progress: Progress) -> Iterator[Ready]:
    """Lend a detector for the length of a block; its files are fetched first where they are missing.

    Raises:
        ModelError: as `provide` and `load_weights`.
        MissingPackageError: the package that it runs through is not installed.
        CancelledError: the person stopped the fetching.
    """
    name = options.detector
    detector = DETECTORS[name]
    device = "cpu" if detector.through in ("onnx", "mediapipe") else host.device()
    build = _builder(name, detector)
    files = provide(needed(options), folders(host), progress)
    key = f"detector {name} {device} {'+'.join(sorted(str(path) for path in files.values()))}"

    def load() -> Ready:
        with quiet_output():
            made = build(files)
        made.to(device)
        return Ready(name, detector, made, device, host.dtype(), files)

    with host.model_cache.borrow(key, load) as ready:
        yield ready


def _builder(name: Name, detector: Detector) -> Any:
    try:
        if detector.through == "transformers":
            from .hub import BUILDERS as builders
        elif detector.through == "onnx":
            from .dwpose import BUILDERS as builders
        else:
            from .aux_networks import BUILDERS as builders
        made = builders[name]
        if detector.through == "mediapipe":
            from .aux_networks import check_mediapipe

            check_mediapipe()
    except ImportError as error:
        raise MissingPackageError(_PACKAGES.get(str(error.name), str(error.name)), detector.title) from error
    return made


_PACKAGES = {
    "controlnet_aux": "controlnet-aux==0.0.10 --no-deps",
    "skimage": "scikit-image",
    "cv2": "opencv-contrib-python-headless",
}
