"""A client that talks to an app in this process, the same under every version of Starlette and httpx."""

from __future__ import annotations

import asyncio
import dataclasses
import tempfile
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from fastapi import FastAPI

from lib_bootcamp.catalog import OPERATIONS
from lib_bootcamp.core.images.codec import encode_base64
from lib_bootcamp.core.images.png import encode_png
from lib_bootcamp.core.training.examples import sizes_for
from lib_bootcamp.errors import ModelError
from lib_bootcamp.hosts.standalone import StandaloneHost
from lib_bootcamp.operations.describe.clip_choice import check_model_name
from lib_bootcamp.operations.describe.interrogate import INTERROGATE, LabelScore, TableScores, check_names
from lib_bootcamp.operations.draw.qr_art import QR_ART, TryReport
from lib_bootcamp.operations.draw.txt2img import TXT2IMG
from lib_bootcamp.operations.maps.detect import DETECT
from lib_bootcamp.operations.networks.compare import COMPARE_LORAS, CompareLorasResult, LoraScores
from lib_bootcamp.operations.networks.share import SHARE_LORA, ShareLoraResult
from lib_bootcamp.operations.networks.use import USE_LORA, UseLoraResult
from lib_bootcamp.operations.qr.code import place_code
from lib_bootcamp.operations.train.class_drawing import Drawing
from lib_bootcamp.operations.train.concepts import Finder
from lib_bootcamp.operations.train.plan import examples_for, planned
from lib_bootcamp.operations.train.train import TRAIN
from lib_bootcamp.surfaces.http.routes import build_router
from lib_bootcamp.surfaces.http.wrong_method import include_routers

from .fake_operation import FAKES

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
PICTURE = np.arange(8 * 6 * 3, dtype=np.uint8).reshape(8, 6, 3)
PICTURE_64 = encode_base64(PICTURE)
PICTURE_PNG = encode_png(PICTURE)
FAKE_URL = "/bootcamp/v1/control-maps/fake"
GOOD = {"image": PICTURE_64, "note": "n"}


def _draw_nothing(params: Any, context: Any) -> Any:
    """Text to image without a checkpoint: what is tested is the route."""
    del context
    picture = np.zeros((8, 8, 3), np.uint8)
    return TXT2IMG.result(image=picture, seed=max(params.seed, 0), width=8, height=8, checkpoint="none")


def _draw_no_code(params: Any, context: Any) -> Any:
    """QR art without a checkpoint; the code is laid out, so that its mistakes are answered."""
    del context
    _, layout = place_code(params, params.width or 512, params.height or 512)
    report = {"seed": 0, "number": 1, "method": "drawn", "touch_up": 0, "scans": True, "read_by": (), "wrong": 0}
    return QR_ART.result(
        image=np.zeros((8, 8, 3), np.uint8),
        scans=True,
        score=1.0,
        read_by=("zxing-cpp",),
        module_error=0.0,
        seed=0,
        chosen_try="try 1 of seed 0, drawn",
        tries=(TryReport(**report, module_error=0.0),),
        stopped=False,
        width=8,
        height=8,
        checkpoint="none",
        layout=layout,
    )


def _detect_nothing(params: Any, context: Any) -> Any:
    """A detector without its weights: the picture is the map."""
    del context
    height, width = params.image.shape[:2]
    return DETECT.result(
        image=params.image, detector=params.detector, weights=(), device="cpu", width=width, height=height, found=()
    )


def _say_nothing(params: Any, context: Any) -> Any:
    """An interrogation without torch and without tables: what is tested is the route, and what a caller may name."""
    check_names(params, context)
    score = LabelScore(label="a picture", value=0.25)
    return INTERROGATE.result(
        prompt="" if params.mode == "negative" else params.caption or "a picture",
        negative="noise" if params.mode == "negative" or params.with_negative else None,
        caption=params.caption or "",
        captioner=None,
        similarity=0.25,
        analysis=(TableScores(name="mediums", scores=(score,)),),
        model=params.clip,
    )


def _plan_only(params: Any, context: Any) -> Any:
    """A training's plan without a checkpoint."""
    drawing = Drawing(Path("class"), context, "none", {"width": 512})
    finder = Finder(params, context, Path(params.output_folder), sizes_for(512, 64), drawing, planned=True)
    return planned(params, examples_for(params, finder), 512)


def _use_nothing(params: Any, context: Any) -> UseLoraResult:
    """With the folders looked at, and no LoRA."""
    context.folder(params.folder, "folder")
    if params.lora_dir is not None:
        context.output_folder(params.lora_dir, "lora_dir")
    return UseLoraResult(name="x", tag="<lora:x:1>", keys="", fits=True, preview=False, written=())


def _share_nothing(params: Any, context: Any) -> ShareLoraResult:
    """With the folders looked at, and no LoRA."""
    context.folder(params.folder, "folder")
    return ShareLoraResult(name="x", card="", contents=(), written=False, url="", private=True, warnings=())


def _compare_nothing(params: Any, context: Any) -> CompareLorasResult:
    """With the folders looked at, and nothing drawn."""
    context.folder(params.folder, "folder")
    if params.pictures is not None:
        context.folder(params.pictures, "pictures")
    check_model_name(params, context)
    return CompareLorasResult(
        image=np.zeros((8, 8, 3), np.uint8),
        best="x",
        ranking=(LoraScores(name="x", score=0.0, likeness=None, prompt_kept=0.0, others_kept=1.0),),
        likeness_alone=None,
        prompt_alone=0.2,
        prompts=("a mymug",),
        other_prompts=("a red car",),
        seeds=(1, 2),
        checkpoint="none",
        model="mini",
        left_out=(),
        notes=(),
    )


_RUNS = {
    SHARE_LORA.name: _share_nothing,
    COMPARE_LORAS.name: _compare_nothing,
    TRAIN.name: _plan_only,
    USE_LORA.name: _use_nothing,
    DETECT.name: _detect_nothing,
    TXT2IMG.name: _draw_nothing,
    QR_ART.name: _draw_no_code,
    INTERROGATE.name: _say_nothing,
}
WITHOUT_CHECKPOINT = tuple(dataclasses.replace(each, run=_RUNS.get(each.name, each.run)) for each in OPERATIONS)


class _NoCheckpoint(StandaloneHost):
    """Has none, with torch installed and without: what is tested is the routes."""

    def components(self) -> Any:
        raise ModelError("There is no checkpoint here.")


def host() -> StandaloneHost:
    """The host of the tests, with an empty data folder of its own."""
    return _NoCheckpoint(device="cpu", data_dir=Path(tempfile.mkdtemp(prefix="bootcamp-test-")), allowed=[EXAMPLES])


def with_folder(operation: Any, value: dict[str, Any]) -> dict[str, Any]:
    """An example's values with a folder that the tests' host allows, where the operation takes one."""
    fields = [each for each in operation.params.fields() if each.spec.format == "folder"]
    folders = [each.name for each in fields if each.required or each.default or each.name in value]
    return {**value, **dict.fromkeys(folders, str(EXAMPLES))}


def fake_app(**options: Any) -> FastAPI:
    """An app that has the routes of the fake operations and one route of its own."""
    app = FastAPI()
    include_routers(app, [build_router(host(), operations=FAKES, **options)])

    @app.get("/of-the-host")
    def of_the_host(number: int) -> int:
        return number

    return app


class Client:
    """Sends one request at a time."""

    def __init__(self, app: FastAPI) -> None:
        self.app = app

    def request(self, method: str, url: str, **options: Any) -> httpx.Response:
        """Send it and wait for the answer."""
        return asyncio.run(self._request(method, url, options))

    async def _request(self, method: str, url: str, options: dict[str, Any]) -> httpx.Response:
        transport = httpx.ASGITransport(app=self.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.request(method, url, **options)

    def get(self, url: str, **options: Any) -> httpx.Response:
        """GET."""
        return self.request("GET", url, **options)

    def post(self, url: str = FAKE_URL, **options: Any) -> httpx.Response:
        """POST."""
        return self.request("POST", url, **options)


async def pieces(chunks: Iterable[bytes], *, pause_s: float = 0) -> AsyncIterator[bytes]:
    """A body without a Content-Length, piece by piece."""
    for chunk in chunks:
        await asyncio.sleep(pause_s)
        yield chunk
