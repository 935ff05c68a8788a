"""Records as small tables: for the terminal, Markdown, CSV and JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

import pandas as pd
from tabulate import tabulate

from reports.metrics import is_headline
from reports.record import Record

STYLES = {"table": "simple", "md": "github"}
FORMATS = (*STYLES, "csv", "json")
FAILED = " !"
LEGEND = "! outside its threshold"
SCIENTIFIC_FROM = 1e4
SPARSITY = "sparsity"
LAYER = "layer:"  # how workloads of single layers begin
FILE_SIZE, LIMIT = "file_size", "entropy_limit"
# of benchmarks that measure many things, what a reader wants to see side by side
COLUMNS = {
    "latency": ("latency", "latency_dense", "theoretical_speedup", "amdahl_bound", "speedup", "rate"),
    "memory": ("weight_memory", "state_memory", "activation_peak", "peak_memory", "untied_memory"),
}


@dataclass(frozen=True)
class Table:
    """A titled grid of text; the setting is what a reader must know to compare it with another."""

    title: str
    setting: str
    columns: list[str]
    rows: list[list[str]]

    def render(self, style: str) -> str:
        """As text in one of `STYLES`."""
        markdown = style == "md"
        heading = f"### {self.title}\n\n{self.setting}\n" if markdown else f"{self.title}\n{self.setting}"
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
        rows = [{**record.to_json(), "stamps": "; ".join(record.stamps)} for record in records]
        return pd.DataFrame(rows, dtype=object).to_csv(index=False).rstrip("\n")
    if style == "json":
        return json.dumps([record.to_json() for record in records], indent=2, ensure_ascii=False)
    tables = list(tables_of(records))
    marked = any(text.endswith(FAILED) for table in tables for row in table.rows for text in row)
    legend = [LEGEND] if marked else []
    return "\n\n".join([*(table.render(style) for table in tables), *legend])


def tables_of(records: Iterable[Record]) -> Iterator[Table]:
    """A table per benchmark, model, task and setting, in the order of the records; quality last."""
    groups: dict[tuple[object, ...], list[Record]] = {}
    for record in records:
        groups.setdefault(_setting(record), []).append(record)
    for group in sorted(groups.values(), key=lambda group: group[0].task is not None):
        if group[0].task:
            yield from _quality_tables(group)
        else:
            yield _table_of(group)


def _table_of(group: list[Record]) -> Table:
    if group[0].encoding:
        return _size_table(group)
    return _layout_table(group) if group[0].benchmark in COLUMNS else _cost_table(group)


def _setting(record: Record) -> tuple[object, ...]:
    workload = LAYER if _is_layer(record) else record.workload
    what = (record.benchmark, workload, record.model, record.weights, record.task, record.protocol)
    return (*what, record.device, record.dtype, record.threads)


def _describe(record: Record) -> str:
    count = record.threads if record.device == "cpu" else None
    threads = f"{count} thread{'s' if count > 1 else ''}" if count else ""
    where = ", ".join(filter(None, (record.device, record.dtype, threads)))
    return "; ".join(filter(None, (record.weights, record.protocol, where)))


def _quality_tables(group: list[Record]) -> Iterator[Table]:
    """Sparsity down, prunings across, the dense value on top of each; a table per headline metric."""
    headlines = [record for record in group if is_headline(record)]
    for metric in dict.fromkeys(record.metric for record in headlines):
        yield _pivot([record for record in headlines if record.metric == metric])


def _pivot(records: list[Record]) -> Table:
    first = records[0]
    better = f" ({first.better} is better)" if first.better else ""
    dense = next((cell(record) for record in records if record.method is None), "")
    cells = {(record.sparsity, record.pruning): cell(record) for record in records if record.method}
    prunings = list(dict.fromkeys(pruning for _, pruning in cells))
    rows = [
        [sparsity_text(sparsity), *(cells.get((sparsity, pruning), "") for pruning in prunings)]
        for sparsity in sorted({sparsity for sparsity, _ in cells})
    ]
    return Table(
        title=f"{first.benchmark}: {first.model} on {first.task}, {first.metric}{better}",
        setting=_describe(first),
        columns=["sparsity", *(prunings or ["dense"])],
        rows=[["dense", *[dense] * max(1, len(prunings))], *rows] if dense else rows,
    )


def _cost_table(group: list[Record]) -> Table:
    """Prunings down and metrics across, or the other way round, whichever is narrower."""
    subject = group[0].workload or ""
    if all(record.metric.startswith(SPARSITY) for record in group):
        subject = SPARSITY
    cells = {(_label(record), _short_name(record.metric, subject)): cell(record) for record in group}
    prunings = list(dict.fromkeys(pruning for pruning, _ in cells))
    metrics = list(dict.fromkeys(metric for _, metric in cells))
    title = f"{group[0].benchmark}: {', '.join(filter(None, (group[0].model, subject)))}"
    setting = _describe(group[0])
    if len(metrics) > len(prunings):
        rows = [[metric, *(cells.get((pruning, metric), "") for pruning in prunings)] for metric in metrics]
        return Table(title, setting, ["metric", *prunings], rows)
    rows = [[pruning, *(cells.get((pruning, metric), "") for metric in metrics)] for pruning in prunings]
    return Table(title, setting, ["pruning", *metrics], rows)


def _layout_table(group: list[Record]) -> Table:
    """Prunings and layouts down, the benchmark's own columns across."""
    first = group[0]
    cells = {(_label(record), record.metric): cell(record) for record in group}
    there = {record.metric for record in group}
    metrics = [metric for metric in COLUMNS[first.benchmark] if metric in there]
    rows = [
        [label, *(cells.get((label, metric), "") for metric in metrics)]
        for label in dict.fromkeys(label for label, _ in cells)
    ]
    subject = "single layers" if _is_layer(first) else first.workload or ""
    title = f"{first.benchmark}: {', '.join(filter(None, (first.model, subject)))}"
    return Table(title, _describe(first), ["pruning", *(_short_name(metric, "") for metric in metrics)], rows)


def _size_table(group: list[Record]) -> Table:
    """Prunings down, encodings across, and the limit that none can go below."""
    first = group[0]
    sizes = {
        (_label(record), record.encoding): cell(record) for record in group if record.metric == FILE_SIZE
    }
    limits = {_label(record): cell(record) for record in group if record.metric == LIMIT}
    encodings = list(dict.fromkeys(encoding for _, encoding in sizes))
    rows = [
        [label, *(sizes.get((label, encoding), "") for encoding in encodings), limits.get(label, "")]
        for label in dict.fromkeys(label for label, _ in sizes)
    ]
    columns = ["pruning", *map(str, encodings), _short_name(LIMIT, "")]
    return Table(f"{first.benchmark}: {first.model}", _describe(first), columns, rows)


def _is_layer(record: Record) -> bool:
    return (record.workload or "").startswith(LAYER)


def _short_name(metric: str, subject: str) -> str:
    """A metric under a title that names the subject already: `sparsity_norms` is norms."""
    return metric.removeprefix(f"{subject}_").replace("_", " ")


def _label(record: Record) -> str:
    """The pruning; of costs with the layout, of single layers with the workload."""
    pruning = f"{record.pruning}-{sparsity_text(record.sparsity)}" if record.method else "dense"
    layer = (record.workload or "").removeprefix(LAYER) if _is_layer(record) else ""
    layout = record.layout if record.workload else None
    return " ".join(filter(None, (layer, pruning, layout)))


def cell(record: Record) -> str:
    """A value as a reader wants it, marked when its gate failed."""
    if record.value is None:
        return record.outcome
    text = format_value(record.value, record.unit)
    if record.low is not None and record.high is not None and record.unit == "x":
        text += f" ({_three_digits(record.low)} to {_three_digits(record.high)})"
    return text + FAILED if record.gate == "failed" else text


def format_value(value: float, unit: str) -> str:
    """Rounded and scaled: seconds to ms, bytes to MB, fractions to per cent, ratios with a cross."""
    if unit == "fraction":
        return f"{100 * value:.2f} %"
    if unit == "x":
        return f"{_three_digits(value)}×"
    if unit == "s":
        return f"{_three_digits(1000 * value)} ms" if abs(value) < 1 else f"{_three_digits(value)} s"
    if unit == "B":
        return f"{value / 1e6:,.1f} MB"
    if unit == "tokens/s":
        return f"{_three_digits(value)} {unit}"
    return f"{value:.4g}" if abs(value) < SCIENTIFIC_FROM else f"{value:.2e}"


def _three_digits(value: float) -> str:
    return f"{float(f'{value:.3g}'):,g}"


def sparsity_text(sparsity: float) -> str:
    """The shortest exact decimal with at least two digits, as in case ids."""
    whole, _, digits = f"{Decimal(repr(abs(sparsity))):f}".partition(".")
    return f"{whole}.{digits:0<2}"
