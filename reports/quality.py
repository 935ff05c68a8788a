"""Verdicts on quality, by what the same examples gave in both runs.

Stored samples hold the protocol's metric per example, not the headline of the case: nats per token for
language models, F1 for answers. So that is what is judged, and each headline metric of the case (perplexity,
F1, …) gets the case's verdict. BLEU has statistics per sentence, and is judged itself: the corpus's BLEU of
each resample. Runs without them are judged by the chrF of sentences.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path

import numpy as np

from reports.case_scores import CaseScores, ScoresOfRuns
from reports.judged import Judged, Verdict, direct
from reports.metrics import is_headline
from reports.pairing import Pair
from reports.record import KEY
from reports.significance import LEVEL, Bootstrapped, bootstrap, holm, mcnemar

FEWEST = 8  # with fewer examples not even one sign in all differences is sure enough: 2^(1-7) is above LEVEL
SMALLEST = 1e-4  # p-value that is printed
case_of = attrgetter(*(name for name in KEY if name != "metric"))


@dataclass(frozen=True)
class CaseVerdict:
    """What the scores of a case say, or why they say nothing.

    Attributes:
        scores: what they are, if there are any.
        identical: the metrics that follow from what is the same in both runs; None is all of the case.
    """

    verdict: Verdict
    reason: str
    scores: str = ""
    identical: tuple[str, ...] | None = ()

    def settles(self, metric: str) -> bool:
        """Whether a metric follows from what is the same in both runs."""
        return self.identical is None or metric in self.identical


def judge_quality(pairs: Sequence[Pair], base: Path, head: Path) -> list[Judged]:
    """A verdict for each pair of quality's records, measured in both runs; Holm over the cases tested.

    Args:
        pairs: of records with equal keys.
        base: the file of the run that `Pair.base` are of.
        head: likewise.
    """
    cases: dict[object, list[Pair]] = {}
    for pair in pairs:
        cases.setdefault(case_of(pair.either), []).append(pair)
    scores = ScoresOfRuns.at(base, head)
    found = {case: _gather(members, scores) for case, members in cases.items()}
    tested = {case: one for case, one in found.items() if isinstance(one, CaseScores)}
    verdicts = {case: one for case, one in found.items() if isinstance(one, CaseVerdict)}
    verdicts |= dict(zip(tested, _test(list(tested.values())), strict=True))
    return [_judge(pair, verdicts[case_of(pair.either)]) for pair in pairs]


def _gather(pairs: Sequence[Pair], scores: ScoresOfRuns) -> CaseScores | CaseVerdict:
    """The case's scores; the verdict at once where they are the same, are missing or do not compare."""
    try:
        return _settle(scores.read(pairs))
    except ValueError as error:
        return CaseVerdict("not judged", str(error))


def _settle(case: CaseScores) -> CaseScores | CaseVerdict:
    base, head, name = case.base, case.head, case.name
    if len(base) != len(head):
        return CaseVerdict("not comparable", f"{len(base)} and {len(head)} examples", name)
    if np.array_equal(base, head):
        follows = (case.record.metric,) if case.corpus else None
        return CaseVerdict("unchanged", f"the same scores of {len(base)} examples", name, follows)
    if case.is_rounding:
        return CaseVerdict("unchanged", f"scores of {len(base)} examples differ by rounding", name)
    if len(base) < FEWEST:
        return CaseVerdict("not judged", f"{len(base)} examples are too few to tell from chance")
    return case


def _test(cases: Sequence[CaseScores]) -> list[CaseVerdict]:
    """By McNemar's test where examples are right or wrong, else by bootstrap; Holm over all of them."""
    others = [case for case in cases if not case.is_binary]
    drawn = iter(bootstrap([case.difference for case in others], comparisons=len(cases)))
    found = [_by_mcnemar(case) if case.is_binary else _by_bootstrap(case, next(drawn)) for case in cases]
    adjusted = holm([p for _, p, _ in found])
    among = f" (Holm, {len(cases)} cases)" if len(cases) > 1 else ""
    return [
        CaseVerdict(_decide(case, change, p), f"{reason}, {_p_text(p)}{among}", case.name)
        for case, p, (change, _, reason) in zip(cases, adjusted, found, strict=True)
    ]


Tested = tuple[float, float, str]  # the change, its p-value, and both in words


def _by_mcnemar(case: CaseScores) -> Tested:
    right, wrong = int((case.head > case.base).sum()), int((case.head < case.base).sum())
    turned = f"of {len(case.base)} examples {right} turned right and {wrong} wrong"
    return right - wrong, mcnemar(case.base, case.head), turned


def _by_bootstrap(case: CaseScores, found: Bootstrapped) -> Tested:
    interval = f"{100 * (1 - LEVEL):g} %: {found.low:+.3g} to {found.high:+.3g}"
    told = f"{case.name} {found.difference:+.3g} ({interval}) in {len(case.base)} examples"
    return found.difference, found.p, told


def _decide(case: CaseScores, change: float, p: float) -> Verdict:
    return direct(change, case.record.better) if p < LEVEL and change else "unchanged"


def _judge(pair: Pair, case: CaseVerdict) -> Judged:
    if case.verdict == "not comparable":
        return Judged(pair, case.verdict, case.reason)
    base, head = pair.base, pair.head
    same = base is not None and head is not None and base.value == head.value
    if case.verdict == "not judged":
        return Judged(pair, "unchanged") if same else Judged(pair, case.verdict, case.reason)
    if case.settles(pair.either.metric):
        return Judged(pair, "unchanged", case.reason) if same else Judged(pair, *_recomputed(case))
    if is_headline(pair.either):
        return Judged(pair, case.verdict, case.reason)
    return (
        Judged(pair, "unchanged") if same else Judged(pair, "shown", f"the case is judged by {case.scores}")
    )


def _recomputed(case: CaseVerdict) -> tuple[Verdict, str]:
    return "changed", f"{case.reason}, another value: what is made of them is computed differently"


def _p_text(p: float) -> str:
    return f"p = {p:.2g}" if p >= SMALLEST else f"p < {SMALLEST:g}"
