"""A pytest session that measures two revisions side by side, in place of running its tests itself."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bench.against.deciding import Found
from bench.against.driver import Plan, checked_out_for, measure
from bench.against.git import find_repository, find_revision
from bench.against.options import Asked, arguments_for_sides
from bench.against.outcome import Outcome, conclude
from bench.against.owned import owned
from bench.against.replay import is_paired, report_of
from bench.against.rows import failure_of, judge_latency, ratio_record
from bench.against.selftest import prove
from bench.against.snapshot import snapshot
from bench.against.worker import Message
from bench.collection import DESELECTED
from bench.machine import complaints
from bench.plugin import TIME_LIMIT
from fixtures.plugin import SETTINGS
from fixtures.terminal import warn
from reports.compare import render, write_comparison
from reports.environment import describe_run
from reports.judged import Judged
from reports.proof import render_selftests
from reports.ratios import protocol_of
from reports.selftest import read_selftest


@dataclass
class SideBySide:
    """Hooks, and what the driver tells of.

    Raises:
        ValueError: there is no such revision, or no repository.
    """

    config: pytest.Config
    asked: Asked
    rows: dict[str, Judged] = field(default_factory=dict)
    outcome: Outcome | None = None
    proof: Path | None = None

    def __post_init__(self) -> None:
        self.repository = find_repository(self.config.rootpath)
        kept = ExitStack()
        self.config.add_cleanup(kept.close)
        self.head = snapshot(self.repository, kept.enter_context(owned(self.repository.shared)))
        self.base = self.head if self.asked.selftest else find_revision(self.repository, self.asked.revision)
        self._items: dict[str, pytest.Item] = {}
        self._session: pytest.Session | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """Measures the selected cases of both sides."""
        if not session.items or (
            session.testsfailed and not session.config.option.continue_on_collection_errors
        ):
            return None
        cases = [item for item in session.items if item.get_closest_marker("cases")]
        if not cases:
            raise pytest.UsageError(
                f"--{self.asked.mode} compares benchmarks, none is selected: pytest bench …"
            )
        self._session = session
        self._items = {item.nodeid: item for item in cases}
        plan = self._plan(cases)
        try:
            if self.asked.selftest:
                self._prove(plan)
            else:
                self._compare(plan)
        except ValueError as error:
            raise pytest.UsageError(f"--{self.asked.mode}: {error}") from error
        return True

    def _compare(self, plan: Plan) -> None:
        with checked_out_for(plan, self.repository, self) as place:
            self.outcome = conclude(plan, measure(plan, place, self), self.rows)

    def _prove(self, plan: Plan) -> None:
        if not plan.paired:
            raise ValueError("nothing is timed by what is selected: choose some of test_latency, test_layer")
        root = self.config.rootpath
        run = describe_run(root, shlex.join(["pytest", *self.config.invocation_params.args]))
        self.proof = prove(plan, self.repository, self, run, Path(self.config.getoption("results")))

    def _plan(self, items: Sequence[pytest.Item]) -> Plan:
        settings = self.config.stash[SETTINGS]
        left_out = self.config.stash.get(DESELECTED, [])
        return Plan(
            asked=self.asked,
            base=self.base,
            head=self.head,
            once=[item.nodeid for item in items if not is_paired(item)],
            paired=[item.nodeid for item in items if is_paired(item)],
            known=frozenset(item.nodeid for item in (*items, *left_out)),
            arguments=arguments_for_sides(self.config.option, settings, self.config.rootpath),
            threads=settings.threads,
            seconds=self.config.stash[TIME_LIMIT],
            seed=settings.seed,
            notes=self._look_at_machine(),
        )

    def _look_at_machine(self) -> list[str]:
        settings = self.config.stash[SETTINGS]
        found = list(complaints(settings.threads, settings.on_gpu))
        notes = [f"this machine may be too noisy to time anything: {'; '.join(found)}"] if found else []
        for note in notes:
            warn(self.config, note)
        return notes

    def say(self, sentence: str) -> None:
        """A line for whoever waits."""
        if reporter := self.config.pluginmanager.get_plugin("terminalreporter"):
            reporter.ensure_newline()
            reporter.write_line(sentence)

    def measured(self, message: Message) -> None:
        """What the candidate's own session reports counts as this one's, as with pytest-xdist's workers."""
        if "report" in message:
            hook = self.config.hook
            self._log(hook.pytest_report_from_serializable(config=self.config, data=message["report"]))

    def settled(self, case: str, found: Found) -> None:
        """A verdict on times becomes the result of its test, and its ratio is recorded."""
        if self.asked.selftest:
            return
        protocol = protocol_of(self.asked.mode, self.base.short, self.asked.rule)
        row = judge_latency(found, protocol, self.asked.rule)
        if row:
            self.rows[case] = row
        verdict, reason = (row.verdict, row.reason) if row else failure_of(found)
        self._log(report_of(self._items[case], verdict, reason, ratio_record(found, protocol), found))

    def _log(self, report: pytest.TestReport) -> None:
        hook = self.config.hook
        hook.pytest_runtest_logstart(nodeid=report.nodeid, location=report.location)
        hook.pytest_runtest_logreport(report=report)
        hook.pytest_runtest_logfinish(nodeid=report.nodeid, location=report.location)
        self._stop_if_asked()

    def _stop_if_asked(self) -> None:
        """As pytest's own loop does: after `-x`, or where results cannot be stored any more."""
        if self._session and self._session.shouldfail:
            raise self._session.Failed(self._session.shouldfail)
        if self._session and self._session.shouldstop:
            raise self._session.Interrupted(self._session.shouldstop)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """The exit status is the comparison's, once there is one."""
        if self.outcome and not session.shouldfail:
            session.exitstatus = self.outcome.status

    @pytest.hookimpl(trylast=True)  # the verdict comes last, where a reader looks first
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Prints the comparison; with `--report` it is written as well."""
        if self.proof:
            terminalreporter.section("self-test")
            terminalreporter.write_line(render_selftests([read_selftest(self.proof)], "table"))
            terminalreporter.write_line(f"stored; python -m reports selftest {shlex.quote(str(self.proof))}")
        if not self.outcome:
            return
        width = self.config.get_terminal_writer().fullwidth if terminalreporter.isatty else None
        terminalreporter.section(f"{self.asked.mode} {self.base}")
        terminalreporter.write_line(render(self.outcome.comparison, "table", width=width))
        terminalreporter.write_line(self.outcome.meaning)
        if folder := self.config.getoption("report"):
            terminalreporter.write_line(_write(self.outcome, folder))


def _write(outcome: Outcome, folder: Path) -> str:
    """Writes the comparison in every format; where it is, or why it is not."""
    try:
        write_comparison(outcome.comparison, folder)
    except ValueError as error:
        return f"--report: {error}"
    return f"comparison: {folder / 'compare.md'}, also .txt, .html, .json"
