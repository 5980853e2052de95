"""Words of one's own among the tokens of a text, as the WebUI finds embeddings: the longest name wins.

Source: A1111 1.10.1, `modules/textual_inversion/textual_inversion.py` (`find_embedding_at_position`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

_Branch: TypeAlias = "dict[Any, Any]"
"""Branches by the next token; under None the names that end here."""
_NO_LETTER = re.compile(r"[^a-z0-9]+")


class WordFinder:
    """Finds names by their tokens.

    Args:
        names: each with its tokens; of two with the same tokens the first is found.
    """

    def __init__(self, names: Mapping[str, Sequence[int]]) -> None:
        self._first: _Branch = {}
        for name, tokens in names.items():
            branch = self._first
            for token in tokens:
                branch = branch.setdefault(token, {})
            if len(tokens):
                branch.setdefault(None, []).append(name)

    def split(self, tokens: Sequence[int], fits: Callable[[str], bool] = lambda _: True) -> Iterator[int | str]:
        """The tokens in order, and in place of those that are a name the name.

        Args:
            tokens: of a text.
            fits: whether a name counts; asked where it stands, the longest first. Where none does, it is text.
        """
        given, at = list(tokens), 0
        while at < len(given):
            name, length = self._longest(given, at, fits)
            yield given[at] if name is None else name
            at += length

    def _longest(self, given: list[int], at: int, fits: Callable[[str], bool]) -> tuple[str | None, int]:
        """The longest name that begins at a place, and how many tokens it has; else None, and one."""
        found: list[tuple[list[str], int]] = []
        branch = self._first
        for step in range(at, len(given)):
            if given[step] not in branch:
                break
            branch = branch[given[step]]
            if None in branch:
                found.append((branch[None], step + 1 - at))
        for names, length in reversed(found):
            name = next(filter(fits, names), None)
            if name is not None:
                return name, length
        return None, 1


def names_that_may_stand(names: Iterable[str], texts: Iterable[str]) -> list[str]:
    """The names that may stand in one of some texts; the others need not be looked for.

    Their Latin letters and digits have to stand there one after the other, whatever else is between them.

    Args:
        names: of any number.
        texts: a prompt and a negative one, say.
    """
    there = "\n".join(map(_letters, texts))
    return [each for each in names if _letters(each) in there]


def _letters(text: str) -> str:
    """Its small Latin letters and digits, as a tokenizer that knows no capitals and no wide letters sees them."""
    plain = text if text.isascii() else unicodedata.normalize("NFKC", text)
    return _NO_LETTER.sub("", plain.lower())
