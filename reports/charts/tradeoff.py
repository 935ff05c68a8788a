"""What quality costs: against the size of the file and against latency, the Pareto front marked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import altair as alt

from reports.evidence import Evidence, describe_setting, in_one_chart
from reports.metrics import is_headline
from reports.palette import NEUTRAL, PRUNINGS, scale_of
from reports.plot import HEIGHT, WIDTH, Plot, rows
from reports.record import Record
from reports.tables import LAYER

SECTION = "trade-off"
LEAST = 3  # points, fewer show no trade-off
MB, MS = 1e6, 1e-3

Point = dict[str, object]
Costs = Mapping[tuple[str, str, str, float], float]


def tradeoff_plots(evidence: Evidence) -> Iterator[Plot]:
    """Per model and task: quality against the smallest file and the fastest layout of the same pruning."""
    found = [record for record in evidence.records if record.task and is_headline(record) and record.value]
    sizes, times = smallest_files(evidence.records), fastest(evidence.records)
    for group in in_one_chart(found, "task", "task_version", "protocol", "metric"):
        for costs, unit, title in (
            (sizes, MB, "smallest file in MB"),
            (times, MS, "latency of the fastest layout in ms"),
        ):
            points = [point for record in group if (point := _point(record, costs, unit))]
            if len(points) >= LEAST:
                yield _plot(group[0], points, title)


def smallest_files(records: Sequence[Record]) -> Costs:
    """Bytes of the smallest encoding, by model, weights, pruning and sparsity."""
    return _least(record for record in records if record.metric == "file_size")


def fastest(records: Sequence[Record]) -> Costs:
    """Seconds of the fastest layout on the model's first workload; of dense its own."""
    first: dict[str, str | None] = {}
    found = []
    for record in records:
        timed = record.metric in {"latency", "latency_dense"} and record.value is not None
        if not timed or (record.workload or "").startswith(LAYER):
            continue
        if first.setdefault(record.model, record.workload) == record.workload:
            found.append(record)
    pruned = _least(record for record in found if record.metric == "latency")
    dense = {
        (record.model, record.weights, "dense", 0.0): float(record.value or 0)
        for record in found
        if record.metric == "latency_dense"
    }
    return {**dense, **pruned}


def front(points: Sequence[Point], better: str | None) -> list[Point]:
    """The points that no other beats in both: from the cheapest on, each better than all cheaper ones."""
    sign = 1.0 if better == "lower" else -1.0
    found: list[Point] = []
    for point in sorted(points, key=lambda point: (point["cost"], sign * float(str(point["quality"])))):
        if not found or sign * float(str(point["quality"])) < sign * float(str(found[-1]["quality"])):
            found.append(point)
    return found


def _least(records: Iterator[Record]) -> dict[tuple[str, str, str, float], float]:
    found: dict[tuple[str, str, str, float], float] = {}
    for record in records:
        if record.value is not None:
            key = (record.model, record.weights, record.pruning, record.sparsity)
            found[key] = min(record.value, found.get(key, record.value))
    return found


def _point(record: Record, costs: Costs, unit: float) -> Point | None:
    cost = costs.get((record.model, record.weights, record.pruning, record.sparsity))
    if cost is None:
        return None
    label = f"{record.sparsity:.0%}" if record.method else "dense"
    return {"cost": cost / unit, "quality": record.value, "pruning": record.pruning, "label": label}


def _plot(first: Record, points: Sequence[Point], title: str) -> Plot:
    names, colours = scale_of(PRUNINGS, (str(point["pruning"]) for point in points))
    palette = [NEUTRAL if name == "dense" else colour for name, colour in zip(names, colours, strict=True)]
    log = first.metric.endswith("perplexity")
    quality = alt.Y(
        "quality:Q",
        title=f"{first.metric} ({'log scale, ' if log else ''}{first.better} is better)",
        scale=alt.Scale(type="log") if log else alt.Scale(zero=False),
    )
    cost = alt.X("cost:Q", title=title, scale=alt.Scale(zero=False))
    base = alt.Chart(rows(points)).encode(x=cost, y=quality)
    dots = base.mark_point(filled=True, size=70).encode(
        color=alt.Color("pruning:N", scale=alt.Scale(domain=names, range=palette)),
        tooltip=["pruning:N", "label:N", "cost:Q", "quality:Q"],
    )
    labels = base.mark_text(align="left", dx=7, dy=-6, fontSize=10, color=NEUTRAL).encode(text="label:N")
    best = front(points, first.better)
    line = (
        alt.Chart(rows(best))
        .mark_line(interpolate="step-after" if first.better == "lower" else "step-before", color=NEUTRAL)
        .encode(x=cost, y=quality)
    )
    what = title.partition(" in ")[0]
    return Plot(
        SECTION,
        f"{first.model} on {first.task}: {first.metric} against {what}",
        f"{describe_setting(first)}; the grey line is the Pareto front: nothing is cheaper and better",
        alt.layer(line, dots, labels).properties(width=WIDTH, height=HEIGHT),
    )
