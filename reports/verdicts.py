"""What two runs say of each other: a verdict per pair of records, by rules that a commit cannot bend.

Numbers taken at different times on a shared machine differ without any reason in the code, so times and what
is made of them are shown and never judged. What is the same in every run is judged by its tolerance
(`reports.metrics`), quality by its scores per example (`reports.quality`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from reports.judged import Judged, direct
from reports.metrics import is_within, tolerance_of
from reports.pairing import Pair, pair_records
from reports.quality import judge_quality
from reports.ratios import describe_protocol
from reports.record import Record
from reports.store import StoredRun


def judge_runs(
    base: StoredRun, head: StoredRun, gates: Mapping[str, float] = MappingProxyType({})
) -> list[Judged]:
    """A verdict for everything that is in one of the runs.

    Args:
        base: the run that was before.
        head: the one that is looked at.
        gates: by benchmark, tolerances in place of those of its metrics that have one.
    """
    machines = _machines(base, head)
    pairs = pair_records(base.records, head.records)
    found = [_judge_unmeasured(pair, machines) for pair in pairs]
    measured = [pair for pair, judged in zip(pairs, found, strict=True) if judged is None]
    scored = [pair for pair in measured if pair.either.task is not None]
    by_scores = iter(judge_quality(scored, base.path, head.path))
    rows = (
        judged or (next(by_scores) if pair.either.task is not None else judge_value(pair, gates))
        for pair, judged in zip(pairs, found, strict=True)
    )
    return [_with_gates(row) for row in rows]


def judge_value(pair: Pair, gates: Mapping[str, float] = MappingProxyType({})) -> Judged:
    """The verdict on two values of what is the same in every run, by the metric's tolerance or its gate's."""
    tolerance = tolerance_of(pair.either)
    if tolerance:
        tolerance = gates.get(pair.either.benchmark, tolerance)
    before, after = ((record and record.value) or 0.0 for record in (pair.base, pair.head))
    if is_within(before, after, tolerance or 0.0):
        return Judged(pair, "unchanged")
    if tolerance is None:
        return Judged(pair, "shown")
    return Judged(pair, direct(after - before, pair.either.better), describe_rule(tolerance))


def describe_rule(tolerance: float) -> str:
    """What a value went beyond, in words."""
    return f"over {100 * tolerance:g} %" if tolerance else "expected the same in every run"


def _machines(base: StoredRun, head: StoredRun) -> str:
    one, other = base.run.machine, head.run.machine
    return "" if one == other else f"machine {one} and {other}"


def _judge_unmeasured(pair: Pair, machines: str) -> Judged | None:
    """What is said without looking at the values; None where both were measured and compare."""
    base, head = pair.base, pair.head
    if base is None or head is None:
        reason = "its gate failed" if pair.either.gate == "failed" else ""
        return Judged(pair, "missing" if head is None else "new", reason)
    if obstacles := [*filter(None, [machines]), *_obstacles(base, head, pair.differing)]:
        return Judged(pair, "not comparable", "; ".join(obstacles))
    if base.outcome == head.outcome:
        return None if head.outcome == "measured" else Judged(pair, "unchanged", f"{head.outcome} in both")
    reason = f"{base.outcome} before, {head.outcome} now"
    if base.outcome == "measured":
        return Judged(pair, "regressed", reason)
    return Judged(pair, "improved" if head.outcome == "measured" else "changed", reason)


def _obstacles(base: Record, head: Record, differing: Sequence[str]) -> list[str]:
    fields = [*differing, *(["unit"] if base.unit != head.unit else [])]
    return [
        f"{name.replace('_', ' ')} {field_text(base, name)} and {field_text(head, name)}" for name in fields
    ]


def field_text(record: Record, name: str) -> str:
    """A field in which two records differ, in words."""
    value = describe_protocol(record.protocol) if name == "protocol" else getattr(record, name)
    return "none" if value in {None, ""} else str(value)


def _with_gates(row: Judged) -> Judged:
    """A gate that failed since is a regression whatever the numbers say, unless they do not compare."""
    base, head = row.pair.base, row.pair.head
    if not base or not head or base.gate == head.gate or "failed" not in {base.gate, head.gate}:
        return row
    limit = f", its limit {head.limit}" if head.limit else ""
    reason = "; ".join(filter(None, [f"gate {base.gate} before, {head.gate} now{limit}", row.reason]))
    failed = (base.gate, head.gate) == ("passed", "failed") and row.verdict != "not comparable"
    return Judged(row.pair, "regressed" if failed else row.verdict, reason)
