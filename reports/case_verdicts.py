"""What two runs' failed and skipped cases say, of which there are no records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from reports.case_ids import case_id
from reports.cases import CaseOutcome, StoredCases
from reports.escaping import name_some
from reports.judged import Judged


@dataclass(frozen=True)
class CasesCompared:
    """What the cases of two runs add to the verdicts on their records.

    Attributes:
        rows: the verdicts; of what is missing it is said whether its case failed or was skipped.
        failed, skipped: cases of the head that no row tells of, and that did not end so in the base.
    """

    rows: list[Judged]
    failed: tuple[CaseOutcome, ...]
    skipped: tuple[CaseOutcome, ...]

    def sentences(self) -> list[str]:
        """The cases in words: the failed one by one, the skipped by their reason."""
        reasons: dict[str, list[str]] = {}
        for found in self.skipped:
            reasons.setdefault(_reason(found), []).append(found.case)
        return [
            *(f"failed in the head: {found.case}: {_reason(found)}" for found in self.failed),
            *(
                f"{len(cases)} skipped in the head: {name_some(cases)}: {reason}"
                for reason, cases in reasons.items()
            ),
        ]


def compare_cases(rows: Sequence[Judged], base: StoredCases, head: StoredCases) -> CasesCompared:
    """A record whose case failed since is a regression; so is a failed case that left no record at all.

    A case that fails by its gate leaves records, whose verdicts have said all there is.
    """
    failed = {found.case: found for found in head.those("failed")}
    skipped = {found.case: found for found in head.those("skipped")}
    ids = [case_id(row.pair.either) for row in rows]
    told = {case for case, row in zip(ids, rows, strict=True) if _tells(row)}
    return CasesCompared(
        [_explain(row, failed.get(case), skipped.get(case)) for case, row in zip(ids, rows, strict=True)],
        _left(failed, told, base.those("failed")),
        _left(skipped, told, base.those("skipped")),
    )


def _tells(row: Judged) -> bool:
    """Whether a row is where a reader learns of its case: by the reason, or by the gate that failed."""
    return row.pair.head is None or row.pair.head.gate == "failed"


def _explain(row: Judged, failed: CaseOutcome | None, skipped: CaseOutcome | None) -> Judged:
    if row.verdict != "missing":
        return row
    if failed:
        return replace(row, verdict="regressed", reason=f"its case failed: {_reason(failed)}")
    return replace(row, reason=f"its case was skipped: {_reason(skipped)}") if skipped else row


def _left(
    found: Mapping[str, CaseOutcome], told: set[str], before: Sequence[CaseOutcome]
) -> tuple[CaseOutcome, ...]:
    left_out = told | {outcome.case for outcome in before}
    return tuple(outcome for case, outcome in found.items() if case not in left_out)


def _reason(found: CaseOutcome) -> str:
    return " ".join(found.reason.split())
