"""When a commit is slower than another: the rule on rounds that both took in turns, over fresh processes.

Numbers taken at different times say nothing, and processes of the same code differ from each other: so every
round has its partner beside it, every pair of processes gives one number, and the median over pairs decides.
A second process of the base is the control: what it shows against the first is noise.

Versions of the rule, each proved by itself:
    1  the first one; told without a number.
    2  `unchanged` must exclude twice the gate.
    3  a round lasts 5 ms at least: as many calls as that takes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from reports.judged import Verdict

VERSION = 3
AGREEING = 0.8  # of pairs that must lie on the same side
EXCLUDED = 2  # times the gate: a difference that `unchanged` rules out


@dataclass(frozen=True)
class Rule:
    """How much is measured, and from where on a difference counts.

    Attributes:
        pairs: of processes that are looked at first; twice as many decide, and again twice as many confirm.
        rounds: of each pair and case.
        gate: the relative difference that is a regression.
        look: the one from which on more pairs are wanted.
        least: seconds of a round, which is as many calls as that takes. By rounds of one call of 0.3 ms,
            processes of the same code differed by 1 to 17 % (standard deviation); of 7 ms, by 1 to 2 %.
    """

    pairs: int = 5
    rounds: int = 60
    gate: float = 0.025
    look: float = 0.015
    least: float = 0.005

    @property
    def deciding(self) -> int:
        """Pairs that decide; that many fresh ones confirm."""
        return 2 * self.pairs

    def __str__(self) -> str:
        return f"rule {VERSION}, {self.pairs} pairs x {self.rounds} rounds, gate {100 * self.gate:g} %"


@dataclass(frozen=True)
class PairRatio:
    """What one pair of processes says of a case, as log ratios to the base: the median over rounds.

    Attributes:
        head: of the candidate.
        control: of a second process of the base.
    """

    head: float
    control: float


@dataclass(frozen=True)
class Estimate:
    """What several pairs say: relative differences to the base, of the candidate and of the control."""

    head: float
    control: float
    agreeing: float


@dataclass(frozen=True)
class Decision:
    """A verdict with its reason, or how many more pairs are wanted before there is one."""

    verdict: Verdict | None
    reason: str = ""
    wanted: int = 0


def pair_ratio(base: Sequence[float], head: Sequence[float], control: Sequence[float]) -> PairRatio:
    """One pair's ratios, from seconds by round: rounds at the same place were taken in turns."""
    return PairRatio(_median_log(head, base), _median_log(control, base))


def _median_log(ours: Sequence[float], base: Sequence[float]) -> float:
    return median(math.log(mine / other) for mine, other in zip(ours, base, strict=True))


def estimate(pairs: Sequence[PairRatio]) -> Estimate:
    """The median over pairs, and the share of them on its side of 0."""
    head = median(pair.head for pair in pairs)
    agreeing = sum(pair.head * head > 0 for pair in pairs) / len(pairs)
    return Estimate(math.expm1(head), math.expm1(median(pair.control for pair in pairs)), agreeing)


def decide(pairs: Sequence[PairRatio], rule: Rule) -> Decision:
    """The verdict, or what it waits for.

    A few pairs that show nothing are enough. Else twice as many decide whether there is something; and if so,
    as many fresh ones, which played no part in raising the suspicion, must say it again. Pairs that differ
    too much to exclude a slowdown show nothing either: of those there are as many more, then no verdict.
    """
    seen = len(pairs)
    if seen < rule.pairs:
        return Decision(None, wanted=rule.pairs - seen)
    if seen < rule.deciding:
        quiet = _shows_nothing(pairs[: rule.pairs], rule.look, rule)
        return Decision("unchanged") if quiet else Decision(None, wanted=rule.deciding - seen)
    first = pairs[: rule.deciding]
    if settled := _settle(first, rule):
        return settled
    if (missing := 2 * rule.deciding - seen) > 0:
        return Decision(None, wanted=missing)
    return _confirm(first, pairs[rule.deciding : 2 * rule.deciding], rule)


def _settle(pairs: Sequence[PairRatio], rule: Rule) -> Decision | None:
    """What needs no further pairs."""
    found = estimate(pairs)
    if not _within(found.control, rule.gate):
        return _contaminated(found)
    if _shows_nothing(pairs, rule.gate, rule):
        return Decision("unchanged")
    if not _within(found.head, rule.gate) and found.agreeing < AGREEING:
        return Decision("inconclusive", f"only {found.agreeing:.0%} of the pairs agree")
    return None


def _confirm(first: Sequence[PairRatio], fresh: Sequence[PairRatio], rule: Rule) -> Decision:
    before, now = estimate(first), estimate(fresh)
    if not _within(now.control, rule.gate):
        return _contaminated(now)
    if _within(before.head, rule.gate):
        return _exclude([*first, *fresh], rule)
    same = now.head * before.head > 0
    if same and not _within(now.head, rule.gate) and now.agreeing >= AGREEING:
        return Decision("regressed" if now.head > 0 else "improved", "confirmed by fresh pairs")
    if _shows_nothing(fresh, rule.look, rule):
        return Decision("unchanged", f"{before.head:+.1%} was not confirmed by fresh pairs")
    return Decision("inconclusive", f"{before.head:+.1%}, and {now.head:+.1%} in fresh pairs")


def _exclude(pairs: Sequence[PairRatio], rule: Rule) -> Decision:
    """Whether all pairs together exclude what those that decide could not."""
    if _shows_nothing(pairs, rule.gate, rule):
        return Decision("unchanged")
    low, high = (math.expm1(end) for end in interval_of([pair.head for pair in pairs]))
    return Decision("inconclusive", f"pairs differ too much: {low:+.1%} to {high:+.1%}")


def _shows_nothing(pairs: Sequence[PairRatio], allowed: float, rule: Rule) -> bool:
    """Whether the estimate is small, the control too, and a difference of twice the gate is excluded."""
    found = estimate(pairs)
    ends = interval_of([pair.head for pair in pairs])
    excluded = all(_within(math.expm1(end), EXCLUDED * rule.gate) for end in ends)
    return _within(found.head, allowed) and _within(found.control, rule.gate) and excluded


def _within(difference: float, allowed: float) -> bool:
    """Whether a relative difference is small, in either direction: a ratio and its inverse count alike."""
    return abs(math.log1p(difference)) <= math.log1p(allowed)


def _contaminated(found: Estimate) -> Decision:
    return Decision("contaminated", f"the base is off from itself by {found.control:+.1%}")


def show(pairs: Sequence[PairRatio], rule: Rule) -> Decision:
    """No verdict, for a ratio to an anchor: it is known after the first pairs, unless the control is off."""
    if len(pairs) < rule.pairs:
        return Decision(None, wanted=rule.pairs - len(pairs))
    found = estimate(pairs)
    return Decision("shown") if _within(found.control, rule.gate) else _contaminated(found)


def interval_of(log_ratios: Sequence[float]) -> tuple[float, float]:
    """A 95 % interval of their median, whatever their distribution; of few, the smallest and the largest.

    Source: order statistics by the binomial distribution; Conover 1999, Practical Nonparametric Statistics,
    3.2.
    """
    from scipy.stats import quantile_test  # takes longer to import than all else

    found = quantile_test(list(log_ratios), q=0, p=0.5).confidence_interval(0.95)
    low = found.low if math.isfinite(found.low) else min(log_ratios)
    high = found.high if math.isfinite(found.high) else max(log_ratios)
    return float(low), float(high)
