"""The lines of a chart over commits: series that went the same way are one line."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reports.escaping import printable
from reports.evidence import describe_setting
from reports.gathered import Point
from reports.history import History
from reports.steps import Judgement
from reports.trend_rows import change_of
from reports.wording import describe_case, value_text

DIGITS = 4  # of a relative height, up to which two lines are the same


@dataclass(frozen=True, eq=False)
class Course:
    """A line.

    Attributes:
        name: of what it is, without what all lines of the chart have in common.
        common: that.
        one: the first of the series that it stands for.
    """

    name: str
    common: str
    one: Judgement

    @property
    def points(self) -> list[Point]:
        """What was measured."""
        return _measured(self.one)

    def height(self, value: float) -> float:
        """Where a value is drawn."""
        return _height(self.one, value)

    def rows(self, history: History) -> Iterator[Mapping[str, Any]]:
        """Its points with what is told of them."""
        for point in self.points:
            commit = history.commits[point.at]
            record = self.one.series.record_of(point)
            yield {
                "at": point.at,
                "of": self.name,
                "y": self.height(record.value or 0.0),
                "low": None if point.low is None else self.height(point.low),
                "high": None if point.high is None else self.height(point.high),
                "used": point.is_usable,
                "commit": " ".join(filter(None, (commit.label, commit.subject))),
                "value": value_text(record),
                "setting": describe_setting(record),
                "told": "; ".join(map(str, point.stamps)),
            }


def courses_of(group: Sequence[Judgement]) -> list[Course]:
    """The lines of some series, those that moved most first.

    Ratios to an anchor stand as they are, other values as the share by which they differ from the first.
    """
    ordered = sorted((one for one in group if _base(one)), key=_largest, reverse=True)
    merged: dict[object, list[Judgement]] = {}
    for one in ordered:
        merged.setdefault(_shape(one), []).append(one)
    seen = Counter(describe_case(one.series.record) for one in ordered)
    words = {one: _words(one, seen) for one in ordered}
    common = _common(list(words.values()))
    return [
        Course(_name([words[one] for one in alike], common, number), ", ".join(common), alike[0])
        for number, alike in enumerate(merged.values())
    ]


def _shape(one: Judgement) -> tuple[object, ...]:
    """What two series have alike that are one line."""
    return tuple((point.at, round(_height(one, point.value or 0.0), DIGITS)) for point in _measured(one))


def _measured(one: Judgement) -> list[Point]:
    points = one.series.points
    return [point for point in points if point.value is not None and math.isfinite(_height(one, point.value))]


def _words(one: Judgement, seen: Mapping[str, int]) -> list[str]:
    """What a series is of, in words that others may have too; where it goes on, if it has the name twice."""
    case = describe_case(one.series.record)
    is_second = seen[case] > 1 and one.series.continues
    continues = f" ({one.series.continues})" if is_second else ""
    return f"{case.partition(': ')[2]}{printable(continues)}".split(", ")


def _common(words: Sequence[Sequence[str]]) -> list[str]:
    """Of several series the words that all of them have."""
    first = words[0] if len(words) > 1 else []
    return [word for word in first if all(word in other for other in words)]


def _name(alike: Sequence[Sequence[str]], common: Sequence[str], number: int) -> str:
    """The first, and how many more there are; no two lines have the same."""
    name = ", ".join(word for word in alike[0] if word not in common) or ", ".join(alike[0])
    more = f" and {len(alike) - 1} more" if len(alike) > 1 else ""
    return f"{name}{more}{chr(0x200B) * number}"  # what nobody sees tells lines of one name apart


def _base(one: Judgement) -> float:
    """What the values of a series are shown relative to; 0 where there is nothing."""
    if one.kind == "ratio":
        return 1.0
    return next((point.value for point in one.series.points if point.value), 0.0)


def _height(one: Judgement, value: float) -> float:
    return value if one.kind == "ratio" else value / _base(one) - 1


def _largest(one: Judgement) -> float:
    """The largest change among the steps of a series, as a share."""
    return max((abs(change_of(step.before, step.after) or 1.0) for step in one.steps), default=0.0)
