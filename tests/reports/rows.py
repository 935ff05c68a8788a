"""Records and runs of which a test spells out only what it is about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from reports.counts import TensorCounts, pack_bins, pack_integers
from reports.record import Record, Run
from reports.store import StoredRun

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


TENSOR = TensorCounts(
    name="h.0.attn.c_attn.weight",
    dtype="BF16",
    shape=(4, 4),
    component="attention",
    layer="h.0",
    matrix=True,
    grid="bfloat16",
    exact=True,
    bins="",
    counts="",
    subnormal=0,
    infinite=0,
    nan=0,
    patterns=(0, 0, 0, 0),
)


def make_tensor_counts(counts: Mapping[int, int], **changes: Any) -> TensorCounts:  # noqa: ANN401 - any field
    """`TENSOR` with so many numbers in each bin, and other fields."""
    bins, numbers = np.array(list(counts), np.uint16), np.array(list(counts.values()), np.int64)
    size = sum(counts.values()) + changes.get("nan", 0) + changes.get("infinite", 0)
    packed = {"bins": pack_bins(bins), "counts": pack_integers(numbers)}
    return replace(TENSOR, **{**packed, "shape": (size,), **changes})


def make_stored(records: Iterable[Record], **changes: Any) -> StoredRun:  # noqa: ANN401 - any field of the run
    """A run as read back."""
    return StoredRun(Path("results/amd-epyc-2c/run.jsonl"), make_run(**changes), tuple(records), ())
