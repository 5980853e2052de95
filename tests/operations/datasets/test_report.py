"""The dataset report: every fault of a folder is found, and nothing of a good one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from lib_bootcamp.context import Context
from lib_bootcamp.core.images.png import encode_png
from lib_bootcamp.errors import CancelledError, ImageError, InvalidParamError, NotAllowedError
from lib_bootcamp.operations.datasets.report import (
    DATASET_REPORT,
    DatasetParams,
    DatasetReport,
    as_page,
    dataset_report,
)
from tests.fake_clip import FakeClip, flat, flat_png, lend_instead
from tests.fakes import FakeHost, FakeProgress
from tests.operations.datasets.folders import add, faulty, picture

TERMINAL = Context.of_terminal(FakeHost(), FakeProgress())


def run(root: Path, *, trusted: bool = True, host: FakeHost | None = None, **values: Any) -> DatasetReport:
    host = host or FakeHost()
    return dataset_report(
        DatasetParams(folder=str(root), **values), Context.of_job(host, host.progress(), trusted=trusted)
    )


def kinds(report: DatasetReport) -> dict[str, int]:
    return {each.kind: each.count for each in report.findings}


def files(report: DatasetReport, kind: str) -> list[str]:
    return [Path(path).name for each in report.findings if each.kind == kind for path in each.files]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> DatasetReport:
    return run(faulty(tmp_path_factory.mktemp("set")))


@pytest.mark.parametrize(
    ("kind", "named"),
    [
        ("corrupt", ["broken.jpg", "text.png"]),
        ("turned", ["turned.jpg"]),
        ("transparent", ["clear.png"]),
        ("flat", ["flat.png"]),
        ("too-small", ["tiny.png"]),
        ("enlarged", ["tiny.png"]),
        ("blurred", ["blurred.jpg"]),
        ("same", ["good1.jpg", "same.jpg"]),
        ("near", ["good0.jpg", "pressed.jpg", "resized.png"]),
        ("mirrored", ["good2.jpg", "mirror.jpg"]),
        ("missing", ["bytes.png", "clear.png"]),
        ("unreadable", ["bytes.txt"]),
        ("contradictory", ["two.png"]),
        ("short", ["turned.jpg"]),
        ("long", ["long.png"]),
        ("several-lines", ["extra.png"]),
        ("orphans", ["orphan.txt"]),
        ("no-repeats", ["extra"]),
        ("unbalanced", ["10_dog", "1_cat"]),
    ],
)
def test_each_fault_is_found_and_nothing_else_of_its_kind(report: DatasetReport, kind: str, named: list[str]) -> None:
    assert sorted(files(report, kind)) == sorted(named)


def test_the_largest_of_a_group_comes_first(report: DatasetReport) -> None:
    near = next(each for each in report.groups if each.kind == "near")
    assert near.files == ("10_dog/good0.jpg", "10_dog/pressed.jpg", "10_dog/resized.png")


def test_counts_are_those_of_the_folder(report: DatasetReport) -> None:
    assert (report.count, report.usable, len(report.pictures)) == (21, 19, 21)
    assert report.captioned == sum(bool(each.caption) for each in report.pictures) == 17
    reported = {each.folder: (each.name, each.repeats, each.pictures) for each in report.classes}
    assert reported == {"10_dog": ("dog", 10, 17), "1_cat": ("cat", 1, 1), "extra": ("extra", None, 1)}
    assert report.shown_per_epoch == 17 * 10 + 1  # a folder without repeats is left out beside others that have them
    assert sum(each.count for each in report.buckets) == 19


def test_tags_are_counted_and_those_nearly_alike_named(report: DatasetReport) -> None:
    assert {each.tag: each.count for each in report.tags}["long hair"] == 4
    assert [(each.rare, each.common) for each in report.similar_tags if "h" in each.rare] == [
        ("long hiar", "long hair")
    ]


def test_every_finding_has_its_number_and_advice(report: DatasetReport) -> None:
    for each in report.findings:
        assert each.message.startswith(f"{each.count} ")
        assert each.advice.endswith(".")
        assert "{" not in each.message + each.advice
    assert {each.area for each in report.verdicts if each.level == "fix"} == {
        "Files", "Sizes", "Duplicates", "Captions", "Balance",
    }  # fmt: skip


def test_the_summary_says_what_to_mend(report: DatasetReport) -> None:
    assert report.summary().startswith(
        "21 pictures, 17 with a caption: fix files, sizes, duplicates, captions, balance;"
    )
    assert any("tiny.png" in line for line in report.lines())


def test_facts_are_json_and_paths_are_below_the_folder(report: DatasetReport) -> None:
    facts = report.to_json()
    one = next(each for each in facts["pictures"] if each["path"] == "10_dog/turned.jpg")
    assert (one["width"], one["height"], one["bucket"]) == (600, 800, "448x576")
    assert (one["caption"], one["caption_file"], one["tokens"]) == ("short", "10_dog/turned.txt", 1)
    assert "not a picture" not in one["problem"]
    bad = next(each for each in facts["pictures"] if each["path"] == "10_dog/text.png")
    assert bad["problem"] == "The picture cannot be read; give a PNG, JPEG, WebP, BMP, GIF or TIFF file."


def test_a_good_data_set_has_nothing_to_mend(tmp_path: Path) -> None:
    for number in range(16):
        add(tmp_path / "5_dog", f"{number}.png", picture(number, (512, 512)), f"a dog, it does thing {number}")
    made = run(tmp_path)
    assert {each.level for each in made.verdicts} == {"good"}
    assert made.summary() == "16 pictures, 16 with a caption: all is well."


@pytest.mark.parametrize(("count", "level"), [(3, "fix"), (10, "review"), (16, "good")])
def test_quantity_is_judged_without_the_copies(tmp_path: Path, count: int, level: str) -> None:
    for number in range(count):
        add(tmp_path, f"{number}.png", picture(number, (300, 300)))
    for number in range(5):
        add(tmp_path, f"copy{number}.png", picture(0, (300, 300)))
    made = run(tmp_path)
    assert {each.area: each.level for each in made.verdicts}["Quantity"] == level
    assert kinds(made)["concept"] == count


def test_no_captions_at_all_is_something_to_look_at(tmp_path: Path) -> None:
    for number in range(2):
        add(tmp_path, f"{number}.png", picture(number), None)
    assert "no-captions" in kinds(run(tmp_path))
    assert "missing" not in kinds(run(tmp_path))


def test_captions_in_tables_count_and_their_lost_rows_are_orphans(tmp_path: Path) -> None:
    for name in "ab":
        add(tmp_path / "in", f"{name}.png", picture(ord(name)), None)
    table = '{"file_name": "in/a.png", "text": "a red dog here"}\n{"file_name": "in/z.png", "text": "gone"}\n'
    (tmp_path / "metadata.jsonl").write_text(table, encoding="utf-8")
    made = run(tmp_path)
    assert files(made, "missing") == ["b.png"]
    assert next(each.files for each in made.findings if each.kind == "orphans") == ("metadata.jsonl: in/z.png",)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", "no-bytes"),
        (b"\r\n ", "blank"),
        (b"\na red dog", "blank-first-line"),
        (b"\xef\xbb\xbfa red dog", "mark"),
    ],
)
def test_a_caption_file_that_a_trainer_takes_amiss_is_reported_and_is_not_no_caption(
    tmp_path: Path, data: bytes, kind: str
) -> None:
    (add(tmp_path, "a.png", picture(1), None)).with_suffix(".txt").write_bytes(data)
    made = run(tmp_path)
    assert files(made, kind) == ["a.txt"]
    assert not {"missing", "no-captions"} & set(kinds(made))
    assert made.pictures[0].caption_file == "a.txt"
    kohya, onetrainer, _ = made.trainers
    assert [each.path for each in kohya.blocking_files] == (["a.txt"] if kind == "no-bytes" else [])
    assert onetrainer.blocking_files == ()


def test_a_caption_that_is_not_utf_8_stops_both_trainers(tmp_path: Path) -> None:
    (add(tmp_path, "a.png", picture(1), None)).with_suffix(".txt").write_bytes(b"caf\xe9")
    add(tmp_path, "b.png", picture(2))
    made = run(tmp_path)
    assert [[each.path for each in trainer.blocking_files] for trainer in made.trainers] == [["a.txt"], ["a.txt"], []]


def test_each_trainer_is_named_with_what_it_takes_and_leaves_out(tmp_path: Path) -> None:
    for name, kind in {"c.gif": "GIF", "d.tiff": "TIFF", "e.PnG": "PNG", "f.png": "PNG", ".g.png": "PNG"}.items():
        add(tmp_path / "5_cat", name, picture(len(name), (64, 64)), "a cat, on a mat", format=kind)
    add(tmp_path / "cat", "h.png", picture(8, (64, 64)), None)
    add(tmp_path, "top.jpg", picture(9, (64, 64)), None).with_suffix(".caption").write_text("a cat at the top")
    made = run(tmp_path)
    kohya, onetrainer, ours = made.trainers
    assert (kohya.pictures, kohya.captioned, kohya.caption_extension) == (1, 1, ".txt")
    assert {each.path for each in kohya.left_out} == {
        "5_cat/.g.png", "5_cat/c.gif", "5_cat/d.tiff", "5_cat/e.PnG", "cat/h.png", "top.jpg",
    }  # fmt: skip
    assert (onetrainer.pictures, onetrainer.captioned) == (6, 3)  # it takes hidden files
    assert [each.path for each in onetrainer.left_out] == ["5_cat/c.gif"]
    assert (ours.pictures, ours.captioned) == (6, 5)
    assert [each.path for each in ours.left_out] == [each.path for each in made.left_out] == ["5_cat/.g.png"]
    reported = {each.folder: each.trained for each in made.classes}
    assert reported["5_cat"] == {"kohya": 1, "onetrainer": 3, "bootcamp": 4}
    assert made.shown_per_epoch == 5  # the one picture, five times
    assert files(made, "other-ending") == ["top.jpg"]
    assert all(each.reason.endswith(".") for trainer in made.trainers for each in trainer.left_out)
    assert "kohya's sd-scripts: 1 of 7 pictures, 1 with a caption in .txt files." in made.lines()
    assert "left out: 5_cat/.g.png: .g.png is hidden." in made.lines()
    assert "What trainers take" in as_page(made, TERMINAL)


def test_captions_in_txt_files_are_named_with_the_option_that_reads_them(tmp_path: Path) -> None:
    add(tmp_path, "a.png", picture(1))
    reported = next(each for each in run(tmp_path).findings if each.kind == "caption-ending")
    assert reported.level == "good"
    assert "--caption_extension .txt" in reported.advice


def test_two_pictures_of_one_name_share_a_caption(tmp_path: Path) -> None:
    add(tmp_path, "a.png", picture(1))
    add(tmp_path, "a.jpg", picture(2), None)
    assert files(run(tmp_path), "shared") == ["a.jpg", "a.png"]


def test_without_enlarging_buckets_are_cut(tmp_path: Path) -> None:
    add(tmp_path, "a.png", picture(1, (500, 300)))
    assert run(tmp_path, upscale=False).pictures[0].bucket == "448x256"
    assert run(tmp_path).pictures[0].bucket == "640x384"


def test_a_caption_of_ten_megabytes_is_reported_and_not_read(tmp_path: Path) -> None:
    add(tmp_path, "a.png", picture(1), "word " * 2_000_000)
    made = run(tmp_path)
    assert files(made, "unreadable") == ["a.txt"]
    assert made.pictures[0].caption is None


def test_clip_finds_what_the_hash_does_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lend_instead(monkeypatch, FakeClip())
    for name, color in {"r1": (250, 3, 3), "r2": (200, 0, 6), "b": (0, 0, 255)}.items():
        add(tmp_path, f"{name}.png", picture(len(name)), None)
        (tmp_path / f"{name}.png").write_bytes(flat_png(color))
    (tmp_path / "r1.png").write_bytes(encode_png(flat((250, 3, 3)), {"a": "larger file comes first"}))
    (tmp_path / "bad.png").write_bytes(b"no picture")
    host = FakeHost()
    made = run(tmp_path, host=host, clip="mini")
    assert [(each.kind, each.files) for each in made.groups] == [("clip", ("r1.png", "r2.png"))]
    assert set(host.jobs) == {"CLIP"}
    assert run(tmp_path).groups == ()


def test_a_model_file_is_not_named_over_the_network(tmp_path: Path) -> None:
    add(tmp_path, "a.png", picture(1))
    with pytest.raises(InvalidParamError, match="over the network"):
        run(tmp_path, trusted=False, host=FakeHost(allowed=(tmp_path,)), clip="/etc/model.safetensors")


def test_over_the_network_nothing_outside_is_looked_at(tmp_path: Path) -> None:
    root, secret = tmp_path / "set", tmp_path / "secret"
    add(root, "a.png", picture(1), None)
    add(secret, "s.png", picture(2), "hidden words")
    (root / "s.png").symlink_to(secret / "s.png")
    (root / "a.txt").symlink_to(secret / "s.txt")
    (root / "metadata.jsonl").symlink_to(secret / "s.txt")
    with pytest.raises(NotAllowedError):
        run(root, trusted=False)
    made = run(root, trusted=False, host=FakeHost(allowed=(tmp_path / "set",)))
    assert [each.path for each in made.pictures] == ["a.png"]
    assert made.captioned == 0
    assert "hidden" not in str(made.to_json())
    assert sorted(files(made, "outside")) == ["a.txt", "metadata.jsonl", "s.png"]
    assert run(root).count == 2  # a person at the machine may follow links


def test_it_stops_within_one_picture(tmp_path: Path) -> None:
    for number in range(6):
        add(tmp_path, f"{number}.png", picture(number, (64, 64)))
    progress = FakeProgress(stop_after=2)
    with pytest.raises(CancelledError, match="after 2"):
        dataset_report(DatasetParams(folder=str(tmp_path)), Context.of_terminal(FakeHost(), progress))
    assert progress.started == [("Examine", 6, "picture")]


@pytest.mark.parametrize("values", [{"bucket_min_px": 512, "bucket_max_px": 256}, {"folder": ""}, {"separator": ""}])
def test_a_wrong_value_is_named(values: dict[str, Any]) -> None:
    with pytest.raises(InvalidParamError, match=next(iter(values))):
        DATASET_REPORT.params_from({"folder": "x", **values})


def test_a_folder_without_pictures_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="no pictures"):
        run(tmp_path)


HOSTILE = "<img src=x onerror=alert(1)>\"'&amp;.png"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
def test_names_and_captions_are_never_html(tmp_path: Path) -> None:
    evil = tmp_path / "<script>alert(1)<|script>"
    add(evil, HOSTILE, picture(1), '<script>alert(2)</script>, </style><b>bold, "><svg onload=alert(3)>')
    add(evil, "copy.png", picture(1), "<script>alert(2)</script>")
    (evil / "<iframe>.png").write_bytes(b"bad")
    (evil / "<iframe srcdoc=x>.txt").write_text("orphan", encoding="utf-8")
    made = run(tmp_path, min_words=200)
    page = as_page(made, TERMINAL)
    for bad in ("<script", "<img src=x", "<iframe", "<b>bold", "<svg onload", "</style><b>"):
        assert bad not in page
    assert "&lt;script&gt;alert(2)&lt;/script&gt;" in page
    assert page.count("<style>") == page.count("</style>") == 1
    assert "default-src 'none'" in page
    assert "http" not in page.replace("http-equiv", "")  # nothing is loaded from anywhere


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
def test_a_name_that_is_no_unicode_is_shown_with_a_question_mark(tmp_path: Path) -> None:
    add(tmp_path, "a.png", picture(1))
    try:
        os.rename(tmp_path / "a.png", os.fsencode(tmp_path) + b"/caf\xe9.png")  # noqa: PTH104 - bytes
    except OSError:
        pytest.skip("the file system takes Unicode only")
    made = run(tmp_path)
    assert made.pictures[0].path == "caf?.png"
    as_page(made, TERMINAL).encode("utf-8")


def test_the_page_has_pictures_and_charts_and_a_bounded_size(report: DatasetReport) -> None:
    page = as_page(report, TERMINAL)
    assert page.startswith("<!doctype html>")
    assert "prefers-color-scheme: dark" in page
    assert page.count("<svg") == 3  # sizes, sharpness, tokens
    assert page.count('class="bootcamp-bars"') == 3  # buckets, tags, balance
    assert 10 < page.count("data:image/jpeg;base64,") <= 240
    assert len(page) < 1_000_000


@pytest.mark.skipif(os.name == "nt", reason="Windows makes links for administrators only")
def test_a_picture_that_became_a_link_out_of_the_folder_is_not_shown_to_strangers(tmp_path: Path) -> None:
    root = tmp_path / "set"
    add(tmp_path, "secret.png", picture(2))
    for name in ("a.png", "b.png"):
        add(root, name, picture(1))
    host = FakeHost(allowed=(root,))
    made = run(root, trusted=False, host=host)
    for name in ("a.png", "b.png"):
        (root / name).unlink()
        (root / name).symlink_to(tmp_path / "secret.png")
    stranger = Context.of_job(host, host.progress(), trusted=False)
    assert "data:image/jpeg" not in as_page(made, stranger)
    assert "data:image/jpeg" in as_page(made, TERMINAL)


def test_the_data_sets_own_folder_is_called_so(tmp_path: Path) -> None:
    for number in range(12):
        add(tmp_path / "many", f"{number}.png", picture(number, (64, 64)))
    add(tmp_path, "a.png", picture(20, (64, 64)))
    made = run(tmp_path)
    what = next(each.message for each in made.findings if each.kind == "unbalanced")
    assert "(many is shown 12 times as often as the folder itself)" in what
    assert "many is shown 12 times as often as the folder itself" in as_page(made, TERMINAL)
