"""From rounds to records and verdicts, as `python -m reports compare` has them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from statistics import median

from bench.against.deciding import Found
from bench.against.pairs import NotServed
from bench.against.worker import BASE, HEAD
from reports.judged import Judged, Verdict
from reports.latency_rule import Decision, Rule, interval_of
from reports.metrics import METRICS, RATIO
from reports.pairing import Pair
from reports.ratios import UNUSABLE
from reports.record import Record, handed_over

BLAMELESS = ("skipped", "killed")  # a system out of memory chooses which process it kills


def case_record(found: Found) -> Record | None:
    """What the candidate's worker recorded of the case, if it came so far."""
    told = handed_over((found.report or {}).get("user_properties", ()))
    return next((handed.record for handed in told if handed.record.metric == "latency"), None)


def judge_latency(found: Found, protocol: str, rule: Rule) -> Judged | None:
    """A pair of records of the median seconds, with its verdict; None if the candidate told nothing."""
    record = case_record(found)
    if record is None:
        return None
    seconds = {side: [value for pair in found.rounds for value in pair[side]] for side in (BASE, HEAD)}
    base, head = (
        replace(record, value=median(values), n=len(values), protocol=protocol) if values else None
        for values in seconds.values()
    )
    if found.trouble:
        return Judged(Pair(base, head or record), *explain(found.trouble))
    decision = found.decision or Decision("not judged")
    reason = "; ".join(filter(None, [decision.reason, describe(found, rule)]))
    return Judged(Pair(base, head), decision.verdict or "not judged", reason)


def ratio_record(found: Found, protocol: str) -> Record | None:
    """The ratio to the other side with its interval; log ratios of the pairs are its samples."""
    record = case_record(found)
    if record is None or not found.ratios:
        return None
    low, high = interval_of([pair.head for pair in found.ratios])
    return replace(
        record,
        metric=RATIO,
        value=math.exp(median(pair.head for pair in found.ratios)),
        unit=METRICS[RATIO].unit,
        better=METRICS[RATIO].better,
        low=math.exp(low),
        high=math.exp(high),
        n=len(found.ratios),
        protocol=protocol,
        stamps=(*record.stamps, *_stamps(found.decision)),
    )


def _stamps(decision: Decision | None) -> tuple[str, ...]:
    if decision is None or decision.verdict not in UNUSABLE:
        return ()
    return (f"{decision.verdict}: {decision.reason}",)


def describe(found: Found, rule: Rule) -> str:
    """The ratio in words."""
    if not (count := len(found.ratios)):
        return ""
    head = math.expm1(median(pair.head for pair in found.ratios))
    low, high = interval_of([pair.head for pair in found.ratios])
    control = math.expm1(median(pair.control for pair in found.ratios))
    spread = f"{math.expm1(low):+.1%} to {math.expm1(high):+.1%}"
    pairs = f"{count} {'pair' if count == 1 else 'pairs'} of {rule.rounds} rounds"
    return f"{head:+.1%} ({spread}) in {pairs}, control {control:+.1%}"


def failure_of(found: Found) -> tuple[Verdict, str]:
    """The verdict on a case of which there is no record."""
    return explain(found.trouble) if found.trouble else ("not comparable", "the candidate told nothing of it")


def explain(trouble: Mapping[str, NotServed]) -> tuple[Verdict, str]:
    """What it means that a side had no rounds: worse if it is the candidate alone, by its own doing."""
    words = "; ".join(f"{side}: {found.ended}, {found.reason}" for side, found in trouble.items())
    ours = trouble.get(HEAD)
    alone = ours is not None and len(trouble) == 1 and ours.ended not in BLAMELESS
    return ("regressed" if alone else "not comparable"), words
