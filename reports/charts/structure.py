"""How sparse checkpoints are before pruning: histogram, layers, what a ranking takes from each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import altair as alt
import numpy as np
from numpy.typing import NDArray

from reports.charts.axes import tooltips
from reports.counts import CheckpointCounts, TensorCounts
from reports.evidence import Evidence, grouped, in_one_chart
from reports.magnitudes import merge
from reports.palette import COLOURS, COMPONENTS, scale_of
from reports.plot import HEIGHT, WIDTH, Plot, rows
from reports.record import Record

SECTION = "structure"
EDGES = np.linspace(-12, 4, 161)  # of log10|w|
QUANTILES = {"magnitude_q01": "1 % below", "magnitude_q50": "median", "magnitude_q99": "99 % below"}


def structure_plots(evidence: Evidence) -> Iterator[Plot]:
    """The study's plots, of each checkpoint."""
    for checkpoint in evidence.counts:
        if any(tensor.zeros < tensor.magnitudes.total for tensor in checkpoint.tensors):
            yield _histogram(checkpoint)
    found = [record for record in evidence.records if record.benchmark == SECTION and _is_layer(record)]
    for group in in_one_chart(found):
        yield from _layers(group)


def _histogram(checkpoint: CheckpointCounts) -> Plot:
    parts = grouped(checkpoint.tensors, lambda tensor: tensor.component)
    heights = {str(component): _heights(tensors) for component, tensors in parts.items()}
    there = np.flatnonzero(sum(heights.values()))
    if not there.size:  # all of it is outside
        there = np.array([0])
    values = [
        {"component": component, "log": round(float(EDGES[place]), 3), "count": round(float(counts[place]))}
        for component, counts in heights.items()
        for place in range(there[0], there[-1] + 1)
    ]
    names, colours = scale_of(COMPONENTS, map(str, parts))
    chart = (
        alt.Chart(rows(values))
        .mark_area(interpolate="step-after", opacity=0.85)
        .encode(
            x=alt.X("log:Q", title="log10 |w|"),
            y=alt.Y("count:Q", title="weights", stack=True, axis=alt.Axis(format="~s")),
            color=alt.Color("component:N", scale=alt.Scale(domain=names, range=colours)),
            tooltip=tooltips("component:N", "log:Q", "count:Q"),
        )
        .properties(width=WIDTH, height=HEIGHT)
    )
    zeros = sum(tensor.zeros for tensor in checkpoint.tensors)
    total = sum(tensor.parameters for tensor in checkpoint.tensors)
    told = (
        f"{total:,} weights, of which {zeros:,} are zero and not drawn, nor is what lies outside 1e-12 to 1e4"
    )
    note = f"{checkpoint.weights}; {told}"
    return Plot(SECTION, f"{checkpoint.model}: sizes of weights", note, chart)


def _heights(tensors: Sequence[TensorCounts]) -> NDArray[np.float64]:
    return merge(tensor.magnitudes for tensor in tensors).histogram(EDGES)


def _is_layer(record: Record) -> bool:
    return record.part is not None and any(piece.isdecimal() for piece in record.part.split("."))


def _layers(group: Sequence[Record]) -> Iterator[Plot]:
    first = group[0]
    order = list(dict.fromkeys(str(record.part) for record in group))
    layer = alt.X("layer:N", sort=order, title="layer")
    quantiles = [
        {"layer": record.part, "quantile": QUANTILES[record.metric], "value": record.value}
        for record in group
        if record.metric in QUANTILES and record.value  # a log axis has no 0
    ]
    names = list(QUANTILES.values())
    lines = (
        alt.Chart(rows(quantiles))
        .mark_line(point=True)
        .encode(
            x=layer,
            y=alt.Y("value:Q", title="|w| (log scale)", scale=alt.Scale(type="log")),
            color=alt.Color("quantile:N", sort=names, scale=alt.Scale(domain=names, range=list(COLOURS[:3]))),
            tooltip=tooltips("layer:N", "quantile:N", "value:Q"),
        )
    )
    note = first.weights
    size = {"width": WIDTH, "height": HEIGHT}
    yield Plot(SECTION, f"{first.model}: quantiles of |w| by layer", note, lines.properties(**size))
    above = [
        {"layer": record.part, "share": record.value} for record in group if record.metric == "share_above_1"
    ]
    bars = (
        alt.Chart(rows(above))
        .mark_bar(color=COLOURS[0])
        .encode(
            x=layer,
            y=alt.Y("share:Q", title="share of weights with |w| > 1", axis=alt.Axis(format="~e")),
            tooltip=tooltips("layer:N", "share:Q"),
        )
    )
    yield Plot(SECTION, f"{first.model}: share of weights above 1 by layer", note, bars.properties(**size))
    taken: list[dict[str, object]] = [
        {"layer": record.part, "sparsity": f"{record.sparsity:.0%}", "share": record.value}
        for record in group
        if record.metric == "pruned_share" and record.scope == "global"
    ]
    if taken:
        yield Plot(
            SECTION, f"{first.model}: what one ranking takes from each layer", note, _heat(taken, layer)
        )


def _heat(taken: Sequence[dict[str, object]], layer: alt.X) -> alt.LayerChart:
    base = alt.Chart(rows(taken)).encode(
        x=layer, y=alt.Y("sparsity:O", title="pruned of all matrices", sort="descending")
    )
    cells = base.mark_rect().encode(
        color=alt.Color(
            "share:Q",
            title="pruned of the layer",
            scale=alt.Scale(scheme="cividis"),
            legend=alt.Legend(format="%"),
        ),
        tooltip=[*tooltips("layer:N", "sparsity:O"), alt.Tooltip("share:Q", format=".1%")],
    )
    many = len({row["layer"] for row in taken}) > 12  # noqa: PLR2004 - then no text fits a cell
    text = base.mark_text(fontSize=11).encode(
        text=alt.Text("share:Q", format=".0%"),
        color=alt.condition("datum.share > 0.6", alt.value("black"), alt.value("white")),
    )
    return alt.LayerChart(layer=[cells] if many else [cells, text]).properties(width=WIDTH, height=HEIGHT)
