"""What the WebUI's ui-config.json keeps under labels and names of the versions before, under those of this one.

The section had a component for each field, and has one text for all of them (`form_fields`).

The WebUI knows a component by `customscript/<source>/<tab>/<label>/<what>`; the source is `bootcamp.py` for the section
and the component's id for our own tab. Source: modules/ui_loadsave.py of AUTOMATIC1111 1.10.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

SECTION, TAB = "customscript/bootcamp.py/", "customscript/bootcamp_"
_MARK = "customscript/bootcamp"
ENABLED_LABEL, TEXT_LABEL = "Bootcamp", " values"
VALUES_LABEL = f"{ENABLED_LABEL}{TEXT_LABEL}"


def keep_section_defaults(file: Path | None) -> None:
    """Rewrite what the file keeps of the section under old keys; one that is missing, or no JSON, is left as it is."""

    def change(saved: Mapping[str, Any]) -> Mapping[str, Any]:
        if not any(is_of_before(each) for each in saved):
            return saved  # every start but the first comes here, and reads no declarations
        from .old_defaults import section_as_text

        return section_as_text(saved)

    _rewrite(file, change)


def is_of_before(key: str) -> bool:
    """Whether a key is the section's of a version that had a component for each field."""
    label = label_of_key(key)
    return key.startswith(SECTION) and label != ENABLED_LABEL and not label.endswith(TEXT_LABEL)


def keep_tab_defaults(file: Path | None) -> None:
    """The same for the fields of our tab, whose page is built late; needs every operation."""
    from .old_defaults import under_current_labels

    _rewrite(file, under_current_labels)


def _rewrite(file: Path | None, change: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> None:
    if file is None:
        return
    try:
        text = file.read_text(encoding="utf-8")
        saved = json.loads(text) if _MARK in text else None
    except (OSError, ValueError):
        return
    if isinstance(saved, dict) and (now := change(saved)) != saved:
        from lib_bootcamp.core.files.atomic import write_atomically

        write_atomically(file, json.dumps(now, indent=4, ensure_ascii=False).encode("utf-8"))


def label_of_key(key: str) -> str:
    """The label in `customscript/bootcamp.py/txt2img/<label>/value`; a label may have a slash in it."""
    return "/".join(key.removeprefix(SECTION).split("/")[1:-1])


def tab_of(key: str) -> str:
    """The tab in it, `txt2img` or `img2img`."""
    return key.removeprefix(SECTION).split("/")[0]
