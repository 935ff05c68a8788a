"""What sparsity costs and saves: speed, memory and size against sparsity."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import altair as alt

from reports.charts.axes import SPARSITY, STROKES, tooltips
from reports.evidence import Evidence, describe_setting, in_one_chart
from reports.palette import DASHES, ENCODINGS, LAYOUTS, NEUTRAL, scale_of
from reports.plot import HEIGHT, WIDTH, Plot, rows
from reports.record import LAYER, Record

SPEED, MEMORY, SIZE = "speed", "memory", "size"
MB = 1e6
RULE: dict[str, Any] = {"color": NEUTRAL, "strokeDash": [4, 4]}
HEADROOM = 4.0  # theory is shown so far above what was measured
LOG = alt.Scale(type="log", nice=False, padding=8)
THEORY = {
    "speedup": "measured",
    "amdahl_bound": "Amdahl's bound",
    "theoretical_speedup": "theory: zeros cost nothing",
}


def speed_plots(evidence: Evidence) -> Iterator[Plot]:
    """One per model and workload: a line per layout with its interval, 1 as a rule, the theory dashed."""
    found = [
        record
        for record in evidence.records
        if record.benchmark == "latency" and record.metric in THEORY and record.value is not None
    ]
    whole = [record for record in found if not record.is_layer]
    for group in in_one_chart(whole, "workload"):
        yield _speed(group, f"{group[0].model}, {group[0].workload}")
    layers = [record for record in found if record not in whole and record.metric == "speedup"]
    for group in in_one_chart(layers, "workload"):
        yield _speed(group, f"one layer of {group[0].model}, {(group[0].workload or '').removeprefix(LAYER)}")


def memory_plots(evidence: Evidence) -> Iterator[Plot]:
    """One per model and workload: bytes of the weights and at the peak, by layout."""
    shown = {"weight_memory": "weights", "peak_memory": "peak"}
    found = [record for record in evidence.records if record.benchmark == "memory" and record.metric in shown]
    for group in in_one_chart(found, "workload"):
        values = [_held(record) | {"what": shown[record.metric]} for record in group if record.method]
        if values:
            chart = _lines(values, "layout", "memory in MB", LAYOUTS, dash="what")
            first = group[0]
            title = f"{first.model}, {first.workload}: memory by layout"
            note = f"{describe_setting(first)}; the grey line is the dense model's peak"
            yield Plot(MEMORY, title, note, _with_dense(chart, group, "peak_memory"))


def size_plots(evidence: Evidence) -> Iterator[Plot]:
    """One per model and pruning: bytes of the file by encoding, and the least that they can be."""
    found = [record for record in evidence.records if record.benchmark == "size" and record.method]
    for group in in_one_chart(found, "method", "scope"):
        files = [record for record in group if record.metric == "file_size"]
        if not files:
            continue
        limits = [record for record in group if record.metric == "entropy_limit"]
        chart = _lines([_held(record) for record in files], "encoding", "file in MB", ENCODINGS)
        least = list({(row["sparsity"], row["value"]): row for row in map(_held, limits)}.values())
        limit = alt.Chart(rows(least)).mark_line(**RULE).encode(x=SPARSITY, y=alt.Y("value:Q"))
        first = group[0]
        told = "; the grey line is the entropy limit" if least else ""
        layers = [chart, limit] if least else [chart]
        title = f"{first.model}, {first.pruning}: size of the file by encoding"
        yield Plot(SIZE, title, f"{first.weights}{told}", alt.LayerChart(layer=layers))


def _speed(group: Sequence[Record], subject: str) -> Plot:
    ordered = [record for metric in THEORY for record in group if record.metric == metric]
    values: list[dict[str, object]] = [
        {
            "sparsity": record.sparsity,
            "layout": _layout(record),
            "value": record.value,
            "low": record.low,
            "high": record.high,
            "what": THEORY[record.metric],
        }
        for record in ordered
    ]
    measured = [row for row in values if row["what"] == THEORY["speedup"]]
    chart = _lines(values, "layout", "times as fast as dense (log scale)", LAYOUTS, "what", _around(group))
    bars = (
        alt.Chart(rows(measured))
        .mark_rule(strokeWidth=3, opacity=0.5)
        .encode(x=SPARSITY, y=alt.Y("low:Q"), y2=alt.Y2("high:Q"), color=alt.Color("layout:N"))
    )
    one = alt.Chart(rows([{"value": 1}])).mark_rule(color=NEUTRAL).encode(y=alt.Y("value:Q"))
    beyond = _beyond(values, group)
    told = f"; arrows: theory is above the axis, up to {max(beyond.values()):.3g}×" if beyond else ""
    note = f"{describe_setting(group[0])}; bars are 95 % intervals, the grey line is dense{told}"
    layers = [one, bars, chart, *_arrows(beyond)]
    return Plot(SPEED, f"{subject}: speed-up by sparsity", note, alt.layer(*layers))


def _beyond(values: Sequence[dict[str, object]], group: Sequence[Record]) -> dict[float, float]:
    """By sparsity the fastest theory that the axis has no room for."""
    found: dict[float, float] = {}
    for row in values:
        sparsity, value = float(str(row["sparsity"])), float(str(row["value"]))
        if any(value > end for end in _room(group)[1:]):
            found[sparsity] = max(found.get(sparsity, 0.0), value)
    return found


def _arrows(beyond: Mapping[float, float]) -> list[alt.Chart]:
    """Above the upper edge, where no line is."""
    if not beyond:
        return []
    base = alt.Chart(rows([{"sparsity": sparsity, "value": value} for sparsity, value in beyond.items()]))
    arrows = base.mark_point(shape="triangle-up", filled=True, size=60, color=NEUTRAL, y=-7)
    return [arrows.encode(x=SPARSITY, tooltip=tooltips("sparsity:Q", "value:Q"))]


def _around(group: Sequence[Record]) -> alt.Scale:
    """A log axis for what was measured, with some room above: theory may be a hundred times as fast."""
    room = _room(group)
    return alt.Scale(type="log", domain=room, nice=False) if room else LOG


def _room(group: Sequence[Record]) -> list[float]:
    """The ends of that axis, if anything was measured."""
    measured = [record for record in group if record.metric == "speedup"]
    ends = [end for record in measured for end in (record.low, record.value, record.high) if end]
    return [min(0.8, *ends), HEADROOM * max(1.0, *ends)] if ends else []


def _layout(record: Record) -> str:
    """With method and scope where they are not the usual ones: random, blocks, heads, layers."""
    method = record.method if record.method != "magnitude" else None
    scope = record.scope if record.scope != "global" else None
    return " ".join(filter(None, (record.layout, method, scope)))


def _held(record: Record) -> dict[str, object]:
    return {
        "sparsity": record.sparsity,
        "layout": _layout(record),
        "encoding": str(record.encoding),
        "value": (record.value or 0.0) / MB,
    }


def _lines(
    values: Sequence[dict[str, object]],
    by: str,
    title: str,
    known: Sequence[str],
    dash: str | None = None,
    scale: alt.Scale | None = None,
) -> alt.LayerChart:
    names, colours = scale_of(known, (str(row[by]) for row in values))
    chart = alt.Chart(rows(values)).encode(
        x=SPARSITY,
        y=alt.Y("value:Q", title=title, scale=scale or alt.Scale(zero=True)),
        color=alt.Color(f"{by}:N", title=by, scale=alt.Scale(domain=names, range=colours), legend=STROKES),
        tooltip=tooltips(
            *(f"{name}:{'N' if isinstance(value, str) else 'Q'}" for name, value in values[0].items())
        ),
    )
    lines = chart.mark_line(clip=True)
    if dash and len(kinds := list(dict.fromkeys(str(row[dash]) for row in values))) > 1:
        dashes = alt.Scale(domain=kinds, range=[list(DASHES[place]) for place in range(len(kinds))])
        lines = lines.encode(
            strokeDash=alt.StrokeDash(f"{dash}:N", title="line", scale=dashes, legend=STROKES),
            detail=alt.Detail(f"{dash}:N"),
        )
    marks = [lines, chart.mark_point(filled=True, size=40, clip=True)]
    return alt.LayerChart(layer=marks).properties(width=WIDTH, height=HEIGHT)


def _with_dense(chart: alt.LayerChart, group: Sequence[Record], metric: str) -> alt.LayerChart:
    dense = [
        {"value": (record.value or 0) / MB}
        for record in group
        if not record.method and record.metric == metric
    ]
    if not dense:
        return chart
    rule = alt.Chart(rows(dense)).mark_rule(**RULE).encode(y=alt.Y("value:Q"))
    return alt.LayerChart(layer=[chart, rule])
