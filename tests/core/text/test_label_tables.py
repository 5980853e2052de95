"""Tables of labels: clip-interrogator's own, and a person's files, which are hostile until they are checked."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from lib_bootcamp.core.text import label_tables
from lib_bootcamp.core.text.label_tables import LabelTableError, folder_tables, package_tables, trending_labels
from lib_bootcamp.errors import MissingPackageError

installed = pytest.mark.skipif(
    importlib.util.find_spec("clip_interrogator") is None, reason="clip-interrogator is not installed"
)


def write(folder: Path, **files: str | bytes) -> Path:
    for name, content in files.items():
        (folder / f"{name}.txt").write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


@installed
def test_the_package_has_as_many_labels_as_it_builds() -> None:
    counts = {name: len(labels) for name, labels in package_tables().named().items()}
    assert counts == {
        "artists": 2 * 5265,
        "flavors": 100_970,
        "mediums": 95,
        "movements": 200,
        "trendings": 72,
        "negative": 41,
    }


@installed
def test_the_package_is_not_imported_for_its_tables() -> None:
    code = (
        "import sys; from lib_bootcamp.core.text.label_tables import package_tables; package_tables(); "
        "sys.exit('clip_interrogator' in sys.modules or 'torch' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[3], check=True)


def test_without_the_package_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(label_tables.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingPackageError, match=r"pip install clip-interrogator==0\.6\.0"):
        package_tables()


def test_artists_are_by_and_inspired_by() -> None:
    assert trending_labels(("a", "b")) == (
        *("a", "b", "trending on a", "trending on b", "featured on a", "featured on b"),
        *("a contest winner", "b contest winner"),
    )


def test_a_folder_of_ones_own_is_read_line_by_line(tmp_path: Path) -> None:
    write(tmp_path, artists="Ann\nBob\n", flavors="\ufeffred\n\n  blue \nred\n", negative="bad")
    made = folder_tables(tmp_path)
    assert made.artists == ("by Ann", "by Bob", "inspired by Ann", "inspired by Bob")
    assert made.flavors == ("red", "blue")
    assert made.negative == ("bad",)
    assert made.mediums == ()
    assert made.trendings == trending_labels()


def test_sites_of_ones_own_take_the_place_of_the_others(tmp_path: Path) -> None:
    assert folder_tables(write(tmp_path, trendings="trending on my wall")).trendings == ("trending on my wall",)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"\xff\xfe\x00bad", "flavors.txt is not UTF-8"),
        (b"a" * 501, "a label of 501 characters"),
        (b"x\n" * 17_000_000, "has more than 32 MiB"),
        ("\n".join(map(str, range(500_001))).encode(), "has 500001 labels; at most 500000"),
    ],
)
def test_a_bad_file_is_one_sentence(tmp_path: Path, content: bytes, sentence: str) -> None:
    with pytest.raises(LabelTableError, match=sentence):
        folder_tables(write(tmp_path, flavors=content))


def test_a_folder_without_tables_names_those_it_could_have(tmp_path: Path) -> None:
    with pytest.raises(LabelTableError, match=r"has none of artists\.txt, flavors\.txt"):
        folder_tables(tmp_path)


def test_links_out_of_the_folder_are_not_followed_for_strangers(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("password", encoding="utf-8")
    folder = tmp_path / "tables"
    folder.mkdir()
    (folder / "flavors.txt").symlink_to(secret)
    write(folder, mediums="a photo")
    assert folder_tables(folder).flavors == ("password",)
    assert folder_tables(folder, links=False).flavors == ()
