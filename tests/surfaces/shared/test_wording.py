"""A mistake carries parameter, message and hint apart, and each surface words it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib_bootcamp.errors import BootcampError, ImageError, InvalidParamError, ModelError
from lib_bootcamp.surfaces.http.errors import error_answer
from lib_bootcamp.surfaces.shared.wording import ordinal, pointer, worded

FLAGS = {"grid_px": "--grid-px", "module_px": "--module-px", "lights": "--lights", "content": "CONTENT"}


def test_a_mistake_has_its_parts() -> None:
    error = InvalidParamError("content", "is missing", hint="enter a text")
    assert (error.param, error.message, error.hint) == ("content", "is missing", "enter a text")
    assert str(error) == "content is missing; enter a text."


def test_what_nobody_sees_in_a_name_of_a_file_is_shown_and_turns_no_sentence_around() -> None:
    error = ModelError("There is no LoRA a\u202ecod.exe")
    assert worded(error, {}) == "There is no LoRA a\\u202ecod.exe."
    answer = error_answer(409, "ModelError", str(error), hint="take b\x1b[2J")
    assert json.loads(bytes(answer.body)) == {
        "error": "ModelError",
        "detail": "There is no LoRA a\\u202ecod.exe.",
        "hint": "take b\\u001b[2J",
    }


def test_a_mistake_about_a_picture_names_its_parameter_before_the_sentence() -> None:
    assert str(ImageError("The picture is cut off.", param="image", hint="save it again")) == (
        "image: The picture is cut off; save it again."
    )


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (InvalidParamError("content", "is missing", hint="enter a text"), "CONTENT is missing; enter a text."),
        (InvalidParamError("module_px", "must be twice grid_px (8)"), "--module-px must be twice --grid-px (8)."),
        (InvalidParamError("lights[0].size", "is unknown"), "Size of the first of --lights is unknown."),
        (InvalidParamError("lights[1]", "must be an object"), "The second of --lights must be an object."),
        (InvalidParamError("lights[11].far_px", "is large"), "Far px of the 12th of --lights is large."),
        (InvalidParamError("lights.my_key[2]", "is large"), "The third of --lights (my_key) is large."),
        (InvalidParamError("lights.my_key", "is unknown"), "--lights (my_key) is unknown."),
        (BootcampError("lights[0] must be an object"), "The first of --lights must be an object."),
        (InvalidParamError("lights", "must be a list, not 'grid_px'"), "--lights must be a list, not 'grid_px'."),
        (InvalidParamError("nothing", "is not a parameter here"), "nothing is not a parameter here."),
        (BootcampError("The disk is full."), "The disk is full."),
    ],
)  # fmt: skip
def test_parameters_have_the_surfaces_own_names(error: BootcampError, sentence: str) -> None:
    assert worded(error, FLAGS) == sentence


def test_parameters_without_a_name_of_the_surfaces_own_keep_theirs() -> None:
    assert worded(InvalidParamError("lights[0].size", "is unknown"), {}) == "lights[0].size is unknown."


@pytest.mark.parametrize(
    ("number", "word"), [(1, "first"), (10, "tenth"), (11, "11th"), (21, "21st"), (22, "22nd"), (113, "113th")]
)
def test_ordinals(number: int, word: str) -> None:
    assert ordinal(number) == word


@pytest.mark.parametrize(
    ("param", "found"),
    [
        ("content", "/content"), ("lights[0].color", "/lights/0/color"), ("labels[12]", "/labels/12"),
        ("The body", ""), ("--batch", ""), ("", ""),
    ],
)  # fmt: skip
def test_a_parameter_is_a_json_pointer(param: str, found: str) -> None:
    assert pointer(param) == found


@given(st.text(min_size=1, max_size=40), st.text(max_size=40))
def test_every_mistake_reads_as_a_sentence(message: str, hint: str) -> None:
    assert str(InvalidParamError("content", message, hint=hint)).endswith((".", "!", "?"))


def test_only_who_sits_at_the_machine_is_told_where_a_folder_is() -> None:
    error = ModelError("x.pth is not here: put it into the folder detectors", place=Path("/home/me/data/detectors"))
    assert worded(error, {}) == "x.pth is not here: put it into the folder detectors."
    told = "x.pth is not here: put it into the folder detectors (/home/me/data/detectors)."
    assert worded(error, {}, here=True) == told
