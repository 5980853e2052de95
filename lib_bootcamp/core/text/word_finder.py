"""Words of one's own among the tokens of a text, as the WebUI finds embeddings: the longest name wins.

Source: A1111 1.10.1, `modules/textual_inversion/textual_inversion.py` (`find_embedding_at_position`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence


class WordFinder:
    """Finds names by their tokens.

    Args:
        names: each with its tokens; of two with the same tokens the first is found.
    """

    def __init__(self, names: Mapping[str, Sequence[int]]) -> None:
        self._by_first: dict[int, list[tuple[list[int], str]]] = {}
        for name, tokens in names.items():
            if len(tokens):
                self._by_first.setdefault(tokens[0], []).append((list(tokens), name))
        for each in self._by_first.values():
            each.sort(key=lambda known: -len(known[0]))

    def split(self, tokens: Sequence[int]) -> Iterator[int | str]:
        """The tokens in order, and in place of those that are a name the name."""
        given, at = list(tokens), 0
        while at < len(given):
            for known, name in self._by_first.get(given[at], ()):
                if given[at : at + len(known)] == known:
                    yield name
                    at += len(known)
                    break
            else:
                yield given[at]
                at += 1
