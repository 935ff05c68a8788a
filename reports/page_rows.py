"""What stands in the rows of the page's tables."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping

from reports.cases import CaseOutcome
from reports.cells import cell, format_value, sparsity_text
from reports.glance import LEVELS, Gain, Glance
from reports.record import Record

COLUMNS = {
    "benchmark": "benchmark",
    "model": "model",
    "task": "task or workload",
    "pruning": "pruning",
    "sparsity": "sparsity",
    "held": "layout or encoding",
    "part": "part",
    "metric": "metric",
    "value": "value",
    "gate": "gate",
    "limit": "threshold",
    "again": "to measure it again",
}


def glance_row(glance: Glance) -> list[str]:
    """A glance in the order of its table's columns."""
    within = (glance.within[level] for level in LEVELS)
    return [
        glance.model,
        glance.task,
        f"{glance.metric} {format_value(glance.dense, '')}",
        glance.pruning,
        *("none" if level is None else f"{level:.0%}" for level in within),
        _gain(glance.smaller),
        _gain(glance.faster),
        glance.setting,
    ]


def glance_order(glance: Glance) -> list[float | None]:
    """What the cells of that row sort by, where it is not their text."""
    within = (glance.within[level] for level in LEVELS)
    gains = (gain.times if gain else 0.0 for gain in (glance.smaller, glance.faster))
    return [None, None, None, None, *(-1.0 if level is None else level for level in within), *gains, None]


def _gain(gain: Gain | None) -> str:
    if gain is None:
        return ""
    ends = f" ({gain.low:.2f} to {gain.high:.2f})" if gain.low is not None and gain.high is not None else ""
    return f"{gain.times:.2f}×{ends} at {gain.sparsity:.0%}, {gain.how}"


def is_failure(record: Record) -> bool:
    """Whether a value is outside its threshold, or did not come about."""
    return record.gate == "failed" or record.outcome != "measured"


def case_text(record: Record) -> str:
    """A score with what it is of, in a line."""
    pruning = f"{record.pruning}-{sparsity_text(record.sparsity)}" if record.method else "dense"
    return f"{record.model} {record.task} {pruning}: {record.metric} {cell(record)} ({record.protocol})"


def failure_row(record: Record) -> list[str]:
    """A failure in the order of its table's columns: benchmark, of, pruning, metric, value, why."""
    subject = " ".join(filter(None, (record.model, record.task or record.workload, record.part)))
    pruning = f"{record.pruning}-{sparsity_text(record.sparsity)}" if record.method else "dense"
    held = record.layout if record.workload else record.encoding
    why = f"expected {record.limit} ({record.limit_source})" if record.limit else "; ".join(record.stamps)
    return [
        record.benchmark,
        subject,
        " ".join(filter(None, (pruning, held))),
        record.metric,
        cell(record),
        why,
    ]


def by_reason(outcomes: Iterable[CaseOutcome]) -> Mapping[str, list[str]]:
    """Cases by why they were skipped."""
    found: dict[str, list[str]] = {}
    for outcome in outcomes:
        found.setdefault(outcome.reason, []).append(outcome.case)
    return found


def value_row(record: Record) -> list[object]:
    """A record in the order of `COLUMNS`; the value as it is shown, and as it is sorted."""
    what: dict[str, object] = {
        "benchmark": record.benchmark,
        "model": record.model,
        "task": record.task or record.workload or "",
        "pruning": record.pruning,
        "sparsity": sparsity_text(record.sparsity),
        "held": record.encoding or (record.layout if record.workload else "") or "",
        "part": record.part or "",
        "metric": record.metric,
        "value": {"shown": cell(record), "sorted": record.value},
        "gate": record.gate if record.gate != "ungated" else "",
        "limit": record.limit or "",
        "again": again(record),
    }
    return [what[name] for name in COLUMNS]


def again(record: Record) -> str:
    """The command that measures a cell again; options of tier, data and weights a record does not tell."""
    pruning = f"{record.pruning}-{sparsity_text(record.sparsity)}" if record.method else "dense"
    if record.part or record.benchmark == "structure":
        pruning = "dense"
    words = [f"test_{_test(record)}", record.model, record.task, record.workload, pruning]
    words += [record.encoding, record.layout if record.workload else None]
    keyword = " and ".join(word for word in words if word)
    return f"pytest bench -k {shlex.quote(keyword)}"


def _test(record: Record) -> str:
    if (record.workload or "").startswith("layer:"):
        return "layer"
    return {"pruning": "sparsity", "resident": "memory"}.get(record.benchmark, record.benchmark)
