"""The standalone server: the routes and the page on one address."""

from __future__ import annotations

import errno
import functools
import logging
import os
import socket
from typing import TYPE_CHECKING, Any

from lib_bootcamp import __version__
from lib_bootcamp.core.files.atomic import private_folder, write_folder
from lib_bootcamp.core.models.files import BANNER, EMBEDDED
from lib_bootcamp.core.web_access import AccessRules, HostNames
from lib_bootcamp.errors import BootcampError
from lib_bootcamp.ports import Host
from lib_bootcamp.shipped import SHIPPED

if TYPE_CHECKING:
    from fastapi import FastAPI


NO_NAME = {socket.EAI_NONAME, socket.EAI_AGAIN, socket.EAI_FAIL}
"""What a name that cannot be looked up gives in the place of a system's error."""


class AddressError(BootcampError):
    """The server cannot listen there."""

    def __init__(self, address: str, port: int, error: OSError | OverflowError) -> None:
        number = getattr(error, "errno", None)
        if number in NO_NAME:
            message, hint = f"There is no address {address}", "give one of this machine with --address"
        elif number == errno.EADDRNOTAVAIL:
            message, hint = f"{address} is no address of this machine", "give one of its own with --address"
        elif number == errno.EACCES:
            message, hint = f"{address}:{port} may not be listened on", "choose a port above 1023 with --port"
        else:
            message, hint = f"{address}:{port} cannot be listened on (in use?)", "choose another with --port"
        super().__init__(message, hint=hint)


def create_app(host: Host) -> FastAPI:
    """The API alone: the routes and their docs at `/docs`."""
    from fastapi import FastAPI

    from .http.document import TITLE, document
    from .http.routes import build_router, described_routes
    from .http.wrong_method import include_routers

    app = FastAPI(title=TITLE, version=__version__)
    include_routers(app, [build_router(host)])
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
    from .page.mounted import mounted_page, page_script
    from .page.tabs.page import build_page

    inside = mounted_page(
        create_app(host),
        build_page(host),
        css=(SHIPPED / "style.css").read_text(encoding="utf-8"),
        head=f"<script>{page_script()}</script>",
        theme=gr.themes.Default(font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"]),
        server_name="127.0.0.1",
        server_port=port,
        ssr_mode=False,
        footer_links=[],
    )
    return AccessMiddleware(inside, rules or AccessRules(hosts=HostNames()))


def serve(host: Host, *, address: str, port: int, rules: AccessRules) -> int:
    """Listen until interrupted; returns the exit code.

    Raises:
        AddressError: the port is taken, or the address is none of this machine.
    """
    write_folder(private_folder(host.data_dir() / "jobs"))  # found out now, and not by the first visitor
    try:
        with socket.create_server((address, port)):
            pass
    except (OSError, OverflowError) as error:
        raise AddressError(address, port, error) from None
    app = create_server_app(host, port=port, rules=rules)
    shown = f"[{address}]" if ":" in address else address
    if host.checkpoint() == EMBEDDED:
        print(BANNER, flush=True)
    print(f"Page: http://{shown}:{port}/   API: http://{shown}:{port}/docs   stop with Ctrl+C", flush=True)
    from .http.patient_server import PatientProtocol
    from .http.stopping import run_server
    from .shared.one_line import tracebacks_on_one_line
    from .shared.work_queue import QUEUES

    tracebacks_on_one_line()
    # a caller's bad form is answered, and nothing that the owner must know of
    logging.getLogger("python_multipart").setLevel(logging.ERROR)
    waits: dict[str, Any] = {"http": PatientProtocol, "timeout_graceful_shutdown": 2}
    return run_server(app, QUEUES, host=address, port=port, log_level="warning", **waits)
