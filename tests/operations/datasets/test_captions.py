"""The caption editor over a folder: every kind of caption file, dry runs, undo, and what others changed meanwhile."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from lib_bootcamp.context import Context
from lib_bootcamp.core.files.places import Place
from lib_bootcamp.errors import CancelledError, ImageError, InvalidParamError
from lib_bootcamp.operations.datasets.captions import CaptionsResult, dataset_captions
from lib_bootcamp.operations.datasets.captions_settings import CaptionsParams
from tests.fakes import FakeHost, FakeProgress


@pytest.fixture
def host(tmp_path: Path) -> FakeHost:
    return FakeHost(data_dir=tmp_path / "data")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Captions of every kind; the pictures are never opened."""
    folder = tmp_path / "set"
    (folder / "in").mkdir(parents=True)
    for name in ("a.png", "b.jpg", "c.png", "d.png", "in/e.png", "none.png"):
        (folder / name).write_bytes(b"x")
    (folder / "a.txt").write_bytes(b"\xef\xbb\xbf  red dog, grass\r\n")
    (folder / "b.caption").write_text("blue cat, grass", encoding="utf-8")
    (folder / "captions.csv").write_text(
        'file_name,n,text\nc.png,1,"red cat, sky"\nin/e.png,2,red sun\n', encoding="utf-8"
    )
    (folder / "metadata.jsonl").write_text('{"file_name": "d.png", "text": "green dog"}\n', encoding="utf-8")
    return folder


def run(root: Path, host: FakeHost, *, trusted: bool = True, progress: Any = None, **values: Any) -> CaptionsResult:
    context = Context.of_job(host, progress or FakeProgress(), trusted=trusted)
    return dataset_captions(CaptionsParams(folder=str(root), **values), context)


def captions(made: CaptionsResult) -> dict[str, str | None]:
    return {each.path: each.caption for each in made.found}


def changes(made: CaptionsResult) -> dict[str, tuple[str | None, str | None]]:
    return {each.path: (each.before, each.after) for each in made.changes if not each.note}


def snapshot(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


ALL = {
    "a.png": "red dog, grass",
    "b.jpg": "blue cat, grass",
    "c.png": "red cat, sky",
    "d.png": "green dog",
    "in/e.png": "red sun",
    "none.png": None,
}


def test_without_an_edit_captions_are_found_and_nothing_is_written(root: Path, host: FakeHost) -> None:
    before = snapshot(root)
    made = run(root, host)
    assert captions(made) == ALL
    assert made.changes == ()
    assert made.tags == {"grass": 2, "blue cat": 1, "green dog": 1, "red cat": 1, "red dog": 1, "red sun": 1, "sky": 1}
    assert snapshot(root) == before
    assert not host.data_dir().joinpath("caption-edits").exists()


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("grass", {"a.png", "b.jpg"}),
        ('"red"', {"a.png", "c.png", "in/e.png"}),
        ("<missing>", {"none.png"}),
        ("zebra", set()),
    ],
)
def test_a_question_chooses_pictures(root: Path, host: FakeHost, where: str, found: set[str]) -> None:
    assert set(captions(run(root, host, where=where))) == found


def test_every_kind_of_file_is_edited_and_keeps_its_form(root: Path, host: FakeHost) -> None:
    made = run(root, host, add=("sks",), at="first")
    assert captions(made) == {name: f"sks, {text}" if text else "sks" for name, text in ALL.items()}
    assert (root / "a.txt").read_bytes() == b"\xef\xbb\xbf  sks, red dog, grass\r\n"
    assert (root / "b.caption").read_bytes() == b"sks, blue cat, grass"
    assert (root / "captions.csv").read_text() == (
        'file_name,n,text\nc.png,1,"sks, red cat, sky"\nin/e.png,2,"sks, red sun"\n'
    )
    assert (root / "metadata.jsonl").read_text() == '{"file_name": "d.png", "text": "sks, green dog"}\n'
    assert (root / "none.txt").read_bytes() == b"sks"


FORMS = {
    "lines.txt": (
        b"a cat, sitting\na red cat, sitting\nmeow\n",
        b"solo, a cat, sitting\nsolo, a red cat, sitting\nsolo, meow\n",
    ),
    "dos.txt": (b"\xef\xbb\xbfa\r\n\r\n b,\r\n", b"\xef\xbb\xbfsolo, a\r\n\r\n solo, b,\r\n"),
    "mac.txt": (b"a\rb", b"solo, a\rsolo, b"),
    "blank.txt": (b" \r\n\r\n", b"solo\r\n\r\n"),
    "none.txt": (b"", b"solo"),
    "open.txt": (b"a, b,", b"solo, a, b,"),
    "there.txt": (b"solo,b\n  a", b"solo,b\n  solo, a"),
}  # fmt: skip


@pytest.fixture
def forms(tmp_path: Path) -> Path:
    """Captions as people's files hold them."""
    folder = tmp_path / "forms"
    folder.mkdir()
    for name, (data, _) in FORMS.items():
        (folder / name).write_bytes(data)
        (folder / name).with_suffix(".png").write_bytes(b"x")
    for name in ("row.png", "line.png"):
        (folder / name).write_bytes(b"x")
    (folder / "captions.csv").write_bytes(b'\xef\xbb\xbf"file_name","text"\r\n"row.png","a\r\nb,"')
    (folder / "metadata.jsonl").write_bytes(b'{"file_name":"line.png","text":"a\\nb,\\n"}')
    return folder


def test_lines_line_ends_marks_and_blanks_stay_and_undo_brings_every_byte_back(forms: Path, host: FakeHost) -> None:
    before = snapshot(forms)
    run(forms, host, add=("solo",), at="first")
    made = snapshot(forms)
    assert {name: made[name] for name in FORMS} == {name: after for name, (_, after) in FORMS.items()}
    assert made["captions.csv"] == b'\xef\xbb\xbf"file_name","text"\r\n"row.png","solo, a\r\nsolo, b,"'
    assert made["metadata.jsonl"] == b'{"file_name":"line.png","text":"solo, a\\nsolo, b,\\n"}'
    run(forms, host, undo=True)
    assert snapshot(forms) == before


def test_edits_that_change_nothing_write_nothing(forms: Path, host: FakeHost) -> None:
    before = snapshot(forms)
    made = run(forms, host, remove=("zebra",), rename=("zebra => dog",), dedupe=True, replace_text=("zebra => dog",))
    assert made.changes == ()
    assert snapshot(forms) == before


def test_a_caption_that_is_emptied_is_a_line_and_not_a_file_of_no_bytes(forms: Path, host: FakeHost) -> None:
    run(forms, host, files=("open.png",), remove=("*",))
    assert (forms / "open.txt").read_bytes() == b"\n"


def test_a_caption_as_a_page_sends_it_back_is_the_one_that_was_seen(forms: Path, host: FakeHost) -> None:
    made = run(forms, host, files=("dos.png",), text="a\n\nc", expected_caption="a\n\n b,")  # a text box knows no \r
    assert made.changes[0].note == ""
    assert (forms / "dos.txt").read_bytes() == b"\xef\xbb\xbfa\r\n\r\nc\r\n"


def test_tags_of_two_lines_are_two(forms: Path, host: FakeHost) -> None:
    made = run(forms, host, files=("lines.png",))
    assert made.tags == {"a cat": 1, "a red cat": 1, "meow": 1, "sitting": 1}
    assert captions(run(forms, host, where="sitting, meow")).keys() == {"lines.png"}


def test_what_was_not_looked_at_is_named_with_the_reason(root: Path, host: FakeHost) -> None:
    (root / ".h.png").write_bytes(b"x")
    made = run(root, host, where="zebra")
    assert [(each.path, each.reason) for each in made.left_out] == [(".h.png", ".h.png is hidden.")]
    assert made.lines() == ["left out: .h.png: .h.png is hidden."]


def test_only_what_is_found_is_changed(root: Path, host: FakeHost) -> None:
    made = run(root, host, where="grass", rename=("grass => lawn",))
    assert changes(made) == {
        "a.png": ("red dog, grass", "red dog, lawn"),
        "b.jpg": ("blue cat, grass", "blue cat, lawn"),
    }
    assert made.summary() == "2 of 6 pictures found, 2 changed."
    assert set(captions(made)) == {"a.png", "b.jpg"}  # those that were meant, though no question finds them now


def test_a_dry_run_lists_the_very_changes_and_writes_nothing(root: Path, host: FakeHost) -> None:
    before = snapshot(root)
    planned = run(root, host, remove=("red*",), dry_run=True)
    assert snapshot(root) == before
    assert "would be changed" in planned.summary()
    assert changes(planned) == changes(run(root, host, remove=("red*",)))


def test_undo_restores_every_byte_and_the_files_that_were_not_there(root: Path, host: FakeHost) -> None:
    before = snapshot(root)
    run(root, host, add=("sks",))
    run(root, host, where="none.png | sks", order="alphabetical", extension=".caption")
    run(root, host, undo=True)
    made = run(root, host, undo=True)
    assert snapshot(root) == before
    assert made.undone
    with pytest.raises(InvalidParamError, match="finds no edit"):
        run(root, host, undo=True)


def test_a_dry_run_of_undo_writes_nothing(root: Path, host: FakeHost) -> None:
    run(root, host, add=("sks",))
    before = snapshot(root)
    planned = run(root, host, undo=True, dry_run=True)
    assert snapshot(root) == before
    assert {each.path for each in planned.changes} == {
        "a.txt",
        "b.caption",
        "captions.csv",
        "metadata.jsonl",
        "none.txt",
    }


def test_undo_leaves_what_was_changed_since_and_reports_it(root: Path, host: FakeHost) -> None:
    run(root, host, add=("sks",))
    (root / "b.caption").write_text("mine", encoding="utf-8")
    made = run(root, host, undo=True)
    assert [each.path for each in made.changes if each.note] == ["b.caption"]
    assert not made.succeeded()
    assert made.summary() == "4 undone, 1 skipped."
    assert (root / "b.caption").read_text() == "mine"


def test_one_caption_is_set_by_hand_where_it_is_as_it_was_seen(root: Path, host: FakeHost) -> None:
    made = run(root, host, files=("in/e.png",), text="a setting sun", expected_caption="red sun")
    assert changes(made) == {"in/e.png": ("red sun", "a setting sun")}
    late = run(root, host, files=("in/e.png",), text="other", expected_caption="red sun")
    assert late.changes[0].note == "in/e.png has a different caption now; skipped."
    assert captions(run(root, host))["in/e.png"] == "a setting sun"
    assert run(root, host, files=("none.png",), text="new", expected_caption="").changes[0].after == "new"


def test_a_caption_that_changes_between_reading_and_writing_is_left(
    root: Path, host: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Place.write

    def meddling(self: Place, data: bytes, mode: int = 0o666) -> None:
        write(self, data, mode)
        (root / "b.caption").write_text("mine", encoding="utf-8")

    monkeypatch.setattr(Place, "write", meddling)
    made = run(root, host, where="grass", add=("x",))
    assert [each.note for each in made.changes] == ["", "b.caption was changed in the meantime; skipped."]
    assert (root / "b.caption").read_text() == "mine"


@pytest.mark.parametrize("data", [b"caf\xe9", b"x" * 10_000_000, b"a\0b"])
def test_a_caption_that_cannot_be_read_is_skipped_and_reported(root: Path, host: FakeHost, data: bytes) -> None:
    (root / "a.txt").write_bytes(data)
    made = run(root, host, files=("a.png",), add=("x",))
    assert len(made.changes) == 1
    assert "a.txt" in made.changes[0].note
    assert (root / "a.txt").read_bytes() == data


@pytest.mark.parametrize("kind", ["folder", "pipe"])
def test_what_is_no_file_is_no_caption_and_is_named(root: Path, host: FakeHost, kind: str) -> None:
    there = root / "none.txt"
    if kind == "folder":
        there.mkdir()
    elif hasattr(os, "mkfifo"):
        os.mkfifo(there)
    else:
        pytest.skip("no named pipes here")
    made = run(root, host, files=("none.png",), text="a dog")
    assert [each.note for each in made.changes] == ["none.png: none.txt is a folder or a device, and no caption."]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a name be any bytes")
def test_a_name_that_is_no_text_is_shown_in_one_way(root: Path, host: FakeHost) -> None:
    name = os.fsdecode(b"caf\xe9")
    (root / f"{name}.png").write_bytes(b"x")
    (root / f"{name}.txt").write_bytes(b"caf\xe9")
    (note,) = [each.note for each in run(root, host, add=("x",)).changes if each.note]
    assert note.count("caf?") == 2
    note.encode("utf-8")


def test_pictures_that_share_a_caption_share_its_edit(root: Path, host: FakeHost) -> None:
    (root / "a.webp").write_bytes(b"x")
    made = run(root, host, where='"red dog"', add=("x",))
    assert changes(made) == dict.fromkeys(("a.png", "a.webp"), ("red dog, grass", "red dog, grass, x"))


def test_stopping_keeps_what_is_written_and_it_can_be_undone(root: Path, host: FakeHost) -> None:
    before = snapshot(root)
    with pytest.raises(CancelledError):
        run(root, host, add=("x",), progress=FakeProgress(stop_after=2))
    assert snapshot(root) != before
    run(root, host, undo=True)
    assert snapshot(root) == before


def test_over_the_network_links_out_of_the_folder_are_not_followed(root: Path, tmp_path: Path) -> None:
    host = FakeHost(data_dir=tmp_path / "data", allowed=(root,))
    (tmp_path / "secret.txt").write_text("secret words", encoding="utf-8")
    (root / "none.txt").symlink_to(tmp_path / "secret.txt")
    made = run(root, host, trusted=False, add=("x",))
    assert "secret" not in str(made.to_json())
    assert (tmp_path / "secret.txt").read_text() == "secret words"
    assert [each.note for each in made.changes if each.note] == ["none.txt is outside the folder; skipped."]


def test_a_person_sees_the_words_behind_a_link_but_they_are_not_written(
    root: Path, host: FakeHost, tmp_path: Path
) -> None:
    (tmp_path / "other.txt").write_text("other words", encoding="utf-8")
    (root / "none.txt").symlink_to(tmp_path / "other.txt")
    made = run(root, host, where='"other words"', add=("x",))
    assert "outside the folder" in made.changes[0].note
    assert (tmp_path / "other.txt").read_text() == "other words"


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"where": "a,,b"}, "where"),
        ({"rename": ("a",)}, "rename"),
        ({"expected_caption": "x"}, "expected_caption"),
        ({"undo": True, "add": ("x",)}, "undo"),
        ({"position": -1}, "position"),
    ],
)
def test_a_wrong_value_is_named(values: dict[str, Any], name: str) -> None:
    with pytest.raises(InvalidParamError, match=f"^{name}"):
        CaptionsParams(folder="x", **values)


def test_a_picture_that_is_not_there_is_named(root: Path, host: FakeHost) -> None:
    with pytest.raises(InvalidParamError, match=r"^files names '\.\./a\.png'"):
        run(root, host, files=("../a.png",))


def test_a_folder_without_pictures_is_a_mistake(tmp_path: Path, host: FakeHost) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ImageError, match="no pictures"):
        run(tmp_path / "empty", host)


def test_the_terminal_shows_before_and_after(root: Path, host: FakeHost) -> None:
    made = run(root, host, where="green dog", add=("x",), dry_run=True)
    assert made.lines() == ["d.png", "  - green dog", "  + green dog, x"]
    (root / "d.txt").write_text("one\ntwo", encoding="utf-8")
    assert run(root, host, files=("d.png",), remove=("one",), dry_run=True).lines() == [
        "d.png", "  - one", "  - two", "  + ", "  + two",
    ]  # fmt: skip
    assert run(root, host, where="<missing>").lines() == ["none.png: (no caption)"]


def test_a_name_that_is_too_long_for_a_caption_file_is_left_alone_and_the_others_are_done(
    root: Path, host: FakeHost
) -> None:
    long = "n" * 251 + ".png"
    try:
        (root / long).write_bytes(b"x")
    except OSError:
        pytest.skip("no file can be called so here")
    made = run(root, host, text="a dog", extension=".caption", files=[long, "none.png"])
    assert {each.path: each.after for each in made.changes}["none.png"] == "a dog"
    assert [bool(each.note) for each in made.changes if each.path == long] == [True]
    assert (root / "none.caption").read_text(encoding="utf-8").strip() == "a dog"
    assert [each.path for each in run(root, host, where="<missing>").found] == [long]
