"""Scores, ensembles, cut-offs and the confusion matrix on numbers worked out by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib_bootcamp.core.text.zero_shot import LabelSet, Scorer, confusion, ensemble, fill, unit

EAST, NORTH = [1.0, 0.0], [0.0, 1.0]
NONE = np.zeros((0, 2), np.float32)


def rows(*given_rows: list[float]) -> Any:
    return np.array(given_rows, np.float32)


def scorer(**values: Any) -> Scorer:
    settled: dict[str, Any] = {"scale": 1.0, "bias": None, "scoring": "softmax", "negatives": NONE, "neutral": NONE}
    return Scorer(**{**settled, **values})


def labels(*names: str, features: Any, name: str = "") -> LabelSet:
    return LabelSet(name=name, labels=names, features=features)


COMPASS = labels("east", "north", features=rows(EAST, NORTH))


def test_templates_are_filled_label_by_label() -> None:
    assert fill(["a {}.", "the {}"], ["cat", "{dog}"]) == ["a cat.", "the cat", "a {dog}.", "the {dog}"]


def test_an_ensemble_is_the_mean_of_unit_length() -> None:
    half = math.sqrt(0.5)
    made = ensemble(rows(EAST, NORTH, NORTH, NORTH), 2)
    assert made == pytest.approx(np.array([[half, half], [0, 1]]), abs=1e-6)


def test_a_row_of_zeros_stays_one() -> None:
    assert unit(rows([0.0, 0.0], [3.0, 4.0])) == pytest.approx(np.array([[0, 0], [0.6, 0.8]]), abs=1e-6)


def test_softmax_of_cosines_1_and_0_at_scale_1() -> None:
    values, _ = scorer().values(rows(EAST), COMPASS.features)
    assert values[0] == pytest.approx([math.e / (math.e + 1), 1 / (math.e + 1)])


def test_the_scale_sharpens_the_softmax() -> None:
    values, _ = scorer(scale=math.log(99)).values(rows(EAST), COMPASS.features)
    assert values[0] == pytest.approx([0.99, 0.01])


def test_a_negative_label_takes_its_share_of_the_softmax() -> None:
    values, negatives = scorer(scale=math.log(3), negatives=rows(EAST)).values(rows(EAST), COMPASS.features)
    assert values[0] == pytest.approx([3 / 7, 1 / 7])
    assert negatives[0] == pytest.approx([3 / 7])


def test_sigmoid_uses_the_bias_of_a_model_that_has_one() -> None:
    values, _ = scorer(scoring="sigmoid", scale=10.0, bias=-10.0).values(rows(EAST), COMPASS.features)
    assert values[0] == pytest.approx([0.5, 1 / (1 + math.exp(10))])


def test_sigmoid_without_a_bias_weighs_each_label_against_texts_that_say_nothing() -> None:
    values, _ = scorer(scoring="sigmoid", scale=math.log(4), neutral=rows(NORTH)).values(rows(EAST), COMPASS.features)
    assert values[0] == pytest.approx([0.8, 0.5])


def test_sigmoid_without_a_bias_weighs_each_label_against_the_negatives_where_there_are_some() -> None:
    both = scorer(scoring="sigmoid", scale=math.log(4), neutral=rows(EAST), negatives=rows(NORTH))
    assert both.values(rows(EAST), COMPASS.features)[0][0] == pytest.approx([0.8, 0.5])


def test_a_sigmoid_score_does_not_hang_on_the_other_labels() -> None:
    alone = scorer(scoring="sigmoid", neutral=rows(NORTH)).values(rows(EAST), rows(EAST))[0]
    among = scorer(scoring="sigmoid", neutral=rows(NORTH)).values(rows(EAST), COMPASS.features)[0]
    assert alone[0, 0] == among[0, 0]


def test_the_best_label_is_the_answer_and_scores_are_best_first() -> None:
    ((answer,),) = scorer(scale=math.log(3)).answers(rows(NORTH), [COMPASS])
    assert answer.label == "north"
    assert [each.label for each in answer.scores] == ["north", "east"]
    assert [each.value for each in answer.scores] == pytest.approx([0.75, 0.25])


def test_equal_scores_keep_the_order_of_the_labels() -> None:
    ((answer,),) = scorer().answers(rows([0.6, 0.6]), [COMPASS])
    assert [each.label for each in answer.scores] == ["east", "north"]


def test_below_the_cut_off_there_is_no_answer_but_scores() -> None:
    ((answer,),) = scorer(scale=math.log(3), unknown_below=0.76).answers(rows(NORTH), [COMPASS])
    assert answer.label is None
    assert answer.scores[0].label == "north"


def test_at_the_cut_off_there_is_an_answer() -> None:
    ((answer,),) = scorer(unknown_below=0.5).answers(rows([0.6, 0.6]), [COMPASS])
    assert answer.label == "east"


def test_where_a_negative_label_is_best_there_is_no_answer() -> None:
    one = labels("north", features=rows(NORTH))
    ((answer,),) = scorer(negatives=rows(EAST)).answers(rows(EAST), [one])
    assert answer.label is None
    assert [each.label for each in answer.scores] == ["north"]


def test_top_k_keeps_the_best_scores_as_they_are() -> None:
    ((answer,),) = scorer(scale=math.log(3), top_k=1).answers(rows(EAST), [COMPASS])
    assert [(each.label, each.value) for each in answer.scores] == [("east", pytest.approx(0.75))]


def test_each_group_is_weighed_by_itself() -> None:
    one = labels("only", features=rows(NORTH), name="second")
    ((first, second),) = scorer().answers(rows(EAST), [COMPASS, one])
    assert (first.label, second.label, second.name) == ("east", "only", "second")
    assert second.scores[0].value == 1.0


@given(st.lists(st.tuples(st.floats(-1, 1), st.floats(-1, 1)), min_size=1, max_size=8), st.floats(0, 200))
@settings(max_examples=100)
def test_softmax_values_add_up_to_1_whatever_the_scale(cosines: list[tuple[float, float]], scale: float) -> None:
    values, negatives = scorer(scale=scale, negatives=rows([0.5, 0.5])).values(
        rows(*map(list, cosines)), COMPASS.features
    )
    assert values.sum(axis=1) + negatives.sum(axis=1) == pytest.approx(np.ones(len(cosines)))
    assert (values >= 0).all()


def test_the_confusion_matrix_counts_truth_by_answer_with_the_unknown_last() -> None:
    made = confusion(["a", "b"], ["a", "a", "b", "b"], ["a", "b", "b", None])
    assert made.counts.tolist() == [[1, 1, 0], [0, 1, 1]]
    assert (made.total, made.right, made.accuracy) == (4, 2, 0.5)


def test_recall_is_by_truth_and_precision_by_answer() -> None:
    made = confusion(["a", "b", "c"], ["a", "a", "b"], ["a", "b", "b"])
    assert made.recall() == {"a": 0.5, "b": 1.0, "c": None}
    assert made.precision() == {"a": 1.0, "b": 0.5, "c": None}


def test_without_pictures_the_accuracy_is_0() -> None:
    assert confusion(["a"], [], []).accuracy == 0.0


def test_the_matrix_is_printed_in_lines() -> None:
    made = confusion(["cat", "hedgehog"], ["cat", "cat", "hedgehog"], ["cat", None, "hedgehog"])
    assert list(made.lines()) == [
        "accuracy 66.7 % (2 of 3)",
        "     truth      1   2   ?   found   right",
        "   1 cat        1   0   1   50.0%  100.0%",
        "   2 hedgehog   0   1   0  100.0%  100.0%",
    ]


def test_a_matrix_of_many_labels_has_no_columns() -> None:
    names = [f"label {number}" for number in range(31)]
    lines = list(confusion(names, names, names).lines())
    assert lines[2] == "   1 label 0   100.0%  100.0%"
