"""What the API costs beside the work: an operation called directly, over the app in this process, over loopback.

All three are measured in turn within one loop, so that whatever else the machine does hits them alike.
"""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any

import httpx
import numpy as np
import uvicorn
from fastapi import FastAPI

from lib_bootcamp.context import Context
from lib_bootcamp.core.images.arrays import Image
from lib_bootcamp.core.images.codec import decode_base64, encode_base64
from lib_bootcamp.core.images.png import encode_png
from lib_bootcamp.hosts.standalone import StandaloneHost
from lib_bootcamp.operation import Operation
from lib_bootcamp.params import Params, Spec
from lib_bootcamp.results import ControlMap, Result
from lib_bootcamp.surfaces.http.routes import PREFIX, build_router

from .timing import medians


@dataclass(frozen=True, kw_only=True)
class _EchoParams(Params):
    image: Annotated[Image, Spec("Image")]


@dataclass(frozen=True, kw_only=True)
class _NoParams(Params):
    text: Annotated[str, Spec("Text", max_length=100)] = "text"


@dataclass(frozen=True, kw_only=True)
class _Length(Result):
    length: Annotated[int, Spec("Length")]


def _echo(params: _EchoParams, context: Context) -> ControlMap:
    return ControlMap(image=params.image)


def _length(params: _NoParams, context: Context) -> _Length:
    return _Length(length=len(params.text))


ECHO = Operation("echo", "Echo", "Gives the picture back.", _EchoParams, ControlMap, _echo, "/echo")
LENGTH = Operation("length", "Length", "Counts.", _NoParams, _Length, _length, "/length", kind="analysis")


@contextmanager
def _served(app: FastAPI) -> Iterator[str]:
    # with the protocol named asyncio turns Nagle off, as it does for a port of its own; otherwise it waits 40 ms
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def _photograph(side: int) -> Image:
    """Smooth shapes with a little noise: a PNG of about a photograph's compressibility."""
    rng = np.random.default_rng(1)
    ramp = np.linspace(0, 6 * np.pi, side)
    waves = 127 + 100 * np.sin(ramp)[:, None, None] * np.cos(ramp * [[1.0], [1.3], [1.7]]).T[None]
    return (waves + rng.normal(0, 2, waves.shape)).clip(0, 255).astype(np.uint8)


def _check(answer: httpx.Response) -> httpx.Response:
    answer.raise_for_status()
    return answer


def _codec(text: str) -> str:
    """The part of a request that no server can leave out: the picture read and written."""
    picture = decode_base64(json.loads(text)["image"])
    return encode_base64(picture)


def _measure(side: int | None, rounds: int) -> dict[str, Any]:
    """One row: `side` of the picture in pixels, or None for an operation without one."""
    host = StandaloneHost(device="cpu")
    operation: Operation[Any, Any] = LENGTH if side is None else ECHO
    app = FastAPI()
    app.include_router(build_router(host, operations=[operation]))
    picture = None if side is None else _photograph(side)
    values: dict[str, Any] = {"text": "four"} if picture is None else {"image": picture}
    text = json.dumps(values if picture is None else {"image": encode_base64(picture)})
    context = Context.of_terminal(host, host.progress())
    path, headers = f"{PREFIX}{operation.path}", {"content-type": "application/json"}
    loop = asyncio.new_event_loop()
    inside = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://inside")
    with _served(app) as address, httpx.Client(base_url=address, trust_env=False, timeout=300) as outside:
        calls: dict[str, Callable[[], Any]] = {
            "direct": lambda: operation.run(operation.params_from(values), context),
            "app": lambda: _check(loop.run_until_complete(inside.post(path, content=text, headers=headers))),
            "loopback": lambda: _check(outside.post(path, content=text, headers=headers)),
        }
        if picture is not None:
            file, accept = encode_png(picture), {"accept": "image/png"}
            calls |= {
                "codec": lambda: _codec(text),
                "form_to_png": lambda: _check(outside.post(path, files={"image": ("a.png", file)}, headers=accept)),
            }
        found = medians(calls, rounds=rounds)
    loop.run_until_complete(inside.aclose())
    loop.close()
    rounded = {f"{name}_ms": round(value, 3) for name, value in found.items()}
    # what remains when the unavoidable reading and writing of the pictures is taken off
    rounded["overhead_ms"] = round(found["loopback"] - found["direct"] - found.get("codec", 0.0), 3)
    if picture is not None:
        rounded["loopback_over_codec"] = round(found["loopback"] / found["codec"], 2)
    return {"picture_px": side, **rounded}


def run(quick: bool) -> dict[str, Any]:  # noqa: FBT001 - the signature of every benchmark
    """Medians in ms for a request without a picture and for pictures of two sizes."""
    rounds = 15 if quick else 30
    sides: tuple[int | None, ...] = (None, 512) if quick else (None, 512, 1024, 2048)
    return {"rows": [_measure(side, rounds if (side or 0) < 1024 else max(rounds // 4, 5)) for side in sides]}


def table(result: dict[str, Any]) -> str:
    """The result as Markdown, in milliseconds."""
    columns = {
        "direct_ms": "called directly",
        "app_ms": "over the app",
        "loopback_ms": "HTTP on loopback",
        "codec_ms": "of it the picture's base64 and PNG",
        "form_to_png_ms": "form in, PNG out",
        "overhead_ms": "what the API adds",
    }
    lines = ["| request | " + " | ".join(columns.values()) + " |", "|---" * (len(columns) + 1) + "|"]
    for row in result["rows"]:
        name = "without a picture" if row["picture_px"] is None else f"picture of {row['picture_px']} px"
        lines.append(f"| {name} | " + " | ".join(f"{row[each]:g}" if each in row else "-" for each in columns) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table(run(quick=True)))
