"""The route that tells the browser what a form is drawn from.

No `from __future__ import annotations` here: FastAPI has to see the types.
"""

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from lib_bootcamp.surfaces.http.answers import plain_answer
from lib_bootcamp.surfaces.http.errors import BootcampRoute
from lib_bootcamp.surfaces.http.work import queued
from lib_bootcamp.surfaces.shared.described import PREFIX
from lib_bootcamp.surfaces.shared.work_queue import QUEUES

from .fields import form_fields


def form_router(dependencies: Sequence[Any] = ()) -> APIRouter:
    """`GET /bootcamp/v1/forms/{form}`; it tells nothing that the WebUI's own page would not.

    Args:
        dependencies: FastAPI dependencies of the route: whose page may ask, who is logged in on it.
    """
    router = APIRouter(prefix=f"{PREFIX}/forms", route_class=BootcampRoute, dependencies=list(dependencies))

    def describe(form: str) -> Response:
        return plain_answer(form_fields(form).describe())

    router.add_api_route("/{form}", queued(describe, QUEUES.quick), include_in_schema=False)
    return router
