"""`classify` on the command line: lists, tables, sheets, accuracy, sorting and undoing, bad files, interruption."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pil

from lib_bootcamp.app import main
from lib_bootcamp.operations.describe.classify import CLASSIFY
from lib_bootcamp.surfaces.cli.runs.sorting import Sorter
from tests.fake_clip import BLUE, GREEN, RED, FakeClip, flat_png, lend_instead

COLORS = {"red": RED, "green": GREEN, "blue": BLUE}
LABELS = ("--labels", "a red one, a blue one, a green one")


@pytest.fixture(autouse=True)
def clip(monkeypatch: pytest.MonkeyPatch) -> FakeClip:
    return lend_instead(monkeypatch, FakeClip())


def picture(path: Path, color: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(flat_png(COLORS[color]))
    return path


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Two good pictures, a bad one between them, and files that are no pictures."""
    picture(tmp_path / "photos" / "a.png", "red")
    (tmp_path / "photos" / "b.png").write_text("no picture", encoding="utf-8")
    picture(tmp_path / "photos" / "c.png", "blue")
    picture(tmp_path / "photos" / "sub" / "d.png", "green")
    (tmp_path / "photos" / "notes.txt").write_text("notes", encoding="utf-8")
    return tmp_path / "photos"


def classify(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, Any, str]:
    """Exit code, the JSON on standard output, standard error."""
    code = main(["classify", *map(str, arguments), "--json"])
    reported = capsys.readouterr()
    return code, json.loads(reported.out) if reported.out else None, reported.err


@pytest.mark.thorough
def test_each_picture_that_is_left_out_is_named_with_the_reason(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (photos / "b.png").rename(photos / "b.jxl")
    code, records, errors = classify(capsys, photos, *LABELS, "--jsonl", tmp_path / "all.jsonl")
    why = "b.jxl is a JPEG XL file, which is not read here; save it as PNG, JPEG or WebP."
    assert code == 0
    assert errors.splitlines()[-1] == f"left out: {photos / 'b.jxl'}: {why}"
    assert records[-1] == {"path": str(photos / "b.jxl"), "skipped": True, "detail": why}
    assert json.loads((tmp_path / "all.jsonl").read_text().splitlines()[-1]) == records[-1]


# --- JSON


def test_one_list_has_path_and_scores_of_each_image_best_first(
    photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (photos / "b.png").unlink()
    code, records, _ = classify(capsys, photos, *LABELS)
    assert code == 0
    assert [each["path"] for each in records] == [str(photos / "a.png"), str(photos / "c.png")]
    assert records[1]["scores"][0]["label"] == "a blue one"
    for each in records:
        values = [score["value"] for score in each["scores"]]
        assert len(values) == 3
        assert values == sorted(values, reverse=True)


def test_one_image_is_a_list_of_one(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, records, _ = classify(capsys, photos / "a.png", *LABELS)
    assert (code, len(records), records[0]["label"]) == (0, 1, "a red one")


def test_several_images_and_folders_are_one_list(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, records, _ = classify(capsys, photos / "c.png", photos / "sub", photos / "c.png", *LABELS)
    assert [Path(each["path"]).name for each in records] == ["c.png", "d.png"]


def test_recursive_takes_the_folders_inside(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, records, _ = classify(capsys, photos, *LABELS, "--recursive")
    assert [Path(each["path"]).name for each in records] == ["a.png", "b.png", "c.png", "d.png"]


def test_a_bad_file_is_reported_in_its_place_and_the_exit_code_is_4(
    photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, records, error = classify(capsys, photos, *LABELS)
    assert code == 4
    assert [each.get("error") for each in records] == [None, "ImageError", None]
    assert error.startswith(f"error: {photos / 'b.png'}: The picture cannot be read")
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "labels is missing"),
        (("--labels", "a,a"), "labels holds 'a' twice"),
        (("--labels", "a", "--sort-by", "copy"), "--sort-by needs --sort-into"),
        (("--labels", "a", "--dry-run"), "--dry-run needs --sort-into"),
        (("--undo",), "--undo needs --sort-into"),
        (("--labels", "a", "--truth", "folders"), "--truth folders needs folders that are named as labels"),
    ],
)
def test_a_mistake_ends_with_2_and_one_sentence(
    photos: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], sentence: str
) -> None:
    code, record, _ = classify(capsys, photos, *arguments)
    assert code == 2
    assert sentence in record["detail"]


def test_without_images_there_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    code, record, _ = classify(capsys, *LABELS)
    assert (code, record["detail"]) == (2, "images is missing; give picture files or folders of them.")


def test_a_folder_without_pictures_ends_with_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, record, _ = classify(capsys, tmp_path, *LABELS)
    assert code == 3
    assert "no pictures are in there" in record["detail"]


def test_groups_are_written_as_a_text(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, records, _ = classify(capsys, photos / "a.png", "--groups", "color: red, blue; tone: a red tone, a green tone")
    assert {each["name"]: each["label"] for each in records[0]["groups"]} == {"color": "red", "tone": "a red tone"}


def test_labels_come_from_a_file(photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "labels.json").write_text('["red", "blue"]', encoding="utf-8")
    _, records, _ = classify(capsys, photos / "a.png", "--labels", f"@{tmp_path / 'labels.json'}")
    assert records[0]["label"] == "red"


def test_a_person_gets_a_line_for_each_and_how_many(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["classify", str(photos), *LABELS]) == 4
    assert capsys.readouterr().out.splitlines() == [
        f"{photos / 'a.png'}: a red one 1.00",
        f"{photos / 'c.png'}: a blue one 1.00",
        "2 done, 1 failed.",
    ]


# --- interruption


def test_ctrl_c_keeps_what_is_done(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(paths: Any, params: Any, context: Any) -> Iterator[Any]:
        made = real.run(paths, params, context)
        yield next(made)
        raise KeyboardInterrupt

    real = CLASSIFY.over_files
    assert real is not None
    monkeypatch.setattr(Sorter, "sort", lambda *_: pytest.fail("sorted after Ctrl-C"))
    stopping = type(real)(params=real.params, run=stop, labels=real.labels)
    monkeypatch.setitem(vars(CLASSIFY), "over_files", stopping)
    table = tmp_path / "out.jsonl"
    code, records, _ = classify(capsys, photos, *LABELS, "--jsonl", table, "--sort-into", tmp_path / "sorted")
    assert code == 130
    assert [each["label"] for each in records] == ["a red one"]
    assert len(table.read_text(encoding="utf-8").splitlines()) == 1


def test_a_mistake_about_the_model_ends_the_run_with_its_sentence(
    photos: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lend_instead(monkeypatch, FakeClip(fits=0))
    code, record, _ = classify(capsys, photos, *LABELS)
    assert code == 3
    assert "memory" in record["detail"]


# --- tables and sheets


def test_a_table_has_a_row_for_each_picture_and_a_column_for_each_label(photos: Path, tmp_path: Path) -> None:
    table = tmp_path / "out.csv"
    main(["classify", str(photos), *LABELS, "--csv", str(table), "--quiet"])
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["label"] for row in rows] == ["a red one", "", "a blue one"]
    assert rows[1]["error"].startswith("The picture cannot be read")
    assert float(rows[0]["score: a red one"]) == float(rows[0]["value"]) > 0.99
    assert list(rows[0]) == [
        "path",
        "error",
        "label",
        "value",
        *(f"score: {each}" for each in ("a red one", "a blue one", "a green one")),
    ]


def test_json_lines_are_what_json_prints(photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = tmp_path / "out.jsonl"
    _, records, _ = classify(capsys, photos, *LABELS, "--jsonl", lines)
    assert [json.loads(line) for line in lines.read_text(encoding="utf-8").splitlines()] == records


def test_an_output_never_takes_the_place_of_an_input(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (photos / "a.png").read_bytes()
    code, record, _ = classify(capsys, photos, *LABELS, "--sheet", photos / "a.png")
    assert code == 2
    assert "is an input" in record["detail"]
    assert (photos / "a.png").read_bytes() == before


def test_a_sheet_shows_thumbnails_by_label(photos: Path, tmp_path: Path) -> None:
    for number in range(3):
        picture(photos / f"more{number}.png", "red")
    main(["classify", str(photos), *LABELS, "--sheet", str(tmp_path / "sheet.png"), "--quiet"])
    sheet = np.asarray(Pil.open(tmp_path / "sheet.png").convert("RGB"))
    reds, blues = (np.argwhere((sheet == color).all(axis=2)) for color in (RED, BLUE))
    assert len(reds) == 4 * len(blues) > 0
    assert reds[:, 0].max() < blues[:, 0].min()  # the label with most pictures first


# --- folders as the truth


@pytest.fixture
def truth(tmp_path: Path) -> Path:
    """Three folders named by label, with one picture in the wrong one, and one folder of another name."""
    for name, colors in {"a red one": "red red blue", "Blue_one": "blue", "green-one": "", "rest": "green"}.items():
        for number, color in enumerate(colors.split()):
            picture(tmp_path / "set" / name / f"{number}.png", color)
    return tmp_path / "set"


def test_folders_as_the_truth_give_accuracy_and_a_matrix(truth: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["classify", str(truth), *LABELS, "--truth", "folders"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "accuracy 75.0 % (3 of 4)" in lines
    assert "   1 a red one     2   1   0   0   66.7%  100.0%" in lines
    assert "1 picture is in a folder of another name." in lines


def test_the_truth_is_in_the_records_and_the_matrix_beside_them(
    truth: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, records, error = classify(capsys, truth, *LABELS, "--truth", "folders")
    assert [each["truth"] for each in records] == ["a blue one", "a red one", "a red one", "a red one", None]
    assert "accuracy 75.0 %" in error


def test_without_labels_the_folders_are_the_labels(truth: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, records, _ = classify(capsys, truth, "--truth", "folders")
    assert {score["label"] for score in records[0]["scores"]} == {"a red one", "Blue one", "rest"}


# --- sorting


def sorted_names(target: Path) -> list[str]:
    return sorted(path.relative_to(target).as_posix() for path in target.rglob("*.png"))


def test_pictures_are_sorted_into_folders_and_bad_ones_are_left(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "sorted"
    code, records, error = classify(capsys, photos, *LABELS, "--sort-into", target, "--recursive")
    assert code == 4
    assert sorted_names(target) == ["a blue one/c.png", "a green one/d.png", "a red one/a.png"]
    assert records[0]["sorted_to"] == str(target / "a red one" / "a.png")
    assert "3 copied into 3 folders." in error
    assert (photos / "a.png").exists()


def test_unknown_pictures_have_a_folder_of_their_own(photos: Path, tmp_path: Path) -> None:
    labels = ("--labels", "green", "--scoring", "sigmoid", "--unknown-below", "0.6")
    main(["classify", str(photos / "a.png"), *labels, "--sort-into", str(tmp_path / "sorted"), "--quiet"])
    assert sorted_names(tmp_path / "sorted") == ["unknown/a.png"]


def test_a_dry_run_reports_and_changes_nothing(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "sorted"
    arguments = [str(photos / "a.png"), *LABELS, "--sort-into", str(target), "--sort-by", "move", "--dry-run"]
    assert main(["classify", *arguments]) == 0
    out = capsys.readouterr().out
    assert f"move: {photos / 'a.png'} -> {target / 'a red one' / 'a.png'}" in out
    assert "Dry run: 1 moved into 1 folder." in out
    assert not target.exists()


def test_undo_takes_the_sorting_back(photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "sorted"
    before = sorted_names(photos)
    main(["classify", str(photos), *LABELS, "--sort-into", str(target), "--sort-by", "move", "--quiet"])
    assert sorted_names(photos) == ["b.png", "sub/d.png"]
    assert main(["classify", "--sort-into", str(target), "--undo"]) == 0
    assert capsys.readouterr().out.endswith("2 undone.\n")
    assert sorted_names(photos) == before
    assert not target.exists()


def test_undo_that_leaves_something_ends_with_4(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "sorted"
    main(["classify", str(photos), *LABELS, "--sort-into", str(target), "--quiet"])
    (target / "a red one" / "a.png").write_bytes(b"changed")
    code, records, error = classify(capsys, "--sort-into", target, "--undo")
    assert code == 4
    assert sum(each["skipped"] is not None for each in records) == 1
    assert "was changed since" in error


def test_what_was_sorted_before_is_no_input(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = (photos, *LABELS, "--recursive", "--sort-into", photos / "sorted")
    classify(capsys, *arguments)
    _, records, _ = classify(capsys, *arguments)
    assert [Path(each["path"]).name for each in records] == ["a.png", "b.png", "c.png", "d.png"]


def test_sorting_in_place_twice_is_no_failure(photos: Path, tmp_path: Path) -> None:
    (photos / "b.png").unlink()
    arguments = ["classify", str(photos), *LABELS, "--recursive", "--sort-into", str(photos), "--sort-by", "move"]
    assert main([*arguments, "--quiet"]) == 0
    assert main([*arguments, "--quiet"]) == 0
    assert sorted_names(photos) == ["a blue one/c.png", "a green one/d.png", "a red one/a.png"]
