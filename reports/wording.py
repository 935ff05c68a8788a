"""How names of models and tensors are put into sentences and tables."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

NAMED = 3  # that a sentence names; of the rest it says how many


def printable(text: str) -> str:
    """Text that a terminal shows as it is: control characters and lone surrogates are escaped."""
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)


def name_some(names: Sequence[str]) -> str:
    """The first names, and how many more there are."""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return printable(", ".join(names[:NAMED])) + more


def explain_miss(kind: str, name: str, known: Sequence[str]) -> str:
    """Says what was wrong, what is nearest and what there is."""
    near = get_close_matches(name, known, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}? " if near else ""
    return f"unknown {kind} {name!r}: {hint}known: {', '.join(known) or 'none'}"
