"""Does a QR code scan, how well, and where is it wrong?"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from lib_bootcamp.context import Context
from lib_bootcamp.core.images.arrays import Image
from lib_bootcamp.core.qr.layout import QrLayout
from lib_bootcamp.core.scan import decoders as scan_decoders
from lib_bootcamp.core.scan import error_map as scan_errors
from lib_bootcamp.core.scan import ladder as scan_ladder
from lib_bootcamp.core.scan import reading as scan_reading
from lib_bootcamp.core.scan import search as scan_search
from lib_bootcamp.core.scan import views as scan_views
from lib_bootcamp.core.scan.decoders import Decoder
from lib_bootcamp.core.scan.error_map import ErrorMap, Pattern
from lib_bootcamp.core.scan.fast import LARGE_SIDE
from lib_bootcamp.core.scan.ladder import Tally, Tried
from lib_bootcamp.core.text.terminal import cut_short
from lib_bootcamp.errors import CancelledError, InvalidParamError, MissingPackageError
from lib_bootcamp.operation import Operation
from lib_bootcamp.params import Params, Spec
from lib_bootcamp.ports import track
from lib_bootcamp.results import Result

DecoderName = Literal["zxing-cpp", "wechat", "opencv", "pyzbar", "quirc"]
_TITLES = {
    "zxing-cpp": "ZXing (zxing-cpp)",
    "wechat": "WeChat (OpenCV)",
    "opencv": "OpenCV's own",
    "pyzbar": "ZBar (pyzbar)",
    "quirc": "quirc (pyquirc)",
}
_MOST_TEXTS = 256
# A code that is read at this size is large enough to be seen with the whole picture around it.
_FROM_AFAR = 256
_DEPTHS = {"fast": "Fast: yes or no", "full": "Full: a score over what a phone does to a picture"}


def check_decoders(decoders: Sequence[DecoderName]) -> None:
    """Readers are named once each.

    Raises:
        InvalidParamError: one is named twice.
    """
    if len(set(decoders)) != len(decoders):
        raise InvalidParamError("decoders", "names a reader twice", hint="name each once")


@dataclass(frozen=True, kw_only=True)
class ScanParams(Params):
    """What to read, what must come out, and how thoroughly to try."""

    image: Annotated[Image, Spec("Picture", "Of any size, with one code or many.", positional=True)]
    depth: Annotated[
        Literal["fast", "full"],
        Spec(
            "Depth",
            "Fast stops at the first reader that reads the code; full tries every reader under 16 conditions "
            "(sizes, blur, light, contrast, grain, tilt) and gives a score. A small code in a large picture is "
            "looked at from near.",
            titles=_DEPTHS,
        ),
    ] = "full"
    expected: Annotated[
        str | None,
        Spec(
            "Expected text",
            "Only exactly this text counts. Empty: the text of the layout when one is given, else any text.",
            min_length=1,
            max_length=7089,
            format="multiline",
            example="https://example.com",
        ),
    ] = None
    decoders: Annotated[
        tuple[DecoderName, ...],
        Spec("Readers", "Empty: all that are installed.", max_length=5, titles=_TITLES),
    ] = ()
    min_score: Annotated[
        float,
        Spec(
            "Minimum score",
            "The share of tries from which on the answer is yes; at 0 one exact reading is enough.",
            ge=0,
            le=1,
            step=0.05,
            unit="0 to 1",
            when={"depth": ("full",)},
            renamed=("least_score",),
            renamed_titles=("Least score",),
        ),
    ] = 0.0
    layout: Annotated[
        QrLayout | None,
        Spec(
            "Layout",
            "As `qr` returned it for this canvas: adds the map of wrong modules. The picture may be an enlargement.",
            group="Error map",
        ),
    ] = None

    def check(self) -> None:
        """The expected text and the layout's must be the same."""
        if self.layout is not None and self.expected not in {None, self.layout.content}:
            raise InvalidParamError("expected", "differs from layout.content", hint="leave one of them out")
        check_decoders(self.decoders)


@dataclass(frozen=True, kw_only=True)
class DecoderReport:
    """What one reader did."""

    name: Annotated[str, Spec("Reader")]
    version: Annotated[str, Spec("Version", "Of the library behind it.")]
    passed: Annotated[int, Spec("Passed", "Tries that read exactly the expected text.")]
    tried: Annotated[int, Spec("Tried")]
    steps_passed: Annotated[tuple[str, ...], Spec("Steps passed")]
    steps_failed: Annotated[tuple[str, ...], Spec("Steps failed")]


@dataclass(frozen=True, kw_only=True)
class PatternReport:
    """The wrong modules of one kind."""

    pattern: Annotated[Pattern, Spec("Pattern")]
    modules: Annotated[int, Spec("Modules")]
    wrong: Annotated[int, Spec("Wrong")]
    share: Annotated[float, Spec("Share wrong", unit="0 to 1")]


@dataclass(frozen=True, kw_only=True)
class ModuleReport:
    """The picture held against the symbol, module by module."""

    modules: Annotated[int, Spec("Modules")]
    wrong: Annotated[int, Spec("Wrong modules")]
    share: Annotated[float, Spec("Share wrong", unit="0 to 1")]
    should_be_dark: Annotated[int, Spec("Light where dark is due", "In an inverted code: dark where light is due.")]
    should_be_light: Annotated[int, Spec("Dark where light is due", "In an inverted code: light where dark is due.")]
    correctable_modules: Annotated[
        int,
        Spec(
            "Correctable modules",
            "Wrong data modules corrected wherever they are.",
            renamed=("may_fail",),
            renamed_titles=("Modules that may fail",),
        ),
    ]
    patterns: Annotated[tuple[PatternReport, ...], Spec("By pattern")]
    blocks: Annotated[int, Spec("Blocks", "Error correction works on each block by itself.")]
    uncorrectable_blocks: Annotated[
        int,
        Spec(
            "Uncorrectable blocks",
            "One is enough to lose the code.",
            renamed=("blocks_beyond",),
            renamed_titles=("Blocks beyond correction",),
        ),
    ]
    worst_block: Annotated[
        float,
        Spec("Fullest block", "Wrong codewords of the worst block as a share of what is corrected; over 1: lost."),
    ]


@dataclass(frozen=True, kw_only=True)
class ScanResult(Result):
    """Whether and how well a picture scans."""

    scans: Annotated[bool, Spec("Scans")]
    score: Annotated[
        float, Spec("Score", "Tries that read exactly the expected text; in a fast scan 1 or 0.", unit="0 to 1")
    ]
    texts: Annotated[tuple[str, ...], Spec("Texts found", "The most frequent first, at most 256.")]
    text_count: Annotated[
        int,
        Spec(
            "Number of texts",
            "More than are listed where a picture has very many codes.",
            renamed=("texts_in_all",),
            renamed_titles=("Texts in all",),
        ),
    ]
    agreement: Annotated[
        float,
        Spec("Agreement", "Share of the tries that read anything which read the most frequent text.", unit="0 to 1"),
    ]
    decoders: Annotated[tuple[DecoderReport, ...], Spec("Readers")]
    decoders_missing: Annotated[tuple[str, ...], Spec("Readers not installed")]
    modules: Annotated[ModuleReport | None, Spec("Modules", "Where a layout was given.")] = None
    error_map: Annotated[
        Image | None, Spec("Error map", "Wrong modules tinted: red should be dark, blue should be light.")
    ] = None

    def summary(self) -> str:
        """`Scans: 0.83 (zxing-cpp 12/12, wechat 8/12)`."""
        readers = ", ".join(f"{each.name} {each.passed}/{each.tried}" for each in self.decoders)
        line = f"{'Scans' if self.scans else 'Does not scan'}: {self.score:.2f} ({readers})"
        if self.text_count > len(self.texts):
            line += f", {len(self.texts)} of {self.text_count} texts listed"
        elif len(self.texts) > 1:
            line += f", {len(self.texts)} texts"
        if self.modules is None:
            return line
        return f"{line}, {self.modules.wrong} of {self.modules.modules} modules wrong"

    def line(self) -> str:
        """The summary with the first text, as JSON writes it and cut where it is long, and how many more there are."""
        if not self.texts:
            return self.summary()
        more = f" and {self.text_count - 1} more" if self.text_count > 1 else ""
        text = cut_short(self.texts[0], lambda part: json.dumps(part, ensure_ascii=False))
        return f"{self.summary()}, read {text}{more}"

    def succeeded(self) -> bool:
        """Whether it scans."""
        return self.scans


def scan(params: ScanParams, context: Context) -> ScanResult:
    """Try the readers; with a layout, hold the picture against it too.

    Raises:
        MissingPackageError: no reader is installed.
        InvalidParamError: none of the readers asked for is installed, or the layout does not fit the picture.
        CancelledError: the person stopped a full scan.
    """
    readers = scan_decoders.installed(params.decoders)
    asked: tuple[str, ...] = params.decoders or tuple(each.name for each in scan_decoders.DECODERS)
    if not readers:
        package = next(each.package for each in scan_decoders.DECODERS if each.name == asked[0])
        here = ", ".join(each.name for each in scan_decoders.installed())
        if here and params.decoders:
            way_out = f"install the package {package}, or choose of {here}"
            raise InvalidParamError("decoders", "names no reader that is installed", hint=f"{way_out}")
        raise MissingPackageError(package, "Scanning")
    layout = params.layout
    errors = None if layout is None else scan_errors.error_map(params.image, layout)
    expected = params.expected if layout is None else layout.content
    tallies = _tallies(params, readers, expected, context)
    counts = scan_ladder.texts_of(tallies.values())
    right = expected if expected is not None else next((text for text, _ in counts.most_common(1)), None)
    texts = [text for text, _ in counts.most_common()]
    if counts:
        others = scan_search.every_text(params.image, readers, context.progress.cancelled, tallies)
        texts += [text for text in others if text not in counts]
    reports = tuple(_report(each, tallies[each.name], right) for each in readers if each.name in tallies)
    passed, tried = sum(each.passed for each in reports), sum(each.tried for each in reports)
    score = float(passed > 0) if params.depth == "fast" else passed / max(1, tried)
    return ScanResult(
        scans=passed > 0 and (params.depth == "fast" or score >= params.min_score),
        score=score,
        texts=tuple(texts[:_MOST_TEXTS]),
        text_count=len(texts),
        agreement=max(counts.values()) / scan_ladder.readings_of(tallies.values()) if counts else 0.0,
        decoders=reports,
        decoders_missing=tuple(name for name in asked if name not in {each.name for each in readers}),
        modules=_modules(errors, layout) if errors and layout else None,
        error_map=scan_errors.draw_errors(params.image, layout, errors) if errors and layout else None,
    )


def _tallies(
    params: ScanParams, readers: Sequence[Decoder], expected: str | None, context: Context
) -> dict[str, Tally]:
    image, stopped = params.image, context.progress.cancelled
    found = Tried()
    if params.depth == "fast" or max(image.shape[:2]) > LARGE_SIDE:
        found = scan_search.search(image, readers, expected, stopped)
        if stopped():
            raise CancelledError(0)
        if params.depth == "fast":
            return found.tallies
    tallies: dict[str, Tally] = {}
    steps = scan_ladder.ladder(_seen_from_near(image, readers, found, stopped), readers)
    for after in track(context.progress, steps, title="Scan", total=len(scan_ladder.LADDER), unit="condition"):
        tallies = after
    read = scan_ladder.texts_of(tallies.values())
    if expected in read or (expected is None and read):
        return tallies
    for search in (scan_search.search, scan_search.search_on):
        if found.hit is None:
            found = search(image, readers, expected, stopped)
    if stopped():
        raise CancelledError(0)
    for name, tally in found.tallies.items():
        tallies[name].readings.update({label: texts for label, texts in tally.readings.items() if texts})
    return tallies


def _seen_from_near(image: Image, readers: Sequence[Decoder], found: Tried, stopped: scan_search.Stopped) -> Image:
    """What the ladder is climbed with: the picture, or the part of a large one in which a small code was read."""
    hit, text = found.hit, found.text
    if hit is None or text is None or (max(hit.shown.shape) <= scan_ladder.LADDER_SIDE and not hit.part):
        return scan_views.gray_of(image)
    reader = next(each for each in readers if each.name == hit.decoder)
    if not hit.part and text in scan_reading.read(reader, scan_views.shrink(hit.shown, _FROM_AFAR), stopped):
        return scan_views.gray_of(image)
    shown = hit.shown if hit.part else scan_views.luma_of(image)
    return scan_search.closest(shown, reader, text, stopped)


def _report(reader: Decoder, tally: Tally, text: str | None) -> DecoderReport:
    return DecoderReport(
        name=reader.name,
        version=reader.version(),
        passed=len(tally.passed(text)),
        tried=len(tally.readings),
        steps_passed=tally.passed(text),
        steps_failed=tally.failed(text),
    )


def _modules(errors: ErrorMap, layout: QrLayout) -> ModuleReport:
    wrong = errors.wrong
    counts = [(pattern, *errors.counts(pattern)) for pattern in scan_errors.PATTERNS]
    fullest = max(w / max(1, c) for w, c in zip(errors.wrong_codewords, errors.correctable, strict=True))
    return ModuleReport(
        modules=wrong.size,
        wrong=int(wrong.sum()),
        share=float(wrong.mean()),
        should_be_dark=int((wrong & errors.expected).sum()),
        should_be_light=int((wrong & ~errors.expected).sum()),
        correctable_modules=layout.correctable_modules,
        patterns=tuple(
            PatternReport(pattern=pattern, modules=total, wrong=bad, share=bad / total)
            for pattern, bad, total in counts
            if total
        ),
        blocks=len(errors.correctable),
        uncorrectable_blocks=errors.uncorrectable_blocks,
        worst_block=fullest,
    )


SCAN: Operation[ScanParams, ScanResult] = Operation(
    name="scan",
    title="Scan QR code",
    summary="Read a QR code with every decoder as a phone would see it, and show which modules are wrong.",
    params=ScanParams,
    result=ScanResult,
    run=scan,
    path="qr/scan",
    kind="analysis",
    presets={"yes or no": {"depth": "fast"}, "how well": {"depth": "full"}},
)
