"""Verdicts on quality, by the scores of the same examples in both runs.

Stored samples hold the protocol's metric per example, not the headline of the case: nats per token for
language models, F1 for answers, chrF for translations. So that is what is judged, and each headline metric of
the case (perplexity, BLEU, …) gets the case's verdict.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path

import numpy as np

from reports.judged import Judged, Verdict, direct
from reports.metrics import is_headline
from reports.pairing import Pair
from reports.record import KEY, Record
from reports.samples import SamplesOf
from reports.significance import LEVEL, Bootstrapped, Scores, bootstrap, holm, mcnemar

FEWEST = 8  # with fewer examples not even one sign in all differences is sure enough: 2^(1-7) is above LEVEL
ROUNDING = 1e-6  # a mean that moves less, relatively, was added up in another order
SMALLEST = 1e-4  # p-value that is printed
SCORES = {"perplexity": "nats per token", "masked_loss": "nats per hidden token"}
case_of = attrgetter(*(name for name in KEY if name != "metric"))


@dataclass(frozen=True, eq=False)
class Evidence:
    """The scores of a case, of the same examples in both runs.

    Attributes:
        record: of the metric that they are of.
    """

    record: Record
    base: Scores
    head: Scores

    @property
    def is_binary(self) -> bool:
        """Whether every example is right or wrong."""
        found = {*self.base.tolist(), *self.head.tolist()}
        return found <= {0.0, 1.0} or found <= {0.0, 100.0}


@dataclass(frozen=True)
class CaseVerdict:
    """What the scores of a case say, or why they say nothing.

    Attributes:
        scores: what they are, if there are any.
    """

    verdict: Verdict
    reason: str
    scores: str = ""
    identical: bool = False


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
    read = SamplesOf(base).read, SamplesOf(head).read
    found = {case: _gather(members, *read) for case, members in cases.items()}
    tested = {case: one for case, one in found.items() if isinstance(one, Evidence)}
    verdicts = {case: one for case, one in found.items() if isinstance(one, CaseVerdict)}
    verdicts |= dict(zip(tested, _test(list(tested.values())), strict=True))
    return [_judge(pair, verdicts[case_of(pair.either)]) for pair in pairs]


Read = Callable[[str], list[float]]


def _gather(pairs: Sequence[Pair], read_base: Read, read_head: Read) -> Evidence | CaseVerdict:
    """The case's scores; the verdict at once where they are the same, are missing or do not compare."""
    for pair in pairs:
        base, head = pair.base, pair.head
        if base and head and base.samples and head.samples:
            try:
                scores = np.array(read_base(base.samples), float), np.array(read_head(head.samples), float)
            except ValueError as error:
                return CaseVerdict("not judged", str(error))
            return _settle(Evidence(head, *scores))
    return CaseVerdict("not judged", "no scores per example in both runs")


def _settle(case: Evidence) -> Evidence | CaseVerdict:
    base, head, name = case.base, case.head, _name(case)
    if len(base) != len(head):
        return CaseVerdict("not comparable", f"{len(base)} and {len(head)} examples", name)
    if np.array_equal(base, head):
        return CaseVerdict("unchanged", f"the same scores of {len(base)} examples", name, identical=True)
    if abs(np.mean(head - base)) <= ROUNDING * abs(np.mean(base)) and not case.is_binary:
        return CaseVerdict("unchanged", f"scores of {len(base)} examples differ by rounding", name)
    if len(base) < FEWEST:
        return CaseVerdict("not judged", f"{len(base)} examples are too few to tell from chance")
    return case


def _test(cases: Sequence[Evidence]) -> list[CaseVerdict]:
    """By McNemar's test where examples are right or wrong, else by bootstrap; Holm over all of them."""
    others = [case for case in cases if not case.is_binary]
    means = iter(bootstrap([case.head - case.base for case in others], comparisons=len(cases)))
    found = [_by_mcnemar(case) if case.is_binary else _by_mean(case, next(means)) for case in cases]
    adjusted = holm([p for p, _ in found])
    among = f" (Holm, {len(cases)} cases)" if len(cases) > 1 else ""
    return [
        CaseVerdict(_decide(case, p), f"{reason}, {_p_text(p)}{among}", _name(case))
        for case, p, (_, reason) in zip(cases, adjusted, found, strict=True)
    ]


def _by_mcnemar(case: Evidence) -> tuple[float, str]:
    right, wrong = int((case.head > case.base).sum()), int((case.head < case.base).sum())
    turned = f"of {len(case.base)} examples {right} turned right and {wrong} wrong"
    return mcnemar(case.base, case.head), turned


def _by_mean(case: Evidence, found: Bootstrapped) -> tuple[float, str]:
    interval = f"{100 * (1 - LEVEL):g} %: {found.low:+.3g} to {found.high:+.3g}"
    return found.p, f"{_name(case)} {found.mean:+.3g} ({interval}) in {len(case.base)} examples"


def _decide(case: Evidence, p: float) -> Verdict:
    change = float(np.mean(case.head - case.base))
    return direct(change, case.record.better) if p < LEVEL and change else "unchanged"


def _judge(pair: Pair, case: CaseVerdict) -> Judged:
    if case.verdict == "not comparable":
        return Judged(pair, case.verdict, case.reason)
    base, head = pair.base, pair.head
    same = base is not None and head is not None and base.value == head.value
    if case.verdict == "not judged":
        return Judged(pair, "unchanged") if same else Judged(pair, case.verdict, case.reason)
    if case.identical:
        return Judged(pair, "unchanged", case.reason) if same else Judged(pair, *_recomputed(case))
    if is_headline(pair.either):
        return Judged(pair, case.verdict, case.reason)
    return (
        Judged(pair, "unchanged") if same else Judged(pair, "shown", f"the case is judged by {case.scores}")
    )


def _recomputed(case: CaseVerdict) -> tuple[Verdict, str]:
    return "changed", f"{case.reason}, another value: what is made of them is computed differently"


def _name(case: Evidence) -> str:
    return SCORES.get(case.record.metric, case.record.metric)


def _p_text(p: float) -> str:
    return f"p = {p:.2g}" if p >= SMALLEST else f"p < {SMALLEST:g}"
