"""Settings from a file on the command line: `--config` reads what `--print-config` prints, and flags win over it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lib_bootcamp.core.files.toml import parse_toml
from lib_bootcamp.operations.train.train_settings import TrainParams
from lib_bootcamp.surfaces.cli.main import main
from tests.fakes import FakeHost


def printed(capsys: pytest.CaptureFixture[str], tmp_path: Path, *arguments: str) -> tuple[int, str, str]:
    code = main(["train", *arguments, "--print-config"], lambda _: FakeHost(data_dir=tmp_path / "data"))
    return (code, *capsys.readouterr())


def settings(text: str) -> TrainParams:
    return TrainParams.from_mapping(parse_toml(text, "config"))


def test_what_is_printed_is_read_back(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    given = ("photos", "--rank", "4", "--caption", 'a "mug"\\', "--blocks", "down,up", "--preset", "style")
    code, first, _ = printed(capsys, tmp_path, *given)
    assert code == 0
    made = settings(first)
    assert (made.folder, made.rank, made.caption, made.blocks, made.steps) == (
        *("photos", 4, 'a "mug"\\', ("down", "up"), 2000),
    )
    (tmp_path / "a.toml").write_text(first, encoding="utf-8")
    assert printed(capsys, tmp_path, "--config", str(tmp_path / "a.toml"))[1] == first


def test_nothing_is_begun(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert printed(capsys, tmp_path, "photos")[0] == 0
    assert not (tmp_path / "data").exists() or not list((tmp_path / "data").rglob("*.sqlite*"))


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ((), {"rank": 2, "folder": "", "steps": 30}),
        (("--rank", "8"), {"rank": 8, "folder": "", "steps": 30}),
        (("photos",), {"rank": 2, "folder": "photos", "concepts": ()}),
        (("--preset", "style"), {"rank": 2, "steps": 30, "dropout": 0.1}),
    ],
)
def test_what_is_given_wins_over_the_file(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, flags: tuple[str, ...], expected: dict[str, Any]
) -> None:
    text = 'rank = 2\nsteps = 30\n[[datasets]]\nbatch_size = 2\n[[datasets.subsets]]\nimage_dir = "dog"\n'
    (tmp_path / "a.toml").write_text(text, encoding="utf-8")
    code, out, errors = printed(capsys, tmp_path, *flags, "--config", str(tmp_path / "a.toml"))
    assert (code, errors) == (0, "")
    made = settings(out)
    assert {name: getattr(made, name) for name in expected} == expected
    assert made.batch == 2


def test_what_of_kohyas_is_left_out_is_a_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    text = '[[datasets]]\n[[datasets.subsets]]\nimage_dir = "dog"\ncolor_aug = true\n'
    (tmp_path / "a.toml").write_text(text, encoding="utf-8")
    code, _, errors = printed(capsys, tmp_path, "--config", str(tmp_path / "a.toml"))
    assert (code, errors) == (0, "Of kohya's settings color_aug is not understood here and left out.\n")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a =", "--config is no TOML: "),
        (f"seed = {'9' * 5000}", "--config has a number of too many digits."),
        ("rank = 'x'\nfolder = 'a'", "--rank must be a whole number from 1 to 1024, not 'x'."),
        ("rang = 1\nfolder = 'a'", "rang is not a parameter here; did you mean rank?"),
        ("[[concepts]]\nfolder = 3", "Folder of the first of --concepts must be a text, not 3."),
    ],
)
def test_a_wrong_file_is_one_line_and_exit_code_2(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str, sentence: str
) -> None:
    (tmp_path / "a.toml").write_text(text, encoding="utf-8")
    code, out, errors = printed(capsys, tmp_path, "--config", str(tmp_path / "a.toml"))
    assert (code, out) == (2, "")
    assert sentence in errors
    assert errors.count("\n") == 1


def test_a_file_that_cannot_be_read_is_one_line_and_exit_code_3(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code, out, errors = printed(capsys, tmp_path, "--config", str(tmp_path / "none.toml"))
    assert (code, out) == (3, "")
    assert errors.endswith("config cannot be read: No such file or directory.\n")
    assert errors.count("\n") == 1


def test_other_commands_have_no_file_of_settings(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["qr", "a", "--config", "a.toml"], lambda _: FakeHost(data_dir=tmp_path))
    assert caught.value.code == 2
    assert "--config" in capsys.readouterr().err


def test_a_plan_is_shown_and_nothing_is_begun(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("diffusers")
    from tests.ml.training import material

    pictures = material.pictures(tmp_path / "pictures")
    with material.host(tmp_path / "data") as host:
        results = str(tmp_path / "out")
        asked = ["train", str(pictures), "--output-folder", results, "--steps", "3", "--learning-rate", "1"]
        assert main([*asked, "--plan"], lambda _: host) == 0
        out, err = capsys.readouterr()
        assert out.startswith("6 pictures, 6 with a caption, 3 steps of ")
        assert "A learning rate of 1 is far above what is usual" in err
        assert main([*asked, "--plan", "--json"], lambda _: host) == 0
        assert '"steps": 3' in capsys.readouterr().out
    assert not list(tmp_path.rglob("*.sqlite*"))
    assert not (tmp_path / "out").exists()
