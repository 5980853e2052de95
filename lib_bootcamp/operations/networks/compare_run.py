"""What a comparison draws: which files, which prompts, and what the files state of their training."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lib_bootcamp.core.images.arrays import Image
from lib_bootcamp.core.images.named_grid import named_grid
from lib_bootcamp.core.networks.folder import LoraFolder
from lib_bootcamp.core.networks.metadata import LoraFacts
from lib_bootcamp.core.networks.prompt_tags import split_prompt
from lib_bootcamp.core.networks.stated import parse_metadata
from lib_bootcamp.core.training.finished.run_files import files_of_run, spread_over
from lib_bootcamp.errors import InvalidParamError
from lib_bootcamp.params import has_too_many_values

from .compare_drawing import SHOWN_PX, Asked, Drawings, Network
from .compare_settings import MOST_FILES, MOST_PROMPTS, OTHERS, CompareLorasParams, lines_of
from .opened import parsed, refuse_checkpoint

_MAX_PROMPT, _MAX_VALUES = 1000, 10_000
_WIDEST, _LEAST_PX = 3000, 64


@dataclass(frozen=True)
class Run:
    """What is drawn, and what is known of the training.

    Args:
        asked: all prompts, those of other concepts at the end.
        own: how many of them are of what was trained.
        word: by which prompts call an embedding; empty: by its file's name.
    """

    asked: Asked
    own: int
    word: str

    @classmethod
    def of(cls, params: CompareLorasParams, folder: LoraFolder, files: Sequence[Path]) -> Run:
        """What is asked for, filled up with what the files state.

        Raises:
            InvalidParamError: there is no prompt, or a tag in one is wrong.
        """
        facts, stated = _stated(folder, files)
        given = lines_of(params.prompts)
        own = _without_tags(given or lines_of(_text_of(stated, "sample_prompt")) or lines_of(facts.trigger), "prompts")
        if not given:
            own = tuple(each[:_MAX_PROMPT] for each in own[:MOST_PROMPTS])
        if not own:
            raise InvalidParamError("prompts", "is missing", hint="the files state none, so give one at least")
        others = _without_tags(lines_of(params.other_prompts) or OTHERS, "other_prompts")
        asked = Asked(
            prompts=own + others,
            seeds=tuple((params.seed + at) % 2**32 for at in range(params.pictures_per_prompt)),
            size=params.size,
            steps=params.steps,
            cfg_scale=params.cfg_scale,
            clip_skip=min(max(facts.clip_skip or 1, 1), 12),
            weight=params.weight,
        )
        return cls(asked, len(own), params.name or _text_of(stated, "name"))

    def grid(self, rows: Sequence[tuple[str, Drawings]]) -> Image:
        """A row for each name, its columns the prompts."""
        columns = len(self.asked.prompts) * len(self.asked.seeds)
        cell = max(_LEAST_PX, min(SHOWN_PX, _WIDEST // columns))
        others = (f"other: {each}" for each in self.asked.prompts[self.own :])
        titles = [*self.asked.prompts[: self.own], *others]
        return named_grid([(name, each.shown) for name, each in rows], titles, cell_px=cell)


def files_to_compare(params: CompareLorasParams, folder: LoraFolder) -> tuple[list[Path], list[str]]:
    """The files in the order of their steps, and a sentence where not all are taken.

    Raises:
        InvalidParamError: there is none.
    """
    if params.loras:
        return list(dict.fromkeys(folder.find(each, "loras") for each in params.loras)), []
    found = files_of_run(params.name, folder.inside.names(folder.root), folder.root)
    if not found:
        raise InvalidParamError(
            "name", f"names the training {params.name[:100]!r}, of which no file is in the folder", hint="check both"
        )
    taken = spread_over(found, MOST_FILES)
    left = len(found) - len(taken)
    return taken, [f"Of {len(found):,} files {len(taken)} are compared, at equal distances."] if left else []


def _stated(folder: LoraFolder, files: Sequence[Path]) -> tuple[LoraFacts, dict[str, Any]]:
    """What the first file that has metadata states: its facts, and the settings it was trained with."""
    for path in files:
        metadata = folder.metadata(path)
        if metadata:
            facts = parse_metadata(metadata)
            return facts, _settings(facts.more.get("bootcamp.train", "{}"))
    return parse_metadata({}), {}


def _settings(text: str) -> dict[str, Any]:
    try:
        found = {} if has_too_many_values(text, _MAX_VALUES) else json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _text_of(stated: dict[str, Any], name: str) -> str:
    value = stated.get(name)
    return value if isinstance(value, str) else ""


def _without_tags(prompts: Sequence[str], param: str) -> tuple[str, ...]:
    """Prompts without the LoRAs that they name: those that are compared take their place."""
    return tuple(each for each in (split_prompt(prompt, param)[0] for prompt in prompts) if each)


def network_of(path: Path, folder: LoraFolder, word: str) -> Network:
    """A file of the folder.

    Args:
        path: the file.
        folder: that it has to lie in.
        word: by which prompts call an embedding; empty: by the file's name.
    Raises:
        ModelError: it is gone, damaged, or neither a LoRA nor an embedding.
        LeadsOutError, OutputError, TooLargeError: as `Inside.read`.
    """
    from lib_bootcamp.ml.networks.file import MAX_FILE_BYTES

    refuse_checkpoint(path, folder)
    kind, file = parsed(folder.read(path, MAX_FILE_BYTES), path)
    return Network(kind, file, word or file.name)
