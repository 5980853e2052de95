"""For the same model, tables and caption the text is clip-interrogator 0.6.0's own; its code runs beside ours here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.ml.needs import skip_without_models

skip_without_models("clip_interrogator", "transformers")

from lib_bootcamp.core.images.arrays import Image  # noqa: E402
from lib_bootcamp.core.text.label_tables import package_tables  # noqa: E402
from lib_bootcamp.ml.clip.interrogator import InterrogateOptions, Mode  # noqa: E402
from lib_bootcamp.ml.clip.load import Loaded  # noqa: E402
from lib_bootcamp.ml.clip.model import ClipModel, load_clip  # noqa: E402
from lib_bootcamp.ml.clip.pictures import Preprocessing  # noqa: E402
from tests.ml.clip.clips import config, photograph, save  # noqa: E402
from tests.ml.clip.interrogations import WORDS, Ours, peer, theirs, write_peers_cache, write_tables  # noqa: E402
from tools.mini_models.shapes.scenes import draw_scene, sample_scene, write_caption  # noqa: E402

MODES: tuple[Mode, ...] = ("best", "fast", "classic", "negative")


def scenes(count: int) -> list[tuple[Image, str]]:
    """Drawn pictures and a caption for each."""
    rng = np.random.default_rng(11)
    found = []
    for _ in range(count):
        scene = sample_scene(rng)
        found.append((draw_scene(scene, 150), write_caption(scene, rng).text))
    return found


@pytest.fixture(scope="module")
def on_mini(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Ours]:
    folder = tmp_path_factory.mktemp("mini")
    data, model = write_tables(folder / "tables", WORDS), load_clip("mini")
    return peer(model, data), Ours(model, data, folder / "cache")


@pytest.mark.parametrize("mode", MODES)
def test_the_embedded_model_says_the_same_of_drawn_scenes(on_mini: tuple[Any, Ours], mode: Mode) -> None:
    made, ours = on_mini
    options = InterrogateOptions(mode=mode, min_flavors=2, max_flavors=4)
    for picture, caption in scenes(3):
        assert ours.text(options, picture, caption) == theirs(made, options, picture, caption)


def test_a_prompt_without_room_is_cut_off_at_the_same_label(on_mini: tuple[Any, Ours]) -> None:
    made, ours = on_mini
    (picture, _), *_ = scenes(1)
    caption = ", ".join(["a small red circle and a large blue square"] * 7)
    for options in (InterrogateOptions(mode="fast"), InterrogateOptions(mode="classic", max_flavors=32)):
        text = ours.text(options, picture, caption)
        assert text == theirs(made, options, picture, caption)
        assert len(text.split(", ")) < 7 + 32


def test_a_chain_that_fills_the_context_ends_there_too(on_mini: tuple[Any, Ours]) -> None:
    made, ours = on_mini
    (picture, _), *_ = scenes(1)
    options = InterrogateOptions(mode="best", min_flavors=32)
    caption = ", ".join(["a small red circle"] * 12)
    assert ours.text(options, picture, caption) == theirs(made, options, picture, caption)


def test_a_caption_that_begins_with_the_medium_does_not_repeat_it(on_mini: tuple[Any, Ours]) -> None:
    made, ours = on_mini
    options = InterrogateOptions(mode="classic")
    for picture, _ in scenes(2):
        medium = ours.text(options, picture).split(" by ")[0].split(" inspired ")[0]
        caption = f"{medium} of something"
        assert ours.text(options, picture, caption) == theirs(made, options, picture, caption)


@pytest.fixture(scope="module")
def on_all_tables(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Ours]:
    """A small model with random weights, to which all words are different, and every label of the package."""
    folder = tmp_path_factory.mktemp("random")
    text = {"context_length": 77, "vocab_size": 49408, "width": 64, "heads": 2, "layers": 1}
    model = load_clip(str(save(folder / "clip", {**config(), "embed_dim": 64, "text_cfg": text})))
    import clip_interrogator

    data = Path(clip_interrogator.__file__).parent / "data"
    ours = Ours(model, package_tables(), folder / "cache")
    cache = write_peers_cache(folder / "theirs", ours.labels)
    return peer(model, data, cache=cache, flavor_intermediate_count=32), ours


@pytest.mark.parametrize("mode", MODES)
def test_all_labels_of_the_package_are_ranked_as_its_own_code_ranks_them(
    on_all_tables: tuple[Any, Ours], mode: Mode
) -> None:
    made, ours = on_all_tables
    options = InterrogateOptions(mode=mode, min_flavors=2, max_flavors=3, intermediate=32)
    for seed in range(3):
        picture = photograph(90, 70, seed)
        assert ours.text(options, picture, "a dog") == theirs(made, options, picture, "a dog")


def test_another_chunk_size_is_followed(on_all_tables: tuple[Any, Ours]) -> None:
    made, ours = on_all_tables
    options, picture = InterrogateOptions(mode="fast", max_flavors=12, chunk=1024), photograph(90, 70, 5)
    tables = [made.artists, made.flavors, made.mediums, made.movements, made.trendings]
    made.config.chunk_size = 1024
    sizes = [table.chunk_size for table in tables]
    try:
        assert ours.text(options, picture, "a dog") == theirs(made, options, picture, "a dog")
    finally:
        made.config.chunk_size = 2048
    assert sizes == [2048] * 5  # the joined table is made anew for each picture, with the size of that time


def test_a_model_of_vit_b_32s_shape_says_the_same(tmp_path: Path) -> None:
    import open_clip
    import torch

    torch.manual_seed(1)
    module = open_clip.create_model("ViT-B-32").eval().requires_grad_(requires_grad=False)
    loaded = Loaded(
        module=module, tokenizer=open_clip.get_tokenizer("ViT-B-32"), preprocessing=Preprocessing.from_config({}, 224)
    )
    model = ClipModel("ViT-B-32", loaded)
    labels = {name: tuple(each)[:: max(1, len(each) // 3)][:3] for name, each in package_tables().named().items()}
    labels["artists"] = tuple(each.removeprefix("by ") for each in labels["artists"][:2])
    del labels["trendings"]
    data = write_tables(tmp_path / "tables", labels)
    made, ours = peer(model, data, flavor_intermediate_count=4), Ours(model, data, tmp_path / "cache")
    picture = photograph(320, 240, 3)
    for mode in MODES:
        options = InterrogateOptions(mode=mode, min_flavors=1, max_flavors=2, intermediate=4)
        assert ours.text(options, picture, "a lighthouse at night") == theirs(
            made, options, picture, "a lighthouse at night"
        )


def test_the_vectors_of_pictures_are_those_of_open_clips_own_preprocessing(on_mini: tuple[Any, Ours]) -> None:
    from PIL import Image as Pil

    made, ours = on_mini
    picture = photograph(333, 217, 4)
    own = made.clip_preprocess(Pil.fromarray(picture))
    prepared = ours.encoder.model.preprocessing.prepare_exactly(picture)
    assert bool((ours.encoder.model.preprocessing.normalize(prepared[None], "cpu", own.dtype)[0] == own).all())
