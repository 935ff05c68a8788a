"""A workload made slower by a share of its own work: what a self-test of the comparison must find."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import repeat
from statistics import median

from torch import Tensor

from bench.measure.phases import Runner

REMEMBERED = 31  # rounds from which the share is kept right
FIRST = 100  # steps of the first round, before anything is known


def add_work(runner: Runner, share: float, wait: Callable[[], None]) -> Runner:
    """The same workload, with further steps of counting in each round.

    It is work and not waiting: a number of steps, so many that over the last rounds they took that share of
    what the round itself did. A fixed number, counted out beforehand, came out at up to twice that: what else
    a machine does slows a model down more than it does a loop that touches no memory.

    Args:
        runner: what is made slower.
        share: of the round's own work.
        wait: until the device has done what it was asked for.
    """
    return replace(runner, run=_Burdened(runner.run, share, wait))


@dataclass
class _Burdened:
    run: Callable[[], Tensor]
    share: float
    wait: Callable[[], None]
    own: deque[float] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    step: deque[float] = field(default_factory=lambda: deque(maxlen=REMEMBERED))

    def __call__(self) -> Tensor:
        began = time.perf_counter()
        outputs = self.run()
        self.wait()
        ran = time.perf_counter()
        steps = self._steps()
        deque(repeat(None, steps), maxlen=0)
        self.own.append(ran - began)
        self.step.append((time.perf_counter() - ran) / steps)
        return outputs

    def _steps(self) -> int:
        return max(1, round(self.share * median(self.own) / median(self.step))) if self.own else FIRST
