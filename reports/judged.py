"""A pair of records with its verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

from reports.pairing import Pair
from reports.record import Better

Verdict = Literal[
    "regressed",
    "improved",
    "changed",
    "inconclusive",
    "contaminated",
    "not comparable",
    "missing",
    "new",
    "not judged",
    "shown",
    "unchanged",
]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)  # what a reader wants to know first comes first


@dataclass(frozen=True)
class Judged:
    """A pair with its verdict, and why in words.

    `changed` is a difference of which nobody can say whether it is good; `not judged` a difference that could
    be judged if there were samples of it; `shown` what is never judged. Of times that were taken in turns:
    `contaminated`, the base differed from itself; `inconclusive`, fresh measurements did not agree.
    """

    pair: Pair
    verdict: Verdict
    reason: str = ""


def count_verdicts(rows: Iterable[Judged]) -> dict[Verdict, int]:
    """How many there are of each, in the order of `VERDICTS`, what is not there left out."""
    counts = Counter(row.verdict for row in rows)
    return {verdict: counts[verdict] for verdict in VERDICTS if counts[verdict]}


def direct(change: float, better: Better | None) -> Verdict:
    """What a change from base to head is, in the direction that is better."""
    if better is None:
        return "changed"
    return "improved" if (change > 0) == (better == "higher") else "regressed"
