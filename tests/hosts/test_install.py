"""install.py: adds what is missing, moves nothing, never keeps the WebUI from starting."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
from argparse import ArgumentParser
from pathlib import Path

import pytest

from tests.files import load_file

ROOT = Path(__file__).parents[2]


install = load_file(ROOT / "install.py", "bootcamp_install")
HERE = install.Want("json", "json-dist", "Reading")
GONE = install.Want("no_such_module_a", "gone-a==1", "Drawing")
LATER = install.Want("no_such_module_b", "gone-b", "Scanning")


@pytest.fixture
def pip(monkeypatch: pytest.MonkeyPatch):
    """What pip would be asked, and what it answers."""
    asked: list[list[str]] = []
    answers: dict[str, tuple[int, str]] = {}

    def run(command, **_):
        asked.append(command)
        code, output = answers.get(command[4], (0, ""))
        return subprocess.CompletedProcess(command, code, "", output)

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.delenv("COMMANDLINE_ARGS", raising=False)
    monkeypatch.delenv("INDEX_URL", raising=False)
    return type("Pip", (), {"asked": asked, "answers": answers})


def test_with_nothing_missing_nothing_is_asked_or_printed(pip, capsys):
    install.main((HERE,))
    assert (pip.asked, capsys.readouterr().out) == ([], "")


def test_what_is_missing_is_added_with_one_line(pip, capsys):
    install.main((HERE, GONE))
    assert [command[4] for command in pip.asked] == ["gone-a==1"]
    assert capsys.readouterr().out == "Bootcamp: added gone-a==1 (drawing)\n"


def test_pip_is_held_by_everything_that_is_installed(monkeypatch):
    seen = []
    monkeypatch.setattr(install, "add", lambda _, constraints, **__: seen.append(Path(constraints).read_text("utf-8")))
    install.main((GONE,))
    version = importlib.metadata.version("numpy")
    assert f"numpy=={version}" in seen[0].splitlines()


def test_the_constraints_are_written_anew_before_each_package(monkeypatch):
    states = iter([["a==1"], ["a==1", "b==2"]])
    seen = []
    monkeypatch.setattr(install, "installed", lambda: next(states))
    monkeypatch.setattr(install, "add", lambda _, constraints, **__: seen.append(Path(constraints).read_text("utf-8")))
    install.main((GONE, LATER))
    assert [text.splitlines()[:-1] for text in seen] == [["a==1"], ["a==1", "b==2"]]


def test_what_comes_along_is_limited_to_what_runs(monkeypatch):
    monkeypatch.setattr(install, "installed", lambda: ["a==1"])
    assert install.constraints_text().splitlines() == ["a==1", "huggingface-hub<1"]


def test_a_limit_does_not_contradict_what_is_installed(monkeypatch):
    monkeypatch.setattr(install, "installed", lambda: ["huggingface-hub==2.0"])
    assert install.constraints_text().splitlines() == ["huggingface-hub==2.0"]


def test_every_distribution_is_a_constraint_once():
    names = [line.partition("==")[0] for line in install.installed()]
    assert len(names) == len(set(names)) > 10


def test_the_command_names_the_constraints_file(pip):
    install.main((GONE,))
    command = pip.asked[0]
    assert command[:4] == [sys.executable, "-m", "pip", "install"]
    assert command[5] == "-c"


@pytest.mark.parametrize("flag", ["--upgrade", "-U", "--force-reinstall", "--ignore-installed"])
def test_nothing_is_asked_to_move(pip, flag):
    install.main((GONE,))
    assert flag not in pip.asked[0]


def test_a_second_opencv_is_never_added(pip):
    install.main((install.Want("gone_aux", "aux", "Maps", needs=(("json", "opencv-python-headless"),)),))
    assert [command[4] for command in pip.asked] == ["aux"]


def test_a_package_with_listed_needs_comes_without_its_declared_ones(pip):
    install.main((install.Want("gone_aux", "aux", "Maps", needs=(("gone_need", "need"),)),))
    assert [(command[4], "--no-deps" in command) for command in pip.asked] == [("aux", True), ("need", False)]


def test_a_package_of_which_only_files_are_read_comes_alone(pip):
    install.main((install.Want("gone_data", "data", "Words", alone=True),))
    assert [(command[4], "--no-deps" in command) for command in pip.asked] == [("data", True)]


def test_the_tables_of_clip_interrogator_bring_nothing_along():
    (want,) = [each for each in install.WANTED if each.module == "clip_interrogator"]
    assert (want.requirement, want.alone, want.needs) == ("clip-interrogator==0.6.0", True, ())


def test_a_need_lost_half_way_is_added_at_the_next_start(pip):
    install.main((install.Want("json", "aux", "Maps", needs=(("gone_need", "need"),)),))
    assert [command[4] for command in pip.asked] == ["need"]


def test_what_rests_on_torch_waits_for_torch(pip):
    install.main((install.Want("gone_aux", "aux", "Maps", never=("no_such_torch",)),))
    assert pip.asked == []


def test_a_folder_left_by_a_broken_installation_counts_as_missing(monkeypatch, tmp_path):
    (tmp_path / "half_removed_package").mkdir()
    monkeypatch.syspath_prepend(str(tmp_path))
    assert install.is_missing("half_removed_package")


def test_a_failure_is_one_line_with_pips_reason(pip, capsys):
    pip.answers["gone-a==1"] = (1, "Collecting x\nERROR: No matching distribution found for gone-a==1\nmore")
    install.main((GONE,))
    assert capsys.readouterr().out == (
        "Bootcamp: gone-a==1 could not be added: No matching distribution found for gone-a==1. Drawing waits for it.\n"
    )


def test_a_failure_does_not_keep_the_others_from_being_added(pip):
    pip.answers["gone-a==1"] = (1, "ERROR: no")
    install.main((GONE, LATER))
    assert [command[4] for command in pip.asked] == ["gone-a==1", "gone-b"]


def test_offline_pip_is_asked_once(pip, capsys):
    pip.answers["gone-a==1"] = (1, "WARNING: Retrying after NewConnectionError('...')\nERROR: No matching distribution")
    install.main((GONE, LATER))
    assert len(pip.asked) == 1
    assert "cannot be reached" in capsys.readouterr().out


def test_a_missing_pip_is_one_line_too(monkeypatch, capsys):
    def absent(*_, **__):
        raise OSError("no such file")

    monkeypatch.setattr(subprocess, "run", absent)
    install.main((GONE,))
    assert capsys.readouterr().out.count("\n") == 1


def test_skip_install_is_honored(pip, monkeypatch, capsys):
    monkeypatch.setenv("COMMANDLINE_ARGS", "--api --skip-install")
    install.main((GONE,))
    assert pip.asked == []
    assert "gone-a==1" in capsys.readouterr().out


def test_the_webuis_package_index_is_used(pip, monkeypatch):
    monkeypatch.setenv("INDEX_URL", "https://mirror/simple")
    install.main((GONE,))
    assert pip.asked[0][-2:] == ["--index-url", "https://mirror/simple"]


def test_starting_it_imports_nothing_heavy():
    heavy = ("importlib.metadata", "subprocess", "tempfile", "torch", "launch", "pip", "dataclasses")
    code = f"import sys, install; print([name for name in {heavy!r} if name in sys.modules])"
    # -S -I: the interpreter's own start-up files (.pth, sitecustomize) are not counted.
    given = f"import sys; sys.path.insert(0, {str(ROOT)!r}); {code}"
    done = subprocess.run([sys.executable, "-S", "-I", "-c", given], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_flags_of_preload_are_read_by_the_host():
    parser = ArgumentParser()
    load_file(ROOT / "preload.py", "bootcamp_preload").preload(parser)
    flags = set(vars(parser.parse_args([])))
    hosts = ROOT / "lib_bootcamp" / "hosts"
    source = "".join(path.read_text("utf-8") for path in sorted(hosts.glob("*.py")))
    assert flags
    assert all(f'"{flag}"' in source for flag in flags)
