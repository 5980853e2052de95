"""The flags of `serve` that say whose requests are answered."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from typing import Any, TypeVar

from lib_bootcamp.core.web_access import AccessRules, HostNames, host_names, is_loopback, origin_list

T = TypeVar("T")


def _checked(convert: Callable[[str], T]) -> Callable[[str], T]:
    """A type of argparse's whose mistake is told as it is: a wrong flag ends with exit code 2."""

    def converted(text: str) -> T:
        try:
            return convert(text)
        except (ValueError, re.error) as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return converted


ACCESS_FLAGS: tuple[tuple[str, dict[str, Any]], ...] = (
    (
        "--allow-host",
        {
            "action": "append",
            "type": _checked(lambda text: host_names([text])[0]),
            "metavar": "NAME",
            "help": "name that this server answers to beside this machine's own, as behind a proxy "
            "(*.example.com: all below it, *: every name); may be repeated",
        },
    ),
    (
        "--cors-allow-origins",
        {
            "type": _checked(origin_list),
            "default": (),
            "metavar": "ORIGINS",
            "help": "sites whose pages may call this server, separated by commas, like http://localhost:3000",
        },
    ),
    (
        "--cors-allow-origins-regex",
        {
            "type": _checked(re.compile),
            "metavar": "PATTERN",
            "help": "the same as one regular expression, which the whole origin must match",
        },
    ),
)


def access_rules(arguments: argparse.Namespace) -> AccessRules:
    """What the command line of `serve` says, with the defaults of the address that it listens on."""
    names = HostNames(tuple(arguments.allow_host or ()), network=not is_loopback(arguments.address))
    return AccessRules(hosts=names, origins=arguments.cors_allow_origins, pattern=arguments.cors_allow_origins_regex)
