"""Embeddings by their names in the prompts of standalone drawings."""

from __future__ import annotations

import hashlib
import importlib
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.ml.needs import skip_without_models

skip_without_models("diffusers", "transformers")

from safetensors.torch import save  # noqa: E402

from lib_bootcamp.context import Context  # noqa: E402
from lib_bootcamp.core.text.word_finder import WordFinder  # noqa: E402
from lib_bootcamp.errors import InvalidParamError, ModelError, NotAllowedError  # noqa: E402
from lib_bootcamp.hosts.standalone import StandaloneHost  # noqa: E402
from lib_bootcamp.operations.draw.embeddings import EmbeddingsFolder, PromptEmbeddings  # noqa: E402
from lib_bootcamp.operations.draw.qr_art import QR_ART, make_qr_art  # noqa: E402
from lib_bootcamp.operations.draw.txt2img import TXT2IMG, Txt2ImgParams, Txt2ImgResult, draw_picture  # noqa: E402
from lib_bootcamp.ports import SilentProgress  # noqa: E402
from tests.ml.networks.embeddings import random_embedding  # noqa: E402

torch: Any = pytest.importorskip("torch")


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> StandaloneHost:
    return StandaloneHost(device="cpu", data_dir=tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def folder(host: StandaloneHost, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("embeddings")
    with host.components() as components:
        random_embedding(components, made / "zorb.safetensors")
        random_embedding(components, made / "inner" / "red zorb.safetensors", 2)
    (made / "wide.safetensors").write_bytes(save({"emb_params": torch.ones(1, 1024)}))
    (made / "xl.safetensors").write_bytes(save({"clip_l": torch.ones(1, 48), "clip_g": torch.ones(1, 64)}))
    (made / "old.pt").write_bytes(pickle.dumps({"a": 1}))
    (made / "broken.safetensors").write_bytes(b"\xff" * 100)
    return made


def named(host: StandaloneHost, folder: Path, prompt: str, negative: str = "") -> PromptEmbeddings:
    found = EmbeddingsFolder(str(folder), Context.of_terminal(host, SilentProgress()))
    with host.components() as components:
        return found.of_prompts(components, prompt=prompt, negative_prompt=negative)


def params_of(prompt: str, folder: Path | None, **more: Any) -> Txt2ImgParams:
    given = {"prompt": prompt, "seed": 1, "steps": 2, "embeddings_dir": str(folder) if folder else None}
    return Txt2ImgParams(**{**given, **more})


def drawn(host: StandaloneHost, prompt: str, folder: Path | None, **more: Any) -> Txt2ImgResult:
    return draw_picture(params_of(prompt, folder, **more), Context.of_terminal(host, SilentProgress()))


def test_an_embedding_changes_the_picture_and_leaves_no_trace_in_the_next(host: StandaloneHost, folder: Path) -> None:
    before = drawn(host, "a zorb", None).image
    changed = drawn(host, "a zorb", folder).image
    weighed = drawn(host, "a (zorb:1.4)", folder).image
    unwanted = drawn(host, "a star", folder, negative_prompt="zorb").image
    assert np.abs(before.astype(int) - changed).mean() > 1
    assert not np.array_equal(changed, weighed)
    assert not np.array_equal(unwanted, drawn(host, "a star", None, negative_prompt="zorb").image)
    np.testing.assert_array_equal(drawn(host, "a zorb", None).image, before)
    np.testing.assert_array_equal(drawn(host, "a star", folder).image, drawn(host, "a star", None).image)


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ("a zorb", ["zorb"]),
        ("a ZORB, a zorb", ["zorb"]),
        ("a red zorb", ["red zorb"]),
        ("red, zorb", ["zorb"]),
        ("(zorb:1.2) and [red zorb]", ["zorb", "red zorb"]),
        ("zorbs, azorb", []),
        ("red (zorb)", ["zorb"]),
        ("a star", []),
        ("inner", []),
    ],
)
def test_the_longest_name_is_found_as_a_word(host: StandaloneHost, folder: Path, prompt: str, words: list[str]) -> None:
    assert [each.name for each in named(host, folder, prompt).words] == words


def test_of_both_prompts_they_are_found(host: StandaloneHost, folder: Path) -> None:
    assert [each.name for each in named(host, folder, "a zorb", "red zorb").words] == ["zorb", "red zorb"]


def test_one_for_another_checkpoint_is_read_as_words_and_named(host: StandaloneHost, folder: Path) -> None:
    found = named(host, folder, "a wide xl zorb")
    assert [each.name for each in found.words] == ["zorb"]
    assert found.notes == (
        "wide is for Stable Diffusion 2, not for the loaded checkpoint: it is read as plain words.",
        "xl is for SDXL, not for the loaded checkpoint: it is read as plain words.",
    )
    assert drawn(host, "a wide", folder).lines()[0].startswith("wide is for Stable Diffusion 2")


def test_of_names_in_each_other_each_file_is_read_once_and_the_names_are_looked_for_once(
    host: StandaloneHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for count in range(1, 31):
        (tmp_path / f"{' '.join('q' * count)}.safetensors").write_bytes(save({"emb_params": torch.ones(1, 1024)}))
    with host.components() as components:
        random_embedding(components, tmp_path / "q q.safetensors")
    reads, finders = [], []
    module = "lib_bootcamp.ml.networks.embedding_file"
    read = importlib.import_module(module).read_embedding
    monkeypatch.setattr(f"{module}.read_embedding", lambda path, inside: reads.append(path) or read(path, inside))
    where = "lib_bootcamp.operations.draw.embeddings.WordFinder"
    monkeypatch.setattr(where, lambda names: finders.append(names) or WordFinder(names))
    found = named(host, tmp_path, "q " * 200, "q q q")
    assert [each.name for each in found.words] == ["q q"]
    assert len(found.notes) == 29
    assert len(reads) == len(set(reads)) == 30
    assert len(finders) == 1


def test_a_name_that_cannot_stand_in_a_prompt_is_not_given_to_the_tokenizer(
    host: StandaloneHost, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[str] = []
    where = "lib_bootcamp.ml.diffusion.words.tokens_of_names"
    tokens = importlib.import_module("lib_bootcamp.ml.diffusion.words").tokens_of_names
    monkeypatch.setattr(where, lambda names, tokenizer: given.extend(names) or tokens(names, tokenizer))
    assert [each.name for each in named(host, folder, "a Zorb").words] == ["zorb"]
    assert given == ["zorb"]


def test_a_name_with_an_end_of_a_line_is_shown_on_one(host: StandaloneHost, tmp_path: Path) -> None:
    (tmp_path / "ab\ncd\u202e.safetensors").write_bytes(save({"emb_params": torch.ones(1, 1024)}))
    (note,) = named(host, tmp_path, "ab cd\u202e").notes
    assert note.startswith("ab\\ncd\\u202e is for Stable Diffusion 2")


def test_a_pickle_is_refused_where_it_is_named_and_left_alone_elsewhere(host: StandaloneHost, folder: Path) -> None:
    with pytest.raises(InvalidParamError, match="prompt names the embedding old, whose file may hold a program"):
        named(host, folder, "an old zorb")
    with pytest.raises(InvalidParamError, match="negative_prompt names the embedding old"):
        named(host, folder, "a zorb", "old")
    assert named(host, folder, "older").words == ()


def test_a_damaged_file_is_a_sentence_without_its_place(host: StandaloneHost, folder: Path) -> None:
    with pytest.raises(ModelError, match=r"^broken\.safetensors is not a safetensors file") as caught:
        named(host, folder, "a broken star")
    assert str(folder) not in str(caught.value)


def test_a_caller_over_the_network_may_name_allowed_folders_only(folder: Path, tmp_path: Path) -> None:
    allowed = StandaloneHost(device="cpu", data_dir=tmp_path, allowed=(folder,))
    EmbeddingsFolder(str(folder), Context.of_api(allowed, SilentProgress()))
    other = Context.of_api(StandaloneHost(device="cpu", data_dir=tmp_path), SilentProgress())
    with pytest.raises(NotAllowedError, match="embeddings_dir"):
        EmbeddingsFolder(str(folder), other)


def test_a_link_out_of_the_folder_is_not_followed(host: StandaloneHost, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "zorb.safetensors").symlink_to(folder / "zorb.safetensors")
    assert named(host, tmp_path / "here", "a zorb").words == ()


def test_the_infotext_has_the_hash_of_the_file_as_the_webui_writes_it(host: StandaloneHost, folder: Path) -> None:
    result = drawn(host, "a zorb", folder)
    text = TXT2IMG.made_text(params_of("a zorb", folder), result)["parameters"]
    digits = hashlib.sha256((folder / "zorb.safetensors").read_bytes()).hexdigest()[:12]
    assert f'TI hashes: "zorb: {digits}"' in text
    assert str(folder) not in text
    assert "TI hashes" not in TXT2IMG.made_text(params_of("a", folder), drawn(host, "a", folder))["parameters"]


def test_one_that_leaves_no_numbers_is_named(host: StandaloneHost, tmp_path: Path) -> None:
    (tmp_path / "huge.safetensors").write_bytes(save({"emb_params": torch.full((1, 48), 3e38)}))
    with pytest.raises(ModelError, match=r"^With huge the text encoder makes no numbers \(NaN\); leave it out"):
        drawn(host, "a huge star", tmp_path)
    assert drawn(host, "a star", tmp_path).image.any()


def test_qr_art_is_drawn_with_them(host: StandaloneHost, folder: Path) -> None:
    given = {"content": "A", "steps": 2, "seed": 1, "max_tries": 1, "module_px": 8, "width": 192, "height": 192}
    given |= {"quiet_zone": 1, "strength": 0.0, "touch_up": 0, "decoders": ["zxing-cpp"], "prompt": "a zorb"}
    context = Context.of_terminal(host, SilentProgress())
    plain, with_word = (
        make_qr_art(QR_ART.params_from({**given, **more}), context) for more in ({}, {"embeddings_dir": str(folder)})
    )
    assert with_word.embedding_hashes.startswith("zorb: ")
    assert not np.array_equal(plain.image, with_word.image)
