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

LABELS = 14  # commits that the axis names
TOLD = 6  # steps with a label, those by the most
LINES = 3  # of labels, one under the other: neighbours do not overlap
TOP, LINE = 8, 14  # pixels


def commit_axis(commits: Sequence[Commit]) -> alt.X:
    """Commits in their order at equal distances, by their first digits."""
    every = math.ceil(len(commits) / LABELS)
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


def step_layers(found: Sequence[Judgement], x: alt.X, count: int) -> Iterator[alt.Chart]:
    """A rule at each of `count` commits with steps, and how much the largest of them is."""
    steps = sorted((step for one in found for step in one.steps), key=lambda step: step.at)
    if not steps:
        return
    at = {place: list(group) for place, group in groupby(steps, key=lambda step: step.at)}
    rules = alt.Chart(rows([{"at": place} for place in at])).mark_rule(color=NEUTRAL, strokeDash=[3, 3])
    yield rules.encode(x=x)
    largest = {place: max(group, key=_size) for place, group in at.items()}
    told = sorted(sorted(at, key=lambda place: _size(largest[place]), reverse=True)[:TOLD])
    for number, place in enumerate(told):
        more = f" and {len(at[place]) - 1} more" if len(at[place]) > 1 else ""
        text = f"{change_text(largest[place].before, largest[place].after)}{more}"
        left = place < count / 2
        mark = alt.Chart(rows([{"at": place, "text": text}])).mark_text(
            align="left" if left else "right", dx=3 if left else -3, fontSize=11
        )
        yield mark.encode(x=x, y=alt.value(TOP + LINE * (number % LINES)), text="text:N")


def _size(step: Step) -> float:
    change = change_of(step.before, step.after)
    return math.inf if change is None else abs(change)
