"""Which records of two runs are about the same thing."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from operator import attrgetter

from reports.record import KEY, Record

# what a case is measured under: of two records that differ in these alone, none is new or missing
CIRCUMSTANCES = ("weights", "task_version", "protocol", "device", "dtype", "threads", "seed")
_key = attrgetter(*KEY)
subject_of = attrgetter(*(name for name in KEY if name not in CIRCUMSTANCES))


@dataclass(frozen=True)
class Pair:
    """A record of each run, at least one of them.

    Attributes:
        differing: the fields of `CIRCUMSTANCES` in which they differ.
    """

    base: Record | None
    head: Record | None
    differing: tuple[str, ...] = ()

    @property
    def either(self) -> Record:
        """What the pair is about: the newer record, if there is one."""
        found = self.head or self.base
        if found is None:
            raise TypeError("a pair of no records")
        return found


def pair_records(base: Iterable[Record], head: Iterable[Record]) -> list[Pair]:
    """Pairs in the order of `base`, then what is in `head` alone.

    Two records pair when their keys agree; of those left over, when they differ in circumstances alone, those
    that differ in the fewest first. A key that a run has twice pairs in the order of the records.
    """
    base, head = list(base), list(head)
    partners = _match(dict(enumerate(base)), dict(enumerate(head)), _key)
    taken = set(partners.values())
    left = {at: record for at, record in enumerate(base) if at not in partners}
    free = {at: record for at, record in enumerate(head) if at not in taken}
    partners |= _match(left, free, subject_of)
    taken = set(partners.values())
    pairs = [_pair(record, head[partners[at]] if at in partners else None) for at, record in enumerate(base)]
    return [*pairs, *(Pair(None, record) for at, record in enumerate(head) if at not in taken)]


def _match(
    base: Mapping[int, Record], head: Mapping[int, Record], key: Callable[[Record], Hashable]
) -> dict[int, int]:
    """For records of `base`, by number, the like one of `head` that differs least; each is taken once."""
    free: dict[Hashable, list[int]] = {}
    for number, record in head.items():
        free.setdefault(key(record), []).append(number)
    found = {}
    for number, record in base.items():
        if candidates := free.get(key(record)):
            found[number] = _nearest(record, candidates, head)
            candidates.remove(found[number])
    return found


def _nearest(record: Record, candidates: Iterable[int], head: Mapping[int, Record]) -> int:
    return min(candidates, key=lambda other: len(differing_fields(record, head[other])))


def _pair(base: Record, head: Record | None) -> Pair:
    return Pair(base, head, differing_fields(base, head) if head else ())


def differing_fields(base: Record, head: Record) -> tuple[str, ...]:
    """The fields of `CIRCUMSTANCES` in which two records differ."""
    return tuple(name for name in CIRCUMSTANCES if getattr(base, name) != getattr(head, name))
