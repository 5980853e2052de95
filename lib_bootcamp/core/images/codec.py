"""Pictures in and out: hostile bytes to checked arrays, arrays to files that are never half written."""

from __future__ import annotations

import base64
import binascii
import contextlib
import io
import struct
import warnings
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import unquote

import numpy as np
from PIL import Image as Pil

from lib_bootcamp.core.files.atomic import write_atomically
from lib_bootcamp.core.files.regular import read_regular
from lib_bootcamp.errors import ImageError, OutputError, TooLargeError

from .arrays import MAX_PIXELS, Image, over_limit
from .crowded import refuse_crowded
from .kinds import HEIC, HEIC_SUFFIXES, kind_of_bytes, left_out, unread
from .pixels import Color, flatten, upright
from .png import encode_png

MAX_BYTES = 64 * 1024 * 1024
ORIENTATION = 0x0112
"""EXIF's tag."""
_URL_SAFE = str.maketrans("-_", "+/")
_DAMAGED = "The picture is damaged or cut off; save it again or give another one."
# What Pillow's decoders raise on damaged or hostile files, beside its own errors (all of them OSErrors).
DECODER_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    AttributeError,
    EOFError,
    MemoryError,
    RuntimeError,
    struct.error,
    zlib.error,
)
# Every bitmap that Pillow decodes from a header that states its size. Left out are what runs programs or draws vectors
# (EPS, WMF), icons, whose pictures inside have sizes of their own, and what it only recognizes (HDF5, MPEG).
FORMATS = (
    "PNG",
    "JPEG",
    "WEBP",
    "BMP",
    "GIF",
    "TIFF",
    "PPM",
    "TGA",
    "AVIF",
    "MPO",
    "JPEG2000",
    "PCX",
    "PSD",
    "DDS",
    "QOI",
    "SGI",
    "DIB",
)
SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".jfif", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm", ".tga", ".avif"}
)
"""What pictures are written as."""
READ_SUFFIXES = SUFFIXES | {
    *(".apng", ".jpe", ".pbm", ".pnm", ".pfm", ".jp2", ".j2k", ".j2c", ".jpc", ".jpf", ".jpx"),
    *(".pcx", ".psd", ".dds", ".qoi", ".sgi", ".dib", ".avifs"),
}
"""What pictures in a folder are known by, on every machine; see `is_picture`."""
_SIGNATURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a")
"""Of kinds that are read wherever Pillow is: one that cannot be opened is damaged."""
_NOT_READ_TIFF = (
    "The picture is a TIFF of a kind that is not read (several channels of decimal numbers, or a rare compression); "
    "save it with 8 or 16 bits a channel."
)


def is_picture(path: Path) -> bool:
    """Whether a file is by its name a picture that is read here; `left_out` says why others are not."""
    suffix = path.suffix.lower()
    return (suffix in READ_SUFFIXES or suffix in HEIC_SUFFIXES) and not left_out(path)


def _open(data: bytes) -> Pil.Image:
    Pil.init()
    head = data[:256].lstrip().lower()
    if head.startswith((b"<svg", b"<?xml", b"<!doctype", b"<html")):
        raise ImageError("The picture is an SVG, XML or HTML file", hint="give a bitmap such as PNG or JPEG.")
    kind = kind_of_bytes(data)
    if problem := unread(kind):
        raise ImageError(f"The picture {problem}.")
    formats = ["HEIF"] if kind == HEIC else [each for each in FORMATS if each in Pil.OPEN]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return Pil.open(io.BytesIO(data), formats=formats)
    except Pil.DecompressionBombError:
        raise TooLargeError(f"The picture has more than {MAX_PIXELS // 1_000_000} megapixels.") from None
    except DECODER_ERRORS:
        if kind or data.startswith(_SIGNATURES):
            raise ImageError(_DAMAGED) from None
        if data[:4] in {b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"}:
            raise ImageError(_NOT_READ_TIFF) from None
        raise ImageError("The picture cannot be read", hint="give a PNG, JPEG, WebP, BMP, GIF or TIFF file.") from None


def open_image(data: bytes) -> Pil.Image:
    """Check bytes that nobody has checked as far as the file's header goes, without decoding the picture.

    Returns:
        the Pillow image, not loaded yet.
    Raises:
        ImageError: not a picture, or of a kind that is not read (SVG, PDF, ...).
        TooLargeError: more than 64 MiB of bytes, 67 megapixels or 32768 pixels on a side.
    """
    if not data:
        raise ImageError("The picture is empty.")
    if len(data) > MAX_BYTES:
        raise TooLargeError(f"The picture has more than {MAX_BYTES // 2**20} MiB.")
    refuse_crowded(data)
    picture = _open(data)
    width, height = picture.size
    if limit := over_limit(width, height):
        raise TooLargeError(f"The picture has {width} x {height} pixels", hint=limit)
    return picture


def decode_image(data: bytes, *, background: Color | None = None) -> Image:
    """Read a picture from bytes that nobody has checked.

    The EXIF orientation is applied, the first frame of an animation or page of a TIFF is taken, pictures of numbers
    (16 bits, integers, decimals) become 8 bits by the scale that they are on.

    Args:
        data: the file.
        background: what transparency is laid on; None: white, or black where all that is seen would be lost on white.
    Returns:
        uint8 [H, W, 3] RGB.
    Raises:
        ImageError: not a picture, cut off, of a kind that is not read (SVG, PDF, ...), or of numbers of which nobody
            knows which is white.
        TooLargeError: as `open_image`; checked before anything is decoded.
    """
    picture, orientation = load_image(data)
    with _decoding():
        return np.ascontiguousarray(upright(np.asarray(flatten(picture, background), dtype=np.uint8), orientation))


def load_image(data: bytes) -> tuple[Pil.Image, int]:
    """As `open_image`, with its pixels read, and EXIF's orientation that is still to be applied (1: none).

    Raises:
        ImageError, TooLargeError: as `decode_image`.
    """
    picture = open_image(data)
    with _decoding():
        picture.load()
        # Pillow turns TIFFs by itself while it loads them; before 11 it left their tag as it was.
        orientation = 1 if picture.format == "TIFF" else picture.getexif().get(ORIENTATION, 1)
        return picture, orientation if orientation in range(1, 9) else 1


@contextlib.contextmanager
def _decoding() -> Iterator[None]:
    """Turns what decoders raise on damaged files into one sentence."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except ImageError:
        raise
    except DECODER_ERRORS:
        raise ImageError(_DAMAGED) from None


def decode_quickly(data: bytes) -> Image:
    """As `decode_image`; ordinary JPEGs by libjpeg-turbo directly, where simplejpeg is installed."""
    if data[:3] == b"\xff\xd8\xff":
        try:
            import simplejpeg
        except ImportError:
            return decode_image(data)
        head = open_image(data)  # refuses what is too large before anything is decoded
        if head.mode in ("RGB", "L"):
            try:
                turned = head.getexif().get(ORIENTATION, 1)
                return np.ascontiguousarray(upright(simplejpeg.decode_jpeg(data, "RGB"), turned))
            except (ValueError, SyntaxError, OSError, TypeError, LookupError):
                pass  # damaged in some way: Pillow decides whether it can be read
    return decode_image(data)


def decode_base64(text: str) -> Image:
    """Read a picture from base64 or a `data:` URI, as the WebUI's API takes it.

    Returns:
        uint8 [H, W, 3] RGB.
    Raises:
        ImageError, TooLargeError: as `decode_image`.
    """
    return decode_image(read_base64(text))


def read_base64(text: str) -> bytes:
    """Read the bytes of a picture file from base64 or a `data:` URI.

    Raises:
        ImageError: it is none.
        TooLargeError: more than 64 MiB.
    """
    if text[:5].lower() == "data:":
        head, _, text = text.partition(",")
        if head.rpartition(";")[2].strip().lower() != "base64":
            raise ImageError("The picture's data URI must be base64.")
        # what a URI may write as %2B or %3D
        text = unquote(text) if "%" in text else text
    if len(text) > MAX_BYTES * 4 // 3 + 4:
        raise TooLargeError(f"The picture has more than {MAX_BYTES // 2**20} MiB.")
    try:
        # RFC 4648, 5: the alphabet for URLs; the padding says nothing that the length does not
        plain = "".join(text.split()).translate(_URL_SAFE).rstrip("=")
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise ImageError("The picture is not base64", hint="give base64, a data URI or an upload.") from None


def read_file(path: Path) -> bytes:
    """Read a picture file's bytes as they are.

    Raises:
        ImageError: it cannot be read, or is no regular file.
        TooLargeError: it has more than 64 MiB.
    """
    try:
        return read_regular(path, MAX_BYTES)
    except OSError as error:
        raise ImageError(f"{path} cannot be read: {error.strerror or error}.") from None


def read_image(path: Path) -> Image:
    """Read a picture file.

    Returns:
        uint8 [H, W, 3] RGB.
    Raises:
        ImageError, TooLargeError: as `decode_image`, with the file's name.
    """
    data = read_file(path)
    try:
        return decode_quickly(data)
    except (ImageError, TooLargeError) as error:
        raise type(error)(f"{path}: {error.message}", hint=error.hint) from None


def read_png_text(path: Path) -> dict[str, str]:
    """The text chunks of a PNG file; empty for any other or unreadable file."""
    try:
        data = read_regular(path, MAX_BYTES)
        refuse_crowded(data)
        with Pil.open(io.BytesIO(data), formats=["PNG"]) as picture:
            return {str(key): value for key, value in picture.info.items() if isinstance(value, str)}
    except (OSError, ValueError, SyntaxError):  # TooLargeError is one
        return {}


def encode_base64(image: Image) -> str:
    """Write a picture as PNG in base64, without a `data:` prefix."""
    return base64.b64encode(encode_png(image)).decode("ascii")


def encode_image(image: Image, suffix: str, text: Mapping[str, str] | None = None) -> bytes:
    """Write a picture in the format of a file name's ending; text chunks are kept in PNG only.

    Raises:
        OutputError: no format has this ending.
    """
    if suffix.lower() == ".png":
        return encode_png(image, text)
    kind = Pil.registered_extensions().get(suffix.lower())
    if suffix.lower() not in SUFFIXES or kind is None:
        raise OutputError(f"No picture format ends in {suffix or 'nothing'}", hint="use .png, .jpg or .webp.")
    out = io.BytesIO()
    Pil.fromarray(np.ascontiguousarray(image)).save(out, kind, **({"quality": 95} if kind in {"JPEG", "WEBP"} else {}))
    return out.getvalue()


def write_image(path: Path, image: Image, text: Mapping[str, str] | None = None) -> None:
    """Write a picture file whole or not at all, in the format its name ends in.

    Raises:
        OutputError: unknown ending, or the file cannot be written.
    """
    write_atomically(path, encode_image(image, path.suffix, text))
