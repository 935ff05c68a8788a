"""Costs beside quality, and the front of what nothing beats, by hand."""

from __future__ import annotations

from typing import Any

import pytest

from reports.charts.tradeoff import front, relative_latencies, smallest_files
from tests.reports.rows import make_record

HALF: dict[str, Any] = {"method": "magnitude", "scope": "global", "sparsity": 0.5}


def point(cost: float, quality: float) -> dict[str, object]:
    return {"cost": cost, "quality": quality}


@pytest.mark.parametrize(
    ("better", "costs"), [("lower", [1.0, 3.0]), ("higher", [1.0, 2.0])], ids=["lower", "higher"]
)
def test_the_front_has_what_nothing_cheaper_is_as_good_as(better: str, costs: list[float]) -> None:
    points = [point(3.0, 10.0), point(1.0, 20.0), point(2.0, 25.0)]
    assert [one["cost"] for one in front(points, better)] == costs


def test_of_equal_costs_the_better_one_is_on_the_front() -> None:
    assert front([point(1.0, 20.0), point(1.0, 10.0)], "lower") == [point(1.0, 10.0)]


def test_latency_is_that_of_the_fastest_layout_relative_to_dense_in_its_own_rounds() -> None:
    timed = [
        make_record(metric="speedup", workload=workload, layout=layout, value=value, unit="x", **HALF)
        for workload, layout, value in (
            ("forward-b1x8", "csr", 0.8),
            ("forward-b1x8", "sliced", 2.0),
            ("forward-b1x8", "strided", 9.0),  # the control
            ("decode-b1x8", "csr", 5.0),  # not the first workload
            ("layer:c_fc-b1x8", "csr", 7.0),
        )
    ]
    found = {key[3]: cost for key, cost in relative_latencies(timed).items()}
    assert found == {
        "dense": (1.0, "forward-b1x8, dense"),
        "magnitude-global": (0.5, "forward-b1x8 in sliced"),
    }


def test_files_are_the_smallest_of_their_encodings() -> None:
    files = [
        make_record(benchmark="size", metric="file_size", encoding=encoding, value=size, unit="B", **HALF)
        for encoding, size in (("csr", 3e6), ("packed", 2e6), ("bitmask", 2.5e6))
    ]
    assert list(smallest_files(files).values()) == [(2.0, "packed")]
