"""Compose a caption of what a model found: words replaced, tags left out and added, order, trigger word, existing text.

Pure functions of texts. A caption's tags are its parts between separators; what tags are compared by (case, space and
backslashes do not matter) is that of the caption editor.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from lib_bootcamp.core.text.clip_tokens import MAX_TOKENS, count_tokens

from .caption_edit import MAX_CHARACTERS, any_pattern_of, joined, tag_form
from .caption_files import CaptionError
from .caption_lines import each_line, has_break, lines_of
from .tags import tags_of

Existing: TypeAlias = Literal["skip", "overwrite", "append", "prepend"]
Order: TypeAlias = Literal["score", "alphabetical", "listed"]
Found: TypeAlias = "tuple[str, float]"
_UNESCAPED = re.compile(r"(?<!\\)([()])")
LONGEST_EMOTICON = 3
"""Up to so many characters an underscore is part of a face such as ^_^ and stays (kohya's tagger does the same)."""


def chosen(scores: Sequence[Found], threshold: float, most: int | None) -> list[Found]:
    """The labels that reach a threshold, in the order of the scores given, at most so many of the best."""
    good = [each for each in scores if each[1] >= threshold]
    if most is None or len(good) <= most:
        return good
    best = sorted(range(len(good)), key=lambda at: (-good[at][1], at))[:most]
    return [good[at] for at in sorted(best)]


@dataclass(frozen=True, kw_only=True)
class Wording:
    """How a caption is worded; steps are taken in the order of these fields.

    Args:
        order: of what was found: best first, by the alphabet, or as it was listed.
        spaces: underscores become spaces, but for faces such as ^_^.
        replace_text: new words for old ones, wherever they stand.
        rename: new tags for old ones, whole tags only; an empty one takes the tag out.
        never: tags that are left out; `*` stands for anything.
        always: tags that come last where they are not there yet.
        dedupe: of tags that are alike the first one stays.
        escape: parentheses get a backslash, as A1111's prompts need it.
        separator: what stands between tags.
        prefix, suffix: texts around what was found; not where nothing was.
        trigger: comes first, once.
    """

    order: Order = "score"
    spaces: bool = False
    replace_text: Mapping[str, str] = field(default_factory=dict)
    rename: Mapping[str, str] = field(default_factory=dict)
    never: Sequence[str] = ()
    always: Sequence[str] = ()
    dedupe: bool = True
    escape: bool = False
    separator: str = ","
    prefix: str = ""
    suffix: str = ""
    trigger: str = ""

    def compose(self, found: Sequence[Found], existing: str = "", how: Existing = "overwrite") -> str:
        """The caption; empty where there is nothing to say.

        Args:
            found: each text with its score; a text with separators is several tags.
            existing: the caption that is there.
            how: `append` and `prepend` keep it, and each of its lines gets what is new to it; the others do not.
        Raises:
            CaptionError: it would be longer than 16,384 characters.
        """
        kept = existing.strip() if how in ("append", "prepend") else ""
        tags = self._added(self._worded(self._ordered(found)))
        if kept and not has_break(self.separator):
            made = each_line(kept, lambda line: self._line(tags, line, how))
        else:
            made = self._line(tags, kept, how)
        if len(made) > MAX_CHARACTERS:
            raise CaptionError(
                f"The caption would have more than {MAX_CHARACTERS:,} characters", hint="give fewer words."
            )
        return made

    def _line(self, tags: list[str], kept: str, how: Existing) -> str:
        """One line of the caption that is there, with what is new to it."""
        kept = self._without_trigger(kept)
        if self.dedupe:
            there = {_form(tag) for text in (kept, self.trigger) for tag in tags_of(text, self._mark)}
            first: dict[str, str] = {}
            for tag in tags:
                first.setdefault(_form(tag), tag)
            tags = [tag for form, tag in first.items() if form not in there]
        body = joined([_UNESCAPED.sub(r"\\\1", tag) if self.escape else tag for tag in tags], self.separator)
        new = _one_line(f"{self.prefix}{body}{self.suffix}") if body else ""
        parts = [_one_line(self.trigger), *([new, kept] if how == "prepend" else [kept, new])]
        return self._together([each for each in parts if each])

    def _together(self, parts: list[str]) -> str:
        """Parts with one separator between them, whatever stands at their own ends."""
        made = parts[0] if parts else ""
        for part in parts[1:]:
            before, after = self._without_marks(made, at_end=True), self._without_marks(part, at_end=False)
            made = joined([each for each in (before, after) if each], self.separator)
        return made

    def _without_marks(self, text: str, *, at_end: bool) -> str:
        mark = self._mark
        while mark.strip() and (text.endswith(mark) if at_end else text.startswith(mark)):
            text = (text[: -len(mark)] if at_end else text[len(mark) :]).strip()
        return text

    @functools.cached_property
    def _new_of(self) -> dict[str, str]:
        return {_form(old): new for old, new in self.rename.items()}

    @functools.cached_property
    def _is_never(self) -> Callable[[str], bool]:
        return any_pattern_of(self.never)

    @property
    def _mark(self) -> str:
        """What tags are split at."""
        return self.separator.strip() or self.separator

    def _without_trigger(self, text: str) -> str:
        """A caption without the trigger word at its head, so that it is there once."""
        trigger = self.trigger.strip()
        if not trigger or text[: len(trigger)].casefold() != trigger.casefold():
            return text
        rest = text[len(trigger) :]
        if rest.lstrip().startswith(self._mark):
            return rest.lstrip()[len(self._mark) :].strip()
        return rest.strip() if not rest or rest[0].isspace() else text  # else it begins a longer word

    def _ordered(self, found: Sequence[Found]) -> list[str]:
        if self.order == "score":
            found = sorted(found, key=lambda each: -each[1])
        tags = [tag for text, _ in found for tag in tags_of(_one_line(text), self._mark)]
        return sorted(tags, key=lambda tag: (_form(tag), tag)) if self.order == "alphabetical" else tags

    def _worded(self, tags: list[str]) -> list[str]:
        made = []
        for tag in tags:
            worded = tag.replace("_", " ") if self.spaces and len(tag) > LONGEST_EMOTICON else tag
            for old, new in self.replace_text.items():
                worded = worded.replace(old, new)
            made += tags_of(self._new_of.get(_form(worded), worded), self._mark)
        return [tag for tag in made if not self._is_never(_form(tag))]

    def _added(self, tags: list[str]) -> list[str]:
        there = set(map(_form, tags))
        always = dict.fromkeys(tag for each in self.always for tag in tags_of(each, self._mark))
        return [*tags, *(tag for tag in always if _form(tag) not in there)]


def _one_line(text: str) -> str:
    """A picture's description is one caption: a line more would be another one beside it."""
    return " ".join(text.splitlines()).strip()


def _form(tag: str) -> str:
    return tag_form(tag.replace("\\", ""))


def longest_tokens(caption: str) -> int:
    """CLIP's tokens of a caption, of several lines those of the longest: a trainer takes one of them."""
    return max(map(count_tokens, lines_of(caption)), default=0)


def token_warning(text: str) -> str:
    """The warning about a caption that does not fit into one pass of the text encoder; empty where it does."""
    count = longest_tokens(text)
    if count <= MAX_TOKENS:
        return ""
    return f"The caption has {count} tokens; trainers cut it after {MAX_TOKENS} unless they are set otherwise."
