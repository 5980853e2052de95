"""Words of one's own among the tokens of a text, as the WebUI finds embeddings: the longest name wins.

Source: A1111 1.10.1, `modules/textual_inversion/textual_inversion.py` (`find_embedding_at_position`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

_Branch: TypeAlias = "dict[Any, Any]"
"""Branches by the next token; under None the name that ends here."""


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
                branch.setdefault(None, name)

    def split(self, tokens: Sequence[int]) -> Iterator[int | str]:
        """The tokens in order, and in place of those that are a name the name."""
        given, at = list(tokens), 0
        while at < len(given):
            name, length = self._longest(given, at)
            yield given[at] if name is None else name
            at += length

    def _longest(self, given: list[int], at: int) -> tuple[str | None, int]:
        """The longest name that begins at a place, and how many tokens it has; else None, and one."""
        found, length = None, 1
        branch = self._first
        for step in range(at, len(given)):
            if given[step] not in branch:
                break
            branch = branch[given[step]]
            if None in branch:
                found, length = branch[None], step + 1 - at
        return found, length
