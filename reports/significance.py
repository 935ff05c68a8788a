"""Whether the same examples, scored twice, differ by more than chance."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float64]

LEVEL = 0.01  # of a difference that is called one; intervals are at 1 - LEVEL
RESAMPLES = 20_000
CHUNK = 2_000_000  # draws held at once


@dataclass(frozen=True)
class Bootstrapped:
    """A mean difference, its interval at 1 - `LEVEL`, and the two-sided p-value of there being none."""

    mean: float
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


def bootstrap(
    differences: Sequence[Scores], *, comparisons: int = 1, resamples: int = RESAMPLES
) -> list[Bootstrapped]:
    """The mean difference per example of each case, by paired bootstrap over the examples, seeded.

    Cases of as many examples share their resamples. A p-value is twice the smaller share of resamples on a
    side of 0, and no smaller than 2^(1-k) where k examples differ at all: no test of their signs is surer.

    Args:
        differences: by case, by example.
        comparisons: p-values that will be adjusted together: so many more resamples are drawn that the
            smallest possible p-value is still below `LEVEL` after that.
        resamples: at least.

    Source: Efron and Tibshirani 1993, chapters 13 (percentile interval) and 15.
    """
    count = max(resamples, math.ceil(4 * comparisons / LEVEL))
    found: dict[int, Bootstrapped] = {}
    for size in dict.fromkeys(map(len, differences)):
        cases = [at for at, scores in enumerate(differences) if len(scores) == size]
        means = _resampled_means(np.stack([differences[at] for at in cases]), count)
        for at, resampled in zip(cases, means, strict=True):
            found[at] = _summarise(differences[at], resampled)
    return [found[at] for at in range(len(differences))]


def _resampled_means(differences: Scores, count: int) -> Scores:
    """Cases × resamples."""
    size = differences.shape[1]
    columns = np.ascontiguousarray(differences.T)  # the other order of factors takes 40 times as long
    sums: Scores = np.concatenate([drawn @ columns for drawn in _resamples(size, count)])
    sums /= size
    return sums.T


def _resamples(size: int, count: int) -> Iterator[Scores]:
    """How often each example was drawn, resamples × examples, some at a time."""
    generator = np.random.default_rng(0)
    step = max(1, CHUNK // size)
    for start in range(0, count, step):
        rows = min(step, count - start)
        drawn = generator.integers(size, size=(rows, size)) + size * np.arange(rows)[:, None]
        yield np.bincount(drawn.ravel(), minlength=rows * size).reshape(rows, size).astype(np.float64)


def _summarise(differences: Scores, resampled: Scores) -> Bootstrapped:
    beyond = min(int((resampled <= 0).sum()), int((resampled >= 0).sum()))
    share = 2 * (beyond + 1) / (len(resampled) + 1)
    surest = 2.0 ** (1 - np.count_nonzero(differences))
    low, high = np.quantile(resampled, (LEVEL / 2, 1 - LEVEL / 2))
    return Bootstrapped(float(differences.mean()), float(low), float(high), min(1.0, max(share, surest)))


def holm(p_values: Sequence[float]) -> list[float]:
    """P-values adjusted so that the chance of any false alarm among them is bounded, in their order.

    Source: Holm 1979, A simple sequentially rejective multiple test procedure.
    """
    adjusted, highest = [1.0] * len(p_values), 0.0
    for rank, at in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[at]))
        adjusted[at] = highest
    return adjusted
