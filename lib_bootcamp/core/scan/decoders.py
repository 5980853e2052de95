"""The QR readers that may be installed, each behind the same small adapter.

No reader is a requirement beside zxing-cpp; whatever is there is used. Packages are imported on first use.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Iterable
from types import ModuleType
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from lib_bootcamp.core.images.arrays import Image

# Below this many pixels a side readers are outside what they were written for (OpenCV's has crashed on a picture
# of one row, opencv #13498), so smaller pictures are padded; the smallest code has 21 modules a side.
SMALLEST_SIDE = 32
PAYLOAD_LIMIT = 8896
_FAILURES = (ValueError, RuntimeError, TypeError, LookupError, ArithmeticError, OSError, MemoryError, SystemError)


class Decoder(Protocol):
    """One QR reader.

    Attributes:
        package: what is installed for it.
        module: what it imports.
        needs: of that module; empty: nothing in particular.
        smallest_side: in px; smaller pictures are padded to it first, slivers to half their length.
        largest_side: in px; larger pictures are reduced to it first.
        isolated: whether it can crash or hang, and so runs in a process of its own.
    """

    name: str
    package: str
    module: str
    needs: str
    smallest_side: int
    largest_side: int
    isolated: bool

    def available(self) -> bool:
        """Whether it can be used here; never raises."""

    def version(self) -> str:
        """The version of the library behind it; empty where it does not give one."""

    def decode(self, gray: Image) -> list[str]:
        """Read every QR code in a picture.

        Args:
            gray: uint8 [H, W], contiguous, each side from `smallest_side` to `largest_side`.
        Returns:
            The payloads, exactly as encoded.
        """


def decode_here(decoder: Decoder, gray: Image) -> tuple[str, ...]:
    """Read a picture of a fitting size in this process.

    Args:
        decoder: an available reader.
        gray: uint8 [H, W], contiguous.
    """
    failures: tuple[type[BaseException], ...] = (*_FAILURES, *_opencv_failures())
    try:
        texts = decoder.decode(gray)
    except failures:
        return ()
    return tuple(dict.fromkeys(text for text in texts if text and len(text) <= PAYLOAD_LIMIT))


def ground_of(gray: Image) -> int:
    """The usual brightness along a picture's border: dark around an inverted code."""
    return int(np.median(np.concatenate((gray[0], gray[-1], gray[:, 0], gray[:, -1]))))


def _opencv_failures() -> tuple[type[BaseException], ...]:
    module = _import("cv2")
    return (module.error,) if module is not None else ()


def _import(name: str) -> ModuleType | None:
    try:
        return importlib.import_module(name)
    except (ImportError, OSError, AttributeError, TypeError):
        return None


def _package_version(package: str) -> str:
    import importlib.metadata

    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _utf8(data: bytes) -> str | None:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None


class ZxingDecoder:
    """zxing-cpp restricted to QR codes, Micro QR and rMQR among them (ten times the speed of all formats).

    Text mode `Plain`: the default, `HRI`, writes control characters out (`<CR><LF>`), which breaks vCards.
    `formats` takes a `BarcodeFormat` from 2.2, where it is a flag, to 3.x, where it is converted to a list.
    """

    name = "zxing-cpp"
    package = "zxing-cpp"
    module, needs = "zxingcpp", ""
    smallest_side = 1
    largest_side = 32768
    isolated = False

    def available(self) -> bool:
        """Whether zxing-cpp is installed."""
        return _import(self.module) is not None

    def version(self) -> str:
        """The version of zxing-cpp."""
        return _package_version("zxing-cpp")

    def decode(self, gray: Image) -> list[str]:
        """Read every QR code in uint8 [H, W]."""
        return _texts(gray, self._barcodes(gray))

    def _barcodes(self, gray: Image, **more: Any) -> list[Any]:
        import zxingcpp

        formats = _zxing_formats(zxingcpp.BarcodeFormat)
        return list(zxingcpp.read_barcodes(gray, formats=formats, text_mode=zxingcpp.TextMode.Plain, **more))


class WatchingZxing(ZxingDecoder):
    """zxing-cpp that also notes whether it sees a code that it cannot read. One for each picture."""

    damaged = False

    def decode(self, gray: Image) -> list[str]:
        """Read every QR code in uint8 [H, W]."""
        try:
            found = self._barcodes(gray, return_errors=True)
        except TypeError:  # an older zxing-cpp does not know them
            return super().decode(gray)
        self.damaged = not all(each.valid for each in found)
        return _texts(gray, found)


def _zxing_formats(known: Any) -> Any:
    # From 3.0 `QRCode` is all kinds of it; before, Micro QR and rMQR (from 2.2) are named beside it.
    if hasattr(known, "QRCodeModel2"):
        return known.QRCode
    formats = known.QRCode
    for name in ("MicroQRCode", "RMQRCode"):
        formats = formats | getattr(known, name, formats)
    return formats


def _texts(gray: Image, found: Iterable[Any]) -> list[str]:
    return [_zxing_text(each) for each in found if each.valid and not _is_part_of_a_code(gray, each)]


# Where a Micro QR code's margin is looked at, in halves of its side from its edge outwards (it has two modules, and 11
# to 17 on a side); at how many places along each side; and which share of them in another brightness is no margin.
_MARGIN_AT, _PLACES, _LEAST_MIXED = (0.09, 0.14), 24, 0.2


def _is_part_of_a_code(gray: Image, barcode: Any) -> bool:
    """Whether a Micro QR code, which has one finder pattern and hardly a checksum, was seen amid a larger code.

    Along each side of a real one lies its margin, or one ground.
    """
    if not str(getattr(barcode.format, "name", barcode.format)).startswith("Micro"):
        return False
    names = ("top_left", "top_right", "bottom_right", "bottom_left")
    places = [getattr(barcode.position, each) for each in names]
    corners, last = np.array([[each.x, each.y] for each in places], float), np.array(gray.shape[::-1]) - 1
    left, top = np.clip(corners.min(0).astype(int), 0, last)
    right, bottom = np.clip(corners.max(0).astype(int), 0, last) + 1
    inside = gray[top:bottom, left:right]
    threshold = (float(inside.max()) + float(inside.min())) / 2
    margins = (_margin(gray, corners, side) for side in range(len(corners)))
    return any(_LEAST_MIXED < float((each > threshold).mean()) < 1 - _LEAST_MIXED for each in margins if each.size)


def _margin(gray: Image, corners: NDArray[np.float64], side: int) -> Image:
    """The brightness at some places beside a side of a code, as far as they are in the picture."""
    start, end = corners[side], corners[(side + 1) % len(corners)]
    along = start + (end - start) * np.linspace(0.05, 0.95, _PLACES)[:, None]
    outwards = (start + end) / 2 - corners.mean(0)
    places = np.concatenate([along + outwards * each for each in _MARGIN_AT])
    inside = ((places >= 0) & (places <= np.array(gray.shape[::-1]) - 1)).all(1)
    x, y = np.round(places[inside]).astype(int).T
    return np.asarray(gray[y, x], dtype=np.uint8)


def _zxing_text(barcode: Any) -> str:
    # ]Q2, ]Q4 and ]Q6 say that the code names its character set (ISO/IEC 15424); otherwise UTF-8 is what
    # everybody writes, and the library's guess is only better for what is not UTF-8.
    if getattr(barcode, "symbology_identifier", "]Q1") in {"]Q1", "]Q3", "]Q5"}:
        text = _utf8(bytes(barcode.bytes))
        if text is not None:
            return text
    return str(barcode.text)


class WechatDecoder:
    """OpenCV's WeChatQRCode without its models (they are Caffe models, which OpenCV 5 dropped).

    Only in builds with the contrib modules. At most 512 px, as its time grows with the square of what it takes
    for corners: 640 px of noise take four seconds, 256 px a quarter of one. A new reader is made for each
    picture: it keeps state and is not safe to share between threads, and making one costs nothing without models.
    """

    name = "wechat"
    package = "opencv-contrib-python-headless"
    module, needs = "cv2", "wechat_qrcode_WeChatQRCode"
    smallest_side = SMALLEST_SIDE
    largest_side = 512
    isolated = True

    def available(self) -> bool:
        """Whether the installed OpenCV has WeChatQRCode and makes it without models."""
        module = _import(self.module)
        if module is None or not hasattr(module, self.needs):
            return False
        try:
            module.wechat_qrcode_WeChatQRCode()
        except (*_FAILURES, module.error):
            return False
        return True

    def version(self) -> str:
        """The version of OpenCV."""
        return str(getattr(_import("cv2"), "__version__", ""))

    def decode(self, gray: Image) -> list[str]:
        """Read every QR code in uint8 [H, W]."""
        reader: Any = _import("cv2")
        return list(reader.wechat_qrcode_WeChatQRCode().detectAndDecode(gray)[0])


class OpencvDecoder:
    """OpenCV's own QRCodeDetector; the reading of one code, the reading of many can hang (opencv #26642)."""

    name = "opencv"
    package = "opencv-contrib-python-headless"
    module, needs = "cv2", "QRCodeDetector"
    smallest_side = SMALLEST_SIDE
    largest_side = 768
    isolated = True

    def available(self) -> bool:
        """Whether OpenCV is installed with its QR detector."""
        return hasattr(_import(self.module), self.needs)

    def version(self) -> str:
        """The version of OpenCV."""
        return str(getattr(_import("cv2"), "__version__", ""))

    def decode(self, gray: Image) -> list[str]:
        """Read one QR code in uint8 [H, W]."""
        import cv2

        return [cv2.QRCodeDetector().detectAndDecode(gray)[0]]


class PyzbarDecoder:
    """ZBar through pyzbar; needs the system's libzbar on Linux and macOS."""

    name = "pyzbar"
    package = "pyzbar"
    module, needs = "pyzbar", ""
    smallest_side = SMALLEST_SIDE
    largest_side = 8192
    isolated = False

    def available(self) -> bool:
        """Whether pyzbar and the library behind it are installed."""
        return _import("pyzbar.pyzbar") is not None

    def version(self) -> str:
        """The version of pyzbar."""
        return _package_version("pyzbar")

    def decode(self, gray: Image) -> list[str]:
        """Read every QR code in uint8 [H, W]."""
        from pyzbar import pyzbar

        return [_zbar_text(each.data) for each in pyzbar.decode(gray, symbols=[pyzbar.ZBarSymbol.QRCODE])]


def _zbar_text(data: bytes) -> str:
    """Undo ZBar's guess: short UTF-8 payloads are taken for Big5 or Shift JIS and re-encoded (mchehab/zbar #212)."""
    text = data.decode("utf-8", errors="replace")
    if text.isascii():
        return text
    for guess in ("big5", "shift_jis", "cp932"):
        try:
            return text.encode(guess).decode("utf-8")
        except UnicodeError:
            continue
    return text


class QuircDecoder:
    """quirc through pyquirc. The package called quirc is another one, for Python 2, and is not used."""

    name = "quirc"
    package = "pyquirc"
    module, needs = "quirc", ""
    smallest_side = SMALLEST_SIDE
    largest_side = 8192
    isolated = False

    def available(self) -> bool:
        """Whether pyquirc is installed."""
        return bool(_package_version("pyquirc")) and hasattr(_import("quirc"), "Decoder")

    def version(self) -> str:
        """The version of pyquirc."""
        return _package_version("pyquirc")

    def decode(self, gray: Image) -> list[str]:
        """Read every QR code in uint8 [H, W]."""
        import quirc

        found, texts = quirc.Decoder(gray), []
        for index in range(len(found)):
            try:
                item = found[index]
            except RuntimeError:
                continue
            data = item[1] if isinstance(item, tuple) else item
            texts.append(_utf8(bytes(data.payload)) or "")
        return texts


DECODERS: tuple[Decoder, ...] = (
    ZxingDecoder(),
    WechatDecoder(),
    OpencvDecoder(),
    PyzbarDecoder(),
    QuircDecoder(),
)


_USUAL = ("zxing-cpp", "wechat")


def installed(names: Iterable[str] = ()) -> tuple[Decoder, ...]:
    """The readers that can be used here.

    Args:
        names: only these; empty means all.
    """
    wanted = set(names)
    return tuple(each for each in DECODERS if (not wanted or each.name in wanted) and each.available())


def without_package() -> dict[str, str]:
    """The readers whose package is not here, with its name; nothing is imported, so that it costs a start nothing."""
    return {each.name: each.package for each in DECODERS if not _has_package(each)}


def _has_package(decoder: Decoder) -> bool:
    loaded = sys.modules.get(decoder.module)
    if loaded is not None:
        return not decoder.needs or hasattr(loaded, decoder.needs)
    try:
        return importlib.util.find_spec(decoder.module) is not None
    except (ImportError, ValueError):
        return False


def usual() -> tuple[Decoder, ...]:
    """What phones read with, zxing-cpp and WeChat, as far as they are installed; whatever is where neither is."""
    found = installed()
    return tuple(each for each in found if each.name in _USUAL) or found
