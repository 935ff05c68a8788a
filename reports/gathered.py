"""Many runs of much the same things, put together."""

from __future__ import annotations

from collections.abc import Iterable
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

from reports.ratios import is_against, says_nothing
from reports.record import KEY, Outcome, Record
from reports.store import parse_record, read_lines

_thing = attrgetter(*KEY, "unit")
_measured = attrgetter("value", "low", "high", "samples", "stamps", "outcome")


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
        return self.value is not None and not says_nothing(self.stamps)


Points = dict[int, Point]


class Gathered:
    """Series of points, as run after run is read.

    Attributes:
        against: how many records were left out as comparisons with a base commit.
        damage: what could not be read, a sentence each.
    """

    def __init__(self) -> None:
        self._series: dict[object, tuple[Record, Points]] = {}
        self.against = 0
        self.damage: list[str] = []

    @property
    def series(self) -> list[tuple[Record, Points]]:
        """The first record of each thing, and its points by commit."""
        return list(self._series.values())

    def take(self, at: int, path: Path, records: Iterable[Record]) -> None:
        """Adds what a run of a commit measured.

        What the commit has already is replaced, but what is usable only by what is not stamped unusable.
        """
        for record in records:
            self._add(at, path, record)

    def read(self, at: int, path: Path) -> None:
        """The same from a file, whose header is good."""
        try:
            lines = read_lines(path)
        except ValueError as error:
            self.damage.append(str(error))
            return
        for number, line in enumerate(lines[1:], start=2):
            try:
                self._add(at, path, parse_record(path, number, line))
            except ValueError as error:
                self.damage.append(str(error))

    def _add(self, at: int, path: Path, record: Record) -> None:
        if is_against(record):
            self.against += 1
            return
        thing = _thing(record)
        if thing not in self._series:
            self._series[thing] = (record, {})
        points, point = self._series[thing][1], Point(at, path, *_measured(record))
        if not (says_nothing(point.stamps) and at in points and points[at].is_usable):
            points[at] = point
