"""A training on the checkpoint that the real WebUI has loaded: beside its drawings, and used in its prompts at once."""

from __future__ import annotations

import json
import os
import shutil
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.ml.training.material import pictures
from tests.webui.conftest import Webui, with_mini
from tests.webui.datasets import JOBS, until
from tests.webui.test_forge import forges

STEPS = 24


@pytest.fixture(scope="module", params=["a1111", "forge"])
def mini(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Webui]:
    """A1111, or Forge, with the small checkpoint loaded; callers may name what is below `Webui.data`'s folder."""
    if request.param == "a1111":
        with with_mini(request.getfixturevalue("webui")) as made:
            yield made
        return
    root = tmp_path_factory.mktemp("forge-train")
    with forges(root) as starter:
        yield starter.start("--bootcamp-allow-dir", str(root), "--gradio-allowed-path", os.environ["FORGE_DIR"])


@pytest.fixture(scope="module")
def folder(request: pytest.FixtureRequest, mini: Webui) -> Path:
    """One that the WebUI's owner allowed."""
    return request.getfixturevalue("allowed") if "forge" not in str(mini.data) else mini.data.parent


def begun(webui: Webui, place: Path, name: str, **given: Any) -> int:
    body = {
        "folder": str(pictures(place / "pictures")),
        "output_folder": str(place),
        "name": name,
        "steps": STEPS,
        "learning_rate": 5e-3,
        "resolution": 64,
        "rank": 8,
        "batch": 2,
        "seed": 3,
        "sample_prompt": "a zorb",
        "sample_every": 12,
        **given,
    }
    status, answer = webui.call(f"{JOBS}/train", body)
    assert status == 202, answer
    return int(answer["id"])


def all_events(webui: Webui, number: int) -> list[dict[str, Any]]:
    """The facts of every event of a job that has ended."""
    with urllib.request.urlopen(webui.request(f"{JOBS}/{number}/events"), timeout=60) as answer:
        lines = answer.read().decode().splitlines()
    return [json.loads(each.removeprefix("data: ")) for each in lines if each.startswith("data: ")]


def use_at_once(mini: Webui, folder: Path, name: str) -> None:
    """Into the WebUI's Lora folder, where prompts find it without a refresh; callers need the owner's leave."""
    loras = mini.data / "models" / "Lora"
    status, answer = mini.call("/bootcamp/v1/loras/use", {"folder": str(folder), "lora": name})
    if "forge" in str(mini.data):  # the owner allowed the folder around
        assert (status, answer["tag"]) == (200, f"<lora:{name}:1>"), answer
        matched, of, total, *_ = answer["keys"].split()
        assert (matched, of) == (total, "of")
        assert sorted(each.name for each in loras.iterdir()) == [f"{name}.json", f"{name}.png", f"{name}.safetensors"]
        return
    assert (status, answer["error"]) == (403, "NotAllowedError"), answer
    assert not (loras / f"{name}.safetensors").exists()
    loras.mkdir(parents=True, exist_ok=True)
    shutil.copy(folder / f"{name}.safetensors", loras)


def test_what_was_learned_is_used_in_a_prompt_and_the_checkpoint_is_as_it_was(mini: Webui, folder: Path) -> None:
    before = mini.draw(prompt="a zorb", steps=4).pictures[0]
    number = begun(mini, folder / "train", "zorb")
    until(mini, number, "running", done=2)
    assert np.array_equal(mini.draw(prompt="a zorb", steps=4).pictures[0], before)
    reported = until(mini, number, "done")
    assert reported["done"] == STEPS
    seen = all_events(mini, number)
    assert [facts["step"] for facts in seen if "seed" in facts] == [0, 12, 24]
    assert [facts["step"] for facts in seen if "loss" in facts] == list(range(1, STEPS + 1))
    use_at_once(mini, folder / "train", "zorb")
    drawn = mini.draw(prompt="a zorb <lora:zorb:1>", steps=4)
    assert drawn.status == 200
    assert 'Lora hashes: "zorb: ' in drawn.texts[0]
    assert np.abs(drawn.pictures[0].astype(int) - before).mean() > 2
    assert np.array_equal(mini.draw(prompt="a zorb", steps=4).pictures[0], before)
    log = mini.log.read_text(encoding="utf-8", errors="replace")
    assert "Traceback" not in log.rpartition("a zorb <lora")[2]


def test_a_training_is_paused_and_resumed_and_makes_the_same_file(mini: Webui, folder: Path) -> None:
    from lib_bootcamp.core.networks.container import model_hash

    whole = begun(mini, folder / "train-whole", "same", sample_every=0)
    until(mini, whole, "done")
    number = begun(mini, folder / "train-paused", "same", sample_every=0)
    until(mini, number, "running", done=3)
    assert mini.call(f"{JOBS}/{number}/pause", {})[0] == 200
    paused = until(mini, number, "paused")
    assert 0 < paused["done"] < STEPS
    assert mini.call(f"{JOBS}/{number}/resume", {})[0] in (200, 202)
    until(mini, number, "done")
    files = [(folder / each / "same.safetensors").read_bytes() for each in ("train-whole", "train-paused")]
    assert model_hash(files[0]) == model_hash(files[1])


def anew(mini: Webui) -> Any:
    """A drawing whose prompt is encoded for it: A1111 keeps what it made of the last one."""
    mini.draw(prompt="a star", steps=1)
    return mini.draw(prompt="a zorb", steps=4)


def test_an_embedding_is_used_as_a_word_and_the_checkpoint_is_as_it_was(mini: Webui, folder: Path) -> None:
    before = anew(mini).pictures[0]
    place = folder / "train-word"
    number = begun(mini, place, "zorb", method="embedding", vectors=2, embedding_rate=0.1, sample_every=0)
    until(mini, number, "running", done=2)
    assert np.array_equal(anew(mini).pictures[0], before)
    assert until(mini, number, "done")["done"] == STEPS
    assert np.array_equal(anew(mini).pictures[0], before)
    if "forge" in str(mini.data):
        return  # it reads embeddings when it loads a checkpoint
    embeddings = mini.data / "embeddings"
    embeddings.mkdir(parents=True, exist_ok=True)
    shutil.copy(place / "zorb.safetensors", embeddings / "zorb.safetensors")
    try:
        assert mini.call("/sdapi/v1/refresh-embeddings", {})[0] == 200
        drawn = anew(mini)
        assert drawn.status == 200
        assert 'TI hashes: "zorb: ' in drawn.texts[0]
        assert np.abs(drawn.pictures[0].astype(int) - before).mean() > 1
    finally:
        (embeddings / "zorb.safetensors").unlink()
        assert mini.call("/sdapi/v1/refresh-embeddings", {})[0] == 200
    assert np.array_equal(anew(mini).pictures[0], before)


def load(webui: Webui, name: str) -> None:
    assert webui.call("/sdapi/v1/options", {"sd_model_checkpoint": name})[0] == 200


def test_a_checkpoint_that_was_taught_whole_is_loaded_and_the_first_one_is_as_it_was(mini: Webui, folder: Path) -> None:
    before = anew(mini).pictures[0]
    place = folder / "train-whole-checkpoint"
    number = begun(mini, place, "taught", method="dreambooth", learning_rate=1e-3, sample_every=0)
    until(mini, number, "running", done=2)
    assert np.array_equal(anew(mini).pictures[0], before)
    assert until(mini, number, "done")["done"] == STEPS
    assert np.array_equal(anew(mini).pictures[0], before)
    kept = mini.call("/sdapi/v1/options")[1]["sd_model_checkpoint"]
    checkpoints = Path(mini.call("/sdapi/v1/sd-models")[1][0]["filename"]).parent
    names = ("taught.safetensors", "taught.yaml")
    try:
        for each in names:
            shutil.copy(place / each, checkpoints / each)
        assert mini.call("/sdapi/v1/refresh-checkpoints", {})[0] == 200
        load(mini, "taught.safetensors")
        drawn = anew(mini)
        assert drawn.status == 200
        assert "Model: taught" in drawn.texts[0]
        assert np.abs(drawn.pictures[0].astype(int) - before).mean() > 2
    finally:
        load(mini, kept)
        for each in names:
            (checkpoints / each).unlink()
        assert mini.call("/sdapi/v1/refresh-checkpoints", {})[0] == 200
    assert np.array_equal(anew(mini).pictures[0], before)
