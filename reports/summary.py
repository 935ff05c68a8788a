"""What a reader must know beside the tables: how many values, their gates, their stamps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from reports.escaping import printable
from reports.metrics import is_headline
from reports.record import Record


def summarise(records: Sequence[Record]) -> str:
    """A sentence on values and gates, and a line per stamp."""
    gates = [record.gate for record in records]
    ungated = [record for record in records if record.gate == "ungated" and is_headline(record)]
    sentence = (
        f"{len(gates)} values; gates: {gates.count('passed')} passed, {gates.count('failed')} failed, "
        f"{len(ungated)} ungated"
    )
    return "\n".join([sentence, *count_stamps(records)])


def count_stamps(records: Iterable[Record], beginning: str = "") -> list[str]:
    """A line per stamp, of those that begin so."""
    stamps = Counter(stamp for record in records for stamp in record.stamps)
    return [
        f"{count} of them: {printable(stamp)}"
        for stamp, count in stamps.items()
        if stamp.startswith(beginning)
    ]
