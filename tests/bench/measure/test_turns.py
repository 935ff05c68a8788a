"""Turns against clocks that tick as told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch

from bench.measure.latency import first_outputs, measure_latency, require_same
from bench.measure.phases import Runner
from bench.measure.turns import LEAST_ROUNDS, SlowError, TakingTurns, Turns, rounds_of, warm_up


class Log:
    """Two sides that write down when they are called."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.sides = [self._side("ours"), self._side("dense")]

    def _side(self, name: str) -> Runner:
        def run() -> torch.Tensor:
            self.calls.append(name)
            return torch.zeros(1)

        return Runner(run, lambda: self.calls.append(f"reset {name}"), 128)


def clock_of(log: Log, seconds: Callable[[str], float]) -> Callable[[Runner], float]:
    def clock(runner: Runner) -> float:
        runner.run()
        return seconds(log.calls[-1])

    return clock


class Pedantic:
    """What pytest-benchmark does with a setup, a target and a teardown."""

    def pedantic(self, target: Callable[[], object], **options: Any) -> None:  # noqa: ANN401 - as it has them
        """Round by round."""
        for _ in range(options["rounds"]):
            options["setup"]()
            target()
            options["teardown"]()


def test_each_round_has_both_sides_ready_and_who_begins_is_drawn() -> None:
    log = Log()
    ours, dense = log.sides
    taking = TakingTurns(
        ours, dense, clock_of(log, lambda name: {"ours": 1.0, "dense": 2.0}[name]), np.random.default_rng(0)
    )
    Pedantic().pedantic(taking.ours, setup=taking.before, teardown=taking.after, rounds=100)
    rounds = [tuple(log.calls[place : place + 4]) for place in range(0, 400, 4)]
    assert set(rounds) == {
        ("reset ours", "ours", "reset dense", "dense"),
        ("reset dense", "dense", "reset ours", "ours"),
    }
    assert 30 <= sum(first == "reset ours" for first, *_ in rounds) <= 70
    found = taking.turns(60)
    assert (found.ours.tolist(), found.dense.tolist()) == ([1.0] * 60, [2.0] * 60)


def test_the_speedup_is_the_ratio_of_the_medians() -> None:
    turns = Turns(np.array([1.0, 2.0, 9.0]), np.array([5.0, 6.0, 7.0]))
    assert turns.speedup == 3.0


def test_the_interval_is_narrow_where_rounds_agree_and_holds_the_ratio_where_they_do_not() -> None:
    still = Turns(np.full(30, 1.0), np.full(30, 2.0))
    assert still.interval() == (2.0, 2.0)
    random = np.random.default_rng(0)
    noisy = Turns(random.lognormal(0.0, 0.1, 200), 3 * random.lognormal(0.0, 0.1, 200))
    low, high = noisy.interval()
    assert low < noisy.speedup < high
    assert 2.8 < low < 3.0 < high < 3.2
    assert noisy.interval() == (low, high)


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    random = np.random.default_rng(1)
    draws = [random.lognormal(0.0, 0.2, (2, 40)) for _ in range(60)]
    intervals = [Turns(ours, 2 * dense).interval() for ours, dense in draws]
    assert sum(low <= 2.0 <= high for low, high in intervals) >= 50


def ticking(values: Iterator[float]) -> Callable[[Runner], float]:
    return lambda _: next(values)


def test_warming_up_goes_on_until_the_medians_stay() -> None:
    log = Log()
    falling = iter([9.0, 9.0, 9.0, 9.0, 9.0])  # longer than a measurement: each its own median
    assert warm_up(log.sides[:1], ticking(falling)) == 9.0
    assert list(falling) == [9.0, 9.0, 9.0]
    times = iter([0.2] * 5 + [0.1] * 5 + [0.1] * 5 + [5.0])
    assert warm_up(log.sides[:1], ticking(times)) == 0.1
    assert list(times) == [5.0]


def test_warming_up_ends_even_where_nothing_stays() -> None:
    log = Log()
    times = iter([2.0**-place for place in range(40) for _ in range(5)])
    warm_up(log.sides[:1], ticking(times))
    assert len(list(times)) > 100


def test_short_rounds_are_many_and_long_ones_thirty() -> None:
    assert rounds_of(0.001) == 300
    assert rounds_of(0.01) == rounds_of(10.0) == LEAST_ROUNDS == 30


def measure(ours: float, dense: float, seconds: float = 1e6) -> dict[str, float]:
    log = Log()
    times = {"ours": ours, "dense": dense}
    found = measure_latency(
        Pedantic(),
        *log.sides,
        device=torch.device("cpu"),
        seed=0,
        seconds=seconds,
        clock=clock_of(log, times.__getitem__),
    )
    return found.by_name()


def test_metrics_are_of_the_medians_and_a_p90_wants_rounds_enough() -> None:
    long = measure(0.5, 1.0)
    assert long == {"latency": 0.5, "latency_dense": 1.0, "speedup": 2.0, "rate": 256.0}
    short = measure(0.001, 0.002)
    assert short["latency_p90"] == 0.001


def test_rounds_that_would_take_too_long_are_not_begun() -> None:
    with pytest.raises(SlowError, match="30 rounds of 3 s are more than --time-limit 60"):
        measure(1.0, 2.0, seconds=60)


def test_warming_up_ends_with_the_first_rounds_that_are_too_long() -> None:
    log = Log()
    times = iter([4.0, 4.0, 4.0])
    with pytest.raises(SlowError, match="30 rounds of 4 s are more than --time-limit 100"):
        warm_up(log.sides, ticking(times), 100.0)
    assert list(times) == [4.0]  # a second one was timed, for the first may have been slow by itself
    times = iter([40.0, 40.0])
    with pytest.raises(SlowError, match="30 rounds of 40 s"):
        warm_up(log.sides, ticking(times), 100.0)
    assert list(times) == [40.0]


def test_the_time_is_for_both_sides() -> None:
    log = Log()
    times = iter([2.0, 2.0, 2.0, 2.0, 5.0])
    with pytest.raises(SlowError, match="30 rounds of 4 s are more than --time-limit 100"):
        warm_up(log.sides, ticking(times), 100.0)
    assert list(times) == [5.0]


def test_a_first_round_that_compiles_is_no_reason_to_refuse() -> None:
    log = Log()
    assert warm_up(log.sides[:1], ticking(iter([30.0, 1.0, 1.0])), 100.0) == 1.0
    times = iter([30.0, 1.0])
    ours, log.calls[:] = log.sides[0], []

    def clock(runner: Runner) -> float:
        runner.run()
        return next(times)

    outputs = first_outputs(ours, device=torch.device("cpu"), seconds=100.0, clock=clock)
    assert torch.equal(outputs, torch.zeros(1))
    assert log.calls == ["ours", "reset ours", "ours"]


@pytest.mark.parametrize(("times", "left"), [([40.0, 1.0], [1.0]), ([30.0, 4.0, 1.0], [1.0])])
def test_our_side_is_refused_before_anything_else_is_run(times: list[float], left: list[float]) -> None:
    ticks = iter(times)
    with pytest.raises(SlowError, match="are more than --time-limit 100"):
        first_outputs(
            Runner(lambda: torch.zeros(1), lambda: None, 1),
            device=torch.device("cpu"),
            seconds=100.0,
            clock=ticking(ticks),
        )
    assert list(ticks) == left


def test_a_short_first_round_is_the_only_one() -> None:
    log = Log()
    first_outputs(log.sides[0], device=torch.device("cpu"), seconds=60.0, clock=clock_of(log, lambda _: 1.0))
    assert log.calls == ["ours"]


def test_no_round_begins_when_the_time_is_over() -> None:
    log = Log()
    now = iter([1000.0, 1030.0, 1060.0, 1061.0])
    ours, dense = log.sides
    ticks = clock_of(log, lambda _: 1.0)
    taking = TakingTurns(ours, dense, ticks, np.random.default_rng(0), 60.0, lambda: next(now))
    with pytest.raises(SlowError, match="3 rounds took 61 s, more than --time-limit 60"):
        Pedantic().pedantic(taking.ours, setup=taking.before, teardown=taking.after, rounds=100)
    assert log.calls.count("ours") == log.calls.count("dense") == 3


@pytest.mark.parametrize(
    ("dtype", "away", "same"),
    [
        (torch.float32, 5e-5, True),
        (torch.float32, 2e-4, False),
        (torch.float16, 1e-2, True),
        (torch.float16, 5e-2, False),
        (torch.bfloat16, 3e-2, True),
        (torch.float32, float("nan"), False),
    ],
)
def test_outputs_may_differ_by_rounding_alone(dtype: torch.dtype, away: float, same: bool) -> None:  # noqa: FBT001 - a parameter
    masked = torch.tensor([4.0, -2.0], dtype=dtype)
    ours = masked.float() + torch.tensor([0.0, 4.0 * away])
    if same:
        require_same(ours, masked)
        return
    with pytest.raises(ValueError, match="the outputs differ from the masked model's by"):
        require_same(ours, masked)
