"""The weights in a prompt, `(word)`, `(word:1.3)`, `[word]`, and where it is divided, `BREAK`, as the WebUI reads them.

Source: AUTOMATIC1111's wiki, "Attention/emphasis", and what `modules/prompt_parser.py` of 1.10.1 makes of each sign.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

STRONGER = 1.1
"""What one pair of round brackets multiplies by; a pair of square ones divides by it."""
MOST = 1000.0
"""No weight is further from 0: brackets can be in brackets without an end."""
_LARGE = 1e9  # of a number in a prompt: nothing that is multiplied by it becomes infinite
_SIGNS = re.compile(r"\\[()\[\]\\]?|[()\[\]]|:\s*(?P<weight>[+-]?[.\d]+)\s*\)")
_CLOSES = {")": ("(", STRONGER), "]": ("[", 1 / STRONGER)}
_BREAK = re.compile(r"\bBREAK\b")


@dataclass(frozen=True)
class Part:
    """Text of one weight."""

    text: str
    weight: float = 1.0


def weighted_parts(prompt: str) -> list[Part | None]:
    """The parts of a prompt, in order; None where a new chunk of tokens begins.

    A bracket that is not closed weighs all after it; one that closes nothing is text; after a backslash each is text.

    Args:
        prompt: as it was given.
    """
    reader, at = _Reader(len(prompt)), 0
    for sign in _SIGNS.finditer(prompt):
        reader.put(prompt[at : sign.start()])
        reader.take(sign[0], _number(sign["weight"]))
        at = sign.end()
    reader.put(prompt[at:])
    return reader.ended()


class _Reader:
    """What was read of a prompt: texts, None for a new chunk, the weight of each, and where brackets are open.

    Args:
        most: signs of the prompt; there are fewer texts than twice as many.
    """

    def __init__(self, most: int) -> None:
        self.texts: list[str | None] = []
        self.weights = np.ones(2 * most + 2)
        self.opened: dict[str, list[int]] = {"(": [], "[": []}

    def put(self, text: str) -> None:
        """Text, which may hold BREAK."""
        pieces = _BREAK.split(text)
        for number, piece in enumerate(pieces):
            # blanks around a BREAK are no text
            left = piece.lstrip() if number else piece
            kept = left.rstrip() if number < len(pieces) - 1 else left
            self._append(*([None] if number else []), *([kept] if kept else []))

    def take(self, sign: str, weight: float | None) -> None:
        """A bracket, its end with a weight, or what a backslash makes text."""
        closed, factor = _CLOSES.get(sign, ("(", weight or 0.0))
        if sign.startswith("\\"):
            self._append(sign[1:])
        elif sign in self.opened:
            self.opened[sign].append(len(self.texts))
        elif (sign in _CLOSES or weight is not None) and self.opened[closed]:
            self._weigh(self.opened[closed].pop(), factor)
        else:
            self.put(sign)

    def ended(self) -> list[Part | None]:
        """All of it; neighbors of one weight are one part, so that words are taken apart as they stand there."""
        for closed, factor in _CLOSES.values():
            for start in self.opened[closed]:
                self._weigh(start, factor)
        made: list[Part | None] = []
        for text, weight in zip(self.texts, self.weights[: len(self.texts)].tolist(), strict=True):
            last = made[-1] if made else None
            if text is None:
                made.append(None)
            elif last is not None and last.weight == weight:
                made[-1] = Part(last.text + text, weight)
            else:
                made.append(Part(text, weight))
        return made

    def _append(self, *texts: str | None) -> None:
        self.texts += texts

    def _weigh(self, start: int, factor: float) -> None:
        part = self.weights[start : len(self.texts)]
        np.clip(part * factor, -MOST, MOST, out=part)


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else max(-_LARGE, min(_LARGE, float(text)))
    except ValueError:
        return None
