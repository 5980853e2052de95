"""Pictures that a job is given beside its folder, as its journal keeps them: every value of every pixel."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import numpy as np

from lib_bootcamp.params import Params


def packed(params: Params) -> dict[str, bytes]:
    """The pictures among a job's parameters, by name."""
    pictures = {each.name: getattr(params, each.name) for each in params.fields() if each.kind == "image"}
    return {name: _packed(picture) for name, picture in pictures.items() if picture is not None}


def _packed(picture: Any) -> bytes:
    data = io.BytesIO()
    np.savez_compressed(data, picture=picture)
    return data.getvalue()


def unpacked(kept: Mapping[str, bytes]) -> dict[str, Any]:
    """The pictures again."""
    return {name: np.load(io.BytesIO(data), allow_pickle=False)["picture"] for name, data in kept.items()}
