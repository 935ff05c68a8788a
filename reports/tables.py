"""Records as small tables: for the terminal, Markdown, CSV and JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

from reports.cells import FAILED, cell, sparsity_text, variant_text
from reports.escaping import markdown
from reports.metrics import RATIO, is_headline
from reports.noise import explain_noise
from reports.ratios import describe_protocol
from reports.record import LAYER, Record
from reports.structure import STRUCTURE, structure_table
from reports.table import STYLES, Table

FORMATS = (*STYLES, "csv", "json")
LEGEND = "! outside its threshold"
SPARSITY = "sparsity"
FILE_SIZE, LIMIT = "file_size", "entropy_limit"
# of benchmarks that measure many things, what a reader wants to see side by side
COLUMNS = {
    "latency": (
        "latency",
        "latency_dense",
        "theoretical_speedup",
        "amdahl_bound",
        "speedup",
        "rate",
        RATIO,
    ),
    "memory": ("weight_memory", "state_memory", "activation_peak", "peak_memory", "untied_memory"),
}


def render(
    records: Sequence[Record], style: str, *, width: int | None = None, every_metric: bool = False
) -> str:
    """All records in one of `FORMATS`; csv and json are tidy and exact, the others grouped and rounded.

    Args:
        records: of one run.
        style: how they are written.
        width: columns of the terminal, for style `table`.
        every_metric: not only those that a reader wants to see side by side.
    """
    if style == "csv":
        return csv_text(map(csv_row, records))
    if style == "json":
        return json.dumps([record.to_json() for record in records], indent=2, ensure_ascii=False)
    tables = list(tables_of(records, every_metric=every_metric))
    marked = any(text.endswith(FAILED) for table in tables for row in table.rows for text in row)
    noise = explain_noise(records)
    notes = filter(None, (LEGEND if marked else "", markdown(noise) if style == "md" else noise))
    return "\n\n".join([*(table.render(style, width) for table in tables), *notes])


def csv_row(record: Record) -> dict[str, object]:
    """A record's fields, each a cell."""
    return {**record.to_json(), "stamps": "; ".join(record.stamps)}


def csv_text(rows: Iterable[Mapping[str, object]]) -> str:
    """Rows with their names on top, numbers exact."""
    import pandas as pd  # takes longer than all else, and only this needs it

    return str(pd.DataFrame(list(rows), dtype=object).to_csv(index=False)).rstrip("\n")


def tables_of(records: Iterable[Record], *, every_metric: bool = False) -> Iterator[Table]:
    """A table per benchmark, model, task and setting, in the order of the records; quality last."""
    groups: dict[tuple[object, ...], list[Record]] = {}
    for record in records:
        groups.setdefault(_setting(record), []).append(record)
    for group in sorted(groups.values(), key=lambda group: group[0].task is not None):
        if group[0].task:
            yield from _quality_tables(group, every_metric=every_metric)
        elif every_metric:
            yield _metric_table(group)
        else:
            yield _table_of(group)


def _table_of(group: list[Record]) -> Table:
    if group[0].encoding:
        return _size_table(group)
    if group[0].benchmark == STRUCTURE and not group[0].workload:
        return structure_table(group, _describe(group[0]))
    return _layout_table(group) if group[0].benchmark in COLUMNS else _cost_table(group)


def _setting(record: Record) -> tuple[object, ...]:
    workload = LAYER if record.is_layer else record.workload
    what = (record.benchmark, workload, record.model, record.weights, record.task, record.protocol)
    return (*what, record.device, record.dtype, record.threads)


def _describe(record: Record) -> str:
    return "; ".join(circumstances(record))


def circumstances(record: Record) -> list[str]:
    """Under which something was measured, in words: weights, protocol, place, as far as there are any."""
    facts = (record.weights, describe_protocol(record.protocol), describe_place(record))
    return [fact for fact in facts if fact]


def describe_place(record: Record) -> str:
    """Where something was measured: device, type of the numbers, on the CPU threads."""
    count = record.threads if record.device == "cpu" else None
    threads = f"{count} thread{'s' if count > 1 else ''}" if count else ""
    return ", ".join(filter(None, (record.device, record.dtype, threads)))


def _quality_tables(group: list[Record], *, every_metric: bool) -> Iterator[Table]:
    """Sparsity down, prunings across, the dense value on top of each; a table per headline metric."""
    shown = [record for record in group if every_metric or is_headline(record)]
    for metric in dict.fromkeys(record.metric for record in shown):
        yield _pivot([record for record in shown if record.metric == metric])


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
    subject = "single layers" if first.is_layer else first.workload or ""
    title = f"{first.benchmark}: {', '.join(filter(None, (first.model, subject)))}"
    return Table(title, _describe(first), ["pruning", *(_short_name(metric, "") for metric in metrics)], rows)


def _size_table(group: list[Record]) -> Table:
    """Prunings down, encodings across, and the limit of scattered zeros where there is one."""
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


def _metric_table(group: list[Record]) -> Table:
    """What was measured of what down, whatever metrics there are across."""
    cells: dict[str, dict[str, str]] = {}
    for record in group:
        what = " ".join(filter(None, (record.part, _label(record), record.encoding)))
        cells.setdefault(what, {})[record.metric] = cell(record)
    metrics = list(dict.fromkeys(record.metric for record in group))
    rows = [[what, *(found.get(metric, "") for metric in metrics)] for what, found in cells.items()]
    subject = "single layers" if group[0].is_layer else group[0].workload or ""
    title = f"{group[0].benchmark}: {', '.join(filter(None, (group[0].model, subject)))}"
    return Table(title, _describe(group[0]), ["of", *(_short_name(metric, "") for metric in metrics)], rows)


def _short_name(metric: str, subject: str) -> str:
    """A metric under a title that names the subject already: `sparsity_norms` is norms."""
    return metric.removeprefix(f"{subject}_").replace("_", " ")


def _label(record: Record) -> str:
    """The pruning; of costs with the layout, of single layers with the workload."""
    layer = (record.workload or "").removeprefix(LAYER) if record.is_layer else ""
    layout = record.layout if record.workload else None
    return " ".join(filter(None, (layer, variant_text(record), layout)))
