"""docs/api.md names every route, and none that is not there."""

from __future__ import annotations

import re
from pathlib import Path

from lib_bootcamp.hosts.standalone import StandaloneHost
from lib_bootcamp.surfaces.server import create_app
from lib_bootcamp.surfaces.shared.described import PREFIX

PAGE = Path(__file__).resolve().parents[2] / "docs" / "api.md"
ROUTE = re.compile(r"`(?:(GET|POST|DELETE) )?(/[a-z0-9/{}.-]+)`")


def test_the_page_names_every_route_and_no_other() -> None:
    served = {
        (method.upper(), path.removeprefix(PREFIX))
        for path, methods in create_app(StandaloneHost(device="cpu")).openapi()["paths"].items()
        for method in methods
    }
    named = set()
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("| `"):
            method = ""
            for given, path in ROUTE.findall(line.split(" | ")[0]):
                method = given or method  # a list of paths has the method at its head
                named.add((method, path))
    assert named == served
