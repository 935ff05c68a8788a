"""Plots of what sparsity costs and saves."""

from __future__ import annotations

from typing import Any

import pytest

from reports.charts.cost import speed_plots
from reports.evidence import gather
from reports.plot import Plot
from tests.reports.rows import make_record, make_stored


def speeds(*theory: tuple[float, float]) -> Plot:
    """A layout that is twice as fast at 0.9, and what theory says at some sparsities."""
    timed: dict[str, Any] = {
        "benchmark": "latency",
        "workload": "w",
        "method": "magnitude",
        "scope": "global",
        "layout": "csr",
        "unit": "x",
    }
    measured = make_record(metric="speedup", value=2.0, low=1.9, high=2.1, sparsity=0.9, **timed)
    told = [
        make_record(metric="theoretical_speedup", value=value, sparsity=sparsity, **timed)
        for sparsity, value in theory
    ]
    (plot,) = speed_plots(gather([make_stored([measured, *told])]))
    return plot


def test_arrows_tell_where_theory_is_above_the_axis_and_how_far() -> None:
    """The axis ends at four times 2.1."""
    plot = speeds((0.5, 2.0), (0.9, 10.0), (0.99, 100.0))
    arrows = plot.spec["layer"][-1]
    assert arrows["mark"]["shape"] == "triangle-up"
    rows = plot.spec["datasets"][arrows["data"]["name"]]
    assert rows == [{"sparsity": 0.9, "value": 10.0}, {"sparsity": 0.99, "value": 100.0}]
    assert "theory is above the axis, up to 100×" in plot.note
    assert plot.chart.to_dict(validate=True)


@pytest.mark.parametrize("theory", [(), ((0.9, 8.4),)])
def test_theory_that_fits_has_no_arrow(theory: tuple[tuple[float, float], ...]) -> None:
    plot = speeds(*theory)
    assert "arrow" not in plot.note
    assert all("shape" not in str(layer.get("mark")) for layer in plot.spec["layer"])
