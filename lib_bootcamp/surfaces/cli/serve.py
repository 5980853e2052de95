"""`serve`: the page and the API, with the flags that say where it listens and whose requests are answered."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from lib_bootcamp.core.files.folders import is_file, is_folder, is_there
from lib_bootcamp.core.models.files import is_path, split_architecture
from lib_bootcamp.core.web_access import AccessRules, HostNames, host_names, is_loopback, origin_list
from lib_bootcamp.errors import ModelError
from lib_bootcamp.ports import Host

from .runs.argument_types import folder_there, port

T = TypeVar("T")


def _checked(convert: Callable[[str], T]) -> Callable[[str], T]:
    """A type of argparse's whose mistake is printed as it is: a wrong flag ends with exit code 2."""

    def converted(text: str) -> T:
        try:
            return convert(text)
        except (ValueError, re.error) as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return converted


def fill(parser: argparse.ArgumentParser) -> None:
    """Add its flags, and what runs it."""
    parser.add_argument("--address", default="127.0.0.1", help="address to listen on (%(default)s: this machine only)")
    parser.add_argument(
        "--allow-dir",
        action="append",
        type=folder_there,
        metavar="DIR",
        help="folder that callers of the API and visitors from elsewhere may name; may be repeated",
    )
    parser.add_argument("--port", type=port, default=7862, help="port (%(default)s)")
    parser.add_argument(
        "--allow-host",
        action="append",
        type=_checked(lambda text: host_names([text])[0]),
        metavar="NAME",
        help="name that this server answers to besides this machine's own, as behind a proxy "
        "(*.example.com: all below it, *: every name); may be repeated",
    )
    parser.add_argument(
        "--cors-allow-origins",
        type=_checked(origin_list),
        default=(),
        metavar="ORIGINS",
        help="sites whose pages may call this server, separated by commas, like http://localhost:3000",
    )
    parser.add_argument(
        "--cors-allow-origins-regex",
        type=_checked(re.compile),
        metavar="PATTERN",
        help="the same as one regular expression, which the whole origin must match",
    )
    parser.set_defaults(run=run)


def run(host: Host, arguments: argparse.Namespace) -> int:
    """Serve until it is stopped; returns the exit code."""
    from lib_bootcamp.surfaces.server import serve

    for flag in ("checkpoint", "clip"):
        refuse_missing(arguments.named[flag] or "", flag)
    return serve(host, address=arguments.address, port=arguments.port, rules=access_rules(arguments))


def refuse_missing(named: str, flag: str) -> None:
    """Refuse a model's path at which nothing can be loaded: found out now, and not by the first visitor.

    Raises:
        ModelError: there is nothing, or no file and no folder.
    """
    _, place = split_architecture(named)
    path = Path(place).expanduser()
    if not is_path(place) or is_file(path) or is_folder(path):
        return
    message = "is no file and no folder" if is_there(path) else "is not there"
    raise ModelError(f"--{flag}: {path} {message}", hint="give a .safetensors file, a folder or a model's name")


def access_rules(arguments: argparse.Namespace) -> AccessRules:
    """What the command line of `serve` says, with the defaults of the address that it listens on."""
    names = HostNames(tuple(arguments.allow_host or ()), network=not is_loopback(arguments.address))
    return AccessRules(hosts=names, origins=arguments.cors_allow_origins, pattern=arguments.cors_allow_origins_regex)
