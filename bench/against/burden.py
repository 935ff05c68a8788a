"""A workload made slower by a share of its own work: what a self-test of the comparison must find."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from itertools import repeat

from torch import Tensor

from bench.measure.phases import Runner

STEPS = 50  # of counting between two looks at the clock: less than a microsecond


def add_work(runner: Runner, share: float, wait: Callable[[], None]) -> Runner:
    """The same workload, which goes on counting for that share of what each round took.

    The processor is kept busy, and for exactly that share of the very round. A number of steps counted out
    beforehand was tried: between 1 and 11 % for 5, since what else a machine does slows counting and a model
    down differently.

    Args:
        runner: what is made slower.
        share: of the round's own time.
        wait: until the device has done what it was asked for.
    """

    def run() -> Tensor:
        began = time.perf_counter()
        outputs = runner.run()
        wait()
        ran = time.perf_counter()
        while time.perf_counter() - ran < share * (ran - began):
            deque(repeat(None, STEPS), maxlen=0)
        return outputs

    return replace(runner, run=run)
