"""The words of a data set's captions: tags, how often each is there, and which are one tag written in two ways."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping

from .caption_lines import has_break, lines_of, parts_of
from .report import PairCount

_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_LONGEST_COMPARED = 40
_MOST_COMPARED = 20_000
SENTENCE_WORDS = 6
"""A part between commas of more words than this is a sentence and no tag."""


def tags_of(caption: str, separator: str = ",") -> list[str]:
    """The parts of a caption between separators, in order, their words one space apart; empty ones are left out.

    The end of a line is the end of a tag. What kohya's `{a, b|c}` holds is one tag.
    """
    return [evenly_spaced(tag) for tag in written_tags(caption, separator)]


def evenly_spaced(tag: str) -> str:
    """A tag with its words one space apart."""
    return " ".join(tag.split())


def written_tags(caption: str, separator: str = ",") -> list[str]:
    """As `tags_of`, with whatever space they have inside."""
    lines = [caption] if has_break(separator) else lines_of(caption)
    return [tag for line in lines for part in parts_of(line, separator) if (tag := part.strip())]


def words_of(caption: str) -> list[str]:
    """The words of a caption."""
    return _WORD.findall(caption)


def count_tags(captions: Iterable[str], separator: str = ",") -> Counter[str]:
    """In how many captions each tag is; one that is twice in a caption counts once."""
    counted: Counter[str] = Counter()
    for caption in captions:
        counted.update(list(dict.fromkeys(tags_of(caption, separator))))
    return counted


def plain_form(tag: str) -> str:
    """What tags are compared by: `Long_Hair` and `long hair` are alike."""
    return " ".join(re.split(r"[\s_-]+", tag.casefold().strip(" _-.")))


def similar_tags(counted: Mapping[str, int], *, most: int = 200) -> list[PairCount]:
    """Pairs of tags that differ by case, by underscores, or by one letter: typing mistakes, mostly.

    One letter (added, lost, changed, or two of them swapped) counts from five letters on, never where it is a digit
    (`1girl` and `2girl` are two tags), and only where one of the two is rare beside the other (`shirt` and `skirt` are
    two tags). Found by what is left when one letter is taken out, so that the work grows with the number of tags and
    not with its square.

    Args:
        counted: how often each tag is there.
        most: pairs that are given, those of the most frequent tags first.
    """
    tags = sorted(counted, key=lambda tag: (-counted[tag], tag))[:_MOST_COMPARED]
    by_form: dict[str, list[str]] = {}
    for tag in tags:
        if len(tag) <= _LONGEST_COMPARED and len(words_of(tag)) <= SENTENCE_WORDS:
            by_form.setdefault(plain_form(tag), []).append(tag)
    found = {(same[0], other) for same in by_form.values() for other in same[1:]}
    by_rest: dict[str, list[str]] = {}
    for form in by_form:
        for at in range(-1, len(form)) if len(form) >= 5 else ():
            by_rest.setdefault(form if at < 0 else form[:at] + form[at + 1 :], []).append(form)
    for forms in by_rest.values():
        for at, one in enumerate(forms[:40]):
            for other in forms[at + 1 : 40]:
                pair = sorted((by_form[one][0], by_form[other][0]), key=lambda tag: (-counted[tag], tag))
                if one != other and _is_rare(counted[pair[1]], counted[pair[0]]) and _one_slip(one, other):
                    found.add((pair[0], pair[1]))
    pairs = [
        PairCount(rare=rare, rare_count=counted[rare], common=common, common_count=counted[common])
        for common, rare in found
    ]
    pairs.sort(key=lambda pair: (-pair.common_count, pair.common, pair.rare))
    return pairs[:most]


def _is_rare(rare: int, common: int) -> bool:
    return rare == 1 or rare * 5 <= common


def _one_slip(one: str, other: str) -> bool:
    """Whether two texts differ by one letter added, lost or changed, or by two neighbors swapped; digits are none."""
    if len(one) > len(other):
        one, other = other, one
    start = 0
    while start < len(one) and one[start] == other[start]:
        start += 1
    end = 0
    while end < len(one) - start and one[len(one) - 1 - end] == other[len(other) - 1 - end]:
        end += 1
    left, right = one[start : len(one) - end], other[start : len(other) - end]
    if any(not char.isalpha() for char in left + right):
        return False
    if len(other) - len(one) == 1:
        return not left and len(right) == 1
    return len(one) == len(other) and (len(left) <= 1 or (len(left) == 2 and left == right[::-1]))
