"""Lines of a results file as records; what runs have in common is read once."""

from __future__ import annotations

import json
from dataclasses import fields
from functools import lru_cache

from reports.record import KEY, NESTED, Record

VALUE = '"value": '  # no text has this in it unescaped, and after a comma it is a name
FOUND = tuple(field.name for field in fields(Record))[len(KEY) :]
REMEMBERED = 2**14  # things measured
_decode = json.JSONDecoder().raw_decode  # json.loads takes twice as long for as little as half a line


def read_record(line: bytes) -> Record:
    """The record of a line.

    Many runs measure the same: what their lines begin with is read once, and kept once.

    Raises:
        TypeError: a field is missing, unknown or of another type.
        ValueError: it is no JSON, or its value is not a number.
        RecursionError: it is nested without end.
    """
    text = line.decode()
    start, comma, rest = text.partition(f", {VALUE}")
    measured = _read_key(start) if comma else None
    found = _read_found(f"{{{VALUE}{rest}") if measured else None
    if measured is None or found is None:  # an older file, or damaged
        return Record.from_json(json.loads(text))
    return Record.from_values((*measured, *found))


@lru_cache(REMEMBERED)
def _read_key(start: str) -> tuple[object, ...] | None:
    """The values of what a line begins with, if they are just the fields that say what was measured."""
    try:
        pairs = json.loads(f"{start}}}", object_pairs_hook=list)
    except ValueError:
        return None
    values = tuple(value for _, value in pairs)
    sparsity = dict(pairs).get("sparsity")
    if tuple(name for name, _ in pairs) != KEY or not isinstance(sparsity, int | float):
        return None
    return values if NESTED.isdisjoint(map(type, values)) else None


def _read_found(rest: str) -> tuple[object, ...] | None:
    """The values of the other fields, if they are just these."""
    found, end = _decode(rest)
    if end != len(rest) or tuple(found) != FOUND or type(found["stamps"]) is not list:
        return None
    found["stamps"] = tuple(found["stamps"])
    return tuple(found.values()) if NESTED.isdisjoint(map(type, found.values())) else None
