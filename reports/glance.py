"""The answer at a glance: how much can be pruned before it hurts, and what that gains."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from reports.evidence import Evidence, grouped, in_one_chart
from reports.metrics import is_headline
from reports.noise import CONTROL
from reports.record import Record
from reports.tables import LAYER

LEVELS = (0.01, 0.05, 0.10)  # how far from dense is near enough


@dataclass(frozen=True)
class Gain:
    """What a pruning gains.

    Attributes:
        times: how many times smaller or faster than dense.
        how: by which encoding or layout.
        sparsity: at which this was measured.
    """

    times: float
    how: str
    sparsity: float


Best = Mapping[tuple[str, str, str], Mapping[float, Gain]]


@dataclass(frozen=True)
class Glance:
    """One pruning of one model on one task.

    Attributes:
        dense: the dense value of the metric.
        within: by level, the highest measured sparsity up to which every measured one stays as near to dense;
            None where not even the lowest does.
        smaller, faster: at the highest sparsity within the middle level at which they were measured, if any.
    """

    model: str
    task: str
    metric: str
    dense: float
    pruning: str
    within: Mapping[float, float | None]
    smaller: Gain | None
    faster: Gain | None


def glances(evidence: Evidence) -> list[Glance]:
    """One per model, task and pruning, whose dense value is known."""
    found = [record for record in evidence.records if record.task and is_headline(record)]
    files, speeds = _files(evidence.records), _speeds(evidence.records)
    return [
        glance
        for group in in_one_chart(found, "task", "task_version", "protocol", "metric")
        for glance in _of_task(group, files, speeds)
    ]


def _of_task(group: Sequence[Record], files: Best, speeds: Best) -> Iterator[Glance]:
    dense = next((record.value for record in group if not record.method and record.value), None)
    if dense is None:
        return
    pruned = grouped((record for record in group if record.method), lambda record: record.pruning)
    for pruning, records in pruned.items():
        within = {level: _highest(records, dense, level) for level in LEVELS}
        key, near = (group[0].model, group[0].weights, str(pruning)), within[LEVELS[1]]
        yield Glance(
            model=group[0].model,
            task=str(group[0].task),
            metric=group[0].metric,
            dense=dense,
            pruning=str(pruning),
            within=within,
            smaller=_up_to(near, files.get(key, {})),
            faster=_up_to(near, speeds.get(key, {})),
        )


def _up_to(sparsity: float | None, gains: Mapping[float, Gain]) -> Gain | None:
    """The gain at the highest sparsity that is not above another."""
    there = [level for level in gains if sparsity is not None and level <= sparsity]
    return gains[max(there)] if there else None


def _highest(records: Sequence[Record], dense: float, level: float) -> float | None:
    """The last sparsity before the first that is too far off, so that no lucky one behind it counts."""
    found = None
    for record in sorted(records, key=lambda record: record.sparsity):
        if record.value is None or not _near(record, dense, level):
            break
        found = record.sparsity
    return found


def _near(record: Record, dense: float, level: float) -> bool:
    value = record.value or 0.0
    return value <= dense * (1 + level) if record.better == "lower" else value >= dense * (1 - level)


def _files(records: Sequence[Record]) -> Best:
    """How many times smaller than dense safetensors the smallest file is, and by which encoding."""
    sizes = [record for record in records if record.metric == "file_size" and record.value]
    dense = {
        (record.model, record.weights): record.value
        for record in sizes
        if not record.method and record.encoding == "safetensors"
    }
    return _largest(
        (record, (dense[place] or 0.0) / (record.value or 1.0), str(record.encoding))
        for record in sizes
        if record.method and (place := (record.model, record.weights)) in dense
    )


def _speeds(records: Sequence[Record]) -> Best:
    """How many times as fast as dense the fastest layout is on any workload of the whole model."""
    return _largest(
        (record, record.value, f"{record.workload} in {record.layout}")
        for record in records
        if record.metric == "speedup" and record.value and _is_whole(record) and record.layout != CONTROL
    )


def _largest(found: Iterator[tuple[Record, float, str]]) -> Best:
    best: dict[tuple[str, str, str], dict[float, Gain]] = {}
    for record, times, how in found:
        gains = best.setdefault((record.model, record.weights, record.pruning), {})
        gain = Gain(times, how, record.sparsity)
        gains[record.sparsity] = max(gains.get(record.sparsity, gain), gain, key=lambda one: one.times)
    return best


def _is_whole(record: Record) -> bool:
    return not (record.workload or "").startswith(LAYER)


def sentences(found: Sequence[Glance]) -> list[str]:
    """Per model and task, the pruning that gets furthest within 5 % of dense, in words."""
    return [
        _sentence(max(group, key=lambda glance: glance.within[LEVELS[1]] or 0.0))
        for group in grouped(found, lambda glance: (glance.model, glance.task, glance.metric)).values()
    ]


def _sentence(best: Glance) -> str:
    subject = f"{best.model} on {best.task} ({best.metric} {best.dense:.4g} dense)"
    sparsity = best.within[LEVELS[1]]
    if sparsity is None:
        return f"{subject}: no pruning that was measured stays within {LEVELS[1]:.0%} of dense."
    gains = (
        _told(best.smaller, "the file is {} times smaller"),
        _told(best.faster, "the model is {} times as fast"),
    )
    told = " and ".join(filter(None, gains)) or "size and speed were not measured up to there"
    return f"{subject}: {best.pruning} stays within {LEVELS[1]:.0%} up to {sparsity:.0%}; {told}."


def _told(gain: Gain | None, words: str) -> str:
    return f"{words.format(f'{gain.times:.2f}')} at {gain.sparsity:.0%} ({gain.how})" if gain else ""
