"""A stored run with a little of everything, for what shows it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from reports.cases import CaseOutcome
from reports.counts import CheckpointCounts
from reports.record import Record
from reports.store import RunWriter, StoredRun, read_run
from tests.reports.rows import make_record, make_run, make_tensor_counts

LEVELS = (0.1, 0.5, 0.9)
PRUNINGS = ("global", "layer")


def everything(model: str = "gpt2-mini") -> Iterator[Record]:
    """Quality with a dense value, speed, memory, size and structure."""
    yield from quality(model)
    yield from costs(model)
    yield from structure(model)


def quality(model: str) -> Iterator[Record]:
    task: dict[str, Any] = {"model": model, "task": "atlas-lm", "protocol": "lines test window=256"}
    yield make_record(value=4.5, **task)
    for scope in PRUNINGS:
        for level in LEVELS:
            value = 4.5 * (1 + level**2) ** (4 if scope == "layer" else 2)
            yield make_record(value=value, method="magnitude", scope=scope, sparsity=level, **task)


def costs(model: str) -> Iterator[Record]:
    pruned: dict[str, Any] = {"model": model, "method": "magnitude", "scope": "global"}
    for level in LEVELS:
        at: dict[str, Any] = {**pruned, "sparsity": level}
        for layout, speedup in (("csr", 2.5 * level), ("strided", 1.0)):
            timed: dict[str, Any] = {
                **at,
                "benchmark": "latency",
                "workload": "forward-b1x32",
                "layout": layout,
            }
            yield make_record(metric="latency", value=3e-3 / speedup, unit="s", **timed)
            yield make_record(metric="latency_dense", value=3e-3, unit="s", **timed)
            yield make_record(
                metric="speedup", value=speedup, unit="x", low=speedup * 0.95, high=speedup * 1.05, **timed
            )
            yield make_record(metric="amdahl_bound", value=1 / (1.1 - level), unit="x", **timed)
            held: dict[str, Any] = {
                **at,
                "benchmark": "memory",
                "workload": "forward-b1x32",
                "layout": layout,
            }
            yield make_record(metric="peak_memory", value=4e6 * (1 - level / 2), unit="B", **held)
        layer: dict[str, Any] = {**at, "benchmark": "latency", "workload": "layer:c_fc-b1x8", "layout": "csr"}
        yield make_record(
            metric="speedup", value=3 * level, low=2.9 * level, high=3.1 * level, unit="x", **layer
        )
        for encoding, size in (("packed", 4e6 * (1.02 - level)), ("safetensors", 4e6)):
            yield make_record(
                benchmark="size", metric="file_size", encoding=encoding, value=size, unit="B", **at
            )
    dense: dict[str, Any] = {"model": model, "benchmark": "size", "encoding": "safetensors", "unit": "B"}
    yield make_record(metric="file_size", value=4e6, **dense)


def structure(model: str) -> Iterator[Record]:
    for number in range(3):
        part: dict[str, Any] = {"model": model, "benchmark": "structure", "part": f"h.{number}"}
        yield make_record(metric="share_above_1", value=1e-4 * (number + 1), unit="fraction", **part)
        for metric, value in (("magnitude_q01", 0.001), ("magnitude_q50", 0.05), ("magnitude_q99", 0.3)):
            yield make_record(metric=metric, value=value * (1 + number), **part)
        for level in LEVELS:
            yield make_record(
                metric="pruned_share", value=level * (1.1 - number / 10), unit="fraction", method="magnitude",
                scope="global", sparsity=level, **part,
            )  # fmt: skip


def store(folder: Path, records: Iterator[Record] | list[Record], **run: Any) -> StoredRun:  # noqa: ANN401
    """Writes a run with samples, counts, a failed and a skipped case, and reads it back."""
    writer = RunWriter(folder, make_run(**run))
    scores = np.random.default_rng(0).normal(1.5, 0.3, 40).tolist()
    for record in records:
        writer.append(record, scores if record.metric == "perplexity" else None)
    counts = make_tensor_counts({0x3C00: 50, 0x3D00: 200, 0x3E00: 100, 0x3F80: 3}, dtype="BF16")
    writer.append_counts(
        CheckpointCounts(model="gpt2-mini", weights="x", family="gpt2", tensors=(counts,)).to_json()
    )
    writer.append_case(CaseOutcome("test_quality[a]", "failed", "perplexity is 9, expected 4"))
    writer.append_case(CaseOutcome("test_latency[b]", "skipped", "no GPU"))
    writer.close()
    if writer.path is None:
        raise ValueError("there are no records")
    return read_run(writer.path)
