"""A LoRA where prompts find it: its file, beside it the picture and the text of the WebUI's card.

Source: A1111 1.10.1, `modules/ui_extra_networks.py` (`NAME.png` is the card's picture) and
`extensions-builtin/Lora/ui_edit_user_metadata.py` (`NAME.json` its text).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from lib_bootcamp.core.files.folders import is_there
from lib_bootcamp.core.files.inside import Inside
from lib_bootcamp.core.files.together import write_together
from lib_bootcamp.errors import InvalidParamError

from .file_names import ENDING

CARD, PREVIEW = ".json", ".png"


def put(inside: Inside, name: str, parts: Mapping[str, bytes], *, replace: bool) -> list[Path]:
    """Write the parts of a LoRA into a folder, the network last: where that cannot be written, nothing is left.

    Args:
        inside: the folder.
        name: without an ending.
        parts: bytes by ending: `ENDING`, `PREVIEW`, `CARD`.
        replace: whether files of the name may be there already.
    Returns:
        what was written.
    Raises:
        InvalidParamError: the name is taken.
        LeadsOutError, StorageError, OutputError: as `Inside.write`.
    """
    paths = {ending: inside.root / f"{name}{ending}" for ending in parts}
    taken = [path.name for path in paths.values() if is_there(path)]
    if taken and not replace:
        raise InvalidParamError("name", f"is taken: there is {taken[0]}", hint="give another one, or replace it")
    order = sorted(paths, key=lambda each: each == ENDING)
    return write_together(inside, {paths[each]: parts[each] for each in order})
