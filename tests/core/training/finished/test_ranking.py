"""The score of a training's file: every one of its three numbers counts, by how far it is from the others'."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lib_bootcamp.core.training.finished.ranking import LEAST_SPREAD, Measured, ranked, scores_of

SAME = Measured(likeness=0.5, prompt=-0.02, others=0.8)


@pytest.mark.parametrize("name", ["likeness", "prompt", "others"])
def test_where_all_else_is_equal_each_number_alone_decides(name: str) -> None:
    better = replace(SAME, **{name: getattr(SAME, name) + 0.1})
    assert ranked(scores_of([SAME, better, SAME])) == [1, 0, 2]


@pytest.mark.parametrize("name", ["likeness", "prompt", "others"])
def test_two_better_numbers_outweigh_one_that_is_worse_by_as_many_spreads(name: str) -> None:
    better = Measured(likeness=0.6, prompt=0.0, others=0.9)
    mixed = replace(better, **{name: getattr(SAME, name)}), replace(SAME, **{name: getattr(better, name)})
    assert ranked(scores_of(mixed)) == [0, 1]


def test_a_score_is_the_mean_of_z_scores() -> None:
    files = [Measured(likeness=0.2, prompt=0.0, others=1.0), Measured(likeness=0.6, prompt=0.0, others=0.9)]
    assert scores_of(files) == [0.0, 0.0]
    files.append(Measured(likeness=0.7, prompt=0.0, others=0.5))
    # likeness: mean 0.5, spread 0.216025; others: mean 0.8, spread 0.216025; the prompts are all equal
    assert scores_of(files) == pytest.approx([-0.154303, 0.308607, -0.154303], abs=1e-6)


def test_opposite_curves_are_ranked_by_their_knee() -> None:
    curve = [
        Measured(likeness=likeness, prompt=0.0, others=others)
        for likeness, others in ((0.3, 1.0), (0.65, 0.95), (0.68, 0.8), (0.7, 0.6))
    ]
    assert ranked(scores_of(curve))[0] == 1


def test_what_differs_by_less_than_the_least_spread_hardly_counts() -> None:
    files = [replace(SAME, others=0.8 + LEAST_SPREAD / 100), replace(SAME, likeness=0.52)]
    assert scores_of(files)[1] > 0.3
    assert abs(scores_of([files[0], SAME])[0]) < 0.01


def test_without_training_pictures_likeness_does_not_count() -> None:
    files = [replace(SAME, likeness=None), replace(SAME, likeness=None, others=0.9)]
    assert scores_of(files) == pytest.approx([-0.5, 0.5])


def test_equal_files_keep_their_order() -> None:
    assert ranked(scores_of([SAME] * 4)) == [0, 1, 2, 3]
    assert scores_of([SAME]) == [0.0]
