"""What stands beside the tables."""

from __future__ import annotations

from reports.summary import count_stamps, summarise
from tests.reports.rows import make_record


def test_values_gates_and_stamps_are_counted() -> None:
    records = [
        make_record(task="wikitext2", gate="passed", stamps=("kernel a",)),
        make_record(task="wikitext2", gate="failed", stamps=("kernel a", "noisy: busy")),
        make_record(task="wikitext2"),
        make_record(metric="latency"),  # costs have no gate that they could lack
    ]
    assert summarise(records).splitlines() == [
        "4 values; gates: 1 passed, 1 failed, 1 ungated",
        "2 of them: kernel a",
        "1 of them: noisy: busy",
    ]
    assert count_stamps(records, "noisy") == ["1 of them: noisy: busy"]
