"""Many runs of much the same things, put together: what a line is about is parsed once."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import fields
from operator import attrgetter
from pathlib import Path
from typing import Any, NamedTuple

from reports.metrics import RATIO
from reports.record import KEY, Outcome, Record
from reports.store import parse_record, read_lines

AGAINST = "against "  # how the protocol of a ratio begins that is to any base commit
UNUSABLE = ("contaminated", "inconclusive")  # how stamps begin of ratios that say nothing
VALUE = b', "value": '  # ends what a line says of its key; within a text its quotes would be escaped
_thing = attrgetter(*KEY, "unit")
_FOUND = frozenset(one.name for one in fields(Record)).difference(KEY)


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


Points = dict[int, Point]


class Gathered:
    """Series of points, as run after run is read.

    Attributes:
        against: how many records were left out as comparisons with a base commit.
        damage: what could not be read, a sentence each.
    """

    def __init__(self) -> None:
        self._series: dict[object, tuple[Record, Points]] = {}
        self._begun: dict[bytes, tuple[Record, Points]] = {}
        self.against = 0
        self.damage: list[str] = []

    @property
    def series(self) -> list[tuple[Record, Points]]:
        """The first record of each thing, and its points by commit."""
        return list(self._series.values())

    def take(self, at: int, path: Path, records: Iterable[Record]) -> None:
        """Adds what a run of a commit measured; what it has already is replaced."""
        for record in records:
            self._add(at, path, record)

    def read(self, at: int, path: Path) -> None:
        """The same from a file, whose header is good.

        Lines about what was seen before are read from their value on: of 200 runs nearly all.
        """
        try:
            lines = read_lines(path)
        except ValueError as error:
            self.damage.append(str(error))
            return
        for number, line in enumerate(lines[1:], start=2):
            begin, _, end = line.partition(VALUE)
            seen = self._begun.get(begin)
            if seen and (point := _parse(at, path, end, seen[0].unit)):
                seen[1][at] = point
            else:
                self._parse_whole(at, path, number, line)

    def _parse_whole(self, at: int, path: Path, number: int, line: bytes) -> None:
        try:
            record = parse_record(path, number, line)
        except ValueError as error:
            self.damage.append(str(error))
            return
        if added := self._add(at, path, record):
            self._begun.setdefault(line.partition(VALUE)[0], added)

    def _add(self, at: int, path: Path, record: Record) -> tuple[Record, Points] | None:
        if record.metric == RATIO and (record.protocol or "").startswith(AGAINST):
            self.against += 1
            return None
        thing = _thing(record)
        if thing not in self._series:
            self._series[thing] = (record, {})
        self._series[thing][1][at] = _point(at, path, vars(record))
        return self._series[thing]


def _parse(at: int, path: Path, end: bytes, unit: str) -> Point | None:
    """The point of a line from its value on; None where it is not plainly one of the same unit."""
    try:
        found = json.loads(b'{"value": ' + end)
    except ValueError:
        return None
    if found.keys() != _FOUND or found["unit"] != unit or not isinstance(found["stamps"], list):
        return None
    value = found["value"]
    if found["outcome"] == "measured" and not (isinstance(value, float | int) and math.isfinite(value)):
        return None
    if any(isinstance(one, dict | list) for name, one in found.items() if name != "stamps"):
        return None
    return _point(at, path, found)


def _point(at: int, path: Path, found: Mapping[str, Any]) -> Point:
    ends = (found["low"], found["high"])
    low, high = (end if isinstance(end, float | int) else None for end in ends)
    stamps = tuple(found["stamps"])
    return Point(at, path, found["value"], low, high, found["samples"], stamps, found["outcome"])
