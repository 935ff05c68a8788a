"""Axes that several charts have: what is seen side by side has the same one."""

from __future__ import annotations

import altair as alt

SPARSITY = alt.X(
    "sparsity:Q", title="weights pruned", axis=alt.Axis(format="%"), scale=alt.Scale(domain=[0, 1])
)

# a stroke with the line's own dashes, which a dot would not show
STROKES = alt.Legend(symbolType="stroke", symbolSize=400, symbolStrokeWidth=2.5)


def tooltips(*names: str) -> list[alt.Tooltip]:
    """What stands beside the mouse; channels given as text take altair a hundred times as long."""
    return [alt.Tooltip(name) for name in names]
