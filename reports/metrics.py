"""METRICS: a metric is a row with its unit and its direction."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from reports.record import Better, Record

Unit = Literal["", "s", "B", "fraction", "x", "tokens/s"]


@dataclass(frozen=True)
class Metric:
    """What a number means.

    Attributes:
        unit: of the value in the records; `x` is a ratio of two measurements, "" a plain number.
        better: which direction is an improvement; None where neither is.
        headline: whether it stands in the summary's quality tables.
        tolerance: the relative difference between two runs up to which it counts as unchanged, of what is the
            same in every run; None is the rule of its unit, `tolerance_of`.
    """

    name: str
    unit: Unit
    better: Better | None
    headline: bool = False
    tolerance: float | None = None


MEMORY = 0.005  # bytes that an allocator handed out: exact but for its rounding
SIZE = 0.001
EXACT = 0.0
RATIO = "latency_ratio"  # of a commit to another one, in the same rounds

METRICS = {
    metric.name: metric
    for metric in (
        Metric("perplexity", "", "lower", headline=True),
        Metric("word_perplexity", "", "lower"),
        Metric("byte_perplexity", "", "lower"),
        Metric("masked_accuracy", "", "higher", headline=True),
        Metric("masked_loss", "", "lower"),
        Metric("masked_perplexity", "", "lower"),
        Metric("f1", "", "higher", headline=True),
        Metric("exact_match", "", "higher"),
        Metric("bleu", "", "higher", headline=True),
        Metric("chrf", "", "higher"),
        Metric("sparsity_in_scope", "fraction", None),
        Metric("sparsity_overall", "fraction", None),
        Metric("sparsity_embeddings", "fraction", None),
        Metric("sparsity_attention", "fraction", None),
        Metric("sparsity_feed_forward", "fraction", None),
        Metric("sparsity_norms", "fraction", None),
        Metric("sparsity_head", "fraction", None),
        Metric("parameters", "", None),
        Metric("share_above_1", "fraction", None),
        Metric("share_zero", "fraction", None),
        Metric("share_2_4", "fraction", None),
        Metric("share_4x4", "fraction", None),
        Metric("magnitude_q01", "", None),
        Metric("magnitude_q50", "", None),
        Metric("magnitude_q99", "", None),
        Metric("magnitude_max", "", None),
        Metric("nan_weights", "", "lower"),
        Metric("infinite_weights", "", "lower"),
        Metric("subnormal_weights", "", None),
        Metric("zero_tensors", "", None),
        Metric("pruned_share", "fraction", None),
        Metric("scan_time", "s", "lower"),
        Metric("scan_time_plain", "s", None),
        Metric("read_time", "s", None),
        Metric("histogram_time_pytorch", "s", None),
        Metric("scan_speedup", "x", "higher"),
        Metric("scan_speedup_plain", "x", "higher"),
        Metric("share_of_read_speed", "x", "higher"),
        Metric("scan_memory", "B", "lower"),
        Metric("find_time", "s", "lower"),
        Metric("find_time_pytorch", "s", None),
        Metric("find_speedup", "x", "higher"),
        Metric("find_memory", "B", "lower"),
        Metric("find_memory_pytorch", "B", None),
        Metric("find_memory_saving", "x", "higher"),
        Metric("apply_time", "s", None),
        Metric("apply_memory", "B", None),
        Metric("evaluation_rate", "tokens/s", "higher"),
        Metric("bare_rate", "tokens/s", None),
        Metric("evaluation_efficiency", "x", "higher"),
        Metric("harness_rate", "tokens/s", None),
        Metric("evaluation_speedup", "x", "higher"),
        Metric("latency", "s", "lower"),
        Metric("latency_p90", "s", "lower"),
        Metric("latency_dense", "s", None),
        Metric(RATIO, "x", "lower"),
        Metric("speedup", "x", "higher"),
        Metric("rate", "tokens/s", "higher"),
        Metric("theoretical_speedup", "x", None, tolerance=EXACT),
        Metric("amdahl_bound", "x", None, tolerance=EXACT),
        Metric("nonzeros", "", None),
        Metric("compression_ratio", "x", None, tolerance=EXACT),
        Metric("multiply_adds", "", None),
        Metric("sparse_multiply_adds", "", None),
        Metric("sparse_byte_share", "fraction", None),
        Metric("weight_memory", "B", "lower", tolerance=MEMORY),
        Metric("weight_memory_dense", "B", None, tolerance=EXACT),
        Metric("state_memory", "B", "lower", tolerance=MEMORY),
        Metric("activation_peak", "B", "lower", tolerance=MEMORY),
        Metric("peak_memory", "B", "lower", tolerance=MEMORY),
        Metric("untied_memory", "B", None, tolerance=EXACT),
        Metric("resident_memory", "B", None),
        Metric("file_size", "B", "lower", tolerance=SIZE),
        Metric("entropy_limit", "B", None, tolerance=EXACT),
        Metric("compression", "x", "higher"),
        Metric("over_limit", "x", "lower"),
    )
}


def is_headline(record: Record) -> bool:
    """Whether a record is what a quality case is judged by; a metric of a user's own is."""
    return record.task is not None and (record.metric not in METRICS or METRICS[record.metric].headline)


def tolerance_of(record: Record) -> float | None:
    """The relative difference up to which two values of it are the same; None where they are not judged.

    Plain numbers and fractions are counted, so they are exact. Times, rates, ratios of times and the resident
    memory of a process differ from run to run: numbers taken at different times say nothing of the code.
    Ratios of sizes are not judged either, since the sizes themselves are.
    """
    metric = METRICS.get(record.metric)
    if metric is not None and metric.tolerance is not None:
        return metric.tolerance
    return EXACT if record.unit in {"", "fraction"} else None


def is_within(before: float, after: float, tolerance: float) -> bool:
    """Whether a value stayed within its tolerance, relative to the value before."""
    moved, allowed = abs(after - before), tolerance * abs(before)
    return moved <= allowed or math.isclose(moved, allowed, rel_tol=1e-9)
