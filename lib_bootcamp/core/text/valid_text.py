"""Texts that every reader of UTF-8 takes: names of files may hold bytes that are no text."""

from __future__ import annotations


def valid_text(text: str) -> str:
    """The text with a question mark for each lone surrogate, which stands for a byte of a name that is no text."""
    return text.encode("utf-8", "replace").decode("utf-8")
