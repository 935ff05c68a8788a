"""The answer at a glance: how much can be pruned before it hurts, and what that gains."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from reports.evidence import Evidence, describe_setting, grouped, in_one_chart
from reports.metrics import is_headline
from reports.noise import CONTROL
from reports.record import Record

LEVELS = (0.01, 0.05, 0.10)  # how far from dense is near enough


@dataclass(frozen=True)
class Gain:
    """What a pruning gains.

    Attributes:
        times: how many times smaller or faster than dense.
        how: by which encoding or layout.
        sparsity: at which this was measured.
        low, high: its interval, where there is one.
    """

    times: float
    how: str
    sparsity: float
    low: float | None = None
    high: float | None = None


Best = Mapping[tuple[object, ...], Mapping[float, Gain]]


@dataclass(frozen=True)
class Glance:
    """One pruning of one model on one task.

    Attributes:
        setting: weights, protocol, device, type and threads: what two glances at one task may differ in.
        dense: the dense value of the metric.
        within: by level, the highest measured sparsity up to which every measured one stays as near to dense;
            None where not even the lowest does.
        smaller, faster: at the highest sparsity within the middle level at which they were measured, if any.
    """

    model: str
    task: str
    metric: str
    setting: str
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
        near = within[LEVELS[1]]
        yield Glance(
            model=group[0].model,
            task=str(group[0].task),
            metric=group[0].metric,
            setting=describe_setting(group[0]),
            dense=dense,
            pruning=str(pruning),
            within=within,
            smaller=_up_to(near, files.get(_file_key(records[0]), {})),
            faster=_up_to(near, speeds.get(_speed_key(records[0]), {})),
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


def _file_key(record: Record) -> tuple[object, ...]:
    return record.model, record.weights, record.dtype, record.pruning


def _speed_key(record: Record) -> tuple[object, ...]:
    return (*_file_key(record), record.device, record.threads)


def _files(records: Sequence[Record]) -> Best:
    """How much smaller the smallest file is than the dense model's smallest: encodings alone gain some."""
    sizes = [record for record in records if record.metric == "file_size" and record.value]
    dense: dict[tuple[object, ...], float] = {}
    for record in sizes:
        if not record.method:
            key, value = _file_key(record)[:3], record.value or 0.0
            dense[key] = min(value, dense.get(key, value))
    return _largest(
        (_file_key(record), Gain(dense[place] / (record.value or 1.0), str(record.encoding), record.sparsity))
        for record in sizes
        if record.method and (place := _file_key(record)[:3]) in dense
    )


def _speeds(records: Sequence[Record]) -> Best:
    """How fast the fastest layout is on any workload of the model, in times dense in the same rounds."""
    return _largest(
        (
            _speed_key(record),
            Gain(
                record.value,
                f"{record.workload} in {record.layout}",
                record.sparsity,
                record.low,
                record.high,
            ),
        )
        for record in records
        if record.metric == "speedup" and record.value and not record.is_layer and record.layout != CONTROL
    )


def _largest(found: Iterable[tuple[tuple[object, ...], Gain]]) -> Best:
    best: dict[tuple[object, ...], dict[float, Gain]] = {}
    for key, gain in found:
        gains = best.setdefault(key, {})
        gains[gain.sparsity] = max(gains.get(gain.sparsity, gain), gain, key=lambda one: one.times)
    return best


def sentences(found: Sequence[Glance]) -> list[str]:
    """Per model, task and setting, the pruning that gets furthest within 5 % of dense, in words."""
    groups = grouped(
        found, lambda glance: (glance.model, glance.task, glance.metric, glance.setting)
    ).values()
    subjects = Counter((group[0].model, group[0].task, group[0].metric) for group in groups)
    return [
        _sentence(
            max(group, key=_reach), several=subjects[group[0].model, group[0].task, group[0].metric] > 1
        )
        for group in groups
    ]


def _reach(glance: Glance) -> tuple[float, int]:
    """How far it gets; of two that get as far, the one whose gains are known."""
    known = sum(gain is not None for gain in (glance.smaller, glance.faster))
    return glance.within[LEVELS[1]] or 0.0, known


def _sentence(best: Glance, *, several: bool) -> str:
    where = f"; {best.setting}" if several else ""
    subject = f"{best.model} on {best.task} ({best.metric} {best.dense:.4g} dense{where})"
    sparsity = best.within[LEVELS[1]]
    if sparsity is None:
        return f"{subject}: no pruning that was measured stays within {LEVELS[1]:.0%} of dense."
    gains = (
        _told(best.smaller, "the smallest file is {} times smaller than the dense model's smallest"),
        _told(best.faster, "the fastest layout is {} times as fast as dense"),
    )
    told = " and ".join(filter(None, gains)) or "size and speed were not measured up to there"
    return f"{subject}: {best.pruning} stays within {LEVELS[1]:.0%} up to {sparsity:.0%}; {told}."


def _told(gain: Gain | None, words: str) -> str:
    return f"{words.format(f'{gain.times:.2f}')} at {gain.sparsity:.0%} ({gain.how})" if gain else ""
