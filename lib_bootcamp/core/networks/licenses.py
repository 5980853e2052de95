"""Licenses of a network and of what it was made from: the hub's names of them, what they forbid, where they disagree.

Source: the hub's list of licenses (huggingface.co/docs/hub/repositories-licenses); what they allow is read here in no
lawyer's sense: a sentence to look at, and a door that is closed by default.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

MOST_CHARACTERS = 200
MOST_JUDGED = 400
"""A longer text is no name of a license: a person has to read it. Files carry at most 500 characters on."""
_NAMES: dict[str, tuple[str, ...]] = {
    "creativeml-openrail-m": ("creativeml-openrail", "creativeml-open-rail-m"),
    "openrail++": ("creativeml-openrail++-m", "openrail++-m", "creativeml-open-rail++-m"),
    "openrail": ("openrail-m",),
    "bigscience-openrail-m": (),
    "apache-2.0": ("apache", "apache-2", "apache-license-2.0"),
    "mit": (),
    "unlicense": ("the-unlicense",),
    "wtfpl": (),
    "gpl-3.0": ("gpl-3", "gplv3"),
    "agpl-3.0": ("agpl-3", "agplv3"),
    "cc0-1.0": ("cc0", "public-domain"),
    **{f"cc-{kind}-4.0": (f"cc-{kind}",) for kind in ("by", "by-sa", "by-nc", "by-nc-sa", "by-nd", "by-nc-nd")},
}
_BY_TEXT = {re.sub(r"[^a-z0-9+]", "", each): name for name, others in _NAMES.items() for each in (name, *others)}
_FORBIDS = re.compile(
    r"no[ -]?deriv|\bnd\b|all rights reserved|\bproprietary\b|\bconfidential\b|(?:internal|personal|private) use only"
    r"|(?:no|not (?:be|for)|(?:do|must|may|can|shall) ?not|(?:do|must|shall)n'?t|can'?t|never|without) "
    r"(?:be )?(?:re-?)?(?:distribut|shar|upload|publish)"
    r"|(?:distributi|shari|uploadi|publishi)\w* (?:is|are) (?:not (?:allowed|permitted)|prohibited|forbidden)",
    re.IGNORECASE,
)


def hub_license(text: str) -> str:
    """The hub's short name of a license, however it is written; empty where it is none that the hub knows."""
    lower = text[:MOST_CHARACTERS].lower()
    return _BY_TEXT.get(re.sub(r"[^a-z0-9+]", "", re.sub(r"\b(?:the|licen[cs]ed?)\b", "", lower)), "")


def forbids_sharing(text: str) -> bool:
    """Whether a license's text forbids to hand on what is made from its work."""
    return _FORBIDS.search(text) is not None


def is_long(text: str) -> bool:
    """Whether a license is a text of its own, which may forbid anything in its middle."""
    return len(text) > MOST_JUDGED


def disagreements(stated: Mapping[str, str]) -> list[str]:
    """A sentence where sources do not state the same license, and one for each that forbids sharing.

    Args:
        stated: who states it ("the file"), and the license in its words; those that state none are left out.
    """
    given = {who: text for who, text in stated.items() if text}
    names = {hub_license(text) or " ".join(text.lower().split()) for text in given.values()}
    found = []
    if len(names) > 1:
        what = ", ".join(f"{text[:MOST_CHARACTERS]} by {who}" for who, text in given.items())
        found.append(f"The licenses disagree: {what}.")
    for who, text in given.items():
        if is_long(text):
            found.append(f"The license by {who} is a long text that is not judged here: read it before you share.")
        if forbids_sharing(text):
            found.append(f"The license by {who} ({text[:MOST_CHARACTERS]}) forbids sharing what is made from it.")
    return found
