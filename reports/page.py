"""The report: a page that opens from disk, a summary in Markdown, tidy CSV, every plot as SVG and PNG."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from altair.utils.schemapi import debug_mode
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from reports.assets import EMBED, as_json, chart_script, table_script, table_style
from reports.cases import StoredCases, read_cases
from reports.charts.cost import memory_plots, size_plots, speed_plots
from reports.charts.history import SECTION as HISTORY
from reports.charts.history import history_plots
from reports.charts.quality import quality_plots
from reports.charts.structure import structure_plots
from reports.charts.tradeoff import tradeoff_plots
from reports.crossover import crossover
from reports.drawers import MOST, Drawers, count_cores
from reports.escaping import code, markdown
from reports.evidence import Evidence, gather
from reports.glance import Glance, glances, sentences
from reports.metrics import is_headline
from reports.noise import explain_noise
from reports.page_rows import (
    COLUMNS,
    by_reason,
    case_text,
    failure_row,
    glance_order,
    glance_row,
    is_failure,
    newest_outcomes,
    value_row,
)
from reports.past import Past, told_of_past
from reports.plot import Plot
from reports.plot_files import PlotFile, begin_plots, write_plots
from reports.record import Record
from reports.store import StoredRun
from reports.table import Table
from reports.tidy import tidy_csv

MAKERS = (quality_plots, tradeoff_plots, speed_plots, memory_plots, size_plots, structure_plots)
TEMPLATES = Path(__file__).parent / "templates"
MANY = 300  # records of which a report has dozens of plots
ROWS = 20_000  # of the table of all values: more make a browser slow, and CSV has them all


@dataclass(frozen=True)
class Written:
    """The files of a report."""

    page: Path
    summary: Path
    records: Path
    plots: tuple[Path, ...]


def write_report(runs: Sequence[StoredRun], folder: Path, history: Past | None = None) -> Written:
    """Writes the report of some runs.

    Args:
        runs: of what was measured twice, the newer value counts.
        folder: made if need be; files of an older report in it are replaced.
        history: what earlier commits measured, if that is to be shown too.

    Raises:
        ValueError: there is no record in any of the runs, or the folder cannot be written.
    """
    try:
        with Drawers(_helpers(runs)) as drawers:
            bundled = drawers.ask("bundle", EMBED)  # seconds, meanwhile there is enough to do here
            evidence = gather(runs)
            if not evidence.records:
                raise ValueError("these runs have no records: there is nothing to show")
            folder.mkdir(parents=True, exist_ok=True)
            plots = begin_plots(chain(plots_of(evidence), _plots_of_past(history)), drawers)
            return _write(evidence, plots, bundled, folder, history)
    except OSError as error:
        raise ValueError(
            f"{error.filename or folder}: cannot be read or written ({error.strerror})"
        ) from error


def _helpers(runs: Sequence[StoredRun]) -> int:
    """How many processes draw beside this one; a short page takes longer to start them than to draw."""
    return min(count_cores(), MOST) if sum(len(stored.records) for stored in runs) >= MANY else 0


def _write(
    evidence: Evidence,
    plots: Sequence[PlotFile],
    bundled: Future[str],
    folder: Path,
    past: Past | None,
) -> Written:
    found = glances(evidence)
    page, summary, table = folder / "index.html", folder / "summary.md", folder / "records.csv"
    told = _told(evidence, found)
    summary.write_text(render_summary(told), "utf-8")
    table.write_text(tidy_csv(evidence.measured) + "\n", "utf-8")
    page.write_text(render_page(evidence, plots, found, told, bundled.result(), past), "utf-8")
    return Written(page, summary, table, tuple(write_plots(plots, folder / "plots")))


def plots_of(evidence: Evidence) -> Iterator[Plot]:
    """All plots, section by section; that each is what Vega-Lite knows, the tests make sure."""
    with debug_mode(False):  # noqa: FBT003 - altair's own
        for make in MAKERS:
            yield from make(evidence)


def _plots_of_past(past: Past | None) -> Iterator[Plot]:
    with debug_mode(False):  # noqa: FBT003 - altair's own
        yield from history_plots(past) if past else ()


def render_page(
    evidence: Evidence,
    plots: Sequence[PlotFile],
    found: Sequence[Glance],
    told: Mapping[str, Any],
    bundled: str,
    past: Past | None = None,
) -> str:
    """The page, with all scripts and data in it."""
    sections: dict[str, list[tuple[str, Plot]]] = {}
    for one in plots:
        sections.setdefault(one.plot.section, []).append((one.name, one.plot))
    records = evidence.records
    return (
        _environment(escape=True)
        .get_template("page.html")
        .render(
            **told,
            past=told_of_past(past, sections.pop(HISTORY, [])),
            sections=sections,
            specs=as_json({one.name: one.plot.spec for one in plots}),
            crossovers=_crossovers(records),
            orders=[glance_order(glance) for glance in found],
            columns=list(COLUMNS.values()),
            rows=as_json([value_row(measured) for measured in evidence.measured[:ROWS]]),
            rows_left=max(0, len(records) - ROWS),
            protocols=sorted({(record.task, record.protocol) for record in records if record.task}),
            chart_script=chart_script(bundled),
            table_script=table_script(),
            table_style=table_style(),
        )
    )


def _crossovers(records: Sequence[Record]) -> list[Table]:
    try:
        return crossover(records)
    except ValueError:  # no single layers were timed
        return []


def render_summary(told: Mapping[str, Any]) -> str:
    """The same in short, for a pull request."""
    return _environment(escape=False).get_template("summary.md").render(**told)


def _told(evidence: Evidence, found: Sequence[Glance]) -> dict[str, Any]:
    """What page and summary both say: gathered once, of hundreds of runs it takes half a second."""
    records = evidence.records
    cases = [read_cases(stored.path) for stored in evidence.runs]
    outcomes = newest_outcomes(zip(evidence.runs, cases, strict=True))
    gates = [record.gate for record in records]
    return {
        "runs": evidence.runs,
        "elsewhere": evidence.elsewhere,
        "count": len(records),
        "gates": {name: gates.count(name) for name in ("passed", "failed")},
        "ungated": [
            case_text(record) for record in records if record.gate == "ungated" and is_headline(record)
        ],
        "sentences": sentences(found),
        "glances": [glance_row(glance) for glance in found],
        "failures": [failure_row(record) for record in records if is_failure(record)],
        "failed": [outcome for outcome in outcomes if outcome.outcome == "failed"],
        "skipped": by_reason(outcome for outcome in outcomes if outcome.outcome == "skipped"),
        "noise": explain_noise(records),
        "damage": [*_damage(evidence.runs), *_damage(cases)],
    }


def _damage(sources: Iterable[StoredRun | StoredCases]) -> list[str]:
    return [sentence for source in sources for sentence in source.damage]


def _environment(*, escape: bool) -> Environment:
    found = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=escape,  # noqa: S701 - Markdown has no entities to escape to: `markdown` does its part
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters |= {"markdown": markdown, "code": code}
    return found
