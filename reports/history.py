"""What the runs of a machine measured from commit to commit: a series for each thing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from reports.gathered import Gathered, Point
from reports.pairing import differing_fields, subject_of
from reports.ratios import is_anchored
from reports.record import Record
from reports.store import StoredRun
from reports.timeline import Commit, Timeline
from reports.verdicts import field_text


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
        return is_anchored(self.record)

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


def read_history(timeline: Timeline, known: Mapping[Path, StoredRun] | None = None) -> History:
    """Reads the runs of a timeline; of what a commit has twice the newer counts, unless it says nothing.

    Args:
        timeline: which runs, in which order.
        known: runs that were read already; their damage has been told.
    """
    found = Gathered()
    for at, commit in enumerate(timeline.commits):
        for path in commit.paths:
            if known and path in known:
                found.take(at, path, known[path].records)
            else:
                found.read(at, path)
    series = [Series(record, tuple(points.values())) for record, points in found.series]
    against = f"{found.against} comparisons with a base commit are of no history"
    return History(
        timeline.machine,
        timeline.commits,
        tuple(_chained(series)),
        (*timeline.notes, *([against] if found.against else [])),
        (*timeline.damage, *found.damage),
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
        f"{name.replace('_', ' ')} {field_text(before, name)} → {field_text(after, name)}" for name in fields
    )
