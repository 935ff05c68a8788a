"""Records of some models, tasks, metrics, methods or benchmarks alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reports.names import require_known
from reports.record import Record

FIELDS = ("model", "task", "metric", "method", "benchmark")
DENSE = "dense"  # what a record without a method is


def name_of(record: Record, field: str) -> str | None:
    """What a record has in a field, as it is asked for; None where that does not apply."""
    value = getattr(record, field)
    if value is None:
        return DENSE if field == "method" else None
    return str(value)


def names_in(records: Sequence[Record], field: str) -> list[str]:
    """The names there are to ask for, in the order of the records."""
    return list(dict.fromkeys(name for record in records if (name := name_of(record, field)) is not None))


def select(
    records: Sequence[Record], wanted: Mapping[str, Sequence[str]], where: str = "this run"
) -> list[Record]:
    """The records that have one of the wanted names in each field that is asked for.

    Raises:
        ValueError: a name is not in these records, or nothing is left.
    """
    for field, names in wanted.items():
        require_known(f"{field} of {where}", names, names_in(records, field))

    def is_wanted(record: Record) -> bool:
        return all(name_of(record, field) in names for field, names in wanted.items())

    left = list(filter(is_wanted, records))
    if wanted and not left:
        asked = " and ".join(f"{field} {' or '.join(names)}" for field, names in wanted.items())
        raise ValueError(f"nothing is left: no record of {where} has {asked}")
    return left
