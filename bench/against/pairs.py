"""One lifetime of the workers of all sides: case after case, served a round at a time in random order."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Literal

import numpy as np

from bench.against.worker import HEAD, Message, Side, Worker, WorkerError, started
from reports.record import handed_over

STARTING = 300.0  # seconds that a worker may take until it has collected
PREPARING = 600.0  # and until a case is ready
GRACE = 30.0  # beyond the time that a round took at first

Ended = Literal["failed", "skipped", "oom", "timeout", "died", "killed"]


@dataclass(frozen=True)
class NotServed:
    """Why a side had no rounds of a case.

    Attributes:
        ended: how its test or its process did; `killed` from outside, by a system out of memory most of all.
        reason: in words.
    """

    ended: Ended
    reason: str


@dataclass(frozen=True)
class Served:
    """What one pair of processes found of a case.

    Attributes:
        rounds: seconds by side; rounds at the same place were taken in turns. Empty if any side had none.
        trouble: by side, why it had none.
        report: the candidate's test, as pytest serialises it, with what it says of the case.
    """

    rounds: Mapping[str, Sequence[float]] = field(default_factory=dict)
    trouble: Mapping[str, NotServed] = field(default_factory=dict)
    report: Message | None = None


@dataclass(frozen=True)
class Limits:
    """How much is measured of each case.

    Attributes:
        rounds: of each side.
        seconds: that all rounds of all sides may take.
        least: seconds that a round is to last: as many calls as that takes.
    """

    rounds: int
    seconds: float
    least: float = 0.0

    def calls(self, seconds: float) -> int:
        """Calls of a round, where one takes that many seconds on most sides."""
        return max(1, math.ceil(self.least / seconds))


def serve_pair(
    sides: Sequence[Side],
    cases: Sequence[str],
    limits: Limits,
    random: np.random.Generator,
    logs: Path,
) -> Iterator[tuple[str, Served]]:
    """All cases once; where a worker dies its case is given up, and the others go on in fresh workers.

    Args:
        sides: whose workers take turns, one of them the candidate.
        cases: ids that all sides have.
        limits: of each case.
        random: who begins a round; and who is started first, for that alone made a process faster or slower
            by two per cent where a case fills gigabytes.
        logs: a folder for what workers print.
    """
    left = list(cases)
    while left:
        order = [sides[place] for place in random.permutation(len(sides))]
        with started(order, logs) as workers:
            try:
                for worker in workers:
                    collected(worker)
                for worker in workers:
                    worker.tell(left)
            except WorkerError as error:  # so would fresh ones
                yield from ((case, _died(error)) for case in left)
                return
            left = yield from _serve_some(workers, left, limits, random)


def collected(worker: Worker, hear: Callable[[Message], None] = lambda _: None) -> list[str]:
    """The ids that a worker has.

    Args:
        worker: which has just been started.
        hear: takes what it tells before.

    Raises:
        WorkerError: it died before it knew.
    """
    while "collected" not in (message := worker.hear(STARTING)):
        hear(message)
    found: list[str] = message["collected"]
    return found


def _serve_some(
    workers: Sequence[Worker], cases: Sequence[str], limits: Limits, random: np.random.Generator
) -> Generator[tuple[str, Served], None, list[str]]:
    """Cases until a worker dies; returns those that are left then."""
    for place, case in enumerate(cases):
        try:
            yield case, _serve_case(workers, limits, random)
        except WorkerError as error:
            yield case, _died(error)
            return list(cases[place + 1 :])
    return []


def _died(error: WorkerError) -> Served:
    ended: Ended = "timeout" if error.late else "killed" if error.killed else "died"
    return Served(trouble={error.side: NotServed(ended, error.reason)})


def _serve_case(workers: Sequence[Worker], limits: Limits, random: np.random.Generator) -> Served:
    reports: dict[str, Message] = {}
    waiting = {worker: _until_ready(worker, reports) for worker in workers}
    seconds = [found for found in waiting.values() if found is not None]
    calls = limits.calls(median(seconds)) if seconds else 1
    expected = limits.rounds * calls * sum(seconds)
    rounds: dict[str, list[float]] = {}
    if len(seconds) == len(workers) and expected <= limits.seconds:
        rounds = _take_turns(workers, limits.rounds, calls, random, GRACE + 10 * calls * max(seconds))
    for worker, ready in waiting.items():
        if ready is not None:
            worker.tell(0)
            _until_ready(worker, reports)
    trouble = {side: found for side, report in reports.items() if (found := _trouble(report))}
    if not rounds and not trouble:
        reason = f"{limits.rounds} rounds of all sides would take {expected:.3g} s, more than --time-limit"
        trouble = {worker.side.name: NotServed("timeout", reason) for worker in workers}
    return Served(rounds, trouble, reports.get(HEAD))


def _until_ready(worker: Worker, reports: dict[str, Message]) -> float | None:
    """Seconds of a round once the case is ready; None where its test ended instead."""
    while True:
        message = worker.hear(PREPARING)
        if "ready" in message:
            return float(message["ready"])
        if "ended" in message:
            return None
        if "report" in message:
            reports[worker.side.name] = message["report"]


def _take_turns(
    workers: Sequence[Worker], rounds: int, calls: int, random: np.random.Generator, patience: float
) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {worker.side.name: [] for worker in workers}
    for _ in range(rounds):
        for place in random.permutation(len(workers)):
            worker = workers[place]
            worker.tell(calls)
            times[worker.side.name].append(float(worker.hear(patience)["seconds"]))
    return times


def _trouble(report: Message) -> NotServed | None:
    """What kept a test from serving rounds, if anything did."""
    for record in (handed.record for handed in handed_over(report.get("user_properties", ()))):
        if record.outcome != "measured":
            return NotServed(record.outcome, "; ".join(record.stamps))
    if report["outcome"] == "passed":
        return None
    told = report.get("longrepr")
    return NotServed(report["outcome"], words_of(told))


def words_of(told: object) -> str:
    """The reason in a serialised report: of a skip (file, line, text), of a failure a text or a traceback."""
    if isinstance(told, list):
        return str(told[-1]).removeprefix("Skipped: ")
    if isinstance(told, dict):
        crash = told.get("reprcrash") or {}
        return str(crash.get("message") or told)
    return str(told)
