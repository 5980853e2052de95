"""`GET /bootcamp/v1/model`: the checkpoint in memory and the bytes shared with it."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi import FastAPI

from lib_bootcamp.hosts.standalone import StandaloneHost
from lib_bootcamp.ports import Components, ModelInfo
from lib_bootcamp.surfaces.http.routes import build_router

from .http_client import Client

LOADED = ModelInfo(
    checkpoint="tiny [abc]",
    family="sd1",
    vae="kl-f8.safetensors",
    prediction_type="epsilon",
    device="cuda:0",
    dtype="float16",
    vae_dtype="float32",
    loras=("style",),
)


class Host(StandaloneHost):
    """A host with a checkpoint that is measured once it was lent."""

    def __init__(self, loaded: ModelInfo | None) -> None:
        super().__init__(device="cpu", data_dir=Path("/nonexistent"))
        self.loaded = loaded

    def model(self):
        return self.loaded

    @contextmanager
    def components(self):
        self.loaded = replace(LOADED, shared_bytes=7, owned_bytes=1)
        yield Components(family="sd1", unet=None, vae=None, text_encoder=None, tokenizer=None)


def client(loaded: ModelInfo | None) -> Client:
    app = FastAPI()
    app.include_router(build_router(Host(loaded)))
    return Client(app)


def test_the_checkpoint_is_described():
    reported = client(LOADED).get("/bootcamp/v1/model").json()
    assert (reported["checkpoint"], reported["vae"], reported["device"], reported["dtype"], reported["loras"]) == (
        "tiny [abc]",
        "kl-f8.safetensors",
        "cuda:0",
        "float16",
        ["style"],
    )


def test_bytes_are_null_before_they_were_counted():
    reported = client(LOADED).get("/bootcamp/v1/model").json()
    assert (reported["shared_bytes"], reported["owned_bytes"]) == (None, None)


def test_asked_to_measure_the_bytes_are_counted():
    reported = client(None).get("/bootcamp/v1/model?measure=true").json()
    assert (reported["shared_bytes"], reported["owned_bytes"]) == (7, 1)


@pytest.mark.parametrize("part", ["error", "detail"])
def test_without_a_checkpoint_the_answer_is_409(part):
    answer = client(None).get("/bootcamp/v1/model")
    assert answer.status_code == 409
    assert part in answer.json()
