"""QR art that scans: luminance guidance while it is drawn, and tries that mend what readers would get wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any

import numpy as np

from lib_bootcamp.context import Context
from lib_bootcamp.core.images.arrays import Image
from lib_bootcamp.core.qr.layout import QrLayout
from lib_bootcamp.core.scan import decoders as scan_decoders
from lib_bootcamp.core.scan import ladder as scan_ladder
from lib_bootcamp.core.scan import views as scan_views
from lib_bootcamp.core.scan.decoders import Decoder
from lib_bootcamp.errors import CancelledError, InvalidParamError, MissingPackageError
from lib_bootcamp.operation import Operation
from lib_bootcamp.operations.qr.code import place_code
from lib_bootcamp.params import Spec
from lib_bootcamp.results import Result

from .embeddings import EmbeddingsFolder
from .guidance_fields import (
    DEAD_ZONE,
    MARGIN,
    guidance_from,
)
from .loras import loras_of_prompt
from .qr_art_settings import QrArtParams
from .qr_art_tries import Try, TryReport, method_of, tries
from .txt2img import MAX_SIDE, check_clip_skip, chosen_seed, drawing_of, preview_of

_LEAST_MODULE_PX, _SIDE_STEP = 16, 64


@dataclass(frozen=True, kw_only=True)
class QrArtResult(Result):
    """The best picture, and how it was won."""

    image: Annotated[Image | None, Spec("Picture", "uint8 [H, W, 3] RGB; None where only one that scans would do.")]
    scans: Annotated[bool, Spec("Scans")]
    score: Annotated[float, Spec("Score", "Share of the scan ladder that reads exactly the text.", unit="0 to 1")]
    read_by: Annotated[tuple[str, ...], Spec("Read by")]
    module_error: Annotated[float, Spec("Module error", "Share of wrong modules.", unit="0 to 1")]
    seed: Annotated[int, Spec("Seed", "Of the picture; with it the same tries give it again.")]
    chosen_try: Annotated[
        str, Spec("Won by", "`try 2 of seed 7, stronger guidance, touched up by 10 gray levels`.", renamed=("won_by",))
    ]
    tries: Annotated[tuple[TryReport, ...], Spec("Tries", "In order.")]
    stopped: Annotated[bool, Spec("Stopped", "Whether the person ended it before all tries were made.")]
    width: Annotated[int, Spec("Width", unit="px")]
    height: Annotated[int, Spec("Height", unit="px")]
    checkpoint: Annotated[str, Spec("Checkpoint", "What it was drawn with.")]
    layout: Annotated[QrLayout, Spec("Layout", "What the scan operation takes to look at each module.")]
    lora_hashes: Annotated[str, Spec("Lora hashes", "`name: 12 digits` of each LoRA, as the WebUI writes them.")] = ""
    embedding_hashes: Annotated[str, Spec("TI hashes", "Of each embedding, likewise.")] = ""
    notes: Annotated[tuple[str, ...], Spec("Notes", "What of a LoRA or an embedding does not fit the checkpoint.")] = ()

    def summary(self) -> str:
        """`Scans: 0.91 (zxing-cpp, wechat), try 2 of seed 7, stronger guidance`."""
        verdict = (
            f"{'Scans' if self.scans else 'Does not scan'}: {self.score:.2f} ({', '.join(self.read_by) or 'no reader'})"
        )
        return f"{verdict}, {self.chosen_try}" + (", stopped early" if self.stopped else "")

    def cautions(self) -> list[str]:
        """The notes."""
        return list(self.notes)

    def lines(self) -> list[str]:
        """The notes, and a line for each try."""
        made = (
            f"seed {each.seed}, try {each.number}: {method_of(each)}, {each.wrong} modules wrong, "
            f"read by {', '.join(each.read_by) or 'none'}"
            for each in self.tries
        )
        return [*self.cautions(), *made]

    def succeeded(self) -> bool:
        """Whether it scans."""
        return self.scans


def make_qr_art(params: QrArtParams, context: Context) -> QrArtResult:
    """Draw, scan, and mend until it scans.

    Each try is a function of the parameters and its seed alone. A picture that nearly scans is touched up. The second
    and every other try after it draw from the same seed with more weight on the modules that were weak; those between
    draw these modules anew over the best picture so far.

    Raises:
        PayloadTooLongError, LayoutError: the code fits no version or not the picture; says what would.
        InvalidParamError: a reader is not installed, clip_skip is more than the text encoder's layers, the prompt
            names a LoRA that is not there, or an embedding that is a pickle.
        ModelError: there is no checkpoint, it cannot be loaded, a LoRA does not fit it, or an embedding is damaged.
        NotAllowedError: lora_dir or embeddings_dir is not for this caller.
        MissingPackageError: torch, diffusers or a reader is not installed.
        CancelledError: the person asked to stop before the first picture was there.
    """
    try:
        from lib_bootcamp.ml.diffusion.qr_art import CodeDrawer
        from lib_bootcamp.ml.diffusion.text_to_image import native_side
    except ImportError as error:
        raise MissingPackageError(str(error.name), "Drawing pictures") from error
    readers = _readers(params)
    first = chosen_seed(params)
    asked_loras = loras_of_prompt(params.prompt, params.lora_dir, context)
    folder = EmbeddingsFolder(params.embeddings_dir, context)
    with context.host.components() as components, asked_loras.applied(components) as notes:
        check_clip_skip(params, components)
        width, height = _size(params, native_side(components))
        _, layout = place_code(params, width, height)
        drawer = CodeDrawer(
            components,
            layout,
            guidance_of(params),
            context.host.data_dir(),
            exact=params.exact,
            preview=preview_of(components, context),
        )
        named = folder.of_prompts(components, prompt=asked_loras.prompt, negative_prompt=params.negative_prompt)
        asked = {**drawing_of(params), "prompt": asked_loras.prompt, "width": width, "height": height}
        asked["words"] = named.words
        best, reports, stopped = None, [], False
        try:
            for number in range(params.seeds):
                seed = (first + number) % 2**32
                for made in tries(drawer, params, readers, context, {**asked, "seed": seed}):
                    reports.append(made.report)
                    if best is None or made.rank > best.rank:
                        best = made
                if best is not None and best.report.scans and params.stop_at_first:
                    break
        except CancelledError:
            if best is None:
                raise
            stopped = True
        assert best is not None  # each seed gives at least one try
    result = _result(best, tuple(reports), params, context, layout, readers, stopped=stopped)
    return replace(result, lora_hashes=asked_loras.hashes, embedding_hashes=named.hashes, notes=(*notes, *named.notes))


def guidance_of(params: QrArtParams) -> Any:
    """`ml.diffusion.guidance.Guidance` as the parameters ask for it; None where its strength is 0."""
    return guidance_from(params, params.guidance_start, params.guidance_end) if params.strength else None


def _readers(params: QrArtParams) -> Sequence[Decoder]:
    if not params.decoders:
        found = scan_decoders.usual()
    else:
        found = scan_decoders.installed(params.decoders)
        missing = set(params.decoders) - {each.name for each in found}
        if missing:
            raise InvalidParamError("decoders", f"names {', '.join(sorted(missing))}, which is not installed here")
    if not found:
        raise MissingPackageError("zxing-cpp", "Scanning")
    return found


def _size(params: QrArtParams, native: int) -> tuple[int, int]:
    """The size asked for, or a square in which a module has two latent pixels."""
    if params.width and params.height:
        return params.width, params.height
    symbol, _ = place_code(params, MAX_SIDE, MAX_SIDE)
    needed = (len(symbol.modules) + 2 * params.quiet_zone) * max(_LEAST_MODULE_PX, params.module_px)
    side = min(MAX_SIDE, -(-max(native, needed) // _SIDE_STEP) * _SIDE_STEP)
    return params.width or side, params.height or side


def _result(  # noqa: PLR0913 - all that is reported
    best: Try,
    reports: tuple[TryReport, ...],
    params: QrArtParams,
    context: Context,
    layout: QrLayout,
    readers: Sequence[Decoder],
    *,
    stopped: bool,
) -> QrArtResult:
    won = best.report
    return QrArtResult(
        image=best.image if won.scans or not params.only_scanning else None,
        scans=won.scans,
        score=ladder_score(best.image, readers, layout.content),
        read_by=won.read_by,
        module_error=won.module_error,
        seed=won.seed,
        chosen_try=f"try {won.number} of seed {won.seed}, {method_of(won)}",
        tries=reports,
        stopped=stopped,
        width=layout.width,
        height=layout.height,
        checkpoint=context.host.checkpoint() or "a checkpoint",
        layout=layout,
    )


def ladder_score(image: Image, readers: Sequence[Decoder], text: str) -> float:
    """The share of conditions and readers that reads exactly this text, [0, 1]."""
    *_, tallies = scan_ladder.ladder(scan_views.gray_of(image), readers)
    return float(np.mean([len(each.passed(text)) / len(each.readings) for each in tallies.values()]))


QR_ART = Operation(
    name="qr-art",
    title="QR art",
    summary="Draw a picture with a QR code in it that scans, without any ControlNet.",
    params=QrArtParams,
    result=QrArtResult,
    run=make_qr_art,
    path="/qr/art",
    stream=True,
    kind="generation",
    needs="models",
    presets={
        "subtle": {"margin": 0.05, "dead_zone": 0.03},
        "balanced": {"margin": MARGIN, "dead_zone": DEAD_ZONE},
        "sure": {"margin": 0.3, "dead_zone": 0.2, "local": 0.35},
    },
)
