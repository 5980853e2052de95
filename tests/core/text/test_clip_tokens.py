"""CLIP's tokens, counted without torch."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from lib_bootcamp.core.text.clip_tokens import count_tokens

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", 0),
        ("   \n", 0),
        ("a red circle", 3),
        ("A RED   circle", 3),
        ("a, b", 3),
        ("2023", 4),  # each digit is a token of its own
        ("it's", 2),
    ],
)
def test_tokens_counted_by_hand(text: str, tokens: int) -> None:
    assert count_tokens(text) == tokens


@pytest.mark.thorough
def test_the_count_is_transformers_own_on_anything() -> None:
    transformers = pytest.importorskip("transformers")
    tokenizer = getattr(transformers, "CLIPTokenizerFast", transformers.CLIPTokenizer).from_pretrained(
        str(ROOT / "models" / "mini-sd" / "tokenizer")
    )
    rng = random.Random(3)
    texts = ["1girl, long_hair, :d, don't, 8k ² ½ é", "naïve café — “quotes” &amp;", "漢字カナ", "e\u0301t\u00e9"]
    for _ in range(300):
        letters = [chr(rng.choice((rng.randrange(32, 127), rng.randrange(160, 0x600)))) for _ in range(30)]
        texts.append("".join(letters))
    wrong = [each for each in texts if count_tokens(each) != len(tokenizer(each)["input_ids"]) - 2]
    assert wrong == []
