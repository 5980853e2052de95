"""Kinds of picture files that are not read here, or only with another package: known by their first bytes and names."""

from __future__ import annotations

import functools
from pathlib import Path

from PIL import Image as Pil

HEIC, AVIF = "HEIC", "AVIF"
_HEIC_BRANDS = {b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"hevm", b"hevs", b"mif1", b"msf1", b"mif2"}
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\xff\x0a", "JPEG XL"),
    (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
    (b"\x76\x2f\x31\x01", "OpenEXR"),
    (b"#?RADIANCE", "Radiance HDR"),
    (b"#?RGBE", "Radiance HDR"),
    (b"%PDF", "PDF"),
    (b"%!PS", "PostScript"),
    (b"\0\0\1\0", "icon"),
    (b"FUJIFILMCCD-RAW", "camera raw"),
    (b"II\x2a\0\x10\0\0\0CR", "camera raw"),
    (b"\x93NUMPY", "NumPy"),
    (b"version https://git-lfs.github.com/spec/", "git LFS pointer"),
)
HEIC_SUFFIXES = frozenset({".heic", ".heif", ".hif", ".heics", ".heifs"})
AVIF_SUFFIXES = frozenset({".avif", ".avifs"})
_BY_SUFFIX: dict[str, str] = {
    **dict.fromkeys(HEIC_SUFFIXES, HEIC),
    **dict.fromkeys(AVIF_SUFFIXES, AVIF),
    ".jxl": "JPEG XL",
    ".exr": "OpenEXR",
    ".hdr": "Radiance HDR",
    **dict.fromkeys((".cr2", ".cr3", ".nef", ".arw", ".dng", ".raf", ".orf", ".rw2"), "camera raw"),
}


def kind_of_bytes(data: bytes) -> str:
    """What a file is by its first bytes, of the kinds that are not read everywhere; empty for all others."""
    if data[4:8] == b"ftyp":
        # the major brand, then a version, then those that it is compatible with
        end = min(int.from_bytes(data[:4], "big"), 128, len(data))
        brands = [data[8:12], *(data[at : at + 4] for at in range(16, end - 3, 4))]
        if any(each in {b"avif", b"avis"} for each in brands):
            return AVIF
        if any(each in _HEIC_BRANDS for each in brands):
            return HEIC
        return "camera raw" if brands[0] == b"crx " else "video"
    return next((kind for magic, kind in _MAGIC if data.startswith(magic)), "")


def unread(kind: str) -> str:
    """The sentence about a kind that is not read here; empty where it is read."""
    if kind == "git LFS pointer":
        return "is the pointer that git LFS keeps in a picture's place; fetch the picture itself with `git lfs pull`"
    if not kind or (kind == HEIC and reads_heic()) or (kind == AVIF and reads_avif()):
        return ""
    article = "an" if kind[0] in "AOi" else "a"
    return f"is {article} {kind} file, which is not read here; save it as PNG, JPEG or WebP"


def left_out(path: Path) -> str:
    """Why a file in a folder is no picture here though it is one by its name; empty for all other files."""
    return unread(_BY_SUFFIX.get(path.suffix.lower(), ""))


@functools.cache
def reads_avif() -> bool:
    """Whether Pillow reads AVIF; the WebUI's does not."""
    from PIL import features

    Pil.init()
    return "AVIF" in Pil.OPEN and bool(features.check_module("avif") if "avif" in features.modules else True)


def reads_heic() -> bool:
    """Whether HEIC is read here: by pi-heif, which is imported when the first such file is met.

    It needs a newer Pillow than the WebUI's, so it is never installed there; another extension's reader is used. Its
    sibling pillow-heif carries an encoder under the GPL.
    """
    return "HEIF" in Pil.OPEN or _add_heic()


@functools.cache
def _add_heic() -> bool:
    try:
        import pi_heif
    except (ImportError, OSError, AttributeError):
        return False
    pi_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)
    return True
