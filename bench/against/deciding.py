"""Pairs of processes until every case has its verdict, or time is up."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.against.pairs import NotServed, Served
from bench.against.worker import BASE, CONTROL, HEAD
from reports.latency_rule import Decision, PairRatio, Rule, pair_ratio

Decide = Callable[[Sequence[PairRatio], Rule], Decision]
ServePair = Callable[[Sequence[str], int], Iterable[tuple[str, Served]]]


@dataclass
class Found:
    """What was found of a case so far.

    Attributes:
        rounds: of each pair, seconds by side.
        ratios: of each pair.
        trouble: why there can be no more, by side.
        stumbled: whether one side alone failed in the last pair, which may have been an accident.
        decision: the verdict, once there is one.
        report: of the candidate's test.
    """

    rounds: list[Mapping[str, Sequence[float]]] = field(default_factory=list)
    ratios: list[PairRatio] = field(default_factory=list)
    trouble: Mapping[str, NotServed] = field(default_factory=dict)
    stumbled: bool = False
    decision: Decision | None = None
    report: dict[str, Any] | None = None

    @property
    def is_open(self) -> bool:
        """Whether more pairs are wanted."""
        return not self.trouble and self.decision is None


@dataclass(frozen=True)
class Budget:
    """Time for all pairs together, in seconds by a clock."""

    seconds: float
    now: Callable[[], float] = time.monotonic


def measure_pairs(
    cases: Sequence[str],
    serve: ServePair,
    rule: Rule,
    decide: Decide,
    budget: Budget,
    settled: Callable[[str, Found], None],
) -> dict[str, Found]:
    """Serves pair after pair to the cases that have no verdict yet.

    Args:
        cases: ids.
        serve: one pair's lifetime, of some cases; it is told which pair it is.
        rule: how many.
        decide: the verdict on the ratios of a case.
        budget: a pair is not begun if it would end later, going by the last: what is open is inconclusive.
        settled: takes a case as soon as there is a verdict.
    """
    found = {case: Found() for case in cases}
    began, last, number = budget.now(), 0.0, 0
    while open_cases := [case for case, one in found.items() if one.is_open]:
        started = budget.now()
        if started - began + last > budget.seconds:
            _give_up({case: found[case] for case in open_cases}, budget, settled)
            break
        for case, served in serve(open_cases, number):
            _take_in(found[case], served, rule, decide)
            if not found[case].is_open:
                settled(case, found[case])
        last, number = budget.now() - started, number + 1
    return found


def _take_in(found: Found, served: Served, rule: Rule, decide: Decide) -> None:
    found.report = served.report or found.report
    if not served.rounds:
        again = not found.stumbled and _may_be_an_accident(served)
        found.stumbled = True
        found.trouble = {} if again else served.trouble
        return
    found.stumbled = False
    found.rounds.append(served.rounds)
    found.ratios.append(pair_ratio(*(served.rounds[side] for side in (BASE, HEAD, CONTROL))))
    decision = decide(found.ratios, rule)
    found.decision = decision if decision.verdict else None


def _may_be_an_accident(served: Served) -> bool:
    """Whether one side alone had no rounds: three processes share a memory, and any may be its victim."""
    return len(served.trouble) == 1 and all(one.ended != "skipped" for one in served.trouble.values())


def _give_up(found: Mapping[str, Found], budget: Budget, settled: Callable[[str, Found], None]) -> None:
    for case, one in found.items():
        reason = f"--budget {budget.seconds:g} s was over after {len(one.ratios)} pairs"
        one.decision = Decision("inconclusive", reason)
        settled(case, one)
