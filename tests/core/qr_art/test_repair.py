"""Which modules the next try asks for more firmly."""

from __future__ import annotations

import numpy as np

from lib_bootcamp.core.qr_art.repair import ALL, FACTOR, MOST, raised, weak_modules
from lib_bootcamp.core.scan.error_map import ErrorMap


def errors(margin: np.ndarray) -> ErrorMap:
    expected = np.zeros(margin.shape, bool)
    return ErrorMap(
        expected=expected,
        seen=margin < 0,
        margin=margin.astype(np.float32),
        patterns=np.zeros(margin.shape, np.uint8),
        wrong_codewords=(0,),
        correctable=(1,),
    )


def test_modules_that_are_wrong_or_nearly_so_are_weak() -> None:
    weak = weak_modules(errors(np.array([[-5.0, 3.0], [60.0, 90.0]])))
    assert weak.tolist() == [[True, True], [False, False]]


def test_where_none_is_weak_the_tenth_with_the_least_margin_is() -> None:
    margin = np.arange(100, 200.0).reshape(10, 10)
    weak = weak_modules(errors(margin))
    assert weak.sum() == 10
    assert weak[0].all()


def test_weak_modules_are_asked_for_more_firmly_the_others_a_little_and_none_without_end() -> None:
    weights = np.array([[1.0, 1.5]], np.float32)
    weak = np.array([[True, False]])
    once = raised(weights, weak)
    np.testing.assert_allclose(once, [[FACTOR, 1.5 * ALL]])
    for _ in range(20):
        once = raised(once, weak)
    np.testing.assert_allclose(once, [[MOST, MOST]])
