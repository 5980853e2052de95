"""The routes that the section's form asks: what the section would do, and how well a picture scans.

No `from __future__ import annotations` here: FastAPI has to see the types.
"""

from collections.abc import Callable, Sequence
from typing import Any

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from lib_bootcamp.context import Context
from lib_bootcamp.operations.qr.scan import SCAN
from lib_bootcamp.ports import Host, SilentProgress
from lib_bootcamp.surfaces.http.answers import json_answer, plain_answer
from lib_bootcamp.surfaces.http.body import RawBody, body_reader, request_values
from lib_bootcamp.surfaces.http.errors import BootcampRoute
from lib_bootcamp.surfaces.http.work import left
from lib_bootcamp.surfaces.shared.described import PREFIX
from lib_bootcamp.surfaces.shared.work_queue import QUEUES
from lib_bootcamp.surfaces.webui.section_run import SectionRunner
from lib_bootcamp.surfaces.webui.section_scan import scan_text

from .preview import PreviewParams, preview

BODY = Depends(body_reader())


def panel_router(host: Host, runner: SectionRunner, dependencies: Sequence[Any] = ()) -> APIRouter:
    """`POST /bootcamp/v1/panel/preview` and `/scan`, which the section's form asks.

    Args:
        host: what scans run on.
        runner: makes the maps.
        dependencies: as of `forms.routes.form_router`.
    """
    router = APIRouter(prefix=f"{PREFIX}/panel", route_class=BootcampRoute, dependencies=list(dependencies))

    def work(body: RawBody, declaration: Any, made: Callable[[Any], Response]) -> Response:
        return made(declaration.from_mapping(request_values(body, declaration)))

    def previewed(params: PreviewParams) -> Response:
        return json_answer(preview(runner, params))

    def scanned(params: Any) -> Response:
        return plain_answer({"text": scan_text(SCAN.run(params, Context.of_page(host, SilentProgress())))})

    def answering(declaration: Any, made: Callable[[Any], Response]) -> Callable[..., Any]:
        async def endpoint(request: Request, body: RawBody = BODY) -> Response:
            return await QUEUES.pictures.run(lambda _: work(body, declaration, made), left=left(request))

        return endpoint

    for path, declaration, made in (("/preview", PreviewParams, previewed), ("/scan", SCAN.params, scanned)):
        router.add_api_route(path, answering(declaration, made), methods=["POST"], include_in_schema=False)
    return router
