"""From measured numbers to records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.thresholds import Verdict
from fixtures.pruning.methods import METHODS
from fixtures.settings import Settings
from fixtures.specs import Case, PruningSpec
from reports.metrics import METRICS
from reports.record import PROPERTY, Outcome, Record, Statistics


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """What was found for one case.

    Attributes:
        benchmark: which question it answers: quality, pruning, …
        workload: what was run for a cost.
        weights: which weights were measured.
        device: where, as PyTorch writes it.
        values: by metric.
        samples: by metric, the examples' scores or the rounds.
        statistics: by metric and name, integers per example whose sums give the metric.
        verdicts: by metric, what the thresholds say.
        protocol: for tasks.
        achieved: sparsity in scope, counted.
        stamps: what a reader should know of how it was measured.
        intervals: by metric, the ends of its confidence interval.
        part: of the model, where the numbers are about a layer or a component.
        pruning: what the numbers are about where that is not what the case measures.
        dtype: of the weights where they are looked at as they are stored.
        n: how many things the numbers summarise, where that is not the number of samples.
        outcome: why there are no values, where there are none: the metrics are there, their values are not.
    """

    benchmark: str
    workload: str | None = None
    weights: str
    device: str
    values: Mapping[str, float | None]
    samples: Mapping[str, Sequence[float]] = field(default_factory=dict)
    statistics: Mapping[str, Statistics] = field(default_factory=dict)
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)
    protocol: str | None = None
    achieved: float | None = None
    stamps: tuple[str, ...] = ()
    intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    part: str | None = None
    pruning: PruningSpec | None = None
    dtype: str | None = None
    n: int | None = None
    outcome: Outcome = "measured"


def make_records(case: Case, settings: Settings, found: Measurement) -> list[Record]:
    """A record per metric.

    Raises:
        ValueError: one of the numbers is NaN or infinite; then none is good.
    """
    return [_record(case, settings, found, metric) for metric in found.values]


def _record(case: Case, settings: Settings, found: Measurement, metric: str) -> Record:
    pruning, task = found.pruning or case.variant.pruning, case.task
    verdict = found.verdicts.get(metric, Verdict("ungated"))
    low, high = found.intervals.get(metric, (None, None))
    drawn = found.weights == "random" or (pruning is not None and METHODS[pruning.method].draws)
    return Record(
        benchmark=found.benchmark,
        model=case.variant.model.name,
        weights=found.weights,
        task=task.name if task else None,
        task_version=task.version if task else None,
        protocol=found.protocol,
        part=found.part,
        workload=found.workload or (str(case.workload) if case.workload else None),
        method=pruning.method if pruning else None,
        scope=pruning.scope if pruning else None,
        sparsity=pruning.sparsity if pruning else 0.0,
        layout=case.layout or (None if _is_without_layout(case, found) else "strided"),
        encoding=case.encoding,
        device=found.device,
        dtype=found.dtype or settings.dtype,
        threads=settings.threads if found.device == "cpu" else None,
        seed=settings.seed if drawn else None,
        metric=metric,
        value=found.values[metric],
        unit=METRICS[metric].unit,
        better=METRICS[metric].better,
        achieved_sparsity=found.achieved,
        n=_count(found, metric),
        low=low,
        high=high,
        limit=verdict.limit,
        gate=verdict.gate,
        limit_source=verdict.source,
        stamps=tuple(filter(None, (verdict.note, *found.stamps))),
        outcome=found.outcome,
    )


def _count(found: Measurement, metric: str) -> int | None:
    """How many examples or rounds there are of a metric."""
    columns = (found.samples.get(metric, ()), *found.statistics.get(metric, {}).values())
    return max(map(len, columns)) or found.n


def _is_without_layout(case: Case, found: Measurement) -> bool:
    return bool(found.workload or case.workload or case.encoding or found.benchmark == "structure")


def hand_over(records: Sequence[Record], found: Measurement, properties: list[tuple[str, Any]]) -> None:
    """Gives records to the report; with pytest-xdist they travel from the worker to the controller."""
    properties.extend(
        (
            PROPERTY,
            {
                "record": record.to_json(),
                "samples": found.samples.get(record.metric),
                "statistics": found.statistics.get(record.metric),
            },
        )
        for record in records
    )
