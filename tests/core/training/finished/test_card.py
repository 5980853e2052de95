"""A model card: what it says of a training, and that nothing in a file's metadata gets out of its place."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import pytest

from lib_bootcamp.core.networks.metadata import LoraFacts
from lib_bootcamp.core.training.finished.card import NOBODY, Card, CardSample

FACTS = LoraFacts(
    output_name="mymug",
    rank=16,
    alpha=8.0,
    checkpoint="private/anna/mine.safetensors [6ce0161689]",
    steps=800,
    max_steps=800,
    images=150,
    dataset_dirs={"10_anna at home": (10, 15)},
    tags={"10_anna at home": {"a mymug": 15, "on a table": 7}},
    unet_rate=0.0001,
    trigger="a mymug",
)
CARD = Card(name="mymug", kind="lora", layout="lora", facts=FACTS)
EVIL = "</td>\n---\n[x](javascript:alert(1)) <img src=x onerror=alert(1)> ```\n# Head\n| a | b |\x1b[2J"


def changed(**facts: Any) -> Card:
    return dataclasses.replace(CARD, facts=dataclasses.replace(FACTS, **facts))


def test_it_says_what_it_is_from_what_and_how_to_use_it() -> None:
    body = CARD.body()
    assert "A LoRA for Stable Diffusion 1, trained on mine.safetensors with 15 pictures in 800 steps." in body
    assert "`<lora:mymug:1>`" in body
    assert "Trigger words: `a mymug`" in body
    assert "pipe.load_lora_weights('USER/NAME', weight_name='mymug.safetensors')" in body
    assert "| rank | 16 |" in body
    assert "| rate of the UNet | 0.0001 |" in body
    assert "Most common in its captions: a mymug (15), on a table (7)." in body
    assert NOBODY in body


def test_no_folder_is_named() -> None:
    made = CARD.body() + repr(CARD.front())
    assert "anna" not in made


def test_front_matter_has_what_the_hub_reads() -> None:
    card = dataclasses.replace(
        CARD,
        base="stable-diffusion-v1-5/stable-diffusion-v1-5",
        license="CreativeML Open RAIL-M",
        samples=(CardSample(path="samples/000800-1.png", prompt="a mymug\non ice", step=800),),
    )
    assert card.front() == {
        "library_name": "diffusers",
        "pipeline_tag": "text-to-image",
        "tags": ["text-to-image", "stable-diffusion", "diffusers", "lora", "template:sd-lora"],
        "base_model": "stable-diffusion-v1-5/stable-diffusion-v1-5",
        "license": "creativeml-openrail-m",
        "instance_prompt": "a mymug",
        "widget": [{"text": "a mymug on ice", "output": {"url": "samples/000800-1.png"}}],
    }


def test_a_license_that_the_hub_does_not_know_is_another_one() -> None:
    front = dataclasses.replace(CARD, license="my own").front()
    assert (front["license"], front["license_name"]) == ("other", "my own")


def test_a_file_that_states_nothing_is_not_given_a_base() -> None:
    card = Card(name="x", kind="lora", layout="lora", facts=LoraFacts(output_name="x"), is_known=False)
    assert card.body().splitlines()[2] == "A LoRA."
    assert "stable-diffusion" not in card.front()["tags"]


@pytest.mark.parametrize(
    ("facts", "method"),
    [
        ({"network_args": {"conv_dim": "4"}}, "LoCon"),
        ({"network_args": {"conv_dim": "4", "dora_wd": "True"}}, "DoRA"),
        ({"network_module": "lycoris.kohya"}, "LyCORIS"),
    ],
)
def test_its_method_is_named(facts: dict[str, Any], method: str) -> None:
    assert changed(**facts).body().splitlines()[2].startswith(f"A {method} for")


def test_an_embedding_is_a_word() -> None:
    body = dataclasses.replace(CARD, kind="embedding", layout="concept", repository="me/mug").body()
    assert "into `embeddings` and write `mymug` into the prompt" in body
    assert "pipe.load_textual_inversion('me/mug')" in body
    both = dataclasses.replace(CARD, kind="embedding", layout="two encoders").body()
    assert "vectors[\"clip_g\"], token='mymug', text_encoder=pipe.text_encoder_2" in both


def test_hostile_texts_stay_texts() -> None:
    card = dataclasses.replace(
        changed(
            checkpoint=EVIL, trigger=EVIL, optimizer=EVIL, scheduler=EVIL, tags={"a": {EVIL: 3}}, merged_from=(EVIL,)
        ),
        about=EVIL,
        stated={"the file": EVIL},
        warnings=(EVIL,),
        license=EVIL,
        samples=(CardSample(path="samples/000001-1.png", prompt=EVIL, step=1),),
    )
    body = card.body()
    assert "\x1b" not in body
    outside, inside = [], False
    for line in body.splitlines():
        if line.startswith("````"):
            inside = not inside
        elif not inside and not line.startswith(("Trigger words: ````", "![")):
            outside.append(line)
    assert not inside
    text = "\n".join(outside)
    assert not re.search(r"(?<!\\)(?:<img|\[x|\(javascript)", text)
    assert [line for line in outside if line.startswith("#")] == [
        *("# mymug", "## Use it", "## Samples", "## Training", "## License"),
    ]
    assert "\n" not in card.front()["widget"][0]["text"]
