"""The extra work of a self-test, by a clock that the work itself turns."""

from __future__ import annotations

import time
from collections.abc import Iterable

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bench.against import burden
from bench.against.burden import add_work
from bench.measure.phases import Runner

STEP = 1e-8


class Clock:
    """Seconds that pass with the work: a round's, and some for each step of counting."""

    def __init__(self, patch: pytest.MonkeyPatch, round_seconds: float) -> None:
        self.now, self.round = 0.0, round_seconds
        patch.setattr(time, "perf_counter", lambda: self.now)
        patch.setattr(burden, "repeat", self.count)

    def count(self, _: None, steps: int) -> Iterable[None]:
        """In place of going through them."""
        self.now += steps * STEP
        return ()

    def run(self) -> torch.Tensor:
        """A round's own work."""
        self.now += self.round
        return torch.ones(1)


@given(st.floats(1e-4, 1e-2), st.floats(0.01, 0.5))
def test_each_round_takes_longer_by_the_share_of_its_own_time(seconds: float, share: float) -> None:
    with pytest.MonkeyPatch.context() as patch:
        clock = Clock(patch, seconds)
        slower = add_work(Runner(clock.run, lambda: None, 1), share, lambda: None)
        assert slower.run().item() == 1
    assert clock.now == pytest.approx((1 + share) * seconds, abs=burden.STEPS * STEP)
