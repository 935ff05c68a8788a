"""What a record takes, refuses and gives back."""

from __future__ import annotations

import json
import math
from dataclasses import FrozenInstanceError, asdict, fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.record import KEY, SCHEMA, Record, Run
from tests.reports.rows import RECORD, make_record, make_run

REQUIRED = (
    "benchmark",
    "model",
    "weights",
    "device",
    "dtype",
    "metric",
    "value",
    "unit",
)
FINITE = st.floats(allow_nan=False, allow_infinity=False)
MAYBE_TEXT = st.none() | st.text()
MAYBE_FINITE = st.none() | FINITE
RECORDS = st.builds(
    Record,
    benchmark=st.text(),
    model=st.text(),
    weights=st.text(),
    task=MAYBE_TEXT,
    task_version=st.none() | st.integers(),
    protocol=MAYBE_TEXT,
    workload=MAYBE_TEXT,
    method=MAYBE_TEXT,
    scope=MAYBE_TEXT,
    sparsity=FINITE,
    layout=MAYBE_TEXT,
    encoding=MAYBE_TEXT,
    device=st.text(),
    dtype=st.text(),
    threads=st.integers(),
    seed=st.integers(),
    metric=st.text(),
    value=FINITE,
    unit=st.text(),
    better=st.sampled_from(["lower", "higher", None]),
    achieved_sparsity=MAYBE_FINITE,
    n=st.none() | st.integers(),
    low=MAYBE_FINITE,
    high=MAYBE_FINITE,
    samples=MAYBE_TEXT,
    limit=MAYBE_TEXT,
    gate=st.sampled_from(["passed", "failed", "ungated"]),
    limit_source=MAYBE_TEXT,
    stamps=st.lists(st.text()).map(tuple),
)


def names() -> list[str]:
    return [field.name for field in fields(Record)]


def through_json(record: Record) -> Record:
    return Record.from_json(json.loads(json.dumps(record.to_json(), allow_nan=False)))


def bits(record: Record) -> list[object]:
    """The fields, floats to the bit: -0.0 is not 0.0 here."""
    values = asdict(record).values()
    return [value.hex() if isinstance(value, float) else value for value in values]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, None])
def test_measured_value_that_is_no_number_is_refused(value: float | None) -> None:
    with pytest.raises(ValueError, match=f"perplexity is {value}"):
        make_record(value=value)


@pytest.mark.parametrize("outcome", ["oom", "timeout"])
def test_what_did_not_come_to_an_end_has_no_value(outcome: str) -> None:
    assert make_record(value=None, outcome=outcome).value is None


@pytest.mark.parametrize("value", [0.0, -1.5, 5e-324, 1.7976931348623157e308, 3])
def test_any_finite_number_is_accepted(value: float) -> None:
    assert make_record(value=value).value == value


def test_key_is_what_says_what_was_measured() -> None:
    assert KEY == (
        "benchmark",
        "model",
        "weights",
        "task",
        "task_version",
        "protocol",
        "part",
        "workload",
        "method",
        "scope",
        "sparsity",
        "layout",
        "encoding",
        "device",
        "dtype",
        "threads",
        "seed",
        "metric",
    )


def test_key_is_all_fields_before_the_value() -> None:
    assert [*KEY, "value"] == names()[: len(KEY) + 1]


def test_record_cannot_be_changed() -> None:
    record = make_record()
    with pytest.raises(FrozenInstanceError):
        record.value = 1.0  # type: ignore[misc]


@pytest.mark.parametrize(
    ("method", "scope", "pruning"),
    [("magnitude", "global", "magnitude-global"), ("wanda", "2:4", "wanda-2:4"), (None, None, "dense")],
)
def test_pruning_is_named_without_its_sparsity(method: str | None, scope: str | None, pruning: str) -> None:
    assert make_record(method=method, scope=scope, sparsity=0.5).pruning == pruning


@given(record=RECORDS)
def test_json_round_trip_is_exact_to_the_bit(record: Record) -> None:
    assert bits(through_json(record)) == bits(record)


@given(value=FINITE)
def test_any_finite_value_survives_json_to_the_bit(value: float) -> None:
    found = through_json(make_record(value=value)).value
    assert found is not None
    assert found.hex() == value.hex()


@pytest.mark.parametrize("outcome", ["oom", "timeout"])
def test_missing_value_survives_json(outcome: str) -> None:
    record = make_record(value=None, outcome=outcome)
    assert through_json(record) == record


def test_line_has_the_fields_in_their_order() -> None:
    assert list(RECORD.to_json()) == names()


@pytest.mark.parametrize("name", REQUIRED)
def test_missing_field_is_a_type_error(name: str) -> None:
    row = RECORD.to_json()
    del row[name]
    with pytest.raises(TypeError, match=name):
        Record.from_json(row)


@pytest.mark.parametrize("name", sorted(set(names()) - set(REQUIRED)))
def test_what_does_not_apply_may_be_left_out(name: str) -> None:
    row = RECORD.to_json()
    del row[name]
    default = {field.name: field.default for field in fields(Record)}[name]
    assert getattr(Record.from_json(row), name) == default


@pytest.mark.parametrize("nested", [{}, [], {"a": 1}])
@pytest.mark.parametrize("dropped", [None, "threads"])
def test_nested_field_is_a_type_error(nested: object, dropped: str | None) -> None:
    row = {name: value for name, value in RECORD.to_json().items() if name != dropped}
    row["model"] = nested
    with pytest.raises(TypeError, match="not a flat record: model"):
        Record.from_json(row)


def test_sparsity_in_words_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="not a flat record: sparsity"):
        Record.from_json({**RECORD.to_json(), "sparsity": "half"})


def test_record_that_was_read_cannot_be_changed_either() -> None:
    record = through_json(RECORD)
    assert (record, hash(record)) == (RECORD, hash(RECORD))
    with pytest.raises(FrozenInstanceError):
        record.value = 1.0  # type: ignore[misc]


def test_unknown_field_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="colour"):
        Record.from_json({**RECORD.to_json(), "colour": "red"})


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "null", "1e999"])
def test_line_whose_value_is_no_number_is_a_value_error(text: str) -> None:
    row = {**RECORD.to_json(), "value": json.loads(text)}
    with pytest.raises(ValueError, match="not a number that can be recorded"):
        Record.from_json(row)


def test_run_is_of_the_current_schema() -> None:
    assert make_run().schema == SCHEMA


def test_run_survives_json() -> None:
    run = make_run(commit=None, dirty=True, host={"cores": 2, "gpus": []}, versions={"python": "3.11.7"})
    assert Run(**json.loads(json.dumps(asdict(run)))) == run
