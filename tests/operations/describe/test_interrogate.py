"""The operation on the embedded model with tables of its own: parameters, results, files, what strangers may name."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.ml.needs import skip_without_models

skip_without_models()

from lib_bootcamp.context import Context  # noqa: E402
from lib_bootcamp.core.images.codec import write_image  # noqa: E402
from lib_bootcamp.errors import (  # noqa: E402
    BootcampError,
    CancelledError,
    ImageError,
    InvalidParamError,
    MissingPackageError,
    ModelError,
    NotAllowedError,
)
from lib_bootcamp.ml.captioners import registry as captioners  # noqa: E402
from lib_bootcamp.operations.describe import interrogate as module  # noqa: E402
from lib_bootcamp.operations.describe.interrogate import (  # noqa: E402
    INTERROGATE,
    InterrogateParams,
    InterrogateResult,
    InterrogateSettings,
    interrogate,
    interrogate_files,
)
from lib_bootcamp.ports import HostCaptioner  # noqa: E402
from lib_bootcamp.surfaces.cli import main as cli  # noqa: E402
from tests.fakes import FakeHost, FakeProgress  # noqa: E402
from tests.ml.clip.interrogations import WORDS, write_tables  # noqa: E402
from tests.ml.clip.test_classify_mini import drawn  # noqa: E402


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tables(tmp_path_factory.mktemp("tables"), WORDS)


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> FakeHost:
    """One host, so that model and tables are loaded once."""
    return FakeHost(data_dir=tmp_path_factory.mktemp("data"))


@pytest.fixture(autouse=True)
def no_blip(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever this machine's cache holds."""
    monkeypatch.setattr(captioners, "DEFAULT_BLIP", "nobody/has-this-model")


def run(host: FakeHost, tables: Path | None, *, trusted: bool = True, **values: Any) -> InterrogateResult:
    given = {"image": drawn("circle", "red", 120), "mode": "fast", **values}
    if tables is not None:
        given["tables"] = str(tables)
    return interrogate(InterrogateParams(**given), Context.of_job(host, FakeProgress(), trusted=trusted))


def test_a_picture_has_a_prompt_and_an_analysis(host: FakeHost, tables: Path) -> None:
    made = run(host, tables, top_k=2)
    assert "a red circle" in made.prompt
    assert (made.negative, made.caption, made.captioner, made.model) == (None, "", None, "mini")
    assert [each.name for each in made.analysis] == ["mediums", "artists", "movements", "trendings", "flavors"]
    assert made.analysis[-1].scores[0].label == "a red circle"
    assert made.summary() == made.prompt
    assert json.loads(json.dumps(made.to_json()))["analysis"][0]["scores"][0].keys() == {"label", "value"}


@pytest.mark.parametrize("mode", ["best", "fast", "classic"])
def test_the_prompt_begins_with_ones_own_caption(host: FakeHost, tables: Path, mode: str) -> None:
    made = run(host, tables, mode=mode, caption="a drawing", max_flavors=2)
    assert made.prompt.startswith("a drawing")
    assert made.caption == "a drawing"


def test_the_negative_prompt_comes_alone_or_beside(host: FakeHost, tables: Path) -> None:
    alone = run(host, tables, mode="negative", min_flavors=1, max_flavors=2)
    beside = run(host, tables, with_negative=True, min_flavors=1, max_flavors=2)
    assert alone.prompt == ""
    assert alone.negative
    assert alone.summary() == alone.negative == beside.negative
    assert beside.prompt
    assert beside.lines()[0] == f"negative: {beside.negative}"


def test_best_reports_how_similar_its_prompt_is(host: FakeHost, tables: Path) -> None:
    made = run(host, tables, mode="best", min_flavors=0, max_flavors=1)
    assert made.similarity is not None
    assert 0.3 < made.similarity <= 1


def test_the_hosts_captioner_is_taken_where_it_is_here(tables: Path) -> None:
    own = FakeHost(captioner=HostCaptioner(is_here=True, caption=lambda pictures: ["a disc"] * len(pictures)))
    made = run(own, tables)
    assert made.prompt.startswith("a disc, ")
    assert (made.caption, made.captioner) == ("a disc", "webui-blip")
    assert run(own, tables, captioner="none").caption == ""


def test_caption_mode_needs_neither_clip_nor_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.clip_choice, "lend_model", lambda *_: pytest.fail("CLIP was asked for"))
    own = FakeHost(captioner=HostCaptioner(is_here=True, caption=lambda pictures: ["a disc"] * len(pictures)))
    made = run(own, None, mode="caption")
    assert (made.prompt, made.model, made.analysis) == ("a disc", None, ())


def test_caption_mode_without_a_captioner_names_a_model_and_what_to_do(host: FakeHost) -> None:
    with pytest.raises(ModelError, match=r"set captioner to blip \(Salesforce/.*, or give the caption yourself"):
        run(host, None, mode="caption")


def test_without_tables_and_package_the_error_says_what_to_install(
    host: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lib_bootcamp.core.text.label_tables.PACKAGE", "no_such_package_here")
    with pytest.raises(MissingPackageError, match=r"pip install clip-interrogator==0\.6\.0"):
        run(host, None)


def test_model_and_tables_are_loaded_once(host: FakeHost, tables: Path) -> None:
    run(host, tables)
    run(host, tables, mode="classic")
    names = [each.name for each in host.info().models]
    assert names[0] == "mini"
    assert len([each for each in names if each.startswith("mini, ")]) == 1


def test_the_tables_vectors_lie_in_the_data_folder(host: FakeHost, tables: Path) -> None:
    run(host, tables)
    assert len(list((host.data_dir() / "clip" / "labels").glob("*.safetensors"))) == 6


# --- strangers


@pytest.mark.parametrize("captioner", ["blip:/etc", "/etc", "somebody/model", "../models"])
def test_a_stranger_cannot_name_files_and_models_of_others_as_captioner(
    host: FakeHost, tables: Path, captioner: str
) -> None:
    with pytest.raises(InvalidParamError, match="captioner must be one of auto, none, blip, webui-blip"):
        run(host, None, trusted=False, captioner=captioner)


def test_a_stranger_cannot_name_a_folder_that_was_not_allowed(host: FakeHost, tables: Path) -> None:
    with pytest.raises(NotAllowedError):
        run(host, tables, trusted=False)


def test_a_stranger_may_name_a_folder_that_was_allowed(tables: Path) -> None:
    assert "a red circle" in run(FakeHost(allowed=(tables,)), tables, trusted=False).prompt


def test_a_stranger_cannot_name_a_model_in_a_file(host: FakeHost) -> None:
    with pytest.raises(InvalidParamError, match="clip must be mini"):
        run(host, None, trusted=False, clip="/etc/model.safetensors")


# --- files


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for name, (shape, color) in {"a": ("circle", "red"), "c": ("square", "blue")}.items():
        write_image(folder / f"{name}.png", drawn(shape, color, 100))
    (folder / "b.png").write_bytes(b"no picture")
    return folder


def test_files_are_described_in_order_and_a_bad_one_is_its_mistake(host: FakeHost, tables: Path, photos: Path) -> None:
    settings = InterrogateSettings(mode="fast", tables=str(tables))
    made = list(interrogate_files(sorted(photos.iterdir()), settings, Context.of_terminal(host, FakeProgress())))
    assert isinstance(made[1], ImageError)
    assert ["a red circle" in made[0].prompt, "a blue square" in made[2].prompt] == [True, True]  # type: ignore[union-attr]


def test_the_command_line_writes_a_table_of_a_folder(
    host: FakeHost, tables: Path, photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = photos.parent / "table.csv"
    argv = ["interrogate", str(photos), "--mode", "fast", "--tables", str(tables), "--json", "--csv", str(table)]
    assert cli.main(argv, lambda _: host) == 4
    records = json.loads(capsys.readouterr().out)
    assert ["error" in each for each in records] == [False, True, False]
    assert "a red circle" in records[0]["prompt"]
    head, first, *_ = table.read_text(encoding="utf-8").splitlines()
    assert {"path", "error", "prompt", "negative", "mediums", "flavors"} <= set(head.split(","))
    assert "a red circle" in first


def test_a_stop_over_files_keeps_those_that_are_finished(host: FakeHost, tables: Path, photos: Path) -> None:
    settings = InterrogateSettings(mode="negative", tables=str(tables), max_flavors=2)
    progress = FakeProgress()
    made: list[InterrogateResult | BootcampError] = []
    answers = interrogate_files([photos / "a.png", photos / "c.png"], settings, Context.of_terminal(host, progress))
    made.append(next(answers))
    progress.cancel()
    with pytest.raises(CancelledError, match="after 1 finished"):
        made.extend(answers)
    assert len(made) == 1


def test_a_captioner_of_ones_own_is_asked_for_by_name(
    host: FakeHost, tables: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(captioners, "_registered", dict(captioners._registered))

    class Sizes:
        name, at_once = "sizes", 4

        def caption(self, pictures: Sequence[Any]) -> list[str]:
            return [f"{each.shape[1]} px" for each in pictures]

    @contextmanager
    def lend(_: Any, argument: str) -> Iterator[Sizes]:
        assert argument == "loud"
        yield Sizes()

    captioners.register_captioner("sizes", lend)
    made = run(host, tables, captioner="sizes:loud")
    assert made.prompt.startswith("120 px, ")
    assert made.captioner == "sizes"


def test_every_preset_is_a_declaration() -> None:
    for name in INTERROGATE.presets:
        INTERROGATE.settings_from({"preset": name})
