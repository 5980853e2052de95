"""A LoRA is put where prompts find it: the file, its card's picture and text, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.ml.needs import skip_without_models

skip_without_models()

from lib_bootcamp.context import Context  # noqa: E402
from lib_bootcamp.core.images.codec import decode_image  # noqa: E402
from lib_bootcamp.core.networks.container import model_hash  # noqa: E402
from lib_bootcamp.errors import BootcampError, InvalidParamError, ModelError, NotAllowedError, OutputError  # noqa: E402
from lib_bootcamp.hosts.standalone import StandaloneHost  # noqa: E402
from lib_bootcamp.ml.networks.file import read_lora  # noqa: E402
from lib_bootcamp.operations.draw.txt2img import TXT2IMG  # noqa: E402
from lib_bootcamp.operations.networks.use import USE_LORA, UseLoraResult  # noqa: E402
from lib_bootcamp.ports import SilentProgress  # noqa: E402
from tests.ml.training import material  # noqa: E402
from tests.operations.networks.trained import trained_in  # noqa: E402


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandaloneHost]:
    with material.host(tmp_path_factory.mktemp("data")) as made:
        yield made


@pytest.fixture(scope="module")
def trained(host: StandaloneHost, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output folder of a training: files after steps 2 and 4, samples of steps 0, 2 and 4."""
    return trained_in(tmp_path_factory.mktemp("trained"), host)


def use(host: StandaloneHost, trained: Path, to: Path, lora: str = "zorb", **given: Any) -> UseLoraResult:
    params = USE_LORA.params_from({"folder": str(trained), "lora": lora, "lora_dir": str(to), **given})
    return USE_LORA.run(params, Context.of_terminal(host, SilentProgress()))


def test_the_file_lies_where_prompts_find_it_with_its_card(host: StandaloneHost, trained: Path, tmp_path: Path) -> None:
    made = use(host, trained, tmp_path, "zorb-000002", name="my zorb", preferred_weight=0.8, notes="pink")
    assert made.written == ("my zorb.json", "my zorb.png", "my zorb.safetensors")
    assert (made.tag, made.fits, made.preview) == ("<lora:my zorb:0.8>", True, True)
    assert made.summary().startswith("<lora:my zorb:0.8> can be used. ")
    matched, of, total = made.keys.split()[:3]
    assert (of, matched) == ("of", total)
    assert int(total) > 20
    card = json.loads((tmp_path / "my zorb.json").read_text(encoding="utf-8"))
    assert card == {
        "activation text": "a zorb",
        "preferred weight": 0.8,
        "sd version": "SD1",
        "notes": "pink",
    }
    sample = decode_image((trained / "zorb-samples" / "000002-1.png").read_bytes())
    assert np.array_equal(decode_image((tmp_path / "my zorb.png").read_bytes()), sample)
    put, before = read_lora(tmp_path / "my zorb.safetensors"), trained / "zorb-000002.safetensors"
    assert put.metadata["ss_output_name"] == "my zorb"
    assert model_hash((tmp_path / "my zorb.safetensors").read_bytes()) == model_hash(before.read_bytes())
    asked = {"prompt": "a zorb", "lora_dir": str(tmp_path), "seed": 1, "steps": 2, "width": 64, "height": 64}
    plain, with_it = (
        TXT2IMG.run(TXT2IMG.params_from({**asked, "prompt": prompt}), Context.of_terminal(host, SilentProgress())).image
        for prompt in ("a zorb", "a zorb <lora:my zorb:1>")
    )
    assert not np.array_equal(plain, with_it)


def test_of_the_last_file_the_newest_sample_is_the_cards(host: StandaloneHost, trained: Path, tmp_path: Path) -> None:
    use(host, trained, tmp_path)
    sample = decode_image((trained / "zorb-samples" / "000004-1.png").read_bytes())
    assert np.array_equal(decode_image((tmp_path / "zorb.png").read_bytes()), sample)


def test_a_picture_and_a_text_of_ones_own_come_first(host: StandaloneHost, trained: Path, tmp_path: Path) -> None:
    own = np.full((8, 9, 3), 7, np.uint8)
    use(host, trained, tmp_path, preview=own, activation_text="")
    assert np.array_equal(decode_image((tmp_path / "zorb.png").read_bytes()), own)
    assert json.loads((tmp_path / "zorb.json").read_text(encoding="utf-8"))["activation text"] == ""


def test_a_name_that_is_taken_is_kept_unless_it_may_be_replaced(
    host: StandaloneHost, trained: Path, tmp_path: Path
) -> None:
    (tmp_path / "zorb.json").write_bytes(b"mine")
    with pytest.raises(
        InvalidParamError, match=r"^name is taken: there is zorb\.json; give another one, or replace it"
    ):
        use(host, trained, tmp_path)
    assert [each.name for each in tmp_path.iterdir()] == ["zorb.json"]
    assert (tmp_path / "zorb.json").read_bytes() == b"mine"
    assert use(host, trained, tmp_path, replace=True).written == ("zorb.json", "zorb.png", "zorb.safetensors")
    assert b"activation" in (tmp_path / "zorb.json").read_bytes()


def test_where_it_lies_already_its_card_is_made(host: StandaloneHost, trained: Path) -> None:
    before = (trained / "zorb.safetensors").read_bytes()
    assert use(host, trained, trained).written == ("zorb.json", "zorb.png")
    assert use(host, trained, trained).written == ("zorb.json", "zorb.png")
    assert (trained / "zorb.safetensors").read_bytes() == before


def test_where_the_file_cannot_be_written_its_card_is_taken_back(
    host: StandaloneHost, trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lib_bootcamp.core.files.inside import Inside

    (tmp_path / "zorb.png").write_bytes(b"before")
    write = Inside.write

    def full(self: Inside, path: Path, data: bytes) -> None:
        if path.suffix == ".safetensors":
            raise OutputError("The disk is full")
        write(self, path, data)

    monkeypatch.setattr(Inside, "write", full)
    with pytest.raises(OutputError, match="full"):
        use(host, trained, tmp_path, replace=True)
    assert {each.name: each.read_bytes() for each in tmp_path.iterdir()} == {"zorb.png": b"before"}


def test_a_lora_of_another_checkpoint_is_put_there_and_is_not_fitting(
    host: StandaloneHost, trained: Path, tmp_path: Path
) -> None:
    from safetensors.torch import save_file
    from torch import zeros

    other = {"lora_unet_x.lora_up.weight": zeros(4, 2), "lora_unet_x.lora_down.weight": zeros(2, 4)}
    (tmp_path / "from").mkdir()
    save_file(other, tmp_path / "from" / "other.safetensors")
    made = use(host, tmp_path / "from", tmp_path / "to", "other")
    assert not made.fits
    assert made.keys.startswith("Not for the loaded checkpoint: ")
    assert made.written == ("other.json", "other.safetensors")


def test_a_file_that_prompts_cannot_call_needs_a_name(host: StandaloneHost, trained: Path, tmp_path: Path) -> None:
    (tmp_path / "from").mkdir()
    (tmp_path / "from" / "a=b.safetensors").write_bytes((trained / "zorb.safetensors").read_bytes())
    with pytest.raises(InvalidParamError, match="name is missing: prompts cannot call 'a=b'; give one without"):
        use(host, tmp_path / "from", tmp_path / "to", "a=b")
    assert use(host, tmp_path / "from", tmp_path / "to", "a=b", name="ab").written == ("ab.json", "ab.safetensors")


def test_without_a_checkpoint_it_is_put_there_and_says_why_it_was_not_looked_at(
    host: StandaloneHost, trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(self: StandaloneHost) -> Any:
        raise ModelError("No checkpoint is there")

    monkeypatch.setattr(StandaloneHost, "components", none)
    made = use(host, trained, tmp_path)
    assert (made.fits, made.keys) == (False, "It was not looked at with a checkpoint: No checkpoint is there.")
    assert (tmp_path / "zorb.safetensors").is_file()


@pytest.mark.parametrize(
    ("given", "kind", "words"),
    [
        ({"lora": "zork"}, InvalidParamError, "which is not in the folder; there is zorb"),
        ({"lora": "../out/zorb"}, InvalidParamError, "not in the folder"),
        ({"name": "a/b"}, InvalidParamError, "without"),
        ({"name": "NUL"}, InvalidParamError, "Windows"),
        ({"lora": "cut"}, ModelError, r"cut\.safetensors"),
        ({"lora_dir": None}, InvalidParamError, "lora_dir is missing; give the folder"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(
    host: StandaloneHost, trained: Path, tmp_path: Path, given: dict[str, Any], kind: type[BootcampError], words: str
) -> None:
    (trained / "cut.safetensors").write_bytes((trained / "zorb.safetensors").read_bytes()[:4000])
    with pytest.raises(kind, match=words):
        use(host, trained, tmp_path / "to", **given)
    assert not (tmp_path / "to").exists()


def test_over_the_network_both_folders_have_to_be_allowed(host: StandaloneHost, trained: Path, tmp_path: Path) -> None:
    for allowed in ((trained,), (tmp_path,)):
        stranger = StandaloneHost(device="cpu", data_dir=tmp_path / "data", allowed=allowed)
        params = USE_LORA.params_from({"folder": str(trained), "lora": "zorb", "lora_dir": str(tmp_path)})
        with pytest.raises(NotAllowedError):
            USE_LORA.run(params, Context.of_api(stranger, SilentProgress()))
    assert not (tmp_path / "zorb.safetensors").exists()


def test_an_embedding_goes_to_the_embeddings_and_is_called_by_its_name(
    host: StandaloneHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from safetensors.torch import save_file
    from torch import zeros

    with host.components() as components:
        width = components.text_encoder.config.hidden_size
    (tmp_path / "from").mkdir()
    save_file({"emb_params": zeros(2, width)}, tmp_path / "from" / "zorb.safetensors")
    save_file({"emb_params": zeros(2, width + 8)}, tmp_path / "from" / "other.safetensors")
    folders = {"lora": (tmp_path / "loras",), "embedding": (tmp_path / "embeddings",)}
    monkeypatch.setattr(StandaloneHost, "model_folders", lambda _: folders)
    made = [
        USE_LORA.run(
            USE_LORA.params_from({"folder": str(tmp_path / "from"), "lora": name}),
            Context.of_terminal(host, SilentProgress()),
        )
        for name in ("zorb", "other")
    ]
    assert [(each.tag, each.fits) for each in made] == [("zorb", True), ("other", False)]
    assert "is for" in made[1].keys
    assert sorted(each.name for each in (tmp_path / "embeddings").iterdir()) == [
        *("other.json", "other.safetensors", "zorb.json", "zorb.safetensors")
    ]
    assert not (tmp_path / "loras").exists()
