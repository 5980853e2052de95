"""Choose captions and change many at once: pure functions of texts.

A caption's tags are its parts between separators. A caption may have several lines, of which a trainer takes one: each
is edited by itself, and there are as many afterwards. A line whose tags an edit leaves alone is left alone too, space
and all; a separator at its end stays there.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from lib_bootcamp.errors import InvalidParamError

from .caption_lines import each_line, has_break, parts_of, with_endings_of
from .tags import evenly_spaced, tags_of, written_tags

At: TypeAlias = Literal["first", "last", "position"]
Order: TypeAlias = Literal["keep", "alphabetical", "frequency"]
MISSING = "<missing>"
MAX_CHARACTERS = 16_384
"""The longest caption that an edit makes."""
_PARTS = re.compile(r'\\(.)|"([^"]*)"|([,|!])', re.DOTALL)
Test: TypeAlias = Callable[["str | None", "frozenset[str]"], bool]


def tag_form(tag: str) -> str:
    """What tags are compared by: case and the space around and between words do not matter."""
    return evenly_spaced(tag).casefold()


def pattern_of(tag: str) -> Callable[[str], bool]:
    """Whether a compared form is this tag; `*` stands for anything."""
    wanted = tag_form(tag)
    if "*" not in wanted:
        return lambda form: form == wanted
    # Parts are looked for one after the other: no pattern can take long.
    head, *middle, tail = wanted.split("*")

    def fits(form: str) -> bool:
        if len(form) < len(head) + len(tail) or not form.startswith(head) or not form.endswith(tail):
            return False
        at, end = len(head), len(form) - len(tail)
        for part in middle:
            at = form.find(part, at, end)
            if at < 0:
                return False
            at += len(part)
        return True

    return fits


def any_pattern_of(tags: Iterable[str]) -> Callable[[str], bool]:
    """Whether a compared form is one of these tags; those without `*` are looked up and not tried one by one."""
    given = list(tags)
    plain = frozenset(tag_form(tag) for tag in given if "*" not in tag)
    starred = [pattern_of(tag) for tag in given if "*" in tag]
    return lambda form: form in plain or any(fits(form) for fits in starred)


class Where:
    """Which captions are meant.

    `dog, !cat` has the tag dog and not the tag cat; `red | blue` has one of them; `*hair` has a tag that ends so;
    `"on grass"` has these words anywhere; `<missing>` has no caption. A backslash takes a sign's meaning away.

    Args:
        text: the question; empty: all captions.
        separator: what stands between tags.
    Raises:
        InvalidParamError: a part is empty or a quotation mark is not closed.
    """

    def __init__(self, text: str, separator: str = ",") -> None:
        self._separator = separator
        self._all = [_any_of(term) for term in _terms(text)]

    def holds(self, caption: str | None) -> bool:
        """Whether a caption is meant; None is a caption that is not there."""
        forms = frozenset(map(tag_form, tags_of(caption or "", self._separator)))
        return all(test(caption, forms) for test in self._all)


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    """Letters, quotations and signs in order, each with its kind."""
    at = 0
    while at < len(text):
        match = _PARTS.match(text, at)
        if match is None and text[at] == '"':
            raise InvalidParamError("where", "has a quotation mark that is not closed")
        if match is None:
            yield "letter", text[at]
            at += 1
            continue
        at = match.end()
        escaped, words, sign = match.groups()
        yield ("letter", escaped) if escaped else ("quotation", words) if sign is None else (sign, sign)


def _terms(text: str) -> list[list[Test]]:
    """The terms between commas, each a list of alternatives."""
    if not text.strip():
        return []
    terms: list[list[list[tuple[str, str]]]] = [[[]]]
    for kind, value in _tokens(text):
        if kind == ",":
            terms.append([[]])
        elif kind == "|":
            terms[-1].append([])
        else:
            terms[-1][-1].append((kind, value))
    return [[_test(tokens) for tokens in term] for term in terms]


def _test(tokens: list[tuple[str, str]]) -> Test:
    negated = False
    while tokens and (tokens[0][0] == "!" or tokens[0][1].isspace()):
        negated ^= tokens[0][0] == "!"
        tokens = tokens[1:]
    quoted = [value.casefold() for kind, value in tokens if kind == "quotation"]
    word = "".join(value for kind, value in tokens if kind != "quotation").strip()
    if quoted and (word or len(quoted) > 1):
        raise InvalidParamError("where", "has something beside a quotation", hint="put a comma or a | between them")
    if quoted:
        return lambda caption, _: (quoted[0] in (caption or "").casefold()) != negated
    if not word:
        raise InvalidParamError("where", "has an empty part", hint="write tags between commas, like dog, !cat")
    if word == MISSING:
        return lambda caption, _: (not caption) != negated
    fits = pattern_of(word)
    return lambda _, forms: any(map(fits, forms)) != negated


def _any_of(tests: Sequence[Test]) -> Test:
    return lambda caption, forms: any(test(caption, forms) for test in tests)


@dataclass(frozen=True, kw_only=True)
class Edit:
    """Changes of one caption, taken in the order of these fields.

    Args:
        text: takes the place of the whole caption, if it is not None.
        replace_text: new words for old ones, wherever they stand.
        rename: new tags for old ones, in their place; a new one that is empty takes the tag out.
        remove: tags that are taken out; `*` stands for anything.
        add: tags that are put in where they are not there yet.
        at: where they are put.
        position: their place from 0, where `at` says so.
        dedupe: tags that were there before are taken out.
        order: how tags are sorted.
        keep_first: so many tags keep their place when the others are sorted.
        counts: how often each tag is in the data set, for the order by frequency.
        separator: what stands between tags.
        new_separator: what shall stand between them, if it is not None.
    """

    text: str | None = None
    replace_text: Mapping[str, str] = field(default_factory=dict)
    rename: Mapping[str, str] = field(default_factory=dict)
    remove: Sequence[str] = ()
    add: Sequence[str] = ()
    at: At = "last"
    position: int = 0
    dedupe: bool = False
    order: Order = "keep"
    keep_first: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    separator: str = ","
    new_separator: str | None = None

    def apply(self, caption: str) -> str:
        """The caption after the edit.

        Raises:
            InvalidParamError: it would be longer than 16,384 characters.
        """
        made = caption.strip() if self.text is None else with_endings_of(caption, self.text.strip())
        made = self._line(made) if has_break(self.separator) or not made else each_line(made, self._line)
        if len(made) > MAX_CHARACTERS:
            raise InvalidParamError(
                "edit", f"makes a caption of more than {MAX_CHARACTERS:,} characters", hint="make it shorter"
            )
        return made

    def _line(self, line: str) -> str:
        made = line
        for old, new in self.replace_text.items():
            made = made.replace(old, new)
        before = written_tags(made, self.separator)
        kept = self._removed(self._renamed(before))
        new_tags = self._new(kept)
        tags = self._sorted(self._deduped(self._added(kept, new_tags)))
        if tags != before or self.new_separator is not None or self._gaps(made) > self._gaps(line):
            separator = self.separator if self.new_separator is None else self.new_separator
            end = separator.rstrip() if self._ends_open(made) and tags and tags[-1] not in new_tags else ""
            made = joined(tags, separator) + end
        return made.strip()

    def changes_anything(self) -> bool:
        """Whether there is something to do at all."""
        plain = Edit(separator=self.separator, at=self.at, position=self.position, keep_first=self.keep_first)
        return self != replace(plain, counts=self.counts)

    @functools.cached_property
    def _new_of(self) -> dict[str, str]:
        return {tag_form(old): new for old, new in self.rename.items()}

    @functools.cached_property
    def _is_removed(self) -> Callable[[str], bool]:
        return any_pattern_of(self.remove)

    def _renamed(self, tags: list[str]) -> list[str]:
        if not self.rename:
            return tags
        new_of = self._new_of
        return [tag for each in tags for tag in written_tags(new_of.get(tag_form(each), each), self.separator)]

    def _removed(self, tags: list[str]) -> list[str]:
        return [tag for tag in tags if not self._is_removed(tag_form(tag))]

    def _new(self, tags: list[str]) -> list[str]:
        """What is to be added and is not there yet."""
        there = set(map(tag_form, tags))
        added = (tag for each in self.add for tag in tags_of(each, self.separator) if tag_form(tag) not in there)
        return list(dict.fromkeys(added))

    def _added(self, tags: list[str], new: list[str]) -> list[str]:
        place = {"first": 0, "last": len(tags), "position": min(self.position, len(tags))}[self.at]
        return [*tags[:place], *new, *tags[place:]]

    def _gaps(self, line: str) -> int:
        """How many tags between separators are empty."""
        return sum(not part.strip() for part in parts_of(line, self.separator)) if line else 0

    def _ends_open(self, line: str) -> bool:
        """Whether a separator stands at the end, as some taggers leave it."""
        return not self.separator.isspace() and line.rstrip().endswith(self.separator.rstrip())

    def _deduped(self, tags: list[str]) -> list[str]:
        first: dict[str, str] = {}
        for tag in tags:
            first.setdefault(tag_form(tag), tag)
        return list(first.values()) if self.dedupe else tags

    def _sorted(self, tags: list[str]) -> list[str]:
        if self.order == "keep":
            return tags
        kept, rest = tags[: self.keep_first], tags[self.keep_first :]
        if self.order == "alphabetical":
            return [*kept, *sorted(rest, key=lambda tag: (tag_form(tag), tag))]
        return [*kept, *sorted(rest, key=lambda tag: (-self.counts.get(evenly_spaced(tag), 0), tag_form(tag), tag))]


def joined(tags: Sequence[str], separator: str) -> str:
    """Tags as one caption: a comma is followed by a space, and so is any separator that begins with none."""
    if separator.isspace() or separator.endswith(" "):
        return separator.join(tags)
    return f"{separator} ".join(tags)


def arrows(name: str, pairs: Sequence[str]) -> dict[str, str]:
    """`old => new` in each text.

    Raises:
        InvalidParamError: a text has no arrow, nothing before it, several lines, or an old one is named twice.
    """
    made: dict[str, str] = {}
    for pair in pairs:
        if has_break(pair.strip()):
            raise InvalidParamError(
                name, f"has a line's end in {pair.strip()[:60]!r}", hint="captions are edited line by line"
            )
        old, arrow, new = pair.partition("=>")
        if not arrow or not old.strip():
            raise InvalidParamError(name, f"must be like old => new, which {pair[:60]!r} is not")
        if old.strip() in made:
            raise InvalidParamError(name, f"names {old.strip()[:60]!r} twice", hint="name each once")
        made[old.strip()] = new.strip()
    return made
