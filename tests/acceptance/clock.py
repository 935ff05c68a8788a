"""A clock that ticks as the side's own file says, for sessions with `-p tests.acceptance.clock`.

Wall clocks make no test. `seconds.json` at the top of a tree, which is each side's own, has the seconds of a
round by the number of tokens that it processes; the noise of a round is drawn from a seed of the process.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch

    from bench.measure.phases import Runner
    from bench.measure.turns import Clock

SECONDS = Path("seconds.json")
NOISE = 0.002


def pytest_runtest_setup() -> None:
    """Puts it in place of the usual clock, once torch is there."""
    import bench.measure.latency as timing

    if getattr(timing, "clock_for") is not _clock_for:  # noqa: B009 - mypy sees no such name in a module
        setattr(timing, "clock_for", _clock_for)  # noqa: B010 - likewise


def _clock_for(device: torch.device) -> Clock:  # noqa: ARG001 - as the usual one takes it
    return _tick


_seconds: dict[str, float] = json.loads(SECONDS.read_text("utf-8")) if SECONDS.exists() else {}
_random = np.random.default_rng(os.getpid())


def _tick(runner: Runner) -> float:
    runner.run()
    return _seconds.get(str(runner.tokens), 0.001) * float(np.exp(_random.normal(0, NOISE)))
