"""How fast a pruned model is in a layout, beside the dense model in the same run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from bench.measure.kernels import describe_products
from bench.measure.phases import Runner
from bench.measure.turns import (
    LEAST_ROUNDS,
    P90_FROM,
    Clock,
    TakingTurns,
    Turns,
    cuda_clock,
    require_time,
    rounds_of,
    wall_clock,
    warm_up,
)

# of the largest output: how far those of a layout may be from the masked model's, by the type of computation
TOLERANCE = {torch.float32: 1e-4, torch.float16: 2e-2, torch.bfloat16: 5e-2}


class Benchmark(Protocol):
    """What pytest-benchmark's fixture is used for."""

    def pedantic(self, target: Callable[[], object], **options: Any) -> object:  # noqa: ANN401 - as it has them
        """Calls a target round by round."""


@dataclass(frozen=True, eq=False)
class Latency:
    """What was timed.

    Attributes:
        turns: the rounds.
        tokens: that one round processes.
        kernel: what ran, as PyTorch calls it, and how the matrices were held.
    """

    turns: Turns
    tokens: int
    kernel: str

    def by_name(self) -> dict[str, float]:
        """As metrics; a p90 only where there are rounds enough."""
        ours, dense = self.turns.ours, self.turns.dense
        latency = float(np.median(ours))
        p90 = {"latency_p90": float(np.percentile(ours, 90))} if len(ours) >= P90_FROM else {}
        return {
            "latency": latency,
            **p90,
            "latency_dense": float(np.median(dense)),
            "speedup": self.turns.speedup,
            "rate": self.tokens / latency,
        }

    def samples(self) -> dict[str, Sequence[float]]:
        """The rounds."""
        return {"latency": self.turns.ours.tolist(), "latency_dense": self.turns.dense.tolist()}


def first_outputs(
    runner: Runner, *, device: torch.device, seconds: float, clock: Clock | None = None
) -> Tensor:
    """What a side computes in its first round, unless rounds like it would take too long.

    Args:
        runner: the side.
        device: where it runs.
        seconds: that the rounds may take.
        clock: times a round; unless given, the one for the device.

    Raises:
        SlowError: thirty rounds would take longer than that.
    """
    clock = clock or clock_for(device)
    outputs: list[Tensor] = []

    def run() -> Tensor:
        outputs.append(runner.run())
        return outputs[0]

    taken = clock(replace(runner, run=run))
    require_time(taken, seconds, cold=True)
    if taken * LEAST_ROUNDS > seconds:  # because it was the first, or always
        runner.reset()
        require_time(clock(runner), seconds)
    return outputs[0]


def clock_for(device: torch.device) -> Clock:
    """What times a round on a device."""
    return cuda_clock if device.type == "cuda" else wall_clock


def measure_latency(
    benchmark: Benchmark,
    sparse: Runner,
    dense: Runner,
    *,
    device: torch.device,
    seed: int,
    seconds: float,
    clock: Clock | None = None,
) -> Latency:
    """Times both in turns, at least 30 rounds each.

    Args:
        benchmark: takes the rounds of our side; the other's are in its setup or teardown.
        sparse: our side.
        dense: the other.
        device: where both run.
        seed: of who begins.
        seconds: that the rounds may take.
        clock: times a round; unless given, the one for the device.

    Raises:
        SlowError: thirty rounds would take longer than that, or those that were begun do.
    """
    clock = clock or clock_for(device)
    expected = warm_up((sparse, dense), clock, seconds)
    rounds = rounds_of(expected)
    taking = TakingTurns(sparse, dense, clock, np.random.default_rng(seed), seconds)
    benchmark.pedantic(taking.ours, setup=taking.before, teardown=taking.after, rounds=rounds)
    return Latency(taking.turns(rounds), sparse.tokens, describe_products(sparse, device))


def require_same(ours: Tensor, masked: Tensor) -> None:
    """Makes sure that a layout computes what the masked model does.

    Raises:
        ValueError: an output is further away than rounding explains.
    """
    largest = float(masked.float().abs().max())
    away = float((ours.float() - masked.float()).abs().max()) / max(largest, 1e-30)
    allowed = TOLERANCE[masked.dtype]
    if not away <= allowed:  # NaN too
        raise ValueError(
            f"the outputs differ from the masked model's by {away:.2g} of the largest, more than {allowed:g}"
        )
