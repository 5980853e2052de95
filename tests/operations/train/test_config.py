"""A training's settings from a file: our own fields, and kohya's dataset_config."""

from __future__ import annotations

import dataclasses
import json
import re
import typing
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lib_bootcamp.core.files.toml import parse_toml, to_toml
from lib_bootcamp.errors import InvalidParamError
from lib_bootcamp.operations.train.concept_settings import Concept
from lib_bootcamp.operations.train.config import NEUTRAL, SAME, stated_in
from lib_bootcamp.operations.train.train_settings import INIT_TEXT, PRESETS, TrainParams
from lib_bootcamp.params import Param

KOHYA = """
steps = 40
rank = 8

[general]
shuffle_caption = true
caption_extension = ".txt"
keep_tokens = 2
enable_bucket = true
color_aug = false

[[datasets]]
resolution = 512
batch_size = 4
flip_aug = true
bucket_no_upscale = true
caption_dropout_rate = 0.1

  [[datasets.subsets]]
  image_dir = "photos/dog"
  class_tokens = "sks dog"
  num_repeats = 10

  [[datasets.subsets]]
  image_dir = "photos/cat"
"""


def read(text: str) -> TrainParams:
    return TrainParams.from_mapping(stated_in(parse_toml(text, "config")).values)


def again(params: TrainParams) -> TrainParams:
    return read(to_toml(params.to_mapping()))


def test_kohyas_file_is_read() -> None:
    made = read(KOHYA)
    assert made.concepts == (
        Concept(folder="photos/dog", caption="sks dog", repeats=10),
        Concept(folder="photos/cat", repeats=1),
    )
    changed = {
        "steps": 40,
        "rank": 8,
        "shuffle": True,
        "keep_tokens": 2,
        "resolution": 512,
        "batch": 4,
        "flip": True,
        "dropout": 0.1,
        "enlarge": False,
    }
    assert made == TrainParams(concepts=made.concepts, **changed)
    assert stated_in(parse_toml(KOHYA, "config")).notes == ()


def test_what_is_not_understood_is_named_in_one_sentence() -> None:
    text = KOHYA.replace("color_aug = false", "color_aug = true\nmin_bucket_reso = 256") + "caption_extension = '.md'\n"
    assert stated_in(parse_toml(text, "config")).notes == (
        "Of kohya's settings caption_extension, color_aug, min_bucket_reso are not understood here and left out.",
    )


def test_every_name_of_kohyas_is_taken_over_or_named() -> None:
    """Its schema's names, without those of subsets alone."""
    schema = {
        *("color_aug", "face_crop_aug_range", "flip_aug", "num_repeats", "random_crop", "shuffle_caption"),
        *("keep_tokens", "keep_tokens_separator", "secondary_separator", "enable_wildcard", "token_warmup_min"),
        *("token_warmup_step", "caption_prefix", "caption_suffix", "caption_dropout_every_n_epochs"),
        *("caption_dropout_rate", "caption_tag_dropout_rate", "caption_extension", "class_tokens", "cache_info"),
        *("batch_size", "bucket_no_upscale", "bucket_reso_steps", "enable_bucket", "max_bucket_reso"),
        *("min_bucket_reso", "resolution", "network_multiplier"),
    }
    assert schema <= {*SAME, *NEUTRAL, "num_repeats", "class_tokens"}
    for name in NEUTRAL:
        text = f'[general]\n{name} = "something else"\n[[datasets]]\n[[datasets.subsets]]\nimage_dir = "a"\n'
        [note] = stated_in(parse_toml(text, "config")).notes
        assert name in note


def test_a_prefix_and_a_suffix_are_a_template() -> None:
    head = '[general]\ncaption_prefix = "photo of"\n'
    rest = '[[datasets]]\n[[datasets.subsets]]\nimage_dir = "a"\n'
    assert read(head + rest).template == "photo of [filewords]"
    assert read(f'{head}caption_suffix = "at night"\n{rest}').template == "photo of [filewords] at night"


def test_regularization_pictures_are_the_class_pictures_of_their_concept() -> None:
    rows = [
        *(("img/dog", "sks dog", False), ("img/cat", "sks cat", False)),
        *(("reg/cat", "cat", True), ("reg/dog", "dog", True)),
    ]
    text = "[general]\nflip_aug = true\nprior_loss_weight = 0.5\n[[datasets]]\n" + "".join(
        f'[[datasets.subsets]]\nimage_dir = "{folder}"\nclass_tokens = "{words}"\nis_reg = {str(reg).lower()}\n'
        for folder, words, reg in rows
    )
    made = read(text)
    assert [(each.folder, each.class_folder, each.class_prompt, each.class_count) for each in made.concepts] == [
        ("img/dog", "reg/dog", "dog", 1),
        ("img/cat", "reg/cat", "cat", 1),
    ]
    assert (made.prior_weight, made.flip) == (0.5, True)


def test_regularization_pictures_of_no_words_go_with_all_of_their_dataset() -> None:
    text = """
    [[datasets]]
    [[datasets.subsets]]
    image_dir = "a"
    [[datasets.subsets]]
    image_dir = "b"
    [[datasets.subsets]]
    image_dir = "reg"
    is_reg = true
    num_repeats = 3
    [[datasets]]
    [[datasets.subsets]]
    image_dir = "c"
    """
    stated = stated_in(parse_toml(text, "config"))
    made = TrainParams.from_mapping(stated.values)
    assert [(each.folder, each.class_folder, each.class_prompt) for each in made.concepts] == [
        *(("a", "reg", ""), ("b", "reg", ""), ("c", "", ""))
    ]
    [note] = stated.notes
    assert "datasets[0].subsets[2].num_repeats" in note


def test_square_resolutions_are_one_number() -> None:
    rest = '[[datasets.subsets]]\nimage_dir = "a"\n'
    assert read(f"[[datasets]]\nresolution = [768, 768]\n{rest}").resolution == 768
    with pytest.raises(InvalidParamError, match="resolution must be one number or two equal ones here"):
        read(f"[[datasets]]\nresolution = [768, 512]\n{rest}")


SUBSET = '[[datasets]]\n[[datasets.subsets]]\nimage_dir = "a"\n'


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("general = 1", "general must be a table, not 1."),
        ("datasets = 1", "datasets must be a list of tables, not 1."),
        ("datasets = [1]", "datasets[0] must be a table, not 1."),
        ("[[datasets]]\nsubsets = [1]", "datasets[0].subsets[0] must be a table, not 1."),
        ("[[datasets]]\n[[datasets.subsets]]", "datasets[0].subsets[0].image_dir is missing"),
        ("[[datasets]]", "datasets[0].subsets is missing; give one with image_dir."),
        ("folder = 'a'\n[general]\nflip_aug = true", "datasets is missing; [general] goes for its subsets alone."),
        ("[general]\nflip = true", "general.flip is not a parameter here; did you mean flip_aug?"),
        (f"{SUBSET}num_repeat = 3", "datasets[0].subsets[0].num_repeat is not a parameter here; did you mean num_rep"),
        (f'{SUBSET}metadata_file = "a.json"', "datasets[0].subsets[0].metadata_file is not read here; captions lie"),
        (f'{SUBSET}flip_aug = true\n[[datasets.subsets]]\nimage_dir = "b"', "datasets[0].subsets[0].flip_aug is not"),
        (f'{SUBSET}num_repeats = "3"', "concepts[0].repeats must be a whole number from 1 to 10000, not '3'."),
        (f"{SUBSET}class_tokens = 1979-05-27", "concepts[0].caption must be a text, not datetime.date(1979, 5, 27)."),
        (f"{SUBSET}is_reg = 1", "datasets[0].subsets[0].is_reg must be true or false, not 1."),
        (f"{SUBSET}is_reg = true", "datasets[0].subsets[0].is_reg has no concept in its dataset; add a subset"),
        (
            SUBSET + '[[datasets.subsets]]\nimage_dir = "b"\nis_reg = true\n' * 2,
            "datasets[0].subsets[2].image_dir is a second class folder of a concept; one folder is taken.",
        ),
        (f"{SUBSET}caption_prefix = 3", "caption_prefix must be a text, not 3."),
        (f"{SUBSET}keep_tokens = {{}}", "keep_tokens must be a whole number from 0 to 100, not {}."),
        (f"keep_tokens = 1\n{SUBSET}keep_tokens = 1", "keep_tokens is stated twice, among kohya's settings too"),
        (f"concepts = []\n{SUBSET}", "concepts is stated twice"),
        (f'folder = "b"\n{SUBSET}', "concepts is stated twice"),
        ("rang = 3\nfolder = 'a'", "rang is not a parameter here; did you mean rank?"),
        ("rank = inf\nfolder = 'a'", "rank must be a whole number from 1 to 1024, not inf."),
        ("learning_rate = nan\nfolder = 'a'", "learning_rate must be a number from over 0 to 1, not nan."),
        ("rank = 0x" + "f" * 9000 + "\nfolder = 'a'", "rank must be a whole number from 1 to 1024, not a number of m"),
        ("concepts = {}", "concepts must be a list, not {}."),
        ("folder = ['a']", "folder must be a text, not ['a']."),
        ('folder = "a"\n[[concepts]]\nfolder = "b"', "concepts cannot be given beside folder"),
    ],
    ids=lambda each: each[:40],
)
def test_what_cannot_be_is_one_sentence(text: str, sentence: str) -> None:
    with pytest.raises(InvalidParamError) as caught:
        read(text)
    assert str(caught.value).startswith(sentence)
    assert "\n" not in str(caught.value)


def value_for(param: Param) -> st.SearchStrategy[Any]:
    """Any value that a field takes."""
    spec = param.spec
    if param.kind == "boolean":
        made: st.SearchStrategy[Any] = st.booleans()
    elif param.kind == "choice":
        made = st.sampled_from(param.choices)
    elif param.kind == "integer":
        low, high = int(spec.ge if spec.ge is not None else 1), int(spec.le if spec.le is not None else 10**6)
        step = int(spec.multiple_of or 1)
        made = st.integers(-(-low // step), high // step).map(lambda number: number * step)
    elif param.kind == "number":
        low = spec.ge if spec.ge is not None else typing.cast(float, spec.gt)
        high = spec.le if spec.le is not None else typing.cast(float, spec.lt)
        made = st.floats(low, high, exclude_min=spec.ge is None, exclude_max=spec.le is None)
    elif param.kind == "list":
        item = typing.cast(Param, param.item)
        inner = rows() if item.nested is not None else value_for(item)
        made = st.lists(inner, min_size=spec.min_length or 0, max_size=3)
    elif spec.pattern:
        texts = ["", "a dog", "x\u00e4", "me/x"]
        made = st.sampled_from([each for each in texts if re.fullmatch(spec.pattern, each)])
    else:
        made = st.text(st.characters(exclude_categories=["Cs"]), min_size=spec.min_length or 0, max_size=40)
    return st.none() | made if param.optional else made


def rows() -> st.SearchStrategy[dict[str, Any]]:
    made = st.fixed_dictionaries({each.name: value_for(each) for each in Concept.fields()})
    return made.map(
        lambda row: row if row["class_prompt"].strip() or row["class_folder"] else {**row, "class_count": None}
    )


def everything() -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({each.name: value_for(each) for each in TrainParams.fields()})


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(everything(), st.booleans())
def test_all_settings_are_read_again_as_they_were_printed(values: dict[str, Any], alone: bool) -> None:
    given_values = {**values, "concepts": []} if alone else {**values, "folder": ""}
    if not (given_values["folder"] or given_values["concepts"]):
        given_values["folder"] = "photos"
    if values["method"] == "dreambooth":  # it starts from the checkpoint
        given_values["start_from"] = ""
    if given_values["start_from"]:  # it has its own words
        given_values["init_text"] = INIT_TEXT
    else:
        given_values["start_folder"] = ""
    if values["method"] == "embedding":  # no class pictures
        without = {"class_prompt": "", "class_folder": "", "class_count": None}
        given_values["concepts"] = [{**each, **without} for each in given_values["concepts"]]
    params = TrainParams.from_mapping(given_values)
    assert again(params) == params


@pytest.mark.parametrize("preset", [{}, *PRESETS.values()], ids=["none", *PRESETS])
def test_presets_and_defaults_are_read_again(preset: dict[str, Any]) -> None:
    params = TrainParams(folder="photos", **preset)
    assert again(params) == params


def test_what_the_file_of_a_training_keeps_is_equivalent_but_for_places() -> None:
    """So no TOML stands beside `bootcamp.train`: its JSON is the same settings."""
    params = TrainParams(folder="photos", rank=4)
    kept = json.loads(json.dumps(params.to_mapping()))
    assert TrainParams.from_mapping(kept) == params == again(params)
    assert {each.name for each in dataclasses.fields(TrainParams)} == kept.keys()
