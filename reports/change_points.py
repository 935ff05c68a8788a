"""Where a noisy series changes its level: ratios to an anchor commit, from commit to commit."""

from __future__ import annotations

import math
from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

LEAST = 0.025  # a smaller step is not told: the share by which a level differs from the one before
FEWEST = 3  # points of a level: one or two may be outliers
PENALTY = 6.0  # times ln n, for each further level
NORMAL = 1.4826  # the standard deviation of normal numbers over their median absolute deviation
QUIETEST = 1e-4  # noise, as a share, below which there is none: equal values have no scale


@dataclass(frozen=True)
class Shift:
    """A change of level.

    Attributes:
        at: the place of the first point of the new level.
        before, after: the medians of the levels.
    """

    at: int
    before: float
    after: float


def find_shifts(ratios: Sequence[float]) -> list[Shift]:
    """The steps by more than `LEAST` in a series of positive ratios, oldest first.

    The logarithms, scaled by their noise, are cut by PELT with the l1 cost, which is the sum of distances
    from a level's median, and a penalty of 6 ln n; then levels that differ by less than `LEAST` from their
    neighbour are joined, the most alike first. The noise is the median absolute deviation of the differences
    between neighbours, over √2: the deviation of the values themselves would grow with the step that is
    looked for.

    Source: Killick, Fearnhead and Eckley 2012, Optimal detection of changepoints with a linear computational
    cost; Truong, Oudre and Vayatis 2020, `ruptures`.
    """
    if len(ratios) < 2 * FEWEST:
        return []
    logs = np.log(np.asarray(ratios, float))
    ends = _joined(logs, _cut(logs / noise_of(logs)))
    levels = [math.exp(level) for level in _medians(logs, ends)]
    return [Shift(at, *pair) for at, pair in zip(ends[:-1], pairwise(levels), strict=True)]


def noise_of(logs: NDArray[np.float64]) -> float:
    """The standard deviation of single points about their level, robustly and not 0."""
    differences = np.diff(logs)
    deviation = np.median(np.abs(differences - np.median(differences)))
    return max(QUIETEST, NORMAL * float(deviation) / math.sqrt(2))


def _cut(scaled: NDArray[np.float64]) -> list[int]:
    """Where levels end: as `Pelt(model="l1")` has it, with costs that are not computed anew each time."""
    from ruptures import Pelt  # takes a second, and only ratios need it
    from ruptures.costs import CostL1

    table = distances(scaled.tolist())
    cost = CostL1()
    cost.error = lambda start, end: table[start][
        end - start
    ]  # its own, a median each time, takes ten times as long
    search = Pelt(custom_cost=cost, min_size=FEWEST, jump=1).fit(scaled)
    return [int(end) for end in search.predict(pen=PENALTY * math.log(len(scaled)))]


def distances(values: Sequence[float]) -> list[list[float]]:
    """The l1 cost of each segment, by its start and its length.

    Another value adds its distance from what the medians of those before lie between: what a median that
    moves gains at one end it loses at the other.
    """
    table = []
    for start in range(len(values)):
        inside: list[float] = []
        row = [0.0]
        for value in values[start:]:
            if inside:
                low, high = inside[(len(inside) - 1) // 2], inside[len(inside) // 2]
                row.append(row[-1] + max(0.0, low - value, value - high))
            else:
                row.append(0.0)
            insort(inside, value)
        table.append(row)
    return table


def _joined(logs: NDArray[np.float64], ends: Sequence[int]) -> list[int]:
    """The ends that are left when no two neighbours are alike."""
    left = list(ends)
    while len(left) > 1:
        steps = np.abs(np.diff(_medians(logs, left)))
        smallest = int(steps.argmin())
        if steps[smallest] > math.log1p(LEAST):
            break
        del left[smallest]
    return left


def _medians(logs: NDArray[np.float64], ends: Sequence[int]) -> list[float]:
    starts = [0, *ends[:-1]]
    return [float(np.median(logs[start:end])) for start, end in zip(starts, ends, strict=True)]
