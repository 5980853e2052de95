"""Whose requests our routes and our tab answer inside a WebUI, by the WebUI's own flags."""

from __future__ import annotations

import os
import re
from typing import Any

from lib_bootcamp.core.web_access import AccessRules, Flags, HostNames, host_names, is_loopback, origin_list

FLAGS = Flags(hosts="--bootcamp-allow-host", origins="--cors-allow-origins")


def access_rules(options: Any) -> AccessRules:
    """The rules of a WebUI.

    Args:
        options: the WebUI's command line.

    Raises:
        ValueError: `--bootcamp-allow-host` names what is no host name; the text says which.
    """
    hosts = None if is_reached_by_others(options) else HostNames(_added_names(options))
    return AccessRules(hosts=hosts, origins=_origins(options), pattern=_pattern(options), flags=FLAGS)


def is_reached_by_others(options: Any) -> bool:
    """Whether other machines reach the WebUI, by names that nobody here knows all of."""
    if any(getattr(options, name, None) for name in ("share", "listen", "ngrok")):
        return True
    address = getattr(options, "server_name", None) or os.environ.get("GRADIO_SERVER_NAME")
    return bool(address) and not is_loopback(str(address))


def _added_names(options: Any) -> tuple[str, ...]:
    return host_names(getattr(options, "bootcamp_allow_host", None) or ())


def _origins(options: Any) -> tuple[str, ...]:
    """Those of the WebUI's flag, which takes any text; what is no origin allows nobody."""
    found: list[str] = []
    for each in str(getattr(options, "cors_allow_origins", None) or "").split(","):
        try:
            found += origin_list(each)
        except ValueError:
            continue
    return tuple(found)


def _pattern(options: Any) -> re.Pattern[str] | None:
    given = getattr(options, "cors_allow_origins_regex", None)
    return re.compile(given) if given else None
