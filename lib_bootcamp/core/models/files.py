"""What a model file is and which base it belongs to, detected from its header, its name and its config.json."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from lib_bootcamp.core.files.folders import is_there
from lib_bootcamp.errors import first_line
from lib_bootcamp.shipped import SHIPPED

from .bases import BASE_TITLES as BASE_TITLES
from .bases import NATIVE_PX as NATIVE_PX
from .bases import Base as Base
from .headers import examine
from .names import base_of_config, telling_name
from .names import base_of_name as base_of_name
from .tensors import BY_TEXT_WIDTH, OTHER, Kind, base_of_shapes, is_union, kind_of_shapes, text_width
from .tensors import KIND_TITLES as KIND_TITLES

MODELS = SHIPPED / "models"
KNOWN_TEXT_WIDTHS = {width: BASE_TITLES[base] for width, base in BY_TEXT_WIDTH.items()}
"""How many numbers a token has for each base whose UNet looks at a text."""
ENDINGS = frozenset({".safetensors", ".ckpt", ".pt", ".pth", ".bin"})
"""Of files that are models, whether or not they are loaded."""
EMBEDDED = "mini"
"""What the project's own small models in `MODELS` are called where a model is asked for."""
BANNER = "Demo model: it only draws simple things. Start with --checkpoint your-model.safetensors to use a real one."
"""The sentence shown where nothing else was chosen to draw with."""


def shown_name(named: str) -> str:
    """How others know a model that its owner named: a file or a folder without where it lies.

    Args:
        named: a path, `architecture:path`, a hub id, or a name.
    """
    architecture, path = split_architecture(named)
    if not is_path(path):
        return named
    return f"{architecture}:{_last(path)}" if architecture else _last(path)


def split_architecture(named: str) -> tuple[str, str]:
    """`ViT-L-14:model.safetensors` at its colon; nothing and all of it where no architecture stands before."""
    architecture, colon, path = named.partition(":")
    return (architecture, path) if colon and len(architecture) > 1 else ("", named)  # one letter is a drive of Windows


def is_path(named: str) -> bool:
    """Whether a model is named by where it lies; else it is a hub id or a name."""
    path = Path(named)
    is_file = path.suffix.lower() in ENDINGS or is_there(path)
    return named.startswith(("/", "~", ".")) or path.is_absolute() or "\\" in named or is_file


def reason_about(error: BaseException, named: str | Path) -> str:
    """A library's reason (`errors.first_line`) about a model, which it calls as it was named: not where it lies."""
    return first_line(error).replace(str(named), shown_name(str(named)))


def _last(path: str) -> str:
    return path.rstrip("/\\").replace("\\", "/").rpartition("/")[2] or path


def base_of_file(path: Path) -> Base | None:
    """The base of a checkpoint or a ControlNet, as `model_facts` finds it."""
    return model_facts(path).base


@dataclass(frozen=True)
class ModelFacts:
    """What a model file states of itself.

    Args:
        kind: what it is, from its tensors; `unknown` where its header cannot be read or is of another kind.
        base: the model it belongs to, or None.
        detected_from: where the base was found: `header`, `config` (the config.json beside it), `name`, or nothing.
        name_base: what the name alone says.
        problem: why it cannot be used, in words that follow its name; empty where it is whole.
        is_union: whether it is for several kinds of maps, by its tensors.
        has_tensors: whether its header was read.
        text_width: how many numbers of each token its UNet looks at; None where that is not known.
    """

    kind: Kind
    base: Base | None
    detected_from: Literal["header", "config", "name", ""]
    name_base: Base | None
    problem: str = ""
    is_union: bool = False
    has_tensors: bool = False
    text_width: int | None = None

    @property
    def contradicts(self) -> bool:
        """Whether the name says another base than the tensors."""
        return self.detected_from == "header" and self.name_base not in {None, self.base}


def model_facts(path: Path) -> ModelFacts:
    """What a model file is and which base it needs: by its tensors' names and shapes, its config.json, its name.

    Args:
        path: .safetensors files are looked into (their header only); of others it is looked whether they are whole.
    """
    try:
        stat = path.stat()
    except OSError:
        return _facts(path, {}, "is a link to a file that is not there" if path.is_symlink() else "")
    return _facts_of_version(path, stat.st_mtime_ns, stat.st_size)


@functools.lru_cache(maxsize=1024)
def _facts_of_version(path: Path, changed_ns: int, size: int) -> ModelFacts:
    return _facts(path, *examine(path))


def _facts(path: Path, header: Mapping[str, Any], problem: str) -> ModelFacts:
    shapes = {name: tuple(tensor["shape"]) for name, tensor in header.items() if name != "__metadata__"}
    by_name = base_of_name(telling_name(path)) or base_of_name(path.name)
    kind, by_tensors = kind_of_shapes(shapes), base_of_shapes(shapes)
    base, detected_from = _base(path, by_tensors, by_name)
    return ModelFacts(kind, base, detected_from, by_name, problem, is_union(shapes), bool(shapes), text_width(shapes))


def _base(
    path: Path, by_tensors: Base | Literal["other"] | None, by_name: Base | None
) -> tuple[Base | None, Literal["header", "config", "name", ""]]:
    if by_tensors == OTHER:
        return None, "header"
    if by_tensors == "sdxl" and by_name == "kolors":  # one UNet: few models hold a tensor that tells them apart
        return "kolors", "name"
    if by_tensors is not None:
        return by_tensors, "header"
    by_config = base_of_config(path)
    if by_config is not None:
        return by_config, "config"
    return by_name, "name" if by_name else ""
