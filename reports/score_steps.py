"""The steps in quality: where a case's scores differ from those of the first commit of its level."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from reports.gathered import Point
from reports.history import History, Series
from reports.judged import Judged, Verdict
from reports.metrics import is_headline
from reports.pairing import Pair
from reports.quality import case_of, judge_quality
from reports.record import Record

MOVED: tuple[Verdict, ...] = ("regressed", "improved", "changed")
UNTOLD: tuple[Verdict, ...] = ("not judged", "not comparable")
Move = tuple[int, int, Record, Record, Verdict, str]  # the fields of a Step


@dataclass
class ScoreSteps:
    """What was found of a series.

    Attributes:
        moved: a step's fields, oldest first.
        reasons: why commits could not be judged, with their number.
    """

    moved: list[Move] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)

    @property
    def unjudged(self) -> str:
        """The reasons in words; empty where there are none."""
        told = [f"{count} not judged: {reason}" for reason, count in self.reasons.items()]
        return "; ".join(told)


@dataclass
class _Case:
    """The series of a case, and at which commit its present level began."""

    series: Sequence[Series]
    points: Mapping[Series, Mapping[int, Point]]
    level: int
    latest: int

    def pairs(self, at: int) -> list[tuple[Series, Pair, tuple[Path, Path]]]:
        """Each metric at the level's first commit and at another; nothing where all values are the same."""
        found = []
        for series in self.series:
            base, head = self.points[series].get(self.level), self.points[series].get(at)
            if base and head and base.value is not None and head.value is not None:
                found.append((series, base, head))
        if all(base.value == head.value for _, base, head in found):
            return []
        return [
            (series, Pair(series.record_of(base), series.record_of(head)), (base.path, head.path))
            for series, base, head in found
        ]


def score_steps(history: History, chosen: Iterable[Series]) -> dict[Series, ScoreSteps]:
    """Judges each commit against the first of the present level, all cases of a commit together.

    Two commits with the same values are taken for the same without looking at their scores.

    Args:
        history: has the other metrics of the cases: one of them has the scores.
        chosen: headline metrics of cases of quality.
    """
    found = {series: ScoreSteps() for series in chosen}
    cases = _cases(history, {case_of(series.record) for series in found})
    for at in range(len(history.commits)):
        there = [case for case in cases if any(at in case.points[series] for series in case.series)]
        _judge_commit(at, [case for case in there if case.level < at], found)
        for case in there:
            case.latest = at
    return found


def _cases(history: History, wanted: set[object]) -> list[_Case]:
    groups: dict[object, list[Series]] = {}
    for series in history.series:
        if series.record.task is not None and (case := case_of(series.record)) in wanted:
            groups.setdefault(case, []).append(series)
    return [_case(group) for group in groups.values()]


def _case(group: Sequence[Series]) -> _Case:
    first = min(series.points[0].at for series in group)
    points = {series: {point.at: point for point in series.points} for series in group}
    return _Case(group, points, first, first)


def _judge_commit(at: int, cases: Iterable[_Case], found: Mapping[Series, ScoreSteps]) -> None:
    """Cases of the same two runs are judged together."""
    groups: dict[tuple[Path, Path], list[tuple[_Case, Series, Pair]]] = {}
    for case in cases:
        for series, pair, paths in case.pairs(at):
            groups.setdefault(paths, []).append((case, series, pair))
    for paths, members in groups.items():
        judged = judge_quality([pair for _, _, pair in members], *paths)
        for (case, series, _), row in zip(members, judged, strict=True):
            if series in found and is_headline(series.record):
                _take(at, case, row, found[series])


def _take(at: int, case: _Case, row: Judged, steps: ScoreSteps) -> None:
    base, head = row.pair.base, row.pair.head
    if row.verdict in UNTOLD:
        steps.reasons[row.reason] += 1
    elif row.verdict in MOVED and base and head:
        steps.moved.append((at, case.latest, base, head, row.verdict, row.reason))
    if row.verdict in {*MOVED, "not comparable"}:
        case.level = at
