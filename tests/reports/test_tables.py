"""Tables against hand-worked ones; csv and json against the records themselves."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.cells import cell, format_value, sparsity_text
from reports.record import Record
from reports.tables import FORMATS, LEGEND, render, tables_of
from tests.reports.rows import make_record

FINITE = st.floats(allow_nan=False, allow_infinity=False)
TASK = {"task": "wikitext2", "task_version": 1, "protocol": "joined test window=1024 stride=1024"}

QUALITY = """\
quality: gpt2 on wikitext2, perplexity (lower is better)
hub@607a30d783df; joined test window=1024 stride=1024; cpu, float32, 1 thread
sparsity      magnitude-global    random-global
----------  ------------------  ---------------
dense                    29.94            29.94
0.10                     29.96            41.08
0.50                       412
0.975               1.23e+04 !         2.00e+06

! outside its threshold"""

QUALITY_IN_MARKDOWN = """\
### quality: gpt2 on wikitext2, perplexity (lower is better)

hub@607a30d783df; joined test window=1024 stride=1024; cpu, float32, 1 thread

| sparsity   |   magnitude-global |   random-global |
|------------|--------------------|-----------------|
| dense      |              29.94 |           29.94 |
| 0.10       |              29.96 |           41.08 |
| 0.50       |                412 |                 |
| 0.975      |         1.23e+04 ! |        2.00e+06 |"""

DENSE_ONLY = """\
quality: gpt2 on wikitext2, perplexity (lower is better)
hub@607a30d783df; joined test window=1024 stride=1024; cpu, float32, 1 thread
sparsity      dense
----------  -------
dense         29.94"""

NO_DENSE = """\
quality: gpt2 on wikitext2, perplexity (lower is better)
hub@607a30d783df; joined test window=1024 stride=1024; cpu, float32, 1 thread
sparsity      magnitude-2:4
----------  ---------------
0.50                  61.25"""

COSTS = """\
mask-cost: gpt2
hub@607a30d783df; cpu, float32, 2 threads
pruning                   find time    find speedup    find memory
----------------------  -----------  --------------  -------------
dense                           2 s
magnitude-global-0.975       419 ms         3.46× !
magnitude-model-0.50                                      134.5 MB

! outside its threshold"""

COSTS_IN_MARKDOWN = """\
### mask-cost: gpt2

hub@607a30d783df; cpu, float32, 2 threads

| pruning                |   find time |   find speedup |   find memory |
|------------------------|-------------|----------------|---------------|
| dense                  |         2 s |                |               |
| magnitude-global-0.975 |      419 ms |        3.46× ! |               |
| magnitude-model-0.50   |             |                |      134.5 MB |"""


def dense(value: float | None = 29.94, **changes: Any) -> Record:  # noqa: ANN401 - any field
    return make_record(value=value, **{**TASK, **changes})


def pruned(method: str, sparsity: float, value: float | None, **changes: Any) -> Record:  # noqa: ANN401 - any field
    scope = {"method": method, "scope": "global", "sparsity": sparsity}
    return dense(value, **{**scope, **changes})


def cost(metric: str, value: float, unit: str, **changes: Any) -> Record:  # noqa: ANN401 - any field
    where = {"benchmark": "mask-cost", "threads": 2, "better": None}
    return make_record(metric=metric, value=value, unit=unit, **{**where, **changes})


def quality_records() -> list[Record]:
    """Out of order, with a pair that was not measured."""
    return [
        pruned("magnitude", 0.975, 12345.6, gate="failed"),
        pruned("random", 0.1, 41.0849, gate="passed"),
        dense(gate="passed"),
        pruned("magnitude", 0.5, 412.0),
        pruned("magnitude", 0.1, 29.9649),
        pruned("random", 0.975, 2e6),
    ]


def cost_records() -> list[Record]:
    low = {"method": "magnitude", "scope": "global", "sparsity": 0.975}
    middle = {"method": "magnitude", "scope": "model", "sparsity": 0.5}
    return [
        cost("find_time", 2.0, "s"),
        cost("find_time", 0.41888, "s", **low),
        cost("find_speedup", 3.4567, "x", gate="failed", **low),
        cost("find_memory", 134515008.0, "B", **middle),
    ]


def titles(records: Iterable[Record]) -> list[str]:
    return [f"{table.title}\n{table.setting}" for table in tables_of(records)]


def parse_csv(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_quality_table_has_sparsities_down_and_prunings_across() -> None:
    assert render(quality_records(), "table") == QUALITY


def test_quality_table_in_markdown() -> None:
    assert render(quality_records(), "md").startswith(QUALITY_IN_MARKDOWN)


def test_legend_in_markdown_is_no_row_of_the_table() -> None:
    legend = render(quality_records(), "md").removeprefix(QUALITY_IN_MARKDOWN)
    assert legend == f"\n\n{LEGEND}"


def test_dense_alone_is_a_table_of_one_value() -> None:
    assert render([dense()], "table") == DENSE_ONLY


def test_table_without_dense_begins_with_the_lowest_sparsity() -> None:
    assert render([pruned("magnitude", 0.5, 61.25, scope="2:4")], "table") == NO_DENSE


def test_cost_table_has_prunings_down_and_metrics_across() -> None:
    assert render(cost_records(), "table") == COSTS


def test_cost_table_in_markdown() -> None:
    assert render(cost_records(), "md").startswith(COSTS_IN_MARKDOWN)


@pytest.mark.parametrize("style", ["table", "md"])
@pytest.mark.parametrize("gate", ["passed", "ungated"])
def test_table_without_failed_gates_has_neither_marks_nor_legend(style: str, gate: str) -> None:
    assert "!" not in render([dense(gate=gate), pruned("magnitude", 0.5, 60.0, gate=gate)], style)


def test_legend_stands_only_below_tables_with_a_mark() -> None:
    records = [dense(), dense(37.0, metric="word_perplexity", gate="failed")]
    text = render(records, "table")
    assert (" !" in text.removesuffix(LEGEND)) == text.endswith(LEGEND)


def test_value_that_was_not_measured_is_a_word() -> None:
    text = render([dense(), pruned("magnitude", 0.5, None, outcome="oom")], "table")
    assert text.splitlines()[-1].split() == ["0.50", "oom"]


def test_only_headline_metrics_of_quality_are_shown() -> None:
    records = [dense(), dense(37.5, metric="word_perplexity"), dense(1.9, metric="byte_perplexity")]
    assert render(records, "table") == DENSE_ONLY


def test_metric_of_a_users_own_is_shown() -> None:
    (table,) = tables_of([dense(0.625, metric="my_accuracy", better="higher", unit="fraction")])
    assert table.title.endswith(", my_accuracy (higher is better)")
    assert table.rows == [["dense", "62.50 %"]]


def test_metric_without_a_direction_claims_none() -> None:
    (table,) = tables_of([dense(metric="my_number", better=None)])
    assert table.title.endswith(", my_number")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"model": "gpt2-medium"}, "quality: gpt2-medium on wikitext2"),
        ({"weights": "local@0123456789ab"}, "\nlocal@0123456789ab; "),
        ({"task": "wikitext2-file"}, "on wikitext2-file, "),
        ({"protocol": "joined test limit=2"}, "; joined test limit=2; "),
        ({"dtype": "bfloat16"}, "; cpu, bfloat16, 1 thread"),
        ({"threads": 2}, "; cpu, float32, 2 threads"),
        ({"device": "cuda:0"}, "; cuda:0, float32"),
    ],
)
def test_another_setting_is_another_table(changes: dict[str, Any], words: str) -> None:
    first, second = titles([dense(), dense(**changes), pruned("magnitude", 0.5, 60.0)])
    assert words not in first
    assert words in second


def test_threads_are_not_told_of_a_gpu() -> None:
    (title,) = titles([dense(device="cuda:0")])
    assert title.endswith("; cuda:0, float32")


def test_values_of_two_models_do_not_mix() -> None:
    records = [
        dense(30.0, model="a"),
        dense(20.0, model="b"),
        pruned("magnitude", 0.5, 31.0, model="a"),
        pruned("magnitude", 0.5, 21.0, model="b"),
    ]
    rows = [table.rows for table in tables_of(records)]
    assert rows == [[["dense", "30"], ["0.50", "31"]], [["dense", "20"], ["0.50", "21"]]]


def test_tables_stand_in_the_order_of_the_records_with_a_blank_line_between() -> None:
    text = render([*cost_records()[:1], dense()], "table")
    above, below = text.split("\n\n")
    assert above.startswith("mask-cost: ")
    assert below == DENSE_ONLY


def test_quality_and_cost_of_a_model_are_two_tables() -> None:
    assert len(titles([dense(), *cost_records()])) == 2


@pytest.mark.parametrize(("style", "text"), [("table", ""), ("md", ""), ("csv", ""), ("json", "[]")])
def test_no_records_are_no_tables(style: str, text: str) -> None:
    assert render([], style) == text


def test_csv_has_every_field_of_every_record() -> None:
    records = quality_records()
    rows = parse_csv(render(records, "csv"))
    assert list(rows[0]) == [field.name for field in fields(Record)]
    assert [row["method"] for row in rows] == [record.method or "" for record in records]
    assert [row["gate"] for row in rows] == [record.gate for record in records]
    assert [row["limit"] for row in rows] == [""] * len(records)


def test_csv_quotes_text_with_commas_quotes_and_line_ends() -> None:
    text = 'a, "b"\nc'
    rows = parse_csv(render([dense(protocol=text), dense()], "csv"))
    assert [row["protocol"] for row in rows] == [text, TASK["protocol"]]


def test_csv_leaves_a_missing_value_blank() -> None:
    rows = parse_csv(render([dense(), dense(None, outcome="oom")], "csv"))
    assert [(row["value"], row["outcome"]) for row in rows] == [("29.94", "measured"), ("", "oom")]


def test_csv_keeps_whole_numbers_whole_beside_blanks() -> None:
    rows = parse_csv(render([dense(n=500), make_record()], "csv"))
    assert [(row["n"], row["task_version"]) for row in rows] == [("500", "1"), ("", "")]


@settings(max_examples=50)
@given(values=st.lists(st.tuples(FINITE, st.none() | FINITE), min_size=1, max_size=4))
def test_csv_is_exact_to_the_bit(values: list[tuple[float, float | None]]) -> None:
    rows = parse_csv(render([make_record(value=value, low=low) for value, low in values], "csv"))
    assert [float(row["value"]).hex() for row in rows] == [value.hex() for value, _ in values]
    assert [row["low"] and float(row["low"]).hex() for row in rows] == [
        "" if low is None else low.hex() for _, low in values
    ]


@settings(max_examples=50)
@given(values=st.lists(FINITE, min_size=1, max_size=4))
def test_json_is_exact_to_the_bit(values: list[float]) -> None:
    rows = json.loads(render([make_record(value=value) for value in values], "json"))
    assert [row["value"].hex() for row in rows] == [value.hex() for value in values]


def test_json_has_every_field_of_every_record() -> None:
    records = [*quality_records(), dense(stamps=("noisy",), protocol="é ×")]
    assert [Record.from_json(row) for row in json.loads(render(records, "json"))] == records


def test_json_keeps_letters_readable() -> None:
    assert '"é ×"' in render([dense(protocol="é ×")], "json")


@pytest.mark.parametrize("style", FORMATS)
def test_rendering_leaves_the_records_alone(style: str) -> None:
    records = quality_records()
    before = [record.to_json() for record in records]
    render(records, style)
    assert [record.to_json() for record in records] == before


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (29.941234, "", "29.94"),
        (0.00012345, "", "0.0001234"),
        (0.0, "", "0"),
        (-3.0, "", "-3"),
        (9999.0, "", "9999"),
        (10000.0, "", "1.00e+04"),
        (-123456.0, "", "-1.23e+05"),
        (0.5, "fraction", "50.00 %"),
        (0.123456, "fraction", "12.35 %"),
        (1.0, "fraction", "100.00 %"),
        (0.0, "fraction", "0.00 %"),
        (0.41888, "s", "419 ms"),
        (0.00000123, "s", "0.00123 ms"),
        (1.0, "s", "1 s"),
        (59.96, "s", "60 s"),
        (-0.25, "s", "-250 ms"),
        (134515008.0, "B", "134.5 MB"),
        (1234567890.0, "B", "1,234.6 MB"),
        (0.0, "B", "0.0 MB"),
        (3.4567, "x", "3.46×"),
        (0.5, "x", "0.5×"),
        (1.0, "x", "1×"),
    ],
)
def test_value_is_rounded_and_scaled(value: float, unit: str, text: str) -> None:
    assert format_value(value, unit) == text


@pytest.mark.parametrize(("value", "unit"), [(0.9996, "s"), (1234.5, "s"), (1234.5, "x")])
def test_time_or_ratio_of_ordinary_size_has_no_exponent(value: float, unit: str) -> None:
    assert "e" not in format_value(value, unit)


@pytest.mark.parametrize(
    ("record", "text"),
    [
        (make_record(value=2.5), "2.5"),
        (make_record(value=2.5, gate="passed"), "2.5"),
        (make_record(value=2.5, gate="failed"), "2.5 !"),
        (make_record(value=None, outcome="timeout"), "timeout"),
    ],
)
def test_cell_is_marked_when_its_gate_failed(record: Record, text: str) -> None:
    assert cell(record) == text


@pytest.mark.parametrize(
    ("sparsity", "text"),
    [
        (0.0, "0.00"),
        (0.5, "0.50"),
        (0.95, "0.95"),
        (0.975, "0.975"),
        (2 / 3, "0.6666666666666666"),
        (1e-7, "0.0000001"),
    ],
)
def test_sparsity_is_written_exactly(sparsity: float, text: str) -> None:
    assert sparsity_text(sparsity) == text


@given(sparsity=st.floats(0, 1, exclude_max=True))
def test_no_two_sparsities_are_written_alike(sparsity: float) -> None:
    text = sparsity_text(sparsity)
    assert float(text) == sparsity
    assert "e" not in text
    assert len(text.split(".")[1]) >= 2


LATENCY = {
    "benchmark": "latency",
    "workload": "decode-b1x32",
    "method": "magnitude",
    "scope": "global",
    "sparsity": 0.95,
    "layout": "csr",
    "better": None,
}


def latency_of(layout: str, speedup: float, **more: Any) -> list[Record]:  # noqa: ANN401 - any field
    common = {**LATENCY, "layout": layout, **more}
    ends = {"low": speedup - 0.1, "high": speedup + 0.1}
    return [
        make_record(**common, metric="multiply_adds", value=1e9, unit=""),
        make_record(**common, metric="speedup", value=speedup, unit="x", **ends),
        make_record(**common, metric="latency", value=0.012, unit="s"),
        make_record(**common, metric="amdahl_bound", value=3.2, unit="x"),
    ]


LAYOUTS_SIDE_BY_SIDE = """\
latency: gpt2, decode-b1x32
hub@607a30d783df; cpu, float32, 1 thread
pruning                          latency    amdahl bound            speedup
-----------------------------  ---------  --------------  -----------------
magnitude-global-0.95 strided      12 ms            3.2×    1× (0.9 to 1.1)
magnitude-global-0.95 csr          12 ms            3.2×  2.2× (2.1 to 2.3)"""


def test_layouts_stand_below_each_other_with_measured_beside_what_could_be() -> None:
    records = [*latency_of("strided", 1.0), *latency_of("csr", 2.2)]
    assert render(records, "table") == LAYOUTS_SIDE_BY_SIDE


def test_single_layers_share_one_table_and_are_named_in_it() -> None:
    records = [
        record
        for tokens in (1, 8)
        for record in latency_of("csr", 3.0, workload=f"layer:c_fc-b1x{tokens}", weights="random")
    ]
    (table,) = tables_of(records)
    assert table.title == "latency: gpt2, single layers"
    assert [row[0] for row in table.rows] == [
        f"c_fc-b1x{tokens} magnitude-global-0.95 csr" for tokens in (1, 8)
    ]


def test_what_did_not_fit_into_memory_is_a_cell_that_says_so() -> None:
    records = [
        *latency_of("csr", 3.0),
        make_record(**{**LATENCY, "layout": "bsr"}, metric="latency", value=None, outcome="oom", unit="s"),
    ]
    (table,) = tables_of(records)
    assert table.rows[1][:2] == ["magnitude-global-0.95 bsr", "oom"]


def size_of(scope: str, **values: float) -> list[Record]:
    common = {"benchmark": "size", "method": "magnitude", "sparsity": 0.9, "encoding": "packed", "unit": "B"}
    return [
        make_record(**common, scope=scope, metric=metric, value=value, better=None)
        for metric, value in values.items()
    ]


def test_sizes_stand_beside_their_limit_and_without_one_beside_nothing() -> None:
    with_limit = size_of("global", file_size=1.5e6, entropy_limit=1.4e6)
    (table,) = tables_of([*with_limit, *size_of("16x16", file_size=1.2e6)])
    assert table.columns == ["pruning", "packed", "entropy limit"]
    assert table.rows == [
        ["magnitude-global-0.90", "1.5 MB", "1.4 MB"],
        ["magnitude-16x16-0.90", "1.2 MB", ""],
    ]
