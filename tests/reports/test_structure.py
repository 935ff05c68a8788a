"""Tables of structure against hand-worked ones."""

from __future__ import annotations

import pytest

from reports.counts import CheckpointCounts
from reports.structure import Questions, counts_table, structure_table
from reports.tables import render
from tests.reports.rows import make_record, make_tensor_counts

RECORDS = [
    make_record(benchmark="structure", model="tiny", metric=metric, value=value, unit=unit, part=part, **more)
    for part, metric, value, unit, more in (
        (None, "parameters", 124_439_808.0, "", {}),
        (None, "share_above_1", 2.43e-06, "fraction", {}),
        (None, "share_zero", 0.0, "fraction", {}),
        (None, "magnitude_q50", 0.0895, "", {}),
        ("h.0", "parameters", 7_087_872.0, "", {}),
        ("h.0", "share_above_1", 0.0, "fraction", {}),
        (
            "h.0",
            "pruned_share",
            0.42,
            "fraction",
            {"method": "magnitude", "scope": "global", "sparsity": 0.5},
        ),
        ("h.0", "pruned_share", 0.99, "fraction", {"method": "magnitude", "scope": "model", "sparsity": 0.5}),
    )
]
ZEROS = make_record(
    benchmark="structure", model="tiny", metric="share_zero", value=0.9, unit="fraction", part="h.0"
)


def test_parts_stand_below_each_other() -> None:
    table = structure_table(RECORDS, "setting")
    assert table.columns == [
        "part", "weights", "|w| > 1", "1 % below", "median", "99 % below", "50% take", "90% take",
    ]  # fmt: skip
    assert table.rows == [
        ["all weights", "124 M", "0.00024 %", "", "0.0895", "", "", ""],
        ["h.0", "7.09 M", "0.00 %", "", "", "", "42.00 %", ""],
    ]


def test_zeros_have_columns_where_there_are_any() -> None:
    assert "zeros" in structure_table([*RECORDS, ZEROS], "").columns
    assert "zeros" not in structure_table(RECORDS, "").columns


def test_a_run_shows_one_table_per_model() -> None:
    assert render(RECORDS, "table").startswith(
        "structure: tiny\nhub@607a30d783df; cpu, float32, 1 thread\npart"
    )


CHECKPOINT = CheckpointCounts(
    model="tiny",
    weights="local@0",
    family="gpt2",
    tensors=(
        make_tensor_counts({0x3F80: 3, 0x4000: 1}, name="a", layer=None, component="embeddings"),
        make_tensor_counts({0x3F00: 2, 0x4000: 2}, name="b"),
        make_tensor_counts({}, name="c", nan=2),
    ),
    left_out=({"name": "mask", "dtype": "F32", "shape": [1], "why": "a buffer"},),
)
ASKED = Questions(above=(1.0,), below=(1.0,), quantiles=(0.5,))


@pytest.mark.parametrize(
    ("group", "rows"),
    [
        (
            "parameter",
            [
                ["a", "4", "25.00 %", "0.00 %", "1"],
                ["b", "4", "50.00 %", "50.00 %", "0.5"],
                ["c", "0", "", "", ""],
            ],
        ),
        ("layer", [["h.0", "4", "50.00 %", "50.00 %", "0.5"]]),
        (
            "component",
            [["embeddings", "4", "25.00 %", "0.00 %", "1"], ["attention", "4", "50.00 %", "50.00 %", "0.5"]],
        ),
    ],
)
def test_any_question_is_answered_from_counts(group: str, rows: list[list[str]]) -> None:
    table = counts_table(CHECKPOINT, group, ASKED)
    assert table.columns == [group, "weights", "|w| > 1", "|w| < 1", "0.5 below"]
    assert table.rows == [["all weights", "8", "37.50 %", "25.00 %", "1"], *rows]
    assert table.setting == "local@0; gpt2; not counted: mask (a buffer)"
