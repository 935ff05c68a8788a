"""The crossover table against hand-made records."""

from __future__ import annotations

import pytest

from reports.crossover import crossover
from reports.record import Record
from tests.reports.rows import make_record


def layer(name: str, tokens: int, sparsity: float, speedup: float, layout: str = "csr") -> Record:
    return make_record(
        benchmark="latency",
        workload=f"layer:{name}-b1x{tokens}",
        method="magnitude",
        scope="4x4" if layout == "bsr" else "global",
        sparsity=sparsity,
        layout=layout,
        metric="speedup",
        value=speedup,
        low=speedup - 0.1,
        high=speedup + 0.1,
        unit="x",
        better="higher",
    )


def test_a_layout_is_faster_from_the_sparsity_where_every_shape_is() -> None:
    records = [
        *(
            layer("c_fc", 8, sparsity, speedup)
            for sparsity, speedup in ((0.5, 1.05), (0.9, 3.0), (0.99, 9.0))
        ),
        *(
            layer("c_attn", 8, sparsity, speedup)
            for sparsity, speedup in ((0.5, 1.3), (0.9, 4.0), (0.99, 9.0))
        ),
    ]
    table = crossover(records)
    assert table.columns == ["layout", "rows", "0.50", "0.90", "0.99", "faster from"]
    assert table.rows == [["csr", "8", "1.05× to 1.3×", "3× to 4×", "9×", "0.90"]]


def test_a_layout_that_is_slow_at_the_highest_sparsity_is_never_faster() -> None:
    records = [layer("c_fc", 128, 0.5, 2.0), layer("c_fc", 128, 0.99, 0.9)]
    assert crossover(records).rows[0][-1] == "never"


def test_rows_and_blocks_are_told_apart_and_in_order() -> None:
    records = [
        layer("c_fc", 128, 0.9, 2.0),
        layer("c_fc", 8, 0.9, 2.0),
        layer("c_fc", 8, 0.9, 2.0, layout="bsr"),
        make_record(metric="speedup", workload="decode-b1x128", layout="csr", value=2.0, unit="x"),
    ]
    assert [row[:2] for row in crossover(records).rows] == [["bsr 4x4", "8"], ["csr", "8"], ["csr", "128"]]


def test_a_run_without_single_layers_is_told_the_command() -> None:
    with pytest.raises(ValueError, match="pytest bench -k test_layer"):
        crossover([make_record()])
