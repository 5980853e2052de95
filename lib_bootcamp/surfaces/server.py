"""The standalone server: the routes and the page on one address."""

from __future__ import annotations

import functools
import os
import socket
from typing import TYPE_CHECKING, Any

from lib_bootcamp import __version__
from lib_bootcamp.core.files.atomic import private_folder, write_folder
from lib_bootcamp.core.images.codec import MAX_BYTES
from lib_bootcamp.core.models.files import BANNER, EMBEDDED
from lib_bootcamp.core.web_access import AccessRules, HostNames
from lib_bootcamp.errors import BootcampError
from lib_bootcamp.ports import Host
from lib_bootcamp.shipped import SHIPPED

if TYPE_CHECKING:
    from fastapi import FastAPI

SCRIPTS = ("bootcamp.js", "bootcamp_jobs.js")
"""Of the folder `javascript`; the WebUI loads all of it."""


class AddressInUseError(BootcampError):
    """Another program listens there."""

    def __init__(self, address: str, port: int) -> None:
        super().__init__(f"{address}:{port} cannot be listened on (in use?)", hint="choose another with --port.")


def create_app(host: Host) -> FastAPI:
    """The API alone: the routes and their docs at `/docs`."""
    from fastapi import FastAPI

    from .http.document import TITLE, document
    from .http.routes import build_router, described_routes

    app = FastAPI(title=TITLE, version=__version__)
    app.include_router(build_router(host))
    app.openapi = functools.cache(lambda: document(described_routes()))  # type: ignore[method-assign]
    return app


def create_server_app(host: Host, *, port: int, rules: AccessRules | None = None) -> Any:
    """The API and the page at `/`, mounted after the routes, so that they are matched first.

    Args:
        host: what the operations run on.
        port: where it will listen.
        rules: whose requests are answered; None: those of this machine.
    Returns:
        an ASGI app: the doors, and FastAPI behind them.
    """
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    import gradio as gr

    from .http.access import AccessMiddleware
    from .http.work import RetryAfter
    from .page.fields import supported_arguments
    from .page.tabs.page import build_page
    from .page.upload_limits import UploadLimits
    from .page.uploads import UploadGuard
    from .shared.work_queue import WAITING

    app = create_app(host)
    page = build_page(host)
    page.queue(max_size=WAITING)
    page.has_launched = True  # else Gradio 6 does not check paths; `UploadGuard` does so whatever Gradio does
    style = (SHIPPED / "style.css").read_text(encoding="utf-8")
    script = "".join((SHIPPED / "javascript" / name).read_text(encoding="utf-8") for name in SCRIPTS)
    extras = supported_arguments(
        gr.mount_gradio_app,
        css=style,
        head=f"<script>{script}</script>",
        theme=gr.themes.Default(font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"]),
        server_name="127.0.0.1",
        server_port=port,
        ssr_mode=False,
        footer_links=[],
        max_file_size=MAX_BYTES,
        show_error=False,
    )
    mounted = gr.mount_gradio_app(app, page, path="/", **extras)
    page.show_error = False  # as the argument, which Gradio 3 does not have
    inside = UploadLimits(UploadGuard(RetryAfter(mounted)))
    return AccessMiddleware(inside, rules or AccessRules(hosts=HostNames()))


def serve(host: Host, *, address: str, port: int, rules: AccessRules) -> int:
    """Listen until interrupted; returns the exit code.

    Raises:
        AddressInUseError: the port is taken.
    """
    import uvicorn

    write_folder(private_folder(host.data_dir() / "jobs"))  # found out now, and not by the first visitor
    try:
        with socket.create_server((address, port)):
            pass
    except (OSError, OverflowError):
        raise AddressInUseError(address, port) from None
    app = create_server_app(host, port=port, rules=rules)
    shown = f"[{address}]" if ":" in address else address
    if host.checkpoint() == EMBEDDED:
        print(BANNER, flush=True)
    print(f"Page: http://{shown}:{port}/   API: http://{shown}:{port}/docs   stop with Ctrl+C", flush=True)
    from .http.patient_server import PatientProtocol

    waits: dict[str, Any] = {"http": PatientProtocol, "timeout_graceful_shutdown": 2}
    uvicorn.run(app, host=address, port=port, log_level="warning", **waits)
    return 0
