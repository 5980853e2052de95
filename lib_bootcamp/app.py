"""Composition root: joins a host and the surfaces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lib_bootcamp import __version__
from lib_bootcamp.ports import Host

if TYPE_CHECKING:
    from fastapi import FastAPI


def create_app(host: Host) -> FastAPI:
    """The standalone server's app: the routes and their docs at `/docs`.

    The page is mounted at `/` by `surfaces.server`, after the routes, so that they are matched first.
    """
    from fastapi import FastAPI

    from lib_bootcamp.surfaces.routes import build_router

    app = FastAPI(
        title="Bootcamp",
        version=__version__,
        description="Control maps, QR-code art and scanning: one route for each operation.",
    )
    app.include_router(build_router(host))
    return app
