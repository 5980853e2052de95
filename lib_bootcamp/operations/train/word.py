"""The word that an embedding becomes: what it may be called, and that every caption holds it before the first step."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from lib_bootcamp.core.datasets.caption_lines import lines_of
from lib_bootcamp.core.text.valid_text import valid_text
from lib_bootcamp.core.training.captions import holds
from lib_bootcamp.core.training.examples import Found
from lib_bootcamp.errors import InvalidParamError

from .train_settings import TrainParams
from .trainer_settings import wording_of

_NAME = re.compile(r"[\w .-]+")
"""What A1111 leaves of an embedding's name: other signs are read as something else in a prompt."""

_OPERATORS = frozenset({"BREAK", "AND"})
"""Words that divide a prompt, where they are in capital letters."""


def refuse_unreadable_name(params: TrainParams) -> None:
    """Refuse a name that no prompt could call as a word.

    Raises:
        InvalidParamError: an embedding is trained, and its name has other signs than letters, digits, blanks and `.-_`,
            or is one of the words that divide a prompt.
    """
    if params.method != "embedding":
        return
    if params.name in _OPERATORS:
        raise InvalidParamError("name", f"cannot be {params.name}: prompts read it as a sign", hint="give another one")
    if not _NAME.fullmatch(params.name):
        raise InvalidParamError(
            "name",
            f"must have letters, digits, blanks and . - _ alone where it is an embedding's: {params.name[:100]!r}",
            hint="prompts read other signs as weights",
        )


def refuse_captions_without_word(params: TrainParams, found: Found, tokenizer: Any) -> None:
    """Refuse captions that an embedding could learn nothing from, since its word is not in them.

    Args:
        params: of the training.
        found: the pictures.
        tokenizer: of the text encoder.
    Raises:
        InvalidParamError: the template has no [name], and captions do not hold it either; or it is cut off.
    """
    if params.method != "embedding":
        return
    import torch

    from lib_bootcamp.ml.diffusion.words import Word
    from lib_bootcamp.ml.training.texts import is_heard

    wording, word = wording_of(params), Word(params.name, {"text_encoder": torch.zeros(params.vectors, 1)})
    as_given = replace(wording, word=False)
    missing, unheard = [], []
    for each in found.own:
        lines = lines_of(each.caption) or [""]
        if params.template and "[name]" not in params.template:
            missing += [each.path for line in lines if not holds(as_given.whole(line), params.name)][:1]
        unheard += [each.path for line in lines if not is_heard(word, wording.whole(line), tokenizer)][:1]
    if missing:
        verb = "does" if len(missing) == 1 else "do"
        raise InvalidParamError(
            "template",
            f"has no [name], and {len(missing):,} of {len(found.own):,} captions {verb} not hold "
            f"{params.name} either: nothing would be learned from them",
            hint="write [name] into it",
        )
    if unheard:
        raise InvalidParamError(
            "template",
            f"puts {params.name} where the text encoder does not find it as a word in the caption of "
            f"{valid_text(unheard[0].name)}, of {len(unheard):,} in all",
            hint="write [name] at its beginning, with a blank or a comma after it",
        )
