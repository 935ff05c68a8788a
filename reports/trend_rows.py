"""A series as it is printed: its course, its steps and what to know of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reports.escaping import printable
from reports.history import History
from reports.judged import VERDICTS, Verdict
from reports.record import Record
from reports.steps import Judgement, Step
from reports.wording import describe_cases, difference_text, ratio_of, value_text

STEP_COLUMNS = ("case", "metric", "commit", "from", "to", "change", "verdict", "reason")
SUBJECT = 50  # characters of it in a step


@dataclass(frozen=True)
class StepRow:
    """A step as it is printed.

    Attributes:
        at: the commit's place in the history.
        commit: its short hash and subject, and how many commits it is one of, where some were not measured.
    """

    at: int
    commit: str
    before: str
    after: str
    change: str
    verdict: Verdict
    reason: str


@dataclass(frozen=True)
class Row:
    """A series as it is printed.

    Attributes:
        course: the first and the last value, and the number of commits.
        remarks: what it goes on from, and what could not be judged.
    """

    case: str
    metric: str
    course: str
    steps: tuple[StepRow, ...]
    remarks: tuple[str, ...]


def is_news(found: Judgement) -> bool:
    """Whether a reader is told of a series unasked."""
    return bool(found.steps or found.unjudged)


def why_hidden(found: Judgement) -> str:
    """What a series is among those that are only counted."""
    if len(found.series.points) == 1:
        return "of one commit alone"
    return "shown, never judged" if found.kind == "shown" else "without a step"


def rows_of(history: History, found: Sequence[Judgement]) -> list[Row]:
    """All series in the order of the records."""
    cases = describe_cases([one.series.record for one in found])
    return [_row(history, one, case) for one, case in zip(found, cases, strict=True)]


def worst_of(row: Row) -> int:
    """What a series is sorted by: the place of its worst verdict; what has no step comes last."""
    return min((VERDICTS.index(step.verdict) for step in row.steps), default=len(VERDICTS))


def steps_of(rows: Sequence[Row]) -> list[tuple[Row, StepRow]]:
    """The steps of all series, worst first."""
    steps = [(row, step) for row in rows for step in row.steps]
    return sorted(steps, key=lambda pair: VERDICTS.index(pair[1].verdict))


def step_cells(row: Row, step: StepRow) -> tuple[str, ...]:
    """A step in the order of `STEP_COLUMNS`."""
    return row.case, row.metric, step.commit, step.before, step.after, step.change, step.verdict, step.reason


def change_of(before: Record, after: Record) -> float | None:
    """By which share a value changed, where that is a number."""
    ratio = ratio_of(before, after)
    return None if ratio is None else ratio - 1


def change_text(before: Record, after: Record) -> str:
    """Shares in points, the rest in per cent; empty where one of them was not measured."""
    change = change_of(before, after)
    if before.unit == "fraction" or change is None:
        return difference_text(before, after)
    return f"{100 * change:+.3g} %"


def _row(history: History, found: Judgement, case: str) -> Row:
    series = found.series
    first, last = (series.record_of(series.points[place]) for place in (0, -1))
    change = change_text(first, last)
    over = f"{len(series.points)} commits" if len(series.points) > 1 else "1 commit"
    course = f"{value_text(first)} → {value_text(last)} ({', '.join(filter(None, (change, over)))})"
    remarks = (f"new series: {series.continues}" if series.continues else "", found.unjudged)
    steps = tuple(_step(history, step) for step in found.steps)
    told = tuple(printable(remark) for remark in remarks if remark)
    return Row(case, printable(series.record.metric), course, steps, told)


def _step(history: History, step: Step) -> StepRow:
    change = change_text(step.before, step.after)
    values = value_text(step.before), value_text(step.after)
    commit = printable(describe_commit(history, step))
    return StepRow(step.at, commit, *values, change, step.verdict, printable(step.reason))


def describe_commit(history: History, step: Step) -> str:
    """Where a step is: at the commit, or at one of those since the last that was measured."""
    commit, since = history.commits[step.at], history.commits[step.since]
    subject = f" ({shorten(commit.subject)})" if commit.subject else ""
    if commit.place is None or since.place is None or commit.place - since.place < 2:  # noqa: PLR2004 - next to it
        return f"{commit.label}{subject}"
    return (
        f"{commit.label}{subject} or one of the {commit.place - since.place - 1} commits since {since.label}"
    )


def shorten(subject: str) -> str:
    """A commit's subject in at most `SUBJECT` characters."""
    return subject if len(subject) <= SUBJECT else f"{subject[: SUBJECT - 1].rstrip()}…"
