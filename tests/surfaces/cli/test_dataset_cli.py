"""`dataset report` and `dataset captions` on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lib_bootcamp.app import main
from tests.operations.datasets.folders import add, faulty, picture


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOOTCAMP_DATA", str(tmp_path / "data"))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for number in range(3):
        add(tmp_path / "set", f"{number}.png", picture(number), f"a red dog, on grass, number {number}")
    return tmp_path / "set"


def test_the_report_is_lines_for_a_person(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dataset", "report", str(root)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "3 pictures, 3 with a caption: fix quantity."
    assert "good   Files: Every file can be read." in lines
    assert any(line.startswith("         3 different pictures for a LoRA") for line in lines)


def test_the_report_is_json_and_a_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "out" / "report.html"
    assert main(["dataset", "report", str(faulty(tmp_path / "set")), "--html", str(page), "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert (record["operation"], record["count"], record["html"]) == ("dataset-report", 21, str(page))
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_a_preset_and_flags_come_from_the_declaration(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        main(["dataset", "report", str(root), "--preset", "SDXL", "--purpose", "style", "--no-recursive", "--json"])
        == 0
    )
    record = json.loads(capsys.readouterr().out)
    assert {each["kind"] for each in record["findings"]} >= {"too-small", "style"}
    assert record["pictures"][0]["bucket"] == "1024x1024"


@pytest.mark.parametrize(
    ("given", "code", "sentence"),
    [
        (["report", "{}/none"], 2, "FOLDER not found: "),
        (["report", "{}", "--min-side-px", "0"], 2, "--min-side-px must be"),
        (["report"], 2, "FOLDER is missing"),
        (["captions", "{}", "--where", "a,,b"], 2, "where has an empty part"),
        (["captions", "{}", "--undo"], 2, "finds no edit"),
    ],
)
def test_a_mistake_is_one_sentence(
    root: Path, capsys: pytest.CaptureFixture[str], given: list[str], code: int, sentence: str
) -> None:
    assert main(["dataset", *(each.format(root) for each in given)]) == code
    assert sentence in capsys.readouterr().err


@pytest.mark.parametrize("given", [["dataset"], ["dataset", "nothing"], ["dataset-report", "x"]])
def test_half_a_command_is_refused(given: list[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(given)
    assert stopped.value.code == 2


def test_help_lists_both_words(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["dataset", "--help"])
    text = capsys.readouterr().out
    assert "report" in text
    assert "captions" in text


def test_captions_are_changed_after_a_dry_run_and_undone(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (root / "1.txt").read_bytes()
    edit = ["dataset", "captions", str(root), "--where", "number 1", "--add", "sks", "--at", "first"]
    assert main([*edit, "--dry-run"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "1 of 3 pictures found, 1 would be changed.",
        "1.png",
        "  - a red dog, on grass, number 1",
        "  + sks, a red dog, on grass, number 1",
    ]
    assert (root / "1.txt").read_bytes() == before
    assert main(edit) == 0
    assert (root / "1.txt").read_text() == "sks, a red dog, on grass, number 1"
    assert main(["dataset", "captions", str(root), "--undo", "--quiet"]) == 0
    assert (root / "1.txt").read_bytes() == before


def test_what_is_left_by_undo_ends_with_1(root: Path) -> None:
    main(["dataset", "captions", str(root), "--add", "x", "--quiet"])
    (root / "1.txt").write_text("mine", encoding="utf-8")
    assert main(["dataset", "captions", str(root), "--undo", "--quiet"]) == 1
    assert (root / "1.txt").read_text() == "mine"
