"""Embeddings as files: those that the WebUIs write are read, hostile ones are one sentence."""

from __future__ import annotations

import json
import pickle
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.ml.needs import skip_without_models

skip_without_models()

from safetensors.torch import load, save  # noqa: E402

from lib_bootcamp.core.networks.metadata import LoraFacts  # noqa: E402
from lib_bootcamp.errors import BootcampError, ModelError, TooLargeError  # noqa: E402
from lib_bootcamp.ml.networks.embedding_file import (  # noqa: E402
    EmbeddingFile,
    embedding_bytes,
    parse_embedding,
    read_embedding,
)

torch: Any = pytest.importorskip("torch")
FACTS = LoraFacts(output_name="zorb", kind="textual-inversion", network_module="", steps=12)
PATH = Path("zorb.safetensors")


def parsed(tensors: dict[str, Any]) -> EmbeddingFile:
    return parse_embedding(save(tensors), PATH)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize("key", ["emb_params", "<zorb>", "clip_l", "zorb"])
def test_one_tensor_of_any_name_is_read(key: str, dtype: str) -> None:
    given = torch.arange(12.0).view(2, 6)
    file = parsed({key: given.to(getattr(torch, dtype))})
    assert set(file.vectors) == {"text_encoder"}
    assert torch.equal(file.vectors["text_encoder"], given)
    assert (file.name, len(file.hash), file.short_hash) == ("zorb", 64, file.hash[:12])


def test_a_single_vector_of_diffusers_is_one() -> None:
    assert parsed({"<zorb>": torch.ones(6)}).vectors["text_encoder"].shape == (1, 6)


def test_those_of_sdxl_are_for_both_encoders() -> None:
    file = parsed({"clip_g": torch.full((2, 8), 2.0), "clip_l": torch.ones(2, 6)})
    assert {part: tuple(each.shape) for part, each in file.vectors.items()} == {
        "text_encoder": (2, 6),
        "text_encoder_2": (2, 8),
    }


@pytest.mark.parametrize("both", [False, True])
def test_what_is_written_is_read_and_gives_the_same_bytes(tmp_path: Path, both: bool) -> None:
    vectors = {"text_encoder": torch.randn(4, 6), **({"text_encoder_2": torch.randn(4, 8)} if both else {})}
    data = embedding_bytes(vectors, FACTS)
    assert data == embedding_bytes(vectors, FACTS)
    (tmp_path / "zorb.safetensors").write_bytes(data)
    file = read_embedding(tmp_path / "zorb.safetensors")
    assert set(load(data)) == ({"clip_l", "clip_g"} if both else {"emb_params"})
    assert all(torch.equal(file.vectors[part], each) for part, each in vectors.items())
    assert file.metadata["modelspec.architecture"] == "stable-diffusion-v1/textual-inversion"
    assert file.metadata["ss_steps"] == "12"
    assert "ss_network_dim" not in file.metadata
    assert "ss_network_module" not in file.metadata


def raw(header: dict[str, Any] | bytes, body: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


def one(dtype: str, shape: list[int], size: int) -> bytes:
    return raw({"emb_params": {"dtype": dtype, "shape": shape, "data_offsets": [0, size]}}, bytes(size))


HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty": (lambda: b"", "is empty"),
    "noise": (lambda: b"\xff" * 64, "not a safetensors file"),
    "huge header": (lambda: struct.pack("<Q", 2**40) + b"{}" + bytes(64), "not a safetensors file"),
    "no tensors": (lambda: raw({}), "holds no tensors"),
    "cut": (lambda: one("F16", [6, 2], 24)[:-4], "is cut off"),
    "another size than its shape": (lambda: one("F16", [60, 2], 24), "another size than its shape"),
    "whole numbers": (lambda: one("I32", [6, 2], 48), "emb_params as I32"),
    "a number": (lambda: one("F16", [], 2), r"of the shape \[\], and an embedding has 1 to 75 vectors"),
    "no vectors": (lambda: one("F16", [0, 6], 0), r"of the shape \[0, 6\]"),
    "no width": (lambda: one("F16", [6, 0], 0), r"of the shape \[6, 0\]"),
    "more vectors than tokens": (lambda: one("F16", [76, 2], 304), "1 to 75 vectors"),
    "three axes": (lambda: one("F16", [1, 6, 2], 24), "1 to 75 vectors"),
    "too wide": (lambda: one("F16", [1, 20_000], 40_000), "1 to 75 vectors"),
    "renamed pickle": (lambda: pickle.dumps({"a": 1}, protocol=4), "a pickle"),
    "a LoRA": (
        lambda: save({f"lora_unet_a.lora_{each}.weight": torch.ones(2, 2) for each in ("up", "down")}),
        "is a LoRA and no embedding: it holds 2 tensors",
    ),
    "several words": (lambda: save({"a": torch.ones(1, 6), "b": torch.ones(1, 6)}), "no embedding: it holds 2 tensors"),
    "many": (lambda: save({str(each): torch.ones(1, 6) for each in range(500)}), "it holds 500 tensors"),
    "one more than SDXL's": (
        lambda: save({each: torch.ones(1, 6) for each in ("clip_l", "clip_g", "more")}),
        "it holds 3 tensors",
    ),
    "unlike counts": (
        lambda: save({"clip_l": torch.ones(2, 6), "clip_g": torch.ones(3, 8)}),
        "has 2 vectors for one text encoder and 3 for the other",
    ),
    "NaN": (lambda: save({"emb_params": torch.full((1, 6), float("nan"))}), "no numbers, the first in emb_params"),
    "infinite": (lambda: save({"emb_params": torch.full((1, 6), float("inf"))}), "no numbers"),
    "too large for single precision": (
        lambda: save({"emb_params": torch.full((1, 6), 1e300, dtype=torch.float64)}),
        "no numbers",
    ),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_file_is_one_sentence(tmp_path: Path, kind: str) -> None:
    data, what = HOSTILE[kind]
    path = tmp_path / "zorb.safetensors"
    path.write_bytes(data())
    with pytest.raises(BootcampError, match=what) as caught:
        read_embedding(path)
    assert str(tmp_path) not in str(caught.value)
    assert str(caught.value).startswith("zorb.safetensors ")
    assert "\n" not in str(caught.value)


def test_a_pickle_is_never_opened(tmp_path: Path) -> None:
    (tmp_path / "zorb.pt").write_bytes(pickle.dumps({"a": 1}))
    with pytest.raises(ModelError, match="may hold a program"):
        read_embedding(tmp_path / "zorb.pt")


def test_a_file_that_is_not_there_or_too_large_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ModelError, match=r"There is no embedding zorb\.safetensors"):
        read_embedding(tmp_path / "zorb.safetensors")
    (tmp_path / "zorb.safetensors").write_bytes(one("F16", [6, 2], 24))
    monkeypatch.setattr("lib_bootcamp.ml.networks.embedding_file.MAX_FILE_BYTES", 50)
    with pytest.raises(TooLargeError):
        read_embedding(tmp_path / "zorb.safetensors")


def test_what_is_no_number_is_not_written() -> None:
    with pytest.raises(ModelError, match="no numbers"):
        embedding_bytes({"text_encoder": torch.full((1, 6), float("nan"))}, FACTS)
