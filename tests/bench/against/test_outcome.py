"""What both sides measured comes to: a status for every way that a comparison can end."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import pytest

from bench.against.deciding import Found
from bench.against.driver import Measured, Plan
from bench.against.git import Revision
from bench.against.once import Once
from bench.against.options import Asked
from bench.against.outcome import FINE, INCONCLUSIVE, NOT_COMPARABLE, REGRESSION, Outcome, conclude
from bench.against.pairs import NotServed
from reports.case_ids import case_id
from reports.cases import CaseOutcome, StoredCases
from reports.judged import Judged, Verdict
from reports.latency_rule import Rule
from reports.pairing import Pair
from reports.record import Record
from reports.store import StoredRun
from tests.reports.rows import make_record, make_run

SIZE = make_record(benchmark="size", encoding="packed", metric="file_size", unit="B", value=1_000)
CASE = case_id(SIZE)
ID = f"bench/test_size.py::{CASE}"
TIMED = "bench/test_latency.py::test_latency[gpt2]"
LATENCY = make_record(benchmark="latency", workload="w", layout="csr", metric="latency", unit="s", value=0.02)


def run(*records: Record) -> StoredRun:
    return StoredRun(Path("none.jsonl"), make_run(), records, ())


def once(*records: Record, **changes: Any) -> Once:  # noqa: ANN401 - any field
    """A side that measured some records, or none."""
    return replace(Once((ID,), run=run(*records) if records else None), **changes)


def cases(outcome: str) -> StoredCases:
    return StoredCases((CaseOutcome(CASE, outcome, "why"),))


def end(
    base: Once,
    head: Once,
    mode: Literal["against", "anchor"] = "against",
    timed: Verdict | None = None,
    **found: Any,  # noqa: ANN401 - any field of what was measured
) -> Outcome:
    """The conclusion; `timed` is the verdict on a case in turns."""
    revision = Revision("main", "0" * 40)
    asked = Asked(mode, "main", Rule(), {}, 900)
    plan = Plan(asked, revision, revision, [ID], [TIMED], frozenset([ID]), (), 1, 300, 0)
    rows = {TIMED: Judged(Pair(LATENCY, LATENCY), timed)} if timed else {}
    return conclude(plan, Measured({"base": base, "head": head}, **found), rows)


def test_what_is_stored_of_a_dirty_tree_is_no_place_on_this_machine() -> None:
    dirty = Revision("HEAD", "0" * 40, "c" * 12, "1" * 40, Path("/somewhere/objects"))
    plan = Plan(Asked("against", "main", Rule(), {}, 900), dirty, dirty, [], [], frozenset(), (), 1, 300, 0)
    facts = conclude(plan, Measured({"base": once(SIZE), "head": once(SIZE)}), {}).comparison.facts
    assert facts["head"] == {"name": "HEAD", "commit": "0" * 40, "changes": "c" * 12, "tree": "1" * 40}


@pytest.mark.parametrize(
    ("base", "head", "status"),
    [
        (once(SIZE), once(SIZE), FINE),
        (once(SIZE), once(replace(SIZE, value=1_002)), REGRESSION),
        (once(SIZE), once(replace(SIZE, value=990)), FINE),
        (once(SIZE), once(cases=cases("failed")), REGRESSION),  # and so left no file
        (once(SIZE), once(cases=cases("skipped")), NOT_COMPARABLE),
        (once(cases=cases("failed")), once(cases=cases("failed")), NOT_COMPARABLE),
        (once(cases=cases("skipped")), once(cases=cases("skipped")), NOT_COMPARABLE),
        (once(cases=cases("failed")), once(SIZE), FINE),
        (once(), once(), NOT_COMPARABLE),
        (once(SIZE), once(trouble="died", left=(ID,)), REGRESSION),
        (once(trouble="died", left=(ID,)), once(SIZE), NOT_COMPARABLE),
        (once(trouble="died", left=(ID,)), once(replace(SIZE, gate="failed")), NOT_COMPARABLE),
        (once(SIZE, broken={"m.py": "E"}), once(SIZE), NOT_COMPARABLE),
        (once(SIZE), once(SIZE, broken={"m.py": "E"}), REGRESSION),
        (once(SIZE, broken={"m.py": "E"}), once(SIZE, broken={"m.py": "E"}), NOT_COMPARABLE),
    ],
)
def test_what_is_measured_once(base: Once, head: Once, status: int) -> None:
    assert end(base, head).status == status


@pytest.mark.parametrize(
    ("verdict", "status"),
    [
        ("unchanged", FINE),
        ("improved", FINE),
        ("regressed", REGRESSION),
        ("inconclusive", INCONCLUSIVE),
        ("contaminated", INCONCLUSIVE),
        ("not comparable", NOT_COMPARABLE),
    ],
)
def test_what_is_timed_in_turns(verdict: Verdict, status: int) -> None:
    assert end(once(SIZE), once(SIZE), timed=verdict).status == status


@pytest.mark.parametrize(
    ("trouble", "status"),
    [
        ({"head": NotServed("failed", "outputs differ")}, REGRESSION),
        ({"head": NotServed("oom", "no memory")}, REGRESSION),
        ({"head": NotServed("killed", "SIGKILL")}, NOT_COMPARABLE),
        ({"head": NotServed("skipped", "no kernel")}, NOT_COMPARABLE),
        ({"base": NotServed("failed", "outputs differ")}, NOT_COMPARABLE),
        (dict.fromkeys(("base", "control", "head"), NotServed("timeout", "too long")), NOT_COMPARABLE),
    ],
)
def test_a_case_in_turns_that_could_not_be_served(trouble: dict[str, NotServed], status: int) -> None:
    found = end(once(SIZE), once(SIZE), paired={TIMED: Found(trouble=trouble)})
    assert found.status == status
    assert any("test_latency[gpt2]" in note for note in found.comparison.notes)


def test_what_one_side_alone_has() -> None:
    assert end(once(SIZE), once(SIZE), new=["a"]).status == FINE
    assert end(once(SIZE), once(SIZE), missing=["a"]).status == NOT_COMPARABLE
    assert end(once(SIZE), once(SIZE), mode="anchor", missing=["a"]).status == FINE


def test_worse_counts_more_than_unknown_and_unknown_more_than_not_comparable() -> None:
    worse = once(replace(SIZE, value=1_100))
    assert end(once(SIZE), worse, timed="inconclusive", missing=["a"]).status == REGRESSION
    assert end(once(SIZE), once(SIZE), timed="inconclusive", missing=["a"]).status == INCONCLUSIVE


def test_a_base_that_breaks_off_says_at_what_and_why() -> None:
    found = end(once(trouble="its process died", left=(ID,)), once(SIZE))
    assert f"base broke off at {ID}: its process died" in found.comparison.notes
    (row,) = found.comparison.rows
    assert (row.verdict, row.reason) == ("not comparable", "the base broke off: its process died")
