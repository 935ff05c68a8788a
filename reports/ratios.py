"""Latency relative to another commit: what the protocol of such a ratio says, and which of them say nothing.

The rule is in the protocol, so that what another rule, or other pairs and rounds, measured is another series,
and no step. Older records have the mode and the commit alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from reports.judged import Verdict
from reports.latency_rule import VERSION, Rule
from reports.metrics import RATIO
from reports.record import Record

ANCHOR, AGAINST = "anchor", "against"  # to a fixed commit, for a history; to any base
# how stamps begin of ratios that say nothing
UNUSABLE: tuple[Verdict, ...] = ("contaminated", "inconclusive")
_RULE = re.compile(rf"((?:{ANCHOR}|{AGAINST}) \S+), rule (\d+), (\d+) x (\d+)")


def protocol_of(mode: str, commit: str, rule: Rule) -> str:
    """The protocol of ratios to a commit.

    Raises:
        ValueError: it is of no such mode.
    """
    if mode not in {ANCHOR, AGAINST}:
        raise ValueError(f"{mode!r}: expected {ANCHOR} or {AGAINST}")
    return f"{mode} {commit}, rule {VERSION}, {rule.pairs} x {rule.rounds}"


def is_anchored(record: Record) -> bool:
    """Whether it is a ratio to one and the same commit."""
    return _is_ratio(record, ANCHOR)


def is_against(record: Record) -> bool:
    """Whether it is a ratio to the base of a comparison, which is another one each time."""
    return _is_ratio(record, AGAINST)


def _is_ratio(record: Record, mode: str) -> bool:
    return record.metric == RATIO and (record.protocol or "").startswith(f"{mode} ")


def describe_protocol(protocol: str | None) -> str:
    """A protocol for readers: of a ratio with its rule in words, any other as it is."""
    found = _RULE.fullmatch(protocol or "")
    return "{} by rule {}: {} pairs x {} rounds".format(*found.groups()) if found else protocol or ""


def says_nothing(stamps: Iterable[object]) -> bool:
    """Whether a stamp says that a ratio is of no use."""
    return any(str(stamp).startswith(UNUSABLE) for stamp in stamps)
