"""Numbers from commit to commit, with their steps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import altair as alt

from reports.change_points import LEAST
from reports.charts.commits import commit_axis, step_layers
from reports.evidence import grouped
from reports.history import History, Point
from reports.palette import DASHES, NEUTRAL, scale_of
from reports.past import Past
from reports.plot import HEIGHT, WIDTH, Plot, rows
from reports.steps import Judgement
from reports.trend_rows import change_of
from reports.wording import describe_cases, value_text

SECTION = "history"
PLOTS = 6
COLOURED, GREY = 5, 40  # series of a plot that have a name, and that are there besides
TIMES = "latency"  # is drawn though never judged
Row = dict[str, Any]


def history_plots(past: Past) -> Iterator[Plot]:
    """A plot per benchmark and metric, those first of which a reader wants to know; `PLOTS` at most."""
    drawn = [one for one in past.found if len(one.series.points) > 1 and _base(one)]
    groups = grouped(drawn, lambda one: (one.series.record.benchmark, one.series.record.metric)).values()
    ranked = sorted(
        (group for group in groups if _rank(group) is not None), key=lambda group: _rank(group) or 0
    )
    for group in ranked[:PLOTS]:
        yield _plot(past.history, group)


def _rank(group: Sequence[Judgement]) -> int | None:
    """What is seen first: ratios, what became worse, what moved, quality, times; nothing else."""
    kinds = {one.kind for one in group}
    verdicts = {step.verdict for one in group for step in one.steps}
    order = ("ratio" in kinds, "regressed" in verdicts, bool(verdicts), "scores" in kinds)
    if any(order):
        return order.index(True)
    return len(order) if group[0].series.record.metric == TIMES else None


def _base(one: Judgement) -> float:
    """What the values of a series are shown relative to; 0 where there is nothing."""
    if one.kind == "ratio":
        return 1.0
    return next((point.value for point in one.series.points if point.value), 0.0)


def _plot(history: History, group: Sequence[Judgement]) -> Plot:
    """Series that moved in colours, the others grey behind them."""
    ordered = sorted(group, key=_largest, reverse=True)
    named, others = ordered[:COLOURED], ordered[COLOURED : COLOURED + GREY]
    names = [text.partition(": ")[2] for text in describe_cases([one.series.record for one in named])]
    is_ratio = any(one.kind == "ratio" for one in group)
    x = commit_axis(history.commits)
    found = [row for one, name in zip(named, names, strict=True) for row in _rows(history, one, name)]
    grey = [row for number, one in enumerate(others) for row in _rows(history, one, str(number))]
    layers = [
        *(_band() if is_ratio else []),
        *_grey(grey, x, _y(is_ratio=is_ratio)),
        *_coloured(found, names, x, _y(is_ratio=is_ratio)),
        *step_layers(group, x, len(history.commits)),
    ]
    chart = alt.LayerChart(layer=layers).properties(width=WIDTH, height=HEIGHT)
    first = group[0].series.record
    title = f"{first.benchmark}, {first.metric.replace('_', ' ')}: commit by commit"
    return Plot(SECTION, title, _note(group, others, is_ratio=is_ratio), chart)


def _largest(one: Judgement) -> float:
    """The largest change among the steps of a series, as a share."""
    return max((abs(change_of(step.before, step.after) or 1.0) for step in one.steps), default=0.0)


def _rows(history: History, one: Judgement, name: str) -> Iterator[Row]:
    for point in one.series.points:
        if point.value is not None:
            yield {
                "at": point.at,
                "of": name,
                "commit": f"{history.commits[point.at].label} {history.commits[point.at].subject}".strip(),
                "y": _height(one, point.value),
                "low": None if point.low is None else _height(one, point.low),
                "high": None if point.high is None else _height(one, point.high),
                "value": value_text(one.series.record_of(point)),
                "used": point.is_usable,
                "told": _told(point),
            }


def _height(one: Judgement, value: float) -> float:
    return value if one.kind == "ratio" else value / _base(one) - 1


def _told(point: Point) -> str:
    return "; ".join(map(str, point.stamps))


def _y(*, is_ratio: bool) -> alt.Y:
    if is_ratio:
        return alt.Y("y:Q", title="times the anchor's time (lower is better)", scale=alt.Scale(zero=False))
    return alt.Y("y:Q", title="change since the first commit", axis=alt.Axis(format="+.2~%"))


def _coloured(found: Sequence[Row], names: Sequence[str], x: alt.X, y: alt.Y) -> Iterator[alt.Chart]:
    used = [row for row in found if row["used"]]
    left_out = [row for row in found if not row["used"]]
    _, colours = scale_of(sorted(names), names)
    places = dict(zip(sorted(names), colours, strict=True))
    legend = alt.Legend(orient="bottom", direction="vertical", columns=1, title=None, labelLimit=400)
    scale = alt.Scale(domain=list(names), range=[places[name] for name in names])
    colour = alt.Color("of:N", scale=scale, legend=legend)
    tip = [alt.Tooltip(f"{name}:N") for name in ("of", "commit", "value", "told")]
    base = alt.Chart(rows(used)).encode(x=x, color=colour)
    if any(row["low"] is not None for row in used):
        yield base.mark_rule(opacity=0.35).encode(y=alt.Y("low:Q"), y2="high:Q")
    yield base.mark_line(strokeWidth=1.5).encode(y=y, strokeDash=_dashes(names))
    yield base.mark_point(filled=True, size=30).encode(y=y, tooltip=tip)
    if left_out:
        crosses = alt.Chart(rows(left_out)).mark_point(shape="cross", size=60, angle=45, color=NEUTRAL)
        yield crosses.encode(x=x, y=y, tooltip=tip)


def _dashes(names: Sequence[str]) -> alt.StrokeDash:
    """Lines that lie upon each other, or are seen in black and white, can be told apart."""
    dashes = [list(DASHES[place % len(DASHES)]) for place in range(len(names))]
    return alt.StrokeDash("of:N", scale=alt.Scale(domain=list(names), range=dashes), legend=None)


def _grey(found: Sequence[Row], x: alt.X, y: alt.Y) -> list[alt.Chart]:
    if not found:
        return []
    used = [row for row in found if row["used"]]
    lines = alt.Chart(rows(used)).mark_line(color=NEUTRAL, opacity=0.4, strokeWidth=1)
    return [lines.encode(x=x, y=y, detail="of:N")]


def _band() -> list[alt.Chart]:
    """Within it nothing is called a step from the anchor."""
    ends: Mapping[str, object] = {"low": 1 - LEAST, "high": 1 + LEAST}
    band = alt.Chart(rows([ends])).mark_rect(color=NEUTRAL, opacity=0.15)
    return [band.encode(y="low:Q", y2="high:Q")]


def _note(group: Sequence[Judgement], others: Sequence[Judgement], *, is_ratio: bool) -> str:
    told = [
        f"{len(group)} series" + (f", those that moved most by name, {len(others)} grey" if others else ""),
        "dashed lines are steps" if any(one.steps for one in group) else "",
        f"the grey band is ±{100 * LEAST:g} % about the anchor, crosses are contaminated" if is_ratio else "",
        "never judged: times of different days" if all(one.kind == "shown" for one in group) else "",
    ]
    return "; ".join(filter(None, told))
