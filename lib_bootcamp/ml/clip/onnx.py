"""CLIP's image tower in ONNX Runtime: single precision, or 8-bit weights at some cost in accuracy.

The exported file lies in a cache under a name made of the weights, so that it is made once for each model.
"""

from __future__ import annotations

import hashlib
import inspect
import os
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from lib_bootcamp.errors import MissingPackageError, ModelError, OutputError, first_line
from lib_bootcamp.ml.runtime.quiet import quiet_log

from .pictures import Preprocessing

FORMAT = 1
"""Raised when what is exported changes, so that older files are not read."""
OPSET = 17


class OnnxTower:
    """The exported tower: prepared pictures to features, each call on one core; safe from several threads.

    Args:
        path: the .onnx file.
    """

    def __init__(self, path: Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def __call__(self, prepared: torch.Tensor) -> torch.Tensor:
        """Features, not yet of unit length.

        Args:
            prepared: uint8 [N, 3, height, width].
        Returns:
            float32 [N, D].
        """
        return torch.from_numpy(np.asarray(self._session.run(None, {"pictures": prepared.numpy()})[0]))


def is_installed() -> bool:
    """Whether the packages for the export are here."""
    from importlib.util import find_spec

    return all(find_spec(name) is not None for name in ("onnxruntime", "onnx"))


def cached(module: Any, folder: Path, *, int8: bool = False) -> Path:
    """Where the export of these weights is or will be; reads all of them once."""
    digest = hashlib.sha256(f"{FORMAT} {OPSET} {type(module.visual).__name__}".encode())
    for name, value in module.visual.state_dict().items():
        digest.update(f"{name} {tuple(value.shape)} {value.dtype}".encode())
        digest.update(value.detach().cpu().reshape(-1).view(torch.uint8).numpy())
    return folder / f"{digest.hexdigest()[:32]}{'-int8' if int8 else ''}.onnx"


def exported(module: Any, preprocessing: Preprocessing, folder: Path, *, int8: bool = False) -> Path:
    """Export the image tower, where that has not been done before.

    Args:
        module: open_clip's, in single precision on the processor.
        preprocessing: its own; the normalization becomes part of the file.
        folder: the cache.
        int8: weights of matrix products in 8 bits.

    Returns:
        the .onnx file: `pictures` uint8 [N, 3, height, width] to `features` float32 [N, D].
    Raises:
        MissingPackageError: onnx or onnxruntime is not installed.
        ModelError: the tower has layers that cannot be exported.
        OutputError: the cache cannot be written.
    """
    if not is_installed():
        raise MissingPackageError("onnxruntime onnx", "The ONNX backend")
    path = cached(module, folder, int8=int8)
    if path.is_file():
        return path
    if int8:
        whole = exported(module, preprocessing, folder)
        _written(path, lambda target: _quantize(whole, target))
    else:
        _written(path, lambda target: _export(module, preprocessing, target))
    return path


def _written(path: Path, write: Callable[[Path], None]) -> None:
    """Have a file written whole or not at all."""
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".export", suffix=".onnx", dir=path.parent)
        os.close(handle)
        temporary = Path(name)
        write(temporary)
        temporary.replace(path)
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror or error}.") from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


class _Normalized(nn.Module):  # type: ignore[misc]
    def __init__(self, tower: nn.Module, preprocessing: Preprocessing) -> None:
        super().__init__()
        self.tower = tower
        self.register_buffer("mean", torch.tensor(preprocessing.mean).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(preprocessing.std).view(1, 3, 1, 1))

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.tower((pictures.float() / 255 - self.mean) / self.std)
        return found


def _export(module: Any, preprocessing: Preprocessing, target: Path) -> None:
    example = torch.zeros((2, 3, *preprocessing.size), dtype=torch.uint8)
    # The exporter that reads a traced graph needs no further package; newer torch has another as its default.
    more = {"dynamo": False} if "dynamo" in inspect.signature(torch.onnx.export).parameters else {}
    switch: Any = getattr(torch.backends, "mha", None)  # torch 2.1 has none
    fast = switch is not None and switch.get_fastpath_enabled()
    if fast:
        switch.set_fastpath_enabled(False)  # one fused operator, which ONNX does not have
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            torch.onnx.export(
                _Normalized(module.visual, preprocessing).eval(),
                (example,),
                str(target),
                input_names=["pictures"],
                output_names=["features"],
                dynamic_axes={"pictures": {0: "n"}, "features": {0: "n"}},
                opset_version=OPSET,
                **more,
            )
    except (RuntimeError, ValueError, TypeError, NotImplementedError) as error:
        raise ModelError(
            f"The model's image tower cannot be exported to ONNX ({first_line(error, 200)})",
            hint="use the backend torch.",
        ) from error
    finally:
        if fast:
            switch.set_fastpath_enabled(True)


def _quantize(source: Path, target: Path) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    # Unsigned weights: without VNNI two signed products overflow 16 bits, which costs far more than the 8 bits do.
    # Source: onnxruntime.ai, "Quantize ONNX models", When to use reduce-range.
    with quiet_log():
        quantize_dynamic(
            source, target, op_types_to_quantize=["MatMul", "Gemm"], weight_type=QuantType.QUInt8, per_channel=True
        )
