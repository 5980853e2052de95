"""Pictures in and out. Bad and unusual files are in tests/bad_files."""

from __future__ import annotations

import base64
import io
import os
import stat
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image as Pil

from lib_bootcamp.core.images.arrays import to_rgb
from lib_bootcamp.core.images.codec import (
    MAX_BYTES,
    SUFFIXES,
    decode_base64,
    decode_image,
    decode_quickly,
    encode_base64,
    encode_image,
    read_image,
    read_png_text,
    write_atomically,
    write_image,
)
from lib_bootcamp.core.images.png import encode_png
from lib_bootcamp.errors import ImageError, OutputError, TooLargeError

GRADIENT = np.repeat(np.repeat(np.arange(0, 240, 10, dtype=np.uint8)[None, :, None], 16, axis=0), 3, axis=2)
_sides = st.integers(1, 12)
_rgb = _sides.flatmap(lambda side: hnp.arrays(np.uint8, st.tuples(_sides, st.just(side), st.just(3))))
_gray = hnp.arrays(np.uint8, st.tuples(_sides, _sides))


# --- the contract


def test_a_gray_picture_becomes_three_equal_channels():
    assert to_rgb(np.array([[1, 2]], np.uint8)).tolist() == [[[1, 1, 1], [2, 2, 2]]]


def test_a_picture_of_three_channels_is_given_back_itself():
    assert to_rgb(GRADIENT) is GRADIENT


# --- colors


def test_lab_colors_are_converted():
    out = io.BytesIO()
    Pil.new("LAB", (4, 4), (136, 208, 195)).save(out, "TIFF")  # L 53.3, a 80, b 67: red
    assert np.abs(decode_image(out.getvalue()).astype(int) - (255, 0, 0)).max() <= 12


# --- base64


@pytest.mark.thorough
@settings(deadline=None, max_examples=60)
@given(_rgb)
def test_base64_keeps_every_pixel(image):
    assert np.array_equal(decode_base64(encode_base64(image)), image)


def test_base64_has_no_prefix_and_no_line_breaks():
    text = encode_base64(GRADIENT)
    assert base64.b64decode(text, validate=True).startswith(b"\x89PNG")


@pytest.mark.parametrize(
    "head",
    [
        "data:image/png;base64,",
        "data:;base64,",
        "data:image/webp;charset=x;base64,",
        "data:image/png;BASE64,",
        "DATA:image/png; base64,",
    ],
)
def test_a_data_uri_is_read_whatever_type_it_claims(head):
    assert np.array_equal(decode_base64(head + encode_base64(GRADIENT)), GRADIENT)


@pytest.mark.parametrize("size", [(8, 8), (9, 8), (10, 8)])
def test_base64_without_padding_and_of_the_url_alphabet_is_read(size):
    picture = np.random.default_rng(1).integers(0, 256, (*size, 3), np.uint8)
    text = encode_base64(picture)
    assert np.array_equal(decode_base64(text.rstrip("=")), picture)
    assert np.array_equal(decode_base64(text.replace("+", "-").replace("/", "_")), picture)


def test_a_data_uri_may_escape_its_signs():
    text = encode_base64(GRADIENT).replace("+", "%2B").replace("/", "%2F").replace("=", "%3d")
    assert np.array_equal(decode_base64("data:image/png;base64," + text), GRADIENT)


def test_line_breaks_in_base64_are_passed_over():
    text = encode_base64(GRADIENT)
    assert np.array_equal(decode_base64("\n".join(text[i : i + 60] for i in range(0, len(text), 60))), GRADIENT)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("data:image/png;base64,", "empty"),
        ("!!!!", "not base64"),
        ("abcde", "not base64"),
        ("ab=c", "not base64"),
        ("ä" * 8, "not base64"),
        ("\ud800", "not base64"),
        ("https://example.com/a.png", "not base64"),
        ("data:image/png,raw", "must be base64"),
        ("data:image/png;base64", "empty"),
        ("QUJD", "cannot be read"),
    ],
)
def test_a_text_that_is_no_picture_is_refused(text, words):
    with pytest.raises(ImageError, match=words):
        decode_base64(text)


def test_too_long_a_text_is_refused_before_it_is_decoded():
    with pytest.raises(TooLargeError):
        decode_base64("!" * (MAX_BYTES * 4 // 3 + 100))


@pytest.mark.parametrize(
    ("size", "limits"),
    [
        ((200_000, 1), "at most 32768 pixels on each side"),
        ((1, 60_000), "at most 32768 pixels on each side"),
        ((10_000, 10_000), "at most 67 megapixels"),
        ((2_000, 50_000), "at most 67 megapixels and 32768 pixels on each side"),
    ],
)
def test_a_picture_that_is_too_large_names_the_limit_that_it_exceeds(size, limits):
    width, height = size
    with pytest.raises(TooLargeError) as refused:
        decode_image(encode_image(np.zeros((height, width), np.uint8), ".png"))
    assert str(refused.value) == f"The picture has {width} x {height} pixels; {limits}."


# --- text chunks


@settings(deadline=None, max_examples=40)
@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=200))
def test_text_chunks_are_read_back(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("text") / "a.png"
    write_image(path, GRADIENT, {"bootcamp": text})
    assert read_png_text(path)["bootcamp"] == text


def test_text_chunks_do_not_change_the_picture():
    assert np.array_equal(decode_image(encode_png(GRADIENT, {"a": "x" * 5000})), GRADIENT)


@pytest.mark.parametrize("content", [b"", b"text", encode_image(GRADIENT, ".jpg")])
def test_files_that_are_no_png_have_no_texts(tmp_path, content):
    path = tmp_path / "a.png"
    path.write_bytes(content)
    assert read_png_text(path) == {}


def test_a_missing_file_has_no_texts(tmp_path):
    assert read_png_text(tmp_path / "missing.png") == {}


# --- JPEGs by libjpeg-turbo


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0}, {"quality": 30}])
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_a_jpeg_is_read_the_same_by_both_readers(mode, options):
    pytest.importorskip("simplejpeg")
    pixels = np.random.default_rng(0).integers(0, 256, (9, 13, 3), dtype=np.uint8)
    out = io.BytesIO()
    Pil.fromarray(pixels).resize((101, 67)).convert(mode).save(out, "JPEG", **options)
    assert np.array_equal(decode_quickly(out.getvalue()), decode_image(out.getvalue()))


@pytest.mark.parametrize("orientation", range(10))
def test_a_jpeg_is_turned_by_both_readers(orientation):
    pytest.importorskip("simplejpeg")
    exif = Pil.Exif()
    exif[0x0112] = orientation
    out = io.BytesIO()
    Pil.fromarray(np.ascontiguousarray(GRADIENT)).save(out, "JPEG", exif=exif)
    assert np.array_equal(decode_quickly(out.getvalue()), decode_image(out.getvalue()))


@pytest.mark.parametrize("cut", [3, 20, 200, 500])
def test_a_jpeg_that_is_cut_off_is_refused_by_both_readers(cut):
    data = encode_image(GRADIENT, ".jpg")[:cut]
    sentences = set()
    for read in (decode_image, decode_quickly):
        with pytest.raises(ImageError) as caught:
            read(data)
        sentences.add(str(caught.value))
    assert len(sentences) == 1


# --- files


@pytest.mark.parametrize("suffix", sorted(SUFFIXES - {".avif"}))
def test_every_format_that_is_offered_can_be_written_and_read(tmp_path, suffix):
    path = tmp_path / f"picture{suffix}"
    write_image(path, GRADIENT)
    image = read_image(path)
    assert image.shape == GRADIENT.shape
    assert np.abs(image.astype(int) - GRADIENT).max() <= 12


@pytest.mark.parametrize("suffix", [".PNG", ".Jpg"])
def test_the_ending_may_be_written_large(tmp_path, suffix):
    write_image(tmp_path / f"a{suffix}", GRADIENT)
    assert read_image(tmp_path / f"a{suffix}").shape == GRADIENT.shape


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
def test_a_gray_map_can_be_written_in_the_usual_formats(tmp_path, suffix):
    write_image(tmp_path / f"a{suffix}", GRADIENT[:, :, 0])
    assert read_image(tmp_path / f"a{suffix}").shape == GRADIENT.shape


@pytest.mark.parametrize("suffix", ["", ".txt", ".pdf", ".svg", ".png.exe"])
def test_an_ending_of_no_format_is_refused(tmp_path, suffix):
    with pytest.raises(OutputError):
        write_image(tmp_path / f"a{suffix}", GRADIENT)
    assert list(tmp_path.iterdir()) == []


def test_folders_are_made_on_the_way(tmp_path):
    write_image(tmp_path / "a" / "b" / "c.png", GRADIENT)
    assert np.array_equal(read_image(tmp_path / "a" / "b" / "c.png"), GRADIENT)


def test_a_file_where_a_folder_is_needed_is_reported_in_one_sentence(tmp_path):
    (tmp_path / "a").write_bytes(b"")
    with pytest.raises(OutputError, match="cannot be written"):
        write_image(tmp_path / "a" / "b.png", GRADIENT)


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "a.png"
    path.write_bytes(b"old")

    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(OutputError, match="No space left"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_new_file_may_be_read_as_any_other_new_file(tmp_path):
    (tmp_path / "plain").write_bytes(b"")
    write_atomically(tmp_path / "ours", b"")
    modes = {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("plain", "ours")}
    assert len(modes) == 1


def test_a_reader_sees_the_old_file_or_the_new_one_and_nothing_between(tmp_path):
    path = tmp_path / "a.bin"
    contents = {bytes([letter]) * 200_000 for letter in b"ab"}
    write_atomically(path, next(iter(contents)))
    done, seen = threading.Event(), set()

    def read() -> None:
        while not done.is_set():
            seen.add(path.read_bytes())

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(20):
        for content in contents:
            write_atomically(path, content)
    done.set()
    reader.join()
    assert seen <= contents


@pytest.mark.parametrize("name", ["missing.png", "."])
def test_a_file_that_cannot_be_opened_is_named(tmp_path, name):
    with pytest.raises(ImageError, match="cannot be read"):
        read_image(tmp_path / name)


def test_jpeg_is_written_at_quality_95():
    out = io.BytesIO()
    Pil.fromarray(GRADIENT).save(out, "JPEG", quality=95)
    assert encode_image(GRADIENT, ".jpeg") == out.getvalue()


def test_a_symbolic_link_is_written_through(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"old")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    write_atomically(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "file").read_bytes() == b"new"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_written_to_and_stays_one(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_atomically(pipe, b"through")
    assert os.read(reader, 100) == b"through"
    os.close(reader)
    assert pipe.is_fifo()


def test_a_folder_is_not_written_over(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be written"):
        write_atomically(tmp_path, b"new")
    assert tmp_path.is_dir()
