"""Lines of results read the quick way and the plain way."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.lines import read_record
from reports.record import Record
from tests.reports.rows import RECORD, make_record
from tests.reports.test_record import RECORDS, bits


def line(row: dict[str, Any]) -> bytes:
    return json.dumps(row).encode()


@given(RECORDS)
def test_a_line_is_read_as_its_json_says_to_the_bit(record: Record) -> None:
    plain = Record.from_json(json.loads(line(record.to_json())))
    for _ in range(2):  # the second time what was measured is known
        assert bits(read_record(line(record.to_json()))) == bits(plain)


@given(RECORDS, st.randoms(use_true_random=False))
def test_the_order_of_fields_does_not_matter(record: Record, random: Any) -> None:  # noqa: ANN401
    pairs = list(record.to_json().items())
    random.shuffle(pairs)
    assert read_record(line(dict(pairs))) == record


@pytest.mark.parametrize(("name", "value"), [("value", 7.0), ("model", "b")])
def test_of_a_field_that_is_there_twice_the_last_counts(name: str, value: object) -> None:
    text = line(RECORD.to_json()).decode()
    found = read_record(f'{text[:-1]}, "{name}": {json.dumps(value)}}}'.encode())
    assert getattr(found, name) == value
    inside = text.replace('"model": "gpt2"', '"model": "other", "model": "gpt2"')
    assert read_record(inside.encode()) == RECORD


@pytest.mark.parametrize("text", ['a, "value": 1', '", "value": ', '\\", "value": "', ', "value": {'])
def test_a_text_that_looks_like_fields_is_a_text(text: str) -> None:
    record = make_record(model=text, samples=text, stamps=(text,))
    assert read_record(line(record.to_json())) == record


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"model": {"a": 1}}, TypeError),
        ({"unit": ["s"]}, TypeError),
        ({"stamps": 3}, TypeError),
        ({"sparsity": "half"}, TypeError),
        ({"colour": "red"}, TypeError),
        ({"value": None}, ValueError),
    ],
)
def test_what_is_no_record_is_refused_as_plainly_read(change: dict[str, Any], error: type[Exception]) -> None:
    read_record(line(RECORD.to_json()))
    wrong = line({**RECORD.to_json(), **change})
    with pytest.raises(error) as plain:
        Record.from_json(json.loads(wrong))
    with pytest.raises(error) as quick:
        read_record(wrong)
    assert str(quick.value) == str(plain.value)


@pytest.mark.parametrize("cut", [1, 40, -40, -1])
def test_a_cut_line_is_no_record(cut: int) -> None:
    read_record(line(RECORD.to_json()))
    with pytest.raises(ValueError, match=r"line 1 column \d+"):
        read_record(line(RECORD.to_json())[:cut])


def test_more_behind_a_record_is_refused() -> None:
    with pytest.raises(ValueError, match="Extra data"):
        read_record(line(RECORD.to_json()) + b"{}")


def test_what_was_measured_is_kept_once_for_all_runs() -> None:
    one, other = (read_record(line(make_record(value=value).to_json())) for value in (1.0, 2.0))
    assert one.weights is other.weights
