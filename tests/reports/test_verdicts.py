"""The rules of comparing, one at a time, on runs of a record or two."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reports.judged import VERDICTS, Judged, count_verdicts, direct
from reports.metrics import METRICS, tolerance_of
from reports.record import Better, Record
from reports.store import StoredRun
from reports.verdicts import judge_runs
from tests.reports.rows import make_record, make_run

SIZE = {"benchmark": "size", "encoding": "packed", "metric": "file_size", "unit": "B", "better": "lower"}
PEAK = {"benchmark": "memory", "metric": "peak_memory", "unit": "B", "better": "lower"}
TIME = {"benchmark": "latency", "metric": "latency", "unit": "s", "better": "lower"}
COUNT = {"benchmark": "structure", "metric": "nan_weights", "unit": "", "better": "lower"}
SHARE = {"benchmark": "pruning", "metric": "sparsity_head", "unit": "fraction", "better": None}
OOM = {"value": None, "outcome": "oom"}
TIMEOUT = {"value": None, "outcome": "timeout"}


def run_of(*records: Record, machine: str = "amd-epyc-2c") -> StoredRun:
    return StoredRun(Path("nowhere.jsonl"), make_run(machine=machine), records, ())


def judge(base: dict[str, Any], head: dict[str, Any]) -> Judged:
    (found,) = judge_runs(run_of(make_record(**base)), run_of(make_record(**head)))
    return found


@pytest.mark.parametrize(
    ("what", "base", "head", "verdict"),
    [
        (SIZE, 1_000_000, 1_000_000, "unchanged"),
        (SIZE, 1_000_000, 1_001_000, "unchanged"),  # 0.1 % to the byte
        (SIZE, 1_000_000, 1_001_001, "regressed"),
        (SIZE, 1_000_000, 999_000, "unchanged"),
        (SIZE, 1_000_000, 998_999, "improved"),
        (PEAK, 1000, 1005, "unchanged"),
        (PEAK, 1000, 1006, "regressed"),
        (PEAK, 1000, 994, "improved"),
        (PEAK, 0, 1, "regressed"),
        (COUNT, 0, 0, "unchanged"),
        (COUNT, 0, 1, "regressed"),
        (COUNT, 2, 1, "improved"),
        (SHARE, 0.5, 0.5, "unchanged"),
        (SHARE, 0.5, 0.5000001, "changed"),
        (TIME, 1.0, 9.0, "shown"),
        (TIME, 1.0, 1.0, "unchanged"),
    ],
)
def test_value_against_its_tolerance(what: dict[str, Any], base: float, head: float, verdict: str) -> None:
    assert judge({**what, "value": base}, {**what, "value": head}).verdict == verdict


def test_what_is_taken_at_different_times_is_never_judged() -> None:
    for metric in METRICS.values():
        record = make_record(metric=metric.name, unit=metric.unit, better=metric.better)
        if metric.unit in {"s", "tokens/s"} or "speedup" in metric.name or metric.name == "resident_memory":
            theory = metric.name == "theoretical_speedup"
            assert (tolerance_of(record) is None) != theory, metric.name
    assert tolerance_of(make_record(metric="scan_memory", unit="B")) is None


def test_tolerances_are_those_of_the_rules() -> None:
    memory = ("weight_memory", "state_memory", "activation_peak", "peak_memory")
    assert {name: tolerance_of(make_record(metric=name, unit="B")) for name in memory} == dict.fromkeys(
        memory, 0.005
    )
    assert tolerance_of(make_record(metric="file_size", unit="B")) == 0.001
    assert tolerance_of(make_record(metric="share_zero", unit="fraction")) == 0.0


@pytest.mark.parametrize(
    ("change", "better", "verdict"),
    [
        (1.0, "higher", "improved"),
        (-1.0, "higher", "regressed"),
        (1.0, "lower", "regressed"),
        (-1.0, "lower", "improved"),
        (1.0, None, "changed"),
    ],
)
def test_direction(change: float, better: Better | None, verdict: str) -> None:
    assert direct(change, better) == verdict


def test_what_one_run_has_alone_is_new_or_missing() -> None:
    old, new = make_record(**SIZE), make_record(**{**SIZE, "encoding": "csr", "gate": "failed"})
    found = judge_runs(run_of(old), run_of(new))
    assert [(row.verdict, row.reason) for row in found] == [("missing", ""), ("new", "its gate failed")]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"task_version": 2}, "task version 1 and 2"),
        ({"protocol": "limit=8"}, "protocol all and limit=8"),
        ({"weights": "hub@b"}, "weights hub@607a30d783df and hub@b"),
        ({"seed": None, "threads": 2}, "threads 1 and 2; seed 0 and none"),
    ],
)
def test_other_circumstances_do_not_compare(changes: dict[str, Any], reason: str) -> None:
    base = {"task": "squad", "task_version": 1, "protocol": "all", "value": 80.0}
    found = judge(base, {**base, "value": 10.0, **changes})
    assert (found.verdict, found.reason) == ("not comparable", reason)


@pytest.mark.parametrize("what", [SIZE, PEAK, TIME, COUNT, {"task": "squad"}])
def test_other_machine_does_not_compare(what: dict[str, Any]) -> None:
    record = make_record(**what)
    (found,) = judge_runs(run_of(record, machine="a"), run_of(record, machine="b"))
    assert (found.verdict, found.reason) == ("not comparable", "machine a and b")


def test_other_unit_does_not_compare() -> None:
    found = judge(SIZE, {**SIZE, "unit": "kB"})
    assert (found.verdict, found.reason) == ("not comparable", "unit B and kB")


@pytest.mark.parametrize("what", [TIME, SIZE, {"task": "squad"}])
def test_gate_that_fails_since_is_a_regression_whatever_the_numbers_say(what: dict[str, Any]) -> None:
    found = judge({**what, "gate": "passed"}, {**what, "gate": "failed", "limit": "<= 5"})
    assert (found.verdict, found.reason) == ("regressed", "gate passed before, failed now, its limit <= 5")


@pytest.mark.parametrize(
    ("base", "head"), [("failed", "failed"), ("ungated", "failed"), ("failed", "passed")]
)
def test_other_gates_leave_the_verdict_to_the_numbers(base: str, head: str) -> None:
    assert judge({**SIZE, "gate": base}, {**SIZE, "gate": head}).verdict == "unchanged"


def test_failed_gate_of_what_does_not_compare_is_told_and_no_regression() -> None:
    found = judge({**SIZE, "gate": "passed"}, {**SIZE, "gate": "failed", "weights": "other"})
    assert found.verdict == "not comparable"
    assert found.reason.startswith("gate passed before, failed now; weights ")


@pytest.mark.parametrize(
    ("base", "head", "verdict", "reason"),
    [
        ({}, OOM, "regressed", "measured before, oom now"),
        ({}, TIMEOUT, "regressed", "measured before, timeout now"),
        (OOM, {}, "improved", "oom before, measured now"),
        (OOM, OOM, "unchanged", "oom in both"),
        (OOM, TIMEOUT, "changed", "oom before, timeout now"),
    ],
)
@pytest.mark.parametrize("what", [TIME, PEAK, {"task": "squad"}])
def test_outcomes(
    what: dict[str, Any], base: dict[str, Any], head: dict[str, Any], verdict: str, reason: str
) -> None:
    found = judge({**what, **base}, {**what, **head})
    assert (found.verdict, found.reason) == (verdict, reason)


def test_counts_are_in_the_order_of_what_matters() -> None:
    rows = judge_runs(
        run_of(make_record(**SIZE, value=100), make_record(**COUNT, value=1), make_record(**TIME, value=1.0)),
        run_of(make_record(**SIZE, value=100), make_record(**COUNT, value=2), make_record(**TIME, value=2.0)),
    )
    assert list(count_verdicts(rows).items()) == [("regressed", 1), ("shown", 1), ("unchanged", 1)]
    assert VERDICTS[0] == "regressed"
    assert VERDICTS[-1] == "unchanged"
