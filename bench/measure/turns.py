"""Two sides timed in turns, round by round in random order; the ratio of their medians with its interval."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import bootstrap

from bench.measure.phases import Runner

LEAST_ROUNDS = 30
LEAST_SECONDS = 0.3  # of rounds on both sides together
RESAMPLES = 1999
P90_FROM = 64  # rounds; below that a p90 is one of the slowest few
WARM = 0.05  # how far the medians of two runs of rounds may be apart
WARM_ROUNDS = 5
COLDEST = 8  # runs of rounds after which warming up ends, whatever they say
COLD = 10  # times as long as a later round the first may take, which compiles and allocates

Clock = Callable[[Runner], float]


class SlowError(Exception):
    """The rounds would take longer than there is time, or did."""


@dataclass(frozen=True, eq=False)
class Turns:
    """The rounds of two sides, paired in time.

    Attributes:
        ours, dense: seconds, shape (rounds,) each.
    """

    ours: NDArray[np.float64]
    dense: NDArray[np.float64]

    @property
    def speedup(self) -> float:
        """How many times as fast as dense: the ratio of the medians."""
        return float(np.median(self.dense) / np.median(self.ours))

    def interval(self, seed: int = 0) -> tuple[float, float]:
        """The 95 % interval of the speed-up: percentiles of a bootstrap over pairs of rounds.

        Source: Efron and Tibshirani 1993, An Introduction to the Bootstrap, chapter 13.
        """
        found = bootstrap(
            (self.dense, self.ours),
            lambda dense, ours, axis: np.median(dense, axis=axis) / np.median(ours, axis=axis),
            paired=True,
            vectorized=True,
            n_resamples=RESAMPLES,
            method="percentile",
            rng=np.random.default_rng(seed),
        ).confidence_interval
        return float(found.low), float(found.high)


@dataclass(eq=False)
class TakingTurns:
    """Our rounds, each with one of the dense side before or after it, at random.

    `before`, `ours` and `after` are one round: pytest-benchmark's setup, target and teardown.

    Attributes:
        seconds: from the first round on; none is begun later.
        now: tells the time, in seconds.
    """

    sparse: Runner
    dense: Runner
    clock: Clock
    random: np.random.Generator
    seconds: float = math.inf
    now: Callable[[], float] = time.monotonic
    times: list[tuple[float, float]] = field(default_factory=list)
    _began: float | None = None
    _first: bool = False
    _pair: list[float] = field(default_factory=lambda: [0.0, 0.0])

    def before(self) -> None:
        """The dense side's turn, if it has the first one; then our side is made ready.

        Raises:
            SlowError: the time is over.
        """
        self._keep_to_time()
        self._first = bool(self.random.integers(2))
        if self._first:
            self._take_dense()
        self.sparse.reset()

    def ours(self) -> None:
        """Our side's turn."""
        self._pair[0] = self.clock(self.sparse)

    def after(self) -> None:
        """The dense side's turn, if it has the second one."""
        if not self._first:
            self._take_dense()
        self.times.append((self._pair[0], self._pair[1]))

    def _keep_to_time(self) -> None:
        now = self.now()
        self._began = now if self._began is None else self._began
        if (taken := now - self._began) > self.seconds:
            raise SlowError(
                f"{len(self.times)} rounds took {taken:.3g} s, more than --time-limit {self.seconds:g}"
            )

    def _take_dense(self) -> None:
        self.dense.reset()
        self._pair[1] = self.clock(self.dense)

    def turns(self, rounds: int) -> Turns:
        """The last rounds, which come after those for warming up."""
        ours, dense = np.array(self.times[-rounds:]).T
        return Turns(ours, dense)


def wall_clock(runner: Runner) -> float:
    """Seconds that a round takes on the CPU."""
    began = time.perf_counter()
    runner.run()
    return time.perf_counter() - began


def cuda_clock(runner: Runner) -> float:
    """Seconds between two events on the GPU, with nothing else in its queue."""
    begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))  # type: ignore[no-untyped-call]  # by PyTorch
    torch.cuda.synchronize()
    begin.record()
    runner.run()
    end.record()
    torch.cuda.synchronize()
    return float(begin.elapsed_time(end)) / 1000


def warm_up(sides: Sequence[Runner], clock: Clock, seconds: float = math.inf) -> float:
    """Rounds until each side's median stays; seconds that one round of all sides takes.

    Raises:
        SlowError: as many rounds as are wanted would take longer than `seconds`.
    """
    whole = 0.0
    for side in sides:
        whole += _warm(side, clock, seconds, whole)
    return whole


def require_time(taken: float, seconds: float, *, cold: bool = False) -> None:
    """Makes sure that there is time for the least number of rounds.

    Args:
        taken: seconds of one round.
        seconds: that there are.
        cold: whether it was a first one, which says little of the others.

    Raises:
        SlowError: there is not.
    """
    if LEAST_ROUNDS * taken > seconds * (COLD if cold else 1):
        raise SlowError(f"{LEAST_ROUNDS} rounds of {taken:.3g} s are more than --time-limit {seconds:g}")


def _warm(side: Runner, clock: Clock, seconds: float, others: float) -> float:
    last = np.inf
    for place in range(COLDEST):
        median = _median_round(side, clock)
        require_time(others + median, seconds, cold=place == 0)
        if abs(median / last - 1) <= WARM:
            break
        last = median
    return median


def _median_round(side: Runner, clock: Clock) -> float:
    times = []
    for _ in range(WARM_ROUNDS):
        side.reset()
        times.append(clock(side))
        if times[-1] > LEAST_SECONDS:  # so long a round is its own median
            break
    return float(np.median(times))


def rounds_of(seconds: float) -> int:
    """How many rounds of that length there are to be."""
    return max(LEAST_ROUNDS, int(np.ceil(LEAST_SECONDS / max(seconds, 1e-9))))
