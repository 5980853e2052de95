"""`export`: a checkpoint as one file."""

from __future__ import annotations

import argparse
from pathlib import Path

from lib_bootcamp.core.files.atomic import check_writable
from lib_bootcamp.errors import ModelError, OutputError, named_by
from lib_bootcamp.ports import Host

from .runs.argument_types import place


def fill(parser: argparse.ArgumentParser) -> None:
    """Add its flags, and what runs it."""
    parser.add_argument("--out", type=place, required=True, metavar="FILE", help="the .safetensors file")
    parser.set_defaults(run=run)


def run(host: Host, arguments: argparse.Namespace) -> int:
    """Write the host's checkpoint; returns the exit code."""
    path = Path(arguments.out)
    if path.suffix.lower() != ".safetensors":
        raise OutputError(f"--out {path} must end in .safetensors.")
    with named_by("--out"):
        check_writable(path)
    with host.components() as components:
        if components.family != "sd1":
            raise ModelError("Only a checkpoint of Stable Diffusion 1's kind can be written as one file here.")
        from lib_bootcamp.ml.checkpoints.single_file import write_single_file

        parts = {name: getattr(components, name) for name in ("unet", "vae", "text_encoder", "tokenizer")}
        with named_by("--out"):
            written = write_single_file(parts, path)
    print(
        f"{path} is written; for the WebUI put {', '.join(each.name for each in written)} into models/Stable-diffusion"
    )
    return 0
