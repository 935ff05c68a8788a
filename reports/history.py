"""What the runs of a machine measured from commit to commit: a series for each thing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

from reports.metrics import RATIO
from reports.pairing import differing_fields, subject_of
from reports.record import KEY, Outcome, Record
from reports.store import StoredRun, read_run
from reports.timeline import Commit, Timeline

ANCHOR, AGAINST = "anchor ", "against "  # how protocols of a ratio begin: to a fixed commit, to a base
UNUSABLE = ("contaminated", "inconclusive")  # how stamps begin of ratios that say nothing
_thing = attrgetter(*KEY, "unit")


class Point(NamedTuple):
    """What was measured at a commit. A history may have 200,000 of them, so they hold what differs alone.

    Attributes:
        at: the commit's place in the history, from 0.
        path: the file of the run.
        samples: where the scores are, beside that file.
    """

    at: int
    path: Path
    value: float | None
    low: float | None
    high: float | None
    samples: str | None
    stamps: tuple[str, ...]
    outcome: Outcome

    @property
    def is_usable(self) -> bool:
        """Whether it was measured, and nothing is said against it."""
        return self.value is not None and not any(str(stamp).startswith(UNUSABLE) for stamp in self.stamps)


@dataclass(frozen=True, eq=False)
class Series:
    """One record's key on one machine, over the commits.

    Attributes:
        record: one of its records: what it is about.
        points: in the order of the commits, one for each.
        continues: what is other than in the series that this one goes on from, in words.
    """

    record: Record
    points: tuple[Point, ...]
    continues: str = ""

    @property
    def is_anchored(self) -> bool:
        """Whether its values are ratios to one and the same commit, measured in the same rounds."""
        return self.record.metric == RATIO and (self.record.protocol or "").startswith(ANCHOR)

    def record_of(self, point: Point) -> Record:
        """The record of a point again, as far as a comparison wants it."""
        found = {
            name: getattr(point, name) for name in ("value", "low", "high", "samples", "stamps", "outcome")
        }
        return replace(self.record, **found)


@dataclass(frozen=True, eq=False)
class History:
    """All series of a machine.

    Attributes:
        commits: oldest first.
        notes: what a reader must know of the order and of what was left out.
        damage: what could not be read.
    """

    machine: str
    commits: tuple[Commit, ...]
    series: tuple[Series, ...]
    notes: tuple[str, ...] = ()
    damage: tuple[str, ...] = ()


@dataclass
class _Found:
    """A series that is being read."""

    record: Record
    points: dict[int, Point] = field(default_factory=dict)


def read_history(timeline: Timeline, known: Mapping[Path, StoredRun] | None = None) -> History:
    """Reads the runs of a timeline; of what a commit has twice the newer counts.

    Args:
        timeline: which runs, in which order.
        known: runs that were read already; their damage has been told.
    """
    found: dict[object, _Found] = {}
    damage: list[str] = []
    against = 0
    for at, commit in enumerate(timeline.commits):
        for stored in _read(commit.paths, known or {}, damage):
            for record in stored.records:
                if record.metric == RATIO and (record.protocol or "").startswith(AGAINST):
                    against += 1
                    continue
                thing = _thing(record)
                if thing not in found:
                    found[thing] = _Found(record)
                found[thing].points[at] = _point(at, stored.path, record)
    series = [Series(one.record, tuple(one.points.values())) for one in found.values()]
    notes = [f"{against} comparisons with a base commit are of no history"] if against else []
    return History(
        timeline.machine,
        timeline.commits,
        tuple(_chained(series)),
        (*timeline.notes, *notes),
        (*timeline.damage, *damage),
    )


def _read(paths: Iterable[Path], known: Mapping[Path, StoredRun], damage: list[str]) -> Iterator[StoredRun]:
    for path in paths:
        if path in known:
            yield known[path]
            continue
        try:
            stored = read_run(path)
        except ValueError as error:
            damage.append(str(error))
            continue
        damage.extend(stored.damage)
        yield stored


def _point(at: int, path: Path, record: Record) -> Point:
    return Point(
        at, path, record.value, record.low, record.high, record.samples, record.stamps, record.outcome
    )


def _chained(series: Sequence[Series]) -> Iterator[Series]:
    """Each series with what is other than in the one before it of the same subject, if there is one."""
    subjects: dict[object, list[Series]] = {}
    for one in series:
        subjects.setdefault(subject_of(one.record), []).append(one)
    for one in series:
        before = _before(one, subjects[subject_of(one.record)])
        yield replace(one, continues=_describe_change(before.record, one.record)) if before else one


def _before(one: Series, others: Sequence[Series]) -> Series | None:
    """Of those that ended before it began the latest; of several the one that differs least."""
    ended = [other for other in others if other.points[-1].at < one.points[0].at]
    if not ended:
        return None
    return max(
        ended, key=lambda other: (other.points[-1].at, -len(differing_fields(other.record, one.record)))
    )


def _describe_change(before: Record, after: Record) -> str:
    fields = [*differing_fields(before, after), *(["unit"] if before.unit != after.unit else [])]
    return ", ".join(
        f"{name.replace('_', ' ')} {_text(before, name)} → {_text(after, name)}" for name in fields
    )


def _text(record: Record, name: str) -> str:
    value = getattr(record, name)
    return "none" if value in {None, ""} else str(value)
