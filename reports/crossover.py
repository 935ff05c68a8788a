"""From which sparsity on each layout is faster than dense, for how many rows at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reports.cells import format_value, sparsity_text
from reports.record import Record
from reports.table import Table
from reports.tables import LAYER

Row = tuple[str, int]


def crossover(records: Iterable[Record]) -> Table:
    """Layouts and rows down, sparsities across; a cell has the lowest and highest speed-up of the shapes.

    The last column is the lowest measured sparsity from which on every shape is faster than dense, with the
    lower end of each interval above 1.

    Raises:
        ValueError: there is no latency of single layers.
    """
    found = [record for record in records if _is_speedup(record)]
    if not found:
        raise ValueError(f"no latency of single layers in this run: {COMMAND} measures it")
    sparsities = sorted({record.sparsity for record in found})
    rows = [
        [layout, str(tokens), *(_cell(_at(cells, level)) for level in sparsities), _from(cells, sparsities)]
        for (layout, tokens), cells in _grouped(found)
    ]
    columns = ["layout", "rows", *map(sparsity_text, sparsities), "faster from"]
    return Table("speed-up of single layers", _setting(found[0]), columns, rows)


COMMAND = (
    "`pytest bench -k test_layer --layout strided,csr,csr-linear,bsr,scipy --sparsity 0.5,0.9,0.95,0.99`"
)


def _is_speedup(record: Record) -> bool:
    return record.metric == "speedup" and (record.workload or "").startswith(LAYER)


def _grouped(records: Sequence[Record]) -> list[tuple[Row, list[Record]]]:
    groups: dict[Row, list[Record]] = {}
    for record in records:
        blocks = f" {record.scope}" if record.layout == "bsr" else ""
        tokens = int((record.workload or "").rpartition("x")[2])
        groups.setdefault((f"{record.layout}{blocks}", tokens), []).append(record)
    return sorted(groups.items())


def _at(records: Sequence[Record], sparsity: float) -> list[Record]:
    return [record for record in records if record.sparsity == sparsity]


def _cell(records: Sequence[Record]) -> str:
    values = sorted(record.value for record in records if record.value is not None)
    if not values:
        return ""
    low, high = (format_value(value, "x") for value in (values[0], values[-1]))
    return low if low == high else f"{low} to {high}"


def _from(records: Sequence[Record], sparsities: Sequence[float]) -> str:
    """The lowest sparsity from which on nothing is slower; none if the highest one is."""
    best = ""
    for sparsity in reversed(sparsities):
        there = _at(records, sparsity)
        if not there or any(record.low is None or record.low <= 1 for record in there):
            break
        best = sparsity_text(sparsity)
    return best or "never"


def _setting(record: Record) -> str:
    return f"{record.model}'s shapes; {record.device}, {record.dtype}, {record.threads} thread(s)"
