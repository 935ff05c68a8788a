"""From which sparsity on each layout is faster than dense, for how many rows at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from reports.cells import format_value, sparsity_text
from reports.escaping import markdown
from reports.noise import NOISY, explain_noise
from reports.record import Record
from reports.summary import count_stamps
from reports.table import Table
from reports.tables import describe_place

Row = tuple[str, int]

COMMAND = (
    "`pytest bench -k test_layer --layout strided,csr,csr-linear,bsr,scipy --sparsity 0.5,0.9,0.95,0.99`"
)


def render_crossover(records: Sequence[Record], style: str, width: int | None = None) -> str:
    """The tables of a run, and what may have disturbed its timing.

    Raises:
        ValueError: there is no latency of single layers.
    """
    tables = [table.render(style, width) for table in crossover(records)]
    layers = list(filter(_is_timing, records))
    stamps = count_stamps(layers, NOISY)
    noisy = "\n".join([f"timings of single layers: {len(layers)}", *stamps]) if stamps else ""
    notes = (noisy, explain_noise(records))
    return "\n\n".join(filter(None, (*tables, *(map(markdown, notes) if style == "md" else notes))))


def crossover(records: Iterable[Record]) -> list[Table]:
    """A table per model and place: layouts and rows down, sparsities across.

    A cell has the lowest and highest speed-up of the shapes. The last column is the lowest sparsity measured
    of the row from which on every shape is faster than dense, with the lower end of each interval above 1;
    where there is none, the highest one measured.

    Raises:
        ValueError: there is no latency of single layers.
    """
    places: dict[tuple[object, ...], list[Record]] = {}
    for record in filter(_is_timing, records):
        place = (record.model, record.weights, record.device, record.dtype, record.threads)
        places.setdefault(place, []).append(record)
    if not places:
        raise ValueError(f"no latency of single layers in this run: {COMMAND} measures it")
    return [_table(found) for found in places.values()]


def _is_timing(record: Record) -> bool:
    """Whether it is a single layer's speed-up, or says why there is none."""
    told = record.metric == "speedup" or record.outcome != "measured"
    return told and record.is_layer


def _table(records: Sequence[Record]) -> Table:
    sparsities = _levels(records)
    rows = [
        [label, str(tokens), *(_cell(_at(cells, level)) for level in sparsities), _from(cells)]
        for (label, tokens), cells in _grouped(records)
    ]
    columns = ["layout", "rows", *map(sparsity_text, sparsities), "faster from"]
    setting = f"{records[0].model}'s shapes; {describe_place(records[0])}"
    return Table("speed-up of single layers", setting, columns, rows)


def _grouped(records: Sequence[Record]) -> list[tuple[Row, list[Record]]]:
    groups: dict[Row, list[Record]] = {}
    for record in records:
        tokens = int((record.workload or "").rpartition("x")[2])
        groups.setdefault((" ".join(_words(record, records)), tokens), []).append(record)
    return sorted(groups.items())


def _words(record: Record, records: Sequence[Record]) -> Iterator[str]:
    """The layout, and how the matrix was pruned as far as the rows differ in that; of blocks always."""
    yield record.layout or ""
    if len({other.method for other in records}) > 1:
        yield record.method or ""
    scopes = {other.scope for other in records if other.layout == record.layout}
    if record.layout == "bsr" or len(scopes) > 1:
        yield record.scope or ""


def _levels(records: Iterable[Record]) -> list[float]:
    return sorted({record.sparsity for record in records})


def _at(records: Iterable[Record], sparsity: float) -> list[Record]:
    return [record for record in records if record.sparsity == sparsity]


def _cell(records: Sequence[Record]) -> str:
    values = sorted(record.value for record in records if record.value is not None)
    ends = dict.fromkeys(format_value(value, "x") for value in (*values[:1], *values[-1:]))
    outcomes = dict.fromkeys(record.outcome for record in records if record.value is None)
    return ", ".join(filter(None, (" to ".join(ends), *outcomes)))


def _from(records: Sequence[Record]) -> str:
    """The lowest sparsity of these records from which on nothing is slower; else that it is not the last."""
    levels = _levels(records)
    best = f"not at {sparsity_text(levels[-1])}"
    for sparsity in reversed(levels):
        if any(record.low is None or record.low <= 1 for record in _at(records, sparsity)):
            break
        best = sparsity_text(sparsity)
    return best
