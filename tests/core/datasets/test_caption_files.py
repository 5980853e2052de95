"""Captions beside pictures and in tables: found in order, bounded, UTF-8, rewritten row by row."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib_bootcamp.core.datasets.caption_files import (
    MAX_CAPTION_BYTES,
    CaptionError,
    read_caption,
    rewritten,
    write_caption,
)
from lib_bootcamp.core.datasets.caption_sources import FolderCaptions
from lib_bootcamp.core.datasets.caption_tables import Table


def texts(root: Path, picture: str) -> list[tuple[str, str]]:
    return [(each.text, each.file.name) for each in FolderCaptions(root).of(root / picture)]


def test_the_text_file_goes_before_the_caption_file_and_tables_come_last(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(" one \n", encoding="utf-8")
    (tmp_path / "a.caption").write_text("two", encoding="utf-8")
    (tmp_path / "captions.csv").write_text("file_name,text\na.png,three\n", encoding="utf-8")
    (tmp_path / "metadata.jsonl").write_text('{"file_name": "a.png", "text": "four"}\n', encoding="utf-8")
    assert texts(tmp_path, "a.png") == [
        ("one", "a.txt"),
        ("two", "a.caption"),
        ("three", "captions.csv"),
        ("four", "metadata.jsonl"),
    ]


def test_a_table_above_names_pictures_by_their_path_below_it(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "captions.csv").write_text("caption,Path\nx,.\\in\\a.png\n", encoding="utf-8")
    assert texts(tmp_path, "in/a.png") == [("x", "captions.csv")]
    assert texts(tmp_path / "in", "a.png") == []  # nothing above the data set is read


def test_a_byte_order_mark_is_no_part_of_the_caption(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbfred")
    assert read_caption(tmp_path / "a.txt").text == "red"


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"caf\xe9", "is not UTF-8 (byte 3)"),
        (b"a\0b", "contains null bytes"),
        (b"a" * (MAX_CAPTION_BYTES + 1), "has more than 64 KiB"),
        (b"a" * 10_000_000, "has more than 64 KiB"),
    ],
)
def test_a_bad_caption_is_reported_in_one_sentence(tmp_path: Path, data: bytes, sentence: str) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(data)
    with pytest.raises(CaptionError) as raised:
        read_caption(path)
    assert sentence in str(raised.value)
    captions = FolderCaptions(tmp_path)
    assert captions.of(tmp_path / "a.png") == []
    assert list(captions.problems) == [path]


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("captions.csv", "a.png,red\n", "needs a first line"),
        ("captions.csv", "", "needs a first line"),
        ("metadata.jsonl", "[1]\n", "line 1 is not a JSON object"),
        ("metadata.jsonl", '{"file_name": "a.png", "text": "x"}\n{"a": NaN}', "line 2 is not a JSON object"),
        ("metadata.jsonl", "[" * 100_000, "line 1 is not a JSON object"),
    ],
)
def test_a_bad_table_is_reported_in_one_sentence(tmp_path: Path, name: str, text: str, sentence: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(CaptionError, match=sentence):
        Table.read(tmp_path / name)


def test_rows_of_other_pictures_and_other_columns_stay(tmp_path: Path) -> None:
    path = tmp_path / "captions.csv"
    path.write_bytes(b'file_name,artist,text\r\na.png,"x, y",old\r\nb.png,z,keep\r\n')
    made = Table.read(path).with_captions({"a.png": 'new, "quoted"', "c.png": "more"})
    assert made == b'file_name,artist,text\r\na.png,"x, y","new, ""quoted"""\r\nb.png,z,keep\r\nc.png,,more\r\n'


def test_lines_of_other_pictures_stay_byte_for_byte(tmp_path: Path) -> None:
    path = tmp_path / "metadata.jsonl"
    other = '{"file_name":  "b.png", "n": 1.50, "text": "k\\u00e9ep"}'
    path.write_text(f'{{"file_name": "a.png", "text": "old", "n": 2}}\n{other}\n', encoding="utf-8")
    lines = Table.read(path).with_captions({"a.png": "né"}).decode().splitlines()
    assert json.loads(lines[0]) == {"file_name": "a.png", "text": "né", "n": 2}
    assert lines[1] == other


QUOTED = b'\xef\xbb\xbf"file_name","text"\n"a.png","one\r\ntwo"\n"b.png","\n x"\r\nc.png,"y",more\n\n"d.png","z"'


@pytest.mark.parametrize(
    ("changes", "old", "new"),
    [
        ({"a.png": "1\n2"}, b'"one\r\ntwo"', b'"1\r\n2"'),
        ({"b.png": "y"}, b'"\n x"', b'"\n y"'),
        ({"c.png": "n, m"}, b'"y",more', b'"n, m",more'),
        ({"d.png": ""}, b'"z"', b'""'),
        ({"e.png": "new"}, b'"z"', b'"z"\ne.png,new'),
    ],
)
def test_of_a_csv_only_the_caption_that_changes_is_written(
    tmp_path: Path, changes: dict[str, str], old: bytes, new: bytes
) -> None:
    path = tmp_path / "captions.csv"
    path.write_bytes(QUOTED)
    assert Table.read(path).with_captions(changes) == QUOTED.replace(old, new)


LINES = b'\xef\xbb\xbf{"file_name":"a.png","text":"caf\\u00e9\\n"}\r\n\r\n{"file_name": "b.png", "text": "x"} '


@pytest.mark.parametrize(
    ("changes", "old", "new"),
    [
        ({"a.png": "thé\ntwo"}, b'"caf\\u00e9\\n"', b'"th\\u00e9\\ntwo\\n"'),
        ({"b.png": "y"}, b'"x"} ', b'"y"} '),
        ({"c.png": "z"}, b'"x"} ', b'"x"} \r\n{"file_name": "c.png", "text": "z"}'),
    ],
)
def test_of_a_jsonl_only_the_caption_that_changes_is_written(
    tmp_path: Path, changes: dict[str, str], old: bytes, new: bytes
) -> None:
    path = tmp_path / "metadata.jsonl"
    path.write_bytes(LINES)
    assert Table.read(path).with_captions(changes) == LINES.replace(old, new)


@pytest.mark.parametrize(
    ("data", "flaw"),
    [
        (b"", "no-bytes"),
        (b" \r\n\n", "blank"),
        (b"\xef\xbb\xbf", "blank"),
        (b" \na cat", "blank-first-line"),
        (b"\xef\xbb\xbfa cat", "mark"),
        (b" a cat\n\nb\n", ""),
    ],
)
def test_what_a_trainer_takes_amiss_is_known(tmp_path: Path, data: bytes, flaw: str) -> None:
    (tmp_path / "a.txt").write_bytes(data)
    assert read_caption(tmp_path / "a.txt").flaw == flaw


@pytest.mark.parametrize(
    ("data", "text", "made"),
    [
        (None, "a", b"a"),
        (b"\xef\xbb\xbf a\r\n", "b", b"\xef\xbb\xbf b\r\n"),
        (b" \n\n", "b", b"b\n\n"),
        (b"a", "", b"\n"),  # kohya's trainer stops at a file of no bytes
        (b"a\r\n", "", b"\r\n"),
    ],
)
def test_a_caption_is_rewritten_and_the_rest_of_its_file_stays(data: bytes | None, text: str, made: bytes) -> None:
    assert rewritten(Path("a.txt"), data, text) == made


@pytest.mark.thorough
@given(
    st.dictionaries(st.from_regex(r"[a-z]{1,5}\.png", fullmatch=True), st.text(st.characters(codec="utf-8"))),
    st.sampled_from(["captions.csv", "metadata.jsonl"]),
)
def test_what_is_written_to_a_table_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, captions: dict[str, str], name: str
) -> None:
    captions = {key: text.replace("\0", "").strip() for key, text in captions.items()}
    path = tmp_path_factory.mktemp("table") / name
    path.write_bytes(Table(path).with_captions(captions))
    assert Table.read(path).captions == captions


def test_a_caption_is_written_as_it_is_given(tmp_path: Path) -> None:
    write_caption(tmp_path / "a.txt", "né\r\nx")
    assert (tmp_path / "a.txt").read_bytes() == "né\r\nx".encode()
