"""The LoRA that a name means."""

from __future__ import annotations

import json
import os
import struct
import sys
from pathlib import Path

import pytest

from lib_bootcamp.core.networks.folder import LoraFolder
from lib_bootcamp.errors import InvalidParamError


def put(path: Path, output_name: str = "") -> Path:
    header = {"__metadata__": {"ss_output_name": output_name}} if output_name else {}
    text = json.dumps(header).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(struct.pack("<Q", len(text)) + text)
    return path


def found(folder: Path, name: str) -> Path:
    return LoraFolder(folder).find(name, "prompt")


def test_a_file_is_found_by_its_name_in_folders_too(tmp_path: Path) -> None:
    cat = put(tmp_path / "pets" / "cat.safetensors", "dog")
    dog = put(tmp_path / "dog.safetensors")
    assert (found(tmp_path, "cat"), found(tmp_path, "dog")) == (cat, dog)


def test_where_no_file_has_the_name_the_one_that_states_it_is_meant(tmp_path: Path) -> None:
    cat = put(tmp_path / "my_cat-000010.safetensors", "cat")
    (tmp_path / "broken.safetensors").write_bytes(b"\xff" * 20)
    assert found(tmp_path, "cat") == cat


def test_an_unknown_name_is_a_sentence_with_names_that_are_near(tmp_path: Path) -> None:
    put(tmp_path / "watercolor.safetensors", "watercolor")
    with pytest.raises(InvalidParamError, match=r"'Watercolour', which is not in the folder; there is watercolor\.$"):
        found(tmp_path, "Watercolour")
    with pytest.raises(InvalidParamError, match="there is none in this folder"):
        found(tmp_path / "nothing", "x")


def test_letters_count(tmp_path: Path) -> None:
    put(tmp_path / "cat.safetensors")
    with pytest.raises(InvalidParamError, match="there is cat"):
        found(tmp_path, "Cat")


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "pets/cat", "..", "\0", "x" * 10_000])
def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    put(tmp_path / "secret.safetensors")
    put(tmp_path / "loras" / "pets" / "cat.safetensors")
    with pytest.raises(InvalidParamError, match="not in the folder"):
        found(tmp_path / "loras", name)


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    put(tmp_path / "secret.safetensors", "secret")
    (tmp_path / "loras").mkdir()
    (tmp_path / "loras" / "link.safetensors").symlink_to(tmp_path / "secret.safetensors")
    for name in ("link", "secret"):
        with pytest.raises(InvalidParamError, match="not in the folder"):
            found(tmp_path / "loras", name)


def test_a_pickle_is_refused_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "cat.pt").write_bytes(b"\x80\2")
    with pytest.raises(InvalidParamError, match="may hold a program"):
        found(tmp_path, "cat")


def test_a_header_of_more_values_than_any_models_is_not_read(tmp_path: Path) -> None:
    text = '{"__metadata__": {"ss_output_name": "cat"}, "x": [' + "[]," * 200_000 + "0]}"
    (tmp_path / "many.safetensors").write_bytes(struct.pack("<Q", len(text)) + text.encode())
    with pytest.raises(InvalidParamError, match="not in the folder"):
        found(tmp_path, "cat")


@pytest.mark.skipif(sys.platform in {"win32", "darwin"}, reason="names are text there")
def test_a_name_that_is_no_text_is_none_that_a_prompt_can_give(tmp_path: Path) -> None:
    put(tmp_path / "cat.safetensors")
    put(tmp_path / os.fsdecode(b"\xff.safetensors"))
    put(tmp_path / os.fsdecode(b"\xfe.pt"))
    named, pickles = LoraFolder(tmp_path).named()
    assert (list(named), pickles) == (["cat"], set())
    with pytest.raises(InvalidParamError, match="there is cat"):
        found(tmp_path, "dog")
