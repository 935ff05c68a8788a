"""Two revisions side by side: trees, environments, sessions of both, pairs of processes, one result."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

import numpy as np

from bench.against.deciding import Budget, Found, measure_pairs
from bench.against.environments import interpreters
from bench.against.git import Repository, Revision
from bench.against.once import Once, measure_once
from bench.against.options import Asked
from bench.against.pairs import Limits, Served, serve_pair
from bench.against.trees import Trees, checked_out
from bench.against.worker import BASE, CONTROL, EXTRA, HEAD, Message, Side
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
        notes: what a reader must know beforehand.
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
    notes: Sequence[str] = ()


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


@dataclass(frozen=True)
class Place:
    """Where both sides are: their trees, how their processes are started, a folder for what they write."""

    trees: Trees
    sides: Mapping[str, Side]
    folder: Path


@contextmanager
def checked_out_for(plan: Plan, repository: Repository, listener: Listener) -> Iterator[Place]:
    """Both sides ready to be measured, as long as the block lasts: runs that they store lie there too."""
    with TemporaryDirectory() as folder, checked_out(repository, plan.base, plan.head) as trees:
        yield Place(trees, _sides(plan, trees, listener), Path(folder))


def measure(plan: Plan, place: Place, listener: Listener) -> Measured:
    """All cases of both sides: once what is the same in every run, in turns what is not."""
    sides = [place.sides[BASE], place.sides[HEAD]]
    once = measure_once(sides, partial(_choose, plan), listener.measured, place.folder)
    found = Measured(once, notes=[*plan.notes, *_notes(place.trees)])
    if any(one.trouble and not one.collected for one in once.values()):
        return found
    base = set(once[BASE].collected)
    return replace(
        found,
        paired=take_turns(plan, [case for case in plan.paired if case in base], place, listener),
        new=[case for case in (*plan.once, *plan.paired) if case not in base],
        missing=[case for case in once[BASE].collected if case not in plan.known],
    )


def _sides(plan: Plan, trees: Trees, listener: Listener) -> dict[str, Side]:
    pythons = interpreters(trees, tell=listener.say)
    test = plan.asked.selftest
    burden = ((EXTRA, str(test.factor - 1)),) if test else ()
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
    return {BASE: [case for case in plan.once if case in base], HEAD: list(plan.once)}


def take_turns(plan: Plan, cases: Sequence[str], place: Place, listener: Listener) -> dict[str, Found]:
    """Pairs of processes until every case has its verdict; each pair has a second process of the base."""
    rule = plan.asked.rule
    limits = Limits(rule.rounds, plan.seconds, rule.least)
    random = np.random.default_rng(plan.seed)
    sides = [place.sides[name] for name in (BASE, CONTROL, HEAD)]

    def serve(left: Sequence[str], number: int) -> Iterable[tuple[str, Served]]:
        listener.say(f"pair {number + 1}: {len(left)} cases in turns, {len(sides)} processes")
        return serve_pair(sides, left, limits, random, place.folder)

    judge = show if plan.asked.mode == "anchor" else decide
    return measure_pairs(cases, serve, rule, judge, Budget(plan.asked.budget), listener.settled)
