"""What a caption becomes in a step: an alternative of it, its tags in another order, some or all of it left out.

Source of the rules: kohya-ss/sd-scripts, library/train_util.py `process_caption` (alternatives, `keep_tokens`,
`keep_tokens_separator`, shuffling, dropout, prefix and suffix); the words of a template are AUTOMATIC1111's
(textual_inversion_templates: `[name]`, `[filewords]`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from lib_bootcamp.core.datasets.caption_lines import CHOICE, lines_of, parts_of

KEPT = "|||"
"""Between the tags that stay where they are and the others, as sd-scripts' `keep_tokens_separator`."""
WITH_WORD = "a photo of [name], [filewords]"
"""What a caption becomes that does not hold the word which is taught."""


@dataclass(frozen=True, kw_only=True)
class Wording:
    """How captions are worded.

    Args:
        template: with `[filewords]` for the caption and `[name]` for what is taught; empty: the caption alone.
        name: what is taught.
        shuffle: whether tags change places.
        keep: how many of the first tags stay where they are, where no `KEPT` stands in the caption.
        tag_dropout: the share of the other tags that is left out, 0 to 1.
        dropout: the share of captions that is left out as a whole, 0 to 1.
        prefix: put before each caption that is not left out.
        suffix: put after it.
        separator: between tags.
        word: whether the name is a word that each caption has to hold: one that does not becomes `WITH_WORD`, and none
            is left out as a whole.
    """

    template: str = ""
    name: str = ""
    shuffle: bool = False
    keep: int = 0
    tag_dropout: float = 0.0
    dropout: float = 0.05
    prefix: str = ""
    suffix: str = ""
    separator: str = ","
    word: bool = False

    @property
    def varies(self) -> bool:
        """Whether one caption has several forms."""
        return self.shuffle or self.tag_dropout > 0

    def of(self, caption: str, source: np.random.Generator) -> str:
        """A caption as one step sees it.

        Args:
            caption: of the picture, of one line or several, which are alternatives.
            source: of chance; the same gives the same.
        """
        if source.random() < self.dropout and not self.word:
            return ""
        lines = lines_of(caption) or [""]
        text = lines[int(source.integers(len(lines)))]
        text = CHOICE.sub(lambda found: _one(found[1].split("|"), source), text)
        return self.whole(self._tags(text, source))

    def whole(self, text: str) -> str:
        """A line of a caption with what stands around it; nothing is left to chance."""
        if self.template:
            text = self._filled(self.template, text)
        if self.word and not holds(text, self.name):
            text = self._filled(WITH_WORD, text)
        return f"{self.prefix}{text}{self.suffix}".strip(f"{self.separator} ")

    def _filled(self, template: str, text: str) -> str:
        return template.replace("[filewords]", text).replace("[name]", self.name)

    def _tags(self, text: str, source: np.random.Generator) -> str:
        if not self.varies and KEPT not in text:
            return text
        first, mark, rest = text.partition(KEPT)
        parts = [each.strip() for each in parts_of(rest if mark else text, self.separator) if each.strip()]
        fixed = [] if mark else parts[: self.keep]
        free = parts[len(fixed) :]
        if self.shuffle:
            free = [free[at] for at in source.permutation(len(free))]
        if self.tag_dropout:
            free = [each for each in free if source.random() >= self.tag_dropout]
        kept = [each.strip() for each in parts_of(first, self.separator) if each.strip()] if mark else fixed
        return f"{self.separator} ".join([*kept, *free])


def holds(text: str, word: str) -> bool:
    """Whether a word stands in a text by itself, in capital letters or not."""
    return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text, re.IGNORECASE) is not None


def _one(choices: list[str], source: np.random.Generator) -> str:
    return choices[int(source.integers(len(choices)))].strip()
