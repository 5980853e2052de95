"""The picture that img2img draws over."""

from __future__ import annotations

from typing import Any

import numpy as np

from lib_bootcamp.core.images.pixels import WHITE, flatten
from lib_bootcamp.errors import InvalidParamError

from .plan import Plan
from .section import map_fields


def check_drawn_over(generation: Any) -> None:
    """Refuse an img2img without a picture, of which the WebUI would say `'NoneType' object has no attribute 'mode'`.

    Args:
        generation: the WebUI's generation object, or a request to its API; those of txt2img have no pictures.
    Raises:
        InvalidParamError: there is none.
    """
    pictures = getattr(generation, "init_images", None)
    if pictures is not None and (not pictures or any(each is None for each in pictures)):
        raise InvalidParamError("init_images", "holds no picture", hint="put one there, or use txt2img")


def with_source(plan: Plan, p: Any) -> dict[str, Any]:
    """The map's values. In img2img a map that needs a picture takes the one that is drawn over."""
    values = dict(plan.values)
    for param in map_fields(plan.operation):
        if param.kind == "image" and param.required and values.get(param.name) is None:
            given = next(iter(getattr(p, "init_images", None) or ()), None)
            if given is None:
                raise InvalidParamError(param.name, "is missing", hint=f"{plan.operation.title} is made from a picture")
            values[param.name] = np.asarray(flatten(given, WHITE), dtype=np.uint8)
    return values
