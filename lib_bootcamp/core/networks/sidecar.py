"""The text that the WebUI keeps beside a LoRA: `NAME.json`, which its cards show and edit.

Source: A1111 1.10.1, `extensions-builtin/Lora/ui_edit_user_metadata.py`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from .numbers import finite

_VERSIONS: dict[str, str] = {"sd_v1": "SD1", "sd_v2": "SD2", "sd_v2_v": "SD2", "sdxl_base_v1-0": "SDXL"}


@dataclass(frozen=True, kw_only=True)
class Sidecar:
    """What a card of the WebUI says of a LoRA.

    Args:
        activation_text: put into the prompt with its tag.
        preferred_weight: put into the tag; 0 for the WebUI's own default.
        sd_version: `SD1`, `SD2`, `SDXL` or `Unknown`.
        notes: for people.
    """

    activation_text: str = ""
    preferred_weight: float = 0.0
    sd_version: str = "Unknown"
    notes: str = ""

    def to_bytes(self) -> bytes:
        """The file's content."""
        found = {
            "activation text": self.activation_text,
            "preferred weight": self.preferred_weight,
            "sd version": self.sd_version,
            "notes": self.notes,
        }
        return json.dumps(found, ensure_ascii=False, indent=4).encode("utf-8")


def webui_version(base: str) -> str:
    """A base (`metadata.LoraBase`) as the WebUI's cards call it."""
    return _VERSIONS.get(base, "Unknown")


def read_sidecar(data: bytes) -> Sidecar:
    """Read such a file; what is not there or of another kind has its default."""
    try:
        found: Any = json.loads(data)
    except (ValueError, RecursionError):
        found = None
    given = found if isinstance(found, dict) else {}
    texts = {name: given.get(key) for name, key in _TEXTS.items()}
    return Sidecar(
        preferred_weight=finite(given.get("preferred weight")) or 0.0,
        **{name: value for name, value in texts.items() if isinstance(value, str)},
    )


_TEXTS = {"activation_text": "activation text", "sd_version": "sd version", "notes": "notes"}
