"""What quality costs: against the size of the file and against latency, the Pareto front marked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import altair as alt

from reports.charts.axes import tooltips
from reports.evidence import Evidence, describe_setting, in_one_chart
from reports.metrics import is_headline
from reports.noise import CONTROL
from reports.palette import NEUTRAL, PRUNINGS, scale_of
from reports.plot import HEIGHT, WIDTH, Plot, rows
from reports.record import Record

SECTION = "trade-off"
LEAST = 3  # points, fewer show no trade-off
MB = 1e6

Point = dict[str, object]
Cost = tuple[float, str]  # and what it is the cost of
Costs = Mapping[tuple[object, ...], Cost]


def tradeoff_plots(evidence: Evidence) -> Iterator[Plot]:
    """Per model and task: quality against the smallest file and the fastest layout of the same pruning."""
    found = [record for record in evidence.records if record.task and is_headline(record) and record.value]
    sizes, times = smallest_files(evidence.records), relative_latencies(evidence.records)
    for group in in_one_chart(found, "task", "task_version", "protocol", "metric"):
        for costs, key, title in (
            (sizes, size_key, "smallest file in MB"),
            (times, time_key, "latency relative to dense, in the same rounds"),
        ):
            points = [point for record in group if (point := _point(record, costs.get(key(record))))]
            if len(points) >= LEAST:
                yield _plot(group[0], points, title)


def size_key(record: Record) -> tuple[object, ...]:
    """What a file's size depends on."""
    return record.model, record.weights, record.dtype, record.pruning, record.sparsity


def time_key(record: Record) -> tuple[object, ...]:
    """What a latency depends on, but for the layout."""
    return (*size_key(record), record.device, record.threads)


def smallest_files(records: Sequence[Record]) -> Costs:
    """Megabytes of the smallest encoding."""
    found: dict[tuple[object, ...], Cost] = {}
    for record in records:
        if record.metric == "file_size" and record.value is not None:
            cost = (record.value / MB, str(record.encoding))
            found[size_key(record)] = min(cost, found.get(size_key(record), cost))
    return found


def relative_latencies(records: Sequence[Record]) -> Costs:
    """Of dense in the same rounds: the fastest layout on the model's first workload; dense itself is 1."""
    first: dict[str, str | None] = {}
    found: dict[tuple[object, ...], Cost] = {}
    for record in records:
        if record.metric != "speedup" or not record.value or record.is_layer:
            continue
        if first.setdefault(record.model, record.workload) == record.workload and record.layout != CONTROL:
            cost = (1 / record.value, f"{record.workload} in {record.layout}")
            found[time_key(record)] = min(cost, found.get(time_key(record), cost))
            dense = (record.model, record.weights, record.dtype, "dense", 0.0, record.device, record.threads)
            found[dense] = (1.0, f"{record.workload}, dense")
    return found


def front(points: Sequence[Point], better: str | None) -> list[Point]:
    """The points that no other beats in both: from the cheapest on, each better than all cheaper ones."""
    sign = 1.0 if better == "lower" else -1.0
    found: list[Point] = []
    for point in sorted(points, key=lambda point: (point["cost"], sign * float(str(point["quality"])))):
        if not found or sign * float(str(point["quality"])) < sign * float(str(found[-1]["quality"])):
            found.append(point)
    return found


def _point(record: Record, cost: Cost | None) -> Point | None:
    if cost is None:
        return None
    label = f"{record.sparsity:.0%}" if record.method else "dense"
    return {
        "cost": cost[0],
        "how": cost[1],
        "quality": record.value,
        "pruning": record.pruning,
        "label": label,
    }


def _plot(first: Record, points: Sequence[Point], title: str) -> Plot:
    names, colours = scale_of(PRUNINGS, (str(point["pruning"]) for point in points))
    palette = [NEUTRAL if name == "dense" else colour for name, colour in zip(names, colours, strict=True)]
    log = first.metric.endswith("perplexity")
    quality = alt.Y(
        "quality:Q",
        title=f"{first.metric} ({'log scale, ' if log else ''}{first.better} is better)",
        scale=alt.Scale(type="log") if log else alt.Scale(zero=False),
    )
    cost = alt.X("cost:Q", title=title, scale=alt.Scale(zero=False, padding=20), axis=alt.Axis(tickCount=5))
    base = alt.Chart(rows(points)).encode(x=cost, y=quality)
    dots = base.mark_point(filled=True, size=70).encode(
        color=alt.Color("pruning:N", scale=alt.Scale(domain=names, range=palette)),
        tooltip=tooltips("pruning:N", "label:N", "cost:Q", "how:N", "quality:Q"),
    )
    labels = base.mark_text(align="right", dx=-6, dy=-7, fontSize=10, color=NEUTRAL).encode(
        text=alt.Text("label:N")
    )
    best = front(points, first.better)
    line = alt.Chart(rows(best)).mark_line(interpolate="step-after", color=NEUTRAL).encode(x=cost, y=quality)
    what = title.partition(" in ")[0].partition(" relative")[0]
    return Plot(
        SECTION,
        f"{first.model} on {first.task}: {first.metric} against {what}",
        f"{describe_setting(first)}; the grey line is the Pareto front: nothing is cheaper and better",
        alt.layer(line, dots, labels).properties(width=WIDTH, height=HEIGHT),
    )
