"""Mistakes in the terminal name flags, those of every operation and of its job."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pil

from lib_bootcamp.catalog import OPERATIONS
from lib_bootcamp.errors import BootcampError, InvalidParamError, NotAllowedError
from lib_bootcamp.params import fields_of
from lib_bootcamp.surfaces.cli import main as cli
from lib_bootcamp.surfaces.cli.parser import build_parser
from lib_bootcamp.surfaces.cli.runs.flag_names import flags_of
from lib_bootcamp.surfaces.shared.wording import worded
from tests.fakes import FakeHost

NOT_IN_A_COMMAND = {"subfolder", "file_format", "existing", "only", "folder"}
"""What jobs of maps and pictures have on the page and over the API, where their command is not the job."""
each_operation = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.name)


def command_of(operation: Any) -> argparse.ArgumentParser:
    parser: Any = build_parser()
    for word in operation.words:
        parser = next(each for each in parser._actions if isinstance(each, argparse._SubParsersAction)).choices[word]
    fill, parser.fill = parser.fill, None
    fill(parser)
    return parser


@each_operation
def test_every_parameter_has_a_name_that_its_command_takes(operation: Any) -> None:
    actions = command_of(operation)._actions
    taken = {text for each in actions for text in (*each.option_strings, each.metavar) if isinstance(text, str)}
    params = (operation.as_job() if operation.is_job_command else operation).params
    names = flags_of(operation)
    assert {each.name: names[each.name] for each in fields_of(params) if names[each.name] not in taken} == {}


@each_operation
def test_a_mistake_about_any_parameter_names_it_as_the_command_does(operation: Any) -> None:
    names = flags_of(operation)
    for param, flag in names.items():
        kept = BootcampError(str(InvalidParamError(param, "is wrong")))  # as a job's mistake is kept
        for error in (InvalidParamError(param, "is wrong"), kept):
            assert worded(error, names) == f"{flag} is wrong."


@each_operation
def test_what_a_job_asks_beside_its_operation_has_a_flag_too(operation: Any) -> None:
    if operation.job is None or operation.job.own is None:
        return
    actions = command_of(operation)._actions
    taken = {text for each in actions for text in (*each.option_strings, each.metavar) if isinstance(text, str)}
    asked = {each.name for each in fields_of(operation.job.own)} - NOT_IN_A_COMMAND
    assert {flags_of(operation)[name] for name in asked} <= taken


def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, *argv: object) -> tuple[int, str]:
    code = cli.main([str(each) for each in argv], lambda _: FakeHost(data_dir=tmp_path / "data"))
    return code, capsys.readouterr().err


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("a.png", "b.png"):
        Pil.fromarray(np.zeros((8, 8, 3), np.uint8)).save(folder / name)
    return folder


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["qr", "x", "--preset", "none"], "--preset must be one of"),
        (["brightness", "{in}", "--gamma", "99"], "--gamma must be"),
        (["brightness", "{in}", "--out", "{in}"], "--out is the folder of the pictures"),
        (["scan", "{in}/a.png", "--decoders", "none"], "The first of --decoders must be"),
        (["caption", "{in}/none", "--labels", "a"], "FOLDER not found"),
        (["caption", "{in}", "--max-tags", "0"], "--max-tags must be"),
        (["txt2img", "x", "--count", "0", "--out", "drawn"], "--count must be"),
        (["dataset", "report", "{in}/none"], "FOLDER not found"),
        (["classify", "{in}", "--top-k", "0"], "--top-k must be"),
    ],
)  # fmt: skip
def test_mistakes_of_runs_and_of_jobs_name_flags(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    code, errors = run(capsys, tmp_path, *(each.replace("{in}", str(photos)) for each in arguments))
    assert code in (2, 3)
    assert sentence in errors


def test_a_mistake_that_is_about_no_parameter_is_worded_too(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> int:
        raise NotAllowedError("output_folder is not yours")

    monkeypatch.setattr("lib_bootcamp.jobs.manager.Jobs.create", refuse)
    _, errors = run(capsys, tmp_path, "brightness", photos)
    assert errors == "error: --out is not yours.\n"


def test_a_job_that_cannot_begin_is_an_object_with_json(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = ["caption", str(photos / "none"), "--labels", "a", "--json"]
    assert cli.main(argv, lambda _: FakeHost(data_dir=tmp_path / "data")) == 2
    record = json.loads(capsys.readouterr().out)
    assert (record["error"], record["param"]) == ("InvalidParamError", "folder")


@each_operation
def test_a_preset_that_is_called_like_a_parameter_keeps_its_name_in_a_mistake(operation: Any) -> None:
    if not operation.presets:
        return
    with pytest.raises(InvalidParamError) as raised:
        operation.params_from({"preset": "none of them"})
    first = worded(raised.value, flags_of(operation)).partition("(")[2]
    assert not [flag for flag in flags_of(operation).values() if flag.startswith("--") and flag in first]


@pytest.mark.parametrize("command", ["brightness", "scan", "png-info", "classify", "edges"])
def test_an_empty_path_is_not_the_current_folder(
    command: str, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(photos)
    code, errors = run(capsys, tmp_path, command, "")
    assert (code, " is empty; name a file or a folder" in errors) == (2, True)
    assert sorted(each.name for each in photos.iterdir()) == ["a.png", "b.png"]
