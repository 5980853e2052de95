"""The checkpoint that a network was trained on, as the hub knows it."""

from __future__ import annotations

import re
from dataclasses import dataclass

HUB_ID = r"[A-Za-z0-9](?:[\w.-]{0,94}[A-Za-z0-9])?/[A-Za-z0-9](?:[\w.-]{0,94}[A-Za-z0-9])?"
"""USER/NAME. The hub also forbids two dots or dashes in a row and a name that ends in .git."""
MOST_CHARACTERS = 1000
_FILE = re.compile(r"\.(?:safetensors|ckpt|sft|pt|bin)$", re.IGNORECASE)
_HASH = re.compile(r"\s?\[[0-9a-fA-F]{8,64}\]$")


@dataclass(frozen=True)
class KnownBase:
    """A checkpoint that many train on.

    Args:
        hub_id: where it is now.
        license: the hub's short name.
        names: what its files and earlier ids are called, without an ending.
    """

    hub_id: str
    license: str
    names: tuple[str, ...]


_KNOWN = (
    KnownBase(
        "stable-diffusion-v1-5/stable-diffusion-v1-5",
        "creativeml-openrail-m",
        (
            *("v1-5-pruned", "v1-5-pruned-emaonly", "v1-5-pruned-emaonly-fp16", "stable-diffusion-v1-5"),
            *("runwayml/stable-diffusion-v1-5", "stable-diffusion-v1-5/stable-diffusion-v1-5"),
        ),
    ),
    KnownBase(
        "CompVis/stable-diffusion-v1-4",
        "creativeml-openrail-m",
        ("sd-v1-4", "sd-v1-4-full-ema", "CompVis/stable-diffusion-v1-4"),
    ),
    KnownBase(
        "stabilityai/stable-diffusion-xl-base-1.0",
        "openrail++",
        ("sd_xl_base_1.0", "sd_xl_base_1.0_0.9vae", "stabilityai/stable-diffusion-xl-base-1.0"),
    ),
)


def is_hub_id(text: str) -> bool:
    """Whether a text may be a model's id on the hub."""
    return bool(re.fullmatch(HUB_ID, text)) and not re.search(r"--|\.\.|\.git$", text) and not _FILE.search(text)


def checkpoint_name(text: str) -> str:
    """A checkpoint's name as files state it, without the folder that it lay in and without the WebUI's hash."""
    name = _HASH.sub("", text[:MOST_CHARACTERS].strip())
    return name if is_hub_id(name) else re.split(r"[\\/]", name)[-1]


def known_base(name: str) -> KnownBase | None:
    """The checkpoint of this name or id; None where it is none of those known here."""
    stem = _FILE.sub("", name)
    return next((each for each in _KNOWN if stem in each.names), None)


def hub_base(name: str) -> str:
    """The id of the checkpoint of this name (`checkpoint_name`); empty where it has none that is known here."""
    known = known_base(name)
    return known.hub_id if known else name if is_hub_id(name) else ""
