"""The standalone server: the routes and the page on one address."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

from lib_bootcamp.errors import BootcampError
from lib_bootcamp.hosts.standalone import StandaloneHost

ROOT = Path(__file__).resolve().parents[2]


class AddressInUseError(BootcampError):
    """Another program listens there."""

    def __init__(self, address: str, port: int) -> None:
        super().__init__(f"{address}:{port} cannot be listened on (in use?); choose another with --port.")


def create_server_app(host: StandaloneHost, *, port: int) -> Any:
    """The FastAPI app: routes below `/bootcamp/v1`, the page at `/`."""
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    import gradio as gr

    from lib_bootcamp.app import create_app

    from .gradio_fields import supported_arguments
    from .page import build_page

    app = create_app(host)
    page = build_page(host)
    page.queue()
    style = (ROOT / "style.css").read_text(encoding="utf-8")
    script = (ROOT / "javascript" / "bootcamp.js").read_text(encoding="utf-8")
    extras = supported_arguments(
        gr.mount_gradio_app,
        css=style,
        head=f"<script>{script}</script>",
        theme=gr.themes.Default(font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"]),
        server_name="127.0.0.1",
        server_port=port,
        ssr_mode=False,
        footer_links=[],
    )
    return gr.mount_gradio_app(app, page, path="/", **extras)


def serve(host: StandaloneHost, *, address: str, port: int) -> int:
    """Listen until interrupted; returns the exit code.

    Raises:
        AddressInUseError: the port is taken.
    """
    import uvicorn

    try:
        with socket.create_server((address, port)):
            pass
    except (OSError, OverflowError):
        raise AddressInUseError(address, port) from None
    app = create_server_app(host, port=port)
    shown = f"[{address}]" if ":" in address else address
    print(f"Page: http://{shown}:{port}/   API: http://{shown}:{port}/docs   stop with Ctrl+C", flush=True)
    uvicorn.run(app, host=address, port=port, log_level="warning", timeout_graceful_shutdown=2)
    return 0
