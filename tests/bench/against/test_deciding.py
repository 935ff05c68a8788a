"""Pairs until there are verdicts, with sides that tick as told."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import pytest

from bench.against.deciding import Budget, Found, measure_pairs
from bench.against.pairs import NotServed, Served
from reports.latency_rule import Rule, decide, show

RULE = Rule(pairs=2, rounds=3)


class Sides:
    """Serves rounds in which the candidate takes so many times as long; writes down what was asked."""

    def __init__(self, ratios: Mapping[str, float], trouble: Mapping[str, NotServed] | None = None) -> None:
        self.ratios = ratios
        self.trouble = trouble or {}
        self.asked: list[list[str]] = []
        self.settled: list[str] = []
        self.time = 0.0

    def serve(self, cases: Sequence[str], number: int) -> Iterator[tuple[str, Served]]:
        """A pair."""
        assert number == len(self.asked)
        self.asked.append(list(cases))
        self.time += 10
        for case in cases:
            if case in self.trouble:
                yield case, Served(trouble={"head": self.trouble[case]})
            else:
                yield case, Served({"base": [1] * 3, "control": [1] * 3, "head": [self.ratios[case]] * 3})

    def note(self, case: str, found: Found) -> None:
        """A verdict."""
        assert not found.is_open
        self.settled.append(case)

    def measure(self, seconds: float = math.inf) -> dict[str, Found]:
        """Pairs of ten seconds each, until all is known or time is up."""
        budget = Budget(seconds, lambda: self.time)
        return measure_pairs(list(self.ratios), self.serve, RULE, decide, budget, self.note)


def verdicts(found: Mapping[str, Found]) -> dict[str, str | None]:
    return {case: one.decision.verdict if one.decision else None for case, one in found.items()}


def test_a_case_with_a_verdict_is_measured_no_more_and_the_others_go_on() -> None:
    sides = Sides({"same": 1.0, "slower": 1.1, "near": 1.02})
    assert verdicts(sides.measure()) == {"same": "unchanged", "slower": "regressed", "near": "unchanged"}
    every, two, one = ["same", "slower", "near"], ["slower", "near"], ["slower"]
    assert sides.asked == [every, every, two, two, one, one, one, one]
    assert sides.settled == ["same", "near", "slower"]


def test_a_case_that_one_side_fails_is_tried_once_more() -> None:
    sides = Sides({"same": 1.0, "broken": 1.0}, {"broken": NotServed("oom", "no memory")})
    found = sides.measure()
    assert found["broken"].trouble == {"head": NotServed("oom", "no memory")}
    assert sides.asked == [["same", "broken"], ["same", "broken"]]
    assert sides.settled == ["same", "broken"]


def test_an_accident_is_no_trouble() -> None:
    sides = Sides({"unlucky": 1.0}, {"unlucky": NotServed("killed", "SIGKILL")})
    serve = sides.serve

    def lucky_later(cases: Sequence[str], number: int) -> Iterator[tuple[str, Served]]:
        yield from serve(cases, number)
        sides.trouble = {}

    (found,) = measure_pairs(
        ["unlucky"], lucky_later, RULE, decide, Budget(math.inf, lambda: 0.0), sides.note
    ).values()
    assert not found.trouble
    assert len(found.ratios) == 2
    assert verdicts({"unlucky": found}) == {"unlucky": "unchanged"}


@pytest.mark.parametrize(
    "trouble",
    [
        {"head": NotServed("skipped", "no such kernel")},
        {"base": NotServed("timeout", "too long"), "head": NotServed("timeout", "too long")},
    ],
)
def test_what_is_no_accident_is_not_tried_again(trouble: Mapping[str, NotServed]) -> None:
    asked: list[int] = []

    def serve(cases: Sequence[str], number: int) -> Iterator[tuple[str, Served]]:
        asked.append(number)
        yield from ((case, Served(trouble=trouble)) for case in cases)

    (found,) = measure_pairs(
        ["broken"], serve, RULE, decide, Budget(math.inf, lambda: 0.0), lambda *_: None
    ).values()
    assert found.trouble == trouble
    assert asked == [0]


def test_a_pair_that_would_end_after_the_budget_is_not_begun() -> None:
    sides = Sides({"slower": 1.1})
    found = sides.measure(seconds=35)
    assert len(sides.asked) == 3
    decision = found["slower"].decision
    assert decision is not None
    assert (decision.verdict, decision.reason) == ("inconclusive", "--budget 35 s was over after 3 pairs")
    assert sides.settled == ["slower"]


def test_rounds_and_ratios_of_all_pairs_are_kept() -> None:
    (found,) = Sides({"slower": 1.1}).measure().values()
    assert len(found.rounds) == len(found.ratios) == 8
    assert [pair.head for pair in found.ratios] == pytest.approx([math.log(1.1)] * 8)


def test_an_anchor_takes_as_many_pairs_as_are_asked_for() -> None:
    sides = Sides({"slower": 1.1})
    budget = Budget(math.inf, lambda: 0.0)
    found = measure_pairs(["slower"], sides.serve, RULE, show, budget, sides.note)
    assert verdicts(found) == {"slower": "shown"}
    assert len(sides.asked) == 2
