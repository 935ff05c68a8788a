"""What measuring side by side comes to: a comparison and an exit status."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from bench.against.driver import Measured, Plan
from bench.against.once import Once
from bench.against.rows import failure_of
from bench.against.worker import BASE, HEAD
from reports.case_ids import case_id
from reports.case_verdicts import CasesCompared, compare_cases
from reports.cases import case_of
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
class Remark:
    """A verdict on what no row tells of."""

    verdict: Verdict
    sentence: str

    def __str__(self) -> str:
        return self.sentence


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
    once = _compare_once(measured, plan)
    rows = [*paired.values(), *once.rows]
    remarks = [*_on_sides(measured), *_on_pairs(measured, paired), *_on_ids(measured, plan)]
    if plan.asked.mode == "against" and not rows:
        remarks.append(Remark("not comparable", "nothing could be compared"))
    comparison = Comparison(
        str(plan.base),
        f"working tree of {plan.head}",
        rows,
        [*_rule(plan), *measured.notes, *map(str, remarks), *once.sentences()],
        {"base": plan.base.facts, "head": plan.head.facts, "rule": asdict(plan.asked.rule)},
        failed=len(once.failed) + sum(remark.verdict == "regressed" for remark in remarks),
    )
    return Outcome(comparison, _status(comparison, remarks))


def _rule(plan: Plan) -> list[str]:
    return [f"latency: {plan.asked.rule}"] if plan.paired else []


def _compare_once(measured: Measured, plan: Plan) -> CasesCompared:
    """Verdicts on what each side measured once, and its cases that ended without a record."""
    base, head = measured.once[BASE], measured.once[HEAD]
    if plan.asked.mode != "against" or not (either := base.run or head.run):
        rows = []
    else:
        nothing = replace(either, records=())
        rows = judge_runs(base.run or nothing, head.run or nothing, plan.asked.gates)
    found = compare_cases(rows, base.cases, head.cases)
    return replace(found, rows=[_without_base(row, base) for row in found.rows])


def _without_base(row: Judged, base: Once) -> Judged:
    """What is new only because the base broke off before it came to the case, cannot be compared."""
    unmeasured = set(map(case_of, base.left))
    if row.verdict != "new" or case_id(row.pair.either) not in unmeasured:
        return row
    return replace(row, verdict="not comparable", reason=f"the base broke off: {base.trouble}")


def _on_sides(measured: Measured) -> Iterator[Remark]:
    """What became of the sessions themselves."""
    for side, once in measured.once.items():
        verdict: Verdict = "regressed" if side == HEAD else "not comparable"
        if once.trouble:
            at = f" at {once.left[0]}" if once.left else ""
            yield Remark(verdict, f"{side} broke off{at}: {once.trouble}")
        for module, reason in once.broken.items():
            alone = module not in measured.once[BASE].broken
            yield Remark(verdict if alone else "not comparable", f"{side} cannot collect {module}: {reason}")


def _on_pairs(measured: Measured, paired: Mapping[str, Judged]) -> Iterator[Remark]:
    """What became of cases in turns of which there is no record."""
    for case, found in measured.paired.items():
        if case not in paired:
            verdict, why = failure_of(found)
            words = "failed" if verdict == "regressed" else verdict
            yield Remark(verdict, f"{words}: {case}: {why}")


def _on_ids(measured: Measured, plan: Plan) -> Iterator[Remark]:
    """What one side alone has; an anchor need not have what came after it, nor it what went."""
    if measured.missing and plan.asked.mode == "against":
        yield Remark("missing", f"missing: {plan.base} alone has {name_some(measured.missing)}")
    if measured.new:
        yield Remark("new", f"new: {plan.base} does not have {name_some(measured.new)}")


def _status(comparison: Comparison, remarks: Sequence[Remark]) -> int:
    verdicts = {row.verdict for row in comparison.rows} | {remark.verdict for remark in remarks}
    if comparison.is_worse:
        return REGRESSION
    if verdicts.intersection(OPEN):
        return INCONCLUSIVE
    return NOT_COMPARABLE if verdicts.intersection(UNPAIRED) else FINE
