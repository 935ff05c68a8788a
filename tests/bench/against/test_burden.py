"""The extra work of a self-test, by a clock that the work itself turns."""

from __future__ import annotations

import time
from collections.abc import Iterable

import pytest
import torch

from bench.against import burden
from bench.against.burden import add_work
from bench.measure.phases import Runner


class Clock:
    """Seconds that pass with the work: a round's, and a nanosecond or another for each step."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, step: float) -> None:
        self.now, self.round, self.step, self.steps = 0.0, 1e-3, step, 0
        monkeypatch.setattr(time, "perf_counter", lambda: self.now)
        monkeypatch.setattr(burden, "repeat", self.count)

    def count(self, _: None, steps: int) -> Iterable[None]:
        """In place of going through them."""
        self.steps = steps
        self.now += steps * self.step
        return ()

    def run(self) -> torch.Tensor:
        """A round's own work."""
        self.now += self.round
        return torch.ones(1)


@pytest.mark.parametrize("step", [1e-9, 7e-8])
def test_the_extra_work_is_the_share_of_the_round_s_own(monkeypatch: pytest.MonkeyPatch, step: float) -> None:
    clock = Clock(monkeypatch, step)
    slower = add_work(Runner(clock.run, lambda: None, 1), 0.05, lambda: None)
    slower.run()
    began = clock.now
    assert slower.run().item() == 1
    assert clock.now - began == pytest.approx(1.05e-3, rel=1e-3)


def test_it_follows_what_the_round_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch, 1e-9)
    slower = add_work(Runner(clock.run, lambda: None, 1), 0.1, lambda: None)
    for clock.round in (1e-3, 4e-3):
        for _ in range(burden.REMEMBERED):
            slower.run()
        assert clock.steps * clock.step == pytest.approx(0.1 * clock.round, rel=1e-3)
