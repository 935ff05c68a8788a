"""The steps in a series: where a number moved, by the rule for its kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

from reports.change_points import FEWEST, LEAST, find_shifts
from reports.gathered import Point
from reports.history import History, Series
from reports.judged import Verdict, direct
from reports.metrics import is_headline, is_within, tolerance_of
from reports.ratios import UNUSABLE
from reports.record import Record
from reports.score_steps import ScoreSteps, score_steps
from reports.verdicts import describe_rule

Kind = Literal["ratio", "exact", "scores", "shown"]


@dataclass(frozen=True)
class Step:
    """A change of level.

    Attributes:
        at: the first commit of the new level, by its place in the history.
        since: the last measured commit before that.
        before, after: the levels.
        verdict: regressed, improved or changed.
    """

    at: int
    since: int
    before: Record
    after: Record
    verdict: Verdict
    reason: str


@dataclass(frozen=True, eq=False)
class Judgement:
    """A series with its steps.

    Attributes:
        kind: the rule: of a ratio to an anchor, of what is the same in every run, by scores per example, or
            none, for what is shown and never judged.
        unjudged: what could not be judged and why, in words; empty where nothing is missing.
    """

    series: Series
    kind: Kind
    steps: tuple[Step, ...]
    unjudged: str = ""


def kind_of(series: Series) -> Kind:
    """By which rule a series is judged."""
    if series.is_anchored:
        return "ratio"
    if series.record.task is not None:
        return "scores" if is_headline(series.record) else "shown"
    return "shown" if tolerance_of(series.record) is None else "exact"


def judge_history(history: History, chosen: Sequence[Series] | None = None) -> list[Judgement]:
    """The steps of all series, or of some.

    Args:
        history: all of it: a case of quality is judged by scores of any of its metrics.
        chosen: whose steps are asked for.
    """
    asked = history.series if chosen is None else chosen
    scored = score_steps(history, [series for series in asked if kind_of(series) == "scores"])
    return [_judge(series, scored) for series in asked]


def _judge(series: Series, scored: Mapping[Series, ScoreSteps]) -> Judgement:
    kind, unjudged = kind_of(series), ""
    tolerance = tolerance_of(series.record) if kind == "exact" else None
    steps = list(_level_steps(series, tolerance))
    if kind == "ratio":
        used = [point for point in series.points if point.is_usable and (point.value or 0) > 0]
        steps += _ratio_steps(series, used)
        unjudged = _describe_unused(len(series.points), len(used))
    if kind == "scores":
        steps += [Step(*found) for found in scored[series].moved]
        unjudged = scored[series].unjudged
    return Judgement(series, kind, tuple(sorted(steps, key=lambda step: step.at)), unjudged)


def _level_steps(series: Series, tolerance: float | None) -> Iterator[Step]:
    """Where a value leaves what is allowed about the first of its level, so that creeping is found too.

    Without a tolerance only the ends of measuring count, such as running out of memory.
    """
    level = series.points[0]
    for before, point in pairwise(series.points):
        verdict, reason = _moved(series.record, level, point, tolerance)
        if verdict != "unchanged":
            yield Step(point.at, before.at, series.record_of(level), series.record_of(point), verdict, reason)
            level = point


def _moved(record: Record, level: Point, point: Point, tolerance: float | None) -> tuple[Verdict, str]:
    if level.outcome != point.outcome:
        reason = f"{level.outcome} before, {point.outcome} now"
        if "measured" not in {level.outcome, point.outcome}:
            return "changed", reason
        return "regressed" if level.outcome == "measured" else "improved", reason
    if tolerance is None or level.value is None or point.value is None:
        return "unchanged", ""
    if level.value == point.value or is_within(level.value, point.value, tolerance):
        return "unchanged", ""
    return direct(point.value - level.value, record.better), describe_rule(tolerance)


def _describe_unused(there: int, used: int) -> str:
    """Why steps may be missing, in words."""
    bad = f"{there - used} of {there} left out: {', '.join(UNUSABLE)} or not measured" if there > used else ""
    few = f"{used} commits are too few, steps are looked for from {2 * FEWEST}" if used < 2 * FEWEST else ""
    return "; ".join(filter(None, (bad, few)))


def _ratio_steps(series: Series, used: Sequence[Point]) -> Iterator[Step]:
    for shift in find_shifts([float(point.value or 0) for point in used]):
        before, after = (
            replace(series.record, value=value, low=None, high=None) for value in (shift.before, shift.after)
        )
        verdict = direct(shift.after - shift.before, series.record.better)
        reason = f"medians of two levels, over {100 * LEAST:g} %"
        yield Step(used[shift.at].at, used[shift.at - 1].at, before, after, verdict, reason)
