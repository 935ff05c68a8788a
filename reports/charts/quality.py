"""Quality against sparsity: the study's plots, with the interval from single examples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import altair as alt

from reports.charts.axes import SPARSITY, STROKES, tooltips
from reports.evidence import Evidence, describe_setting, in_one_chart
from reports.metrics import is_headline
from reports.palette import DASHES, NEUTRAL, PRUNINGS, scale_of
from reports.plot import HEIGHT, WIDTH, Plot, rows
from reports.record import Record

SECTION = "quality"
NO_INTERVAL = "; no interval: what single examples gave is not stored"
PERPLEXITY = "perplexity"  # how metrics end that are shown on a log axis


def quality_plots(evidence: Evidence) -> Iterator[Plot]:
    """One per model, task and metric: a line per pruning, dense as a rule."""
    found = [record for record in evidence.records if record.task and (is_headline(record) or record.samples)]
    for group in in_one_chart(found, "task", "task_version", "protocol", "metric"):
        if any(record.method for record in group):
            yield _plot(group, evidence)


def _plot(group: Sequence[Record], evidence: Evidence) -> Plot:
    first = group[0]
    dense = [record for record in group if not record.method]
    pruned = [_row(record, evidence) for record in group if record.method]
    names, colours = scale_of(PRUNINGS, (str(row["pruning"]) for row in pruned))
    log = first.metric.endswith(PERPLEXITY)
    title = f"{first.metric.replace('_', ' ')} ({'log scale, ' if log else ''}{first.better} is better)"
    scale = alt.Scale(type="log") if log else alt.Scale(zero=True)
    base = alt.Chart(rows(pruned)).encode(
        x=SPARSITY,
        color=alt.Color("pruning:N", scale=alt.Scale(domain=names, range=colours), legend=STROKES),
    )
    value = alt.Y("value:Q", title=title, scale=scale)
    tip = tooltips("pruning:N", "sparsity:Q", "value:Q", "low:Q", "high:Q", "gate:N")
    lines = base.mark_line().encode(y=value, strokeDash=_dashes(names))
    points = base.mark_point(filled=True, size=45).encode(y=value, tooltip=tip)
    bars = _bars([row for row in pruned if row["low"] is not None])
    layers = [*bars, lines, points, *_rules(dense)]
    chart = alt.layer(*layers).properties(width=WIDTH, height=HEIGHT)
    return Plot(
        SECTION,
        f"{first.model} on {first.task}: {first.metric.replace('_', ' ')} by sparsity",
        f"{describe_setting(first)}; the grey line is dense"
        + ("; bars are 95 % intervals over examples" if bars else NO_INTERVAL),
        chart,
    )


def _row(record: Record, evidence: Evidence) -> dict[str, object]:
    low, high = evidence.intervals.get(record, (None, None))
    return {
        "pruning": record.pruning,
        "sparsity": record.sparsity,
        "value": record.value,
        "low": low,
        "high": high,
        "gate": record.gate,
    }


def _bars(pruned: Sequence[dict[str, object]]) -> list[alt.Chart]:
    """Intervals, where examples tell them."""
    if not pruned:
        return []
    bars = alt.Chart(rows(pruned)).mark_rule(opacity=0.6)
    return [bars.encode(x=SPARSITY, y=alt.Y("low:Q"), y2=alt.Y2("high:Q"), color=alt.Color("pruning:N"))]


def _dashes(names: Sequence[str]) -> alt.StrokeDash:
    """Lines that can be told apart in black and white too."""
    dashes = [list(DASHES[place % len(DASHES)]) for place in range(len(names))]
    return alt.StrokeDash("pruning:N", scale=alt.Scale(domain=list(names), range=dashes), legend=STROKES)


def _rules(dense: Sequence[Record]) -> list[alt.Chart]:
    values = [{"value": record.value, "what": "dense"} for record in dense if record.value is not None]
    if not values:
        return []
    return [
        alt.Chart(rows(values))
        .mark_rule(color=NEUTRAL, strokeDash=[4, 4])
        .encode(y=alt.Y("value:Q"), tooltip=tooltips("what:N", "value:Q"))
    ]
