"""A generation that cannot be drawn as it was asked for: what the page is shown, and a caller is answered."""

from __future__ import annotations

import logging
from types import SimpleNamespace
from typing import Any

import pytest

from lib_bootcamp.hosts.webui import WebUiPage

pytest.importorskip("fastapi")
SENTENCE = "Content is missing; enter a text or URL."


class Generation:
    """The WebUI's generation object, as far as its loop asks it before the first picture."""

    is_api = False

    def __init__(self, script: int = 0) -> None:
        self.script_args, self.scripts, self.n_iter, self.do_not_save_grid = (script, "more"), object(), 4, False
        self.comments: dict[str, int] = {}
        self.all_prompts: list[str] = []

    def setup_prompts(self) -> None:
        self.all_prompts = ["a star"] * self.n_iter

    def comment(self, text: str) -> None:
        self.comments[text] = 1

    def init(self, *_: Any) -> None:
        raise AssertionError("a picture would be encoded")


def refused(p: Generation, status: int = 422) -> Generation:
    WebUiPage().refuse(p, SENTENCE, status)
    p.setup_prompts()
    p.init(p.all_prompts, [], [])
    return p


def test_a_mistake_on_the_page_draws_nothing_and_is_a_comment() -> None:
    p = refused(Generation())
    assert list(p.comments) == [f"Bootcamp: {SENTENCE}"]
    assert (p.n_iter, p.do_not_save_grid) == (0, True)
    assert p.all_prompts  # the WebUI writes the infotext of the first


@pytest.mark.parametrize(("upscaled", "texts"), [(False, []), (True, [""])])
def test_what_is_not_drawn_has_no_infotext_and_no_other_scripts_work(upscaled: bool, texts: list[str]) -> None:
    made = Generation()
    made.txt2img_upscale = upscaled  # type: ignore[attr-defined]
    p, processed = refused(made), SimpleNamespace(info="Steps: 20", infotexts=["Steps: 20"])
    p.scripts.process(p)  # type: ignore[attr-defined]
    p.scripts.postprocess(p, processed)  # type: ignore[attr-defined]
    assert (processed.info, processed.infotexts) == ("", texts)


def test_a_mistake_on_the_page_is_one_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        refused(Generation())
    assert [(each.message, each.exc_info) for each in caplog.records] == [(f"Bootcamp: {SENTENCE}", None)]


def test_a_caller_of_the_api_is_answered_with_the_sentence_and_its_status() -> None:
    p = Generation()
    p.is_api = True
    with pytest.raises(Exception, match="Content is missing") as raised:
        refused(p)
    assert raised.value.status_code == 422


@pytest.mark.parametrize(("script", "status"), [(3, 422), (0, 500)])
def test_a_script_that_awaits_pictures_and_a_failure_of_the_program_raise(script: int, status: int) -> None:
    with pytest.raises(Exception, match="Content is missing"):
        refused(Generation(script), status)


def test_a_mistake_is_told_from_other_errors() -> None:
    page = WebUiPage()
    assert page.is_mistake(page.mistake("Content is missing.", 422))
    assert not page.is_mistake(RuntimeError("Content is missing."))
