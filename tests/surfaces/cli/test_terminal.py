"""Texts of files on a terminal: shown as text, on their own line, and never obeyed."""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path

import pytest
from PIL import Image, PngImagePlugin

from lib_bootcamp.core.text.left_out import left_out_lines
from lib_bootcamp.core.text.terminal import shown
from lib_bootcamp.surfaces.cli import main as cli
from lib_bootcamp.surfaces.cli.terminal import plain_streams
from tests.fakes import FakeHost

ESCAPES = ["\x1b[2J", "\x1b]0;title\x07", "\x9b31m", "\x1b]8;;http://evil.example\x1b\\", "\x7f", "\u202e", "\b\b"]
UNSEEN = ["\u2028", "\u2029", "\u200b", "\ufeff", "\u200e", "\u200f", "\u061c", "\u2060", "\u00ad", "\U000e0041"]


@pytest.mark.parametrize("text", ESCAPES)
def test_what_a_terminal_obeys_is_shown_as_text(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with plain_streams():
        sys.stdout.write(text)
        sys.stderr.writelines([text])
    out = capsys.readouterr()
    for reported in (out.out, out.err):
        assert reported.isprintable()
        assert "\\u00" in reported or "\\u202e" in reported


@pytest.mark.parametrize("character", UNSEEN)
def test_what_nobody_sees_is_shown_as_json_escapes_it(character: str) -> None:
    assert shown(f"a{character}b") == f"a{json.dumps(character)[1:-1]}b"


def test_other_texts_are_printed_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    text = "größer 日本語 😀 👩\u200d💻 ❤\ufe0f می\u200cخواهم עברית\tzwei\nlines"
    with plain_streams():
        sys.stdout.write(text)
    assert capsys.readouterr().out == text


def test_json_stays_the_same_data() -> None:
    value = {"caption": "".join(ESCAPES + UNSEEN)}
    assert json.loads(shown(json.dumps(value, ensure_ascii=False))) == value


def test_a_name_of_several_lines_forges_no_line() -> None:
    assert len("\n".join(left_out_lines([("a\nerror: forged.png", "There is a caption already.")])).splitlines()) == 1


@pytest.mark.skipif(os.name == "nt", reason="names hold no such characters there")
def test_a_pictures_name_and_texts_are_not_obeyed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text("parameters", "red\x1b[2J\nSteps: 5, Sampler: \x1b]0;x\x07Euler, Seed: 1, Model: \x9b31m")
    path = tmp_path / "a\x1b[31m\nerror: forged.png"
    Image.new("RGB", (8, 8)).save(path, pnginfo=info)
    cli.main(["png-info", str(path)], lambda given: FakeHost())
    cli.main(["png-info", f"{path}.missing"], lambda given: FakeHost())
    out = capsys.readouterr()
    assert "forged" in out.out
    assert "forged" in out.err
    for reported in (out.out, out.err):
        assert not set(reported) & set("\x1b\x07\x9b")
        assert not [line for line in reported.splitlines() if line.startswith("error: forged")]


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "ascii"])
def test_what_an_encoding_lacks_is_escaped_and_stays_the_same_data(
    encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    value = {"path": "größer 日本語 😀 not-utf-8-\udcff.png"}
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr(sys, "stdout", stream)
    with plain_streams():
        sys.stdout.write(json.dumps(value, ensure_ascii=False))
    stream.flush()
    assert json.loads(stream.buffer.getvalue().decode(encoding)) == value


@pytest.mark.skipif(os.name == "nt", reason="names hold no such characters there")
@pytest.mark.parametrize("more", [(), ("--skip-existing",)])
def test_a_map_of_a_name_of_several_lines_is_reported_on_one(
    more: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = "a\nerror: forged.png"
    (tmp_path / "set").mkdir()
    (tmp_path / "out").mkdir()
    for each in ("set", "out"):
        Image.new("RGB", (8, 8)).save(tmp_path / each / name)
    argv = ["brightness", str(tmp_path / "set"), "--out", str(tmp_path / "out"), *more]
    assert cli.main(argv, lambda _: FakeHost(data_dir=tmp_path / "data")) == 0
    assert not any(line.startswith("error") for line in capsys.readouterr().out.splitlines())
