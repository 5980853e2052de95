"""How many tokens CLIP makes of a text, without torch: its byte-pair merges lie beside the small models.

Source: Radford et al. 2021, "Learning Transferable Visual Models From Natural Language Supervision"; the rules are
those of transformers' CLIPTokenizer, which trainers use (open_clip's also straightens quotes and reads HTML entities).
SD 1, SD 2 and SDXL count alike.
"""

from __future__ import annotations

import functools
import itertools
import unicodedata
from collections.abc import Iterator

from lib_bootcamp.core.models.files import MODELS

MAX_TOKENS = 75
"""What fits into one pass of the text encoder: 77 positions without those for beginning and end."""
_MERGES = MODELS / "mini-sd" / "tokenizer" / "merges.txt"
_ENDINGS = ("re", "ve", "ll", "s", "t", "m", "d")


def count_tokens(text: str) -> int:
    """How many tokens a text is, without those for its beginning and its end."""
    cleaned = " ".join(unicodedata.normalize("NFC", text).split()).lower()
    return sum(_pieces(word) for word in _words(cleaned))


def _words(text: str) -> Iterator[str]:
    """Runs of letters, single digits, runs of anything else, and the endings 's, 't, 're, ..."""
    at = 0
    while at < len(text):
        ending = next((each for each in _ENDINGS if text.startswith("'" + each, at)), None)
        if ending is not None:
            yield "'" + ending
            at += 1 + len(ending)
            continue
        kind = _kind(text[at])
        end = at + 1
        if kind in "LO":
            while end < len(text) and _kind(text[end]) == kind:
                end += 1
        if kind != "S":
            yield text[at:end]
        at = end


@functools.lru_cache(maxsize=4096)
def _kind(char: str) -> str:
    """L: letter, N: number, S: space, O: other."""
    if char.isspace():
        return "S"
    category = unicodedata.category(char)[0]
    return category if category in "LN" else "O"


@functools.lru_cache(maxsize=1)
def _ranks() -> dict[tuple[str, str], int]:
    lines = _MERGES.read_text(encoding="utf-8").split("\n")[1:]
    pairs = (line.split(" ") for line in lines if " " in line)
    return {(first, second): rank for rank, (first, second) in enumerate(pairs)}


@functools.lru_cache(maxsize=1)
def _letters() -> dict[int, str]:
    """A visible character for each byte, as the merges are written in."""
    visible = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = [byte for byte in range(256) if byte not in visible]
    return {byte: chr(byte) for byte in visible} | {byte: chr(256 + n) for n, byte in enumerate(hidden)}


@functools.lru_cache(maxsize=16384)
def _pieces(word: str) -> int:
    letters, ranks = _letters(), _ranks()
    parts = [letters[byte] for byte in word.encode("utf-8", "replace")]
    parts[-1] += "</w>"
    while len(parts) > 1:
        best = min(itertools.pairwise(parts), key=lambda pair: ranks.get(pair, len(ranks)))
        if best not in ranks:
            break
        merged, at = [], 0
        while at < len(parts):
            joined = at + 1 < len(parts) and (parts[at], parts[at + 1]) == best
            merged.append(parts[at] + parts[at + 1] if joined else parts[at])
            at += 2 if joined else 1
        parts = merged
    return len(parts)
