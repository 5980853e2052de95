"""How an interrogation words what it found.

Source: `interrogate_classic`, `interrogate_fast` and `_truncate_to_fit` of clip-interrogator 0.6.0 (MIT); a caption
may be missing here, and so may a label of an empty table.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

SEPARATOR = ", "


def classic_prompt(caption: str, medium: str, artist: str, others: Sequence[str]) -> str:
    """The caption, what the picture is and by whom, then the rest.

    Args:
        caption: a sentence, or empty.
        medium: left out where the caption begins with it.
        artist: `by ...`.
        others: trending, movement and flavors, in this order.
    """
    if caption.startswith(medium):
        head = " ".join(filter(None, (caption, artist)))
    else:
        head = SEPARATOR.join(filter(None, (caption, " ".join(filter(None, (medium, artist))))))
    return SEPARATOR.join([*filter(None, (head,)), *others])


def joined(caption: str, labels: Sequence[str]) -> str:
    """The caption, where there is one, and the labels."""
    return SEPARATOR.join([caption, *labels] if caption else labels)


def truncated(text: str, is_full: Callable[[str], bool]) -> str:
    """As many of a text's parts as the model has places for tokens.

    Args:
        text: parts separated by a comma and a space.
        is_full: whether a text takes the last place.
    """
    parts = text.split(SEPARATOR)
    kept = parts[0]
    for part in parts[1:]:
        if is_full(kept + part):  # without the comma, as clip-interrogator asks it
            break
        kept += SEPARATOR + part
    return kept
