"""Numbers from commit to commit, with their steps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import altair as alt

from reports.change_points import LEAST
from reports.charts.commits import Labels, commit_axis, label_layers, place_labels, step_rules
from reports.charts.courses import DIGITS, Course, courses_of
from reports.evidence import grouped
from reports.history import History
from reports.palette import COLOURS, DASHES, NEUTRAL
from reports.past import Past
from reports.plot import HEIGHT, WIDTH, Plot, rows
from reports.steps import Judgement

SECTION = "history"
PLOTS = 6
COLOURED, GREY = 5, 20  # lines of a plot that have a name, and that are there besides
SPAN = 0.01  # that the heights have at least: else a cliff is made of next to nothing
TIMES = "latency"  # is drawn though never judged
ENTRY, SLANTED = 18, 40  # pixels of a line of the legend, of the commits under the axis


def history_plots(past: Past) -> Iterator[Plot]:
    """A plot per benchmark and metric, those first of which a reader wants to know; `PLOTS` at most."""
    drawn = [one for one in past.found if len(one.series.points) > 1]
    groups = grouped(drawn, lambda one: (one.series.record.benchmark, one.series.record.metric)).values()
    ranked = [(rank, group) for group in groups if (rank := _rank(group)) is not None]
    for _, group in sorted(ranked, key=lambda pair: pair[0])[:PLOTS]:
        if courses := courses_of(group):
            yield _plot(past.history, group, courses)


def _rank(group: Sequence[Judgement]) -> int | None:
    """What is seen first: ratios, what became worse, what moved, quality, times; nothing else."""
    kinds = {one.kind for one in group}
    verdicts = {step.verdict for one in group for step in one.steps}
    order = ("ratio" in kinds, "regressed" in verdicts, bool(verdicts), "scores" in kinds)
    if any(order):
        return order.index(True)
    return len(order) if group[0].series.record.metric == TIMES else None


def _plot(history: History, group: Sequence[Judgement], courses: Sequence[Course]) -> Plot:
    """What moved most in colours, the rest grey behind it."""
    named, others = courses[:COLOURED], courses[COLOURED : COLOURED + GREY]
    is_ratio = any(one.kind == "ratio" for one in group)
    x, labels = commit_axis(history.commits), place_labels(group, len(history.commits))
    y = _axis([*named, *others], labels, is_ratio=is_ratio)
    layers = [
        *(_band() if is_ratio else []),
        *_grey(others, x, y),
        *_coloured(history, named, x, y),
        *step_rules(group, x),
        *label_layers(labels, x, len(history.commits)),
    ]
    below = SLANTED + ENTRY * len(named)  # what the page adds to the height, for all of it to be the plot's
    chart = alt.LayerChart(layer=layers, usermeta={"legend": below})
    first = group[0].series.record
    title = f"{first.benchmark}: {first.metric.replace('_', ' ')}, commit by commit"
    note = _note(group, named, others, is_ratio=is_ratio)
    return Plot(SECTION, title, note, chart.properties(width=WIDTH, height=HEIGHT))


def _axis(courses: Sequence[Course], labels: Labels, *, is_ratio: bool) -> alt.Y:
    """Of heights, with room for the labels above the lines."""
    ends = [
        course.height(value)
        for course in courses
        for point in course.points
        for value in (point.value, point.low, point.high)
        if value is not None
    ]
    missing = max(0.0, SPAN - (max(ends) - min(ends)))
    low, high = min(ends) - missing / 2, max(ends) + missing / 2
    room = (high - low) * (0.05 + 0.1 * len({line for _, line, _ in labels}))
    scale = alt.Scale(domain=[low - (high - low) * 0.05, high + room], nice=False, zero=False)
    if is_ratio:
        return alt.Y("y:Q", title="times the anchor's time (lower is better)", scale=scale)
    return alt.Y("y:Q", title="change since the first commit", scale=scale, axis=alt.Axis(format="+.2~%"))


def _coloured(history: History, named: Sequence[Course], x: alt.X, y: alt.Y) -> Iterator[alt.Chart]:
    names = [course.name for course in named]
    found = [row for course in named for row in course.rows(history)]
    used, left_out = ([row for row in found if row["used"] == usable] for usable in (True, False))
    legend = alt.Legend(
        orient="bottom", direction="vertical", columns=1, title=None, labelLimit=280,
        symbolType="stroke", symbolSize=400, symbolStrokeWidth=2.5, symbolOpacity=1,
    )  # fmt: skip
    colours = alt.Scale(domain=names, range=list(COLOURS[: len(names)]))
    dashes = alt.Scale(domain=names, range=[list(DASHES[place % len(DASHES)]) for place in range(len(names))])
    tip = [alt.Tooltip(f"{name}:N") for name in ("of", "setting", "commit", "value", "told")]
    base = alt.Chart(rows(used)).encode(x=x, color=alt.Color("of:N", scale=colours, legend=legend))
    if any(row["low"] is not None for row in used):
        yield base.mark_rule(opacity=0.35).encode(y=alt.Y("low:Q"), y2="high:Q")
    yield base.mark_line(strokeWidth=1.5).encode(
        y=y, strokeDash=alt.StrokeDash("of:N", scale=dashes, legend=legend)
    )
    yield base.mark_point(filled=True, size=30).encode(y=y, tooltip=tip)
    if left_out:
        crosses = alt.Chart(rows(left_out)).mark_point(shape="M-1,-1L1,1M-1,1L1,-1", size=40, color=NEUTRAL)
        yield crosses.encode(x=x, y=y, tooltip=tip)


def _grey(others: Sequence[Course], x: alt.X, y: alt.Y) -> list[alt.Chart]:
    found = [
        {"at": point.at, "y": round(course.height(point.value or 0.0), DIGITS), "of": number}
        for number, course in enumerate(others)
        for point in course.points
        if point.is_usable
    ]
    if not found:
        return []
    lines = alt.Chart(rows(found)).mark_line(color=NEUTRAL, opacity=0.4, strokeWidth=1)
    return [lines.encode(x=x, y=y, detail="of:N")]


def _band() -> list[alt.Chart]:
    """About the anchor's own speed."""
    ends: Mapping[str, object] = {"low": 1 - LEAST, "high": 1 + LEAST}
    band = alt.Chart(rows([ends])).mark_rect(color=NEUTRAL, opacity=0.15)
    return [band.encode(y="low:Q", y2="high:Q")]


def _note(
    group: Sequence[Judgement], named: Sequence[Course], others: Sequence[Course], *, is_ratio: bool
) -> str:
    told = [
        f"{len(group)} series" + (f" of {named[0].common}" if named[0].common else ""),
        "those that moved most have colours" if others else "",
        "upright dashed lines are steps" if any(one.steps for one in group) else "",
        f"the grey band is ±{100 * LEAST:g} % about the anchor, crosses are contaminated" if is_ratio else "",
        "never judged: times of different days" if all(one.kind == "shown" for one in group) else "",
    ]
    return "; ".join(filter(None, told))
