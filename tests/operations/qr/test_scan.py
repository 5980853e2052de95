from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from lib_bootcamp.context import Context
from lib_bootcamp.core.scan import decoders as scan_decoders
from lib_bootcamp.core.scan.decoders import installed
from lib_bootcamp.core.scan.ladder import LADDER
from lib_bootcamp.errors import CancelledError, InvalidParamError, MissingPackageError
from lib_bootcamp.hosts.standalone import SilentProgress, StandaloneHost
from lib_bootcamp.operations.qr.scan import SCAN, ScanParams, ScanResult, scan
from tests.core.scan.scan_pictures import TEXT, FakeDecoder, code, draw, laid_out

NOTHING = np.full((96, 128), 200, np.uint8)


def run(progress: SilentProgress | None = None, **values: object) -> ScanResult:
    return scan(ScanParams(**values), Context.of_terminal(StandaloneHost(), progress or SilentProgress()))  # type: ignore[arg-type]


def use(monkeypatch: pytest.MonkeyPatch, *readers: FakeDecoder) -> None:
    monkeypatch.setattr(scan_decoders, "DECODERS", readers)


@pytest.mark.parametrize("depth", ["fast", "full"])
def test_a_clean_code_scores_1(depth: str) -> None:
    result = run(image=code(module_px=16), expected=TEXT, depth=depth, decoders=("zxing-cpp",))
    assert (result.scans, result.score, result.texts) == (True, 1.0, (TEXT,))


@pytest.mark.parametrize("depth", ["fast", pytest.param("full", marks=pytest.mark.thorough)])
def test_a_picture_without_a_code_scores_0(depth: str) -> None:
    result = run(image=NOTHING, depth=depth, decoders=("zxing-cpp", "wechat"))
    assert (result.scans, result.score, result.texts, result.agreement) == (False, 0.0, (), 0.0)


@pytest.mark.parametrize("depth", ["fast", "full"])
def test_another_text_than_expected_scores_0_and_is_named(depth: str) -> None:
    result = run(image=code(), expected=TEXT + "/", depth=depth, decoders=("zxing-cpp",))
    assert (result.scans, result.score, result.texts) == (False, 0.0, (TEXT,))


@pytest.mark.parametrize("depth", ["fast", "full"])
def test_the_expected_text_defaults_to_that_of_the_layout(depth: str) -> None:
    modules, layout = laid_out()
    other = dataclasses.replace(layout, content="http://example.com/another!")
    assert run(image=draw(modules), layout=other, depth=depth, decoders=("zxing-cpp",)).score == 0.0


def test_an_expected_text_that_differs_from_the_layout_is_refused() -> None:
    with pytest.raises(InvalidParamError, match="leave one of them out"):
        ScanParams(image=NOTHING, expected="x", layout=laid_out()[1])


def test_the_score_is_the_share_of_readers_and_conditions(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, FakeDecoder(texts=("yes",)), FakeDecoder(name="quirc", texts=("no",)))
    result = run(image=NOTHING, expected="yes")
    assert (result.score, [each.passed for each in result.decoders]) == (0.5, [len(LADDER), 0])


def test_without_an_expected_text_the_most_frequent_one_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    readers = [FakeDecoder(name="zxing-cpp", texts=("a",)), FakeDecoder(name="quirc", texts=("a",))]
    use(monkeypatch, *readers, FakeDecoder(name="pyzbar", texts=("b",)), FakeDecoder(name="opencv"))
    result = run(image=NOTHING)
    assert (result.score, result.texts, round(result.agreement, 3)) == (0.5, ("a", "b"), 0.667)


def test_under_the_least_score_it_does_not_scan(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, FakeDecoder(texts=("yes",)), FakeDecoder(name="quirc"))
    answers = [run(image=NOTHING, expected="yes", min_score=least).succeeded() for least in (0.5, 0.51)]
    assert answers == [True, False]


def test_the_least_score_does_not_concern_a_fast_scan() -> None:
    assert run(image=code(), expected=TEXT, depth="fast", min_score=1.0).scans


def test_readers_that_are_missing_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, FakeDecoder(), FakeDecoder(name="quirc", here=False))
    assert run(image=NOTHING).decoders_missing == ("quirc",)


def test_without_any_of_the_readers_asked_for_the_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, FakeDecoder(), FakeDecoder(name="quirc", package="pyquirc", here=False))
    with pytest.raises(InvalidParamError, match="install the package pyquirc, or choose of zxing-cpp"):
        run(image=NOTHING, decoders=("quirc",))


def test_without_any_reader_the_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, FakeDecoder(package="zxing-cpp", here=False))
    with pytest.raises(MissingPackageError, match="pip install zxing-cpp"):
        run(image=NOTHING)


def test_only_the_readers_asked_for_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    other = FakeDecoder(name="quirc")
    use(monkeypatch, FakeDecoder(), other)
    run(image=NOTHING, decoders=("zxing-cpp",))
    assert other.shapes == []


def test_a_reader_named_twice_is_refused() -> None:
    with pytest.raises(InvalidParamError, match="twice"):
        ScanParams(image=NOTHING, decoders=("quirc", "quirc"))


def test_passed_and_failed_steps_are_all_the_steps() -> None:
    (report,) = run(image=code(), expected=TEXT, decoders=("zxing-cpp",)).decoders
    assert sorted(report.steps_passed + report.steps_failed) == sorted(LADDER)


def test_the_summary_names_readers_and_their_shares(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, FakeDecoder(texts=("yes",)), FakeDecoder(name="quirc"))
    assert run(image=NOTHING, expected="yes").summary() == "Scans: 0.50 (zxing-cpp 16/16, quirc 0/16)"


def test_the_line_of_a_terminal_has_the_text_that_was_read(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, FakeDecoder(texts=("a\n\x1b[2J",)))
    assert run(image=NOTHING).line() == r'Scans: 1.00 (zxing-cpp 16/16), read "a\n\u001b[2J"'


def test_a_long_text_is_cut_in_the_line_with_its_length(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, FakeDecoder(texts=("L" * 2500,)))
    result = run(image=NOTHING)
    assert result.line().endswith(f'read "{"L" * 200}…" (2,500 characters)')
    assert result.texts == ("L" * 2500,)


def test_the_line_of_a_terminal_counts_further_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, FakeDecoder(texts=("a", "b", "c")))
    assert run(image=NOTHING).line().endswith('3 texts, read "a" and 2 more')


def test_the_line_of_a_terminal_has_no_text_where_none_was_read(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, FakeDecoder())
    assert "read" not in run(image=NOTHING).line()


def test_a_cancelled_scan_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, FakeDecoder())
    progress = SilentProgress()
    progress.cancel()
    with pytest.raises(CancelledError):
        run(progress, image=NOTHING)


def test_a_cancelled_fast_scan_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, FakeDecoder())
    progress = SilentProgress()
    progress.cancel()
    with pytest.raises(CancelledError):
        run(progress, image=NOTHING, depth="fast")


def sheet(rows: int, columns: int) -> np.ndarray:
    """One label of 3 px a module in each place, none of them the same."""
    return np.vstack(
        [np.hstack([code(f"LABEL-{y:02}{x:02}", "L", module_px=3) for x in range(columns)]) for y in range(rows)]
    )


@pytest.mark.parametrize("depth", ["fast", "full"])
def test_27_codes_are_27_texts(depth: str) -> None:
    result = run(image=sheet(3, 9), depth=depth, decoders=("zxing-cpp",))
    assert (len(result.texts), result.text_count, ", 27 texts" in result.summary()) == (27, 27, True)


def test_of_more_texts_than_are_listed_the_number_is_given() -> None:
    result = run(image=sheet(15, 18), depth="fast", decoders=("zxing-cpp",))
    assert (len(result.texts), result.text_count) == (256, 270)
    assert result.summary().endswith(", 256 of 270 texts listed")


def test_the_expected_text_among_other_codes_is_found() -> None:
    result = run(image=sheet(3, 9), depth="fast", expected="LABEL-0208", decoders=("zxing-cpp",))
    assert (result.scans, len(result.texts)) == (True, 27)


def screen_with(small: np.ndarray) -> np.ndarray:
    picture = np.full((1080, 1920), 240, np.uint8)
    picture[600 : 600 + len(small), 700 : 700 + len(small)] = small
    return picture


@pytest.mark.parametrize("module_px", [1, 2, 3])
def test_a_small_code_of_a_large_picture_gets_the_score_of_its_own(module_px: int) -> None:
    result = run(image=screen_with(code(module_px=module_px)), expected=TEXT, decoders=("zxing-cpp",))
    assert result.score >= 0.4


def test_where_only_a_closer_look_reads_it_a_full_scan_says_yes() -> None:
    # Two colors of one brightness: none of the conditions shows more than brightness.
    picture = np.where(code()[..., None] == 0, np.array((255, 0, 0)), np.array((76, 76, 76))).astype(np.uint8)
    result = run(image=picture, expected=TEXT, decoders=("zxing-cpp",))
    assert (result.scans, result.decoders[0].steps_passed) == (True, ("blue only",))


def test_without_a_layout_there_is_no_error_map() -> None:
    result = run(image=NOTHING, depth="fast", decoders=("zxing-cpp",))
    assert (result.modules, result.error_map, result.pictures()) == (None, None, {})


def test_with_a_layout_wrong_modules_are_counted_by_pattern() -> None:
    modules, layout = laid_out(version=3, level="L")
    # Data, format, timing and finder, one each; (10, 20) and (8, 2) may be dark or light.
    for place in ((10, 20), (8, 2), (6, 10), (0, 0)):
        modules[place] = not modules[place]
    report = run(image=draw(modules), layout=layout, depth="fast", decoders=("zxing-cpp",)).modules
    assert report is not None
    counts = {each.pattern: each.wrong for each in report.patterns}
    assert (report.wrong, counts) == (4, {"data": 1, "format": 1, "timing": 1, "alignment": 0, "finder": 1})


def test_light_and_dark_errors_are_counted_apart() -> None:
    modules, layout = laid_out(version=3, level="L")
    modules[0, :3] = False
    modules[7, 7] = True
    report = run(image=draw(modules), layout=layout, depth="fast", decoders=("zxing-cpp",)).modules
    assert report is not None
    assert (report.should_be_dark, report.should_be_light) == (3, 1)


def test_the_error_map_is_as_large_as_the_picture() -> None:
    modules, layout = laid_out()
    picture = draw(modules)
    result = run(image=picture, layout=layout, depth="fast", decoders=("zxing-cpp",))
    assert result.error_map is not None
    assert result.error_map.shape == (*picture.shape, 3)


def test_the_facts_are_json() -> None:
    modules, layout = laid_out()
    facts = run(image=draw(modules), layout=layout, depth="fast", decoders=("zxing-cpp",)).to_json()
    assert json.loads(json.dumps(facts)) == facts


def test_the_picture_is_not_changed() -> None:
    modules, layout = laid_out()
    picture = draw(modules)
    before = picture.copy()
    run(image=picture, layout=layout, decoders=("zxing-cpp",))
    assert np.array_equal(picture, before)


@pytest.mark.parametrize("shape", [(1, 1), (1, 1, 3), (3, 1000, 3), (2000, 2)])
@pytest.mark.parametrize("depth", ["fast", pytest.param("full", marks=pytest.mark.thorough)])
def test_pictures_of_any_shape_are_answered(shape: tuple[int, ...], depth: str) -> None:
    assert not run(image=np.full(shape, 255, np.uint8), depth=depth, decoders=("zxing-cpp", "wechat")).scans


@pytest.mark.thorough
def test_a_code_in_a_67_megapixel_picture_is_read() -> None:
    side = 8192
    picture = np.full((side, side), 255, np.uint8)
    small = code(module_px=64)
    picture[1000 : 1000 + len(small), 2000 : 2000 + len(small)] = small
    assert run(image=picture, expected=TEXT, depth="fast", decoders=("zxing-cpp",)).scans


@pytest.mark.parametrize("name", SCAN.presets)
def test_every_preset_is_valid(name: str) -> None:
    assert SCAN.params_from({"image": NOTHING, "preset": name}).depth in {"fast", "full"}


@pytest.mark.parametrize("reader", installed(), ids=lambda each: each.name)
def test_each_reader_alone_reads_a_clean_code_at_once(reader: FakeDecoder) -> None:
    assert run(image=code(), expected=TEXT, depth="fast", decoders=(reader.name,)).scans
