"""A verdict on times as the result of its test."""

from __future__ import annotations

import pytest

from bench.against.deciding import Found
from reports.record import PROPERTY, Record

FAILED = ("regressed",)
SETTLED = ("unchanged", "improved", "shown")


def is_paired(item: pytest.Item) -> bool:
    """Whether it times something, so that both sides must take turns."""
    marker = item.get_closest_marker("cases")
    return bool(marker and marker.kwargs.get("paired"))


def report_of(
    item: pytest.Item, verdict: str, reason: str, record: Record | None, found: Found
) -> pytest.TestReport:
    """The result of a test: a regression fails, what has no verdict is skipped with the reason."""
    outcome = "failed" if verdict in FAILED else "passed" if verdict in SETTLED else "skipped"
    path, line, _ = item.location
    words = f"{verdict}: {reason}"
    told = {"failed": words, "skipped": (path, line or 0, f"Skipped: {words}")}
    samples = [pair.head for pair in found.ratios]
    return pytest.TestReport(
        item.nodeid,
        item.location,
        dict.fromkeys(item.keywords, 1),
        outcome,  # type: ignore[arg-type]  # of the three words
        told.get(outcome),  # type: ignore[arg-type]  # of a skip the place and the reason
        "call",
        user_properties=[(PROPERTY, {"record": record.to_json(), "samples": samples})] if record else [],
        duration=sum(sum(map(sum, pair.values())) for pair in found.rounds),
    )
