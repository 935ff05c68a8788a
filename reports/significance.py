"""Whether the same examples, scored twice, differ by more than chance."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float64]

LEVEL = 0.01  # of a difference that is called one; intervals are at 1 - LEVEL
RESAMPLES = 20_000
CHUNK = 2_000_000  # draws held at once


@dataclass(frozen=True)
class Bootstrapped:
    """A difference, its interval at 1 - `LEVEL`, and the two-sided p-value of there being none."""

    difference: float
    low: float
    high: float
    p: float


def mcnemar(base: Scores, head: Scores) -> float:
    """The two-sided p-value of as many examples turning right as turning wrong, exact.

    Source: McNemar 1947; exact by the binomial distribution of the examples that turned.
    """
    from scipy.stats import binomtest  # takes longer to import than all else

    better, worse = int((head > base).sum()), int((head < base).sum())
    return float(binomtest(better, better + worse, 0.5).pvalue) if better + worse else 1.0


@dataclass(frozen=True, eq=False)
class Difference:
    """A number that tells two runs apart, and what it is made of.

    Attributes:
        examples: what is resampled: examples × columns, whose sums over examples give the number.
        of: from sums, of shape (…, columns), to differences of shape (…).
        differing: how many examples differ at all.
    """

    examples: Scores
    of: Callable[[Scores], Scores]
    differing: int


def mean_difference(base: Scores, head: Scores) -> Difference:
    """Of the mean of the examples' scores."""
    found = head - base
    return Difference(found[:, None], lambda sums: sums[..., 0] / len(found), int(np.count_nonzero(found)))


def corpus_difference(base: Scores, head: Scores, score: Callable[[Scores], Scores]) -> Difference:
    """Of a metric that is made of sums over examples.

    Args:
        base: examples × what is summed.
        head: likewise.
        score: from sums, of shape (…, counts), to values of shape (…).
    """
    counts = base.shape[1]
    differing = int((base != head).any(axis=1).sum())

    def subtract(sums: Scores) -> Scores:
        return score(sums[..., counts:]) - score(sums[..., :counts])

    return Difference(np.hstack([base, head]), subtract, differing)


def bootstrap(
    differences: Sequence[Difference], *, comparisons: int = 1, resamples: int = RESAMPLES
) -> list[Bootstrapped]:
    """The difference of each case, by paired bootstrap over the examples, seeded.

    Cases of as many examples share their resamples. A p-value is twice the smaller share of resamples on a
    side of 0, and no smaller than 2^(1-k) where k examples differ at all: no test of their signs is surer.

    Args:
        differences: by case.
        comparisons: p-values that will be adjusted together: so many more resamples are drawn that the
            smallest possible p-value is still below `LEVEL` after that.
        resamples: at least.

    Source: Efron and Tibshirani 1993, chapters 13 (percentile interval) and 15; of a corpus's metric, made
    anew of each resample, Koehn 2004, section 4.
    """
    count = max(resamples, math.ceil(4 * comparisons / LEVEL))
    found: dict[int, Bootstrapped] = {}
    for size in dict.fromkeys(len(one.examples) for one in differences):
        places = [at for at, one in enumerate(differences) if len(one.examples) == size]
        cases = [differences[at] for at in places]
        for at, resampled in zip(places, _resampled(cases, count), strict=True):
            found[at] = _summarise(differences[at], resampled)
    return [found[at] for at in range(len(differences))]


def _resampled(cases: Sequence[Difference], count: int) -> Scores:
    """Cases × resamples."""
    columns = np.ascontiguousarray(np.hstack([one.examples for one in cases]))
    ends = np.cumsum([one.examples.shape[1] for one in cases])[:-1]
    some = [
        [one.of(sums) for one, sums in zip(cases, np.split(drawn @ columns, ends, axis=1), strict=True)]
        for drawn in _resamples(len(columns), count)
    ]
    return np.concatenate(some, axis=1)


def _resamples(size: int, count: int) -> Iterator[Scores]:
    """How often each example was drawn, resamples × examples, some at a time."""
    generator = np.random.default_rng(0)
    step = max(1, CHUNK // size)
    for start in range(0, count, step):
        rows = min(step, count - start)
        drawn = generator.integers(size, size=(rows, size)) + size * np.arange(rows)[:, None]
        yield np.bincount(drawn.ravel(), minlength=rows * size).reshape(rows, size).astype(np.float64)


def _summarise(one: Difference, resampled: Scores) -> Bootstrapped:
    beyond = min(int((resampled <= 0).sum()), int((resampled >= 0).sum()))
    share = 2 * (beyond + 1) / (len(resampled) + 1)
    surest = 2.0 ** (1 - one.differing)
    low, high = np.quantile(resampled, (LEVEL / 2, 1 - LEVEL / 2))
    found = float(one.of(one.examples.sum(axis=0)))
    return Bootstrapped(found, float(low), float(high), min(1.0, max(share, surest)))


def holm(p_values: Sequence[float]) -> list[float]:
    """P-values adjusted so that the chance of any false alarm among them is bounded, in their order.

    Source: Holm 1979, A simple sequentially rejective multiple test procedure.
    """
    adjusted, highest = [1.0] * len(p_values), 0.0
    for rank, at in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[at]))
        adjusted[at] = highest
    return adjusted
