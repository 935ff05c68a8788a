"""The comparison put to the test: a commit with itself, or with itself made slower, session after session."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from bench.against.deciding import Found
from bench.against.driver import Listener, Plan, checked_out_for, take_turns
from bench.against.git import Repository
from bench.against.options import SelfTest
from bench.against.worker import BASE, HEAD
from reports.cases import case_of
from reports.record import Run
from reports.selftest import Compared, SelfTestWriter, Trial

NEIGHBOUR = "bench.against.neighbour"


def prove(plan: Plan, repository: Repository, listener: Listener, run: Run, results: Path) -> Path:
    """Measures sessions until there are as many comparisons as were asked for; the file that has them.

    Each session is what a user's would be: fresh processes, another order. What it found is stored at once.
    """
    test = plan.asked.selftest
    if test is None:
        raise TypeError("no self-test was asked for")
    sessions = -(-test.comparisons // len(plan.paired))
    trial = Trial(test.kind, test.factor, loaded=test.loaded, rule=str(plan.asked.rule), run=run)
    writer = SelfTestWriter(results, trial)
    with checked_out_for(plan, repository, listener) as place, _neighbour(test):
        for number in range(sessions):
            listener.say(f"session {number + 1} of {sessions}, {len(plan.paired)} cases: {test}")
            found = take_turns(replace(plan, seed=plan.seed + number), plan.paired, place, listener)
            writer.append(number, _comparisons(found))
    return writer.path


def _comparisons(found: Mapping[str, Found]) -> Iterator[Compared]:
    for case, one in found.items():
        decision = one.decision
        trouble = "; ".join(f"{side}: {what.reason}" for side, what in one.trouble.items())
        yield Compared(
            case=case_of(case),
            verdict=decision.verdict if decision and decision.verdict else "not comparable",
            reason=decision.reason if decision else trouble,
            heads=tuple(pair.head for pair in one.ratios),
            controls=tuple(pair.control for pair in one.ratios),
            base_minima=tuple(min(pair[BASE]) for pair in one.rounds),
            head_minima=tuple(min(pair[HEAD]) for pair in one.rounds),
        )


@contextmanager
def _neighbour(test: SelfTest) -> Iterator[None]:
    """Another process that works on and off, if the self-test is to be beside one."""
    if not test.loaded:
        yield
        return
    with subprocess.Popen(
        [sys.executable, "-m", NEIGHBOUR],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,  # it ends with this process, however that ends
        start_new_session=True,  # Ctrl-C reaches this process alone
    ) as process:
        try:
            yield
        finally:
            process.kill()
