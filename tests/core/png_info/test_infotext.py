"""Infotext that is not as the WebUI writes it: each kind with its right values."""

from __future__ import annotations

import json

import pytest

from lib_bootcamp.core.png_info.infotext import is_infotext, read, write
from lib_bootcamp.core.png_info.lora_tags import loras_of
from lib_bootcamp.core.png_info.readers.reading import read_generation

SETTINGS = "Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 5, Size: 512x768, Model hash: abcdef1234, Model: m"


def _core(text):
    made = read(text)
    return (made.prompt, made.negative_prompt, made.steps, made.seed, made.width, made.height, made.model)


RIGHT = ("a red fox", "blurry", 20, 5, 512, 768, "m")


@pytest.mark.parametrize(
    "text",
    [
        f"a red fox\nNegative prompt: blurry\n{SETTINGS}\nTemplate: a __animal__\n\nNegative Template: blurry",
        f"a red fox\r\nNegative prompt: blurry\r\n{SETTINGS}\r\nTemplate: a fox",
        f"a red fox\nNegative prompt: blurry\n{SETTINGS}\nSome words of an editor, with commas",
        "a red fox\nNegative prompt: blurry\n" + SETTINGS.replace(" Seed", "\nSeed"),
        "a red fox\nNegative prompt: blurry\n" + SETTINGS.replace(", ", ",\n"),
        "a red fox\nNegative prompt: blurry\n" + SETTINGS.replace(", ", "\n"),
        f"a red fox\nNegative Prompt: blurry\n{SETTINGS}",
        f"a red fox Negative prompt: blurry {SETTINGS}",
        f"a red fox\nNegative prompt: blurry {SETTINGS}",
        f"a red fox, Negative prompt: blurry, {SETTINGS}".replace("fox,", "fox"),
    ],
)
def test_settings_are_found_wherever_they_stand(text):
    assert _core(text) == RIGHT
    assert is_infotext(text)


def test_settings_between_bars_are_read():
    made = read(
        "prompt: a red fox\nNegative prompt: blurry\nVersion: aa62f6d, Pipeline: Original,\nSteps: 20 | Seed: 5 | "
        "Sampler: Euler a | CFG scale: 7 | Size: 512x768 | Model: m | Operations: | Note: a, b | Hires steps: 12"
    )
    assert (made.prompt, made.negative_prompt, made.steps, made.seed) == ("a red fox", "blurry", 20, 5)
    assert (made.width, made.height, made.model, made.hires_steps) == (512, 768, "m", 12)
    assert made.extras == {"Note": "a, b", "Version": "aa62f6d", "Pipeline": "Original"}


SEMICOLONS = (
    'Steps: 20; Sampler: Euler a; Seed: 5; Size: 512x768; Model: m; Lora hashes: "a: 1; B: 2, c: 3"; Note: x, y;'
)


@pytest.mark.parametrize(
    "text",
    [
        f"a red fox; on grass\nNegative prompt: blurry\n{SEMICOLONS}",
        f"a red fox; on grass\nNegative prompt: blurry\n{SEMICOLONS.replace('; ', ';')}".replace("fox;on", "fox; on"),
        f"a red fox; on grass Negative prompt: blurry {SEMICOLONS}",
    ],
)
def test_settings_between_semicolons_are_read(text):
    made = read(text)
    assert (made.prompt, made.negative_prompt) == ("a red fox; on grass", "blurry")
    assert (made.steps, made.seed, made.width, made.height, made.model) == (20, 5, 512, 768, "m")
    assert made.sampler == "Euler a"
    assert made.extras["Note"] == "x, y"


def test_a_semicolon_in_a_value_parts_nothing():
    made = read(f"a; b\n{SETTINGS}, Version: f0.0.17; extra")
    assert (made.prompt, made.steps, made.extras["Version"]) == ("a; b", 20, "f0.0.17; extra")


def test_a_quoted_setting_may_have_lines():
    made = read(f'a\n{SETTINGS}, Wildcard prompt: "one, two\nthree: 3, four: 4, five: 5\nsix", Version: v1.6.0')
    assert (made.prompt, made.steps, made.seed) == ("a", 20, 5)
    assert made.extras["Wildcard prompt"] == "one, two\nthree: 3, four: 4, five: 5\nsix"
    assert made.extras["Version"] == "v1.6.0"


def test_a_line_of_prompt_and_settings_is_parted():
    assert _core(f"a red fox, on grass {SETTINGS}") == ("a red fox, on grass", "", *RIGHT[2:])


def test_lines_below_the_settings_are_extras():
    made = read(f"a\n{SETTINGS}\nTemplate: a __animal__, big\nsecond line\n\nNegative Template: blurry")
    assert made.extras["Template"] == "a __animal__, big\nsecond line"
    assert made.extras["Negative Template"] == "blurry"


def test_steps_in_the_prompt_are_no_settings():
    made = read(f"Steps: 20, a stairway\nNegative prompt: b\n{SETTINGS.replace('20', '31')}")
    assert (made.prompt, made.steps) == ("Steps: 20, a stairway", 31)


def test_a_prompt_alone_stays_a_prompt():
    assert read("Steps: 3, two of them\nand more").prompt == "Steps: 3, two of them\nand more"


def test_hashes_are_one_extra():
    made = read(f'a fox\n{SETTINGS}, Hashes: {{"vae": "c6a580b13a", "model": "c0d1994c73"}}, RNG: CPU')
    assert made.extras == {"Hashes": {"vae": "c6a580b13a", "model": "c0d1994c73"}, "RNG": "CPU"}
    assert read(write(made)) == made


def test_hashes_name_those_of_loras():
    made = read(f'<lora:a:0.7>\n{SETTINGS}, Hashes: {{"lora:a": "0123"}}')
    assert made.loras[0].hash == "0123"


@pytest.mark.parametrize(
    ("tag", "weight"),
    [
        ("<lora:a>", 1),
        ("<lora:a:0.5>", 0.5),
        ("<lora:a: 0.5 >", 0.5),
        ("<lora:a:0.5:0.7>", 0.7),
        ("<lora:a:te=0.5:unet=0.7>", 0.7),
        ("<lora:a:unet=0.7>", 0.7),
        ("<lora:a:te=0.5>", 0.5),
        ("<lora:a:0.5:lbw=IN02>", 0.5),
        ("<lora:a:1:0.7:dyn=4>", 0.7),
        ("<lyco:a:-1>", -1),
    ],
)
def test_a_loras_weight_is_that_on_the_model(tag, weight):
    (found,) = loras_of(tag, {})
    assert (found.name, found.weight) == ("a", weight)


@pytest.mark.parametrize(
    ("options", "extras"),
    [
        ("-G 0.9 -cf 0.75 -U 4 0.95", {"G": "0.9", "cf": "0.75", "U": "4 0.95"}),
        ("-ft codeformer -G0.8", {"ft": "codeformer", "G": "0.8"}),
        ("--threshold 0.2 --perlin=0.1 --seamless", {"threshold": "0.2", "perlin": "0.1", "seamless": True}),
        ("-V 123:0.1,45:-0.2 -v 0.1", {"V": "123:0.1,45:-0.2", "v": "0.1"}),
    ],
)
def test_invokeais_options_of_any_length_are_read(options, extras):
    made = read_generation({"Dream": f'"a cat [blurry]" -s 50 -S 5 -W512 -H512 -C 5 {options} -Ak_lms'})
    assert (made.prompt, made.negative_prompt, made.steps, made.seed) == ("a cat", "blurry", 50, 5)
    assert (made.width, made.cfg_scale, made.sampler) == (512, 5, "k_lms")
    assert made.extras == extras


@pytest.mark.parametrize(
    "line",
    [
        "a cat [blurry] -s50 -S5 -W 512 -H 768 -C 7.5 -Ak_lms",
        '"a cat [blurry]" --steps 50 --seed=5 --width 512 --height=768 --cfg_scale 7.5 --sampler k_lms',
        '"a cat [blurry]" -s 50 -S 5 -W512 -H768 -C 7.5 -A k_lms -I "init.png"',
    ],
)
def test_invokeais_lines_are_read_unquoted_with_long_names_and_with_quoted_options(line):
    made = read_generation({"Dream": line})
    assert (made.prompt, made.negative_prompt, made.steps, made.seed) == ("a cat", "blurry", 50, 5)
    assert (made.width, made.height, made.cfg_scale, made.sampler) == (512, 768, 7.5, "k_lms")


def test_quotes_within_invokeais_prompt_are_the_prompts_own():
    assert read_generation({"Dream": '"a \\"big\\" cat" -s 50'}).prompt == 'a "big" cat'
    assert read_generation({"Dream": '"a "big" cat" -s 50'}).prompt == 'a "big" cat'


def test_a_dream_text_without_options_is_no_command_line():
    assert read_generation({"Dream": "I slept well"}) is None


def test_names_of_settings_are_known_in_any_case():
    made = read("a cat\nsteps: 20, sampler: Euler a, cfg scale: 7, seed: 5, size: 512 x 768")
    assert (made.steps, made.sampler, made.cfg_scale, made.seed) == (20, "Euler a", 7, 5)
    assert (made.width, made.height, made.extras) == (512, 768, {})


def test_civitais_resources_give_the_model_and_the_loras():
    used = [
        {"type": "checkpoint", "modelVersionId": 1, "modelName": "Dream, Shaper"},
        {"type": "lora", "weight": 0.8, "modelVersionId": 2, "modelName": "Glow"},
        {"type": "embed", "modelVersionId": 3, "modelName": "EasyNegative"},
    ]
    made = read(
        f"a cat\n{SETTINGS.partition(', Model')[0]}, Civitai resources: {json.dumps(used)}, Civitai metadata: {{}}"
    )
    assert (made.tool, made.model) == ("Civitai", "Dream, Shaper")
    assert [(each.name, each.weight) for each in made.loras] == [("Glow", 0.8)]
    assert made.extras == {"Civitai resources": used, "Civitai metadata": "{}"}


def test_civitais_resources_change_nothing_that_is_given():
    made = read(f'<lora:a:0.5>\n{SETTINGS}, Civitai resources: [{{"type": "lora", "modelName": "Glow"}}]')
    assert [each.name for each in made.loras] == ["a"]


@pytest.mark.parametrize("twice", [False, True])
def test_ruinedfooocus_is_read(twice):
    reported = {
        "Prompt": "a cat", "Negative": "bad", "steps": 20, "cfg": 8, "width": 512, "height": 768, "seed": 0,
        "sampler_name": "dpmpp_3m_sde_gpu", "scheduler": "karras", "base_model_name": "m.safetensors",
        "base_model_hash": "01ab", "loras": [["ab12", "0.50 - x.safetensors"], {"name": "y", "weight": 1}],
        "software": "RuinedFooocus",
    }  # fmt: skip
    text = json.dumps(reported)
    made = read_generation({"parameters": json.dumps(text) if twice else text})
    assert (made.tool, made.prompt, made.negative_prompt, made.seed) == ("RuinedFooocus", "a cat", "bad", 0)
    assert (made.model, made.model_hash, made.cfg_scale) == ("m.safetensors", "01ab", 8)
    assert [(each.name, each.weight, each.hash) for each in made.loras] == [
        ("x.safetensors", 0.5, "ab12"),
        ("y", 1, None),
    ]
