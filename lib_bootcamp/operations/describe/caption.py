"""Captions for pictures: tags that CLIP finds in lists, interrogation, or a captioner such as BLIP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from lib_bootcamp.context import Context
from lib_bootcamp.core.images.arrays import Image
from lib_bootcamp.errors import BootcampError
from lib_bootcamp.job import FolderJob
from lib_bootcamp.operation import Operation
from lib_bootcamp.params import Spec
from lib_bootcamp.results import Result

from .caption_folder import CaptionFolder, CaptionWork
from .caption_pictures import PictureCaption, captioned, found_in
from .caption_settings import CaptionSettings


@dataclass(frozen=True, kw_only=True)
class CaptionParams(CaptionSettings):
    """The settings and pictures that are sent: their captions are answered and written nowhere."""

    images: Annotated[
        tuple[Image, ...],
        Spec("Pictures", "One or several, of any size.", min_length=1, max_length=64, positional=True),
    ]


@dataclass(frozen=True, kw_only=True)
class CaptionResult(Result):
    """The captions of pictures that were sent."""

    captions: Annotated[tuple[PictureCaption, ...], Spec("Captions", "In the order of the pictures.")]

    def summary(self) -> str:
        """The caption of one picture; of several their number."""
        return self.captions[0].caption if len(self.captions) == 1 else f"{len(self.captions)} captions"

    def lines(self) -> list[str]:
        """Each caption of several, and warnings."""
        several = [each.caption for each in self.captions] if len(self.captions) > 1 else []
        return [*several, *(each.warning() for each in self.captions if each.warning())]


def caption(params: CaptionParams, context: Context) -> CaptionResult:
    """Caption pictures and write nothing.

    Raises:
        ModelError, MissingPackageError: as `classify` and `interrogate`.
        CancelledError, OutOfMemoryError: as `in_batches`.
    """
    made = []
    for found in found_in(params.images, params, context, _as_it_is):
        if isinstance(found, BootcampError):
            raise found
        made.append(captioned(found, params.wording().compose(found)))
        context.show(made[-1])
    return CaptionResult(captions=tuple(made))


def _as_it_is(picture: Image) -> Image:
    return picture


_COLORS = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "white", "black", "gray")
_SHAPES = ("circle", "square", "triangle", "star", "cross", "ring", "heart", "diamond")

CAPTION = Operation(
    name="caption",
    title="Caption",
    summary="Caption the pictures of a data set: CLIP tags, interrogation or BLIP, as a job that can be undone.",
    params=CaptionParams,
    result=CaptionResult,
    run=caption,
    stream=True,
    path="/caption",
    kind="analysis",
    section="Data set",
    needs="models",
    job=FolderJob(params=CaptionFolder, work=CaptionWork, result=PictureCaption),
    presets={
        "subject, style and medium": {
            "method": "tags",
            "labels": [],
            "groups": {
                "subject": ["a person", "an animal", "a landscape", "a building", "food", "a vehicle", "a pattern"],
                "style": ["realistic", "anime", "cartoon", "abstract", "minimalist", "vintage"],
                "medium": ["a photograph", "a painting", "a drawing", "a 3D render", "a screenshot"],
            },
            "per_list": {"subject": [0.3, 2], "style": [0.3, 1], "medium": [0.3, 1]},
            "order": "listed",
        },
        "drawn shapes (mini)": {
            "clip": "mini",
            "method": "tags",
            "labels": [],
            "per_list": {},
            "groups": {
                "object": [f"{color} {shape}" for color in _COLORS for shape in _SHAPES],
                "background": [f"{color} background" for color in _COLORS],
            },
            "templates": "custom",
            "template": ["a {}"],
            "threshold": 0.0,
            "max_tags": 1,
            "order": "listed",
        },
    },
)
