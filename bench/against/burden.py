"""A workload made slower by a share of its own work: what a self-test of the comparison must find."""

from __future__ import annotations

from dataclasses import replace
from statistics import median

import torch
from torch import Tensor

from bench.measure.phases import Runner
from bench.measure.turns import Clock

SIZE = 48  # of the square matrices whose product is a unit of work: microseconds
TRIALS = 25


def add_work(runner: Runner, share: float, clock: Clock, device: torch.device) -> Runner:
    """The same workload with a fixed number of further small products in each round.

    The number is settled once, from medians of both taken in turns: it is work and not time, so that it takes
    longer where the rest does.

    Args:
        runner: what is made slower.
        share: of the round's own work.
        clock: times both.
        device: where it is done.
    """
    matrix = torch.eye(SIZE, device=device)
    unit = Runner(lambda: _multiply(matrix, 100), lambda: None, 0)
    times: list[tuple[float, float]] = []
    for _ in range(TRIALS):
        runner.reset()
        times.append((clock(runner), clock(unit)))
    ratio = median(whole / (part / 100) for whole, part in times)
    count = max(1, round(share * ratio))

    def run() -> Tensor:
        outputs = runner.run()
        _multiply(matrix, count)
        return outputs

    return replace(runner, run=run)


def _multiply(matrix: Tensor, times: int) -> Tensor:
    product = matrix
    for _ in range(times):
        product = product @ matrix
    return product
