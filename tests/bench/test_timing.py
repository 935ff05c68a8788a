"""What becomes of a case that cannot be measured to its end."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch

from bench.machine import Quietness
from bench.measure.phases import Runner
from bench.measure.turns import SlowError, TakingTurns
from bench.recording import Measurement
from bench.timing import Timing
from fixtures.errors import MisfitError
from fixtures.settings import Settings
from fixtures.specs import Case
from fixtures.workloads import Workload
from tests.bench.cases import make_case


class Rounds:
    """What is used of pytest-benchmark's fixture."""

    def __init__(self, *, disabled: bool = False) -> None:
        self.disabled = disabled
        self.extra_info: dict[str, object] = {}

    def pedantic(self, target: Callable[[], object], **options: Any) -> None:  # noqa: ANN401 - as it has them
        """Round by round."""
        for _ in range(options["rounds"]):
            options["setup"]()
            target()
            options["teardown"]()


def timing_into(found: list[Measurement], seconds: float, *, disabled: bool = False) -> Timing:
    case = make_case(0.5)
    return Timing(
        case=Case(case.variant, workload=Workload("decode", 1, 8), layout="csr"),
        settings=Settings(),
        benchmark=Rounds(disabled=disabled),
        hand_over=found.append,
        quietness=Quietness([]),
        seconds=seconds,
        device=torch.device("cpu"),
        weights="random",
    )


def side(after_each: Callable[[], None] = lambda: None) -> Runner:
    def run() -> torch.Tensor:
        after_each()
        return torch.zeros(1)

    return Runner(run, lambda: None, 1)


def test_rounds_for_which_the_time_did_not_suffice_are_a_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]

    def later() -> None:
        now[0] += 1.0

    monkeypatch.setattr("bench.measure.latency.TakingTurns", partial(TakingTurns, now=lambda: now[0]))
    found: list[Measurement] = []
    timing = timing_into(found, seconds=60)
    with timing.guarded():
        timing.measure(side(later), side())
    (record,) = found
    assert (record.benchmark, record.outcome, record.values) == ("latency", "timeout", {"latency": None})
    assert record.stamps == ("timeout: 61 rounds took 61 s, more than --time-limit 60",)


def test_where_nothing_is_timed_outputs_are_compared_however_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.measure.latency.wall_clock", lambda runner: float(runner.run() + 1e6))
    found: list[Measurement] = []
    assert timing_into(found, seconds=1, disabled=True).first_outputs(side()) == 0
    with pytest.raises(SlowError):
        timing_into(found, seconds=1).first_outputs(side())


@pytest.mark.parametrize(
    ("error", "message"),
    [(MisfitError("too long"), "too long"), (ValueError("the outputs differ"), "the outputs differ")],
)
def test_what_does_not_fit_is_skipped_and_a_wrong_output_fails(error: Exception, message: str) -> None:
    found: list[Measurement] = []
    expected = pytest.skip.Exception if isinstance(error, MisfitError) else pytest.fail.Exception
    with pytest.raises(expected, match=message), timing_into(found, seconds=1).guarded():
        raise error
    assert not found
