"""What a surface is given for a picture's field, as the array that the field is declared as."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lib_bootcamp.core.images.codec import decode_quickly, read_base64, read_image
from lib_bootcamp.core.images.depth import decode_depth, read_depth
from lib_bootcamp.params import Param


def picture_of(param: Param, given: Path | str | bytes) -> Any:
    """Read a picture or a depth map.

    Args:
        param: the field, of the kind `image`.
        given: a file, base64 or a data URI, or a file's bytes.
    Returns:
        uint8 [H, W, 3] RGB; of a depth map with more bits float32 [H, W].
    Raises:
        ImageError, TooLargeError: it cannot be read; a file is named.
    """
    if isinstance(given, Path):
        return read_depth(given) if param.is_depth else read_image(given)
    data = read_base64(given) if isinstance(given, str) else given
    return decode_depth(data) if param.is_depth else decode_quickly(data)
