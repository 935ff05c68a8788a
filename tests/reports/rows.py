"""Records and runs of which a test spells out only what it is about."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from reports.record import Record, Run

RECORD = Record(
    benchmark="quality",
    model="gpt2",
    weights="hub@607a30d783df",
    device="cpu",
    dtype="float32",
    threads=1,
    seed=0,
    metric="perplexity",
    value=29.94,
    unit="",
    better="lower",
)
CONTROL = replace(
    RECORD,
    benchmark="latency",
    workload="forward-b1x32",
    method="magnitude",
    scope="global",
    sparsity=0.5,
    layout="strided",
    metric="speedup",
    value=1.0,
    low=0.99,
    high=1.01,
    unit="x",
    better="higher",
)
RUN = Run(
    commit="dad5f01d7c9aa18ae83e84226ab133e1effb3483",
    dirty=False,
    machine="amd-epyc-2c",
    started="2026-11-24T09:18:48+00:00",
    command="pytest bench",
)


def make_record(**changes: Any) -> Record:  # noqa: ANN401 - any field
    """`RECORD` with other fields."""
    return replace(RECORD, **changes)


def make_control(value: float, low: float, high: float, **changes: Any) -> Record:  # noqa: ANN401 - any field
    """`CONTROL` with another speed-up and its interval."""
    return replace(CONTROL, value=value, low=low, high=high, **changes)


def make_run(**changes: Any) -> Run:  # noqa: ANN401 - any field
    """`RUN` with other fields."""
    return replace(RUN, **changes)
