"""A plot: one chart definition that becomes a part of the page, an SVG and a PNG."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import altair as alt

WIDTH, HEIGHT = 420, 260
FONT = "system-ui, sans-serif"


@dataclass(frozen=True, eq=False)
class Plot:
    """A chart with what stands around it.

    Attributes:
        section: of the page that it belongs to.
        title: what is seen.
        note: what a reader must know to read it, such as the protocol.
        chart: its definition.
    """

    section: str
    title: str
    note: str
    chart: alt.TopLevelMixin

    @property
    def name(self) -> str:
        """Of its files: letters, digits and dashes alone, whatever the title has."""
        return re.sub(r"[^a-z0-9]+", "-", self.title.lower()).strip("-")[:80]

    @cached_property
    def spec(self) -> dict[str, Any]:
        """As Vega-Lite takes it; not checked against its schema here, which would take most of the time."""
        found: dict[str, Any] = self.chart.to_dict(validate=False)
        return {**found, "config": CONFIG, "background": "transparent"}


CONFIG: Mapping[str, Any] = {
    "font": FONT,
    "view": {"continuousWidth": WIDTH, "continuousHeight": HEIGHT, "stroke": "transparent"},
    # above the axis: beside it a narrow chart would cut it off
    "axisY": {"titleAngle": 0, "titleAlign": "left", "titleAnchor": "start", "titleX": 0, "titleY": -12},
    "axis": {"labelFontSize": 12, "titleFontSize": 12, "grid": True, "gridOpacity": 0.4},
    "padding": {"top": 20, "left": 5, "right": 5, "bottom": 5},
    "legend": {"orient": "right", "labelFontSize": 12, "titleFontSize": 12, "labelLimit": 240},
    "header": {"labelFontSize": 12},
}


def rows(found: Sequence[Mapping[str, object]]) -> Any:  # noqa: ANN401 - altair's own
    """Values as a chart's data, inline."""
    import altair as alt

    return alt.InlineData([dict(row) for row in found])
