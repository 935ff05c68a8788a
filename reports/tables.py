"""Records as small tables: for the terminal, Markdown, CSV and JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

import pandas as pd
from tabulate import tabulate

from reports.metrics import METRICS
from reports.record import Record

STYLES = {"table": "simple", "md": "github"}
FORMATS = (*STYLES, "csv", "json")
FAILED = " !"
LEGEND = "! outside its threshold"
SCIENTIFIC_FROM = 1e4


@dataclass(frozen=True)
class Table:
    """A titled grid of text."""

    title: str
    columns: list[str]
    rows: list[list[str]]

    def render(self, style: str) -> str:
        """As text in one of `STYLES`."""
        heading = f"### {self.title}\n" if style == "md" else self.title
        body = tabulate(
            self.rows,
            headers=self.columns,
            tablefmt=STYLES[style],
            disable_numparse=True,
            colalign=("left", *["right"] * (len(self.columns) - 1)),
        )
        return f"{heading}\n{body}"


def render(records: Sequence[Record], style: str) -> str:
    """All records in one of `FORMATS`; csv and json are tidy and exact, the others grouped and rounded."""
    if style == "csv":
        return pd.DataFrame([record.to_json() for record in records]).to_csv(index=False).rstrip("\n")
    if style == "json":
        return json.dumps([record.to_json() for record in records], indent=2, ensure_ascii=False)
    text = "\n\n".join(table.render(style) for table in tables_of(records))
    failed = any(record.gate == "failed" for record in records)
    return f"{text}\n{LEGEND}" if failed else text


def tables_of(records: Iterable[Record]) -> Iterator[Table]:
    """A table per benchmark, model, task and setting, in the order of the records."""
    groups: dict[tuple[object, ...], list[Record]] = {}
    for record in records:
        groups.setdefault(_setting(record), []).append(record)
    for group in groups.values():
        yield from _quality_tables(group) if group[0].task else [_cost_table(group)]


def _setting(record: Record) -> tuple[object, ...]:
    where = (record.device, record.dtype, record.threads, record.seed)
    return (record.benchmark, record.model, record.weights, record.task, record.protocol, *where)


def _title(record: Record) -> str:
    what = f"{record.benchmark}: {record.model} ({record.weights})"
    task = f" on {record.task}, {record.protocol}" if record.task else ""
    threads = (
        f", {record.threads} thread{'s' if record.threads > 1 else ''}" if record.device == "cpu" else ""
    )
    return f"{what}{task}; {record.device}, {record.dtype}{threads}"


def _quality_tables(group: list[Record]) -> Iterator[Table]:
    """Sparsity down, prunings across, the dense value on top of each; a table per headline metric."""
    for metric in dict.fromkeys(record.metric for record in group):
        if metric in METRICS and not METRICS[metric].headline:
            continue
        records = [record for record in group if record.metric == metric]
        better = f" ({records[0].better} is better)" if records[0].better else ""
        yield _pivot(f"{_title(records[0])}\n{metric}{better}", records)


def _pivot(title: str, records: list[Record]) -> Table:
    dense = next((cell(record) for record in records if record.method is None), "")
    cells = {(record.sparsity, record.pruning): cell(record) for record in records if record.method}
    prunings = list(dict.fromkeys(pruning for _, pruning in cells))
    rows = [
        [sparsity_text(sparsity), *(cells.get((sparsity, pruning), "") for pruning in prunings)]
        for sparsity in sorted({sparsity for sparsity, _ in cells})
    ]
    top = [["dense", *[dense] * max(1, len(prunings))]] if dense else []
    return Table(title, ["sparsity", *(prunings or ["dense"])], top + rows)


def _cost_table(group: list[Record]) -> Table:
    """Prunings down, metrics across."""
    metrics = list(dict.fromkeys(record.metric for record in group))
    rows: dict[str, dict[str, str]] = {}
    for record in group:
        label = f"{record.pruning}-{sparsity_text(record.sparsity)}" if record.method else "dense"
        rows.setdefault(label, {})[record.metric] = cell(record)
    grid = [[label, *(cells.get(metric, "") for metric in metrics)] for label, cells in rows.items()]
    return Table(_title(group[0]), ["pruning", *(name.replace("_", " ") for name in metrics)], grid)


def cell(record: Record) -> str:
    """A value as a reader wants it, marked when its gate failed."""
    if record.value is None:
        return record.outcome
    text = format_value(record.value, record.unit)
    return text + FAILED if record.gate == "failed" else text


def format_value(value: float, unit: str) -> str:
    """Rounded and scaled: seconds to ms, bytes to MB, fractions to per cent, ratios with a cross."""
    if unit == "fraction":
        return f"{100 * value:.2f} %"
    if unit == "x":
        return f"{value:.3g}×"
    if unit == "s":
        return f"{1000 * value:.3g} ms" if abs(value) < 1 else f"{value:.3g} s"
    if unit == "B":
        return f"{value / 1e6:,.1f} MB"
    return f"{value:.4g}" if abs(value) < SCIENTIFIC_FROM else f"{value:.2e}"


def sparsity_text(sparsity: float) -> str:
    """The shortest exact decimal with at least two digits, as in case ids."""
    whole, _, digits = f"{Decimal(repr(sparsity)):f}".partition(".")
    return f"{whole}.{digits:0<2}"
