"""What files say of themselves, as HTML that follows the page's theme; all of it is escaped."""

from __future__ import annotations

import difflib
import html
import json
import re
from collections.abc import Sequence
from typing import Any

from lib_bootcamp.core.png_info.generation import Generation
from lib_bootcamp.core.png_info.readers.reading import Difference, shown
from lib_bootcamp.errors import BootcampError
from lib_bootcamp.operations.png_info.read import FileInfo
from lib_bootcamp.params import fields_of, has_too_many_values

MOST_SHOWN = 50_000  # characters of one text
MOST_INDENTED = 400_000  # characters of JSON that is laid out before it is shown
FIELDS = "bootcamp-table bootcamp-fields"
MOST_WORDS = 1000  # comparing words takes quadratic time
_WORDS = re.compile(r"\s+|[^\s,]+|,")
_TITLES = {each.name: each.spec.title for each in fields_of(Generation)}


def fields_table(info: FileInfo) -> str:
    """The fields of one file, the texts over the numbers."""
    size = [("File", f"{info.format}, {info.width} x {info.height} px")]
    if info.generation is None:
        return _table((), size)
    fields = info.generation.known_fields()
    extras = fields.pop("extras", {})
    rows = [(_TITLES[name], shown(value)) for name, value in fields.items()]
    return _table((), [*rows, *((name, shown(value)) for name, value in extras.items()), *size])


def files_table(named: Sequence[tuple[str, FileInfo | BootcampError]]) -> str:
    """A row for each of several files."""
    rows = [
        (str(at + 1), name, str(each) if isinstance(each, BootcampError) else each.summary())
        for at, (name, each) in enumerate(named)
    ]
    return _table(("", "File", "Says"), rows, kind="bootcamp-table")


def differences_table(names: tuple[str, str], found: Sequence[Difference]) -> str:
    """The fields in which two files differ; of texts the words that differ are marked."""
    if not found:
        return _note("Their parameters are the same.")
    rows = [(_TITLES.get(each.field, each.field), *_marked(each.first or "", each.second or "")) for each in found]
    head = "".join(f"<th>{html.escape(each)}</th>" for each in ("Field", *names))
    body = "".join(f"<tr><th>{html.escape(name)}</th><td>{a}</td><td>{b}</td></tr>" for name, a, b in rows)
    return _wrapped(f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody>")


def raw_view(info: FileInfo) -> str:
    """All texts of a file as they are; JSON laid out."""
    problems = "".join(_note(each) for each in info.problems)
    if not info.texts:
        return problems + _note("There are no texts in the file.")
    return problems + "".join(_raw(name, text, alone=len(info.texts) == 1) for name, text in info.texts.items())


def _raw(name: str, text: str, *, alone: bool) -> str:
    laid_out = _indented(text)
    cut = laid_out[:MOST_SHOWN]
    more = len(laid_out) - len(cut)
    tail = _note(f"{more:,} more characters are in the .jsonl file below.") if more else ""
    state = " open" if alone else ""
    head = f"<summary>{html.escape(name)} <span>{len(text):,} characters</span></summary>"
    return f'<details class="bootcamp-raw"{state}>{head}<pre>{html.escape(cut)}</pre>{tail}</details>'


def _indented(text: str) -> str:
    if len(text) > MOST_INDENTED or not text.lstrip().startswith(("{", "[")) or has_too_many_values(text):
        return text
    try:
        return json.dumps(json.loads(text), ensure_ascii=False, indent=2)
    except (ValueError, RecursionError):
        return text


def _marked(first: str, second: str) -> tuple[str, str]:
    """Two texts with the words that only one of them has marked, where they have many in common."""
    words: list[list[str]] = [_WORDS.findall(each[:MOST_SHOWN]) for each in (first, second)]
    if max(map(len, words)) > MOST_WORDS:
        return html.escape(first[:MOST_SHOWN]), html.escape(second[:MOST_SHOWN])
    matcher = difflib.SequenceMatcher(None, words[0], words[1], autojunk=False)
    if not first or not second or matcher.ratio() < 0.3:
        return html.escape(first), html.escape(second)
    sides: tuple[list[str], list[str]] = ([], [])
    for kind, a, b, c, d in matcher.get_opcodes():
        for side, part in zip(sides, (words[0][a:b], words[1][c:d]), strict=True):
            text = html.escape("".join(part))
            side.append(text if kind == "equal" or not text else f"<mark>{text}</mark>")
    return "".join(sides[0]), "".join(sides[1])


def _table(head: Sequence[str], rows: Sequence[Sequence[Any]], kind: str = FIELDS) -> str:
    """A table; without a head the first cell of each row is one."""
    top = "".join(f"<th>{html.escape(each)}</th>" for each in head)
    body = "".join(f"<tr>{_cells(row, headed=not head)}</tr>" for row in rows)
    return _wrapped((f"<thead><tr>{top}</tr></thead>" if head else "") + f"<tbody>{body}</tbody>", kind)


def _cells(row: Sequence[Any], *, headed: bool) -> str:
    texts = [str("" if each is None else each) for each in row]
    cut = [each if len(each) <= MOST_SHOWN else f"{each[:MOST_SHOWN]}…" for each in texts]
    return "".join(
        f"<{kind}>{html.escape(each)}</{kind}>"
        for at, each in enumerate(cut)
        for kind in ["th" if headed and not at else "td"]
    )


def _wrapped(table: str, kind: str = FIELDS) -> str:
    return f'<div class="{kind}"><table>{table}</table></div>'


def _note(text: str) -> str:
    return f'<p class="bootcamp-note">{html.escape(text)}</p>'
