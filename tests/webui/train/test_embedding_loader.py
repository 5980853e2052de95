"""The loader of A1111 itself, taken out of its source, on the files that trainings write."""

from __future__ import annotations

import ast
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.ml.needs import skip_without_models

skip_without_models()

from safetensors.torch import load  # noqa: E402

from lib_bootcamp.core.networks.metadata import LoraFacts  # noqa: E402
from lib_bootcamp.ml.networks.embedding_file import embedding_bytes  # noqa: E402

torch: Any = pytest.importorskip("torch")
TAKEN = ("Embedding", "create_embedding_from_data")


@pytest.fixture(scope="module")
def loader(webui_dir: Path) -> Any:
    source = webui_dir / "modules" / "textual_inversion" / "textual_inversion.py"
    tree = ast.parse(source.read_text("utf-8"))
    body = [each for each in tree.body if isinstance(each, (ast.ClassDef, ast.FunctionDef)) and each.name in TAKEN]
    assert len(body) == len(TAKEN)
    around: dict[str, Any] = {"torch": torch, "devices": SimpleNamespace(device="cpu")}
    exec(compile(ast.Module(body, []), str(source), "exec"), around)
    return around["create_embedding_from_data"]


@pytest.mark.parametrize("widths", [(768,), (1024,), (768, 1280)], ids=["SD1", "SD2", "SDXL"])
@pytest.mark.parametrize("count", [1, 4, 32])
def test_the_webui_reads_the_vectors_that_were_written(loader: Any, widths: tuple[int, ...], count: int) -> None:
    parts = ("text_encoder", "text_encoder_2")
    vectors = {part: torch.randn(count, width) for part, width in zip(parts, widths, strict=False)}
    data = embedding_bytes(vectors, LoraFacts(output_name="zorb", kind="textual-inversion"))
    made = loader(load(data), "zorb")
    assert (made.name, made.vectors, made.shape) == ("zorb", count, sum(widths))
    read = [made.vec["clip_l"], made.vec["clip_g"]] if len(widths) > 1 else [made.vec]
    assert all(torch.equal(own, given) for own, given in zip(read, vectors.values(), strict=True))
