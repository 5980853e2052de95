from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lib_bootcamp.core.scan import ladder as scan_ladder
from lib_bootcamp.core.scan import views as scan_views
from lib_bootcamp.core.scan.decoders import installed
from lib_bootcamp.core.scan.ladder import FAST, LADDER, WITHOUT_ZXING, Stage, Tally, cascade, ladder, texts_of
from lib_bootcamp.core.scan.views import PREPARATIONS
from tests.core.scan.scan_pictures import TEXT, FakeDecoder, code

TWO = (Stage("zxing-cpp", 256, "as it is"), Stage("quirc", 128, "as it is"))


def last(steps: object) -> dict[str, Tally]:
    return list(steps)[-1]  # type: ignore[call-overload,no-any-return]


def test_every_stage_of_the_cascade_names_a_known_preparation() -> None:
    assert {each.preparation for each in FAST + WITHOUT_ZXING} <= set(PREPARATIONS)


def test_no_stage_of_the_cascade_comes_twice() -> None:
    stages = FAST + WITHOUT_ZXING
    assert len(set(stages)) == len(stages)


def test_the_cascade_stops_at_the_first_exact_hit() -> None:
    first, second = FakeDecoder(texts=("yes",)), FakeDecoder(name="quirc", texts=("yes",))
    cascade(np.zeros((300, 300), np.uint8), [first, second], "yes", TWO)
    assert second.shapes == []


def test_the_cascade_goes_on_after_another_text() -> None:
    readers = [FakeDecoder(texts=("no",)), FakeDecoder(name="quirc", texts=("yes",))]
    tallies = cascade(np.zeros((300, 300), np.uint8), readers, "yes", TWO)
    assert tallies["quirc"].passed("yes") == ("128 px, as it is",)


def test_the_cascade_without_an_expected_text_stops_at_any_text() -> None:
    second = FakeDecoder(name="quirc")
    cascade(np.zeros((300, 300), np.uint8), [FakeDecoder(texts=("any",)), second], None, TWO)
    assert second.shapes == []


def test_a_stage_sees_the_picture_at_its_size() -> None:
    reader = FakeDecoder()
    cascade(np.zeros((600, 300), np.uint8), [reader], None, TWO)
    assert reader.shapes == [(256, 128)]


def test_stages_that_would_see_the_same_picture_are_tried_once() -> None:
    reader = FakeDecoder()
    stages = (Stage("zxing-cpp", 512, "as it is"), Stage("zxing-cpp", 768, "as it is"))
    cascade(np.zeros((300, 300), np.uint8), [reader], None, stages)
    assert len(reader.shapes) == 1


def test_stages_of_missing_readers_are_passed_over() -> None:
    assert set(cascade(np.zeros((300, 300), np.uint8), [FakeDecoder(name="quirc")], None, TWO)) == {"quirc"}


def test_every_reader_has_a_stage_where_zxing_is_not_used() -> None:
    # Whoever asks for one reader only must not get "no" because it has no stage.
    assert {each.decoder for each in FAST + WITHOUT_ZXING} == {"zxing-cpp", "wechat", "opencv", "pyzbar", "quirc"}


@pytest.mark.parametrize(
    ("readers", "sides"),
    [(("zxing-cpp", "opencv"), []), (("opencv",), [(256, 256), (300, 300)])],
)
def test_opencv_is_asked_only_where_zxing_is_not(readers: tuple[str, ...], sides: list[tuple[int, int]]) -> None:
    made = {name: FakeDecoder(name=name) for name in readers}
    cascade(np.zeros((300, 300), np.uint8), list(made.values()), None)
    assert made["opencv"].shapes == sides


@pytest.mark.parametrize("reader", installed(["zxing-cpp", "pyzbar", "quirc"]), ids=lambda each: each.name)
def test_the_cascade_reads_a_code_of_version_32(reader: FakeDecoder) -> None:
    text = "https://example.com/" + "x" * 1500
    tallies = cascade(code(text, "M", module_px=6), [reader], text)
    assert len(tallies[reader.name].passed(text)) == 1


@pytest.mark.parametrize("reader", installed(), ids=lambda each: each.name)
def test_the_cascade_of_each_single_reader_reads_a_clean_code(reader: FakeDecoder) -> None:
    tallies = cascade(code(), [reader], TEXT)
    assert len(tallies[reader.name].passed(TEXT)) == 1


@pytest.mark.parametrize("reader", installed(), ids=lambda each: each.name)
def test_a_clean_code_passes_every_condition(reader: FakeDecoder) -> None:
    tallies = last(ladder(code(module_px=16), [reader]))
    assert tallies[reader.name].failed(TEXT) == ()


def test_the_ladder_tries_each_reader_under_each_condition() -> None:
    tallies = last(ladder(np.zeros((64, 64), np.uint8), [FakeDecoder(), FakeDecoder(name="quirc")]))
    assert [list(each.readings) for each in tallies.values()] == [list(LADDER)] * 2


def test_the_ladder_gives_a_tally_after_each_condition() -> None:
    assert len(list(ladder(np.zeros((64, 64), np.uint8), [FakeDecoder()]))) == len(LADDER)


def test_a_reader_over_its_time_is_tried_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan_ladder, "_READER_BUDGET_S", -1)
    reader = FakeDecoder(texts=("text",))
    tallies = last(ladder(np.zeros((64, 64), np.uint8), [reader]))
    assert (reader.shapes, tallies[reader.name].passed("text")) == ([], ())


def test_a_code_of_one_pixel_a_module_is_read() -> None:
    assert cascade(code(module_px=1), installed(["zxing-cpp"]), TEXT)["zxing-cpp"].passed(TEXT)


def test_small_pictures_are_enlarged_by_a_whole_number() -> None:
    assert scan_views.enlarge_small(np.zeros((50, 100), np.uint8)).shape == (100, 200)


def test_a_huge_picture_is_reduced_to_2048_px() -> None:
    assert scan_views.gray_of(np.zeros((100, 8192, 3), np.uint8)).shape == (25, 2048)


def test_gray_is_rec_601_luma() -> None:
    red = np.full((4, 4, 3), (255, 0, 0), np.uint8)
    assert int(scan_views.gray_of(red)[0, 0]) == 76


@pytest.mark.parametrize("name", [*PREPARATIONS, *LADDER])
def test_no_preparation_changes_its_input(name: str) -> None:
    gray = code()
    before = gray.copy()
    {**PREPARATIONS, **LADDER}[name](gray)
    assert np.array_equal(gray, before)


@settings(max_examples=40, deadline=None)
@given(
    name=st.sampled_from([*PREPARATIONS, *LADDER]),
    gray=hnp.arrays(np.uint8, st.tuples(st.integers(1, 70), st.integers(1, 70))),
)
def test_every_preparation_takes_any_picture(name: str, gray: np.ndarray) -> None:
    out = {**PREPARATIONS, **LADDER}[name](gray)
    assert (out.dtype, out.ndim, min(out.shape) >= 1) == (np.uint8, 2, True)


def test_each_condition_differs_from_the_others() -> None:
    gray = np.pad(code(module_px=13), 8, constant_values=200)  # 8 or 16 px would be lossless in JPEG
    shown = [prepare(gray) for label, prepare in LADDER.items() if label != "near (1024 px)"]
    assert all(a.shape != b.shape or not np.array_equal(a, b) for i, a in enumerate(shown) for b in shown[i + 1 :])


def test_texts_are_counted_over_readers_and_tries() -> None:
    tallies = [Tally({"one": ("a",), "two": ("a", "b")}), Tally({"one": ("a",)})]
    assert texts_of(tallies) == {"a": 3, "b": 1}
