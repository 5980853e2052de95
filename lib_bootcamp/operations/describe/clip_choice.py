"""Which CLIP model an operation uses, and who may name which."""

from __future__ import annotations

import re
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, Protocol, TypeAlias

from lib_bootcamp.context import Context
from lib_bootcamp.core.files.folders import is_there
from lib_bootcamp.errors import MissingPackageError
from lib_bootcamp.params import Spec

if TYPE_CHECKING:
    from lib_bootcamp.ml.clip.classifier import Model

Backend: TypeAlias = Literal["auto", "torch", "onnx", "onnx-int8"]
ClipName = Annotated[
    str | None,
    Spec(
        "CLIP model",
        "mini (comes with the program), an open_clip name with its weights (ViT-B-32/laion2b_s34b_b79k), "
        "hf-hub:..., a folder or a .safetensors file. Empty: the one in the settings, else mini.",
        min_length=1,
        max_length=1000,
        example="mini",
        group="Model",
        format="model",
    ),
]
"""How operations declare the CLIP model they use."""


class Chosen(Protocol):
    """A declaration with a CLIP model in it."""

    @property
    def clip(self) -> str | None:
        """The model, or None for the one in the host's settings."""

    @property
    def backend(self) -> Backend:
        """What computes it on the processor."""


def lend_model(params: Chosen, context: Context) -> AbstractContextManager[Model]:
    """The CLIP model that is asked for, else the one in the host's settings, else mini.

    Raises:
        MissingPackageError: torch or open_clip is not installed.
        ModelError: there is no such model.
        InvalidParamError: who asks may not name it.
    """
    try:
        from lib_bootcamp.ml.clip.model import lend_clip
    except ImportError as error:
        raise MissingPackageError(error.name or "torch", "Classifying pictures") from error
    check_model_name(params, context)
    spec = params.clip or context.host.setting("bootcamp_clip", "") or "mini"
    return lend_clip(context.host, spec, backend=params.backend)


def check_model_name(params: Chosen, context: Context) -> None:
    """Whether who asks may name this model, before there is any work.

    Raises:
        InvalidParamError: it is a file, a folder or a stranger's model, and they are not trusted.
    """
    if params.clip:
        public = "mini, an open_clip name with its weights (ViT-B-32/openai) or left out,"
        context.model(params.clip, "clip", _is_public, public)


def _is_public(spec: str) -> bool:
    """Whether a name can only mean the model that comes along or one of open_clip's own list."""
    named = re.fullmatch(r"[A-Za-z0-9-]+[/:][a-z0-9_-]+", spec) is not None
    return spec == "mini" or (named and not is_there(Path(spec)))
