"""Two methods, models, layouts or scopes of one run side by side; nothing is judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from reports.comparison import Comparison
from reports.judged import Judged
from reports.names import require_known
from reports.pairing import pair_records
from reports.record import Record

# what besides it differs between two of a kind: other weights of other models, a seed of what is drawn
BESIDE = {"method": ("seed",), "model": ("weights",), "layout": (), "scope": ()}


def beside(records: Sequence[Record], field: str, one: str, other: str) -> Comparison:
    """What was measured of both alike, paired.

    Raises:
        ValueError: a name is not in these records, both are the same, or nothing pairs.
    """
    known = list(
        dict.fromkeys(str(name) for record in records if (name := getattr(record, field)) is not None)
    )
    require_known(f"{field} of this run", (one, other), known)
    if one == other:
        raise ValueError(f"--by {field}: expected two names, found {one} twice")
    shared = {**dict.fromkeys(BESIDE[field]), field: f"{one} / {other}"}
    pairs = pair_records(_of(records, field, one, shared), _of(records, field, other, shared))
    like = [pair for pair in pairs if pair.base and pair.head and not pair.differing]
    if not like:
        raise ValueError(f"nothing was measured of {field} {one} and {other} alike")
    alone = [sum(pair.base is not None for pair in pairs), sum(pair.head is not None for pair in pairs)]
    notes = [
        f"{count - len(like)} more values of {name} have none of the other beside them"
        for name, count in zip((one, other), alone, strict=True)
        if count > len(like)
    ]
    return Comparison(one, other, [Judged(pair, "shown") for pair in like], notes, asks_ratio=True)


def _of(records: Sequence[Record], field: str, name: str, shared: Mapping[str, Any]) -> list[Record]:
    """The records of a name, under what both are called, so that they pair."""
    return [replace(record, **shared) for record in records if str(getattr(record, field)) == name]
