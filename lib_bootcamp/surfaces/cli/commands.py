"""The commands that are no operations: demo, serve, export, jobs, operations, info."""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lib_bootcamp.catalog import OPERATIONS
from lib_bootcamp.errors import ModelError, OutputError
from lib_bootcamp.ports import Host
from lib_bootcamp.surfaces.shared.described import described

from .argument_types import folder_there, port
from .jobs import JobsCommand
from .serve_access import ACCESS_FLAGS, access_rules


@dataclass(frozen=True)
class Command:
    """A command of the command line that is not derived from an operation.

    Args:
        name: of the command.
        help: one sentence.
        run: from the host and what was given to the exit code.
        options: flags and argparse's settings of each.
        needs: `models` where what runs on torch is installed before it runs.
        models: whether it takes the flags that choose models.
    """

    name: str
    help: str
    run: Callable[[Host, argparse.Namespace], int]
    options: tuple[tuple[str, dict[str, Any]], ...] = field(default=())
    needs: str = ""
    models: bool = False

    def add_to(self, subparsers: Any) -> Any:
        """Add the command to the parser; returns its own."""
        parser = subparsers.add_parser(self.name, help=self.help, description=self.help)
        for flag, settings in self.options:
            parser.add_argument(flag, **settings)
        parser.set_defaults(run=self.run, needs=self.needs)
        return parser


def _operations(host: Host, arguments: argparse.Namespace) -> int:
    if arguments.json:
        print(json.dumps(described(OPERATIONS), ensure_ascii=False, indent=2))
    else:
        for each in OPERATIONS:
            print(f"{' '.join(each.words):16} {each.summary}")
    return 0


def _info(host: Host, arguments: argparse.Namespace) -> int:
    info = dataclasses.asdict(host.info())
    if arguments.json:
        print(json.dumps(info, indent=2))
    else:
        for name, value in info.items():
            shown = ", ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, dict) else value
            print(f"{name:12} {shown or 'none'}")
    return 0


def _serve(host: Host, arguments: argparse.Namespace) -> int:
    from lib_bootcamp.surfaces.server import serve

    return serve(host, address=arguments.address, port=arguments.port, rules=access_rules(arguments))


def _demo(host: Host, arguments: argparse.Namespace) -> int:
    from .demo import demo

    return demo(host, folder=arguments.out, content=arguments.content)


def _export(host: Host, arguments: argparse.Namespace) -> int:
    path = Path(arguments.out)
    if path.suffix.lower() != ".safetensors":
        raise OutputError(f"--out {path} must end in .safetensors.")
    with host.components() as components:
        if components.family != "sd1":
            raise ModelError("Only a checkpoint of Stable Diffusion 1's kind can be written as one file here.")
        from lib_bootcamp.ml.checkpoints.single_file import write_single_file

        parts = {name: getattr(components, name) for name in ("unet", "vae", "text_encoder", "tokenizer")}
        written = write_single_file(parts, path)
    print(
        f"{path} is written; for the WebUI put {', '.join(each.name for each in written)} into models/Stable-diffusion"
    )
    return 0


JSON_FLAG = ("--json", {"action": "store_true", "help": "print JSON"})
COMMANDS: tuple[Command | JobsCommand, ...] = (
    Command(
        "demo",
        "make control maps, scan the code back, draw pictures and tell what is in them",
        _demo,
        (
            ("--out", {"default": "demo-output", "metavar": "FOLDER", "help": "where the pictures go (%(default)s)"}),
            ("--content", {"default": "https://example.com", "metavar": "TEXT", "help": "what the code says"}),
        ),
        needs="models",
        models=True,
    ),
    Command(
        "serve",
        "open a page with a tab for each operation, and the API, on this machine",
        _serve,
        (
            ("--address", {"default": "127.0.0.1", "help": "address to listen on (%(default)s: this machine only)"}),
            (
                "--allow-dir",
                {
                    "action": "append",
                    "type": folder_there,
                    "metavar": "DIR",
                    "help": "folder that callers of the API and visitors from elsewhere may name; may be repeated",
                },
            ),
            ("--port", {"type": port, "default": 7862, "help": "port (%(default)s)"}),
            *ACCESS_FLAGS,
        ),
        needs="models",
        models=True,
    ),
    Command(
        "export",
        "write a checkpoint as one file that the WebUI loads, with its .yaml",
        _export,
        (("--out", {"required": True, "metavar": "FILE", "help": "the .safetensors file"}),),
        needs="models",
        models=True,
    ),
    JobsCommand(),
    Command("operations", "list the operations, with --json as JSON Schema", _operations, (JSON_FLAG,)),
    Command("info", "tell the host, the device and the installed packages", _info, (JSON_FLAG,)),
)
