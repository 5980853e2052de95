"""What the section is asked over the WebUI's API, and the maps that must come of it."""

from __future__ import annotations

from typing import Any

import numpy as np

from lib_bootcamp.catalog import find
from lib_bootcamp.context import Context
from lib_bootcamp.hosts.standalone import SilentProgress, StandaloneHost

LINK = "https://example.com"
QR = {"control": "qr", "content": LINK, "grid_px": 1, "weight": 1.2}
NOT_UNDERSTOOD = [
    ([{"conten": "HELLO"}], "did you mean content"),
    ([{"Control": "qr", "content": LINK}], "did you mean control"),
    ([{"lights": []}], "lights is not a parameter of control qr"),
    ([{}], "content"),
    ([QR, QR], "alwayson_scripts.bootcamp.args[1] is one too many"),
    (["HELLO"], "alwayson_scripts.bootcamp.args has 1 values"),
    ([True, "qr", "HELLO", ""], "alwayson_scripts.bootcamp.args has 4 values"),
    ([True, "qr", ""], "values must be a JSON object"),
    ([True, *[None] * 400], "alwayson_scripts.bootcamp.args has 401 values"),
    (QR, "alwayson_scripts.bootcamp.args must be a list"),
]


def made(name: str, **values: Any) -> np.ndarray:
    """The map an operation makes here, without a WebUI."""
    operation = find(name)
    return operation.run(operation.params_from(values), Context.of_terminal(StandaloneHost(), SilentProgress())).image
