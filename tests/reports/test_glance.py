"""The answer at a glance against hand-worked curves."""

from __future__ import annotations

from typing import Any

import pytest

from reports.evidence import Evidence, Measured
from reports.glance import Gain, glances, sentences
from reports.record import Record
from tests.reports.rows import RECORD, make_record, make_stored


def curve(values: dict[float, float], *, better: str = "lower", **more: Any) -> list[Record]:  # noqa: ANN401
    """A record per sparsity; 0 is dense."""
    pruned = {"method": "magnitude", "scope": "global"}
    return [
        make_record(
            task="t", value=value, better=better, sparsity=sparsity, **(pruned if sparsity else {}), **more
        )
        for sparsity, value in values.items()
    ]


def evidence(*records: Record) -> Evidence:
    stored = make_stored(records)
    return Evidence((stored,), tuple(Measured(record, stored) for record in records))


def within(values: dict[float, float], **more: Any) -> list[float | None]:  # noqa: ANN401
    (found,) = glances(evidence(*curve(values, **more)))
    return list(found.within.values())


def test_the_last_sparsity_before_the_first_that_hurts_counts() -> None:
    assert within({0.0: 10.0, 0.1: 10.1, 0.5: 10.4, 0.9: 11.0}) == [0.1, 0.5, 0.9]


def test_a_lucky_one_behind_a_bad_one_does_not_count() -> None:
    assert within({0.0: 10.0, 0.1: 20.0, 0.5: 10.0}) == [None, None, None]


def test_a_better_score_than_dense_is_near_enough_in_both_directions() -> None:
    assert within({0.0: 10.0, 0.1: 9.0}) == [0.1, 0.1, 0.1]
    assert within({0.0: 80.0, 0.1: 90.0, 0.5: 75.9}, metric="f1", better="higher") == [0.1, 0.1, 0.5]
    assert within({0.0: 80.0, 0.1: 79.3, 0.5: 76.0}, metric="f1", better="higher") == [0.1, 0.5, 0.5]


def test_without_a_dense_value_nothing_is_said() -> None:
    assert glances(evidence(*curve({0.1: 10.0}))) == []


PRUNED = {"method": "magnitude", "scope": "global"}
AT_A_TENTH = {**PRUNED, "benchmark": "latency", "sparsity": 0.1}
SIZES = [
    make_record(benchmark="size", metric="file_size", encoding="safetensors", value=100.0, unit="B"),
    make_record(benchmark="size", metric="file_size", encoding="packed", value=90.0, unit="B"),
    make_record(
        benchmark="size", metric="file_size", encoding="packed", value=80.0, unit="B", sparsity=0.1, **PRUNED
    ),
    make_record(
        benchmark="size", metric="file_size", encoding="csr", value=150.0, unit="B", sparsity=0.1, **PRUNED
    ),
    make_record(
        benchmark="size", metric="file_size", encoding="packed", value=10.0, unit="B", sparsity=0.9, **PRUNED
    ),
]
SPEEDS = [
    make_record(metric="speedup", workload=workload, layout=layout, value=value, unit="x", **AT_A_TENTH)
    for workload, layout, value in (
        ("forward-b1x8", "csr", 0.9),
        ("decode-b1x8", "csr", 1.5),
        ("decode-b1x8", "strided", 9.0),  # the control is no way to be faster
        ("layer:c_fc-b1x8", "csr", 5.0),  # a layer is no model
    )
]


def test_gains_are_those_at_the_highest_sparsity_that_is_near_enough() -> None:
    (found,) = glances(evidence(*curve({0.0: 10.0, 0.1: 10.1, 0.5: 10.2, 0.9: 50.0}), *SIZES, *SPEEDS))
    assert found.smaller == Gain(1.125, "packed", 0.1)  # of 90 bytes, the smallest dense file
    assert found.faster == Gain(1.5, "decode-b1x8 in csr", 0.1)


def test_in_words() -> None:
    told = sentences(glances(evidence(*curve({0.0: 10.0, 0.1: 10.1}), *SIZES, *SPEEDS)))
    expected = (
        "gpt2 on t (perplexity 10 dense): magnitude-global stays within 5% up to 10%; the smallest file is "
        "1.12 times smaller than the dense model's smallest at 10% (packed) and the fastest layout is 1.50 "
        "times as fast as dense at 10% (decode-b1x8 in csr)."
    )
    assert told == [expected]
    (bare,) = sentences(glances(evidence(*curve({0.0: 10.0, 0.1: 10.1}))))
    assert bare.endswith("up to 10%; size and speed were not measured up to there.")
    (none,) = sentences(glances(evidence(*curve({0.0: 10.0, 0.1: 20.0}))))
    assert none.endswith("no pruning that was measured stays within 5% of dense.")


@pytest.mark.parametrize("changed", ["task_version", "protocol", "device"])
def test_dense_of_another_setting_is_not_compared_with(changed: str) -> None:
    other = {"task_version": 2, "protocol": "limit=2", "device": "cuda"}[changed]
    dense, pruned = curve({0.0: 10.0, 0.1: 10.1})
    records = [dense, make_record(**{**pruned.to_json(), "stamps": (), changed: other})]
    assert glances(evidence(*records)) == []


def test_of_two_that_get_as_far_the_one_whose_gains_are_known_is_told() -> None:
    layer = {"method": "magnitude", "scope": "layer", "sparsity": 0.1}
    other = make_record(task="t", value=10.0, **layer)
    (told,) = sentences(glances(evidence(*curve({0.0: 10.0}), other, *curve({0.1: 10.1}), *SIZES)))
    assert "magnitude-global stays within 5%" in told


def test_two_weights_of_a_model_are_told_apart() -> None:
    published = curve({0.0: 20.0, 0.1: 20.1})
    drawn = curve({0.0: 5e4, 0.1: 5e4}, weights="random")
    found = sentences(glances(evidence(*published, *drawn)))
    assert len(found) == 2
    assert "random" in found[1]
    assert RECORD.weights in found[0]


def test_speed_of_another_device_is_no_gain() -> None:
    on_gpu = make_record(
        metric="speedup", workload="w", layout="csr", value=3.0, unit="x", device="cuda", **AT_A_TENTH
    )
    (found,) = glances(evidence(*curve({0.0: 10.0, 0.1: 10.1}), on_gpu))
    assert found.faster is None
