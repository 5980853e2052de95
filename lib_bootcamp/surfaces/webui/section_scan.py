"""Scanning the finished pictures of one generation: their infotext, which are written, when enough are drawn."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from PIL import Image as Pil

from lib_bootcamp.context import Context
from lib_bootcamp.core.images.arrays import Image
from lib_bootcamp.core.qr.layout import QrLayout
from lib_bootcamp.core.qr_art.touch_up import least_touch, touched_by
from lib_bootcamp.core.scan import decoders as scan_decoders
from lib_bootcamp.core.scan.decoders import Decoder
from lib_bootcamp.core.scan.ladder import LADDER, is_read
from lib_bootcamp.errors import BootcampError, InvalidParamError
from lib_bootcamp.operations.qr.scan import SCAN
from lib_bootcamp.ports import Host, SilentProgress

from .ports import WebUi
from .section import SectionParams

LOG = logging.getLogger(__name__)
NO_READER = "no reader"
NOT_DONE = "not done"
TOUCH_UP_S = 0.7
"""Seconds of the processor's after which the touch-up of a picture takes the best that it found."""


@dataclass
class Scans:
    """The scans of one generation's pictures, and the infotext's value of them.

    The WebUI calls it while it writes one picture's text. Not a list, because v1.10.1 indexes lists with the picture's
    place in its batch, whatever the batch.

    Args:
        expected: the text that the code must give.
        section: what to do about pictures that scan, and that do not.
        layout: of the code; None where it has none.
        graded: whether one that scans gets its full score, whatever the settings say.
        texts: for the infotext, by (batch, picture in it).
        passed: the pictures that do not scan are False here.
    """

    expected: str
    section: SectionParams
    layout: QrLayout | None
    graded: bool = False
    texts: dict[tuple[int, int], str] = field(default_factory=dict)
    passed: dict[tuple[int, int], bool] = field(default_factory=dict)

    def __call__(self, *, p: Any = None, index: int = 0, use_main_prompt: bool = False, **_: Any) -> str | None:
        """The text of one picture of the batch the WebUI is at, or of the grid of all."""
        return self.of_all() if use_main_prompt else self.texts.get((int(getattr(p, "iteration", 0)), index))

    def of_all(self) -> str | None:
        """What the grid's infotext says; None where there is no picture."""
        drawn = sorted(self.texts)
        read = [self.passed.get(key) and not self.texts[key].startswith(NOT_DONE) for key in drawn]
        return scan_of_grid([bool(each) for each in read]) if drawn else None

    @property
    def leaves_out_all(self) -> bool:
        """Whether no picture is to be written, so that a grid of them is not either."""
        return self.section.save_only_scanning and bool(self.passed) and not any(self.passed.values())

    def unsaved(self) -> str:
        """What is shown of pictures that were not written; empty where all were."""
        left_out = len([each for each in self.passed.values() if not each])
        if not self.section.save_only_scanning or not left_out:
            return ""
        what = "1 picture does" if left_out == 1 else f"{left_out} pictures do"
        return f"Bootcamp: {what} not scan and {'was' if left_out == 1 else 'were'} not saved."

    def listed(self, p: Any) -> list[str | None]:
        """The texts of all pictures of a generation, in order; None for those that were not drawn."""
        size = max(1, int(getattr(p, "batch_size", 1)))
        count = int(getattr(p, "n_iter", 1)) * int(getattr(p, "batch_size", 1))
        return [self.texts.get(divmod(at, size)) for at in range(count)]


class Saving:
    """What the WebUI asks before each picture of a batch is written: yes, unless this one was found not to scan.

    The WebUI calls `p.save_samples()` once for a batch and tests the answer for each picture, after the hooks of
    that picture; an answer that is decided when it is tested works for any batch count and size.
    """

    def __init__(self, p: Any, scans: Scans, *, otherwise: bool) -> None:
        self._p, self._scans, self._otherwise = p, scans, otherwise

    def __bool__(self) -> bool:
        return bool(self._otherwise) and self._scans.passed.get(picture_key(self._p), True)


def picture_key(p: Any) -> tuple[int, int]:
    """(batch, picture in the batch) the WebUI is at."""
    return (int(getattr(p, "iteration", 0)), int(getattr(p, "batch_index", 0)))


class PictureScanner:
    """Scans finished pictures, with the WebUI's settings. Holds no state: it is shared by all generations.

    Args:
        host: what scans run on.
        webui: the WebUI.
    """

    def __init__(self, host: Host, webui: WebUi) -> None:
        self.host, self.webui = host, webui

    def scan(self, p: Any, scans: Scans, picture: Any) -> Any:
        """Scan one finished picture (Pillow) and note what came out; a mistake never costs the picture.

        Returns:
            the picture, touched up where that alone was missing.
        """
        shown = picture
        try:
            pixels = np.asarray(picture.convert("RGB"), dtype=np.uint8)
            touched = self._touched(p, scans, pixels)
            read = self.graded if scans.graded else self.scanned
            text, passed = read(scans.expected, pixels if touched is None else touched[0])
            if touched is not None:
                shown, text = Pil.fromarray(touched[0]), text + touched_by(touched[1])
        except BootcampError as error:
            text, passed = f"{NOT_DONE}: {error}", False
        except Exception:
            LOG.exception("scanning a picture failed")
            text, passed = NOT_DONE, True
        scans.texts[picture_key(p)], scans.passed[picture_key(p)] = text, passed
        if passed and scans.section.stop_at_first:
            self.webui.stop_generation()
        return shown

    def readers(self) -> tuple[Decoder, ...]:
        """The readers of the WebUI's settings; none where none of them is installed."""
        names = self._decoders()
        return scan_decoders.installed(names) if names else scan_decoders.usual()

    def _decoders(self) -> list[str]:
        return list(self.webui.option("bootcamp_scan_decoders", default=()))

    def _touched(self, p: Any, scans: Scans, image: Image) -> tuple[Image, int] | None:
        """The picture and by how many gray levels it was touched up; None where it scans, or cannot be made to.

        What lies outside of an inpainting's mask is the person's own and stays as it is. Interrupt, pressed meanwhile,
        leaves the picture as it was drawn.
        """
        layout, most = scans.layout, scans.section.touch_up
        if layout is None or not most or getattr(p, "image_mask", None) is not None:
            return None
        try:
            return self.touched(layout, image, most, TOUCH_UP_S)
        except InvalidParamError:  # another script made something else of the picture: the code lies elsewhere
            return None

    def touched(self, layout: QrLayout, image: Image, most: int, seconds: float) -> tuple[Image, int] | None:
        """The picture and by how many gray levels it was touched up; None where it scans, or cannot be made to.

        Args:
            layout: of its code.
            image: uint8 [H, W, 3].
            most: gray levels at most.
            seconds: of the processor's, after which the best that was found is taken.
        Raises:
            InvalidParamError: the picture has another shape than the layout's.
        """
        readers, progress = self.readers(), self.host.progress()
        was_stopped = progress.cancelled()  # by Interrupt at a step, or at the first picture that scans
        ends = time.thread_time() + seconds

        def reads(picture: Image) -> bool:
            return is_read(picture, readers, layout.content)

        def stopped() -> bool:
            return not was_stopped and progress.cancelled()

        def late() -> bool:
            return time.thread_time() > ends

        if not readers or reads(image):
            return None
        return least_touch(image, layout, reads, most, stopped, late)

    def graded(self, expected: str, image: Image) -> tuple[str, bool]:
        """As `scanned`: in full where anything reads it, else that nothing does, which takes less time to say."""
        found, scans = self.scanned(expected, image, "fast")
        return self.scanned(expected, image, "full") if scans else (found, scans)

    def scanned(self, expected: str, image: Image, depth: str = "", read_by: str = "") -> tuple[str, bool]:
        """A picture's text for the infotext, and whether it scans.

        Args:
            expected: what the code must say; empty: anything.
            image: the picture.
            depth: empty: the settings'.
            read_by: what is already known of who reads it; empty: what this scan finds.
        """
        params = SCAN.params_from(
            {
                "image": image,
                "expected": expected or None,
                "depth": depth or str(self.webui.option("bootcamp_scan_depth", default="fast")),
                "decoders": self._decoders(),
            }
        )
        result = SCAN.run(params, Context.of_generation(self.host, SilentProgress()))
        return scan_text(result, read_by), result.succeeded()


def scan_of_grid(read: Sequence[bool]) -> str:
    """`0 of 10 scan`, `1 of 10 scans (picture 4)`, `2 of 10 scan (pictures 4, 7)`: what a grid's infotext says.

    Args:
        read: whether each picture scans, in the order of the gallery.
    """
    scanning = [str(at) for at, each in enumerate(read, 1) if each]
    which = f" (picture{'s' if len(scanning) > 1 else ''} {', '.join(scanning)})" if scanning else ""
    return f"{len(scanning)} of {len(read)} scan{'s' if len(scanning) == 1 else ''}{which}"


def reading_of(read_by: Sequence[str], *, scans: bool) -> str:
    """Who reads a picture, in one wording for the infotext, the grid, the badge and the sentence below the pictures.

    Args:
        read_by: the readers that do.
        scans: whether these are enough.
    """
    if not read_by:
        return NO_READER
    return ", ".join(read_by) if scans else f"{', '.join(read_by)} only; all readers were asked for"


def quick_text(reading: str) -> str:
    """`read by zxing-cpp, wechat`: a picture's infotext where it is only known who reads it, which is no score.

    Older infotext has `1.00 (zxing-cpp, wechat)`, which the badge still reads.
    """
    return f"read by {reading}"


def scan_text(result: Any, read_by: str = "") -> str:
    """`0.83 of all readings (zxing-cpp, wechat), 14 of 16 conditions`: the score, the readers, and what a phone does.

    The score counts each reader under each condition, a condition counts where one reader reads under it. Infotext of
    versions before has no "of all readings".

    A fast scan tries no conditions and gives no score: `quick_text`.
    """
    reports = getattr(result, "decoders", ())
    reading = read_by or reading_of([each.name for each in reports if each.passed], scans=True)
    known = LADDER.keys()
    tried = {step for each in reports for step in (*each.steps_passed, *each.steps_failed)} & known
    passed = {step for each in reports for step in each.steps_passed} & known
    if len(tried) <= 1:
        return quick_text(reading)
    return f"{result.score:.2f} of all readings ({reading}), {len(passed)} of {len(tried)} conditions"
