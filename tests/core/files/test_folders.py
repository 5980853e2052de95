"""Folders that are named from outside: confined to what the owner allowed."""

from __future__ import annotations

from pathlib import Path

import pytest

from lib_bootcamp.context import Context
from lib_bootcamp.core.files.folders import checked_folder, distinct
from lib_bootcamp.errors import InvalidParamError, NotAllowedError
from tests.fakes import FakeHost, FakeProgress


@pytest.fixture
def allowed(tmp_path: Path) -> Path:
    folder = tmp_path / "allowed"
    (folder / "in").mkdir(parents=True)
    (tmp_path / "secret").mkdir()
    (tmp_path / "allowed-too").mkdir()
    (folder / "link").symlink_to(tmp_path / "secret", target_is_directory=True)
    (folder / "loop").symlink_to(folder / "loop")
    (folder / "file.txt").write_text("x", encoding="utf-8")
    return folder


@pytest.mark.parametrize("name", ["", "in", "in/..", "../allowed/in"])
def test_an_allowed_folder_and_those_inside_it_may_be_named(allowed: Path, name: str) -> None:
    assert checked_folder(f"{allowed}/{name}", "folder", [allowed]) == (allowed / name).resolve()


@pytest.mark.parametrize("name", ["..", "../secret", "link", "link/..", "in/../../secret", "../allowed-too", "../none"])
def test_what_leads_out_is_refused_whether_it_is_there_or_not(allowed: Path, name: str) -> None:
    with pytest.raises(NotAllowedError, match="--allow-dir") as raised:
        checked_folder(f"{allowed}/{name}", "folder", [allowed])
    assert raised.value.status == 403


@pytest.mark.parametrize("name", ["none", "file.txt", "loop", "a" * 5000, "a\0b"])
def test_what_is_no_folder_is_a_wrong_parameter(allowed: Path, name: str) -> None:
    with pytest.raises(InvalidParamError, match=r"^folder "):
        checked_folder(f"{allowed}/{name}", "folder", [allowed])
    with pytest.raises(InvalidParamError, match=r"^folder "):
        checked_folder(f"{allowed}/{name}", "folder")


@pytest.mark.parametrize("name", ["file.txt", "file.txt/sub", "file.txt/a/b", "loop", "loop/a", "a\0b", "b" * 300])
def test_an_output_folder_is_not_made_where_a_file_stands_in_its_way(allowed: Path, name: str) -> None:
    with pytest.raises(InvalidParamError, match=r"^folder (is not a folder|not found)"):
        checked_folder(f"{allowed}/{name}", "folder", [allowed], missing=True)
    with pytest.raises(InvalidParamError, match=r"^folder (is not a folder|not found)"):
        checked_folder(f"{allowed}/{name}", "folder", missing=True)


def test_an_output_folder_may_be_missing_with_those_above_it(allowed: Path) -> None:
    assert checked_folder(f"{allowed}/x/y", "folder", [allowed], missing=True) == (allowed / "x" / "y").resolve()


def test_thousands_of_one_name_are_told_apart_with_one_look_at_each() -> None:
    class Counted(type(Path())):  # type: ignore[misc]
        looks = 0

        def with_name(self, name: str) -> Path:
            Counted.looks += 1
            return Path(name)

    names = distinct(Counted("a.png") for _ in range(3000))
    assert [str(each) for each in (*names[:3], names[-1])] == ["a.png", "a-2.png", "a-3.png", "a-3000.png"]
    assert Counted.looks == 2999


def test_without_an_allowed_folder_nothing_may_be_named(allowed: Path) -> None:
    context = Context.of_api(FakeHost(), FakeProgress())
    with pytest.raises(NotAllowedError):
        context.folder(str(allowed), "folder")


def test_a_person_at_the_machine_may_name_any_folder(allowed: Path) -> None:
    context = Context.of_terminal(FakeHost(), FakeProgress())
    assert context.folder(str(allowed / "link"), "folder") == allowed / "link"
    assert context.folder("~", "folder") == Path("~").expanduser()


def test_a_host_says_what_is_allowed(allowed: Path) -> None:
    context = Context.of_api(FakeHost(allowed=(allowed,)), FakeProgress())
    assert context.folder(str(allowed / "in"), "folder") == allowed / "in"
