"""What a caller is told of the models that the owner named at the start: their names, never where they lie."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from tests.ml.needs import skip_without_models

skip_without_models("diffusers", "transformers", "fastapi")

from lib_bootcamp.core.images.png import encode_png  # noqa: E402
from lib_bootcamp.hosts.standalone import StandaloneHost  # noqa: E402
from lib_bootcamp.surfaces.server import create_app  # noqa: E402
from tests.ml.tiny_sd import tiny_folder  # noqa: E402

URL = "/bootcamp/v1"
SIZE = {"width": 64, "height": 64, "steps": 1}


def nothing(path: Path) -> None:
    del path


def no_weights(path: Path) -> None:
    path.write_bytes(b"no weights at all")


def a_folder(path: Path) -> None:
    path.mkdir()


def no_pipeline(path: Path) -> None:
    path.mkdir()
    for name in ("model_index.json", "open_clip_config.json", "config.json"):
        (path / name).write_text("{}")
    (path / "model.safetensors").write_bytes(b"")


def of_others(path: Path) -> None:
    from safetensors.torch import save_file
    from torch import zeros

    save_file({"model.diffusion_model.x": zeros(1), "cond_stage_model.transformer.y": zeros(1)}, path)


def a_pickle(path: Path) -> None:
    path.mkdir()
    (path / "open_clip_config.json").write_text("{}")
    (path / "model.bin").write_bytes(b"")


def asked(host: StandaloneHost) -> dict[str, str]:
    """What every route that uses a model answers a caller who names none."""
    picture = {"image": ("a.png", encode_png(np.full((32, 32, 3), 200, np.uint8)), "image/png")}
    several = {"images": picture["image"]}
    bodies: dict[str, dict[str, Any]] = {
        "txt2img": {"json": {"prompt": "x", **SIZE}},
        "qr/art": {"json": {"content": "x", "prompt": "x", "width": 256, "height": 256, "steps": 1}},
        "classify": {"files": several, "data": {"labels": "a, b"}},
        "caption": {"files": several},
        "interrogate": {"files": picture},
        "compatibility": {"json": {}},
    }
    asks = [("POST", name, body) for name, body in bodies.items()]
    asks += [("GET", name, {}) for name in ("info", "compatibility", "model")]
    return asyncio.run(_sent(create_app(host), asks))


async def _sent(app: Any, asks: list[tuple[str, str, dict[str, Any]]]) -> dict[str, str]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://test") as client:
        return {
            name if method == "POST" else f"GET {name}": (await client.request(method, f"{URL}/{name}", **body)).text
            for method, name, body in asks
        }


@pytest.mark.parametrize("kind", [nothing, no_weights, a_folder, no_pipeline, of_others, a_pickle])
@pytest.mark.parametrize("name", ["m.safetensors", "m"])
@pytest.mark.parametrize("before", ["", "ViT-B-32:"])
def test_no_answer_says_where_an_unusable_model_lies(tmp_path: Path, kind: Any, name: str, before: str) -> None:
    secret = tmp_path / "owners-secret"
    secret.mkdir()
    kind(secret / name)
    host = StandaloneHost(
        device="cpu", data_dir=tmp_path / "data", checkpoint=str(secret / name), clip=f"{before}{secret / name}"
    )
    answers = asked(host)
    assert {name: text for name, text in answers.items() if "owners-secret" in text} == {}
    assert name in answers["GET info"]


def test_no_answer_says_where_a_model_in_use_lies(tmp_path: Path) -> None:
    secret = tmp_path / "owners-secret"
    secret.mkdir()
    from lib_bootcamp.ml.clip.load import MINI

    clip = secret / "own-clip"
    clip.symlink_to(MINI)
    host = StandaloneHost(device="cpu", data_dir=tmp_path / "data", checkpoint=str(tiny_folder(secret)), clip=str(clip))
    answers = asked(host) | {f"again, {name}": text for name, text in asked(host).items()}
    assert {name: text for name, text in answers.items() if "owners-secret" in text} == {}
    assert '"model":"own-clip"' in answers["classify"].replace(" ", "")
