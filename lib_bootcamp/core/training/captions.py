"""What a caption becomes in a step: an alternative of it, its tags in another order, some or all of it left out.

Source of the rules: kohya-ss/sd-scripts, library/train_util.py `process_caption` (alternatives, `keep_tokens`,
`keep_tokens_separator`, shuffling, dropout, prefix and suffix); the words of a template are AUTOMATIC1111's
(textual_inversion_templates: `[name]`, `[filewords]`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lib_bootcamp.core.datasets.caption_lines import CHOICE, lines_of, parts_of

KEPT = "|||"
"""Between the tags that stay where they are and the others, as sd-scripts' `keep_tokens_separator`."""


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
        if source.random() < self.dropout:
            return ""
        lines = lines_of(caption) or [""]
        text = lines[int(source.integers(len(lines)))]
        text = CHOICE.sub(lambda found: _one(found[1].split("|"), source), text)
        text = self._tags(text, source)
        if self.template:
            text = self.template.replace("[filewords]", text).replace("[name]", self.name)
        return f"{self.prefix}{text}{self.suffix}".strip(f"{self.separator} ")

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


def _one(choices: list[str], source: np.random.Generator) -> str:
    return choices[int(source.integers(len(choices)))].strip()
