"""A folder's captions by the embedded model: every kind of file, what is there already, pictures of every kind."""

from __future__ import annotations

import csv
import io
import json
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pil

from tests.ml.needs import skip_without_models

skip_without_models()

from lib_bootcamp.core.datasets.caption_files import CaptionError  # noqa: E402
from lib_bootcamp.core.images.codec import FORMATS, READ_SUFFIXES  # noqa: E402
from lib_bootcamp.errors import ImageError, InvalidParamError, NotAllowedError  # noqa: E402
from lib_bootcamp.jobs.facts import JobInfo  # noqa: E402
from lib_bootcamp.jobs.manager import Jobs  # noqa: E402
from lib_bootcamp.jobs.progress import Stop  # noqa: E402
from lib_bootcamp.operations.describe.caption import CAPTION  # noqa: E402
from tests.fakes import FakeHost, FakeProgress  # noqa: E402
from tests.ml.clip.interrogations import WORDS, write_tables  # noqa: E402
from tests.ml.clip.test_classify_mini import COLORS, drawn  # noqa: E402

PRESET = {"preset": "drawn shapes (mini)"}
RED, BLUE, GREEN = "red circle, white background", "blue square, white background", "green triangle, white background"
DRAWN = {"a": ("circle", "red"), "b": ("square", "blue"), "c": ("triangle", "green")}
SIDE = 96


class Captioned:
    """Runs jobs on one host, whose model is loaded once."""

    def __init__(self, jobs: Jobs) -> None:
        self.jobs = jobs

    def __call__(self, root: Path, *, trusted: bool = True, progress: Any = None, **values: Any) -> JobInfo:
        number = self.jobs.create("caption", {**PRESET, "folder": str(root), **values}, trusted=trusted)
        return self.jobs.run_here(number, progress or FakeProgress(), Stop())

    def notes(self, info: JobInfo) -> dict[str, str]:
        """The result of each picture."""
        items = self.jobs.items(info.id, trusted=True, limit=1000)
        return {each.path: f"{each.state}: {each.note}" for each in items}


@pytest.fixture(scope="module")
def caption(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Captioned]:
    folder = tmp_path_factory.mktemp("data")
    jobs = Jobs(FakeHost(data_dir=folder), {"caption": CAPTION}.__getitem__, folder)
    yield Captioned(jobs)
    jobs.close()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A red circle, a blue square and a green triangle."""
    folder = tmp_path / "set"
    folder.mkdir()
    for name, what in DRAWN.items():
        Pil.fromarray(drawn(*what, SIDE)).save(folder / f"{name}.png")
    return folder


def texts(root: Path) -> dict[str, str]:
    """What lies beside the pictures."""
    found = (path for path in root.rglob("*") if path.is_file() and path.suffix.lower() not in READ_SUFFIXES)
    return {path.relative_to(root).as_posix(): path.read_text("utf-8") for path in found}


# --- where captions are written


@pytest.mark.parametrize("ending", [".txt", ".caption"])
def test_each_picture_gets_a_file_that_names_what_was_drawn(caption: Captioned, root: Path, ending: str) -> None:
    info = caption(root, output=ending)
    assert (info.state, info.done) == ("done", 3)
    assert texts(root) == {f"a{ending}": RED, f"b{ending}": BLUE, f"c{ending}": GREEN}


def test_one_csv_names_every_picture_by_its_path(caption: Captioned, root: Path) -> None:
    (root / "inner").mkdir()
    (root / "c.png").rename(root / "inner" / "c.png")
    caption(root, output="captions.csv")
    rows = list(csv.DictReader(io.StringIO(texts(root)["captions.csv"])))
    assert rows == [
        {"file_name": "a.png", "text": RED},
        {"file_name": "b.png", "text": BLUE},
        {"file_name": "inner/c.png", "text": GREEN},
    ]


def test_the_jsonl_is_what_hugging_faces_datasets_read(caption: Captioned, root: Path) -> None:
    caption(root, output="metadata.jsonl")
    lines = [json.loads(line) for line in texts(root)["metadata.jsonl"].splitlines()]
    assert lines == [
        {"file_name": "a.png", "text": RED},
        {"file_name": "b.png", "text": BLUE},
        {"file_name": "c.png", "text": GREEN},
    ]


@pytest.mark.parametrize("table", ["captions.csv", "metadata.jsonl"])
def test_other_rows_and_columns_of_a_table_stay_and_undo_brings_it_back(
    caption: Captioned, root: Path, table: str
) -> None:
    first = {
        "captions.csv": "file_name,text,mark\r\nz.png,other,7\r\na.png,mine,8\r\n",
        "metadata.jsonl": '{"file_name": "z.png", "text": "other", "a": 7}\n{"file_name": "a.png", "text": "mine"}\n',
    }[table]
    (root / table).write_bytes(first.encode())
    info = caption(root, output=table)
    assert (info.done, info.skipped) == (2, 1)  # a.png has one
    text = texts(root)[table]
    assert "other" in text
    assert "mine" in text
    assert BLUE in text
    assert caption.jobs.undo(info.id, trusted=True).restored == 1
    assert (root / table).read_bytes() == first.encode()


def test_a_table_that_cannot_be_read_is_refused_before_anything_is_done(caption: Captioned, root: Path) -> None:
    (root / "captions.csv").write_text("this,is\nno,table\n")
    with pytest.raises(CaptionError, match="needs a first line that names its columns"):
        caption(root, output="captions.csv")


# --- what is there


@pytest.mark.parametrize(
    ("existing", "text", "state"),
    [
        ("skip", "my own", "skipped: There is a caption already."),
        ("overwrite", RED, "done: "),
        ("append", f"my own, {RED}", "done: "),
        ("prepend", f"{RED}, my own", "done: "),
    ],
)
@pytest.mark.parametrize("output", [".txt", "captions.csv", "metadata.jsonl"])
def test_what_is_there_is_kept_as_it_is_asked_for(
    caption: Captioned, root: Path, existing: str, text: str, state: str, output: str
) -> None:
    if output == ".txt":
        (root / "a.txt").write_text("my own\n")
    elif output == "captions.csv":
        (root / output).write_text("file_name,text\na.png,my own\n")
    else:
        (root / output).write_text('{"file_name": "a.png", "text": "my own"}\n')
    info = caption(root, existing=existing, output=output)
    assert caption.notes(info)["a.png"] == state
    if output == ".txt":
        assert texts(root)["a.txt"].strip() == text
    else:
        assert text in texts(root)[output].replace('""', '"')
    undone = caption.jobs.undo(info.id, trusted=True)
    assert undone.skipped == ()
    assert len(texts(root)) == 1


def test_a_second_run_adds_nothing(caption: Captioned, root: Path) -> None:
    caption(root)
    before = texts(root)
    info = caption(root, existing="append")
    assert caption.notes(info)["a.png"] == "skipped: The caption says it already."
    assert texts(root) == before


@pytest.mark.parametrize(
    ("there", "how", "made"),
    [
        (b"solo, 1girl,", "append", f"solo, 1girl, {RED}"),
        (b"\xef\xbb\xbf a\r\n\r\nb,\r\n", "append", f"\ufeff a, {RED}\r\n\r\nb, {RED}\r\n"),
        (b"a\nred circle\n", "prepend", f"{RED}, a\nwhite background, red circle\n"),
        (b"\n\n", "append", f"{RED}\n\n"),
        (b"", "append", RED),
    ],
)
def test_each_line_that_is_there_is_kept_with_its_ends(
    caption: Captioned, root: Path, there: bytes, how: str, made: str
) -> None:
    (root / "a.txt").write_bytes(there)
    info = caption(root, existing=how)
    assert (root / "a.txt").read_bytes() == made.encode()
    caption.jobs.undo(info.id, trusted=True)
    assert (root / "a.txt").read_bytes() == there


def test_an_empty_caption_is_none(caption: Captioned, root: Path) -> None:
    (root / "a.txt").write_text(" \n")
    caption(root)
    assert texts(root)["a.txt"] == RED


def test_a_caption_that_is_no_text_fails_its_picture_and_is_overwritten_where_that_is_wanted(
    caption: Captioned, root: Path
) -> None:
    (root / "a.txt").write_bytes(b"caf\xe9")
    info = caption(root)
    assert (info.done, info.failed) == (2, 1)
    assert "a.txt is not UTF-8" in caption.notes(info)["a.png"]
    info = caption(root, existing="overwrite")
    assert texts(root)["a.txt"] == RED
    caption.jobs.undo(info.id, trusted=True)
    assert (root / "a.txt").read_bytes() == b"caf\xe9"


def test_two_pictures_of_one_name_share_no_caption(caption: Captioned, root: Path) -> None:
    Pil.fromarray(drawn("square", "red", SIDE)).save(root / "a.jpg", quality=95)
    info = caption(root)
    assert caption.notes(info)["a.png"] == (
        "skipped: a.png would have the caption file of a.jpg and is left out; rename one."
    )
    assert texts(root)["a.txt"] == "red square, white background"
    info = caption(root, output="captions.csv")
    assert info.done == 4  # a table names them by their endings


def test_nothing_to_say_is_reported_and_writes_nothing(caption: Captioned, root: Path) -> None:
    info = caption(root, never=["*"])
    assert caption.notes(info)["a.png"] == "skipped: Nothing was found that the caption could say."
    assert texts(root) == {}


# --- words


def test_trigger_lists_rules_and_order_word_each_caption(caption: Captioned, root: Path) -> None:
    caption(
        root,
        trigger="ohwx",
        prefix="a drawing of ",
        suffix=" on paper",
        always=["flat"],
        never=["white*"],
        rename=["red circle => red disc"],
        replace_text=["square => box"],
        order="alphabetical",
    )
    assert texts(root) == {
        "a.txt": "ohwx, a drawing of red disc, flat on paper",
        "b.txt": "ohwx, a drawing of blue box, flat on paper",
        "c.txt": "ohwx, a drawing of green triangle, flat on paper",
    }


@pytest.mark.parametrize(
    ("order", "text"),
    [("listed", "z red circle, a round shape"), ("alphabetical", "a round shape, z red circle")],
)
def test_tags_stand_in_the_order_that_is_asked_for(caption: Captioned, root: Path, order: str, text: str) -> None:
    lists = {"groups": {"first": ["z red circle"], "second": ["a round shape"]}, "template": ["{}"]}
    caption(root, **lists, order=order)
    assert texts(root)["a.txt"] == text


def test_a_caption_of_more_than_75_tokens_is_reported(caption: Captioned, root: Path) -> None:
    info = caption(root, always=[f"tag {at}" for at in range(40)])
    assert "trainers cut it after 75" in caption.notes(info)["a.png"]
    assert info.done == 3


def test_a_folder_is_described_by_prompts_too(caption: Captioned, root: Path, tmp_path: Path) -> None:
    tables = write_tables(tmp_path / "tables", WORDS)
    caption(root, method="interrogate", mode="fast", tables=str(tables), captioner="none", max_flavors=3)
    assert "a red circle" in texts(root)["a.txt"]
    assert "a blue square" in texts(root)["b.txt"]


# --- folders


def test_folders_inside_are_taken_or_not_and_hidden_ones_never(caption: Captioned, root: Path) -> None:
    for name in ("inner", ".hidden"):
        (root / name).mkdir()
        Pil.fromarray(drawn("square", "yellow", SIDE)).save(root / name / "x.png")
    assert caption(root, recursive=False).total == 3
    assert caption(root).total == 4
    assert texts(root)["inner/x.txt"] == "yellow square, white background"


def test_a_folder_without_pictures_is_refused_before_a_job_is_made(caption: Captioned, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    before = caption.jobs.listed(trusted=True)
    with pytest.raises(ImageError, match=r"empty: no pictures are in there\.$"):
        caption(tmp_path / "empty")
    assert caption.jobs.listed(trusted=True) == before


def test_a_bad_picture_is_reported_and_the_rest_goes_on(caption: Captioned, root: Path) -> None:
    (root / "b.png").write_bytes((root / "b.png").read_bytes()[:100])
    (root / "d.jpg").write_text("no picture")
    info = caption(root)
    assert (info.state, info.done, info.failed) == ("done", 2, 2)
    assert (
        caption.notes(info)["b.png"] == "failed: The picture is damaged or cut off; save it again or give another one."
    )
    assert sorted(texts(root)) == ["a.txt", "c.txt"]


# --- pictures


def saved(name: str) -> Callable[[Path], None]:
    """Writes the red circle in a format of Pillow's."""
    return lambda path: Pil.fromarray(drawn("circle", "red", SIDE)).save(path, name)


def psd(path: Path) -> None:
    """The red circle as Photoshop writes a flat picture. Source: Adobe's file format, header and image data."""
    pixels = drawn("circle", "red", SIDE)
    head = b"8BPS" + struct.pack(">H6xHIIHH", 1, 3, SIDE, SIDE, 8, 3) + struct.pack(">III", 0, 0, 0)
    path.write_bytes(head + struct.pack(">H", 0) + pixels.transpose(2, 0, 1).tobytes())


def qoi(path: Path) -> None:
    """The red circle with a whole pixel each. Source: qoiformat.org."""
    pixels = b"".join(b"\xfe" + bytes(each) for each in drawn("circle", "red", SIDE).reshape(-1, 3))
    path.write_bytes(b"qoif" + struct.pack(">IIBB", SIDE, SIDE, 3, 0) + pixels + bytes(7) + b"\x01")


def gifs(path: Path) -> None:
    """An animation that begins with the red circle."""
    first, second = (Pil.fromarray(drawn(*each, SIDE)) for each in (("circle", "red"), ("square", "blue")))
    first.save(path, save_all=True, append_images=[second])


def test_every_kind_of_picture_that_is_read_gets_its_caption(caption: Captioned, tmp_path: Path) -> None:
    Pil.init()
    known = Pil.registered_extensions()
    makers = {".psd": psd, ".qoi": qoi, ".gif": gifs, ".pfm": None, ".avifs": None}  # floats; an animation
    folder = tmp_path / "kinds"
    folder.mkdir()
    for suffix in sorted(READ_SUFFIXES):
        kind = known.get(suffix)
        make = makers.get(suffix, saved(kind) if kind in Pil.SAVE else None)
        if make is not None and kind in FORMATS:
            make(folder / f"{suffix[1:]}{suffix}")
    info = caption(folder)
    assert info.failed == 0, caption.notes(info)
    assert set(texts(folder).values()) == {RED}
    assert info.done == len(list(folder.iterdir())) // 2 >= 20


@pytest.mark.parametrize("mode", ["L", "1", "P", "CMYK", "I;16", "F"])
def test_every_mode_of_pixels_is_read(caption: Captioned, tmp_path: Path, mode: str) -> None:
    folder = tmp_path / "modes"
    folder.mkdir()
    picture = Pil.fromarray(drawn("circle", "red", SIDE))
    if mode in ("I;16", "F"):
        gray = np.asarray(picture.convert("L"), np.float32) / 255
        picture = Pil.fromarray((gray * 65535).astype(np.uint16) if mode == "I;16" else gray)
    else:
        picture = picture.convert(mode)
    picture.save(folder / "a.tif")
    caption(folder, max_tags=None, threshold=0, per_list={"object": [0, 1], "background": [0, 1]})
    color = "red" if mode in ("P", "CMYK") else ""
    assert f"{color} circle".strip() in texts(folder)["a.txt"]


@pytest.mark.parametrize("ending", [".png", ".jpg"])
def test_a_picture_is_seen_as_its_camera_was_held(caption: Captioned, tmp_path: Path, ending: str) -> None:
    folder = tmp_path / "turned"
    folder.mkdir()
    upright = Pil.fromarray(drawn("triangle", "green", SIDE)).crop((0, 0, SIDE, SIDE * 3 // 4))
    lying = upright.transpose(Pil.Transpose.ROTATE_90)
    exif = Pil.Exif()
    exif[0x0112] = 6  # a viewer turns it by 90 degrees to the right
    quality = {"quality": 100, "subsampling": 0} if ending == ".jpg" else {}
    upright.save(folder / f"upright{ending}", **quality)
    lying.save(folder / f"turned{ending}", exif=exif, **quality)
    lying.save(folder / f"lying{ending}", **quality)
    info = caption(folder, max_tags=20)
    found = {
        Path(each.path).stem: {score["label"]: score["value"] for score in (each.result or {})["found"]}
        for each in caption.jobs.items(info.id, trusted=True)
    }
    labels = [label for label in found["upright"] if "background" not in label]

    def apart(one: str, other: str) -> float:
        return max(abs(found[one].get(label, 0) - found[other].get(label, 0)) for label in labels)

    assert apart("upright", "turned") < 0.1
    assert apart("upright", "lying") > 2 * apart("upright", "turned")


@pytest.mark.parametrize(("background", "color"), [("#ffffff", "white"), ("#1e46dc", "blue"), ("#000000", "black")])
@pytest.mark.parametrize("ending", [".png", ".webp", ".gif"])
def test_what_is_transparent_lies_on_the_background(
    caption: Captioned, tmp_path: Path, background: str, color: str, ending: str
) -> None:
    folder = tmp_path / "clear"
    folder.mkdir()
    pixels = drawn("circle", "yellow", SIDE)
    clear = np.dstack([pixels, np.where((pixels == COLORS["yellow"]).all(-1), 255, 0).astype(np.uint8)])
    options = {"lossless": True} if ending == ".webp" else {}
    Pil.fromarray(clear, "RGBA").save(folder / f"a{ending}", **options)
    caption(folder, background=background)
    assert texts(folder)["a.txt"] == f"yellow circle, {color} background"


# --- strangers


@pytest.fixture
def stranger(caption: Captioned, root: Path, monkeypatch: pytest.MonkeyPatch) -> Captioned:
    """A caller over the network, to whom the owner allowed the folder."""
    monkeypatch.setattr(caption.jobs.host, "_allowed", (root,))
    return caption


def test_a_strangers_job_reads_and_writes_inside_of_the_folder_only(
    stranger: Captioned, root: Path, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    Pil.fromarray(drawn("square", "red", SIDE)).save(secret / "s.png")
    (secret / "s.txt").write_text("secret")
    (root / "link.png").symlink_to(secret / "s.png")
    (root / "out").symlink_to(secret, target_is_directory=True)
    (root / "a.txt").symlink_to(secret / "s.txt")
    info = stranger(root, trusted=False, existing="append")
    notes = stranger.notes(info)
    assert sorted(notes) == ["a.png", "b.png", "c.png", "link.png", "out"]
    assert notes["link.png"] == "skipped: link.png is outside the folder."
    assert notes["a.png"] == "failed: a.txt is outside the folder; skipped."
    assert (secret / "s.txt").read_text() == "secret"
    assert sorted(each.name for each in secret.iterdir()) == ["s.png", "s.txt"]


@pytest.mark.parametrize("values", [{"clip": "/etc/x"}, {"method": "captioner", "captioner": "/etc"}])
def test_a_stranger_names_no_model_files(stranger: Captioned, root: Path, values: dict[str, str]) -> None:
    with pytest.raises(InvalidParamError):
        stranger(root, trusted=False, **values)


def test_a_stranger_names_allowed_tables_only(stranger: Captioned, root: Path) -> None:
    with pytest.raises(NotAllowedError):
        stranger(root, trusted=False, method="interrogate", tables="/etc")


# --- stopped


def test_a_stopped_job_goes_on_with_the_next_picture(caption: Captioned, tmp_path: Path) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for at in range(70):
        Pil.fromarray(drawn("circle", "red", 32)).save(folder / f"{at:03}.png")
    progress = FakeProgress(stop_after=64)  # of the labels' texts before, none is so many
    info = caption(folder, progress=progress, output="captions.csv", groups={"object": ["red circle", "blue square"]})
    assert (info.state, info.done) == ("paused", 64)
    assert texts(folder)["captions.csv"].count("red circle") == 64
    info = caption.jobs.run_here(info.id, FakeProgress(), Stop())
    assert (info.state, info.done) == ("done", 70)
    assert texts(folder)["captions.csv"].count("red circle") == 70
    assert caption.jobs.journal.repeats(info.id) == 0
