"""What stands above a picture's infotext, and the section's example, by clicking on a page of plain Gradio."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lib_bootcamp.core.png_info.infotext import parse
from lib_bootcamp.surfaces.webui.section import control_maps
from tests.browser.gradio_pages import PYTHONS, of_webui, serving, with_scripts

PARTS = ("controls", "form", "frame", "language", "panel", "scan", "stage")
SCRIPTS = ("bootcamp.js", *(f"bootcamp_{each}.js" for each in PARTS))
WEBUI = """
window.gradioApp = () => document;
window.opts = {};
window.onOptionsChanged = () => {};
window.updates = [];
window.onAfterUiUpdate = each => window.updates.push(each);
window.loaded = [];
window.onUiLoaded = each => window.loaded.push(each);
window.onUiUpdate = () => {};
window.switch_to_txt2img = () => {};
window.checkbox = () => Object.assign(document.createElement('input'), {type: 'checkbox'});
setInterval(() => window.updates.forEach(each => each()), 300);
"""
GRADIO_4 = ".prose button { margin-bottom: 4px } .prose :last-child { margin-bottom: 0 !important }"
BADGE = "#html_info_txt2img .bootcamp-scan-badge"
NAMES = ("script", "script_values", "script_unsaved", "enabled", "values", "unsaved", "sampler", "scheduler")
NUMBERS = ("width", "height", "steps", "cfg_scale", "seed", "batch_count")


@pytest.fixture(scope="module", params=PYTHONS)
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page's address."""
    if not of_webui(request.param):
        pytest.skip("no WebUI has its Gradio")
    with serving(request.param, "tests.browser.panel_page", tmp_path_factory.mktemp("uploads")) as url:
        yield url


@pytest.fixture
def page(browser: Any, served: str) -> Iterator[Any]:
    """The page with its form drawn; the test fails when a script on it does."""
    with with_scripts(browser, served, "#txt2img_generate", SCRIPTS, before=WEBUI) as opened:
        opened.wait_for_selector("#bootcamp_txt2img_control", state="visible")
        opened.wait_for_selector(BADGE)
        yield opened


@pytest.fixture
def grid(page: Any) -> Any:
    """The page with the grid of a batch shown, whose infotext's scan can be set."""

    def shown(scan: str) -> Any:
        page.evaluate(
            """scan => {
                const info = document.querySelector('#html_info_txt2img p');
                info.textContent = info.textContent.replace(/Bootcamp scan: .*/, `Bootcamp scan: ${scan}`);
                const small = '<b class="thumbnail-item thumbnail-small" onclick="window.chosen = this.dataset.at"';
                document.querySelector('#txt2img_gallery').insertAdjacentHTML('beforeend',
                    [0, 1, 2, 3, 4].map(at => `${small} data-at="${at}">${at}</b>`).join(''));
            }""",
            scan,
        )
        page.wait_for_function(f"() => !document.querySelector('{BADGE} > span')?.innerText.includes('no reader')")
        return page.locator(BADGE)

    return shown


def generated(page: Any) -> dict[str, Any]:
    """What the server was asked to draw with."""
    script = "() => document.querySelector('#told textarea, #told input').value"
    page.wait_for_function(script)
    return dict(zip((*NAMES, *NUMBERS), json.loads(page.evaluate(script)), strict=True))


def light_stage(page: Any) -> Any:
    """The stage of the section's lights, shown."""
    page.locator("#bootcamp_txt2img_control").select_option("lighting")
    page.wait_for_selector("#bootcamp_txt2img_lighting_lights .bootcamp-stage-bar")
    return page.locator("#bootcamp_txt2img_lighting_lights")


def press(page: Any, name: str) -> None:
    page.locator(BADGE).get_by_role("button", name=name).click()


def test_trying_until_it_scans_chooses_the_script_with_what_the_section_has_set(page: Any) -> None:
    page.locator("#bootcamp_txt2img_qr_content").fill("https://example.com/a")
    effect = page.locator("#bootcamp_txt2img_effect")
    effect.fill("1")
    press(page, "Try again until it scans")
    asked = generated(page)
    assert asked["script"] == 1
    assert json.loads(asked["script_values"]) == {
        "content": "https://example.com/a",
        "strengths": [1.4, 1.82],
        "must_read": "any",  # as the section counts
    }
    assert (asked["seed"], asked["batch_count"]) == (-1, 1)
    page.wait_for_selector("#bootcamp_txt2img_until_it_scans_content", state="visible")
    assert page.locator("#bootcamp_txt2img_until_it_scans_content").input_value() == "https://example.com/a"


def test_a_script_that_is_chosen_by_hand_begins_with_what_the_section_has_set(page: Any) -> None:
    page.locator("#bootcamp_txt2img_qr_content").fill("https://example.com/b")
    choose(page, "QR art until it scans")
    content = page.locator("#bootcamp_txt2img_until_it_scans_content")
    content.wait_for()
    assert content.input_value() == "https://example.com/b"
    content.fill("mine")
    choose(page, "None")
    content.wait_for(state="hidden")
    page.locator("#bootcamp_txt2img_qr_content").fill("another")
    choose(page, "QR art until it scans")
    content.wait_for()
    assert content.input_value() == "mine"


def choose(page: Any, script: str) -> None:
    """Choose in the Script dropdown, as a person does."""
    page.locator("#script_list input").click()
    page.locator("#script_list li[data-testid=dropdown-option]", has_text=script).first.click()


def test_an_empty_form_waits_for_its_text_and_does_not_warn(page: Any) -> None:
    page.locator("#bootcamp_txt2img_qr_content").fill("")
    notes = page.locator("#bootcamp_txt2img_preview .bootcamp-panel-notes.bootcamp-panel-waits")
    notes.wait_for()
    assert notes.inner_text() == "Content is missing; enter a text or URL, or choose another payload."


def test_a_mistake_stands_at_its_field_and_where_the_preview_was(page: Any) -> None:
    """The field may be in a part that is closed."""
    choose(page, "QR art until it scans")
    form = page.locator("#bootcamp_txt2img_until_it_scans_form")
    form.locator("#bootcamp_txt2img_until_it_scans_strengths").fill("abc")
    notes = form.locator(".bootcamp-panel-notes.bootcamp-panel-wrong")
    notes.wait_for()
    assert notes.inner_text() == "Strengths must be a list of numbers, not 'abc'."
    assert form.get_by_text("These are not numbers.").is_visible()


def test_where_a_script_leaves_the_section_aside_the_section_says_so_and_takes_it_off(page: Any) -> None:
    page.locator("#bootcamp_txt2img-checkbox input").check()
    aside = page.locator("#bootcamp_txt2img_form .bootcamp-aside")
    choose(page, "QR art until it scans")
    aside.wait_for()
    assert aside.inner_text().startswith(
        "The script QR art until it scans is chosen: its own settings count, not these."
    )
    aside.get_by_role("button", name="Use the section again").click()
    aside.wait_for(state="hidden")
    assert page.locator("#script_list input").input_value() == "None"


def test_a_step_that_does_not_work_leaves_its_reason_and_no_button(page: Any) -> None:
    answer = {"detail": "A touch-up is not enough for this picture."}
    page.route("**/panel/touch-up", lambda route: route.fulfill(status=422, json=answer))
    press(page, "Touch up")
    page.locator(BADGE).get_by_text(answer["detail"]).wait_for()
    assert page.locator(BADGE).get_by_role("button", name="Touch up").count() == 0
    assert page.locator(BADGE).get_by_role("button", name="More contrast").is_visible()


def test_a_touch_up_that_did_not_do_is_not_offered_again_after_the_full_score(page: Any) -> None:
    answer = {"error": "NoTouchUpError", "detail": "A touch-up is not enough."}
    page.route("**/panel/touch-up", lambda route: route.fulfill(status=422, json=answer))
    page.route("**/panel/scan", lambda route: route.fulfill(json={"text": "0.00 (no reader), 0 of 16 conditions"}))
    press(page, "Touch up")
    page.wait_for_selector(f"{BADGE} [role=alert]")
    press(page, "Full score")
    page.wait_for_function(f"() => document.querySelector('{BADGE} > span').innerText.includes('conditions')")
    assert page.locator(BADGE).get_by_role("button").all_inner_texts() == ["More contrast", "Try again until it scans"]


def test_above_a_plot_it_is_said_that_the_scan_is_of_its_first_picture(page: Any) -> None:
    infotext(page, ("read by no reader", "read by wechat, Script: X/Y/Z plot"), ("a star", "a moon"))
    assert page.locator(f"{BADGE} > span").inner_text() == "The plot's first picture: Scans: read by wechat."
    assert page.locator(BADGE).get_by_role("button").count() == 0


def test_nothing_is_said_of_a_map_in_the_gallery(page: Any) -> None:
    """ControlNet puts its maps behind the pictures; the infotext stays that of the picture before."""
    page.evaluate(
        """() => {
            window.selected_gallery_index = () => window.chosen;
            const kept = JSON.stringify({infotexts: ['a star']});
            const info = '<div id="generation_info_txt2img"><textarea></textarea></div>';
            document.body.insertAdjacentHTML('beforeend', info);
            document.querySelector('#generation_info_txt2img textarea').value = kept;
        }"""
    )
    for chosen, shown in ((1, False), (0, True), (-1, True)):
        page.evaluate("at => { window.chosen = at; }", chosen)
        page.locator(BADGE).wait_for(state="visible" if shown else "hidden")


def test_another_checkpoint_in_forges_field_is_asked_about_anew(page: Any) -> None:
    page.evaluate(
        """() => document.body.insertAdjacentHTML('beforeend',
            '<div id="setting_sd_model_checkpoint"><input value="one"></div>')"""
    )
    page.wait_for_timeout(2000)  # it was seen once
    page.evaluate("() => { document.querySelector('#setting_sd_model_checkpoint input').value = 'other'; }")
    with page.expect_request("**/forms/**"):
        pass


def test_on_a_narrow_page_the_notes_stand_below_the_preview(page: Any) -> None:
    page.add_style_tag(content="#bootcamp_txt2img_form { width: 316px; }")
    page.locator("#bootcamp_txt2img_qr_content").fill("https://example.com")
    page.evaluate("['width', 'height'].forEach(each => window.bootcampPanel.setNumber(`txt2img_${each}`, 768))")
    page.wait_for_selector("#bootcamp_txt2img_preview img", state="visible")
    image, notes = (page.locator(f"#bootcamp_txt2img_preview > {each}").bounding_box() for each in ("img", "div"))
    assert notes["y"] >= image["y"] + image["height"]
    assert notes["width"] > 280


def test_addresses_of_models_can_be_pressed(page: Any) -> None:
    page.evaluate(
        """() => {
            const form = window.bootcampForms.get("bootcamp_txt2img");
            form.description.controls.qr.missing = ["put it into models/ControlNet (https://huggingface.co/ab/c-d)."];
            form.show();
        }"""
    )
    link = page.locator("#bootcamp_txt2img_preview details a")
    assert link.get_attribute("href") == link.evaluate("each => each.textContent") == "https://huggingface.co/ab/c-d"
    assert link.get_attribute("rel") == "noopener noreferrer"


def infotext(page: Any, *changes: tuple[str, str]) -> None:
    """Change the shown picture's infotext, and wait until the badge is of it."""
    for before, after in changes:
        page.evaluate(
            "([before, after]) => { const p = document.querySelector('#html_info_txt2img p');"
            " p.textContent = p.textContent.replace(before, after); }",
            [before, after],
        )
    page.wait_for_timeout(800)


def test_more_contrast_under_a_picture_of_the_script_raises_the_scripts_strengths(page: Any) -> None:
    press(page, "Try again until it scans")
    before = json.loads(generated(page)["script_values"] or "{}")
    page.wait_for_selector("#bootcamp_txt2img_until_it_scans_content", state="visible")
    infotext(page, ("Bootcamp scan", "Script: QR art until it scans, Bootcamp scan"))
    page.evaluate("document.querySelector('#told textarea, #told input').value = ''")
    press(page, "More contrast")
    asked = generated(page)
    assert "effect" not in json.loads(asked["values"] or "{}")
    assert (asked["script"], asked["seed"]) == (1, 11)
    assert json.loads(asked["script_values"]) == {**before, "strengths": [1.2, 1.56]}


def test_more_contrast_raises_what_is_set_by_hand_and_would_not_follow_the_effect(page: Any) -> None:
    page.locator("#bootcamp_txt2img_form details").evaluate_all("all => all.forEach(each => { each.open = true; })")
    page.locator("#bootcamp_txt2img_weight").fill("1.2")
    press(page, "More contrast")
    values = json.loads(generated(page)["values"])
    assert (values["effect"], values["weight"]) == (0.7, 1.44)


def test_more_contrast_is_not_offered_where_generate_would_draw_by_something_else(page: Any) -> None:
    more = page.locator(BADGE).get_by_role("button", name="More contrast")
    assert more.count() == 1
    infotext(page, ("Bootcamp scan", "Script: Compare control, Bootcamp scan"))
    assert more.count() == 0
    infotext(page, ("Compare control", "QR art until it scans"))
    assert more.count() == 0


@pytest.mark.parametrize(
    ("scan", "words"),
    [
        ("read by wechat", "Scans: read by wechat."),
        ("read by wechat, Version: v1.10.1", "Scans: read by wechat."),
        ('"read by zxing-cpp, wechat"', "Scans: read by zxing-cpp, wechat."),
        (
            '"read by zxing-cpp, wechat, touched up by 22 gray levels", Version: v1.10.1',
            "Scans: read by zxing-cpp, wechat, touched up by 22 gray levels.",
        ),
        (
            '"0.46 of all readings (zxing-cpp), 14 of 16 conditions, touched up by 22 gray levels"',
            "Scans: read under 14 of 16 phone conditions by zxing-cpp, touched up by 22 gray levels.",
        ),
        ("read by no reader", "Does not scan: no reader reads its code."),
        # as older versions wrote it
        ("0.00 (wechat)", "Scans: read by wechat."),
        ("0.00 (no reader)", "Does not scan: no reader reads its code."),
        ('"1.00 (zxing-cpp), touched up by 22"', "Scans: read by zxing-cpp, touched up by 22 gray levels."),
        (
            "0.31 (wechat only; all readers were asked for), 5 of 16 conditions",
            "Does not scan as asked: read by wechat only; all readers were asked for.",
        ),
    ],
)
def test_the_badge_says_what_the_infotext_says(page: Any, scan: str, words: str) -> None:
    infotext(page, ("read by no reader", scan))
    assert page.locator(f"{BADGE} > span").inner_text() == words


def test_the_scripts_form_says_how_large_the_picture_must_be_and_makes_it_so(page: Any) -> None:
    page.evaluate(
        "window.bootcampForms.fill('bootcamp_txt2img', {'qr.content': 'https://example.com', 'qr.grid_px': 16})"
    )
    press(page, "Try again until it scans")
    form = page.locator("#bootcamp_txt2img_until_it_scans_form")
    form.get_by_role("button", name="Make the picture larger: 592 px").click()
    assert page.locator("#txt2img_width input").input_value() == "592"
    form.locator(".bootcamp-panel img").wait_for()
    assert form.get_by_role("button", name="Example").count() == 0


def test_where_there_is_no_script_dropdown_more_pictures_of_the_section_are_tried(page: Any) -> None:
    page.evaluate("document.querySelector('#script_list').remove()")
    press(page, "Try again until it scans")
    asked = generated(page)
    assert json.loads(asked["values"])["stop_at_first"] is True
    assert (asked["seed"], asked["batch_count"]) == (-1, 10)


def test_a_placeholder_is_paler_than_what_is_typed(page: Any) -> None:
    typed, example = page.evaluate(
        """() => [null, '::placeholder'].map(part =>
            getComputedStyle(document.querySelector('#bootcamp_txt2img_qr_content'), part).color)"""
    )
    assert example == page.evaluate(
        """() => {
            const probe = document.createElement('i');
            probe.style.color = 'var(--input-placeholder-color)';
            document.querySelector('.bootcamp-form').append(probe);
            return getComputedStyle(probe).color;
        }"""
    )
    assert example != typed


def test_sliders_have_the_browsers_own_color_whose_track_fits_the_theme(page: Any) -> None:
    found = "() => getComputedStyle(document.querySelector('.bootcamp-form input[type=range]')).accentColor"
    assert page.evaluate(found) == "auto"


def test_what_was_set_for_more_tries_is_put_back(page: Any) -> None:
    page.evaluate("document.querySelector('#script_list').remove()")
    press(page, "Try again until it scans")
    generated(page)
    page.wait_for_function("() => document.querySelector('#txt2img_batch_count input').value === '1'")
    page.click("#txt2img_generate")
    script = "() => document.querySelector('#told textarea, #told input').value.includes('stop_at_first')"
    page.wait_for_function(f"() => !({script})()")
    asked = generated(page)
    assert (asked["seed"], asked["batch_count"], asked["values"]) == (7, 1, "")


def test_a_grid_of_which_none_scans_says_so_and_is_tried_again(grid: Any) -> None:
    badge = grid("0 of 10 scan")
    assert badge.locator("> span").inner_text() == "0 of 10 scan."
    assert badge.get_by_role("button").all_inner_texts() == ["More contrast", "Try again until it scans"]


def test_of_a_grid_the_picture_that_scans_is_chosen_by_one_click(grid: Any, page: Any) -> None:
    badge = grid("1 of 10 scans (picture 4)")
    assert badge.locator("> span").inner_text() == "Picture 4 of 10 scans."
    badge.get_by_role("button", name="Show picture 4").click()
    assert page.evaluate("window.chosen") == "4"


def test_of_a_grid_all_pictures_that_scan_are_named_and_have_a_button(grid: Any) -> None:
    badge = grid('"4 of 4 scan (pictures 1, 2, 3, 4)"')
    assert badge.locator("> span").inner_text() == "4 of 4 scan: pictures 1, 2, 3, 4."
    assert badge.get_by_role("button").all_inner_texts() == [f"Show picture {each}" for each in (1, 2, 3, 4)]


def test_of_a_large_grid_the_buttons_beyond_eight_are_folded(grid: Any, page: Any) -> None:
    badge = grid('"10 of 10 scan (pictures 1, 2, 3, 4, 5, 6, 7, 8, 9, 10)"')
    assert badge.get_by_role("button").count() == 8
    badge.get_by_text("2 more pictures").click()
    assert badge.get_by_role("button").count() == 10
    badge.get_by_role("button", name="Show picture 9").click()


def test_an_inpainted_picture_is_tried_by_the_section(page: Any) -> None:
    page.evaluate("document.querySelector('#html_info_txt2img p').append(', Mask blur: 4')")
    page.wait_for_timeout(800)
    press(page, "Try again until it scans")
    asked = generated(page)
    assert asked["script"] == 0
    assert asked["batch_count"] == 10


def test_a_picture_that_is_there_is_touched_up_and_can_be_saved(page: Any, tmp_path: Path) -> None:
    press(page, "Touch up")
    page.wait_for_selector(f"{BADGE} .bootcamp-touched img", timeout=60_000)
    assert page.locator(f"{BADGE} > span").inner_text().startswith("Scans: read under ")
    with page.expect_download() as saved:
        page.locator(BADGE).get_by_text("Save the touched-up picture").click()
    assert saved.value.suggested_filename == "touched-up-11.png"


def test_the_full_score_knows_the_text_that_was_drawn(page: Any) -> None:
    with page.expect_request("**/bootcamp/v1/panel/scan") as asked:
        press(page, "Full score")
    fields = parse(asked.value.post_data_json["infotext"]).fields
    assert (fields["Bootcamp"].startswith("control=qr&content=https"), fields["Size-1"]) == (True, "296")


def test_the_full_score_of_a_picture_that_does_not_scan_is_how_many_conditions_it_passes(page: Any) -> None:
    answer = {"text": "0.00 (no reader), 0 of 16 conditions"}
    page.route("**/panel/scan", lambda route: route.fulfill(json=answer))
    press(page, "Full score")
    page.wait_for_function(f"() => document.querySelector('{BADGE} > span').innerText.includes('conditions')")
    assert page.locator(f"{BADGE} > span").inner_text() == "Does not scan: 0 of 16 conditions."


def test_a_weak_full_score_offers_more_contrast(page: Any) -> None:
    infotext(page, ("read by no reader", "1.00 (zxing-cpp)"))
    more = page.locator(BADGE).get_by_role("button", name="More contrast")
    assert more.count() == 0
    answer = {"text": "0.30 of all readings (zxing-cpp), 5 of 16 conditions"}
    page.route("**/panel/scan", lambda route: route.fulfill(json=answer))
    press(page, "Full score")
    page.wait_for_function(f"() => document.querySelector('{BADGE} > span').innerText.includes('conditions')")
    assert more.count() == 1


def test_the_full_score_keeps_by_how_much_a_picture_was_touched_up(page: Any) -> None:
    page.evaluate(
        """() => {
            const info = document.querySelector('#html_info_txt2img p');
            const scan = '"read by zxing-cpp, touched up by 12 gray levels"';
            info.textContent = info.textContent.replace('read by no reader', scan);
        }"""
    )
    answer = {"text": "0.90 (zxing-cpp), 14 of 16 conditions"}
    page.route("**/panel/scan", lambda route: route.fulfill(json=answer))
    page.wait_for_function(f"() => document.querySelector('{BADGE} > span').innerText.startsWith('Scans: read by')")
    press(page, "Full score")
    page.wait_for_function(f"() => document.querySelector('{BADGE} > span').innerText.includes('conditions')")
    assert (
        page.locator(f"{BADGE} > span")
        .inner_text()
        .endswith("14 of 16 phone conditions by zxing-cpp, touched up by 12 gray levels.")
    )


def test_the_example_says_what_the_exercise_itself_needs_and_another_control_is_not_left_with_guidance(
    page: Any,
) -> None:
    page.get_by_role("button", name="Example: the course's exercise").click()
    note = page.locator(".bootcamp-panel-notes").get_by_text("The course's exercise needs a ControlNet model")
    note.wait_for()
    page.select_option("#bootcamp_txt2img_control", "detect")
    page.wait_for_function("() => !('apply_by' in window.bootcampForms.get('bootcamp_txt2img').given)")
    note.wait_for(state="hidden")


def test_what_the_example_says_goes_with_the_first_change(page: Any) -> None:
    page.get_by_role("button", name="Example: the course's exercise").click()
    notes = page.locator(".bootcamp-panel-notes")
    notes.get_by_text("The course's exercise needs a ControlNet model").wait_for()
    assert notes.get_by_text("The exercise set the size, steps, CFG scale, sampler and schedule too.").is_visible()
    page.locator("#txt2img_width input").fill("640")
    notes.get_by_text("The course's exercise needs a ControlNet model").wait_for(state="hidden")
    assert notes.get_by_text("The exercise set the size").count() == 0


def test_img2img_asks_for_a_picture_where_there_is_none(page: Any) -> None:
    def as_img2img(route: Any) -> None:
        route.fulfill(json={**route.fetch().json(), "tab": "img2img"})

    page.route("**/forms/panel-txt2img", as_img2img)
    empty = '<div id="mode_img2img"><div>Drop Image Here</div><div style="display: none"><img></div></div>'
    page.evaluate("empty => document.body.insertAdjacentHTML('beforeend', empty)", empty)
    page.evaluate("window.bootcampForms.get('bootcamp_txt2img').reload()")
    note = page.locator(".bootcamp-panel-notes").get_by_text("img2img holds no picture yet")
    note.wait_for()
    page.evaluate(
        """() => {
            const picture = document.querySelector('#txt2img_gallery img').src;
            document.querySelector('#mode_img2img > div').innerHTML = `<img src="${picture}">`;
        }"""
    )
    note.wait_for(state="hidden")


@pytest.mark.parametrize("name", ["details", "txt2img"])
@pytest.mark.parametrize("key", ["Enter", "Space"])
def test_an_accordion_of_ours_is_opened_and_closed_by_the_keyboard(page: Any, name: str, key: str) -> None:
    header = f"#bootcamp_{name} .label-wrap"
    if name == "txt2img":  # as the WebUI does
        page.evaluate("header => document.querySelector(`${header} span`).prepend(checkbox())", header)
    page.wait_for_selector(f"{header}[data-bootcamp-reached]")
    button = page.locator(f"{header}[aria-expanded], {header} [aria-expanded]")
    before = button.get_attribute("aria-expanded")
    assert (before == "true") == (name == "txt2img")
    for expanded in ("false" if before == "true" else "true", before):
        button.press(key)
        page.wait_for_function(
            "([header, expanded]) => document.querySelector(header).parentElement"
            ".querySelector('[aria-expanded]').getAttribute('aria-expanded') === expanded",
            arg=[header, expanded],
        )
        shown = "#bootcamp_txt2img_control" if name == "txt2img" else "#bootcamp_details :is(input, textarea)"
        page.locator(shown).wait_for(state="visible" if expanded == "true" else "hidden")


def test_tab_reaches_the_headers_of_our_accordions_alone_each_with_its_name(page: Any) -> None:
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<div><div class=label-wrap>Another</div></div>')")
    page.wait_for_selector("#bootcamp_details .label-wrap[data-bootcamp-reached]")
    for name in ("Bootcamp", "Details"):
        assert page.get_by_role("button", name=name, expanded=name == "Bootcamp").evaluate("each => each.tabIndex") == 0
    assert not page.get_by_text("Another", exact=True).get_attribute("role")


def test_the_ends_of_the_effect_stand_below_the_sliders_ends(page: Any) -> None:
    slider = page.locator("[data-key=effect] input[type=range]").bounding_box()
    ends = page.locator(".bootcamp-panel-ends").bounding_box()
    assert abs(ends["x"] - slider["x"]) < 1
    assert abs(ends["width"] - slider["width"]) < 1


def test_the_stages_buttons_stand_in_a_line(page: Any) -> None:
    page.add_style_tag(content=GRADIO_4)
    buttons = light_stage(page).locator(".bootcamp-stage-bar button").all()
    assert len({each.bounding_box()["y"] for each in buttons}) == 1


def test_what_is_drawn_at_the_forms_edge_is_not_cut_by_a_frame(page: Any) -> None:
    content = page.locator("#bootcamp_txt2img_qr_content")
    content.focus()
    reach = content.evaluate(
        "each => ['outlineWidth', 'outlineOffset'].reduce((a, b) => a + parseFloat(getComputedStyle(each)[b]), 0)"
    )
    form = page.locator("#bootcamp_txt2img_form").bounding_box()
    assert content.bounding_box()["x"] - form["x"] >= reach > 0


def test_the_note_of_a_script_does_not_touch_its_box(page: Any) -> None:
    press(page, "Try again until it scans")
    note = page.get_by_text("While this script runs, the settings of the Bootcamp section are left aside.")
    note.wait_for()
    assert note.evaluate("each => parseFloat(getComputedStyle(each).paddingLeft)") >= 8


CUT = """form => {
    const cut = [];
    for (const each of form.querySelectorAll('details')) each.open = true;
    return new Promise(resolve => setTimeout(() => {
        for (const each of form.querySelectorAll('select')) {
            if (!each.offsetParent) continue;
            const width = each.offsetWidth;
            each.style.width = 'max-content';
            if (each.offsetWidth > width) cut.push([each.id, each.offsetWidth, width]);
            each.style.width = '';
        }
        resolve(cut);
    }, 500));
}"""


@pytest.mark.parametrize("control", [each.name for each in control_maps()])
def test_no_choice_is_cut_in_the_webuis_column(page: Any, control: str) -> None:
    page.add_style_tag(content="#bootcamp_txt2img_form { width: 548px; }")  # as at 1280 px
    page.select_option("#bootcamp_txt2img_control", control)
    page.wait_for_selector(f"[data-key^='{control}.']")
    assert page.locator("#bootcamp_txt2img_form").evaluate(CUT) == []


def test_a_choice_that_is_wider_than_its_column_has_the_row_and_others_do_not(page: Any) -> None:
    page.add_style_tag(content="#bootcamp_txt2img_form { width: 548px; }")
    page.select_option("#bootcamp_txt2img_control", "detect")
    detector = page.locator("[data-key='detect.detector']")
    page.wait_for_function(
        "() => document.querySelector('[data-key=\"detect.detector\"]')?.classList.contains('bootcamp-form-wide')"
    )
    assert detector.bounding_box()["width"] > 500
    page.select_option("#bootcamp_txt2img_control", "qr")
    payload = page.locator("[data-key='qr.payload']")
    payload.wait_for()
    assert payload.bounding_box()["width"] < 300


def test_a_preset_for_a_code_is_not_left_with_another_control(page: Any) -> None:
    page.evaluate("window.bootcampForms.fill('bootcamp_txt2img', {preset: 'monster'})")
    page.select_option("#bootcamp_txt2img_control", "edges")
    page.wait_for_function("() => !('preset' in window.bootcampForms.get('bootcamp_txt2img').given)")


def test_without_a_control_there_is_no_example_and_no_more(page: Any) -> None:
    page.select_option("#bootcamp_txt2img_control", "none")
    form = page.locator("#bootcamp_txt2img_form")
    form.get_by_text("More", exact=True).wait_for(state="hidden")
    assert not form.get_by_role("button").count()


def test_the_courses_example_chooses_sampler_and_schedule(page: Any) -> None:
    page.get_by_role("button", name="Example: the course's exercise").click()
    for name, value in (("sampling", "DPM++ 2M"), ("scheduler", "Karras")):
        page.wait_for_function(f"() => document.querySelector('#txt2img_{name} input').value === '{value}'")
    page.click("#txt2img_generate")
    asked = generated(page)
    assert (asked["sampler"], asked["scheduler"]) == ("DPM++ 2M", "Karras")
    assert (asked["steps"], asked["cfg_scale"], asked["width"]) == (50, 7, 512)
    assert asked["enabled"] is True
    assert json.loads(asked["values"])["qr.content"] == "https://example.com"


FRENCH = {
    "Scans: read under {1} of {2} phone conditions by {3}, touched up by {4} gray levels.": "Lu {1}/{2}, {4} ({3}).",
    "Scans: read by {1}.": "Lu par {1}.",
    "Does not scan: no reader reads its code.": "Illisible.",
    "Full score": "Note",
    "point": "ponctuelle",
    "point {1}": "ponctuelle {1}",
    "Kind: point": "Genre : ponctuelle",
}


@pytest.mark.parametrize(
    ("scan", "words"),
    [
        ("0.31 (wechat), 5 of 16 conditions, touched up by 12", "Lu 5/16, 12 (wechat)."),
        ("0.00 (wechat)", "Lu par wechat."),
        ("read by wechat", "Lu par wechat."),
        ("read by no reader", "Illisible."),
    ],
)
def test_the_badge_is_a_sentence_of_the_webuis_language(page: Any, scan: str, words: str) -> None:
    page.evaluate("words => { window.localization = words; }", FRENCH)
    infotext(page, ("read by no reader", scan), ("a star", "a moon"))
    assert page.locator(f"{BADGE} > span").inner_text() == words


def test_the_stages_lights_are_named_in_the_webuis_language(page: Any) -> None:
    page.evaluate("words => { window.localization = words; }", FRENCH)
    stage = light_stage(page)
    add = stage.locator(".bootcamp-stage-bar button").first
    assert add.get_attribute("title") == "Genre : ponctuelle"
    add.click()
    assert stage.locator("circle").first.get_attribute("aria-label") == "ponctuelle 1"


def test_a_picture_is_sent_to_the_tab_by_whatever_title_it_has(page: Any) -> None:
    page.evaluate(
        """window.localization = {Bootcamp: 'Cours'};
        document.body.insertAdjacentHTML('beforeend', `<div id="tabs"><div class="tab-nav"><button>Cours </button></div>
            <div id="bootcamp_frame"><div class="bootcamp-frame"></div></div></div>
            <div id="image_buttons_txt2img"></div>`);
        document.querySelector('#tabs button').onclick = () => { window.tabShown = true; };
        window.loaded.forEach(each => each());"""
    )
    page.route("**/bootcamp/tab/taking", lambda route: route.fulfill(json=[["qr", "Control maps", "QR", "x"]]))
    page.locator(".bootcamp-chooser").focus()
    page.wait_for_function("() => document.querySelector('.bootcamp-chooser').options.length > 1")
    page.locator(".bootcamp-chooser").select_option("qr")
    page.wait_for_function("() => window.tabShown")


def held_lights(page: Any) -> list[dict[str, Any]]:
    """What the section's text holds."""
    text = page.locator("#bootcamp_txt2img_values").locator("textarea, input").input_value()
    return list(json.loads(text or "{}").get("lighting.lights", []))


def test_a_light_is_dragged_with_the_mouse(page: Any) -> None:
    stage = light_stage(page)
    stage.locator(".bootcamp-stage-bar button").first.click()
    box = stage.locator("circle").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 50, box["y"] + 30, steps=4)
    page.mouse.up()
    [light] = held_lights(page)
    assert light["x"] > 0.3
    assert light["y"] > 0.3


def test_the_light_under_the_mouse_is_dragged_when_the_keyboard_is_at_another(page: Any) -> None:
    stage = light_stage(page)
    for number in (0, 2):
        stage.locator(".bootcamp-stage-bar button").nth(number).click()
    stage.locator("circle").nth(1).focus()
    box = stage.locator("circle").first.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 50, box["y"] + 30, steps=4)
    page.mouse.up()
    point, directional = held_lights(page)
    assert point["x"] > 0.3
    assert directional == {"kind": "directional", "elevation": 45}


def test_a_light_is_moved_with_the_keyboard_which_stays_with_it(page: Any) -> None:
    stage = light_stage(page)
    stage.locator(".bootcamp-stage-bar button").first.click()
    stage.locator("circle").focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    [light] = held_lights(page)
    assert (light["x"], light["y"]) == (0.33, 0.3)


def test_tab_goes_on_from_what_was_typed_beside_the_stage(page: Any) -> None:
    stage = light_stage(page)
    stage.locator(".bootcamp-stage-bar button").first.click()
    numbers = stage.locator(".bootcamp-stage-panel input[type=number]")
    numbers.first.fill("2.5")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.dataset.name") == "color"
    assert held_lights(page)[0]["intensity"] == 2.5


def test_after_a_light_is_removed_the_keyboard_is_at_the_next(page: Any) -> None:
    stage = light_stage(page)
    for number in (0, 2):
        stage.locator(".bootcamp-stage-bar button").nth(number).click()
    stage.locator("circle").first.focus()
    page.keyboard.press("Delete")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "directional 1"
    page.keyboard.press("Delete")
    assert page.evaluate("document.activeElement.textContent") == "+ point"


def test_a_picture_that_comes_leaves_the_keyboard_at_its_light(page: Any) -> None:
    stage = light_stage(page)
    stage.locator(".bootcamp-stage-bar button").first.click()
    stage.locator("circle").focus()
    page.wait_for_function("() => document.querySelector('.bootcamp-stage-view img').naturalWidth > 0")
    page.wait_for_timeout(300)
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "point 1"


def test_lights_are_dragged_over_their_map_at_the_pictures_proportions(page: Any) -> None:
    page.locator("#txt2img_height input").fill("512")
    page.keyboard.press("Tab")
    stage = light_stage(page)
    stage.locator(".bootcamp-stage-bar button").first.click()
    page.wait_for_function("() => document.querySelector('.bootcamp-stage-view img').naturalHeight === 512")
    page.wait_for_timeout(500)
    box = stage.locator(".bootcamp-stage-view").bounding_box()
    assert abs(box["height"] / box["width"] - 2) < 0.02


def test_a_grid_that_the_automatic_preset_would_set_otherwise_can_be_set_to_the_declared_one(page: Any) -> None:
    page.locator("#bootcamp_txt2img_form details").evaluate_all("all => all.forEach(each => { each.open = true; })")
    grid = page.locator("#bootcamp_txt2img_qr_grid_px")
    assert grid.input_value() == "0"
    grid.fill("8")
    text = page.locator("#bootcamp_txt2img_values").locator("textarea, input").input_value()
    assert json.loads(text)["qr.grid_px"] == 8
    page.locator("#bootcamp_txt2img_qr_grid_px").fill("0")
    page.locator("#bootcamp_txt2img_apply_by").select_option("guidance")
    assert grid.input_value() == "8"


def test_the_scripts_form_has_no_empty_details(page: Any) -> None:
    press(page, "Try again until it scans")
    page.wait_for_selector("#bootcamp_txt2img_until_it_scans_content", state="visible")
    notes = page.locator("#bootcamp_txt2img_until_it_scans_form .bootcamp-panel details")
    assert [each.inner_text() for each in notes.all() if each.is_visible()] == []


def test_while_the_next_picture_is_drawn_the_badge_is_pale_and_nothing_in_it_is_pressed(page: Any) -> None:
    page.evaluate(
        """() => document.querySelector('#tab_txt2img').insertAdjacentHTML('beforeend',
            '<button id="txt2img_interrupt" style="display: block">Interrupt</button>')"""
    )
    page.wait_for_function(f"() => document.querySelector('{BADGE}').inert")
    page.evaluate(
        """() => {
            window.before = document.querySelector('.bootcamp-scan-badge');
            const clock = '<div class="wrap">1.5s</div>';
            document.querySelector('#html_info_txt2img').insertAdjacentHTML('beforeend', clock);
        }"""
    )
    page.wait_for_timeout(500)
    assert page.evaluate(
        "() => document.querySelector('.bootcamp-scan-badge') === window.before && window.before.inert"
    )
    assert float(page.locator(BADGE).evaluate("each => getComputedStyle(each).opacity")) < 0.6
    page.evaluate(
        """() => {
            document.querySelector('#txt2img_interrupt').style.display = 'none';
            document.querySelector('#txt2img_gallery').append('');
        }"""
    )
    page.wait_for_function(f"() => !document.querySelector('{BADGE}').inert")
    assert page.locator(BADGE).evaluate("each => getComputedStyle(each).opacity") == "1"


def test_a_lighting_is_begun_from_a_ready_made_one_without_opening_anything(page: Any) -> None:
    light_stage(page)
    choice = page.get_by_label("Start from")
    assert choice.first.is_visible()
    name = choice.first.locator("option").nth(1).inner_text()
    choice.first.select_option(name)
    page.wait_for_function(
        "() => document.querySelector('#bootcamp_txt2img_values :is(textarea, input)').value.includes('lighting')"
    )


def test_a_size_that_came_with_settings_of_the_tab_is_named_until_it_is_another(page: Any) -> None:
    page.locator("#bootcamp_txt2img_qr_content").fill("https://example.com/a")
    page.evaluate("() => bootcampPanel.received('txt2img', { width: 592, height: 640 })")
    for side, px in (("width", "592"), ("height", "640")):
        page.locator(f"#txt2img_{side} input").fill(px)
    notes = page.locator("#bootcamp_txt2img_preview .bootcamp-panel-notes")
    sentence = "Width and height were set to 592 x 640, as they are in the Bootcamp tab."
    notes.get_by_text(sentence).wait_for()
    page.locator("#txt2img_width input").fill("512")
    notes.get_by_text(sentence).wait_for(state="detached")


@pytest.mark.parametrize(("held", "opens"), [("", True), ('{"qr.content": "x"}', False)])
def test_a_section_that_is_ticked_opens_where_nothing_is_set(page: Any, held: str, opens: bool) -> None:
    """The WebUI's accordion with a check box in its header, which alone leaves it closed."""
    page.evaluate(
        """held => {
            const box = document.querySelector('#bootcamp_txt2img_values :is(textarea, input)');
            box.value = held;
            const accordion = document.querySelector('#bootcamp_txt2img');
            accordion.insertAdjacentHTML('afterbegin', '<div class="label-wrap closed">'
                + '<input type="checkbox" id="bootcamp_txt2img-visible-checkbox"></div>');
            const head = accordion.querySelector('.label-wrap.closed');
            accordion.querySelectorAll('.label-wrap').forEach(each => each !== head && each.remove());
            head.addEventListener('click', () => head.classList.add('open'));
            head.firstChild.addEventListener('click', event => event.stopPropagation());
        }""",
        held,
    )
    page.locator("#bootcamp_txt2img-visible-checkbox").check()
    page.wait_for_timeout(200)
    head = page.locator("#bootcamp_txt2img .label-wrap")
    assert ("open" in head.get_attribute("class").split()) is opens
