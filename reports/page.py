"""The report: a page that opens from disk, a summary in Markdown, tidy CSV, every plot as SVG and PNG."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import wrap
from typing import Any

from altair.utils.schemapi import debug_mode
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from reports.assets import as_json, chart_script, table_script, table_style
from reports.cases import StoredCases, read_cases
from reports.charts.cost import memory_plots, size_plots, speed_plots
from reports.charts.history import SECTION as HISTORY
from reports.charts.history import history_plots
from reports.charts.quality import quality_plots
from reports.charts.structure import structure_plots
from reports.charts.tradeoff import tradeoff_plots
from reports.crossover import crossover
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
from reports.record import Record
from reports.store import StoredRun
from reports.table import Table
from reports.tables import render

MAKERS = (quality_plots, tradeoff_plots, speed_plots, memory_plots, size_plots, structure_plots)
TEMPLATES = Path(__file__).parent / "templates"
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
    evidence = gather(runs)
    if not evidence.records:
        raise ValueError("these runs have no records: there is nothing to show")
    try:
        plots = [*plots_of(evidence), *_plots_of_past(history)]
        found = glances(evidence)
        folder.mkdir(parents=True, exist_ok=True)
        page, summary, table = folder / "index.html", folder / "summary.md", folder / "records.csv"
        page.write_text(render_page(evidence, plots, found, history), "utf-8")
        summary.write_text(render_summary(evidence, found), "utf-8")
        table.write_text(render(evidence.records, "csv") + "\n", "utf-8")
        return Written(page, summary, table, tuple(write_plots(plots, folder / "plots")))
    except OSError as error:
        raise ValueError(
            f"{error.filename or folder}: cannot be read or written ({error.strerror})"
        ) from error


def plots_of(evidence: Evidence) -> list[Plot]:
    """All plots, section by section; that each is what Vega-Lite knows, the tests make sure."""
    with debug_mode(False):  # noqa: FBT003 - altair's own
        return [plot for make in MAKERS for plot in make(evidence)]


def _plots_of_past(past: Past | None) -> list[Plot]:
    with debug_mode(False):  # noqa: FBT003 - altair's own
        return list(history_plots(past)) if past else []


def write_plots(plots: Iterable[Plot], folder: Path) -> list[Path]:
    """Each plot as SVG and PNG, on white paper; those of an older report make way."""
    import vl_convert

    folder.mkdir(exist_ok=True)
    for old in (*folder.glob("*.svg"), *folder.glob("*.png")):
        old.unlink()
    written = []
    for name, plot in named(plots).items():
        title = {"text": wrap(plot.title, 70), "subtitle": wrap(plot.note, 90), "anchor": "start"}
        spec = {**plot.spec, "background": "white", "title": title}
        svg, png = folder / f"{name}.svg", folder / f"{name}.png"
        drawn = vl_convert.vegalite_to_svg(spec)
        svg.write_text(drawn, "utf-8")
        png.write_bytes(vl_convert.svg_to_png(drawn, scale=1.5))
        written += [svg, png]
    return written


def named(plots: Iterable[Plot]) -> dict[str, Plot]:
    """Plots by the names of their files, no two the same."""
    found: dict[str, Plot] = {}
    for plot in plots:
        name, number = plot.name, 2
        while name in found:
            name, number = f"{plot.name}-{number}", number + 1
        found[name] = plot
    return found


def render_page(
    evidence: Evidence, plots: Sequence[Plot], found: Sequence[Glance], past: Past | None = None
) -> str:
    """The page, with all scripts and data in it."""
    drawn = named(plots)
    sections: dict[str, list[tuple[str, Plot]]] = {}
    for name, plot in drawn.items():
        sections.setdefault(plot.section, []).append((name, plot))
    records = evidence.records
    return (
        _environment(escape=True)
        .get_template("page.html")
        .render(
            **_told(evidence, found),
            past=told_of_past(past, sections.pop(HISTORY, [])),
            sections=sections,
            specs=as_json({name: plot.spec for name, plot in drawn.items()}),
            crossovers=_crossovers(records),
            orders=[glance_order(glance) for glance in found],
            columns=list(COLUMNS.values()),
            rows=as_json([value_row(measured) for measured in evidence.measured[:ROWS]]),
            rows_left=max(0, len(records) - ROWS),
            protocols=sorted({(record.task, record.protocol) for record in records if record.task}),
            chart_script=chart_script(),
            table_script=table_script(),
            table_style=table_style(),
        )
    )


def _crossovers(records: Sequence[Record]) -> list[Table]:
    try:
        return crossover(records)
    except ValueError:  # no single layers were timed
        return []


def render_summary(evidence: Evidence, found: Sequence[Glance]) -> str:
    """The same in short, for a pull request."""
    return _environment(escape=False).get_template("summary.md").render(**_told(evidence, found))


def _told(evidence: Evidence, found: Sequence[Glance]) -> dict[str, Any]:
    """What page and summary both say."""
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
