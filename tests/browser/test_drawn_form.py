"""A drawn form on a page of plain Gradio; `BOOTCAMP_GRADIO_PYTHONS` names more Pythons, with other Gradios."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.gradio_pages import PYTHONS, ROOT, serving, with_scripts

SCRIPTS = ("bootcamp_language.js", "bootcamp_controls.js", "bootcamp_form.js")


@pytest.fixture(scope="module", params=PYTHONS)
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page's address."""
    pytest.importorskip("gradio")
    with serving(request.param, "tests.browser.drawn_page", tmp_path_factory.mktemp("uploads")) as url:
        yield url


@pytest.fixture
def page(browser: Any, served: str) -> Iterator[Any]:
    """The page, before the form is opened; the test fails when a script on it does."""
    with with_scripts(browser, served, "#read_button", SCRIPTS, timeout_ms=20_000) as opened:
        yield opened


def field(page: Any, name: str) -> Any:
    return page.locator(f"#test_form [data-key='{name}']")


def unfold(page: Any) -> None:
    """Open the accordion."""
    page.locator("#accordion button, #accordion .label-wrap").first.click()
    page.wait_for_selector("[data-key=what] select")


def values(page: Any) -> dict[str, Any]:
    """What the server reads."""
    page.evaluate("document.querySelector('#told textarea, #told input').value = ''")
    page.click("#read_button")
    script = "() => document.querySelector('#told textarea, #told input').value"
    page.wait_for_function(script)
    return dict(json.loads(page.evaluate(script)))


def test_nothing_is_asked_for_or_drawn_before_the_form_is_seen(page: Any) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(1000)
    assert not [each for each in asked if "/forms/" in each]
    assert page.locator(".bootcamp-form *").count() == 0


def test_a_form_below_the_fold_is_drawn_when_it_is_opened_so_that_tab_reaches_its_fields(page: Any) -> None:
    page.add_style_tag(content=".bootcamp-form { margin-top: 9000px !important; }")
    page.locator("#accordion button, #accordion .label-wrap").first.click()
    page.wait_for_selector("[data-key=what] select")
    assert page.evaluate("window.scrollY") == 0


def test_the_hidden_texts_take_no_place(page: Any) -> None:
    unfold(page)
    assert not page.locator("#test_values").is_visible()
    assert not page.locator("#test_unsaved").is_visible()


def test_what_the_form_begins_with_is_shown(page: Any) -> None:
    unfold(page)
    assert field(page, "effect").locator("input[type=number]").input_value() == "0.75"
    assert values(page) == {"effect": 0.75}


def test_what_is_set_reaches_the_server_and_defaults_do_not(page: Any) -> None:
    unfold(page)
    field(page, "code.text").locator("textarea").fill("hello")
    number = field(page, "effect").locator("input[type=number]")
    number.fill("0.5")
    assert values(page) == {"text": "hello"}
    field(page, "effect").locator("input[type=range]").focus()
    page.keyboard.press("ArrowRight")
    assert number.input_value() == "0.55"
    assert values(page) == {"text": "hello", "effect": 0.55}


def test_switching_to_another_part_and_back_loses_nothing(page: Any) -> None:
    unfold(page)
    field(page, "code.text").locator("textarea").fill("kept")
    field(page, "what").locator("select").select_option("light")
    field(page, "light.levels").locator("input").fill("4")
    assert values(page) == {"effect": 0.75, "what": "light", "levels": 4}
    field(page, "what").locator("select").select_option("code")
    assert field(page, "code.text").locator("textarea").input_value() == "kept"
    assert values(page) == {"effect": 0.75, "text": "kept"}


def test_a_field_is_shown_while_its_condition_holds(page: Any) -> None:
    unfold(page)
    page.locator("#test_form").get_by_text("More", exact=True).click()
    page.locator("#test_form").get_by_text("Look", exact=True).click()
    assert field(page, "code.fill").is_hidden()
    field(page, "code.dots").locator("input").check()
    assert field(page, "code.fill").is_visible()


def test_what_is_set_from_outside_is_shown(page: Any) -> None:
    unfold(page)
    page.click("#paste_button")
    page.wait_for_function("() => document.querySelector('[data-key=\"code.text\"] textarea').value === 'pasted'")
    assert field(page, "effect").locator("input[type=number]").input_value() == "0.5"
    assert values(page) == {"what": "code", "text": "pasted"}


def test_what_is_set_from_outside_before_the_form_is_opened_is_shown_when_it_is(page: Any) -> None:
    page.click("#paste_button")
    page.wait_for_timeout(1500)
    unfold(page)
    assert field(page, "code.text").locator("textarea").input_value() == "pasted"


def test_a_preset_is_what_other_fields_begin_with(page: Any) -> None:
    unfold(page)
    page.locator("#test_form").get_by_text("More", exact=True).click()
    field(page, "preset").locator("select").select_option("strong")
    assert field(page, "code.dots").locator("input").is_checked()
    assert field(page, "weight").locator("input").get_attribute("placeholder") == "1.5"
    assert values(page) == {"effect": 0.75, "preset": "strong"}
    page.locator("#test_form").get_by_text("Look", exact=True).click()
    field(page, "code.dots").locator("input").uncheck()
    assert values(page)["dots"] is False


def test_a_text_with_suggestions_is_chosen_among_them_or_typed(page: Any) -> None:
    unfold(page)
    page.locator("#test_form").get_by_text("More", exact=True).click()
    page.get_by_text("Unit", exact=True).click()
    model = field(page, "model").locator("input")
    assert model.get_attribute("placeholder") == "the preset's"
    listed = page.evaluate(
        "each => [...document.getElementById(each).options].map(one => one.value)", model.get_attribute("list")
    )
    assert listed == ["one", "two"]
    model.fill("a third")
    assert values(page)["model"] == "a third"
    model.fill("")
    assert "model" not in values(page)


def test_a_form_without_parts_has_its_presets_too(page: Any) -> None:
    unfold(page)
    plain = page.locator("#plain_form")
    plain.get_by_text("More", exact=True).click()
    plain.get_by_label("Start from").select_option("Few")
    held = page.locator("#plain_values :is(input, textarea)").input_value()
    assert json.loads(held) == {"levels": 4, "words": ["one"]}


def test_what_is_opened_and_where_the_keyboard_is_stay_when_the_form_is_drawn_anew(page: Any) -> None:
    unfold(page)
    page.locator("#test_form").get_by_text("More", exact=True).click()
    page.locator("#test_form").get_by_text("Look", exact=True).click()
    field(page, "code.dots").locator("input").focus()
    page.evaluate("window.before = document.querySelector('[data-key=\"code.dots\"]')")
    page.evaluate("window.bootcampForms.get('test').reload()")
    page.wait_for_function("() => !window.before.isConnected && document.querySelector('[data-key=\"code.dots\"]')")
    assert field(page, "code.dots").is_visible()
    assert field(page, "code.dots").locator("input").evaluate("each => each === document.activeElement")


def test_what_a_preset_sets_is_said_beside_it(page: Any) -> None:
    unfold(page)
    plain = page.locator("#plain_form")
    plain.get_by_text("More", exact=True).click()
    described = plain.get_by_label("Start from").get_attribute("aria-describedby")
    assert page.locator(f"[id='{described}']").inner_text().startswith("Sets the map's own fields")


def test_secrets_and_pictures_stay_out_of_the_text_that_is_saved(page: Any) -> None:
    unfold(page)
    page.locator("#test_form").get_by_text("More", exact=True).click()
    page.locator("#test_form").get_by_text("Look", exact=True).click()
    field(page, "code.password").locator("input").fill("swordfish")
    assert values(page)["password"] == "swordfish"
    assert "swordfish" not in page.locator("#test_values :is(input, textarea)").input_value()


def test_a_picture_is_sent_as_a_data_uri_and_can_be_removed(page: Any) -> None:
    unfold(page)
    field(page, "what").locator("select").select_option("light")
    field(page, "light.image").locator("input").set_input_files(str(ROOT / "examples" / "photo.jpg"))
    page.wait_for_selector("[data-key='light.image'] img", state="visible")
    assert values(page)["image"].startswith("data:image/jpeg;base64,")
    field(page, "light.image").get_by_role("button", name="Remove").click()
    assert "image" not in values(page)


def test_a_number_out_of_bounds_is_named_at_its_field(page: Any) -> None:
    unfold(page)
    number = field(page, "effect").locator("input[type=number]")
    number.fill("7")
    assert number.get_attribute("aria-invalid") == "true"
    assert field(page, "effect").get_by_role("alert").inner_text() == "Give a number from 0 to 1."
    number.fill("1")
    assert number.get_attribute("aria-invalid") is None


@pytest.mark.parametrize(
    ("key", "typed", "held", "sentence"),
    [
        ("heights", "1, abc", "1, abc", "These are not numbers."),
        ("words", "[1", "[1", "This is not JSON."),
        ("levels", "1e", "not a number", "Give a whole number."),
    ],
)
def test_what_cannot_be_read_is_named_at_its_field_and_reaches_the_server_which_refuses_it(
    page: Any, key: str, typed: str, held: str, sentence: str
) -> None:
    unfold(page)
    field(page, "what").locator("select").select_option("light")
    box = field(page, f"light.{key}").locator("input, textarea").first
    box.fill("")
    box.press_sequentially(typed)
    assert field(page, f"light.{key}").get_by_role("alert").inner_text() == sentence
    assert values(page)[key] == held
    field(page, "effect").locator("input[type=number]").fill("0.5")
    assert field(page, f"light.{key}").get_by_role("alert").inner_text() == sentence


def test_each_control_has_its_label_and_its_help(page: Any) -> None:
    unfold(page)
    assert page.get_by_label("What", exact=True).locator("option").all_inner_texts() == ["A code", "light"]
    text = page.get_by_label("Text", exact=True)
    described = text.get_attribute("aria-describedby").split()[0]
    assert page.locator(f"#{described}").inner_text() == "What it says."


def test_labels_are_in_the_webuis_language(page: Any) -> None:
    page.evaluate("window.localization = {'Text': 'Texte', 'What it says.': 'Ce que dit le code.'}")
    unfold(page)
    assert page.get_by_label("Texte", exact=True).count() == 1


def test_a_sentence_with_numbers_is_in_the_webuis_language_by_its_pattern(page: Any) -> None:
    page.evaluate("window.localization = {'Give a number from {1} to {2}.': 'De {1} à {2}.'}")
    unfold(page)
    field(page, "effect").locator("input[type=number]").fill("7")
    assert field(page, "effect").get_by_role("alert").inner_text() == "De 0 à 1."


def test_the_webuis_template_lists_what_the_form_says_before_it_is_opened(page: Any) -> None:
    page.evaluate(
        """window.localization = {}; window.listed = {}; window.getTranslation = text => { window.listed[text] = 1; };
        document.body.insertAdjacentHTML('beforeend', '<button id="download_localization">Template</button>');
        document.getElementById('download_localization').onclick = () => { window.template = window.listed; };"""
    )
    if not page.locator(".bootcamp-form").count():
        pytest.skip("no WebUI has this Gradio, which makes what is folded when it is opened")
    page.wait_for_function("() => window.bootcampForms.get('test')")
    page.click("#download_localization")
    page.wait_for_function(
        "wanted => window.template && wanted.every(each => each in window.template)",
        arg=["Text", "What it says.", "Look", "A code", "Dotted", "the preset's"],
    )


def test_a_form_that_cannot_be_loaded_says_so_and_can_be_tried_again(page: Any) -> None:
    page.route("**/forms/test", lambda route: route.abort())
    page.locator("#accordion button, #accordion .label-wrap").first.click()
    alert = page.locator("#test_form [role=alert]")
    alert.wait_for()
    assert "could not be loaded" in alert.inner_text()
    page.unroute("**/forms/test")
    page.get_by_role("button", name="Try again").click()
    page.wait_for_selector("[data-key=what] select")


def test_a_narrow_page_has_no_sideways_scrolling(page: Any) -> None:
    page.set_viewport_size({"width": 360, "height": 800})
    unfold(page)
    page.locator("#test_form").get_by_text("More", exact=True).click()
    assert page.evaluate("document.querySelector('.bootcamp-form').scrollWidth <= 360")
