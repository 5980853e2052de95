"""The caption tab without a browser, with a model that knows colors: what each press puts into its components."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lib_bootcamp.catalog import find
from lib_bootcamp.errors import UnexpectedError
from lib_bootcamp.jobs import opened as opened_jobs
from lib_bootcamp.jobs.facts import ItemInfo
from tests.fake_clip import BLUE, GREEN, RED, FakeClip, flat_png, lend_instead
from tests.fakes import FakeHost
from tests.jobs.closing import close_jobs

gr = pytest.importorskip("gradio")

from lib_bootcamp.operations.describe.caption import CAPTION  # noqa: E402
from lib_bootcamp.surfaces.page.growth import Growth  # noqa: E402
from lib_bootcamp.surfaces.page.job_card import card  # noqa: E402
from lib_bootcamp.surfaces.page.job_panel import NOTHING, STEERING  # noqa: E402
from lib_bootcamp.surfaces.page.outputs import Outputs  # noqa: E402
from lib_bootcamp.surfaces.page.tabs.describe.caption import CaptionTab  # noqa: E402
from lib_bootcamp.surfaces.page.tabs.page import build_tabs  # noqa: E402
from lib_bootcamp.surfaces.page.values import show  # noqa: E402

LABELS = {"labels": "red, green, blue", "threshold": 0.5}


@pytest.fixture
def clip(monkeypatch: pytest.MonkeyPatch) -> FakeClip:
    return lend_instead(monkeypatch, FakeClip())


@pytest.fixture
def host(clip: FakeClip, tmp_path: Path) -> Iterator[FakeHost]:
    yield FakeHost(data_dir=tmp_path / "data")
    close_jobs(tmp_path / "data")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "sets" / "photos"
    folder.mkdir(parents=True)
    for name, color in {"a": RED, "b": GREEN, "c": BLUE}.items():
        (folder / f"{name}.png").write_bytes(flat_png(color))
    return folder


class Page:
    """The tab, and what a visitor's page remembers between two presses."""

    def __init__(self, host: FakeHost) -> None:
        self.host = host
        with gr.Blocks():
            self.tab = CaptionTab(CAPTION, host, Outputs())
            self.tab.build()
        self.state: dict[str, Any] = NOTHING
        self.shown: dict[str, Any] = {}

    def _took(self, values: list[Any]) -> dict[str, Any]:
        names = ("message", "card", "table", *STEERING, "state")
        self.shown = dict(zip(names, values, strict=True))
        self.state = self.shown["state"]
        return self.shown

    def values(self, **given: Any) -> list[Any]:
        return [given.get(each.name, self.tab.form.components[each.name].value) for each in self.tab.form.fields]

    def begin(self, folder: Path | str, **given: Any) -> dict[str, Any]:
        asked = tuple(self.values(folder=str(folder), **{**LABELS, **given}))
        return self._took(self.tab.panel.begun(self.state, lambda: self.tab.form.raw(asked)))

    def press(self, name: str) -> dict[str, Any]:
        return self._took(self.tab.panel.steered(name, self.state))

    def look(self) -> dict[str, Any]:
        return self._took(self.tab.panel.looked(self.state))

    def end(self) -> dict[str, Any]:
        """Wait until the chosen job goes on no more."""
        opened_jobs.jobs_of(self.host, find).wait(self.state["job"], 30)
        return self.look()

    @property
    def possible(self) -> list[str]:
        """The buttons that can be pressed."""
        return [name for name in STEERING if self.shown[name]["interactive"]]

    @property
    def card_text(self) -> str:
        return " ".join(re.sub(r"<[^>]+>", " ", self.shown["card"]).split())


@pytest.fixture
def page(host: FakeHost) -> Page:
    return Page(host)


@pytest.fixture
def gate(clip: FakeClip, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[threading.Event, threading.Event]]:
    """Holds the model: reached, opened."""
    reached, opened, encode = threading.Event(), threading.Event(), clip.encode_prepared

    def held(prepared: Any) -> Any:
        reached.set()
        assert opened.wait(30)
        return encode(prepared)

    monkeypatch.setattr(clip, "encode_prepared", held)
    yield reached, opened
    opened.set()


def many(folder: Path) -> Path:
    for at in range(40):
        (folder / f"x{at:02}.png").write_bytes(flat_png(RED))
    return folder


def test_every_declared_field_of_a_folder_is_on_the_form(page: Page) -> None:
    declared = {each.name for each in CAPTION.as_job().params.fields()}
    assert declared == set(page.tab.form.components)
    assert "images" not in declared


def test_before_the_first_job_the_card_says_what_to_do(page: Page) -> None:
    page.look()
    assert page.card_text == "No job yet. Choose a folder and begin."
    assert page.possible == []
    assert 'data-active="0"' in page.shown["card"]


def test_a_folder_becomes_a_job_whose_card_shows_what_was_written(page: Page, photos: Path) -> None:
    page.begin(photos)
    assert page.shown["message"] == ""
    shown = page.end()
    assert (photos / "a.txt").read_text() == "red"
    assert "Job 1 …/sets/photos done 3 of 3 done" in page.card_text
    assert "a.png red b.png green c.png blue" in page.card_text
    assert page.possible == ["undo", "remove"]
    assert 'aria-valuenow="3"' in shown["card"]
    assert shown["table"]["value"] == [[1, "caption", "…/sets/photos", "done", "3 of 3", ""]]
    assert shown["table"]["visible"]


def test_while_it_goes_on_the_card_asks_to_be_followed_and_the_job_can_be_paused_and_stopped(
    page: Page, photos: Path, gate: tuple[threading.Event, threading.Event]
) -> None:
    page.begin(photos)
    gate[0].wait(30)
    shown = page.look()
    assert 'data-active="1"' in shown["card"]
    assert f'data-refresh="{page.tab.panel.refresh.elem_id}"' in shown["card"]
    assert "0 of 3 done · the model is being loaded" in page.card_text
    assert page.possible == ["pause", "cancel"]


def test_two_cards_of_one_moment_differ_so_that_the_page_sees_that_it_was_answered(page: Page, photos: Path) -> None:
    assert page.look()["card"] != page.look()["card"]


def test_without_jobs_there_is_no_table_of_them(page: Page) -> None:
    assert not page.tab.panel.table.visible
    assert "visible" not in page.look()["table"]


def test_a_table_that_did_not_change_is_not_sent_again(page: Page, photos: Path) -> None:
    page.begin(photos)
    page.end()
    assert "value" not in page.look()["table"]


def test_the_newest_captions_are_shown_where_later_pictures_are_left_out(page: Page, photos: Path) -> None:
    for name in ("x", "y", "z"):
        (photos / f"{name}.png").write_bytes(flat_png(RED))
        (photos / f"{name}.txt").write_text("mine")
    page.begin(photos)
    page.end()
    assert "3 of 6 done · 3 left out a.png red b.png green c.png blue" in page.card_text


def test_a_paused_job_goes_on(page: Page, photos: Path, gate: tuple[threading.Event, threading.Event]) -> None:
    page.begin(many(photos))
    gate[0].wait(30)
    assert "It stops after the pictures that it is at." in page.press("pause")["message"]
    assert "value" not in page.look()["message"]  # it is still true
    gate[1].set()
    assert page.end()["message"] == ""  # and not any more
    assert "paused 32 of 43 done" in page.card_text
    assert page.possible == ["resume", "cancel", "undo", "remove"]
    page.press("resume")
    page.end()
    assert "done 43 of 43 done" in page.card_text


def test_a_stopped_job_keeps_what_is_done(
    page: Page, photos: Path, gate: tuple[threading.Event, threading.Event]
) -> None:
    page.begin(many(photos))
    gate[0].wait(30)
    page.press("cancel")
    gate[1].set()
    page.end()
    assert "cancelled 32 of 43 done" in page.card_text
    assert page.possible == ["undo", "remove"]


def test_undo_reports_what_it_restored_and_what_it_skipped(page: Page, photos: Path) -> None:
    page.begin(photos)
    page.end()
    (photos / "b.txt").write_text("by hand")
    sentence = page.press("undo")["message"]
    assert "2 files are as they were before job 1. Skipped, because they were changed since: b.txt." in sentence
    assert page.card_text == "Job 1 …/sets/photos undone Its files are as they were before."
    assert [path.name for path in photos.glob("*.txt")] == ["b.txt"]


def test_a_forgotten_job_is_gone_and_the_newest_is_shown(page: Page, photos: Path, tmp_path: Path) -> None:
    for number in (1, 2):
        page.begin(photos)
        page.end()
        assert page.state["job"] == number
    assert "Job 2 is removed from the list; its files stay as they are." in page.press("remove")["message"]
    assert page.state["job"] == 1
    assert [each[0] for each in page.shown["table"]["value"]] == [1]


def test_a_job_is_chosen_in_the_table(page: Page, photos: Path) -> None:
    for _ in range(2):
        page.begin(photos)
        page.end()
    page.state = {**page.state, "job": 1}
    page.look()
    assert page.card_text.startswith("Job 1 ")


def test_pictures_that_failed_are_named_with_their_reasons(page: Page, photos: Path) -> None:
    for at in range(7):
        (photos / f"bad{at}.png").write_bytes(b"<b>no</b>")
    page.begin(photos)
    page.end()
    assert "3 of 10 done · 7 failed" in page.card_text
    assert page.shown["card"].count("The picture cannot be read") == 5
    assert "and 2 more that failed." in page.card_text


@pytest.mark.parametrize(
    ("folder", "given", "sentence"),
    [
        ("", {}, "Folder must not be empty"),
        ("/no/such/folder", {}, "Folder not found: /no/such/folder"),
        (".", {"labels": ""}, "Labels is missing"),
        (".", {"per_list": "x: 2"}, "Per-list settings (x)"),
    ],
)
def test_a_mistake_is_the_message_and_no_job(page: Page, folder: str, given: dict[str, Any], sentence: str) -> None:
    shown = page.begin(folder, **given)
    assert sentence in shown["message"]
    assert "bootcamp-error" in shown["message"]
    assert page.card_text.startswith("No job yet")


def test_a_bug_is_reported_without_its_inside(page: Page, photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def bug(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError("a secret of the inside")

    monkeypatch.setattr(opened_jobs.Jobs, "start", bug)
    message = page.begin(photos)["message"]
    assert str(UnexpectedError()) in message
    assert "secret" not in message


def test_a_job_that_ended_in_this_moment_says_so(page: Page, photos: Path) -> None:
    page.begin(photos)
    opened_jobs.jobs_of(page.host, find).wait(1, 30)
    assert "Job 1 is done and cannot be paused" in page.press("pause")["message"]
    assert "done 3 of 3 done" in page.card_text


def test_nothing_chosen_is_reported(page: Page) -> None:
    assert "Job is missing; choose one in the table" in page.press("undo")["message"]


def test_names_and_captions_are_never_html() -> None:
    from lib_bootcamp.jobs.facts import JobInfo

    info = JobInfo(
        id=1,
        operation="caption",
        folder="/x/<img src=x>",
        state="failed",
        total=1,
        done=0,
        skipped=0,
        failed=1,
        eta_s=None,
        spent_s=0,
        created="",
        started=None,
        finished=None,
        error="<script>",
        actions=(),
        params={},
    )
    item = ItemInfo(path="<b>", state="failed", note="<i>", result={"caption": "<u>"})
    made = card(info, [item], [item], refresh="x", labels={})
    assert not {"<img", "<script>", "<b>", "<i>", "<u>"} & set(re.findall(r"<\w+>?", made))


def test_numbers_of_single_lists_are_shown_as_they_are_typed(page: Page) -> None:
    field = next(each for each in page.tab.form.fields if each.name == "per_list")
    typed = show(field, {"subject": [0.3, 2], "style": [0.4]})
    assert typed == "subject: 0.3, 2\nstyle: 0.4"
    groups = "subject: a, b\nstyle: c"
    raw = page.tab.form.raw(page.values(folder="x", groups=groups, per_list=typed))
    assert CAPTION.as_job().params_from(raw).per_list == {"subject": [0.3, 2], "style": [0.4]}
    assert "color: 0.4, 1" in page.tab.form.components["per_list"].placeholder


# --- one picture


def tried(page: Page, picture: Any, **given: Any) -> dict[str, Any]:
    growth = Growth(threading.Event())
    growth.begin(page.host)
    made = page.tab.tried([picture], tuple(page.values(**{**LABELS, **given})), growth)
    return dict(zip(("message", "text", "chart"), made, strict=True))


def test_one_picture_is_captioned_and_nothing_is_written(page: Page, photos: Path) -> None:
    shown = tried(page, str(photos / "a.png"), trigger="ohwx", folder="")
    assert (shown["message"], shown["text"]) == ("", "ohwx, red")
    assert "red" in shown["chart"]
    assert list(photos.glob("*.txt")) == []
    assert page.look()["state"]["job"] is None


def test_several_pictures_are_listed_by_name_with_a_caption_each(page: Page, photos: Path) -> None:
    growth = Growth(threading.Event())
    growth.begin(page.host)
    files = [str(photos / f"{name}.png") for name in "abc"]
    _, text, listed = page.tab.tried(files, tuple(page.values(**LABELS)), growth)
    assert text == "red\ngreen\nblue"
    assert re.findall(r"<li><span>(\S+)</span> (\w+)</li>", listed) == [
        ("a.png", "red"),
        ("b.png", "green"),
        ("c.png", "blue"),
    ]
    assert "<span>c.png</span> blue" in growth.look()


def test_captions_that_were_made_before_a_stop_stay(page: Page, photos: Path) -> None:
    class Stopped(Growth):
        def cancelled(self) -> bool:
            return self._done >= 32

    growth = Stopped(threading.Event())
    growth.begin(page.host)
    files = [str(each) for each in sorted(many(photos).glob("*.png"))]
    message, text, _ = page.tab.tried(files, tuple(page.values(**LABELS)), growth)
    assert "Stopped after 32 finished." in message
    assert len(text.splitlines()) == 32


def test_a_picture_lies_on_the_chosen_background(page: Page, tmp_path: Path) -> None:
    from PIL import Image as Pil

    Pil.new("RGBA", (8, 8), (0, 0, 0, 0)).save(tmp_path / "clear.png")
    assert tried(page, str(tmp_path / "clear.png"), background="#0000ff")["text"] == "blue"


@pytest.mark.parametrize(
    ("name", "sentence"), [(None, "Picture is missing"), ("bad.png", "cannot be read"), ("none.png", "cannot be read")]
)
def test_a_picture_that_cannot_be_used_is_reported(page: Page, photos: Path, name: str | None, sentence: str) -> None:
    (photos / "bad.png").write_bytes(b"no picture")
    shown = tried(page, str(photos / name) if name else None)
    assert sentence in shown["message"]
    assert "value" not in shown["text"]


def test_a_caption_that_is_empty_or_too_long_is_reported(page: Page, photos: Path) -> None:
    assert "Nothing was found" in tried(page, str(photos / "a.png"), never="*")["message"]
    long = "\n".join(f"tag {at}" for at in range(60))
    assert "trainers cut it after 75" in tried(page, str(photos / "a.png"), always=long)["message"]


# --- a page that is shared


def test_visitors_of_a_shared_page_name_and_see_allowed_folders_only(
    clip: FakeClip, tmp_path: Path, photos: Path
) -> None:
    owner = Page(FakeHost(data_dir=tmp_path / "data"))
    owner.begin(photos)
    owner.end()
    (tmp_path / "open").mkdir()
    (tmp_path / "open" / "a.png").write_bytes(flat_png(RED))
    visitor = Page(FakeHost(data_dir=tmp_path / "data", trusts_page=False, allowed=(tmp_path / "open",)))
    visitor.look()
    assert visitor.card_text.startswith("No job yet")
    assert "is not in a folder that the owner" in visitor.begin(photos)["message"]
    visitor.state = {**visitor.state, "job": 1}
    assert "There is no job 1" in visitor.press("undo")["message"]
    assert (photos / "a.txt").exists()
    visitor.begin(tmp_path / "open")
    visitor.end()
    assert "1 of 1 done" in visitor.card_text
    opened_jobs._open.pop((tmp_path / "data" / "jobs").absolute()).close()


# --- among the others


def test_the_tabs_are_grouped_and_the_folder_goes_to_the_editor(host: FakeHost, page: Page, photos: Path) -> None:
    with gr.Blocks():
        tabs = build_tabs(host)
    assert isinstance(tabs["caption"], CaptionTab)
    assert [each for each in tabs if find(each).place == "Data set"] == [
        "caption",
        "dataset-report",
        "dataset-captions",
        "train",
        "share-lora",
    ]
    page.begin(photos)
    page.end()
    assert tabs["caption"]._folder_of(page.state, "typed") == str(photos)
    assert tabs["caption"]._folder_of(NOTHING, "typed") == "typed"
    assert tabs["caption"]._folder_of({**NOTHING, "job": 99}, "typed") == "typed"
