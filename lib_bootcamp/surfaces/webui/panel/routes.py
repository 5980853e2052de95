"""The routes that the section's form asks: what it would do, how well a picture scans, and a picture's touch-up.

No `from __future__ import annotations` here: FastAPI has to see the types.
"""

import base64
from collections.abc import Callable, Sequence
from typing import Any

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from lib_bootcamp.core.images.png import encode_png
from lib_bootcamp.surfaces.http.answers import json_answer, plain_answer
from lib_bootcamp.surfaces.http.body import RawBody, body_reader, request_values
from lib_bootcamp.surfaces.http.errors import BootcampRoute
from lib_bootcamp.surfaces.http.work import left
from lib_bootcamp.surfaces.shared.described import PREFIX
from lib_bootcamp.surfaces.shared.work_queue import QUEUES
from lib_bootcamp.surfaces.webui.section_run import SectionRunner

from .finished import FinishedParams, score, touch_up
from .preview import PanelPreview, PreviewParams, preview

PARAMETERS = "parameters"
"""The text chunk of a PNG in which the WebUI keeps the infotext."""
BODY = Depends(body_reader())


def panel_router(
    runner: SectionRunner,
    preview_script: Callable[[SectionRunner, PreviewParams], PanelPreview],
    dependencies: Sequence[Any] = (),
) -> APIRouter:
    """`POST /bootcamp/v1/panel/preview`, `/scan` and `/touch-up`, which the section's form asks.

    Args:
        runner: makes the maps, and scans.
        preview_script: what a script of the Script dropdown would do; asked where the form is one's.
        dependencies: as of `forms.routes.form_router`.
    """
    router = APIRouter(prefix=f"{PREFIX}/panel", route_class=BootcampRoute, dependencies=list(dependencies))

    def work(body: RawBody, declaration: Any, made: Callable[[Any], Response]) -> Response:
        return made(declaration.from_mapping(request_values(body, declaration)))

    def previewed(params: PreviewParams) -> Response:
        made = preview_script(runner, params) if params.script else preview(runner, params)
        return json_answer(made)

    def scanned(params: FinishedParams) -> Response:
        return plain_answer({"text": score(runner, params)})

    def touched(params: FinishedParams) -> Response:
        made = touch_up(runner, params)
        picture = base64.b64encode(encode_png(made.image, {PARAMETERS: made.infotext} if made.infotext else None))
        return plain_answer({"image": picture.decode("ascii"), "levels": made.levels, "text": made.text})

    def answering(declaration: Any, made: Callable[[Any], Response]) -> Callable[..., Any]:
        async def endpoint(request: Request, body: RawBody = BODY) -> Response:
            return await QUEUES.pictures.run(lambda _: work(body, declaration, made), left=left(request))

        return endpoint

    routes: tuple[tuple[str, Any, Callable[[Any], Response]], ...] = (
        ("/preview", PreviewParams, previewed),
        ("/scan", FinishedParams, scanned),
        ("/touch-up", FinishedParams, touched),
    )
    for path, declaration, made in routes:
        router.add_api_route(path, answering(declaration, made), methods=["POST"], include_in_schema=False)
    return router
