"""One picture file of a data set: what it is, whether it can be used, how sharp it is and what it is like."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image as Pil
from PIL import ImageOps

from lib_bootcamp.core.files.inside import Inside, LeadsOutError
from lib_bootcamp.core.files.regular import read_regular
from lib_bootcamp.core.images import pixels
from lib_bootcamp.core.images.arrays import Image
from lib_bootcamp.core.images.codec import DECODER_ERRORS, MAX_BYTES, ORIENTATION, open_image
from lib_bootcamp.core.images.long_pictures import gif_frames
from lib_bootcamp.errors import ImageError, TooLargeError

from .duplicates import SHARPNESS_SIDE_PX, PictureHash, perceptual_hash, sharpness

_TURNED = (5, 6, 7, 8)
_LOSSY = {"JPEG", "MPO"}
_ANIMATED = {"GIF", "WEBP", "PNG", "AVIF"}
_DAMAGED = "The picture is damaged or cut off; save it again or give another one."


@dataclass(frozen=True, kw_only=True)
class Examined:
    """What a picture file is.

    Args:
        problem: why it cannot be used, in one sentence; empty where it can.
        format: as Pillow calls it.
        mode: as Pillow calls it.
        width: in px, as the picture is shown (EXIF's orientation applied).
        height: in px.
        bytes: of the file.
        has_alpha: whether there is an alpha channel or a transparent color.
        is_transparent: whether some pixel is not opaque.
        orientation: EXIF's, 1 where the pixels lie as they are shown.
        frames: of an animation; of a GIF they are counted up to 10,000.
        identity: what files with the same picture in them have in common: of JPEGs their bytes, else the pixels.
        hash: perceptual; None for a picture of one tone.
        sharpness: variance of the Laplacian.
    """

    problem: str = ""
    format: str = ""
    mode: str = ""
    width: int = 0
    height: int = 0
    bytes: int = 0
    has_alpha: bool = False
    is_transparent: bool = False
    orientation: int = 1
    frames: int = 1
    identity: str = ""
    hash: PictureHash | None = None
    sharpness: float = 0.0


def examine(path: Path, inside: Inside | None = None) -> Examined:
    """Read and decode one file; whatever is wrong with it is stated in the result.

    JPEGs are decoded at the scale that sharpness is measured at, brightness alone: every byte is read and checked, and
    most of the work of a full decoding is saved.
    """
    try:
        return _examined(read_picture(path, inside))
    except (ImageError, TooLargeError) as error:
        size = 0
        with contextlib.suppress(OSError):
            size = path.stat().st_size
        return Examined(problem=str(error), bytes=size)


def identity_of(data: bytes) -> str:
    """What `examine` gives as the identity of the picture in these bytes.

    Raises:
        ImageError, TooLargeError: it cannot be used.
    """
    return _examined(data).identity


def read_picture(path: Path, inside: Inside | None = None) -> bytes:
    """A picture file's bytes.

    Args:
        path: the file.
        inside: the folder that it has to lie in; None: it may lie anywhere.
    Raises:
        ImageError, TooLargeError: it cannot be read, or has more than 64 MiB.
    """
    try:
        data = read_regular(path, MAX_BYTES) if inside is None else inside.read(path, MAX_BYTES)
        if data is None:
            raise ImageError("The file is not there any more.")
        return data
    except LeadsOutError:
        raise ImageError("The file is outside the folder.") from None
    except OSError as error:
        raise ImageError(f"The file cannot be read: {error.strerror or error}.") from None
    except TooLargeError:
        raise TooLargeError(f"The file has more than {MAX_BYTES // 2**20} MiB.") from None


def _examined(data: bytes) -> Examined:
    picture = open_image(data)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _measured(data, picture)
    except ImageError:
        raise
    except DECODER_ERRORS:
        raise ImageError(_DAMAGED) from None


def _measured(data: bytes, picture: Pil.Image) -> Examined:
    kind, mode = picture.format or "", picture.mode
    frames = gif_frames(data) if kind == "GIF" else getattr(picture, "n_frames", 1) if kind in _ANIMATED else 1
    orientation = picture.getexif().get(ORIENTATION, 1)
    orientation = orientation if orientation in range(1, 9) else 1
    width, height = picture.size
    if kind in _LOSSY and mode in {"RGB", "L"}:
        picture.draft("L", _wanted(width, height))
    picture.load()
    is_turned = kind == "TIFF"  # Pillow does it while it loads
    if is_turned:
        width, height = picture.size
    has_alpha = pixels.has_alpha(picture)
    lowest = _lowest_alpha(picture) if has_alpha else 255
    gray = _gray(picture, has_alpha=has_alpha)
    if kind in _LOSSY:
        identity = hashlib.blake2b(data, digest_size=16).hexdigest()
    else:
        same = picture if pixels.is_numeric(picture) else picture.convert("RGBA" if has_alpha else "RGB")
        identity = hashlib.blake2b(same.tobytes(), digest_size=16, salt=b"%dx%d" % picture.size).hexdigest()
    if orientation != 1 and not is_turned:
        gray = pixels.upright(gray, orientation)
        if orientation in _TURNED:
            width, height = height, width
    return Examined(
        format=kind,
        mode=mode,
        width=width,
        height=height,
        bytes=len(data),
        has_alpha=has_alpha,
        is_transparent=lowest < 255,
        orientation=orientation,
        frames=int(frames),
        identity=identity,
        hash=perceptual_hash(gray),
        sharpness=sharpness(gray),
    )


def _wanted(width: int, height: int) -> tuple[int, int]:
    """The least size that a JPEG may be decoded at: that of `sharpness`."""
    scale = min(1.0, SHARPNESS_SIDE_PX / (width * height) ** 0.5)
    return max(1, int(width * scale)), max(1, int(height * scale))


def _lowest_alpha(picture: Pil.Image) -> int:
    return int(np.asarray(picture.convert("RGBA").getchannel("A")).min(initial=255))


def _gray(picture: Pil.Image, *, has_alpha: bool) -> Image:
    if pixels.is_numeric(picture):
        return pixels.gray(picture)
    if has_alpha or picture.mode == "LAB":
        picture = pixels.flatten(picture)
    return np.asarray(picture.convert("L"), np.uint8)


def thumbnail(path: Path, inside: Inside | None = None, *, side_px: int = 160, quality: int = 78) -> str | None:
    """A small JPEG of a picture file as a data URI, for a page of one file; arguments as `small_jpeg`."""
    made = small_jpeg(path, side_px, inside, quality=quality)
    return None if made is None else "data:image/jpeg;base64," + base64.b64encode(made).decode("ascii")


def small_jpeg(path: Path, side_px: int, inside: Inside | None = None, *, quality: int = 85) -> bytes | None:
    """A small JPEG of a picture file, upright and opaque; None where it cannot be made.

    Args:
        path: the picture file.
        side_px: of the longer side.
        inside: the folder that it has to lie in by now too; None: it may lie anywhere.
        quality: of the JPEG.
    """
    try:
        picture = open_image(read_picture(path, inside))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            picture.draft("RGB", (side_px * 2, side_px * 2))
            picture.load()
            if picture.format != "TIFF":  # which is turned while it is loaded
                picture = ImageOps.exif_transpose(picture) or picture
            picture = pixels.flatten(picture)
            picture.thumbnail((side_px, side_px))
            out = io.BytesIO()
            picture.save(out, "JPEG", quality=quality)
    except (ImageError, TooLargeError, *DECODER_ERRORS):
        return None
    return out.getvalue()
