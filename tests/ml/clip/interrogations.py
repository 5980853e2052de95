"""clip-interrogator 0.6.0 itself and ours on one model, with tables that a test writes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as Pil

from lib_bootcamp.context import Context
from lib_bootcamp.core.images.arrays import Image
from lib_bootcamp.core.text.label_tables import FILES, LabelTables, folder_tables
from lib_bootcamp.errors import BootcampError
from lib_bootcamp.ml.clip.interrogator import InterrogateOptions, Interrogation, Interrogator, Order
from lib_bootcamp.ml.clip.label_features import LabelFeatures, load_label_features
from lib_bootcamp.ml.clip.model import ClipModel
from lib_bootcamp.ml.clip.prompt_encoder import PromptEncoder
from tests.fakes import FakeHost, FakeProgress

SHAPES = ("circle", "square", "triangle", "star", "cross", "ring", "heart", "diamond")
COLORS = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "white", "black", "gray")
WORDS: dict[str, Sequence[str]] = {
    "artists": ("a circle", "two squares", "red stars"),
    "flavors": (
        *(f"a {color} {shape}" for color in COLORS for shape in SHAPES),
        *(f"{color} background" for color in COLORS),
        *("striped", "dotted", "checkered", "line drawing", "gradient", "small", "large", "two", "three"),
    ),
    "mediums": ("a picture", "a drawing of a shape", "a photo of a circle"),
    "movements": ("flat", "noise", "gradient"),
    "negative": ("gray background", "three", "a black ring", "noise"),
}
"""Tables in words that the embedded model knows."""


def write_tables(folder: Path, tables: Mapping[str, Sequence[str]]) -> Path:
    """A folder as both sides read it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, labels in tables.items():
        (folder / f"{name}.txt").write_text("\n".join(labels) + "\n", encoding="utf-8")
    return folder


def peer(model: ClipModel, data: Path, *, cache: Path | None = None, **settings: Any) -> Any:
    """clip-interrogator's `Interrogator` on a model of ours, without a captioner; `cache` is a folder of its own."""
    from clip_interrogator import Config
    from clip_interrogator import Interrogator as Theirs
    from open_clip.transform import image_transform

    config = Config(
        clip_model_name="ViT-B-32/ours",
        caption_model_name=None,
        cache_path=None if cache is None else str(cache),
        download_cache=False,
        data_path=str(data),
        quiet=True,
        **{"device": "cpu", **settings},
    )
    ours = model.preprocessing
    config.clip_model = model.module
    assert (ours.interpolation, ours.resize_mode) == ("bicubic", "shortest")  # open_clip's defaults
    config.clip_preprocess = image_transform(ours.size, is_train=False, mean=ours.mean, std=ours.std)
    return Theirs(config)


def write_peers_cache(folder: Path, labels: LabelFeatures) -> Path:
    """Our vectors in files that clip-interrogator reads; computing all of its tables takes it minutes on any model."""
    from safetensors.numpy import save_file

    folder.mkdir(parents=True)
    for table in FILES:
        own = labels.table(table)
        digest = hashlib.sha256(",".join(own).encode()).hexdigest()
        tensors = {
            "embeds": labels.vectors(table).half().numpy(),
            "hash": np.array([ord(each) for each in digest], np.int8),
        }
        save_file(tensors, folder / f"ViT-B-32_ours_{table}.safetensors")
    return folder


def theirs(made: Any, options: InterrogateOptions, picture: Image, caption: str) -> str:
    """What clip-interrogator says of a picture."""
    opened, longest = Pil.fromarray(picture), options.longest(options.mode)
    if options.mode == "negative":
        return str(made.interrogate_negative(opened, longest))
    if options.mode == "best":
        return str(made.interrogate(opened, options.min_flavors, longest, caption=caption))
    method = {"fast": made.interrogate_fast, "classic": made.interrogate_classic}[options.mode]
    return str(method(opened, longest, caption=caption))


class Ours:
    """Ours, on one model and one set of tables."""

    def __init__(self, model: ClipModel, tables: LabelTables | Path, cache: Path) -> None:
        self.host = FakeHost()
        self.progress = FakeProgress()
        self.context = Context.of_terminal(self.host, self.progress)
        self.encoder = PromptEncoder(model, self.context)
        self.tables = folder_tables(tables) if isinstance(tables, Path) else tables
        self.labels: LabelFeatures = load_label_features(self.encoder, self.tables, cache, FakeProgress())

    def asked(
        self, options: InterrogateOptions, *, caption: str | None = None, order: Order = set, **more: Any
    ) -> Interrogator:
        """An interrogator that goes through equals in clip-interrogator's own order."""
        return Interrogator(self.encoder, self.labels, self.context, options, caption=caption, order=order, **more)

    def answer(
        self, options: InterrogateOptions, picture: Image, caption: str = "", order: Order = set
    ) -> Interrogation:
        """What ours says of a picture."""
        (made,) = self.asked(options, caption=caption, order=order).answers([picture], lambda each: each)
        assert not isinstance(made, BootcampError)
        return made

    def text(self, options: InterrogateOptions, picture: Image, caption: str = "", order: Order = set) -> str:
        """The same as a text."""
        made = self.answer(options, picture, caption, order)
        return made.negative or "" if options.mode == "negative" else made.prompt
