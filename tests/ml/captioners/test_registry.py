"""Captioners: a tiny BLIP of the real architecture through the real loading code, the WebUI's own, plug-ins, names."""

from __future__ import annotations

import importlib.metadata
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.ml.needs import skip_without_models

skip_without_models("transformers")

from lib_bootcamp.errors import InvalidParamError, ModelError  # noqa: E402
from lib_bootcamp.ml.captioners import registry as captioners  # noqa: E402
from lib_bootcamp.ml.captioners.blip import is_here, load_blip  # noqa: E402
from lib_bootcamp.ml.captioners.registry import automatic, is_public, known, lend_captioner, register_captioner  # noqa: E402
from lib_bootcamp.ports import HostCaptioner  # noqa: E402
from tests.fakes import FakeHost  # noqa: E402
from tests.ml.clip.clips import photograph  # noqa: E402

WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[DEC]", "[ENC]", *(f"word{n}" for n in range(40)))


def tiny_blip(folder: Path, seed: int = 0) -> Path:
    """A folder as `save_pretrained` writes it: BLIP with random weights, 32 px, and its processor."""
    import torch

    from lib_bootcamp.ml.runtime.torchvision_guard import import_torchvision

    import_torchvision()
    from transformers import (
        BertTokenizerFast,
        BlipConfig,
        BlipForConditionalGeneration,
        BlipImageProcessor,
        BlipProcessor,
        BlipTextConfig,
        BlipVisionConfig,
    )

    folder.mkdir(parents=True)
    (folder / "vocab.txt").write_text("\n".join(WORDS), encoding="utf-8")
    sizes: dict[str, Any] = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2}
    heads = {"num_attention_heads": 2}
    ids = {"bos_token_id": 5, "eos_token_id": 3, "sep_token_id": 3, "pad_token_id": 0}
    text = BlipTextConfig(vocab_size=len(WORDS), encoder_hidden_size=32, **sizes, **heads, **ids)
    vision = BlipVisionConfig(image_size=32, patch_size=16, **sizes, **heads)
    torch.manual_seed(seed)
    made = BlipConfig(text_config=text.to_dict(), vision_config=vision.to_dict(), projection_dim=16)
    BlipForConditionalGeneration(made).save_pretrained(folder, safe_serialization=True)
    tokenizer = BertTokenizerFast(vocab_file=str(folder / "vocab.txt"), model_max_length=40)
    BlipProcessor(BlipImageProcessor(size={"height": 32, "width": 32}), tokenizer).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_blip(tmp_path_factory.mktemp("blip") / "tiny")


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test registers is gone after it."""
    monkeypatch.setattr(captioners, "_registered", dict(captioners._registered))


# --- BLIP


def test_a_blip_from_a_folder_makes_a_sentence_for_each_picture(folder: Path) -> None:
    model = load_blip(str(folder))
    made = model.caption([photograph(50, 40), photograph(40, 60, 1), photograph(30, 30, 2)[..., 0]])
    assert len(made) == 3
    assert all(each == each.strip() for each in made)
    assert model.bytes > 10_000


def test_sentences_do_not_hang_on_what_is_captioned_beside_them(folder: Path) -> None:
    model = load_blip(str(folder))
    pictures = [photograph(50, 40, seed) for seed in range(4)]
    assert model.caption(pictures) == [model.caption([each])[0] for each in pictures]


def test_the_sentence_is_the_one_that_clip_interrogator_would_begin_with(folder: Path) -> None:
    interrogators = pytest.importorskip("clip_interrogator")
    from PIL import Image as Pil
    from transformers import AutoProcessor, BlipForConditionalGeneration

    theirs = object.__new__(interrogators.Interrogator)
    theirs.config = interrogators.Config(caption_model_name="blip-large", quiet=True)
    theirs.caption_model = BlipForConditionalGeneration.from_pretrained(folder).eval()
    theirs.caption_processor = AutoProcessor.from_pretrained(folder)
    theirs.device, theirs.caption_offloaded = "cpu", False
    theirs.dtype = next(theirs.caption_model.parameters()).dtype
    for seed in range(3):
        picture = photograph(70, 50, seed)
        assert load_blip(str(folder)).caption([picture]) == [theirs.generate_caption(Pil.fromarray(picture))]


def test_no_pictures_are_no_sentences(folder: Path) -> None:
    assert load_blip(str(folder)).caption([]) == []


def test_a_blip_is_loaded_once_for_all(folder: Path) -> None:
    host = FakeHost()
    with lend_captioner(host, str(folder)) as first, lend_captioner(host, f"blip:{folder}") as second:
        assert first is second
    assert [each.name for each in host.info().models] == [folder.name]


def test_a_folder_of_pickles_says_how_to_convert_them(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "config.json").write_bytes((folder / "config.json").read_bytes())
    (tmp_path / "pytorch_model.bin").write_bytes(b"\x80\x04.")
    with pytest.raises(ModelError, match=r"a pickle .* is not loaded"):
        load_blip(str(tmp_path))


def test_a_folder_without_a_configuration_is_reported(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no config\.json of a caption model"):
        load_blip(str(tmp_path))


@pytest.mark.parametrize("content", [b"", b"\x00" * 50, b"\xff" * 5000])
def test_damaged_weights_are_one_sentence(tmp_path: Path, folder: Path, content: bytes) -> None:
    for each in folder.iterdir():
        (tmp_path / each.name).write_bytes(each.read_bytes())
    (tmp_path / "model.safetensors").write_bytes(content)
    with pytest.raises(ModelError, match=r"cannot be used \("):
        load_blip(str(tmp_path))


def test_a_model_of_another_kind_is_reported(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes((folder / "model.safetensors").read_bytes())
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert"}), encoding="utf-8")
    with pytest.raises(ModelError, match="of the kind bert: name one of BLIP, BLIP-2 or GIT"):
        load_blip(str(tmp_path))


def test_a_model_that_cannot_be_fetched_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr("transformers.utils.hub.is_offline_mode", lambda: True, raising=False)
    with pytest.raises(ModelError, match=r"without a network download its config\.json"):
        load_blip("nobody/has-this-model")


def test_whether_a_model_is_here_is_known_without_fetching_it(folder: Path, tmp_path: Path) -> None:
    assert is_here(str(folder))
    assert not is_here(str(tmp_path))
    assert not is_here("nobody/has-this-model")
    assert not is_here("no name / at all?")


# --- the host's own


def test_the_webuis_own_captioner_is_called_for_the_pictures() -> None:
    host = FakeHost(captioner=HostCaptioner(is_here=True, caption=lambda pictures: ["its words"] * len(pictures)))
    with lend_captioner(host, "webui-blip") as captioner:
        assert captioner.name == "webui-blip"
        assert captioner.caption([photograph(20, 20)] * 2) == ["its words"] * 2


def test_without_a_webui_its_captioner_is_reported_missing() -> None:
    with pytest.raises(ModelError, match="no WebUI here"), lend_captioner(FakeHost(), "webui-blip"):
        pass


# --- auto


def test_auto_is_the_webuis_own_where_its_model_is_here() -> None:
    here = HostCaptioner(is_here=True, caption=lambda pictures: ["x" for _ in pictures])
    assert automatic(FakeHost(captioner=here)) == "webui-blip"


def test_auto_is_blip_where_that_is_here(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    away = HostCaptioner(is_here=False, caption=lambda pictures: ["x" for _ in pictures])
    monkeypatch.setattr(captioners, "DEFAULT_BLIP", str(folder))
    assert automatic(FakeHost(captioner=away)) == "blip"
    with lend_captioner(FakeHost(), "auto") as captioner:
        assert captioner.name == folder.name


def test_auto_is_nothing_where_nothing_is_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(captioners, "DEFAULT_BLIP", str(tmp_path / "none"))
    assert automatic(FakeHost()) is None


# --- names and plug-ins


class Shouts:
    """A captioner of somebody else's."""

    at_once = 2

    def __init__(self, argument: str) -> None:
        self.name = f"shouts {argument}".strip()

    def caption(self, pictures: Sequence[Any]) -> list[str]:
        return ["LOOK"] * len(pictures)


@contextmanager
def shouting(host: Any, argument: str) -> Iterator[Shouts]:
    yield Shouts(argument)


@pytest.mark.usefixtures("registry")
def test_a_registered_captioner_is_known_and_lent_with_what_stands_after_the_colon() -> None:
    register_captioner("shouts", shouting)
    assert "shouts" in known()
    with lend_captioner(FakeHost(), "shouts:very loud") as captioner:
        assert (captioner.name, captioner.caption([np.zeros((2, 2, 3), np.uint8)])) == ("shouts very loud", ["LOOK"])


@pytest.mark.parametrize("name", ["auto", "none", "", "Two Words", "a:b", "a/b", "-a"])
@pytest.mark.usefixtures("registry")
def test_names_that_could_be_something_else_cannot_be_registered(name: str) -> None:
    with pytest.raises(ValueError, match="cannot be a captioner's name"):
        register_captioner(name, shouting)


class Entry:
    """An entry point as an installed package declares it."""

    name, value = "from-a-package", "package:captioner"

    def __init__(self, loaded: Any) -> None:
        self._loaded = loaded

    def load(self) -> Any:
        """What the package has there."""
        if isinstance(self._loaded, Exception):
            raise self._loaded
        return self._loaded


def test_a_captioner_of_an_installed_package_is_known_and_lent(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def entry_points(*, group: str) -> list[Entry]:
        asked.append(group)
        return [Entry(shouting)]

    monkeypatch.setattr(importlib.metadata, "entry_points", entry_points)
    assert "from-a-package" in known()
    with lend_captioner(FakeHost(), "from-a-package") as captioner:
        assert captioner.name == "shouts"
    assert set(asked) == {"sd_webui_bootcamp.captioners"}


def test_a_broken_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda **_: [Entry(ImportError("no module named x"))])
    with (
        pytest.raises(ModelError, match=r"from-a-package cannot be loaded \(no module named x\).*package:captioner"),
        lend_captioner(FakeHost(), "from-a-package"),
    ):
        pass


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with (
        pytest.raises(InvalidParamError, match="captioner must be one of auto, blip, webui-blip"),
        lend_captioner(FakeHost(), "blipp"),
    ):
        pass


@pytest.mark.parametrize(
    ("name", "public"),
    [("auto", True), ("none", True), ("blip", True), ("blip:/etc", False), ("/etc", False), ("owner/model", False)],
)
def test_callers_over_the_network_may_name_no_files_and_no_strangers_models(name: str, public: bool) -> None:
    assert is_public(name) == public
