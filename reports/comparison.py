"""A comparison, and its rows as they are printed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from reports.escaping import printable
from reports.judged import VERDICTS, Judged, Verdict, count_verdicts
from reports.wording import describe_cases, difference_text, ratio_text, value_text

COLUMNS = ("case", "metric", "base", "head", "difference", "verdict", "reason")


@dataclass(frozen=True)
class Comparison:
    """What was found.

    Attributes:
        base, head: what is compared, in words.
        rows: in the order of the records.
        notes: what else a reader must know.
        facts: of the two sides, for JSON.
        asks_ratio: whether nothing is judged, so that the ratio stands beside the difference.
        failed: how many cases of the head failed that no row tells of.
    """

    base: str
    head: str
    rows: Sequence[Judged]
    notes: Sequence[str] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    asks_ratio: bool = False
    failed: int = 0

    @property
    def is_worse(self) -> bool:
        """Whether something regressed, failed, or is new and outside its threshold."""
        return bool(self.failed) or any(
            row.verdict == "regressed" or (row.verdict == "new" and row.pair.either.gate == "failed")
            for row in self.rows
        )

    @property
    def summary(self) -> str:
        """The counts, in a line."""
        counts = count_verdicts(self.rows)
        failed = [f"{self.failed:,} failed without a record"] if self.failed else []
        told = [*failed, *(f"{count:,} {verdict}" for verdict, count in counts.items())]
        return ", ".join(told) or "nothing to compare"


@dataclass(frozen=True)
class Row:
    """A row as it is printed, in the order of `COLUMNS`."""

    case: str
    metric: str
    base: str
    head: str
    difference: str
    verdict: Verdict
    reason: str


def rows_of(comparison: Comparison) -> list[Row]:
    """All rows, worst first; within a verdict in the order of the records."""
    cases = describe_cases([judged.pair.either for judged in comparison.rows])
    found = [
        _row(*pair, ask_ratio=comparison.asks_ratio) for pair in zip(comparison.rows, cases, strict=True)
    ]
    return sorted(found, key=lambda row: VERDICTS.index(row.verdict))


def _row(judged: Judged, case: str, *, ask_ratio: bool) -> Row:
    base, head = judged.pair.base, judged.pair.head
    words = [difference_text(base, head)]
    if judged.verdict == "shown":
        ratio = ratio_text(base, head)
        words = [*words, ratio] if ask_ratio else [ratio]
    metric, reason = printable(judged.pair.either.metric), printable(judged.reason)
    difference = ", ".join(filter(None, words))
    return Row(case, metric, value_text(base), value_text(head), difference, judged.verdict, reason)
