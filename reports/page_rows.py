"""What stands in the rows of the page's tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from reports.again import again
from reports.case_ids import case_id
from reports.cases import CaseOutcome, StoredCases
from reports.cells import cell, format_value, sparsity_text, variant_text
from reports.evidence import Measured
from reports.glance import LEVELS, Gain, Glance
from reports.record import Record
from reports.store import StoredRun

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
    subject = f"{record.model} {record.task} {variant_text(record)}"
    return f"{subject}: {record.metric} {cell(record)} ({record.protocol})"


def failure_row(record: Record) -> list[str]:
    """A failure in the order of its table's columns: benchmark, of, pruning, metric, value, why."""
    subject = " ".join(filter(None, (record.model, record.task or record.workload, record.part)))
    held = record.layout if record.workload else record.encoding
    why = f"expected {record.limit} ({record.limit_source})" if record.limit else "; ".join(record.stamps)
    return [
        record.benchmark,
        subject,
        " ".join(filter(None, (variant_text(record), held))),
        record.metric,
        cell(record),
        why,
    ]


def newest_outcomes(cases: Iterable[tuple[StoredRun, StoredCases]]) -> list[CaseOutcome]:
    """How cases ended at last that did not pass: of runs, oldest first, the newest that has a case counts.

    A newer run has it where it failed or was skipped there, or left records.
    """
    found: dict[str, list[CaseOutcome]] = {}
    for stored, there in cases:
        for case in {*map(case_id, stored.records), *(outcome.case for outcome in there.outcomes)}:
            found.pop(case, None)
        for outcome in there.outcomes:
            found.setdefault(outcome.case, []).append(outcome)
    return [outcome for outcomes in found.values() for outcome in outcomes]


def by_reason(outcomes: Iterable[CaseOutcome]) -> Mapping[str, list[str]]:
    """Cases by why they were skipped."""
    found: dict[str, list[str]] = {}
    for outcome in outcomes:
        found.setdefault(outcome.reason, []).append(outcome.case)
    return found


def value_row(measured: Measured) -> list[object]:
    """A record of a run in the order of `COLUMNS`; the value as it is shown, and as it is sorted."""
    record = measured.record
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
        "again": again(record, measured.run.run.command),
    }
    return [what[name] for name in COLUMNS]
