"""What several runs measured, put together: of each thing the newest value."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from typing import TypeVar

import numpy as np

from reports.bootstrap import corpus_interval, has_interval, interval
from reports.corpus import CORPUS
from reports.counts import SUFFIX, CheckpointCounts, read_counts
from reports.record import KEY, Record
from reports.samples import SamplesOf
from reports.store import StoredRun
from reports.tables import circumstances

PLACE = ("model", "weights", "device", "dtype", "threads")  # what two numbers in one chart have in common

T = TypeVar("T")


@dataclass(frozen=True)
class Measured:
    """A record, and the run that it is of."""

    record: Record
    run: StoredRun


@dataclass(frozen=True, eq=False)
class Evidence:
    """All that is known.

    Attributes:
        runs: oldest first, all of one machine.
        elsewhere: how many runs of other machines were left out: their numbers do not compare.
        measured: the newest record of each key, in the order in which keys were first seen.
    """

    runs: tuple[StoredRun, ...]
    measured: tuple[Measured, ...]
    elsewhere: int = 0

    @property
    def records(self) -> list[Record]:
        """The records alone."""
        return [one.record for one in self.measured]

    @cached_property
    def intervals(self) -> dict[Record, tuple[float, float]]:
        """Of quality, from its examples; none where what they gave is missing or too large."""
        samples = {one.run.path: SamplesOf(one.run.path) for one in self.measured}
        found: dict[Record, tuple[float, float]] = {}
        for one in self.measured:
            if one.record.samples and (ends := _ends(one.record, samples[one.run.path])):
                found[one.record] = ends
        return found

    @cached_property
    def counts(self) -> tuple[CheckpointCounts, ...]:
        """Of each checkpoint the newest counts."""
        found: dict[tuple[str, str], CheckpointCounts] = {}
        for run in self.runs:
            if run.path.with_suffix(SUFFIX).is_file():
                found |= {(one.model, one.weights): one for one in read_counts(run.path).checkpoints}
        return tuple(found.values())


def gather(runs: Sequence[StoredRun]) -> Evidence:
    """Puts the runs of the newest one's machine together; of a thing measured twice the newer counts."""
    everywhere = sorted(runs, key=lambda stored: stored.run.started)
    ordered = tuple(stored for stored in everywhere if stored.run.machine == everywhere[-1].run.machine)
    key = attrgetter(*KEY)
    found: dict[object, Measured] = {}
    for stored in ordered:
        for record in stored.records:
            found[key(record)] = Measured(record, stored)
    return Evidence(ordered, tuple(found.values()), len(everywhere) - len(ordered))


def grouped(things: Iterable[T], key: Callable[[T], object]) -> dict[object, list[T]]:
    """Things by what they have in common, in the order in which that was first seen."""
    found: dict[object, list[T]] = {}
    for thing in things:
        found.setdefault(key(thing), []).append(thing)
    return found


def in_one_chart(records: Iterable[Record], *also: str) -> Iterator[list[Record]]:
    """Groups of records that are measured at one place in one way."""
    yield from grouped(records, attrgetter(*PLACE, *also)).values()


def describe_setting(record: Record) -> str:
    """Weights, protocol, device, type and threads in words."""
    return ", ".join(circumstances(record))


def _ends(record: Record, samples: SamplesOf) -> tuple[float, float] | None:
    with (
        suppress(ValueError),
        np.errstate(over="ignore"),
    ):  # lost, damaged, or beyond all numbers
        ends = _interval(record, samples)
        return ends if ends and all(map(math.isfinite, ends)) else None
    return None


def _interval(record: Record, samples: SamplesOf) -> tuple[float, float] | None:
    reference = str(record.samples)
    if record.metric in CORPUS:
        return corpus_interval(samples.read_statistics(reference), CORPUS[record.metric])
    scores = samples.read(reference) if has_interval(record.metric) else []
    return interval(scores, record.metric) if scores else None
