"""Collects records, stores each as its test ends, prints the tables, sets the exit status."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from reports.cases import CaseOutcome, case_of
from reports.counts import PROPERTY as COUNTS
from reports.environment import describe_run
from reports.record import MODEL_SECONDS, Handed, Record, handed_over
from reports.store import RunWriter, StoredRun, check_writable, stored_runs
from reports.summary import summarise

if TYPE_CHECKING:
    from reports.past import Past


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds `--results DIR`."""
    group = parser.getgroup("bench", "benchmarks of sparse transformers")
    group.addoption(
        "--results", type=Path, default=Path("results"), metavar="DIR", help="append records there"
    )
    group.addoption("--report", type=Path, metavar="DIR", help="write a page of the results there at the end")
    group.addoption(
        "--history", type=Path, metavar="DIR", help="runs of earlier commits for it (default: --results)"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Starts collecting, except in a worker of pytest-xdist."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Collector(config), "bench-collector")


def _path(argument: str) -> Path:
    return Path(argument.partition("::")[0]).resolve()


def _reason(report: pytest.TestReport) -> str:
    """Why a case did not pass: of a skip pytest tells (file, line, text), pytest-xdist passes that on."""
    told = report.longrepr
    text = told[-1] if isinstance(told, tuple | list) else _crash(told)
    return str(text).removeprefix("Skipped: ")


def _crash(told: object) -> object:
    """Of a traceback what was raised."""
    crash = getattr(told, "reprcrash", None)
    return crash.message if crash else told


def report(stored: Path, folder: Path, repository: Path = Path(), history: Path | None = None) -> str:
    """Writes the page of a run, with the history behind it, and says where it is, or why there is none."""
    try:
        from reports.page import write_report  # altair takes a while
        from reports.store import read_run

        runs = [read_run(stored)]
        past, note = _past_of(runs, repository, history)
        return f"report: {write_report(runs, folder, past).page}{note}"
    except ValueError as error:
        return f"--report: {error}"
    except Exception as error:  # noqa: BLE001 - nothing that a page stumbles over may undo a finished session
        return f"--report: no page could be made ({type(error).__name__}: {error})"


def _past_of(runs: Sequence[StoredRun], repository: Path, history: Path | None) -> tuple[Past | None, str]:
    """The history for a page; a folder that has none costs the history, not the page."""
    from reports.past import past_of

    try:
        return past_of(runs, repository, history), ""
    except ValueError as error:
        return None, f" (without a history: --history: {error})"


class Collector:
    """What this session has measured so far."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._records: list[Record] = []
        self._writer: RunWriter | None = None
        self._lost = ""
        self._cases: dict[str, set[str]] = {"passed": set(), "failed": set(), "skipped": set()}
        self._reasons: Counter[str] = Counter()
        self._untold: list[CaseOutcome] = []  # a run without records leaves no file, so these wait for one
        self._seconds = self._model_seconds = 0.0

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """The controller of pytest-xdist collects nothing, so it makes sure beforehand."""
        self._session, config = session, self._config
        benches = (config.rootpath / "bench").resolve()
        asked = any(benches in [path, *path.parents] for path in map(_path, config.args))
        if asked and config.getoption("dist", "no") != "no" and not config.option.collectonly:
            self._begin()

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Makes sure that results can be stored before anything is measured."""
        measures = any(item.get_closest_marker("cases") for item in session.items)
        if measures and not session.config.option.collectonly:
            self._begin()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Stores the records of a test as it ends; that they cannot be ends the session."""
        if "cases" not in report.keywords:
            return
        self._seconds += report.duration
        if report.when == "call" or report.outcome != "passed":
            self._cases[report.outcome].add(report.nodeid)
        if report.outcome == "skipped":
            self._reasons[_reason(report)] += 1
        if report.outcome != "passed":
            self._untold.append(CaseOutcome(case_of(report.nodeid), report.outcome, _reason(report)))
        if report.when == "call":
            self._model_seconds += sum(
                value
                for name, value in report.user_properties
                if name == MODEL_SECONDS and isinstance(value, float)
            )
            for handed in handed_over(report.user_properties):
                self._store(handed)
            for name, value in report.user_properties:
                if name == COUNTS and isinstance(value, dict):
                    self._write(partial(RunWriter.append_counts, counts=value))
        self._tell()

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Cases that were all skipped are no success, nor are numbers that could not be stored."""
        if self._writer:
            self._writer.close()
        if self._lost and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        if self._nothing_measured() and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.NO_TESTS_COLLECTED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Prints the tables, and what a reader must know beside them."""
        if self._records:
            from reports.tables import render  # pandas takes a while, and only a summary needs it

            terminalreporter.section("benchmarks")
            # piped, tables stay whole for what reads them
            width = self._config.get_terminal_writer().fullwidth if terminalreporter.isatty else None
            terminalreporter.write_line(render(self._records, "table", width=width))
            terminalreporter.write_line("")
            terminalreporter.write_line(summarise(self._records))
        if self._model_seconds:
            terminalreporter.write_line(self._time())
        if self._writer and self._writer.path:
            stored = shlex.quote(str(self._writer.path))
            terminalreporter.write_line(f"stored; python -m reports show {stored}")
            if folder := self._config.getoption("report"):
                history = self._config.getoption("history")
                written = report(self._writer.path, folder, self._config.rootpath, history)
                terminalreporter.write_line(written)
        if self._lost:
            terminalreporter.write_line(self._lost, red=True)
        if self._nothing_measured():
            terminalreporter.section("nothing was measured", red=True)
            terminalreporter.write_line(f"all {len(self._cases['skipped'])} cases were skipped")
        for reason, count in self._reasons.items():
            terminalreporter.write_line(f"{count} skipped: {reason}")

    def _begin(self) -> RunWriter:
        """Describes the run as it is before anything is measured, and makes sure that it can be stored."""
        command = shlex.join(["pytest", *self._config.invocation_params.args])
        run = describe_run(self._config.rootpath, command)
        results = Path(self._config.getoption("results"))
        try:
            check_writable(results, run.machine)
        except ValueError as error:
            raise pytest.UsageError(str(error)) from error
        self._require_history()
        self._writer = RunWriter(results, run)
        return self._writer

    def _require_history(self) -> None:
        """Otherwise it would show after minutes that a folder has none."""
        folder = self._config.getoption("history")
        if folder and not stored_runs(folder):
            raise pytest.UsageError(
                f"--history {folder}: there are no runs, expected a folder as --results has"
            )

    def _nothing_measured(self) -> bool:
        others = self._cases["passed"] | self._cases["failed"]
        measured = any(record.value is not None for record in self._records)
        return bool(self._cases["skipped"]) and not others and not measured

    def _store(self, handed: Handed) -> None:
        self._records.append(handed.record)
        self._write(lambda writer: writer.append(handed.record, handed.samples, handed.statistics))

    def _write(self, write: Callable[[RunWriter], None]) -> None:
        if self._lost:
            return
        try:
            write(self._writer or self._begin())
        except OSError as error:
            results = self._config.getoption("results")
            self._lost = f"--results {results}: cannot write there any more ({error.strerror})"
            self._session.shouldfail = self._lost

    def _tell(self) -> None:
        if self._writer and self._writer.path:
            for outcome in self._untold:
                self._write(partial(RunWriter.append_case, case=outcome))
            self._untold.clear()

    def _time(self) -> str:
        """How much of the time is the suite's own; with pytest-xdist, of the workers' time together."""
        share = 1 - self._model_seconds / self._seconds
        return f"{self._seconds:.1f} s in all cases, {share:.1%} of it outside the models"
