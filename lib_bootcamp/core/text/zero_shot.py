"""Zero-shot classification on unit features: scores of labels, ensembles of templates, groups, accuracy.

Source: Radford et al., "Learning Transferable Visual Models From Natural Language Supervision" (2021), 3.1.2 and 3.1.4;
Zhai et al., "Sigmoid Loss for Language Image Pre-Training" (2023).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .scores import GroupScores, LabelScore

Scoring: TypeAlias = Literal["softmax", "sigmoid"]
Features: TypeAlias = NDArray[np.float32]
MATRIX_LABELS = 30


def fill(templates: Sequence[str], labels: Sequence[str]) -> list[str]:
    """Each label in each template: label by label, in the order that `ensemble` expects.

    Args:
        templates: texts that hold `{}`.
        labels: what is put there; a label may hold braces itself.
    """
    return [template.replace("{}", label) for label in labels for template in templates]


def ensemble(texts: Features, templates: int) -> Features:
    """One feature for each label: the mean over its templates, of unit length again.

    Args:
        texts: float32 [labels * templates, D], unit length, as `fill` orders them.
        templates: how many there are for each label.
    Returns:
        float32 [labels, D], unit length.
    """
    means = texts.reshape(-1, templates, texts.shape[-1]).mean(axis=1)
    return unit(means)


def unit(features: Features) -> Features:
    """Rows of unit length; a row of zeros stays one.

    Args:
        features: [N, D].
    """
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    return np.asarray(features / np.where(lengths > 0, lengths, 1), dtype=np.float32)


@dataclass(frozen=True, kw_only=True)
class LabelSet:
    """Labels that are weighed against each other, with their features.

    Args:
        name: of the group; empty for the labels that belong to none.
        labels: what may be answered.
        features: float32 [labels, D], unit length.
    """

    name: str
    labels: tuple[str, ...]
    features: Features


@dataclass(frozen=True, kw_only=True)
class Scorer:
    """Turns pictures' features into answers.

    Args:
        scale: what cosines are multiplied with (the model's temperature, e.g. 100).
        bias: what is added to them for sigmoid scores; None for a model that was not trained on them.
        scoring: `softmax` weighs the labels of a set against each other; `sigmoid` each by itself.
        negatives: float32 [N, D] of labels that take part and are no answers.
        neutral: float32 [M, D] of texts that say nothing: what a sigmoid score is weighed against where the model
            has no bias and there are no negatives.
        unknown_below: the value under which there is no answer.
        top_k: how many scores are kept; None for all.
    """

    scale: float
    bias: float | None
    scoring: Scoring
    negatives: Features
    neutral: Features
    unknown_below: float = 0.0
    top_k: int | None = None

    def values(self, pictures: Features, labels: Features) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The scores of labels and of the negatives, in [0, 1].

        Args:
            pictures: float32 [P, D], unit length.
            labels: float32 [L, D], unit length.
        Returns:
            float64 [P, L] and [P, N]. Softmax: each picture's L + N values add up to 1. Sigmoid: with the model's
            own bias where it has one; else each label against the negatives, or the neutral texts, as a softmax of
            that label and their (geometric) middle.
        """
        scaled = self.scale * (pictures.astype(np.float64) @ labels.T.astype(np.float64))
        others = self.scale * (pictures.astype(np.float64) @ self.negatives.T.astype(np.float64))
        if self.scoring == "softmax":
            every = _softmax(np.concatenate([scaled, others], axis=1))
            return every[:, : labels.shape[0]], every[:, labels.shape[0] :]
        if self.bias is not None:
            return _sigmoid(scaled + self.bias), _sigmoid(others + self.bias)
        if self.negatives.shape[0]:
            rest = others.mean(axis=1, keepdims=True)
        else:
            rest = (self.scale * (pictures.astype(np.float64) @ self.neutral.T.astype(np.float64))).mean(
                axis=1, keepdims=True
            )
        return _sigmoid(scaled - rest), _sigmoid(others - rest)

    def answers(self, pictures: Features, sets: Sequence[LabelSet]) -> list[tuple[GroupScores, ...]]:
        """For each picture what each set says, in the order of both.

        Args:
            pictures: float32 [P, D], unit length.
            sets: each with one label at least.
        """
        answers: list[list[GroupScores]] = [[] for _ in range(pictures.shape[0])]
        for labels in sets:
            values, negatives = self.values(pictures, labels.features)
            for index, row in enumerate(values):
                answers[index].append(self._answer(labels, row, negatives[index]))
        return [tuple(each) for each in answers]

    def _answer(self, labels: LabelSet, values: NDArray[np.float64], negatives: NDArray[np.float64]) -> GroupScores:
        order = np.argsort(-values, kind="stable")
        best = values[order[0]]
        known = best >= self.unknown_below and best >= negatives.max(initial=0.0)
        scores = tuple(LabelScore(label=labels.labels[at], value=float(values[at])) for at in order[: self.top_k])
        return GroupScores(name=labels.name, label=labels.labels[order[0]] if known else None, scores=scores)


def _softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def _sigmoid(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -500, 500))))


@dataclass(frozen=True, kw_only=True)
class Confusion:
    """Answers held against the truth.

    Args:
        labels: the rows and the first columns.
        counts: int64 [labels, labels + 1]: truth by answer; the last column counts the unknown.
    """

    labels: tuple[str, ...]
    counts: NDArray[np.int64]

    @property
    def total(self) -> int:
        """Pictures whose truth is known."""
        return int(self.counts.sum())

    @property
    def right(self) -> int:
        """Pictures whose answer is the truth; an unknown one is wrong."""
        return int(np.trace(self.counts[:, :-1]))

    @property
    def accuracy(self) -> float:
        """The share of right answers; 0 without pictures."""
        return self.right / self.total if self.total else 0.0

    def recall(self) -> dict[str, float | None]:
        """For each label the share of its pictures that were found; None where it has none."""
        rows = self.counts.sum(axis=1)
        return {
            label: float(self.counts[at, at] / rows[at]) if rows[at] else None for at, label in enumerate(self.labels)
        }

    def precision(self) -> dict[str, float | None]:
        """For each label the share of its answers that were right; None where it was never the answer."""
        columns = self.counts[:, :-1].sum(axis=0)
        return {
            label: float(self.counts[at, at] / columns[at]) if columns[at] else None
            for at, label in enumerate(self.labels)
        }

    def lines(self) -> Iterator[str]:
        """For a person: the accuracy, and for each truth how often each label was the answer.

        The columns are numbered as the rows are; `?` counts the unknown. More than 30 labels have no columns.
        """
        yield f"accuracy {100 * self.accuracy:.1f} % ({self.right} of {self.total})"
        recall, precision = self.recall(), self.precision()
        width = min(32, max(5, *map(len, self.labels)))
        shown = len(self.labels) <= MATRIX_LABELS
        cell = max(3, len(str(self.counts.max(initial=0))))
        columns = [*map(str, range(1, len(self.labels) + 1)), "?"] if shown else []
        head = "".join(f" {each:>{cell}}" for each in columns)
        yield f"{'':>4} {'truth':{width}}{head}   found   right"
        for at, label in enumerate(self.labels):
            row = "".join(f" {count:>{cell}}" for count in self.counts[at]) if shown else ""
            yield f"{at + 1:>4} {label[:width]:{width}}{row} {_percent(recall[label])} {_percent(precision[label])}"


def _percent(share: float | None) -> str:
    return f"{'-' if share is None else f'{100 * share:.1f}%':>7}"


def confusion(labels: Sequence[str], truths: Sequence[str], answers: Sequence[str | None]) -> Confusion:
    """Count answers by truth.

    Args:
        labels: every label, each once.
        truths: of each picture; one of the labels.
        answers: of each picture; one of the labels, or None for unknown.
    """
    at = {label: index for index, label in enumerate(labels)}
    counts = np.zeros((len(labels), len(labels) + 1), np.int64)
    for truth, answer in zip(truths, answers, strict=True):
        counts[at[truth], len(labels) if answer is None else at[answer]] += 1
    return Confusion(labels=tuple(labels), counts=counts)
