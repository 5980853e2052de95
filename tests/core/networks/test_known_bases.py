"""The checkpoint of a network on the hub."""

from __future__ import annotations

import pytest

from lib_bootcamp.core.networks.known_bases import checkpoint_name, hub_base, is_hub_id, known_base

SD1 = "stable-diffusion-v1-5/stable-diffusion-v1-5"


@pytest.mark.parametrize(
    ("stated", "name", "base"),
    [
        ("v1-5-pruned-emaonly.safetensors [6ce0161689]", "v1-5-pruned-emaonly.safetensors", SD1),
        ("private/of anna/mine.safetensors [6ce0161689]", "mine.safetensors", ""),
        (
            "C:\\models\\sd_xl_base_1.0.safetensors",
            "sd_xl_base_1.0.safetensors",
            "stabilityai/stable-diffusion-xl-base-1.0",
        ),
        ("runwayml/stable-diffusion-v1-5", "runwayml/stable-diffusion-v1-5", SD1),
        ("someone/their-model", "someone/their-model", "someone/their-model"),
        ("mini", "mini", ""),
        ("", "", ""),
    ],
)
def test_a_checkpoint_is_known_by_its_name_and_not_by_its_place(stated: str, name: str, base: str) -> None:
    assert (checkpoint_name(stated), hub_base(checkpoint_name(stated))) == (name, base)


def test_a_known_one_has_a_license() -> None:
    known = known_base("sd_xl_base_1.0.safetensors")
    assert known is not None
    assert known.license == "openrail++"


@pytest.mark.parametrize(
    "text", ["me", "a/b/c", "me/a b", "me/-x", "me/x..y", "me/x.git", "../x", "me/x.safetensors", "me/x\n"]
)
def test_what_is_no_id(text: str) -> None:
    assert not is_hub_id(text)
