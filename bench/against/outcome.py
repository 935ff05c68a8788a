"""What measuring side by side comes to: a comparison and an exit status."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from bench.against.driver import Measured, Plan
from bench.against.rows import failure_of
from bench.against.worker import BASE, HEAD
from reports.case_verdicts import compare_cases
from reports.cases import read_cases
from reports.comparison import Comparison
from reports.escaping import name_some
from reports.judged import Judged, Verdict
from reports.verdicts import judge_runs

FINE, REGRESSION, INCONCLUSIVE, NOT_COMPARABLE = 0, 1, 3, 4
MEANINGS = {
    FINE: "nothing got worse",
    REGRESSION: "something got worse",
    INCONCLUSIVE: "nothing is known to be worse, but of some cases nothing is known",
    NOT_COMPARABLE: "nothing is known to be worse, but not all could be compared",
}
UNPAIRED: tuple[Verdict, ...] = ("not comparable", "missing")
OPEN: tuple[Verdict, ...] = ("inconclusive", "contaminated", "not judged")


@dataclass(frozen=True)
class Outcome:
    """The comparison, and the exit status that follows from it."""

    comparison: Comparison
    status: int

    @property
    def meaning(self) -> str:
        """The status in words."""
        return f"exit status {self.status}: {MEANINGS[self.status]}"


def conclude(plan: Plan, measured: Measured, paired: Mapping[str, Judged]) -> Outcome:
    """All verdicts together.

    Args:
        plan: what was asked for.
        measured: by both sides; the files of their runs must still be there.
        paired: verdicts on times, of cases that have a record.
    """
    rows, failed, told = _compare_once(measured, plan)
    without = {case: failure_of(one) for case, one in measured.paired.items() if case not in paired}
    worse = [f"failed: {case}: {why}" for case, (verdict, why) in without.items() if verdict == "regressed"]
    apart = [
        f"not comparable: {case}: {why}" for case, (verdict, why) in without.items() if verdict != "regressed"
    ]
    apart += [f"{BASE} broke off: {trouble}" for trouble in [measured.once[BASE].trouble] if trouble]
    broken = [f"{HEAD} broke off: {trouble}" for trouble in [measured.once[HEAD].trouble] if trouble]
    if measured.missing:
        apart.append(f"missing: {plan.base} alone has {name_some(measured.missing)}")
    new = [f"new: {plan.base} does not have {name_some(measured.new)}"] if measured.new else []
    rule = [f"latency: {plan.asked.rule}"] if plan.paired else []
    comparison = Comparison(
        str(plan.base),
        f"working tree of {plan.head}",
        [*paired.values(), *rows],
        [*rule, *measured.notes, *broken, *worse, *apart, *new, *told],
        {"base": asdict(plan.base), "head": asdict(plan.head), "rule": asdict(plan.asked.rule)},
        failed=failed + len(worse) + len(broken),
    )
    return Outcome(comparison, _status(comparison, apart))


def _compare_once(measured: Measured, plan: Plan) -> tuple[list[Judged], int, list[str]]:
    """Verdicts on what each side measured once, cases that failed without a record, and what else to say."""
    base, head = measured.once[BASE].run, measured.once[HEAD].run
    if base is None or head is None or plan.asked.mode != "against":
        return [], 0, []
    cases = read_cases(base.path), read_cases(head.path)
    found = compare_cases(judge_runs(base, head, plan.asked.gates), *cases)
    return list(found.rows), len(found.failed), found.sentences()


def _status(comparison: Comparison, apart: Sequence[str]) -> int:
    verdicts = {row.verdict for row in comparison.rows}
    if comparison.is_worse:
        return REGRESSION
    if verdicts.intersection(OPEN):
        return INCONCLUSIVE
    return NOT_COMPARABLE if apart or verdicts.intersection(UNPAIRED) else FINE
