"""Maps of a folder as a job: the same maps as of single pictures, beside them, once, and taken back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pil

from lib_bootcamp.catalog import OPERATIONS, find
from lib_bootcamp.context import Context
from lib_bootcamp.errors import InvalidParamError, NotAllowedError, OutputError
from lib_bootcamp.jobs.facts import JobInfo
from lib_bootcamp.jobs.manager import Jobs
from lib_bootcamp.jobs.progress import Stop
from lib_bootcamp.operations.maps import detect
from tests.fakes import FakeHost, FakeProgress

PICTURES = ("a.png", "b.jpg", "deep/c.png")


class Mapped:
    """Runs jobs in this thread."""

    def __init__(self, jobs: Jobs) -> None:
        self.jobs = jobs

    def __call__(self, name: str, root: Path, *, progress: Any = None, trusted: bool = True, **values: Any) -> JobInfo:
        number = self.jobs.create(name, {"folder": str(root), **values}, trusted=trusted)
        return self.jobs.run_here(number, progress or FakeProgress(), Stop())

    def notes(self, info: JobInfo) -> dict[str, str]:
        items = self.jobs.items(info.id, trusted=True, limit=1000)
        return {each.path: each.note for each in items}


@pytest.fixture
def mapped(tmp_path: Path) -> Iterator[Mapped]:
    jobs = Jobs(FakeHost(data_dir=tmp_path / "data"), find, tmp_path / "data")
    yield Mapped(jobs)
    jobs.close()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Three pictures, one of them a folder deeper."""
    folder = tmp_path / "set"
    (folder / "deep").mkdir(parents=True)
    for number, name in enumerate(PICTURES):
        pixels = np.random.default_rng(number).integers(0, 256, (40, 56, 3), dtype=np.uint8)
        Pil.fromarray(pixels).resize((112, 80)).save(folder / name)
    return folder


def files(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("brightness", {"preset": "soft"}),
        ("lighting", {"lights": [{"kind": "point", "x": 0.2, "y": 0.3}]}),
        ("lighting", {"preset": "estimate"}),
        ("recolor", {"conditioning": "intensity", "width": 64, "height": 64}),
        ("edges", {"preset": "scribble"}),
        ("all-maps", {"cell": 64}),
    ],
)
def test_each_map_is_the_one_of_the_single_picture(name: str, values: Any, mapped: Mapped, root: Path) -> None:
    info = mapped(name, root, **values)
    assert (info.state, info.done, info.failed) == ("done", 3, 0)
    assert files(root) == {*PICTURES, *(f"maps/{name}/{Path(each).with_suffix('.png')}" for each in PICTURES)}
    operation = find(name)
    for each in PICTURES:
        picture = np.asarray(Pil.open(root / each).convert("RGB"))
        wanted = operation.run(
            operation.params_from({**values, "image": picture}), Context.of_terminal(FakeHost(), FakeProgress())
        )
        shown = np.asarray(Pil.open(root / "maps" / name / Path(each).with_suffix(".png")).convert("RGB"))
        np.testing.assert_array_equal(shown, wanted.image)


def test_the_journal_keeps_no_map(mapped: Mapped, tmp_path: Path) -> None:
    root = tmp_path / "large"
    root.mkdir()
    for number in range(6):
        pixels = np.random.default_rng(number).integers(0, 256, (300, 400, 3), dtype=np.uint8)
        Pil.fromarray(pixels).save(root / f"{number}.png")
    assert mapped("brightness", root).done == 6
    made = sum((root / each).stat().st_size for each in files(root) if each.startswith("maps/"))
    kept = sum(path.stat().st_size for path in (tmp_path / "data").glob("jobs.sqlite*"))
    assert kept < made / 2


def test_what_is_there_is_skipped_or_made_anew_and_undo_takes_all_back(mapped: Mapped, root: Path) -> None:
    old = root / "maps" / "edges" / "a.png"
    old.parent.mkdir(parents=True)
    old.write_bytes(b"somebody's")
    before = files(root)
    first = mapped("edges", root)
    assert (first.done, first.skipped) == (2, 1)
    assert mapped.notes(first)["a.png"] == "There is a map already."
    second = mapped("edges", root, existing="overwrite")
    assert second.done == 3  # and no maps of maps
    assert old.read_bytes()[:4] == b"\x89PNG"
    mapped.jobs.undo(second.id, trusted=True)
    mapped.jobs.undo(first.id, trusted=True)
    assert files(root) == before
    assert old.read_bytes() == b"somebody's"


def test_maps_can_be_jpegs(mapped: Mapped, root: Path) -> None:
    assert mapped("brightness", root, file_format="jpg").done == 3
    shown = np.asarray(Pil.open(root / "maps/brightness/a.jpg"))
    assert shown.ndim == 2
    mapped("brightness", root)
    exact = np.asarray(Pil.open(root / "maps/brightness/a.png")).astype(int)
    assert 0 < np.abs(exact - shown).mean() < 4


def test_maps_of_maps_are_not_made(mapped: Mapped, root: Path) -> None:
    mapped("edges", root)
    assert mapped("brightness", root).total == 3
    assert mapped("edges", root, existing="overwrite", subfolder="other").total == 9  # six of another folder


def test_two_pictures_of_one_name_do_not_share_a_map(mapped: Mapped, root: Path) -> None:
    Pil.new("RGB", (32, 32), "red").save(root / "a.webp")
    info = mapped("brightness", root)
    assert (info.done, info.skipped) == (4, 0)
    assert {"maps/brightness/a.png", "maps/brightness/a-2.png"} <= files(root)
    red = np.asarray(Pil.open(root / "maps/brightness/a-2.png"))
    assert red.min() == red.max()
    assert mapped("brightness", root).skipped == 4


def test_a_file_that_is_no_picture_fails_alone(mapped: Mapped, root: Path) -> None:
    (root / "b.jpg").write_bytes(b"no picture")
    info = mapped("recolor", root)
    assert (info.state, info.done, info.failed) == ("done", 2, 1)
    assert not (root / "maps/recolor/b.png").exists()


@pytest.mark.parametrize(
    ("name", "values", "named"),
    [
        ("edges", {"thickness": -1}, "thickness"),
        ("edges", {"subfolder": "../out"}, "subfolder"),
        ("edges", {"subfolder": ".hidden"}, "subfolder"),
        ("edges", {"image": None}, "image"),
        ("lighting", {"preset": "nothing"}, "preset"),
        ("lighting", {"surface": "normal_map"}, ""),
        ("detect", {"detector": "objects"}, "phrases"),
    ],
)
def test_wrong_settings_are_refused_before_the_job(
    name: str, values: Any, named: str, mapped: Mapped, root: Path
) -> None:
    with pytest.raises(InvalidParamError) as caught:
        mapped(name, root, **values)
    assert not named or caught.value.param == named
    assert mapped.jobs.listed(trusted=True) == []


def test_callers_write_into_allowed_folders_only_and_through_no_link(
    mapped: Mapped, root: Path, tmp_path: Path
) -> None:
    with pytest.raises(NotAllowedError):
        mapped("edges", root, trusted=False)
    mapped.jobs.host._allowed = (root,)
    outside = tmp_path / "outside"
    outside.mkdir()
    (root / "maps").symlink_to(outside, target_is_directory=True)
    with pytest.raises(OutputError, match=r"^subfolder: .*maps is a link out of its folder; name another folder\.$"):
        mapped("edges", root, trusted=False)
    assert not list(outside.iterdir())


def test_callers_name_an_allowed_output_folder_alone(tmp_path: Path, root: Path) -> None:
    jobs = Jobs(FakeHost(data_dir=tmp_path / "data", allowed=(root, tmp_path / "made")), find, tmp_path / "data")
    with pytest.raises(NotAllowedError):
        Mapped(jobs)("edges", root, trusted=False, output_folder=str(tmp_path / "other"))
    assert Mapped(jobs)("edges", root, trusted=False, output_folder=str(tmp_path / "made" / "edges")).done == 3
    assert files(tmp_path / "made") == {"edges/a.png", "edges/b.png", "edges/deep/c.png"}
    jobs.close()


def folders(root: Path) -> set[str]:
    return {each.relative_to(root).as_posix() for each in root.rglob("*") if each.is_dir()}


@pytest.mark.parametrize("output", ["", "made/by/the/job"])
def test_undo_removes_the_folders_that_the_job_made(mapped: Mapped, root: Path, tmp_path: Path, output: str) -> None:
    before = folders(tmp_path)
    info = mapped("edges", root, **({"output_folder": str(tmp_path / output)} if output else {}))
    assert folders(tmp_path) != before
    mapped.jobs.undo(info.id, trusted=True)
    assert folders(tmp_path) == before


def test_undo_leaves_folders_that_were_there_or_hold_something_else(mapped: Mapped, root: Path) -> None:
    (root / "maps").mkdir()
    info = mapped("edges", root)
    (root / "maps/edges/deep/mine.txt").write_text("mine")
    mapped.jobs.undo(info.id, trusted=True)
    assert files(root) == {*PICTURES, "maps/edges/deep/mine.txt"}
    (root / "maps/edges/deep/mine.txt").unlink()
    mapped.jobs.undo(info.id, trusted=True)  # once more: the job's own folders are empty now
    assert folders(root) == {"deep", "maps"}


def test_undo_of_a_second_job_leaves_the_folders_of_the_first(mapped: Mapped, root: Path) -> None:
    first = mapped("edges", root, only=["a.png"])
    second = mapped("edges", root)
    mapped.jobs.undo(first.id, trusted=True)
    assert files(root) == {*PICTURES, "maps/edges/b.png", "maps/edges/deep/c.png"}
    mapped.jobs.undo(second.id, trusted=True)
    assert folders(root) == {"deep", "maps", "maps/edges"}  # `deep` in there was the second one's


@pytest.mark.parametrize("only", ["/etc/passwd", "../x.png", "deep/../../x.png", "", ".", "./"])
def test_chosen_pictures_lie_in_the_folder(only: str, mapped: Mapped, root: Path) -> None:
    with pytest.raises(InvalidParamError, match="only must be paths below the folder"):
        mapped("edges", root, only=[only])


def test_chosen_pictures_are_the_only_ones(mapped: Mapped, root: Path) -> None:
    assert mapped("edges", root, only=["deep/c.png"]).total == 1
    assert files(root) == {*PICTURES, "maps/edges/deep/c.png"}


@pytest.mark.parametrize("only", ["x" * 300, "none.png", "deep", "a.png/x", "a\0b.png"])
def test_a_chosen_file_that_cannot_be_a_picture_fails_alone(only: str, mapped: Mapped, root: Path) -> None:
    info = mapped("edges", root, only=[only, "b.jpg"])
    assert (info.state, info.done, info.failed) == ("done", 1, 1)


def test_a_picture_that_is_chosen_twice_is_made_once(mapped: Mapped, root: Path) -> None:
    assert mapped("edges", root, only=["a.png", "./a.png", "a.png"]).total == 1
    assert files(root) == {*PICTURES, "maps/edges/a.png"}


def test_a_detector_makes_one_after_the_other(mapped: Mapped, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[int, ...]] = []

    @contextmanager
    def detector(params: Any, context: Any) -> Iterator[Any]:
        del context

        def run(image: Any) -> Any:
            seen.append(image.shape)
            return detect.DetectedMap(
                image=255 - image, detector=params.detector, weights=(), device="cpu", width=8, height=8, found=()
            )

        yield run

    monkeypatch.setattr(detect, "detector", detector)
    info = mapped("detect", root, detector="hed")
    assert (info.done, len(seen)) == (3, 3)
    shown = np.asarray(Pil.open(root / "maps/detect/a.png"))
    np.testing.assert_array_equal(shown, 255 - np.asarray(Pil.open(root / "a.png")))


def test_stopped_it_goes_on_where_it_was(mapped: Mapped, root: Path) -> None:
    for number in range(40):
        Pil.new("RGB", (32, 32), (number, 0, 0)).save(root / f"more{number:02}.png")

    class Stopping(FakeProgress):
        def step(self, done: int, note: str = "") -> None:
            super().step(done, note)
            self.stop = done >= 10

        def cancelled(self) -> bool:
            return getattr(self, "stop", False)

    first = mapped("brightness", root, progress=Stopping())
    assert first.state == "paused"
    assert 0 < first.done < 43
    second = mapped.jobs.run_here(first.id, FakeProgress(), Stop())
    assert (second.state, second.done) == ("done", 43)


def test_every_map_of_a_picture_has_a_job() -> None:
    without = {"qr"}  # its picture is a logo
    for each in OPERATIONS:
        if each.kind == "control-map" and each.name not in without:
            assert each.job is not None, each.name


def test_a_second_picture_is_kept_with_the_job_and_its_results_lie_beside_the_maps(
    mapped: Mapped, root: Path, tmp_path: Path
) -> None:
    reference = np.random.default_rng(9).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    number = mapped.jobs.create("recolor", {"folder": str(root), "reference": reference}, trusted=True)
    assert "reference" not in mapped.jobs.info(number, trusted=True).params
    mapped.jobs.close()
    mapped.jobs = Jobs(FakeHost(data_dir=tmp_path / "data"), find, tmp_path / "data")  # another process resumes it
    info = mapped.jobs.run_here(number, FakeProgress(), Stop())
    alone = find("recolor").run(
        find("recolor").params_from({"image": np.asarray(Pil.open(root / "a.png")), "reference": reference}),
        Context.of_terminal(FakeHost(), FakeProgress()),
    )
    target = root / "maps" / "recolor"
    np.testing.assert_array_equal(np.asarray(Pil.open(target / "a-palette.png").convert("RGB")), alone.palette)
    assert next(each.result["others"] for each in mapped.jobs.items(info.id, trusted=True) if each.result) == {
        "palette": "maps/recolor/a-palette.png"
    }
    assert mapped.jobs.undo(number, trusted=True).restored == 6
    assert files(root) == set(PICTURES)
    mapped.jobs.remove(number, trusted=True)
    assert mapped.jobs.journal.pictures(number) == {}


def test_a_depth_map_keeps_all_its_values_in_a_job(mapped: Mapped, root: Path) -> None:
    depth = np.linspace(0, 1, 40 * 56, dtype=np.float32).reshape(40, 56)
    info = mapped("lighting", root, depth_map=depth, recursive=False)
    picture = np.asarray(Pil.open(root / "a.png"))
    alone = find("lighting").run(
        find("lighting").params_from({"image": picture, "depth_map": depth}),
        Context.of_terminal(FakeHost(), FakeProgress()),
    )
    assert info.done == 2
    made = np.asarray(Pil.open(root / "maps" / "lighting" / "a.png").convert("RGB"))
    np.testing.assert_array_equal(made, np.broadcast_to(alone.image.reshape(*alone.image.shape[:2], -1), made.shape))


def test_a_picture_beside_a_map_takes_no_other_maps_name(mapped: Mapped, root: Path) -> None:
    Pil.new("RGB", (8, 8), (9, 9, 9)).save(root / "a-palette.png")
    mapped("recolor", root, reference=np.full((4, 4, 3), 200, np.uint8), recursive=False)
    made = {path.name for path in (root / "maps" / "recolor").iterdir()}
    assert {"a.png", "a-palette.png", "a-palette-2.png", "a-palette-palette.png"} <= made
