"""The lines of a chart over commits: series that went the same way are one line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reports.escaping import printable
from reports.evidence import describe_setting
from reports.history import History, Point
from reports.steps import Judgement
from reports.trend_rows import change_of
from reports.wording import describe_case, value_text

DIGITS = 4  # of a relative height, up to which two lines are the same


@dataclass(frozen=True)
class Course:
    """A line.

    Attributes:
        name: of what it is, without what all lines of the chart have in common.
        common: that.
        rows: its points: `at`, the height `y`, its interval `low` and `high`, whether it is `used`, and what
            is told of it.
    """

    name: str
    common: str
    rows: tuple[Mapping[str, Any], ...]


def courses_of(history: History, group: Sequence[Judgement]) -> list[Course]:
    """The lines of some series, those that moved most first.

    Ratios to an anchor stand as they are, other values as the share by which they differ from the first.
    """
    ordered = sorted((one for one in group if _base(one)), key=_largest, reverse=True)
    seen = Counter(describe_case(one.series.record) for one in ordered)
    words = [_words(one, tell_circumstances=seen[describe_case(one.series.record)] > 1) for one in ordered]
    common = [word for word in words[0] if all(word in other for other in words)] if len(words) > 1 else []
    merged: dict[object, tuple[list[str], tuple[Mapping[str, Any], ...]]] = {}
    for one, parts in zip(ordered, words, strict=True):
        found = tuple(_rows(history, one))
        same = tuple((row["at"], round(row["y"], DIGITS), row["used"]) for row in found)
        name = ", ".join(part for part in parts if part not in common) or ", ".join(parts)
        merged.setdefault(same, ([], found))[0].append(name)
    return [
        Course(_name(names, number), ", ".join(common), found)
        for number, (names, found) in enumerate(merged.values())
    ]


def _words(one: Judgement, *, tell_circumstances: bool) -> list[str]:
    """What a series is of, in words that others may have too."""
    continues = (
        f" (new series: {one.series.continues})" if tell_circumstances and one.series.continues else ""
    )
    return f"{describe_case(one.series.record).partition(': ')[2]}{printable(continues)}".split(", ")


def _name(names: Sequence[str], number: int) -> str:
    """The first, and how many more there are; no two lines have the same."""
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return f"{names[0]}{more}{chr(0x200B) * number}"  # what nobody sees tells lines of one name apart


def _base(one: Judgement) -> float:
    """What the values of a series are shown relative to; 0 where there is nothing."""
    if one.kind == "ratio":
        return 1.0
    return next((point.value for point in one.series.points if point.value), 0.0)


def _largest(one: Judgement) -> float:
    """The largest change among the steps of a series, as a share."""
    return max((abs(change_of(step.before, step.after) or 1.0) for step in one.steps), default=0.0)


def _rows(history: History, one: Judgement) -> Iterator[Mapping[str, Any]]:
    for point in one.series.points:
        if point.value is not None:
            commit = history.commits[point.at]
            yield {
                "at": point.at,
                "y": _height(one, point.value),
                "low": None if point.low is None else _height(one, point.low),
                "high": None if point.high is None else _height(one, point.high),
                "used": point.is_usable,
                "commit": " ".join(filter(None, (commit.label, commit.subject))),
                "value": value_text(one.series.record_of(point)),
                "setting": describe_setting(one.series.record),
                "told": _told(point),
            }


def _height(one: Judgement, value: float) -> float:
    return value if one.kind == "ratio" else value / _base(one) - 1


def _told(point: Point) -> str:
    return "; ".join(map(str, point.stamps))
