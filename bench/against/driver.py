"""Two revisions side by side: trees, environments, sessions of both, pairs of processes, one result."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

import numpy as np

from bench.against.deciding import BASE, CONTROL, HEAD, Budget, Found, measure_pairs
from bench.against.environments import interpreters
from bench.against.git import Repository, Revision
from bench.against.once import Once, measure_once
from bench.against.options import Asked
from bench.against.pairs import Limits, Served, serve_pair
from bench.against.trees import Trees, checked_out
from bench.against.worker import Message, Side
from reports.latency_rule import decide, show


class Listener(Protocol):
    """What the driver tells of, as it happens."""

    def say(self, sentence: str) -> None:
        """A sentence for whoever waits."""

    def measured(self, message: Message) -> None:
        """What the candidate's ordinary session tells."""

    def settled(self, case: str, found: Found) -> None:
        """A case of pairs has its verdict."""


@dataclass(frozen=True)
class Plan:
    """What is measured.

    Attributes:
        asked: by the options.
        base, head: the revisions.
        once: ids of cases that each side measures once.
        paired: ids of cases that both sides measure in turns.
        known: ids of all cases that the candidate has, selected or not.
        arguments: of each side's sessions.
        threads: of PyTorch.
        seconds: that the rounds of a case may take in a pair.
        seed: of who begins.
    """

    asked: Asked
    base: Revision
    head: Revision
    once: Sequence[str]
    paired: Sequence[str]
    known: frozenset[str]
    arguments: tuple[str, ...]
    threads: int
    seconds: float
    seed: int


@dataclass(frozen=True)
class Measured:
    """What was found.

    Attributes:
        once: by side.
        paired: by case.
        new, missing: ids of selected cases that one side alone has.
        notes: what a reader must know.
    """

    once: Mapping[str, Once]
    paired: Mapping[str, Found] = field(default_factory=dict)
    new: Sequence[str] = ()
    missing: Sequence[str] = ()
    notes: Sequence[str] = ()


@contextmanager
def side_by_side(
    plan: Plan, repository: Repository, listener: Listener
) -> Iterator[Callable[[], Measured]]:
    """What measures both sides, in trees that last as long as the block: results are read in it."""
    with TemporaryDirectory() as folder, checked_out(repository, plan.base, plan.head) as trees:
        sides = _sides(plan, trees, listener)
        yield partial(_measure, plan, sides, trees, listener, Path(folder))


def _measure(
    plan: Plan, sides: Mapping[str, Side], trees: Trees, listener: Listener, folder: Path
) -> Measured:
    once = measure_once(
        [sides[BASE], sides[HEAD]], partial(_choose, plan), listener.measured, folder
    )
    found = Measured(once, notes=_notes(trees))
    if any(one.trouble and not one.collected for one in once.values()):
        return found
    base = set(once[BASE].collected)
    selected = [*plan.once, *plan.paired]
    paired = _measure_pairs(plan, [case for case in plan.paired if case in base], sides, listener, folder)
    return replace(
        found,
        paired=paired,
        new=[case for case in selected if case not in base],
        missing=[case for case in once[BASE].collected if case not in plan.known],
    )


def _sides(plan: Plan, trees: Trees, listener: Listener) -> dict[str, Side]:
    pythons = interpreters(trees, tell=listener.say)
    test = plan.asked.selftest
    burden = (("BENCH_EXTRA_WORK", str(test.factor - 1)),) if test and test.factor > 1 else ()
    base = Side(BASE, pythons.base, trees.base, plan.arguments, plan.threads)
    head = Side(HEAD, pythons.head, trees.head, plan.arguments, plan.threads, burden)
    return {BASE: base, CONTROL: replace(base, name=CONTROL), HEAD: head}


def _notes(trees: Trees) -> list[str]:
    if trees.same_dependencies:
        return []
    return ["dependencies differ: each side ran in an environment of its own, so a difference may be theirs"]


def _choose(plan: Plan, collected: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """The candidate measures all that is selected; the base what both have, and for an anchor nothing."""
    base = set(collected[BASE]) if plan.asked.mode == "against" else set()
    ours = [] if plan.asked.mode == "selftest" else list(plan.once)
    return {BASE: [case for case in ours if case in base], HEAD: ours}


def _measure_pairs(
    plan: Plan, cases: Sequence[str], sides: Mapping[str, Side], listener: Listener, folder: Path
) -> dict[str, Found]:
    rule = plan.asked.rule
    limits = Limits(rule.rounds, plan.seconds)
    random = np.random.default_rng(plan.seed)

    def serve(left: Sequence[str], number: int) -> Iterable[tuple[str, Served]]:
        listener.say(f"pair {number + 1}: {len(left)} cases in turns, 3 processes")
        order = [sides[name] for name in (BASE, CONTROL, HEAD)]
        return serve_pair(order, left, limits, random, folder, _silent)

    judge = show if plan.asked.mode == "anchor" else decide
    budget = Budget(plan.asked.budget if plan.asked.budget else math.inf)
    return measure_pairs(cases, serve, rule, judge, budget, listener.settled)


def _silent(case: str) -> None:
    """Cases take less than a second: a line each would tell nobody anything."""
