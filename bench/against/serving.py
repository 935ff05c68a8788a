"""In a worker: a plugin that measures what the driver asks for, and tells what it finds.

Messages are lines of JSON. The worker's: `collected`, the ids that it has; `ready`, the seconds of a call of
a case that is warmed up; `seconds` of a call, the mean over a round; `report` of a test, as pytest serialises
it; `ended`, a test; `broken`, a module that cannot be imported. The driver's: the list of ids to run, then
for a case that is ready the number of calls of the next round, or 0 if there is none.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from statistics import fmean, median
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from bench.against.worker import EXTRA
from bench.timing import TIMING, Timing

if TYPE_CHECKING:
    import torch

    from bench.measure.latency import Latency
    from bench.measure.phases import Runner
    from bench.measure.turns import Clock


class Pipe:
    """The way to the driver; what else the process reads or prints goes elsewhere."""

    def __init__(self) -> None:
        self._commands = os.fdopen(os.dup(0), encoding="utf-8")
        self._answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
        nowhere = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nowhere, 0)
        os.close(nowhere)
        sys.stdout.flush()
        os.dup2(2, 1)

    def tell(self, **message: object) -> None:
        """Sends a message."""
        self._answers.write(json.dumps(message) + "\n")
        self._answers.flush()

    def hear(self) -> Any:  # noqa: ANN401 - a list or a word
        """The next command; that there is none ends the session, for the driver is gone."""
        line = self._commands.readline()
        if not line:
            pytest.exit("the driver is gone", returncode=2)
        return json.loads(line)


PIPE = Pipe()


@dataclass(frozen=True, eq=False)
class Served(Timing):
    """Times our side alone, a round whenever the driver asks for one; what it means, the driver says."""

    def measure(self, ours: Runner, dense: Runner) -> Latency:  # noqa: ARG002 - the rival is another process
        """Warms up, then serves rounds."""
        from bench.measure.kernels import describe_products
        from bench.measure.latency import Latency, clock_for
        from bench.measure.turns import Turns, warm_up

        clock = clock_for(self.device)
        ours = _burdened(ours, self.device)
        PIPE.tell(ready=warm_up((ours,), clock, self.seconds))
        rounds = np.array(list(_served(ours, clock)))
        return Latency(Turns(rounds, rounds), ours.tokens, describe_products(ours, self.device))

    def record(
        self,
        found: Latency,
        theory: Mapping[str, float],  # noqa: ARG002 - the same on both sides
        achieved: float | None = None,
        converted: int | None = None,
    ) -> None:
        """Records the median; what makes it comparable is the driver's to add."""
        if rounds := found.turns.ours.tolist():
            stamps = (f"kernel {self.kernel(found, converted)}",)
            self._hand_over("latency", {"latency": median(rounds)}, achieved=achieved, stamps=stamps)


def _served(ours: Runner, clock: Clock) -> Iterator[float]:
    """Seconds of a call in each round that the driver asks for."""
    while calls := PIPE.hear():
        seconds = fmean(_calls(ours, clock, calls))
        PIPE.tell(seconds=seconds)
        yield seconds


def _calls(ours: Runner, clock: Clock, calls: int) -> Iterator[float]:
    for _ in range(calls):
        ours.reset()
        yield clock(ours)


def _burdened(ours: Runner, device: torch.device) -> Runner:
    share = float(os.environ.get(EXTRA, "0"))
    if not share:
        return ours
    import torch

    from bench.against.burden import add_work

    return add_work(ours, share, torch.cuda.synchronize if device.type == "cuda" else lambda: None)


class Telling:
    """Hooks that run what is asked for and tell what became of it."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> Generator[None]:
        """Tells what there is, once it is selected and ordered, and keeps what is asked for."""
        yield
        PIPE.tell(collected=[item.nodeid for item in items])
        wanted: list[str] = PIPE.hear()
        found = {item.nodeid: item for item in items}
        if left_out := [item for item in items if item.nodeid not in wanted]:
            self._config.hook.pytest_deselected(items=left_out)
        items[:] = [found[name] for name in wanted if name in found]

    @pytest.hookimpl
    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Tells that a module cannot be imported here."""
        if report.failed:
            PIPE.tell(broken=report.nodeid, reason=report.longreprtext)

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Tells what became of a test."""
        if report.when == "call" or report.outcome != "passed":
            hook = self._config.hook
            PIPE.tell(report=hook.pytest_report_to_serializable(config=self._config, report=report))
        if report.when == "teardown":
            PIPE.tell(ended=report.nodeid)


def pytest_configure(config: pytest.Config) -> None:
    """Puts the serving kind of timing in place of the usual."""
    config.stash[TIMING] = Served
    config.pluginmanager.register(Telling(config), "bench-telling")
