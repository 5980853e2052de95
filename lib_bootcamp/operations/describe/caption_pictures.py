"""What a model says of pictures, and the caption that is made of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from lib_bootcamp.context import Context
from lib_bootcamp.core.datasets.caption_wording import Found, chosen, longest_tokens, token_warning
from lib_bootcamp.core.text.scores import LabelScore
from lib_bootcamp.errors import BootcampError
from lib_bootcamp.params import Spec
from lib_bootcamp.results import FileResult

from .caption_settings import CaptionSettings
from .classify import ImageScores, classify_files
from .interrogate import InterrogateResult, interrogate_files


@dataclass(frozen=True, kw_only=True)
class PictureCaption(FileResult):
    """A picture's caption and what it was made of."""

    caption: Annotated[str, Spec("Caption", "Empty where there was nothing to say.")]
    tokens: Annotated[
        int, Spec("Tokens", "Of CLIP, without those for beginning and end; of several lines the longest.")
    ]
    found: Annotated[
        tuple[LabelScore, ...], Spec("Found", "What the model found, before it was worded; a text has score 1.")
    ]

    def summary(self) -> str:
        """The caption."""
        return self.caption

    def warning(self) -> str:
        """Whether it is too long."""
        return token_warning(self.caption)


def found_in(
    pictures: Sequence[Any], params: CaptionSettings, context: Context, read: Any
) -> Iterator[list[Found] | BootcampError]:
    """What the model says of each picture, in order, or the mistake about it."""
    if params.method == "tags":
        settings = params.tag_settings()
        sets = settings.label_sets()  # checked here, once for all pictures
        for scores in classify_files(pictures, settings, context, read):
            yield scores if isinstance(scores, BootcampError) else _tags(scores, sets, params)
        return
    for described in interrogate_files(pictures, params.prompt_settings(), context, read):
        yield described if isinstance(described, BootcampError) else _text(described)


def _tags(scores: ImageScores, sets: Mapping[str, Sequence[str]], params: CaptionSettings) -> list[Found]:
    """The tags of every list that reach its threshold, in the order in which they are listed."""
    by_list = {each.name: each.scores for each in scores.groups}
    found: list[Found] = []
    for name, labels in sets.items():
        values = {each.label: each.value for each in (by_list[name] if name else scores.scores)}
        found += chosen([(label, values[label]) for label in labels if label in values], *params.limits(name))
    return found


def _text(described: InterrogateResult) -> list[Found]:
    text = described.prompt or described.negative or described.caption
    return [(text, 1.0)] if text else []


def captioned(found: Sequence[Found], text: str) -> PictureCaption:
    scores = tuple(LabelScore(label=label, value=value) for label, value in found)
    return PictureCaption(caption=text, tokens=longest_tokens(text), found=scores)
