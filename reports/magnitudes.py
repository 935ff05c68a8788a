"""How often each |w| occurs, and what follows: shares, quantiles, histograms, what pruning would take."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]

LARGEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True, eq=False)
class Magnitudes:
    """Numbers sorted into bins by their size.

    Where both ends of a bin are the same it is that value; else it holds numbers between them, and those at
    the upper end unless they have a bin of their own. All shapes are (bins,), growing.
    """

    lower: Floats
    upper: Floats
    counts: Counts

    @classmethod
    def from_bins(cls, grid: str, bins: NDArray[np.uint16], counts: Counts, ends: Counts) -> Self:
        """From the numbers of bins: the values of bfloat16 or float16 without sign, in order.

        Args:
            grid: `bfloat16` or `float16`.
            bins: growing; 0 is zero.
            counts: of the same shape: how many numbers are in (previous value, value].
            ends: how many of them are the value that names the bin.
        """
        upper = np.minimum(values_of(grid, bins), LARGEST)
        lower = np.where(bins == 0, 0.0, values_of(grid, np.maximum(bins, 1) - 1))
        # those between two values stand before those at the second
        both = np.stack([counts - ends, ends], axis=1).reshape(-1)
        there = both > 0
        lowers = np.stack([lower, upper], axis=1).reshape(-1)
        return cls(lowers[there], np.repeat(upper, 2)[there], both[there])

    @property
    def total(self) -> int:
        """How many numbers there are."""
        return int(self.counts.sum())

    def share_above(self, threshold: float) -> float:
        """The share of numbers greater than a threshold; within a bin they are taken to lie evenly."""
        return float((self.counts * (1 - self._reached(threshold))).sum() / self.total)

    def share_below(self, threshold: float) -> float:
        """The share of numbers smaller than a threshold; within a bin they are taken to lie evenly."""
        smaller = np.where(self.lower == self.upper, self.upper < threshold, self._reached(threshold))
        return float((self.counts * smaller).sum() / self.total)

    def quantile(self, share: float) -> float:
        """The smallest size that this share of the numbers does not exceed; exact if a bin's value."""
        rank = max(1.0, share * self.total)
        reached = np.cumsum(self.counts)
        place = int(np.searchsorted(reached, rank))
        within = (rank - (reached[place] - self.counts[place])) / self.counts[place]
        return float(self.lower[place] + within * (self.upper[place] - self.lower[place]))

    def histogram(self, edges: Floats) -> Floats:
        """How many numbers lie between neighbouring edges of log10|w|, zeros left out: shape (edges - 1,).

        A number at an edge is below it.
        """
        reached = [float((self.counts * self._reached(10.0**edge)).sum()) for edge in edges]
        return np.diff(reached)

    def _reached(self, threshold: float) -> Floats:
        """The share of each bin that is not above a threshold."""
        width = self.upper - self.lower
        part = np.clip((threshold - self.lower) / np.where(width > 0, width, 1.0), 0.0, 1.0)
        return np.where(width > 0, part, self.upper <= threshold)


def values_of(grid: str, bins: NDArray[np.uint16]) -> Floats:
    """The values that name bins."""
    if grid == "bfloat16":
        return (bins.astype(np.uint32) << 16).view(np.float32).astype(np.float64)
    return bins.astype(np.uint16).view(np.float16).astype(np.float64)


def merge(several: Iterable[Magnitudes]) -> Magnitudes:
    """All numbers of several together."""
    parts = list(several)
    # complex numbers are sorted by the real part first: by the upper end, then by the lower
    ends = np.concatenate([np.empty(0, np.complex128), *(part.upper + 1j * part.lower for part in parts)])
    unique, places = np.unique(ends, return_inverse=True)
    counts = np.zeros(len(unique), np.int64)
    np.add.at(counts, places, np.concatenate([np.empty(0, np.int64), *(part.counts for part in parts)]))
    return Magnitudes(unique.imag.copy(), unique.real.copy(), counts)


def taken(parts: Mapping[str, Sequence[Magnitudes]], sparsity: float) -> dict[str, float]:
    """By part, the share that one magnitude ranking of all of them prunes at a sparsity.

    In the bin where the ranking ends, each part gives the same share of what it has there. That bin is one
    value, whose ties pruning takes in the order of weights, or what float32 has between two of bfloat16's.
    """
    everything = merge(one for several in parts.values() for one in several)
    count = round(sparsity * everything.total)
    reached = np.cumsum(everything.counts)
    place = min(int(np.searchsorted(reached, count)), len(reached) - 1)
    last = (everything.upper[place], everything.lower[place])
    within = (count - (reached[place] - everything.counts[place])) / everything.counts[place]
    return {
        name: _pruned(merged, last, within) / merged.total
        for name, merged in ((name, merge(several)) for name, several in parts.items())
    }


def _pruned(part: Magnitudes, last: tuple[float, float], within: float) -> float:
    upper, lower = last
    before = (part.upper < upper) | ((part.upper == upper) & (part.lower < lower))
    there = (part.upper == upper) & (part.lower == lower)
    return float(part.counts[before].sum() + within * part.counts[there].sum())
