"""How often comparisons found something, and what that says of those that were not made."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

RESAMPLES = 20_000
SEED = 0  # so that the same results are the same text


@dataclass(frozen=True)
class Share:
    """How many were found of how many.

    Attributes:
        found, of: by session; sessions that compared nothing are not among them.
    """

    found: tuple[int, ...]
    of: tuple[int, ...]

    @classmethod
    def count(cls, sessions: Iterable[Sequence[bool]]) -> Self:
        """Of sessions whose comparisons found something or did not."""
        there = [session for session in sessions if session]
        return cls(tuple(map(sum, there)), tuple(map(len, there)))

    def __str__(self) -> str:
        return f"{sum(self.found)} of {sum(self.of)}"

    def exact(self) -> tuple[float, float] | None:
        """The 95 % interval as if every comparison stood by itself; None where there are none.

        Source: Clopper and Pearson 1934.
        """
        return _exact(sum(self.found), sum(self.of)) if self.of else None

    def by_session(self) -> tuple[float, float] | None:
        """The 95 % interval where the comparisons of a session may err together: sessions are drawn anew.

        Where none or all were found, every draw would say the same. Then it is the exact one of the sessions
        with a hit, or without a miss: comparisons are hits no more often than sessions have one, and misses
        alike. Of a few sessions that differ it is too narrow; of a single one that found some, None.

        Source: Davison and Hinkley 1997, Bootstrap Methods and their Application, section 3.8.
        """
        sessions, found = len(self.of), sum(self.found)
        if 0 < found < sum(self.of):
            return self._drawn() if sessions > 1 else None
        return _exact(sessions if found else 0, sessions) if sessions else None

    def _drawn(self) -> tuple[float, float]:
        sessions = len(self.of)
        draws = np.random.default_rng(SEED).multinomial(sessions, [1 / sessions] * sessions, RESAMPLES)
        low, high = np.percentile((draws @ self.found) / (draws @ self.of), [2.5, 97.5])
        return float(low), float(high)


def _exact(count: int, of: int) -> tuple[float, float]:
    from scipy.stats import binomtest  # takes longer to import than all else

    low, high = binomtest(count, of).proportion_ci(0.95)
    return float(low), float(high)
