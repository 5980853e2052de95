"""Which program this process is, decided by what it has loaded and what can be found, never by trying."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import Literal

from lib_bootcamp.ports import Host

Name = Literal["a1111", "forge", "standalone"]


def detect() -> Name:
    """The host this process runs in.

    A WebUI has its settings module loaded, with its command line in it, before any extension runs;
    Forge and its relatives have `modules_forge` beside it.
    """
    shared = sys.modules.get("modules.shared")
    if shared is None or not hasattr(shared, "cmd_opts"):
        return "standalone"
    return "forge" if find_spec("modules_forge") is not None else "a1111"


def current_host() -> Host:
    """The host's adapter."""
    name = detect()
    if name == "forge":
        from lib_bootcamp.hosts.forge import ForgeHost

        return ForgeHost()
    if name == "a1111":
        from lib_bootcamp.hosts.a1111 import A1111Host

        return A1111Host()
    from lib_bootcamp.hosts.standalone import StandaloneHost

    return StandaloneHost()
