"""The crossover table against hand-made records."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reports.crossover import crossover, render_crossover
from reports.record import Record
from tests.reports.rows import make_control, make_record


def layer(
    name: str,
    tokens: int,
    sparsity: float,
    speedup: float,
    layout: str = "csr",
    **changes: Any,  # noqa: ANN401 - any field
) -> Record:
    fields = {
        "workload": f"layer:{name}-b1x{tokens}",
        "scope": "4x4" if layout == "bsr" else "global",
        "sparsity": sparsity,
        "layout": layout,
        **changes,
    }
    return replace(make_control(speedup, speedup - 0.1, speedup + 0.1), **fields)


def ends(records: list[Record]) -> dict[tuple[str, int], str]:
    """By layout and rows of the only table, from where on it is faster."""
    (table,) = crossover(records)
    return {(row[0], int(row[1])): row[-1] for row in table.rows}


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
    (table,) = crossover(records)
    assert table.columns == ["layout", "rows", "0.50", "0.90", "0.99", "faster from"]
    assert table.rows == [["csr", "8", "1.05× to 1.3×", "3× to 4×", "9×", "0.90"]]
    assert table.setting == "gpt2's shapes; cpu, float32, 1 thread"


def test_a_layout_that_is_slow_at_its_highest_sparsity_is_told_so() -> None:
    assert ends([layer("c_fc", 128, 0.5, 2.0), layer("c_fc", 128, 0.99, 0.9)]) == {
        ("csr", 128): "not at 0.99"
    }


def test_only_the_sparsities_of_a_row_count_for_it() -> None:
    """What the default grid measures, with numbers of a run of it."""
    records = [
        layer("c_fc", 8, 0.90, 1.0, "strided"),
        layer("c_fc", 8, 0.50, 1.22),
        layer("c_fc", 8, 0.90, 2.98),
        layer("c_fc", 8, 0.99, 5.97),
        layer("c_fc", 1, 0.90, 1.9),
        layer("c_fc", 128, 0.95, 3.55),
        layer("c_fc", 8, 0.90, 0.7, "csr-linear"),
        layer("c_fc", 8, 0.90, 3.51, "bsr", low=3.34, high=3.73),
        layer("c_fc", 8, 0.90, 1.8, "bsr", scope="16x16"),
        layer("c_fc", 1, 0.90, 3.3, "scipy"),
    ]
    assert ends(records) == {
        ("bsr 16x16", 8): "0.90",
        ("bsr 4x4", 8): "0.90",
        ("csr", 1): "0.90",
        ("csr", 8): "0.50",
        ("csr", 128): "0.95",
        ("csr-linear", 8): "not at 0.90",
        ("scipy", 1): "0.90",
        ("strided", 8): "not at 0.90",
    }


def test_rows_and_blocks_are_told_apart_and_in_order() -> None:
    records = [
        layer("c_fc", 128, 0.9, 2.0),
        layer("c_fc", 8, 0.9, 2.0),
        layer("c_fc", 8, 0.9, 2.0, layout="bsr"),
        make_record(metric="speedup", workload="decode-b1x128", layout="csr", value=2.0, unit="x"),
    ]
    assert list(ends(records)) == [("bsr 4x4", 8), ("csr", 8), ("csr", 128)]


def test_scopes_and_methods_are_told_apart_where_there_are_several() -> None:
    scopes = [layer("c_fc", 8, 0.9, 0.8), layer("c_fc", 8, 0.9, 2.0, scope="layer")]
    strided = layer("c_fc", 8, 0.9, 1.0, "strided")
    assert ends([*scopes, strided]) == {
        ("csr global", 8): "not at 0.90",
        ("csr layer", 8): "0.90",
        ("strided", 8): "not at 0.90",
    }
    methods = [layer("c_fc", 8, 0.9, 0.8), layer("c_fc", 8, 0.9, 2.0, method="random")]
    assert ends(methods) == {("csr magnitude", 8): "not at 0.90", ("csr random", 8): "0.90"}


@pytest.mark.parametrize(
    ("changes", "setting"),
    [
        ({"device": "cuda", "threads": None}, "gpt2's shapes; cuda, float32"),
        ({"dtype": "bfloat16"}, "gpt2's shapes; cpu, bfloat16, 1 thread"),
        ({"threads": 2}, "gpt2's shapes; cpu, float32, 2 threads"),
    ],
)
def test_what_was_measured_elsewhere_has_a_table_of_its_own(changes: dict[str, Any], setting: str) -> None:
    here, there = crossover([layer("c_fc", 8, 0.9, 0.8), layer("c_fc", 8, 0.9, 2.0, **changes)])
    assert here.setting == "gpt2's shapes; cpu, float32, 1 thread"
    assert [row[-1] for row in here.rows] == ["not at 0.90"]
    assert there.setting == setting
    assert [row[-1] for row in there.rows] == ["0.90"]


def test_what_took_too_long_is_not_taken_for_faster() -> None:
    slow = layer("c_attn", 8, 0.5, 0.0, metric="latency", value=None, low=None, high=None, outcome="timeout")
    (table,) = crossover([layer("c_fc", 8, 0.5, 2.0), slow, layer("c_fc", 8, 0.9, 3.0)])
    assert table.rows == [["csr", "8", "2×, timeout", "3×", "0.90"]]


def test_noisy_records_are_counted_under_the_table() -> None:
    records = [
        layer("c_fc", 8, 0.5, 2.0, stamps=("kernel a", "noisy: busy")),
        layer("c_fc", 8, 0.9, 2.0, stamps=("kernel a",)),
        make_record(stamps=("noisy: busy",)),
    ]
    lines = render_crossover(records, "table").splitlines()
    assert lines[-2:] == ["timings of single layers: 2", "1 of them: noisy: busy"]
    assert "noisy" not in render_crossover(records[1:2], "table")


def test_a_run_without_single_layers_is_told_the_command() -> None:
    with pytest.raises(ValueError, match="pytest bench -k test_layer"):
        crossover([make_record()])
