"""Dense scores beside the published ones, in the terminal summary, with the likely cause of a difference."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from fixtures.published_scores import Comparison, compare
from fixtures.settings import typed
from reports.metrics import is_headline
from reports.record import Record, handed_over


def pytest_configure(config: pytest.Config) -> None:
    """Starts listening, except in a worker of pytest-xdist."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(DenseScores(), "bench-published")


class DenseScores:
    """The dense scores of this session."""

    def __init__(self) -> None:
        self._records: list[Record] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Takes in what a test hands over for the report."""
        if report.when != "call":
            return
        records = (handed.record for handed in handed_over(report.user_properties))
        self._records += (record for record in records if record.task is not None and record.method is None)

    @pytest.hookimpl(trylast=True)  # below the tables
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Prints nothing where nobody has published a score."""
        if lines := list(describe(self._records)):
            terminalreporter.section("dense beside published")
            for line in lines:
                terminalreporter.write_line(line)


def describe(records: Sequence[Record]) -> Iterator[str]:
    """A line per published score; below it who says so, and what differs."""
    for record in records:
        for comparison in _compare(record):
            yield _line(record, comparison)
            yield from (f"    {words}" for words in (comparison.published.source, *comparison.causes))


def _compare(record: Record) -> list[Comparison]:
    if record.task is None or record.value is None:
        return []
    found = compare(
        model=record.model,
        task=record.task,
        protocol=typed(str(record.protocol), record.dtype),
        metric=record.metric,
        value=record.value,
        weights=record.weights,
    )
    # of a text in another form one number is enough to say so
    return [comparison for comparison in found if comparison.same_text or is_headline(record)]


def _line(record: Record, comparison: Comparison) -> str:
    published = comparison.published
    verdict = "agree" if comparison.agrees else "differ"
    subject = f"{record.model} on {record.task}, {record.metric}"
    return f"{subject}: {record.value:.4g}, published {published.value:g}: {verdict}"
