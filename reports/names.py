"""A name that is not among the known ones, told with the nearest."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def explain_miss(kind: str, name: str, known: Iterable[str]) -> str:
    """Says what was wrong, what is nearest and what there is."""
    names = list(known)
    near = get_close_matches(name, names, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}? " if near else ""
    return f"unknown {kind} {name!r}: {hint}known: {', '.join(names) or 'none'}"


def require_known(kind: str, names: Iterable[str], known: Iterable[str]) -> None:
    """Refuses the first name that is not known.

    Raises:
        ValueError: names the nearest ones.
    """
    there = list(known)
    for name in names:
        if name not in there:
            raise ValueError(explain_miss(kind, name, there))
