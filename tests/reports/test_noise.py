"""What controls say of a run, by hand."""

from __future__ import annotations

import pytest

from reports.noise import explain_noise, is_outside
from tests.reports.rows import make_control, make_record


@pytest.mark.parametrize(
    ("low", "high", "outside"),
    [
        (0.98, 1.02, False),
        (0.70, 0.95, False),
        (0.70, 0.90, False),  # touches
        (0.70, 0.89, True),
        (0.50, 2.00, False),
        (1.10, 1.50, False),
        (1.11, 1.50, True),
    ],
)
def test_a_control_is_outside_with_its_whole_interval(low: float, high: float, *, outside: bool) -> None:
    assert is_outside(low, high) == outside


def test_a_quiet_run_is_not_complained_of() -> None:
    quiet = [make_control(1.02, 0.98, 1.05), make_control(0.85, 0.75, 0.93)]
    assert explain_noise(quiet) == explain_noise([]) == ""


def test_only_speed_ups_of_controls_are_looked_at() -> None:
    others = [
        make_control(3.0, 2.9, 3.1, layout="csr"),
        make_control(0.02, 0.01, 0.03, metric="latency"),
        make_control(3.0, 2.9, 3.1, benchmark="memory"),
        make_record(metric="speedup", benchmark="latency", layout="strided", value=3.0),
    ]
    assert explain_noise(others) == ""


def test_the_run_is_noisy_by_the_control_that_is_furthest_away_wherever_it_stands() -> None:
    records = [
        make_control(1.3, 1.2, 1.4),
        make_control(0.428, 0.4, 0.456, workload="layer:c_fc-b1x128", sparsity=0.975),
        make_control(1.0, 0.99, 1.01),
    ]
    assert explain_noise(records) == (
        "this run is noisy: 2 of 3 controls (zeros in a dense tensor) outside 0.9 to 1.1; the furthest, "
        "gpt2 layer:c_fc-b1x128 magnitude-global-0.975, was 0.43 (0.40 to 0.46) times as fast as dense"
    )
