"""Metrics that are no mean over examples, from sums over them: BLEU, chrF, accuracy of masked tokens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reports.record import Statistics

Floats = NDArray[np.float64]

ORDER = 4  # of BLEU's n-grams of tokens
CHARACTERS = 6  # of chrF's n-grams of characters
BETA = 2.0  # how much more recall counts than precision, in chrF2


@dataclass(frozen=True)
class CorpusMetric:
    """How a metric follows from its statistics.

    Attributes:
        names: of the statistics that are stored.
        count: from columns of these names, an integer per example, to what is summed: examples × counts.
        score: from sums, of shape (…, counts), to values of shape (…).
    """

    names: tuple[str, ...]
    count: Callable[[Floats], Floats]
    score: Callable[[Floats], Floats]

    def counts(self, statistics: Statistics) -> Floats:
        """What is summed: examples × counts.

        Raises:
            ValueError: statistics are missing, or there is no example.
        """
        if missing := [name for name in self.names if not statistics.get(name)]:
            raise ValueError(f"no statistics of {', '.join(missing)}")
        return self.count(np.array([statistics[name] for name in self.names], np.float64).T)


def _ngrams(length: Floats, orders: int) -> Floats:
    """How many n-grams a text of some length has, for n from 1: examples × orders."""
    return np.maximum(0.0, length[:, None] - np.arange(orders))


def _count_bleu(columns: Floats) -> Floats:
    """Lengths of predictions and references, matches, n-grams of predictions."""
    return np.hstack([columns, _ngrams(columns[:, 0], ORDER)])


def _bleu(sums: Floats) -> Floats:
    """0 to 100; orders without a match are smoothed as mteval-v13a does, sacreBLEU's `exp`.

    Source: Papineni et al. 2002, section 2.3.
    """
    length, reference = sums[..., 0], sums[..., 1]
    matches, ngrams = sums[..., 2 : 2 + ORDER], sums[..., 2 + ORDER :]
    halvings = np.cumsum(matches == 0, axis=-1)
    precisions = np.where(matches > 0, matches, 0.5**halvings) / np.maximum(1.0, ngrams)
    brevity = np.exp(np.minimum(0.0, 1 - reference / np.maximum(1.0, length)))
    mean: Floats = np.exp(np.log(precisions).mean(axis=-1))
    return np.where(matches.any(axis=-1) & ngrams.all(axis=-1), 100 * brevity * mean, 0.0)


def _count_chrf(columns: Floats) -> Floats:
    """N-grams of predictions, of references, matches; of orders that a reference lacks nothing is counted."""
    predicted, expected = (_ngrams(columns[:, place], CHARACTERS) for place in (0, 1))
    return np.hstack([np.where(expected > 0, predicted, 0.0), expected, columns[:, 2:]])


def _chrf(sums: Floats) -> Floats:
    """0 to 100: of the mean precision and recall over the orders that both have, as in sacreBLEU.

    Source: Popović 2015, equation 1.
    """
    predicted, expected, matches = np.split(sums, 3, axis=-1)
    there = (predicted > 0) & (expected > 0)
    orders = np.maximum(1, there.sum(axis=-1))
    precision, recall = (
        (np.where(there, matches, 0.0) / np.where(there, of, 1.0)).sum(axis=-1) / orders
        for of in (predicted, expected)
    )
    weighed = BETA**2 * precision + recall
    both = (1 + BETA**2) * precision * recall
    found: Floats = 100 * both / np.where(weighed > 0, weighed, 1.0)
    return found


def _accuracy(sums: Floats) -> Floats:
    """Per cent of tokens; where none are hidden, nothing is right."""
    return 100 * sums[..., 0] / np.maximum(1.0, sums[..., 1])


def _matches(orders: int) -> tuple[str, ...]:
    return ("prediction", "reference", *(f"matches_{order + 1}" for order in range(orders)))


CORPUS: Mapping[str, CorpusMetric] = {
    "bleu": CorpusMetric(_matches(ORDER), _count_bleu, _bleu),
    "chrf": CorpusMetric(_matches(CHARACTERS), _count_chrf, _chrf),
    "masked_accuracy": CorpusMetric(("correct", "tokens"), lambda columns: columns, _accuracy),
}
