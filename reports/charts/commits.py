"""What charts over commits have in common: the axis, and where the steps are."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from itertools import groupby

import altair as alt

from reports.palette import NEUTRAL
from reports.plot import rows
from reports.steps import Judgement, Step
from reports.timeline import Commit
from reports.trend_rows import change_of, change_text

NAMED = 14  # commits that the axis names
LINES = 3  # of labels, one under the other
NARROW = 300  # pixels that the axis has at least
LETTER, TOP, LINE = 6.2, 8, 14  # pixels: of a letter, above the first line, of a line
Labels = list[tuple[int, int, str]]  # the commit's place, the line, the text


def commit_axis(commits: Sequence[Commit]) -> alt.X:
    """Commits in their order at equal distances, by their first digits."""
    every = math.ceil(len(commits) / NAMED)
    labels = json.dumps([commit.label for commit in commits])
    axis = alt.Axis(
        values=list(range(0, len(commits), every)),
        labelExpr=f"{labels}[datum.value]",
        labelAngle=-45,
        labelOverlap=True,
        labelFontSize=11,
        grid=False,
    )
    return alt.X(
        "at:O", title=None, axis=axis, scale=alt.Scale(domain=list(range(len(commits))), type="point")
    )


def step_rules(found: Sequence[Judgement], x: alt.X) -> list[alt.Chart]:
    """A rule at each commit with steps."""
    at = sorted({step.at for one in found for step in one.steps})
    rules = alt.Chart(rows([{"at": place} for place in at])).mark_rule(color=NEUTRAL, strokeDash=[3, 3])
    return [rules.encode(x=x)] if at else []


def place_labels(found: Sequence[Judgement], count: int) -> Labels:
    """By how much the largest step of a commit is: the largest ones, as many as fit on the narrowest axis."""
    steps = sorted((step for one in found for step in one.steps), key=lambda step: step.at)
    at = {place: list(group) for place, group in groupby(steps, key=lambda step: step.at)}
    taken: list[list[tuple[float, float]]] = [[] for _ in range(LINES)]
    placed = []
    for place, there in sorted(at.items(), key=lambda item: -max(map(_size, item[1]))):
        text = _label(there)
        start, end = _extent(place, count, text)
        free = (line for line in range(LINES) if all(end < low or start > high for low, high in taken[line]))
        line = next(free, None)
        if line is not None:
            taken[line].append((start, end))
            placed.append((place, line, text))
    return placed


def label_layers(labels: Labels, x: alt.X, count: int) -> Iterator[alt.Chart]:
    """The labels, each beside its rule."""
    for place, line, text in labels:
        left = _is_left(place, count)
        mark = alt.Chart(rows([{"at": place, "text": text}])).mark_text(
            align="left" if left else "right", dx=3 if left else -3, fontSize=11
        )
        yield mark.encode(x=x, y=alt.value(TOP + LINE * line), text="text:N")


def _label(steps: Sequence[Step]) -> str:
    largest = max(steps, key=_size)
    more = f" and {len(steps) - 1} more" if len(steps) > 1 else ""
    return f"{change_text(largest.before, largest.after) or largest.verdict}{more}"


def _is_left(place: int, count: int) -> bool:
    """Whether a label begins at its rule, rather than ends there."""
    return place < count / 2


def _extent(place: int, count: int, text: str) -> tuple[float, float]:
    at, width = NARROW * (place + 0.5) / count, LETTER * len(text) + 8
    return (at, at + width) if _is_left(place, count) else (at - width, at)


def _size(step: Step) -> float:
    change = change_of(step.before, step.after)
    return math.inf if change is None else abs(change)
